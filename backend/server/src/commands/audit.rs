//! `lakegate audit`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use lakegate_app::{
    Caller,
    audit::{chain, sql_text},
};
use lakegate_model::{Clock, clock::SystemClock};
use std::process::ExitCode;

use crate::{
    config::Config,
    say,
    wire::{self, Use},
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check that no event was changed, removed or cut off.
    Verify,
    /// Erase the texts of queries for good. The events stay, with the text's literals masked, and the chain holds.
    EraseSql(EraseSql),
}

/// Whose texts, and until when.
#[derive(Debug, Args)]
pub struct EraseSql {
    /// Only the texts of this user; of everybody if absent.
    #[arg(long)]
    user: Option<String>,
    /// Only texts of queries that started before this moment (RFC 3339, such as 2026-05-03T00:00:00Z); all if absent.
    #[arg(long)]
    before: Option<DateTime<Utc>>,
    /// Do it: without this nothing is erased.
    #[arg(long)]
    yes: bool,
}

/// Checks the chain, or erases texts from it; fails if anything is wrong with the chain.
///
/// # Errors
/// If database or anchors cannot be read.
pub async fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify => verify(config).await,
        Command::EraseSql(wanted) => erase(wanted, config).await,
    }
}

async fn erase(wanted: &EraseSql, config: &Config) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        wanted.user.is_some() || wanted.before.is_some(),
        "whose texts, or until when? give --user NAME, --before MOMENT, or both"
    );
    anyhow::ensure!(wanted.yes, "erased texts do not come back, and backups made before still hold them: say --yes");
    let opened = wire::open(config, Use::Visit, false).await?;
    let before = wanted.before.unwrap_or_else(|| SystemClock.now());
    let caller = Caller::system("command line");
    let erased = sql_text::erase(&opened.app, &caller, wanted.user.as_deref(), before).await;
    opened.app.db.close().await;
    say::line(format!("{} texts of queries were erased", erased?));
    Ok(ExitCode::SUCCESS)
}

async fn verify(config: &Config) -> anyhow::Result<ExitCode> {
    let opened = wire::open(config, Use::Visit, false).await?;
    let report = chain::verify(&opened.app).await?;
    opened.app.db.close().await;
    say::line(format!(
        "{} events in {} batches checked, {} not sealed yet",
        report.events, report.batches, report.unsealed
    ));
    for fault in &report.faults {
        say::line(format!("WRONG: {fault}"));
    }
    Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
