//! What the server does beside answering.

use lakegate_app::{
    App, access::expiry, audit::chain, catalog::follow, policy_files::reconcile, query::kept, sources::runner,
};
use lakegate_model::Fault;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::control;

/// Time between two sealings of the audit.
const SEAL_EVERY: Duration = Duration::from_secs(2);
/// Time between two looks at what has ended by itself.
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// Time between two looks whether the rules from files still fit the catalog; mostly one number is read.
const COMPARE_EVERY: Duration = Duration::from_secs(5);
/// How long the work may take to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// Work that runs until it is told to end.
#[derive(Debug)]
pub struct Work {
    app: App,
    tasks: JoinSet<()>,
}

/// Starts all of it, the keeping of rules from files only if wanted; it ends when `stop` is cancelled.
pub fn start(app: &App, keeps_rules: bool, stop: &CancellationToken) -> Work {
    let mut tasks = JoinSet::new();
    tasks.spawn(every(SEAL_EVERY, "sealing the audit", stop.clone(), {
        let app = app.clone();
        async move || chain::seal(&app).await.map(|_| ())
    }));
    tasks.spawn(every(TIDY_EVERY, "ending what is due", stop.clone(), {
        let app = app.clone();
        async move || tidy(&app).await
    }));
    if keeps_rules {
        tasks.spawn(every(COMPARE_EVERY, "keeping the rules from files in force", stop.clone(), {
            let app = app.clone();
            async move || reconcile::if_due(&app).await
        }));
    }
    tasks.spawn(follow::follow(app.clone(), stop.clone()));
    tasks.spawn(runner::work(app.clone(), stop.clone()));
    tasks.spawn(control::serve(app.clone(), stop.clone()));
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

/// Access whose time has come, kept results, and changes that search has long taken up.
async fn tidy(app: &App) -> Result<(), Fault> {
    expiry::run(app).await?;
    kept::sweep(app).await?;
    follow::forget(app).await?;
    Ok(())
}

/// Does some work again and again until `stop`; a failure is logged and the work tried again the next time.
async fn every<F>(pause: Duration, what: &'static str, stop: CancellationToken, work: F)
where
    F: AsyncFn() -> Result<(), Fault>,
{
    while !stop.is_cancelled() {
        if let Err(fault) = work().await {
            tracing::error!(?fault, what, "background work failed");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}
