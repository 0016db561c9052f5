//! Metrics for Prometheus.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The section `metrics`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port of `/metrics`, apart from the rest; absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

impl Metrics {
    /// The address to listen on.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.as_deref().and_then(|text| text.parse().ok())
    }

    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        if let Some(listen) = self.listen.as_deref().filter(|text| text.parse::<SocketAddr>().is_err()) {
            wrong.push(format!("metrics.listen: \"{listen}\" is not like 127.0.0.1:9090"));
        }
    }
}
