//! `lakegate user`.

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use lakegate_app::accounts::users::{self, UserInput};
use lakegate_model::words::ProductRole;
use std::{
    io::{self, Read},
    process::ExitCode,
};

use crate::{
    config::Config,
    say,
    wire::{self, Use},
};

/// Longest password that is read, in bytes.
const LONGEST: u64 = 4_096;

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a user, also beside a running server.
    Add(Add),
}

/// A user to be added.
#[derive(Debug, Args)]
pub struct Add {
    /// Lower-case letters, digits and _.
    username: String,
    /// The name that others read; the user name if absent.
    #[arg(long)]
    display_name: Option<String>,
    #[arg(long)]
    email: Option<String>,
    /// Read the password from standard input. Without it a link is printed, with which the user chooses one.
    #[arg(long)]
    password_stdin: bool,
    /// Make the user an administrator.
    #[arg(long)]
    admin: bool,
    /// A further role: auditor, security_administrator, data_protection_officer.
    #[arg(long = "role", value_parser = role)]
    roles: Vec<ProductRole>,
}

fn role(text: &str) -> Result<ProductRole, String> {
    text.parse().map_err(|fault: lakegate_model::Fault| fault.message)
}

/// Adds a user.
///
/// # Errors
/// A name that is taken, a weak password, a database that cannot be had.
pub async fn run(Command::Add(add): Command, config: &Config) -> anyhow::Result<ExitCode> {
    let password = if add.password_stdin { Some(read_password()?) } else { None };
    let opened = wire::open(config, Use::Visit, false).await?;
    let admin = add.admin.then_some(ProductRole::Administrator);
    let input = UserInput {
        display_name: add.display_name.unwrap_or_else(|| add.username.clone()),
        username: add.username,
        email: add.email,
        password,
        roles: admin.into_iter().chain(add.roles).collect(),
    };
    let created = users::create_from_command_line(&opened.app, &input).await;
    opened.app.db.close().await;
    let created = created?;
    say::line(format!("user {} was added", created.user.username));
    if let Some(secret) = created.link_secret {
        let base = config.server.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        let base = base.unwrap_or_default();
        say::line(format!("link to choose a password, good for 30 minutes: {base}/reset-password/{secret}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Standard input without the line break at its end.
fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut text).context("the password could not be read")?;
    let password = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    ensure!(!password.is_empty(), "no password came on standard input");
    Ok(password.to_owned())
}
