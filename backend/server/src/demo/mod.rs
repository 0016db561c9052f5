//! The sample organisation: invented people, two sets of tables, one request that waits.
//!
//! Everything is done by the people themselves, through the use cases that every door calls. Each step looks first
//! whether it was done, so that a start that was killed goes on where it stopped.

mod files;
pub mod people;
mod places;
mod story;

use anyhow::ensure;
use lakegate_app::{App, accounts::set_up};
use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::say;

/// The file that marks a data directory as the demo's; holds `seeding` or `ready`.
const MARK: &str = "demo";

fn mark(app: &App) -> PathBuf {
    app.settings.data_dir.join(MARK)
}

/// Whether a data directory is the demo's.
pub fn is_demo(app: &App) -> bool {
    mark(app).exists()
}

/// Brings the sample organisation in, or goes on with it.
///
/// # Errors
/// The data directory is somebody's real one: the demo's people sign in without a password.
pub async fn seed(app: &App) -> anyhow::Result<()> {
    let mark = mark(app);
    let state = fs::read_to_string(&mark).unwrap_or_default();
    if state.trim() == "ready" {
        return Ok(());
    }
    let fresh = set_up::is_needed(app).await?;
    ensure!(
        fresh || state.trim() == "seeding",
        "the data directory {} is not the demo's; name another one with --data-dir",
        app.settings.data_dir.display()
    );
    write_mark(&mark, "seeding\n")?;
    let cast = people::gather(app).await?;
    let places = places::found(app, &cast).await?;
    story::tell(app, &cast, &places).await?;
    lakegate_model::failpoint!("demo.told");
    write_mark(&mark, "ready\n")?;
    Ok(())
}

/// At once: without its mark a demo that was cut off would be taken for somebody's real data.
fn write_mark(mark: &Path, word: &str) -> std::io::Result<()> {
    let aside = mark.with_extension("new");
    fs::write(&aside, word)?;
    fs::File::open(&aside)?.sync_all()?;
    fs::rename(aside, mark)
}

/// Lines for whoever started the demo.
pub fn greet(url: &str) {
    say::line("");
    say::line(format!("Lakegate's demonstration is at {url}"));
    say::line("Sign in there by a click, or for programs with one of these user names:");
    for person in people::PEOPLE {
        say::line(format!("  {:<8} {:<16} {}", person.username, person.display_name, person.line));
    }
    say::line(format!(
        "Their password is \"{}\". End with Ctrl-C; the next start goes on from here.",
        people::PASSWORD
    ));
}
