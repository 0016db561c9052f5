//! Where the server may connect to on somebody's behalf.

use lakegate_app::places::outgoing::OutgoingRules;
use serde::{Deserialize, Serialize};

/// The section `outgoing`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outgoing {
    /// Hosts (`host` or `host:port`) that may be reached although they are not public, also without TLS.
    pub allow: Vec<String>,
}

impl Outgoing {
    /// The rules for the use cases.
    pub fn rules(&self) -> OutgoingRules {
        OutgoingRules { allow: self.allow.clone() }
    }

    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        for host in self.allow.iter().filter(|host| host.is_empty() || host.contains(['/', ' ', '@'])) {
            wrong.push(format!("outgoing.allow: \"{host}\" is not like s3.example.internal or 10.0.0.5:9000"));
        }
    }
}
