//! How commands speak with the server that runs on the same data directory: a socket that only its owner can open.

use anyhow::Context;
use lakegate_app::App;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::commands::reindex;

/// The words that the server understands.
pub const REINDEX: &str = "reindex";
/// What the last line of an answer begins with.
pub const DONE: &str = "done";
pub const FAILED: &str = "failed";

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Listens for commands until `stop`. Without the socket commands do not work beside the server; that is logged.
pub async fn serve(app: App, stop: CancellationToken) {
    let path = socket(&app.settings.data_dir);
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "commands cannot reach this server");
            return;
        }
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(answer(app.clone(), stream));
                }
                Err(error) => tracing::warn!(%error, "a command could not reach this server"),
            },
        }
    }
    let _gone = fs::remove_file(path);
}

/// The lock of the data directory is ours, so a socket that is there was left by a server that was killed.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}

async fn answer(app: App, stream: UnixStream) {
    let (reading, mut writing) = stream.into_split();
    let Ok(Some(word)) = BufReader::new(reading).lines().next_line().await else { return };
    let (lines, mut coming) = mpsc::unbounded_channel::<String>();
    let work = tokio::spawn(async move {
        let last = match word.as_str() {
            REINDEX => reindex::in_server(&app, &lines).await,
            other => Err(format!("this server does not understand \"{other}\"")),
        };
        // Whoever asked may have gone; the work is done all the same.
        let _gone = lines.send(last.map_or_else(|why| format!("{FAILED} {why}"), |what| format!("{DONE} {what}")));
    });
    while let Some(line) = coming.recv().await {
        if writing.write_all(format!("{line}\n").as_bytes()).await.is_err() {
            break;
        }
    }
    if let Err(error) = work.await {
        tracing::error!(%error, "a command failed");
    }
}

/// Tells a running server a word, and hands on its lines. Gives the rest of the last one.
///
/// # Errors
/// No server answers, or it could not do it.
pub async fn ask(data_dir: &Path, word: &str, each: &(dyn Fn(&str) + Sync)) -> anyhow::Result<String> {
    let path = socket(data_dir);
    let stream = UnixStream::connect(&path)
        .await
        .with_context(|| format!("the running server does not answer at {}", path.display()))?;
    let (reading, mut writing) = stream.into_split();
    writing.write_all(format!("{word}\n").as_bytes()).await?;
    let mut lines = BufReader::new(reading).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(rest) = line.strip_prefix(DONE) {
            return Ok(rest.trim().to_owned());
        }
        if let Some(why) = line.strip_prefix(FAILED) {
            anyhow::bail!("{}", why.trim());
        }
        each(&line);
    }
    anyhow::bail!("the server ended before it was done")
}
