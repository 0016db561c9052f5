//! Local folders that may be read.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::need_absolute;

/// The section `sources`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sources {
    /// Folders below which environments and data sources may lie. Administrators assign further ones.
    pub roots: Vec<PathBuf>,
    /// Whether environments that name no location get a folder of the data directory: for a single server.
    pub local_lake: bool,
}

impl Default for Sources {
    fn default() -> Self {
        Self { roots: Vec::new(), local_lake: true }
    }
}

impl Sources {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        for root in &self.roots {
            need_absolute("sources.roots", root, wrong);
        }
    }
}
