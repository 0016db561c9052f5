//! Configuration: `lakegate.toml`, then `LAKEGATE_*` from the environment, then flags.
//!
//! One file a section, each with a `validate` whose messages name the key.

pub mod auth;
pub mod break_glass;
pub mod database;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod log;
pub mod mail;
pub mod metrics;
pub mod outgoing;
pub mod policy;
mod reading;
pub mod secret;
pub mod server;
pub mod sources;

use anyhow::{Context, bail};
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file that is read if none is named.
pub const FILE: &str = "lakegate.toml";
const PREFIX: &str = "LAKEGATE_";

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the database (SQLite), the keys, the index, the local lake and kept results.
    pub data_dir: PathBuf,
    pub server: server::Server,
    pub database: database::Database,
    pub keys: keys::Keys,
    pub auth: auth::Auth,
    pub sources: sources::Sources,
    pub limits: limits::Limits,
    pub metrics: metrics::Metrics,
    pub log: log::Log,
    pub outgoing: outgoing::Outgoing,
    pub policy: policy::Policy,
    pub jobs: jobs::Jobs,
    pub mail: mail::Mail,
    pub break_glass: break_glass::BreakGlass,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("lakegate-data"),
            server: server::Server::default(),
            database: database::Database::default(),
            keys: keys::Keys::default(),
            auth: auth::Auth::default(),
            sources: sources::Sources::default(),
            limits: limits::Limits::default(),
            metrics: metrics::Metrics::default(),
            log: log::Log::default(),
            outgoing: outgoing::Outgoing::default(),
            policy: policy::Policy::default(),
            jobs: jobs::Jobs::default(),
            mail: mail::Mail::default(),
            break_glass: break_glass::BreakGlass::default(),
        }
    }
}

/// What flags of the command line replace.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub file: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub listen: Option<String>,
}

/// Reads the configuration, without judging it.
///
/// # Errors
/// An unreadable file, an unknown key, a value of the wrong kind: each names the key.
pub fn read(flags: &Flags) -> anyhow::Result<Config> {
    let mut figment = Figment::new();
    match &flags.file {
        Some(file) if !file.exists() => bail!("the configuration file {} does not exist", file.display()),
        Some(file) => figment = figment.merge(Toml::file_exact(file)),
        None if Path::new(FILE).exists() => figment = figment.merge(Toml::file_exact(FILE)),
        None => {}
    }
    figment = figment.merge(environment());
    if let Some(dir) = &flags.data_dir {
        figment = figment.merge(Serialized::default("data_dir", dir));
    }
    if let Some(listen) = &flags.listen {
        figment = figment.merge(Serialized::default("server.listen", listen));
    }
    reading::extract(&figment).map_err(unusable)
}

/// `LAKEGATE_DATA_DIR`, and every variable with a section: `LAKEGATE_SERVER__LISTEN`.
fn environment() -> Env {
    Env::prefixed(PREFIX).filter(|key| key == "data_dir" || key.as_str().contains("__")).split("__")
}

fn unusable(wrong: Vec<String>) -> anyhow::Error {
    anyhow::anyhow!("the configuration cannot be used:\n{}", wrong.join("\n"))
}

impl Config {
    /// Checks every section. Messages name the key.
    ///
    /// # Errors
    /// All that is wrong, one line each.
    pub fn validate(&self) -> anyhow::Result<()> {
        let wrong = self.wrong();
        if wrong.is_empty() { Ok(()) } else { Err(unusable(wrong)) }
    }

    /// What is wrong with the values, a line each.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.data_dir.as_os_str().is_empty() {
            wrong.push("data_dir: name a folder".to_owned());
        }
        self.server.validate(&mut wrong);
        self.database.validate(&mut wrong);
        self.keys.validate(&mut wrong);
        self.auth.validate(&mut wrong);
        self.sources.validate(&mut wrong);
        self.limits.validate(&mut wrong);
        self.metrics.validate(&mut wrong);
        self.log.validate(&mut wrong);
        self.outgoing.validate(&mut wrong);
        self.jobs.validate(&mut wrong);
        self.mail.validate(&mut wrong);
        self.break_glass.validate(&mut wrong);
        wrong
    }

    /// The configuration as TOML, secrets left out.
    ///
    /// # Errors
    /// If it cannot be written as TOML.
    pub fn dump(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// The master key's file: the configured one, or `master.key` of the data directory.
    pub fn key_file(&self) -> PathBuf {
        self.keys.master_key_file.clone().unwrap_or_else(|| self.data_dir.join("master.key"))
    }

    /// The folder as an absolute path, however it was written.
    pub fn absolute_data_dir(&self) -> anyhow::Result<PathBuf> {
        std::path::absolute(&self.data_dir).context("data_dir")
    }
}

/// Whether a path is absolute: the server's working directory is nobody's business.
fn need_absolute(key: &str, path: &Path, wrong: &mut Vec<String>) {
    if !path.is_absolute() {
        wrong.push(format!("{key}: {} has to be an absolute path", path.display()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn from_toml(text: &str) -> anyhow::Result<Config> {
        reading::extract(&Figment::new().merge(Toml::string(text))).map_err(unusable)
    }

    #[test]
    fn the_defaults_are_valid_and_survive_a_dump() {
        let config = Config::default();
        config.validate().unwrap();
        let again: Config = from_toml(&config.dump().unwrap()).unwrap();
        assert_eq!(again.dump().unwrap(), config.dump().unwrap());
    }

    #[test]
    fn messages_name_the_key() {
        let unknown = from_toml("[server]\nlissen = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(unknown.contains("server") && unknown.contains("lissen"), "{unknown}");
        let kind = from_toml("[limits]\nupload_bytes = \"much\"").unwrap_err().to_string();
        assert!(kind.contains("limits.upload_bytes"), "{kind}");
        let value = from_toml("[server]\nlisten = \"0.0.0.0:80\"").unwrap().validate().unwrap_err().to_string();
        assert!(value.contains("server.listen"), "{value}");
    }

    #[test]
    fn a_dump_shows_no_secret() {
        let text = "[database]\nurl = \"postgres://u:sesame1@h/db\"\n[keys]\nmaster_key = \"sesame2\"";
        let dump = from_toml(text).unwrap().dump().unwrap();
        assert!(!dump.contains("sesame") && dump.contains("postgres://u:"), "{dump}");
    }
}
