//! Rules that come from files.

use serde::{Deserialize, Serialize};

/// The section `policy`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether the rules that were applied from files are kept in force by themselves: after changes of the catalog, and hourly.
    pub reconcile: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { reconcile: true }
    }
}
