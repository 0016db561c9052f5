//! `lakegate worker`: works on jobs beside the servers of a shared database.

use anyhow::ensure;
use lakegate_store::Db;
use std::process::ExitCode;

use crate::{
    background,
    config::Config,
    listen, say,
    wire::{self, Use},
};

/// Works until it is told to end, then gives back what it cannot end in time.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    config.log.start(false);
    ensure!(
        config.database.url.is_some(),
        "database.url: a worker needs the PostgreSQL database of its servers; with SQLite the server does all work itself"
    );
    let opened = wire::open(&config, Use::Server, false).await?;
    ensure!(matches!(opened.app.db, Db::Postgres { .. }), "database.url: a worker needs PostgreSQL");
    let stop = listen::stop_signal()?;
    say::line(serde_json::json!({ "event": "working" }).to_string());
    background::work_on_jobs(opened.app.clone(), config.jobs.pool(true), stop).await;
    opened.app.db.close().await;
    Ok(ExitCode::SUCCESS)
}
