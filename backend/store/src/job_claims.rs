//! Runs of the queue: taken by workers, kept alive, ended, given back. [`crate::job_batches`] does it for many at once.
//!
//! Whoever takes work holds the gate, one row, until it commits: what one takes another sees, and limits hold over all
//! processes. Whoever puts work in or ends it does not need the gate; whoever ends some and needs it for what comes then
//! takes it first, for its holder may wait for the rows of runs that end.

use lakegate_model::{
    Timestamp,
    ids::{RunId, WorkerId},
    jobs::{JobProgress, JobRun},
    words::{AttemptOutcome, JobState},
};
use serde_json::Value;

use crate::{
    StoreError, Tx, WriteTx,
    job_batches::{self, Ending},
};

statements! {
    GATE = "UPDATE job_gate SET turns = turns + 1 WHERE id = 1";
    // Asked of the row once more, which somebody may just have cancelled.
    PROMOTE = "UPDATE job_runs SET state = 'waiting' WHERE state = 'scheduled' AND id IN (SELECT id FROM job_runs WHERE state = 'scheduled' AND run_at <= $1 ORDER BY run_at, id LIMIT $2)";
    LOST = "SELECT id, attempt, tries, max_tries, kind, serial_key FROM job_runs WHERE state = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT $2";
    CANCELLED = "SELECT id FROM job_runs WHERE state = 'running' AND worker_id = $1 AND cancel_requested";
    HOLDS = "UPDATE job_runs SET beat_at = $3 WHERE id = $1 AND attempt = $2 AND state = 'running' AND NOT cancel_requested";
    RELEASE_ALL = "SELECT id, attempt, tries, max_tries, kind, serial_key FROM job_runs WHERE state = 'running'";
}

/// Who holds a run: its id and the attempt, which is the fencing number.
pub type Claim = (RunId, i64);

/// A run whose worker was not heard of any more.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Lost {
    pub id: RunId,
    pub attempt: i64,
    pub tries: i64,
    pub max_tries: i64,
    pub kind: String,
    pub serial_key: Option<String>,
}

/// How an attempt ended and what comes next.
#[derive(Debug, Clone)]
pub struct AttemptEnd {
    /// What the run is then.
    pub state: JobState,
    pub outcome: AttemptOutcome,
    /// How far it came; `None` leaves what was last said.
    pub progress: Option<JobProgress>,
    pub output: Option<Value>,
    /// The code and the words.
    pub error: Option<(String, String)>,
    /// When it is tried again, if it is.
    pub next_at: Option<Timestamp>,
    /// Whether it counts among the tries that a run has.
    pub counts: bool,
}

impl AttemptEnd {
    /// Whether the run has ended with it.
    pub fn is_final(&self) -> bool {
        self.state.is_final()
    }
}

/// Waits for the turn to take work; it lasts until the transaction ends.
pub async fn gate(tx: &mut WriteTx) -> Result<(), StoreError> {
    execute_one!(tx, GATE)
}

/// Lets up to `limit` runs wait whose time has come.
pub async fn promote(tx: &mut WriteTx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    execute!(tx, PROMOTE, now, limit)
}

/// Runs whose lease ended before `now`.
pub async fn lost(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<Lost>, StoreError> {
    fetch_all!(tx, Lost, LOST, now, limit)
}

/// All runs at work: for a database whose only server has just started.
pub async fn at_work(tx: &mut Tx) -> Result<Vec<Lost>, StoreError> {
    fetch_all!(tx, Lost, RELEASE_ALL)
}

/// Runs at work at a worker that somebody wants to stop.
pub async fn cancelled(tx: &mut Tx, worker: WorkerId) -> Result<Vec<RunId>, StoreError> {
    Ok(fetch_all!(tx, (RunId,), CANCELLED, worker)?.into_iter().map(|(id,)| id).collect())
}

/// Makes the run's own row part of a transaction. Returns whether the run is still the worker's and wanted: if not,
/// the transaction must write nothing.
pub async fn holds(tx: &mut WriteTx, (id, attempt): Claim, now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, HOLDS, id, attempt, now)? == 1)
}

/// Gives a waiting run to a worker.
pub async fn take(
    tx: &mut WriteTx,
    id: RunId,
    worker: WorkerId,
    lease: (Timestamp, Timestamp),
) -> Result<Option<JobRun>, StoreError> {
    Ok(job_batches::take_all(tx, &[id], worker, lease).await?.pop())
}

/// Says that a worker lives, and how far its run is. `None` if the run is not its own any more; otherwise whether
/// somebody wants it to stop.
pub async fn beat(
    tx: &mut WriteTx,
    claim: Claim,
    progress: &JobProgress,
    lease: (Timestamp, Timestamp),
) -> Result<Option<bool>, StoreError> {
    let own = job_batches::beat_all(tx, &[(claim, progress.clone())], lease).await?.pop();
    Ok(own.map(|(_, cancel)| cancel))
}

/// Ends an attempt. Returns what the run is then, which is cancelled instead of waiting if somebody wanted that; `None`
/// if it was not the worker's any more.
pub async fn end(
    tx: &mut WriteTx,
    claim: Claim,
    end: &AttemptEnd,
    now: Timestamp,
) -> Result<Option<JobState>, StoreError> {
    let own = job_batches::end_all(tx, &[Ending { claim, end }], now).await?.pop();
    Ok(own.map(|(_, state)| state))
}
