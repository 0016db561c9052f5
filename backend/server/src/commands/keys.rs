//! `lakegate keys`.

use clap::Subcommand;
use lakegate_app::keys::{Keys, rotate};
use std::process::ExitCode;

use crate::{
    config::Config,
    random::SystemRandom,
    say,
    wire::{self, Use},
};

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the id of the master key, which stands beside everything that was sealed with it.
    ShowId,
    /// Put a new master key in front. What older ones sealed still opens; the server seals it anew at its next start.
    Rotate,
    /// Take older master keys away, once nothing is sealed with them. The server has to be stopped.
    Retire,
}

/// Shows or changes the master keys.
///
/// # Errors
/// If there is no key, or it cannot be read or written; for `retire`, if something is still sealed with an older one.
pub async fn run(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let file = config.key_file();
    anyhow::ensure!(
        config.keys.master_key.is_some() || file.exists(),
        "there is no master key yet: {} is absent, and is made when the server first starts",
        file.display()
    );
    match command {
        Command::ShowId => say::line(wire::keys(config)?.key_id),
        Command::Rotate => rotate(config)?,
        Command::Retire => retire(config).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// # Errors
/// If the keys come from configuration, which only its owner can change.
fn need_file(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        config.keys.master_key.is_none(),
        "keys.master_key holds the master key: put a new one in front of it there, divided by a comma, and restart"
    );
    Ok(())
}

fn rotate(config: &Config) -> anyhow::Result<()> {
    need_file(config)?;
    let keys = Keys::rotate_file(&config.key_file(), &SystemRandom)?;
    say::line(format!(
        "the master key is now {}; restart every server, which seals everything anew with it",
        keys.key_id
    ));
    say::line(
        "later, with all servers stopped, run `lakegate keys retire` to take the older one away, and keep a copy of the new key",
    );
    Ok(())
}

async fn retire(config: &Config) -> anyhow::Result<()> {
    need_file(config)?;
    // A server that runs may still seal with the older key, and would lose what it seals.
    let opened = wire::open(config, Use::Server, false).await?;
    let resealed = rotate::is_resealed(&opened.app).await;
    opened.app.db.close().await;
    anyhow::ensure!(
        resealed?,
        "something is still sealed with an older master key: start the server once, stop it, then try again"
    );
    let keys = Keys::retire_file(&config.key_file(), &SystemRandom)?;
    say::line(format!("the only master key is {} now", keys.key_id));
    Ok(())
}
