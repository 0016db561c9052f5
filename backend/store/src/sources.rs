//! Data sources and their runs.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    catalog::{DataSource, RunOutcome, RunProgress, SourceRun},
    ids::{DataSourceId, RunId},
    text,
    words::RunState,
};
use lakegate_policy::{
    Granted,
    action::{Contribute, ViewProject},
    resource::ProjectFacts,
};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO data_sources (id, project_id, environment_id, connection_id, name, name_key, location, interval_seconds, next_run_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    UPDATE = "UPDATE data_sources SET name = $3, name_key = $4, interval_seconds = $5, next_run_at = $6 WHERE id = $1 AND project_id = $2";
    DELETE = "DELETE FROM data_sources WHERE id = $1 AND project_id = $2";
    DELETE_RUNS = "DELETE FROM source_runs WHERE source_id = $1";
    BY_ID = "SELECT id, project_id, environment_id, connection_id, name, location, interval_seconds, next_run_at, created_by, created_at FROM data_sources WHERE id = $1";
    OF_PROJECT = "SELECT id, project_id, environment_id, connection_id, name, location, interval_seconds, next_run_at, created_by, created_at FROM data_sources WHERE project_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3";
    DUE = "SELECT id, project_id, environment_id, connection_id, name, location, interval_seconds, next_run_at, created_by, created_at FROM data_sources WHERE next_run_at IS NOT NULL AND next_run_at <= $1 ORDER BY next_run_at, id LIMIT $2";
    NEXT = "UPDATE data_sources SET next_run_at = $2 WHERE id = $1";
    RUN_INSERT = "INSERT INTO source_runs (id, source_id, state, attempt, trigger_kind, started_by, progress, cancel_requested, created_at) VALUES ($1, $2, 'queued', 0, $3, $4, $5, $6, $7)";
    RUN_BY_ID = "SELECT id, source_id, state, attempt, trigger_kind, started_by, progress, outcome, error, cancel_requested, created_at, started_at, beat_at, ended_at FROM source_runs WHERE id = $1";
    RUN_OPEN = "SELECT id, source_id, state, attempt, trigger_kind, started_by, progress, outcome, error, cancel_requested, created_at, started_at, beat_at, ended_at FROM source_runs WHERE source_id = $1 AND state IN ('queued', 'running') ORDER BY id LIMIT 1";
    RUNS = "SELECT id, source_id, state, attempt, trigger_kind, started_by, progress, outcome, error, cancel_requested, created_at, started_at, beat_at, ended_at FROM source_runs WHERE source_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    CLAIMABLE = "SELECT id, source_id, state, attempt, trigger_kind, started_by, progress, outcome, error, cancel_requested, created_at, started_at, beat_at, ended_at FROM source_runs WHERE state = 'queued' OR (state = 'running' AND beat_at < $1) ORDER BY created_at, id LIMIT 1";
    CLAIM = "UPDATE source_runs SET state = 'running', attempt = attempt + 1, started_at = COALESCE(started_at, $3), beat_at = $3 WHERE id = $1 AND attempt = $2";
    BEAT = "UPDATE source_runs SET beat_at = $3, progress = $4 WHERE id = $1 AND attempt = $2 AND state = 'running'";
    RELEASE_ALL = "UPDATE source_runs SET state = 'queued' WHERE state = 'running'";
    RELEASE = "UPDATE source_runs SET state = 'queued' WHERE id = $1 AND attempt = $2 AND state = 'running'";
    END = "UPDATE source_runs SET state = $3, progress = $4, outcome = $5, error = $6, ended_at = $7 WHERE id = $1 AND attempt = $2 AND state = 'running'";
    CANCEL_QUEUED = "UPDATE source_runs SET state = 'cancelled', cancel_requested = $2, ended_at = $3 WHERE id = $1 AND state = 'queued'";
    CANCEL_RUNNING = "UPDATE source_runs SET cancel_requested = $2 WHERE id = $1 AND state = 'running'";
}

/// Creates a data source in the project of the proof.
pub async fn source_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    source: &DataSource,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        source.id,
        proof.on().id,
        source.environment_id,
        source.connection_id,
        &source.name,
        text::fold(&source.name),
        &source.location,
        source.interval_seconds,
        source.next_run_at,
        source.created_by,
        source.created_at
    )
}

/// Changes name and interval of a data source of the project of the proof.
pub async fn source_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    source: &DataSource,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        UPDATE,
        source.id,
        proof.on().id,
        &source.name,
        text::fold(&source.name),
        source.interval_seconds,
        source.next_run_at
    )
}

/// Deletes a data source of the project of the proof with its runs. What it found stays.
pub async fn source_delete(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    id: DataSourceId,
) -> Result<(), StoreError> {
    execute!(tx, DELETE_RUNS, id)?;
    execute_one!(tx, DELETE, id, proof.on().id)
}

