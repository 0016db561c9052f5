//! The master key.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use super::{need_absolute, secret::Secret};

/// The section `keys`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// 32 bytes in base64, best given as `LAKEGATE_KEYS__MASTER_KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key: Option<Secret>,
    /// A file that holds it, readable by its owner alone. Absent: `master.key` of the data directory, made at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_key_file: Option<PathBuf>,
}

impl Keys {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        if self.master_key.is_some() && self.master_key_file.is_some() {
            wrong.push("keys.master_key: give either this or keys.master_key_file, not both".to_owned());
        }
        if let Some(file) = &self.master_key_file {
            need_absolute("keys.master_key_file", file, wrong);
        }
    }
}
