//! `lakegate audit`.

use clap::Subcommand;
use lakegate_app::audit::chain;
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
}

/// Checks the chain; fails if anything is wrong with it.
///
/// # Errors
/// If database or anchors cannot be read.
pub async fn run(Command::Verify: &Command, config: &Config) -> anyhow::Result<ExitCode> {
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
