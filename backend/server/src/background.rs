//! What the server does beside answering.

use lakegate_app::{
    App, access::expiry, audit::chain, catalog::follow, derived::leftovers, jobs, policy_files::reconcile, query::kept,
};
use lakegate_jobs::{Pool, PoolSettings, Worker};
use lakegate_model::Fault;
use lakegate_store::{Db, StoreError, job_listen::Listener};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, control};

/// Time between two sealings of the audit.
const SEAL_EVERY: Duration = Duration::from_secs(2);
/// Time between two looks at what has ended by itself.
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// Time between two looks whether the rules from files still fit the catalog; mostly one number is read.
const COMPARE_EVERY: Duration = Duration::from_secs(5);
/// Time before the database is listened to again after it hung up.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);
/// How long the work may take to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// Work that runs until it is told to end.
#[derive(Debug)]
pub struct Work {
    app: App,
    tasks: JoinSet<()>,
}

/// Starts all of it that the configuration wants; it ends when `stop` is cancelled.
pub fn start(app: &App, config: &Config, stop: &CancellationToken) -> Work {
    let mut tasks = JoinSet::new();
    tasks.spawn(every(SEAL_EVERY, "sealing the audit", stop.clone(), {
        let app = app.clone();
        async move || chain::seal(&app).await.map(|_| ())
    }));
    tasks.spawn(every(TIDY_EVERY, "ending what is due", stop.clone(), {
        let app = app.clone();
        let keep = config.jobs.keep();
        async move || tidy(&app, keep).await
    }));
    if config.policy.reconcile {
        tasks.spawn(every(COMPARE_EVERY, "keeping the rules from files in force", stop.clone(), {
            let app = app.clone();
            async move || reconcile::if_due(&app).await
        }));
    }
    tasks.spawn(follow::follow(app.clone(), stop.clone()));
    if config.jobs.in_server {
        let shared = matches!(app.db, Db::Postgres { .. });
        tasks.spawn(work_on_jobs(app.clone(), config.jobs.pool(shared), stop.clone()));
    }
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

/// Access whose time has come, kept results, changes that search has long taken up, and runs that ended long ago.
async fn tidy(app: &App, keep_runs: jobs::Keep) -> Result<(), Fault> {
    expiry::run(app).await?;
    kept::sweep(app).await?;
    leftovers::sweep(app).await?;
    follow::forget(app).await?;
    jobs::forget(app, keep_runs).await?;
    Ok(())
}

/// Works on jobs until `stop`, woken by this process and, on PostgreSQL, by others.
pub async fn work_on_jobs(app: App, settings: PoolSettings, stop: CancellationToken) {
    let worker = Worker::new(app.queue.clone(), lakegate_ingest::registry(&app), settings);
    if matches!(app.db, Db::Sqlite { .. }) {
        match worker.recover().await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "runs of a stopped server are taken up again"),
            Err(fault) => tracing::error!(?fault, "runs of a stopped server wait until their lease has ended"),
        }
    }
    let pool = Pool::new(worker);
    tokio::join!(pool.work(stop.clone()), hear(&app, &stop));
}

/// Wakes the workers of this process when another one has put work into the queue.
async fn hear(app: &App, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let heard = async {
            let Some(mut listener) = Listener::open(&app.db).await? else {
                stop.cancelled().await;
                return Ok(());
            };
            loop {
                listener.heard().await?;
                app.queue.wake_now();
            }
        };
        let ended: Result<(), StoreError> = tokio::select! {
            ended = heard => ended,
            () = stop.cancelled() => return,
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the database does not tell of new work; it is asked for it meanwhile");
        }
        tokio::select! {
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
            () = stop.cancelled() => {}
        }
    }
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
