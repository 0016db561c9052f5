//! Puts the application together from its configuration.

use anyhow::{Context, bail};
use lakegate_app::{App, Settings, keys::Keys};
use lakegate_model::clock::SystemClock;
use lakegate_store::{
    Db,
    migrate::{self, Schema},
};
use lakegate_web::WebConfig;
use std::sync::Arc;

use crate::{config::Config, data_dir::DataDir, random::SystemRandom};

/// An application with the folder that it uses.
#[derive(Debug)]
pub struct Opened {
    pub app: App,
    pub dir: DataDir,
}

/// How an application is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// As the server: alone on its data directory.
    Server,
    /// As a command that may run beside the server.
    Visit,
}

/// Opens data directory, database and keys.
///
/// # Errors
/// The first of them that cannot be had, with the way on.
pub async fn open(config: &Config, wanted: Use, demo: bool) -> anyhow::Result<Opened> {
    let path = config.absolute_data_dir()?;
    let dir = match wanted {
        Use::Server => DataDir::open(&path)?,
        Use::Visit => DataDir::open_shared(&path)?,
    };
    let db = database(config, &dir).await?;
    ready(&db, &dir).await?;
    let keys = keys(config)?;
    let settings = settings(config, &dir, demo);
    let app = App::new(db, Arc::new(SystemClock), Arc::new(SystemRandom), keys, settings);
    Ok(Opened { app, dir })
}

/// Connects to the database.
///
/// # Errors
/// If it cannot be opened or does not answer.
pub async fn database(config: &Config, dir: &DataDir) -> anyhow::Result<Db> {
    match &config.database.url {
        Some(url) => Db::postgres(url.reveal()).await.context("database.url: the database does not answer"),
        None => {
            let path = dir.database();
            Db::sqlite(&path).await.with_context(|| format!("the database {} cannot be opened", path.display()))
        }
    }
}

/// SQLite migrates itself under the lock; PostgreSQL, which others may use, by `lakegate migrate` alone.
async fn ready(db: &Db, dir: &DataDir) -> anyhow::Result<()> {
    if matches!(db, Db::Sqlite { .. }) && dir.is_ours() {
        return Ok(migrate::run(db).await?);
    }
    match migrate::inspect(db).await? {
        Schema::Current => Ok(()),
        Schema::Behind(missing) => bail!(
            "the database lacks {} migration(s), the first is {:04}; run `lakegate migrate`",
            missing.len(),
            missing.first().copied().unwrap_or_default()
        ),
        Schema::Ahead(_) => bail!("the database was migrated by a newer Lakegate; run that one, or restore a backup"),
    }
}

/// The keys, from configuration or their file.
///
/// # Errors
/// If the master key is malformed, unreadable, or readable by others.
pub fn keys(config: &Config) -> anyhow::Result<Keys> {
    match &config.keys.master_key {
        Some(key) => Ok(Keys::from_base64(key.reveal())?),
        None => Ok(Keys::from_file(&config.key_file(), &SystemRandom)?),
    }
}

fn settings(config: &Config, dir: &DataDir, demo: bool) -> Settings {
    Settings {
        data_dir: dir.path.clone(),
        oidc: config.auth.settings(),
        demo,
        local_lake: config.sources.local_lake,
        outgoing: config.outgoing.rules(),
    }
}

/// What the web needs of the configuration.
pub fn web_config(config: &Config) -> WebConfig {
    WebConfig {
        secure: config.server.is_secure(),
        allowed_hosts: config.server.hosts(),
        trusted_proxies: config.server.proxies(),
        upload_bytes: config.limits.upload_bytes,
        demo_people: Vec::new(),
    }
}
