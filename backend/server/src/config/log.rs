//! The log on standard error.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// The section `log`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// JSON lines for programs, or text for people. Default: JSON, and text in the demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<LogFormat>,
    /// `error`, `warn`, `info`, `debug`, or filters such as `info,lakegate::exchange=off`. Default: info, and warn in
    /// the demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

impl Log {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        if let Some(level) = self.level.as_deref().filter(|level| EnvFilter::try_new(level).is_err()) {
            wrong.push(format!("log.level: \"{level}\" is not a level such as info, nor a list of filters"));
        }
    }

    /// Starts logging. `for_people` says what stands in for absent settings.
    pub fn start(&self, for_people: bool) {
        let level = self.level.as_deref().unwrap_or(if for_people { "warn" } else { "info" });
        let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
        let format = self.format.unwrap_or(if for_people { LogFormat::Text } else { LogFormat::Json });
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        let started = match format {
            LogFormat::Json => builder.json().flatten_event(true).try_init(),
            LogFormat::Text => builder.compact().try_init(),
        };
        if let Err(error) = started {
            tracing::debug!(%error, "logging was started already");
        }
    }
}
