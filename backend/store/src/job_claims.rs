//! Runs of the queue: taken by workers, kept alive, ended, given back.
//!
//! Whoever takes work holds the gate, one row, until it commits: what one takes another sees, and limits hold over all
//! processes. Whoever puts work in or ends it does not need the gate.

use lakegate_model::{
    Timestamp,
    ids::{ProjectId, RunId, WorkerId},
    jobs::{JobProgress, JobRun, Priority},
    words::{AttemptOutcome, JobState},
};
use serde_json::Value;
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx, job_runs::run_columns};

statements! {
    GATE = "UPDATE job_gate SET turns = turns + 1 WHERE id = 1";
    // Ordered as the indexes are, so that no planner reads the table, whose beginning is what has ended.
    HAS_WORK = "SELECT COALESCE((SELECT 1 FROM job_runs WHERE state = 'waiting' ORDER BY kind, priority, project_id, run_at, id LIMIT 1), (SELECT 1 FROM job_runs WHERE state = 'scheduled' AND run_at <= $1 ORDER BY run_at, id LIMIT 1), (SELECT 1 FROM job_runs WHERE state = 'running' AND lease_until < $2 ORDER BY lease_until LIMIT 1), 0)";
    PROMOTE = "UPDATE job_runs SET state = 'waiting' WHERE id IN (SELECT id FROM job_runs WHERE state = 'scheduled' AND run_at <= $1 ORDER BY run_at, id LIMIT $2)";
    LOST = "SELECT id, attempt, tries, max_tries, kind, serial_key FROM job_runs WHERE state = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT $2";
    RUNNING = "SELECT kind, project_id, COUNT(*) FROM job_runs WHERE state = 'running' GROUP BY kind, project_id";
    FIRST_PRIORITY = "SELECT priority FROM job_runs WHERE state = 'waiting' AND kind = $1 AND priority > $2 ORDER BY priority LIMIT 1";
    NEXT_PROJECT = "SELECT project_id FROM job_runs WHERE state = 'waiting' AND kind = $1 AND priority = $2 AND project_id > $3 ORDER BY project_id LIMIT 1";
    HEAD = "SELECT id, serial_key FROM job_runs WHERE state = 'waiting' AND kind = $1 AND priority = $2 AND project_id = $3 ORDER BY run_at, id LIMIT $4";
    TAKE = concat!("UPDATE job_runs SET state = 'running', queued_key = NULL, attempt = attempt + 1, worker_id = $2, lease_until = $3, started_at = COALESCE(started_at, $4), beat_at = $4 WHERE id = $1 AND state = 'waiting' RETURNING ", run_columns!());
    TRY = "INSERT INTO job_attempts (run_id, attempt, worker_id, started_at) VALUES ($1, $2, $3, $4)";
    KEY_BUSY = "UPDATE job_runs SET beat_at = beat_at WHERE kind = $1 AND serial_key = $2 AND state = 'running'";
    HOLD = "UPDATE job_runs SET state = 'held' WHERE id = $1 AND state = 'waiting'";
    LET_GO = "UPDATE job_runs SET state = 'waiting' WHERE id = (SELECT id FROM job_runs WHERE kind = $1 AND serial_key = $2 AND state = 'held' ORDER BY run_at, id LIMIT 1)";
    BEAT = "UPDATE job_runs SET beat_at = $3, lease_until = $4, progress = $5 WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING cancel_requested";
    CANCELLED = "SELECT id FROM job_runs WHERE state = 'running' AND worker_id = $1 AND cancel_requested";
    HOLDS = "UPDATE job_runs SET beat_at = $3 WHERE id = $1 AND attempt = $2 AND state = 'running' AND NOT cancel_requested";
    // A run that is not to go on and was cancelled meanwhile does not wait for another worker.
    END = "UPDATE job_runs SET state = CASE WHEN cancel_requested AND NOT $10 THEN 'cancelled' ELSE $3 END, progress = COALESCE($4, progress), output = $5, error_code = CASE WHEN cancel_requested AND NOT $10 THEN NULL ELSE $6 END, error = CASE WHEN cancel_requested AND NOT $10 THEN NULL ELSE $7 END, run_at = COALESCE($8, run_at), tries = tries + $9, open_key = CASE WHEN cancel_requested OR $10 THEN NULL ELSE open_key END, worker_id = NULL, lease_until = NULL, ended_at = CASE WHEN cancel_requested OR $10 THEN $11 ELSE ended_at END WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING kind, serial_key, state";
    END_TRY = "UPDATE job_attempts SET ended_at = $3, outcome = $4, error_code = $5, error = $6, next_at = $7 WHERE run_id = $1 AND attempt = $2";
    RELEASE_ALL = "SELECT id, attempt, tries, max_tries, kind, serial_key FROM job_runs WHERE state = 'running'";
}

