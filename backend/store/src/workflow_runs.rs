//! Runs of workflows: started, locked, listed, forgotten. Steps and parts stand in [`crate::workflow_steps`].

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{BackfillId, ProjectId, RunId, WorkflowId, WorkflowRunId},
    words::WorkflowState,
    workflows::WorkflowRun,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`WorkflowRun`].
macro_rules! flow_columns {
    () => {
        "id, workflow_id, version, project_id, backfill_id, day, cause_id, state, input, trigger_kind, started_by, cancel_requested, due_at, created_at, ended_at"
    };
}

statements! {
    INSERT = "INSERT INTO workflow_runs (id, workflow_id, version, project_id, backfill_id, day, cause_id, state, input, trigger_kind, started_by, cancel_requested, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    BY_ID = concat!("SELECT ", flow_columns!(), " FROM workflow_runs WHERE id = $1");
    BY_CAUSE = concat!("SELECT ", flow_columns!(), " FROM workflow_runs WHERE cause_id = $1");
    LOCK = concat!("UPDATE workflow_runs SET state = state WHERE id = $1 RETURNING ", flow_columns!());
    OF_WORKFLOW = concat!("SELECT ", flow_columns!(), " FROM workflow_runs WHERE workflow_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    OF_PROJECT = concat!("SELECT ", flow_columns!(), " FROM workflow_runs WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    OF_BACKFILL = concat!("SELECT ", flow_columns!(), " FROM workflow_runs WHERE backfill_id = $1 AND day > $2 ORDER BY day LIMIT $3");
    OPEN_OF_BACKFILL = "SELECT id FROM workflow_runs WHERE backfill_id = $1 AND state = 'running' ORDER BY id";
    ANY_OPEN = "SELECT 1 FROM workflow_runs WHERE state = 'running' LIMIT 1";
    SET_STATE = "UPDATE workflow_runs SET state = $2, cancel_requested = $3, ended_at = $4, due_at = NULL WHERE id = $1";
    SET_DUE = "UPDATE workflow_runs SET due_at = $2 WHERE id = $1";
    DUE = "SELECT id FROM workflow_runs WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY id LIMIT $2";
    NEXT_DUE = "SELECT MIN(due_at) FROM (SELECT due_at FROM workflow_runs WHERE due_at IS NOT NULL UNION ALL SELECT due_at FROM workflow_backfills WHERE due_at IS NOT NULL) due";
    OLD_PARTS = "DELETE FROM workflow_parts WHERE workflow_run_id IN (SELECT id FROM workflow_runs WHERE ended_at IS NOT NULL AND ended_at < $1)";
    OLD_STEPS = "DELETE FROM workflow_steps WHERE workflow_run_id IN (SELECT id FROM workflow_runs WHERE ended_at IS NOT NULL AND ended_at < $1)";
    OLD_RUNS = "DELETE FROM workflow_runs WHERE ended_at IS NOT NULL AND ended_at < $1";
    OLD_BACKFILLS = "DELETE FROM workflow_backfills WHERE ended_at IS NOT NULL AND ended_at < $1 AND NOT EXISTS (SELECT 1 FROM workflow_runs r WHERE r.backfill_id = workflow_backfills.id)";
}

/// Keeps a new run of a workflow.
pub async fn flow_insert(tx: &mut WriteTx, run: &WorkflowRun) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        run.id,
        run.workflow_id,
        run.version,
        run.project_id,
        run.backfill_id,
        run.day.as_deref(),
        run.cause_id,
        run.state,
        Json(&run.input),
        &run.trigger_kind,
        &run.started_by,
        run.cancel_requested,
        run.created_at
    )
}

/// The run of an id; what a caller may see of it is decided on its project.
pub async fn flow_find(tx: &mut Tx, id: WorkflowRunId) -> Result<Option<WorkflowRun>, StoreError> {
    fetch_optional!(tx, WorkflowRun, BY_ID, id)
}

/// The run that a run of the queue started.
pub async fn flow_of_cause(tx: &mut Tx, cause: RunId) -> Result<Option<WorkflowRun>, StoreError> {
    fetch_optional!(tx, WorkflowRun, BY_CAUSE, cause)
}

/// A run that nobody else moves on until the transaction ends. Whoever locks several does so in the order of their ids,
/// and their backfills before them.
pub async fn flow_lock(tx: &mut WriteTx, id: WorkflowRunId) -> Result<Option<WorkflowRun>, StoreError> {
    fetch_optional!(tx, WorkflowRun, LOCK, id)
}

/// The runs of a workflow, the latest first.
pub async fn flow_list(tx: &mut Tx, workflow: WorkflowId, page: &PageRequest) -> Result<Page<WorkflowRun>, StoreError> {
    let rows = fetch_all!(tx, WorkflowRun, OF_WORKFLOW, workflow, before(page), page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}

/// The runs of all workflows of a project, which the caller may know, the latest first.
pub async fn flow_list_of_project(
    tx: &mut Tx,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<WorkflowRun>, StoreError> {
    let rows = fetch_all!(tx, WorkflowRun, OF_PROJECT, project, before(page), page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}

fn before(page: &PageRequest) -> WorkflowRunId {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(WorkflowRunId(Uuid::max()))
}

/// The runs of a backfill, in the order of their days.
pub async fn flow_list_of_backfill(
    tx: &mut Tx,
    backfill: BackfillId,
    page: &PageRequest,
) -> Result<Page<WorkflowRun>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, WorkflowRun, OF_BACKFILL, backfill, after, page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.day.clone().unwrap_or_default()))
}

/// The runs of a backfill that have not ended.
pub async fn flows_open_of_backfill(tx: &mut Tx, backfill: BackfillId) -> Result<Vec<WorkflowRunId>, StoreError> {
    Ok(fetch_all!(tx, (WorkflowRunId,), OPEN_OF_BACKFILL, backfill)?.into_iter().map(|(id,)| id).collect())
}

/// Whether any run of any workflow has not ended.
pub async fn any_flow_open(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), ANY_OPEN)?.is_some())
}

/// Ends a locked run, opens it again, or notes that somebody wants it to stop.
pub async fn flow_set_state(
    tx: &mut WriteTx,
    id: WorkflowRunId,
    (state, cancel_requested): (WorkflowState, bool),
    ended_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_STATE, id, state, cancel_requested, ended_at)
}

/// Notes when a locked run is looked at again by itself.
pub async fn flow_set_due(tx: &mut WriteTx, id: WorkflowRunId, due: Option<Timestamp>) -> Result<(), StoreError> {
    execute_one!(tx, SET_DUE, id, due)
}

/// Runs that are to be looked at.
pub async fn flows_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<WorkflowRunId>, StoreError> {
    Ok(fetch_all!(tx, (WorkflowRunId,), DUE, now, limit)?.into_iter().map(|(id,)| id).collect())
}

/// When the next run or backfill is to be looked at.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    Ok(fetch_one!(tx, (Option<Timestamp>,), NEXT_DUE)?.0)
}

/// Deletes runs of workflows that ended before `until`, and backfills of which none is left. Returns how many runs.
pub async fn flows_forget(tx: &mut WriteTx, until: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, OLD_PARTS, until)?;
    execute!(tx, OLD_STEPS, until)?;
    let runs = execute!(tx, OLD_RUNS, until)?;
    execute!(tx, OLD_BACKFILLS, until)?;
    Ok(runs)
}
