//! What the server does beside answering.

use lakegate_app::{App, audit::chain};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Time between two sealings of the audit.
const SEAL_EVERY: Duration = Duration::from_secs(2);
/// How long the work may take to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// Work that runs until it is told to end.
#[derive(Debug)]
pub struct Work {
    app: App,
    tasks: JoinSet<()>,
}

/// Starts all of it; it ends when `stop` is cancelled.
pub fn start(app: &App, stop: &CancellationToken) -> Work {
    let mut tasks = JoinSet::new();
    tasks.spawn(seal_audit(app.clone(), stop.clone()));
    Work { app: app.clone(), tasks }
}

impl Work {
    /// Waits for the work to end, then seals what the audit still holds open.
    pub async fn end(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("some work did not end within {} seconds", PATIENCE.as_secs());
        }
        if let Err(fault) = chain::seal(&self.app).await {
            tracing::error!(?fault, "the last batch of the audit could not be sealed; the next start does it");
        }
    }
}

async fn seal_audit(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(fault) = chain::seal(&app).await {
            tracing::error!(?fault, "the audit could not be sealed");
        }
        tokio::select! {
            () = tokio::time::sleep(SEAL_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}
