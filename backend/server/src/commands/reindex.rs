//! `lakegate reindex`: builds the search index anew, in the running server if there is one.

use lakegate_app::{
    App,
    catalog::reindex::{Progress, Reindexed, reindex},
};
use std::process::ExitCode;
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    config::Config,
    control,
    data_dir::DataDir,
    say,
    wire::{self, Use},
};

/// Builds the index anew and shows how far it is.
///
/// # Errors
/// What the database, the disk or the running server says; the live index then stays as it was.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let path = config.absolute_data_dir()?;
    let beside_server = !DataDir::open_shared(&path)?.is_ours();
    let outcome = if beside_server {
        control::ask(&path, control::REINDEX, &|line| say::line(line)).await?
    } else {
        let opened = wire::open(config, Use::Server, false).await?;
        let done = reindex(&opened.app, &|progress| say::line(words(progress))).await;
        opened.app.db.close().await;
        summary(done?)
    };
    say::line(outcome);
    Ok(ExitCode::SUCCESS)
}

/// The same inside the server, for a command that asks for it.
///
/// # Errors
/// A sentence for whoever asked; the cause is logged.
pub async fn in_server(app: &App, lines: &UnboundedSender<String>) -> Result<String, String> {
    let tell = |progress| {
        // Whoever asked may have gone; the work goes on.
        let _gone = lines.send(words(progress));
    };
    reindex(app, &tell).await.map(summary).map_err(|fault| {
        tracing::error!(?fault, "the search index could not be built anew");
        fault.to_string()
    })
}

fn words(progress: Progress) -> String {
    match progress {
        Progress::Written { documents } => format!("{documents} entries written"),
        Progress::CatchingUp { position } => format!("caught up to change {position}"),
    }
}

fn summary(done: Reindexed) -> String {
    format!("{} entries, up to change {}", done.documents, done.position)
}
