//! What decides about reading: rules that come from files, and which rights count on new databases.

use lakegate_model::words::AccessMode;
use serde::{Deserialize, Serialize};

/// The section `policy`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether the rules that were applied from files are kept in force by themselves: after changes of the catalog, and hourly.
    pub reconcile: bool,
    /// What the databases of new environments are registered for: `fine`, where grants alone count, `coarse` or `hybrid`.
    pub new_databases: AccessMode,
}

impl Default for Policy {
    fn default() -> Self {
        Self { reconcile: true, new_databases: AccessMode::Fine }
    }
}
