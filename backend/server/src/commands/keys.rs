//! `lakegate keys`.

use clap::Subcommand;
use std::process::ExitCode;

use crate::{config::Config, say, wire};

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the id of the master key, which stands beside everything that was sealed with it.
    ShowId,
}

/// Prints the id.
///
/// # Errors
/// If there is no key, or it cannot be read.
pub fn run(Command::ShowId: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let file = config.key_file();
    anyhow::ensure!(
        config.keys.master_key.is_some() || file.exists(),
        "there is no master key yet: {} is absent, and is made when the server first starts",
        file.display()
    );
    say::line(wire::keys(config)?.key_id);
    Ok(ExitCode::SUCCESS)
}
