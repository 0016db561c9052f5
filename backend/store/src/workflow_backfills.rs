//! Workflows over ranges of days.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{BackfillId, WorkflowId},
    words::WorkflowState,
    workflows::Backfill,
};
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`Backfill`].
macro_rules! backfill_columns {
    () => {
        "id, workflow_id, version, first_day, last_day, next_day, at_most, anew, covered, input, state, cancel_requested, due_at, created_by, created_at, ended_at"
    };
}

statements! {
    INSERT = "INSERT INTO workflow_backfills (id, workflow_id, version, first_day, last_day, next_day, at_most, anew, covered, input, state, cancel_requested, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    BY_ID = concat!("SELECT ", backfill_columns!(), " FROM workflow_backfills WHERE id = $1");
    LOCK = concat!("UPDATE workflow_backfills SET state = state WHERE id = $1 RETURNING ", backfill_columns!());
    OF_WORKFLOW = concat!("SELECT ", backfill_columns!(), " FROM workflow_backfills WHERE workflow_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    OPEN_OVER = concat!("SELECT ", backfill_columns!(), " FROM workflow_backfills WHERE workflow_id = $1 AND state = 'running' AND first_day <= $3 AND last_day >= $2 AND id <> $4 ORDER BY id LIMIT 1");
    COVERED = "SELECT 1 FROM workflow_runs WHERE workflow_id = $1 AND day = $2 AND state = 'succeeded' LIMIT 1";
    COUNTS = "SELECT state, COUNT(*) FROM workflow_runs WHERE backfill_id = $1 GROUP BY state";
    MOVE_ON = "UPDATE workflow_backfills SET next_day = $2, covered = $3, due_at = $4 WHERE id = $1";
    SET_STATE = "UPDATE workflow_backfills SET state = $2, cancel_requested = $3, ended_at = $4, due_at = NULL WHERE id = $1";
    DUE = "SELECT id FROM workflow_backfills WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY id LIMIT $2";
}

/// Keeps a new backfill.
pub async fn backfill_insert(tx: &mut WriteTx, backfill: &Backfill) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        backfill.id,
        backfill.workflow_id,
        backfill.version,
        &backfill.first_day,
        &backfill.last_day,
        &backfill.next_day,
        backfill.at_most,
        backfill.anew,
        backfill.covered,
        Json(&backfill.input),
        backfill.state,
        backfill.cancel_requested,
        &backfill.created_by,
        backfill.created_at
    )
}

/// The backfill of an id; what a caller may see of it is decided on its workflow's project.
pub async fn backfill_find(tx: &mut Tx, id: BackfillId) -> Result<Option<Backfill>, StoreError> {
    fetch_optional!(tx, Backfill, BY_ID, id)
}

/// A backfill that nobody else moves on until the transaction ends.
pub async fn backfill_lock(tx: &mut WriteTx, id: BackfillId) -> Result<Option<Backfill>, StoreError> {
    fetch_optional!(tx, Backfill, LOCK, id)
}

/// The backfills of a workflow, the latest first.
pub async fn backfill_list(
    tx: &mut Tx,
    workflow: WorkflowId,
    page: &PageRequest,
) -> Result<Page<Backfill>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(BackfillId(Uuid::max()));
    let rows = fetch_all!(tx, Backfill, OF_WORKFLOW, workflow, before, page.fetch())?;
    Ok(Page::cut(rows, page, |backfill| backfill.id.to_string()))
}

/// A backfill of a workflow, apart from one, that has not ended and shares days with a range.
pub async fn backfill_over(
    tx: &mut Tx,
    workflow: WorkflowId,
    (first, last): (&str, &str),
    apart: BackfillId,
) -> Result<Option<Backfill>, StoreError> {
    fetch_optional!(tx, Backfill, OPEN_OVER, workflow, first, last, apart)
}

/// Whether a run of any backfill of a workflow has succeeded for a day.
pub async fn day_is_covered(tx: &mut Tx, workflow: WorkflowId, day: &str) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), COVERED, workflow, day)?.is_some())
}

/// How many runs of a backfill are in each state.
pub async fn backfill_counts(tx: &mut Tx, id: BackfillId) -> Result<BTreeMap<WorkflowState, i64>, StoreError> {
    Ok(fetch_all!(tx, (WorkflowState, i64), COUNTS, id)?.into_iter().collect())
}

/// Notes how far a locked backfill has come, and when it is looked at again by itself.
pub async fn backfill_move_on(tx: &mut WriteTx, backfill: &Backfill) -> Result<(), StoreError> {
    execute_one!(tx, MOVE_ON, backfill.id, &backfill.next_day, backfill.covered, backfill.due_at)
}

/// Ends a locked backfill, opens it again, or notes that somebody wants it to stop.
pub async fn backfill_set_state(
    tx: &mut WriteTx,
    id: BackfillId,
    (state, cancel_requested): (WorkflowState, bool),
    ended_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_STATE, id, state, cancel_requested, ended_at)
}

/// Backfills that are to be looked at.
pub async fn backfills_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<BackfillId>, StoreError> {
    Ok(fetch_all!(tx, (BackfillId,), DUE, now, limit)?.into_iter().map(|(id,)| id).collect())
}
