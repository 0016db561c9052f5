//! Puts the application together from its configuration.

use anyhow::{Context, bail};
use lakegate_app::{
    App, Settings, app::Services, catalog::hub::SearchHub, jobs::notices::NoticeSettings, keys::Keys,
    sources::upload::SPOOL,
};
use lakegate_engine::{Engine, EngineConfig, Limits};
use lakegate_lake::{Sandbox, import::UploadLimits};
use lakegate_model::clock::SystemClock;
use lakegate_store::{
    Db,
    migrate::{self, Schema},
};
use lakegate_web::WebConfig;
use std::{fs, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;

use crate::{
    config::Config,
    data_dir::{DataDir, make_private},
    random::SystemRandom,
};

/// The folder of the search index in the data directory.
pub const INDEX: &str = "index";
const SPILL: &str = "spill";

/// An application with the folder that it uses.
#[derive(Debug)]
pub struct Opened {
    pub app: App,
    pub dir: DataDir,
    /// Where a visiting command keeps what only the server keeps in the data directory.
    _aside: Option<TempDir>,
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
    lakegate_model::failpoint!("start.migrated");
    let keys = keys(config)?;
    let aside = if wanted == Use::Visit { Some(tempfile::tempdir()?) } else { None };
    let services = services(config, aside.as_ref().map_or(dir.path.as_path(), TempDir::path))?;
    let settings = settings(config, &dir, demo);
    let app = App::new(db, Arc::new(SystemClock), Arc::new(SystemRandom), keys, settings, services);
    Ok(Opened { app, dir, _aside: aside })
}

/// What reads, searches and answers, with its folders below `root`.
fn services(config: &Config, root: &Path) -> anyhow::Result<Services> {
    let spill = fresh(&root.join(SPILL))?;
    fresh(&root.join(SPOOL))?;
    make_private(&root.join(INDEX))?;
    let engine = Engine::new(EngineConfig {
        memory_bytes: bytes(config.limits.all_queries_memory_bytes),
        spill_dir: spill,
        spill_quota_bytes: config.limits.query_spill_bytes,
        worker_threads: config.limits.threads(),
    })?;
    let search = SearchHub::open(&root.join(INDEX))?;
    let program = std::env::current_exe().context("the program's own file cannot be found")?;
    Ok(Services { engine, search, sandbox: Sandbox::new(program) })
}

/// An empty folder: what a stopped server left in it is worthless.
fn fresh(folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    make_private(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder.to_owned())
}

fn bytes(wanted: u64) -> usize {
    usize::try_from(wanted).unwrap_or(usize::MAX)
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
        new_databases: config.policy.new_databases,
        outgoing: config.outgoing.rules(),
        query_limits: query_limits(config),
        upload_limits: UploadLimits { bytes: config.limits.upload_bytes, ..UploadLimits::default() },
        notices: NoticeSettings { base: config.server.base(), mail: config.mail.settings() },
        break_glass: config.break_glass.lasting(),
    }
}

fn query_limits(config: &Config) -> Limits {
    Limits {
        rows: config.limits.query_rows,
        scanned_bytes: config.limits.query_scanned_bytes,
        wall: Duration::from_secs(config.limits.query_seconds),
        memory_bytes: bytes(config.limits.query_memory_bytes),
        ..Limits::default()
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
