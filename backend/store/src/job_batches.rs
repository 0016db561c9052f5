//! Runs taken, kept and ended together: a turn of a worker needs the same few statements for one run as for a hundred.
//!
//! Rows come as arrays on PostgreSQL, where each statement is a journey, and by the handful on SQLite. On PostgreSQL each
//! locks its rows in the order of their ids before it changes them, for an `UPDATE` by itself promises no order; so two of
//! these statements never wait for each other, nor does whoever cancels runs in that order.

use lakegate_model::{
    Timestamp,
    ids::{RunId, WorkerId},
    jobs::{JobProgress, JobRun},
    words::JobState,
};
use sqlx::types::Json;
use std::collections::HashMap;

use crate::{
    StoreError, WriteTx,
    job_claims::{AttemptEnd, Claim},
    job_runs::run_columns,
};

/// Runs that one statement handles on SQLite.
pub(crate) const HANDFUL: usize = 8;

/// One text for both databases, but for what stands for its rows or the clock.
#[derive(Debug, Clone, Copy)]
pub struct Both {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// Runs by an array of ids, locked in the order of these.
macro_rules! locked {
    ($ids:literal) => {
        concat!("IN (SELECT id FROM job_runs WHERE id = ANY(CAST(", $ids, " AS UUID[])) ORDER BY id FOR NO KEY UPDATE)")
    };
}
/// How attempts ended.
macro_rules! end_rows {
    (sqlite) => {
        "(SELECT column1 AS id, column2 AS attempt, column3 AS state, column4 AS progress, column5 AS output, column6 AS error_code, column7 AS error, column8 AS next_at, column9 AS counts FROM (VALUES ($2, $10, $18, $26, $34, $42, $50, $58, $66), ($3, $11, $19, $27, $35, $43, $51, $59, $67), ($4, $12, $20, $28, $36, $44, $52, $60, $68), ($5, $13, $21, $29, $37, $45, $53, $61, $69), ($6, $14, $22, $30, $38, $46, $54, $62, $70), ($7, $15, $23, $31, $39, $47, $55, $63, $71), ($8, $16, $24, $32, $40, $48, $56, $64, $72), ($9, $17, $25, $33, $41, $49, $57, $65, $73))) AS e"
    };
    (postgres) => {
        concat!("(SELECT r.* FROM UNNEST(CAST($2 AS UUID[]), CAST($3 AS BIGINT[]), CAST($4 AS TEXT[]), CAST($5 AS JSONB[]), CAST($6 AS JSONB[]), CAST($7 AS TEXT[]), CAST($8 AS TEXT[]), CAST($9 AS TIMESTAMPTZ[]), CAST($10 AS BIGINT[])) AS r (id, attempt, state, progress, output, error_code, error, next_at, counts) WHERE r.id ", locked!("$2"), ") AS e")
    };
}
/// What is kept of attempts that ended.
macro_rules! try_rows {
    (sqlite) => {
        "(SELECT column1 AS id, column2 AS attempt, column3 AS outcome, column4 AS error_code, column5 AS error, column6 AS next_at FROM (VALUES ($2, $10, $18, $26, $34, $42), ($3, $11, $19, $27, $35, $43), ($4, $12, $20, $28, $36, $44), ($5, $13, $21, $29, $37, $45), ($6, $14, $22, $30, $38, $46), ($7, $15, $23, $31, $39, $47), ($8, $16, $24, $32, $40, $48), ($9, $17, $25, $33, $41, $49))) AS e"
    };
    (postgres) => {
        "UNNEST(CAST($2 AS UUID[]), CAST($3 AS BIGINT[]), CAST($4 AS TEXT[]), CAST($5 AS TEXT[]), CAST($6 AS TEXT[]), CAST($7 AS TIMESTAMPTZ[])) AS e (id, attempt, outcome, error_code, error, next_at)"
    };
}
/// How far runs are.
macro_rules! beat_rows {
    (sqlite) => {
        "(SELECT column1 AS id, column2 AS attempt, column3 AS progress FROM (VALUES ($3, $11, $19), ($4, $12, $20), ($5, $13, $21), ($6, $14, $22), ($7, $15, $23), ($8, $16, $24), ($9, $17, $25), ($10, $18, $26))) AS e"
    };
    (postgres) => {
        concat!("(SELECT r.* FROM UNNEST(CAST($3 AS UUID[]), CAST($4 AS BIGINT[]), CAST($5 AS JSONB[])) AS r (id, attempt, progress) WHERE r.id ", locked!("$3"), ") AS e")
    };
}
/// Of each serial key the run that is held longest. On PostgreSQL one that is cancelled at this moment is waited for and
/// passed over.
macro_rules! longest_held {
    ($lock:literal) => { concat!("(SELECT h.id FROM job_runs h WHERE h.kind = e.kind AND h.serial_key = e.serial_key AND h.state = 'held' ORDER BY h.run_at, h.id LIMIT 1", $lock, ")") };
}
macro_rules! held_rows {
    (sqlite) => {
        concat!("SELECT ", longest_held!(""), " FROM (SELECT column1 AS kind, column2 AS serial_key FROM (VALUES ($1, $9), ($2, $10), ($3, $11), ($4, $12), ($5, $13), ($6, $14), ($7, $15), ($8, $16))) AS e")
    };
    (postgres) => {
        concat!("SELECT ", longest_held!(" FOR NO KEY UPDATE"), " FROM UNNEST(CAST($1 AS TEXT[]), CAST($2 AS TEXT[])) AS e (kind, serial_key)")
    };
}

/// Whether an attempt ends its run.
macro_rules! over {
    () => {
        "e.state IN ('succeeded', 'failed', 'cancelled')"
    };
}

macro_rules! take {
    ($ids:expr) => { concat!("UPDATE job_runs SET state = 'running', queued_key = NULL, attempt = attempt + 1, worker_id = $1, lease_until = $2, started_at = COALESCE(started_at, $3), beat_at = $3, progress = $4 WHERE state = 'waiting' AND id ", $ids, " RETURNING ", run_columns!()) };
}
macro_rules! begin_tries {
    ($ids:expr) => { concat!("INSERT INTO job_attempts (run_id, attempt, worker_id, started_at) SELECT id, attempt, worker_id, beat_at FROM job_runs WHERE state = 'running' AND worker_id = $1 AND id ", $ids) };
}
macro_rules! still_running {
    ($ids:expr) => {
        concat!("UPDATE job_runs SET beat_at = beat_at WHERE state = 'running' AND id ", $ids, " RETURNING id")
    };
}
macro_rules! hold {
    ($ids:expr) => {
        concat!("UPDATE job_runs SET state = 'held' WHERE state = 'waiting' AND id ", $ids)
    };
}
macro_rules! beat {
    ($rows:expr) => { concat!("UPDATE job_runs SET beat_at = $1, lease_until = $2, progress = e.progress FROM ", $rows, " WHERE job_runs.id = e.id AND job_runs.attempt = e.attempt AND job_runs.state = 'running' RETURNING job_runs.id, job_runs.attempt, job_runs.cancel_requested") };
}
// A run that is not to go on and was cancelled meanwhile does not wait for another worker.
macro_rules! end {
    ($rows:expr) => { concat!("UPDATE job_runs SET state = CASE WHEN job_runs.cancel_requested AND NOT ", over!(), " THEN 'cancelled' ELSE e.state END, progress = COALESCE(e.progress, job_runs.progress), output = e.output, error_code = CASE WHEN job_runs.cancel_requested AND NOT ", over!(), " THEN NULL ELSE e.error_code END, error = CASE WHEN job_runs.cancel_requested AND NOT ", over!(), " THEN NULL ELSE e.error END, run_at = COALESCE(e.next_at, job_runs.run_at), tries = job_runs.tries + e.counts, open_key = CASE WHEN job_runs.cancel_requested OR ", over!(), " THEN NULL ELSE job_runs.open_key END, worker_id = NULL, lease_until = NULL, ended_at = CASE WHEN job_runs.cancel_requested OR ", over!(), " THEN $1 ELSE job_runs.ended_at END FROM ", $rows, " WHERE job_runs.id = e.id AND job_runs.attempt = e.attempt AND job_runs.state = 'running' RETURNING job_runs.id, job_runs.attempt, job_runs.kind, job_runs.serial_key, job_runs.state") };
}
macro_rules! end_tries {
    ($rows:expr) => { concat!("UPDATE job_attempts SET ended_at = $1, outcome = e.outcome, error_code = e.error_code, error = e.error, next_at = e.next_at FROM ", $rows, " WHERE job_attempts.run_id = e.id AND job_attempts.attempt = e.attempt") };
}
macro_rules! let_go {
    ($rows:expr) => {
        concat!("UPDATE job_runs SET state = 'waiting' WHERE state = 'held' AND id IN (", $rows, ")")
    };
}

set_statements! {
    TAKE = take!("IN ($5, $6, $7, $8, $9, $10, $11, $12)", locked!("$5"));
    BEGIN_TRIES = begin_tries!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
    STILL_RUNNING = still_running!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", locked!("$1"));
    HOLD = hold!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", locked!("$1"));
    BEAT = beat!(beat_rows!(sqlite), beat_rows!(postgres));
    END = end!(end_rows!(sqlite), end_rows!(postgres));
    END_TRIES = end_tries!(try_rows!(sqlite), try_rows!(postgres));
    LET_GO = let_go!(held_rows!(sqlite), held_rows!(postgres));
}

/// An attempt that ends.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    pub claim: Claim,
    pub end: &'a AttemptEnd,
}

