//! `lakegate config`.

use clap::Subcommand;
use std::process::ExitCode;

use crate::{
    config::{Flags, read},
    say,
};

/// What can be done.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Say whether the configuration can be used.
    Check,
    /// Print the configuration as it is in force, without secrets.
    Dump,
}

/// Checks or prints.
///
/// # Errors
/// What is wrong with the configuration, one line a key.
pub fn run(command: &Command, flags: &Flags) -> anyhow::Result<ExitCode> {
    let config = read(flags)?;
    match command {
        Command::Check => {
            config.validate()?;
            say::line("the configuration can be used");
        }
        Command::Dump => say::exactly(&config.dump()?)?,
    }
    Ok(ExitCode::SUCCESS)
}
