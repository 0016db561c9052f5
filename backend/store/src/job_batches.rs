//! Runs taken and ended by the handful: what [`crate::job_claims`] does one by one, in a few statements for eight.

use lakegate_model::{
    Timestamp,
    ids::{RunId, WorkerId},
    jobs::{JobProgress, JobRun},
};
use serde_json::Value;
use sqlx::types::Json;

use crate::{
    StoreError, Tx, WriteTx,
    job_claims::{Claim, let_go},
    job_runs::run_columns,
};

/// Runs that one statement handles. With fewer the last places are filled by repeating them.
const HANDFUL: usize = 8;

/// The ids of a handful.
macro_rules! ids {
    () => {
        "($1, $2, $3, $4, $5, $6, $7, $8)"
    };
}

statements! {
    TAKE = concat!("UPDATE job_runs SET state = 'running', queued_key = NULL, attempt = attempt + 1, worker_id = $9, lease_until = $10, started_at = COALESCE(started_at, $11), beat_at = $11 WHERE state = 'waiting' AND id IN ", ids!(), " RETURNING ", run_columns!());
    TRY = concat!("INSERT INTO job_attempts (run_id, attempt, worker_id, started_at) SELECT id, attempt, worker_id, beat_at FROM job_runs WHERE state = 'running' AND worker_id = $9 AND id IN ", ids!());
    SUCCEED = concat!("UPDATE job_runs SET state = 'succeeded', progress = CASE id WHEN $1 THEN $17 WHEN $2 THEN $18 WHEN $3 THEN $19 WHEN $4 THEN $20 WHEN $5 THEN $21 WHEN $6 THEN $22 WHEN $7 THEN $23 WHEN $8 THEN $24 ELSE progress END, output = CASE id WHEN $1 THEN $25 WHEN $2 THEN $26 WHEN $3 THEN $27 WHEN $4 THEN $28 WHEN $5 THEN $29 WHEN $6 THEN $30 WHEN $7 THEN $31 WHEN $8 THEN $32 ELSE output END, error_code = NULL, error = NULL, open_key = NULL, worker_id = NULL, lease_until = NULL, ended_at = $33 WHERE state = 'running' AND id IN ", ids!(), " AND attempt = CASE id WHEN $1 THEN $9 WHEN $2 THEN $10 WHEN $3 THEN $11 WHEN $4 THEN $12 WHEN $5 THEN $13 WHEN $6 THEN $14 WHEN $7 THEN $15 WHEN $8 THEN $16 ELSE -attempt END RETURNING id, kind, serial_key");
    END_TRIES = concat!("UPDATE job_attempts SET ended_at = $9, outcome = 'succeeded' WHERE ended_at IS NULL AND run_id IN ", ids!());
}

/// Binds one value after the other, as often as there are places.
macro_rules! bind_all {
    ($query:expr, $($values:expr),+) => {{
        let mut query = $query;
        $(for value in $values.cycle().take(HANDFUL) {
            query = query.bind(value);
        })+
        query
    }};
}

/// An attempt that has succeeded.
#[derive(Debug, Clone, Copy)]
pub struct Success<'a> {
    pub claim: Claim,
    pub progress: &'a JobProgress,
    pub output: &'a Value,
}

/// Gives waiting runs to a worker, in the order of their ids here; those that wait no more are left out.
pub async fn take_all(
    tx: &mut WriteTx,
    ids: &[RunId],
    worker: WorkerId,
    (now, lease_until): (Timestamp, Timestamp),
) -> Result<Vec<JobRun>, StoreError> {
    let mut taken = Vec::new();
    for handful in ids.chunks(HANDFUL) {
        let rows = on_tx!(tx, |c| {
            let query = bind_all!(sqlx::query_as::<_, JobRun>(TAKE), handful.iter());
            query.bind(worker).bind(lease_until).bind(now).fetch_all(c).await
        })?;
        if !rows.is_empty() {
            on_tx!(tx, |c| {
                let query = bind_all!(sqlx::query(TRY), rows.iter().map(|run| run.id));
                query.bind(worker).execute(c).await.map(drop)
            })?;
        }
        taken.extend(rows);
    }
    taken.sort_by_key(|run| ids.iter().position(|id| *id == run.id));
    Ok(taken)
}

/// Ends attempts that have succeeded, each at another run. Returns the runs that were still the worker's.
pub async fn succeed_all(tx: &mut WriteTx, ended: &[Success<'_>], now: Timestamp) -> Result<Vec<RunId>, StoreError> {
    let mut all = Vec::new();
    for handful in ended.chunks(HANDFUL) {
        let rows = succeed(tx, handful, now).await?;
        if rows.is_empty() {
            continue;
        }
        on_tx!(tx, |c| {
            let query = bind_all!(sqlx::query(END_TRIES), rows.iter().map(|(id, ..)| *id));
            query.bind(now).execute(c).await.map(drop)
        })?;
        for (_, kind, key) in rows.iter().filter_map(|(id, kind, key)| Some((id, kind, key.as_ref()?))) {
            let_go(tx, kind, key).await?;
        }
        all.extend(rows.into_iter().map(|(id, ..)| id));
    }
    Ok(all)
}

/// The runs with their kinds and serial keys.
async fn succeed(
    tx: &mut Tx,
    handful: &[Success<'_>],
    now: Timestamp,
) -> Result<Vec<(RunId, String, Option<String>)>, StoreError> {
    let rows = on_tx!(tx, |c| {
        let query = bind_all!(
            sqlx::query_as(SUCCEED),
            handful.iter().map(|one| one.claim.0),
            handful.iter().map(|one| one.claim.1),
            handful.iter().map(|one| Json(one.progress)),
            handful.iter().map(|one| Json(one.output))
        );
        query.bind(now).fetch_all(c).await
    })?;
    Ok(rows)
}