/// A lane of the queue: what one project has waiting of one kind and urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane<'a> {
    pub kind: &'a str,
    pub priority: Priority,
    pub project: ProjectId,
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

/// Whether there may be work to take: a cheap look without the gate.
pub async fn has_work(tx: &mut Tx, now: Timestamp, lease_now: Timestamp) -> Result<bool, StoreError> {
    Ok(fetch_one!(tx, (i32,), HAS_WORK, now, lease_now)?.0 == 1)
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

/// How many runs are at work, by kind and project.
pub async fn running(tx: &mut Tx) -> Result<Vec<(String, ProjectId, i64)>, StoreError> {
    fetch_all!(tx, (String, ProjectId, i64), RUNNING)
}

/// The most urgent priority after `after` at which something of a kind waits.
pub async fn next_priority(tx: &mut Tx, kind: &str, after: Priority) -> Result<Option<Priority>, StoreError> {
    Ok(fetch_optional!(tx, (Priority,), FIRST_PRIORITY, kind, after)?.map(|(priority,)| priority))
}

/// The next project, in order of ids, that has something waiting.
pub async fn next_project(
    tx: &mut Tx,
    kind: &str,
    priority: Priority,
    after: ProjectId,
) -> Result<Option<ProjectId>, StoreError> {
    Ok(fetch_optional!(tx, (ProjectId,), NEXT_PROJECT, kind, priority, after)?.map(|(project,)| project))
}

/// The first runs of a lane, with their serial keys.
pub async fn head(tx: &mut Tx, lane: Lane<'_>, limit: i64) -> Result<Vec<(RunId, Option<String>)>, StoreError> {
    fetch_all!(tx, (RunId, Option<String>), HEAD, lane.kind, lane.priority, lane.project, limit)
}

/// Gives a waiting run to a worker.
pub async fn take(
    tx: &mut WriteTx,
    id: RunId,
    worker: WorkerId,
    (now, lease_until): (Timestamp, Timestamp),
) -> Result<Option<JobRun>, StoreError> {
    let Some(run) = fetch_optional!(tx, JobRun, TAKE, id, worker, lease_until, now)? else {
        return Ok(None);
    };
    execute_one!(tx, TRY, run.id, run.attempt, worker, now)?;
    Ok(Some(run))
}

/// Whether a run of a serial key is at work. One that ends just now is waited for.
pub async fn key_busy(tx: &mut WriteTx, kind: &str, key: &str) -> Result<bool, StoreError> {
    Ok(execute!(tx, KEY_BUSY, kind, key)? > 0)
}

/// Puts a waiting run aside until the other one of its key has ended.
pub async fn hold(tx: &mut WriteTx, id: RunId) -> Result<(), StoreError> {
    execute_one!(tx, HOLD, id)
}

/// Says that a worker lives, and how far its run is. `None` if the run is not its own any more; otherwise whether
/// somebody wants it to stop.
pub async fn beat(
    tx: &mut WriteTx,
    (id, attempt): Claim,
    progress: &JobProgress,
    (now, lease_until): (Timestamp, Timestamp),
) -> Result<Option<bool>, StoreError> {
    let row = fetch_optional!(tx, (bool,), BEAT, id, attempt, now, lease_until, Json(progress))?;
    Ok(row.map(|(cancel,)| cancel))
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

/// Lets the next run wait that was put aside for a serial key.
pub(crate) async fn let_go(tx: &mut WriteTx, kind: &str, key: &str) -> Result<(), StoreError> {
    execute!(tx, LET_GO, kind, key).map(|_| ())
}

/// Ends an attempt. Returns what the run is then, which is cancelled instead of waiting if somebody wanted that; `None`
/// if it was not the worker's any more.
pub async fn end(
    tx: &mut WriteTx,
    (id, attempt): Claim,
    end: &AttemptEnd,
    now: Timestamp,
) -> Result<Option<JobState>, StoreError> {
    let over = end.is_final();
    let (code, words) = end.error.as_ref().map(|(code, words)| (code.as_str(), words.as_str())).unzip();
    let row = fetch_optional!(
        tx,
        (String, Option<String>, JobState),
        END,
        id,
        attempt,
        end.state,
        end.progress.as_ref().map(Json),
        end.output.as_ref().map(Json),
        code,
        words,
        end.next_at,
        i64::from(end.counts),
        over,
        now
    )?;
    let Some((kind, serial_key, state)) = row else {
        return Ok(None);
    };
    let next_at = if state.is_final() { None } else { end.next_at };
    execute!(tx, END_TRY, id, attempt, now, end.outcome, code, words, next_at)?;
    if let Some(key) = serial_key {
        let_go(tx, &kind, &key).await?;
    }
    Ok(Some(state))
}
