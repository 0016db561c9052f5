//! Processes that work, and kinds of work that are held up.

use lakegate_model::{
    Timestamp,
    ids::{ProjectId, RunId, WorkerId},
    jobs::{JobPause, JobWorker},
};
use lakegate_policy::{Granted, action::ManageJobs, resource::Platform};

use crate::{StoreError, Tx, WriteTx};

statements! {
    BEAT = "INSERT INTO job_workers (id, name, version, light_slots, heavy_slots, started_at, beat_at, stopping) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET light_slots = $4, heavy_slots = $5, beat_at = $7, stopping = $8";
    GONE = "DELETE FROM job_workers WHERE id = $1";
    FORGET = "DELETE FROM job_workers WHERE beat_at < $1";
    ALL = "SELECT id, name, version, light_slots, heavy_slots, started_at, beat_at, stopping FROM job_workers ORDER BY started_at, id LIMIT 500";
    HELD = "SELECT worker_id, id, kind, project_id, beat_at, started_at FROM job_runs WHERE state = 'running' AND worker_id IS NOT NULL ORDER BY started_at, id LIMIT 1000";
    PAUSE = "INSERT INTO job_pauses (kind, reason, paused_by, paused_at) VALUES ($1, $2, $3, $4) ON CONFLICT (kind) DO UPDATE SET reason = $2, paused_by = $3, paused_at = $4";
    RESUME = "DELETE FROM job_pauses WHERE kind = $1";
    PAUSES = "SELECT kind, reason, paused_by, paused_at FROM job_pauses ORDER BY kind";
}

/// Says that a worker lives.
pub async fn worker_beat(tx: &mut WriteTx, worker: &JobWorker) -> Result<(), StoreError> {
    execute_one!(
        tx,
        BEAT,
        worker.id,
        &worker.name,
        &worker.version,
        worker.light_slots,
        worker.heavy_slots,
        worker.started_at,
        worker.beat_at,
        worker.stopping
    )
}

/// Takes a worker that has ended from the list.
pub async fn worker_gone(tx: &mut WriteTx, id: WorkerId) -> Result<(), StoreError> {
    execute!(tx, GONE, id).map(|_| ())
}

/// Takes workers that were not heard of since `until` from the list.
pub async fn workers_forget(tx: &mut WriteTx, until: Timestamp) -> Result<(), StoreError> {
    execute!(tx, FORGET, until).map(|_| ())
}

/// The workers, the oldest first, 500 at most.
pub async fn workers(tx: &mut Tx) -> Result<Vec<JobWorker>, StoreError> {
    fetch_all!(tx, JobWorker, ALL)
}

/// A run that a worker has.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    pub worker_id: WorkerId,
    pub id: RunId,
    pub kind: String,
    pub project_id: ProjectId,
    /// When it was last heard of.
    pub beat_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
}

/// What is at work, the longest first, a thousand at most.
pub async fn held_by_workers(tx: &mut Tx) -> Result<Vec<Held>, StoreError> {
    fetch_all!(tx, Held, HELD)
}

/// Holds up a kind of work, `*` for all.
pub async fn pause(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManageJobs>,
    pause: &JobPause,
) -> Result<(), StoreError> {
    execute_one!(tx, PAUSE, &pause.kind, &pause.reason, &pause.paused_by, pause.paused_at)
}

/// Lets a kind of work go on. Returns whether it was held up.
pub async fn resume(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManageJobs>,
    kind: &str,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, RESUME, kind)? == 1)
}

/// What is held up.
pub async fn pauses(tx: &mut Tx) -> Result<Vec<JobPause>, StoreError> {
    fetch_all!(tx, JobPause, PAUSES)
}