/// A run whose attempt has ended.
#[derive(sqlx::FromRow)]
struct Ended {
    id: RunId,
    attempt: i64,
    kind: String,
    serial_key: Option<String>,
    state: JobState,
}

/// Gives waiting runs to a worker, in the order of their ids here; those that wait no more are left out.
pub async fn take_all(
    tx: &mut WriteTx,
    ids: &[RunId],
    worker: WorkerId,
    (now, lease_until): (Timestamp, Timestamp),
) -> Result<Vec<JobRun>, StoreError> {
    let fresh = JobProgress::default();
    let mut taken = fetch_sets!(tx, JobRun, TAKE, (worker, lease_until, now, Json(&fresh)), ids, |id| id.0);
    execute_sets!(tx, BEGIN_TRIES, (worker), taken, |run| run.id.0);
    taken.sort_by_key(|run| ids.iter().position(|id| *id == run.id));
    Ok(taken)
}

/// Which of these runs are at work. One that ends just now is waited for.
pub async fn still_running(tx: &mut WriteTx, ids: &[RunId]) -> Result<Vec<RunId>, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort();
    let rows = fetch_sets!(tx, (RunId,), STILL_RUNNING, (), ids, |id| id.0);
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Puts waiting runs aside until the other ones of their keys have ended.
pub async fn hold_all(tx: &mut WriteTx, ids: &[RunId]) -> Result<(), StoreError> {
    execute_sets!(tx, HOLD, (), ids, |id| id.0);
    Ok(())
}