/// The data source of an id; what a caller may see of it is decided on its project.
pub async fn source_find(tx: &mut Tx, id: DataSourceId) -> Result<Option<DataSource>, StoreError> {
    fetch_optional!(tx, DataSource, BY_ID, id)
}

/// The data sources of the project of the proof, in order of names.
pub async fn source_list(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
    page: &PageRequest,
) -> Result<Page<DataSource>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, DataSource, OF_PROJECT, proof.on().id, after, page.fetch())?;
    Ok(Page::cut(rows, page, |source| text::fold(&source.name)))
}

/// Data sources whose interval has come round.
pub async fn sources_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<DataSource>, StoreError> {
    fetch_all!(tx, DataSource, DUE, now, limit)
}

/// Sets when a data source is due again.
pub async fn source_next(tx: &mut WriteTx, id: DataSourceId, next: Option<Timestamp>) -> Result<(), StoreError> {
    execute_one!(tx, NEXT, id, next)
}

/// Queues a run. The use case has seen that none of the source is open.
pub async fn run_insert(
    tx: &mut WriteTx,
    id: RunId,
    source: DataSourceId,
    trigger_kind: &str,
    started_by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, RUN_INSERT, id, source, trigger_kind, started_by, Json(RunProgress::default()), false, now)
}

/// The run of an id; what a caller may see of it is decided on its source's project.
pub async fn run_find(tx: &mut Tx, id: RunId) -> Result<Option<SourceRun>, StoreError> {
    fetch_optional!(tx, SourceRun, RUN_BY_ID, id)
}

/// The run of a source that waits or works.
pub async fn run_open(tx: &mut Tx, source: DataSourceId) -> Result<Option<SourceRun>, StoreError> {
    fetch_optional!(tx, SourceRun, RUN_OPEN, source)
}

/// The runs of a source of the project of the proof, the latest first.
pub async fn run_list(
    tx: &mut Tx,
    _proof: &Granted<'_, ProjectFacts, ViewProject>,
    source: DataSourceId,
    page: &PageRequest,
) -> Result<Page<SourceRun>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok());
    let before: RunId = before.unwrap_or(RunId(uuid::Uuid::max()));
    let rows = fetch_all!(tx, SourceRun, RUNS, source, before, page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}

/// Whether a run waits, or was left by a worker that has not been heard of since `stale_before`.
pub async fn run_waits(tx: &mut Tx, stale_before: Timestamp) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, SourceRun, CLAIMABLE, stale_before)?.is_some())
}

/// Takes the next run that waits, or that a silent worker left.
pub async fn run_claim(
    tx: &mut WriteTx,
    now: Timestamp,
    stale_before: Timestamp,
) -> Result<Option<SourceRun>, StoreError> {
    let Some(run) = fetch_optional!(tx, SourceRun, CLAIMABLE, stale_before)? else {
        return Ok(None);
    };
    execute_one!(tx, CLAIM, run.id, run.attempt, now)?;
    run_find(tx, run.id).await
}

/// Says that the worker lives, and how far it is. Returns whether the run is still this worker's.
pub async fn run_beat(
    tx: &mut WriteTx,
    (id, attempt): (RunId, i64),
    progress: &RunProgress,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, BEAT, id, attempt, now, Json(progress))? == 1)
}

/// Gives a run back for another worker.
pub async fn run_release(tx: &mut WriteTx, (id, attempt): (RunId, i64)) -> Result<(), StoreError> {
    execute!(tx, RELEASE, id, attempt).map(|_| ())
}

/// Gives back every run that is under way: for a database whose only server has just started.
pub async fn runs_release(tx: &mut WriteTx) -> Result<u64, StoreError> {
    execute!(tx, RELEASE_ALL)
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    pub state: RunState,
    pub progress: RunProgress,
    pub outcome: Option<RunOutcome>,
    pub error: Option<String>,
}

/// Ends a run. Returns whether it was still this worker's.
pub async fn run_end(
    tx: &mut WriteTx,
    (id, attempt): (RunId, i64),
    end: &RunEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let outcome = end.outcome.as_ref().map(Json);
    let rows = execute!(tx, END, id, attempt, end.state, Json(&end.progress), outcome, end.error.as_deref(), now)?;
    Ok(rows == 1)
}

/// Cancels a waiting run at once; asks a working one to stop. Returns whether there was anything to stop.
pub async fn run_cancel(tx: &mut WriteTx, id: RunId, now: Timestamp) -> Result<bool, StoreError> {
    let queued = execute!(tx, CANCEL_QUEUED, id, true, now)?;
    let running = execute!(tx, CANCEL_RUNNING, id, true)?;
    Ok(queued + running == 1)
}
