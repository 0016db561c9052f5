//! The metadata database.

use serde::{Deserialize, Serialize};

use super::secret::SecretUrl;

/// The section `database`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`; absent for SQLite in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SecretUrl>,
}

impl Database {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        let Some(url) = &self.url else { return };
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.reveal().starts_with(scheme)) {
            wrong.push("database.url: it has to begin with postgres://; leave it out for SQLite".to_owned());
        }
    }
}