/// Says that a worker lives, and how far its runs are. Gives those that are still its own, and whether somebody wants them
/// to stop.
pub async fn beat_all(
    tx: &mut WriteTx,
    beats: &[(Claim, JobProgress)],
    (now, lease_until): (Timestamp, Timestamp),
) -> Result<Vec<(Claim, bool)>, StoreError> {
    let mut beats: Vec<_> = beats.iter().collect();
    beats.sort_by_key(|(claim, _)| *claim);
    let rows = fetch_sets!(
        tx,
        (RunId, i64, bool),
        BEAT,
        (now, lease_until),
        beats,
        |(claim, _)| claim.0.0,
        |(claim, _)| claim.1,
        |(_, progress)| Json(progress),
    );
    Ok(rows.into_iter().map(|(id, attempt, cancel)| ((id, attempt), cancel)).collect())
}

/// Ends attempts. Gives those that were still the workers', and what their runs are then: cancelled instead of waiting if
/// somebody wanted that.
pub async fn end_all(
    tx: &mut WriteTx,
    endings: &[Ending<'_>],
    now: Timestamp,
) -> Result<Vec<(Claim, JobState)>, StoreError> {
    let mut endings = endings.to_vec();
    endings.sort_by_key(|ending| ending.claim);
    let ended = fetch_sets!(
        tx,
        Ended,
        END,
        (now),
        endings,
        |one| one.claim.0.0,
        |one| one.claim.1,
        |one| one.end.state.as_str(),
        |one| one.end.progress.as_ref().map(Json),
        |one| one.end.output.as_ref().map(Json),
        |one| one.code(),
        |one| one.words(),
        |one| one.end.next_at,
        |one| i64::from(one.end.counts),
    );
    end_tries(tx, &endings, &ended, now).await?;
    let keys: Vec<_> = ended.iter().filter_map(|run| Some((run.kind.as_str(), run.serial_key.as_deref()?))).collect();
    execute_sets!(tx, LET_GO, (), keys, |(kind, _)| *kind, |(_, key)| *key);
    Ok(ended.into_iter().map(|run| ((run.id, run.attempt), run.state)).collect())
}

/// Writes down how attempts ended that were the workers'.
async fn end_tries(
    tx: &mut WriteTx,
    endings: &[Ending<'_>],
    ended: &[Ended],
    now: Timestamp,
) -> Result<(), StoreError> {
    let over: HashMap<Claim, bool> = ended.iter().map(|run| ((run.id, run.attempt), run.state.is_final())).collect();
    let ours: Vec<_> = endings.iter().filter_map(|one| Some((one, *over.get(&one.claim)?))).collect();
    execute_sets!(
        tx,
        END_TRIES,
        (now),
        ours,
        |(one, _)| one.claim.0.0,
        |(one, _)| one.claim.1,
        |(one, _)| one.end.outcome.as_str(),
        |(one, _)| one.code(),
        |(one, _)| one.words(),
        |(one, over)| one.end.next_at.filter(|_| !over),
    );
    Ok(())
}

impl Ending<'_> {
    fn code(&self) -> Option<&str> {
        self.end.error.as_ref().map(|(code, _)| code.as_str())
    }

    fn words(&self) -> Option<&str> {
        self.end.error.as_ref().map(|(_, words)| words.as_str())
    }
}
