//! Workflows and the versions of what they do.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ProjectId, WorkflowId},
    text,
    workflows::{Definition, Workflow, WorkflowVersion},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`Workflow`].
macro_rules! workflow_columns {
    () => {
        "id, project_id, name, version, created_by, created_at, changed_at"
    };
}

statements! {
    INSERT = "INSERT INTO workflows (id, project_id, name, name_key, version, created_by, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_VERSION = "INSERT INTO workflow_versions (workflow_id, number, definition, created_by, created_at) VALUES ($1, $2, $3, $4, $5)";
    RAISE = "UPDATE workflows SET version = version + 1, changed_at = $3 WHERE id = $1 AND version = $2";
    RENAME = "UPDATE workflows SET name = $2, name_key = $3, changed_at = $4 WHERE id = $1";
    LOCK = concat!("UPDATE workflows SET version = version WHERE id = $1 RETURNING ", workflow_columns!());
    BY_ID = concat!("SELECT ", workflow_columns!(), " FROM workflows WHERE id = $1");
    OF_PROJECT = concat!("SELECT ", workflow_columns!(), " FROM workflows WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    VERSION = "SELECT workflow_id, number, definition, created_by, created_at FROM workflow_versions WHERE workflow_id = $1 AND number = $2";
    VERSIONS = "SELECT workflow_id, number, definition, created_by, created_at FROM workflow_versions WHERE workflow_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
    IS_OPEN = "SELECT 1 FROM workflow_runs WHERE workflow_id = $1 AND state = 'running' UNION ALL SELECT 1 FROM workflow_backfills WHERE workflow_id = $1 AND state = 'running' LIMIT 1";
    DELETE_PARTS = "DELETE FROM workflow_parts WHERE workflow_run_id IN (SELECT id FROM workflow_runs WHERE workflow_id = $1)";
    DELETE_STEPS = "DELETE FROM workflow_steps WHERE workflow_run_id IN (SELECT id FROM workflow_runs WHERE workflow_id = $1)";
    DELETE_RUNS = "DELETE FROM workflow_runs WHERE workflow_id = $1";
    DELETE_BACKFILLS = "DELETE FROM workflow_backfills WHERE workflow_id = $1";
    DELETE_VERSIONS = "DELETE FROM workflow_versions WHERE workflow_id = $1";
    DELETE = "DELETE FROM workflows WHERE id = $1";
}

/// Keeps a new workflow with its first definition. The use case has decided on its project.
pub async fn workflow_insert(tx: &mut WriteTx, workflow: &Workflow, definition: &Definition) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        workflow.id,
        workflow.project_id,
        &workflow.name,
        text::fold(&workflow.name),
        workflow.version,
        &workflow.created_by,
        workflow.created_at,
        workflow.changed_at
    )?;
    version_insert(tx, workflow, definition, (&workflow.created_by, workflow.created_at)).await
}

async fn version_insert(
    tx: &mut WriteTx,
    workflow: &Workflow,
    definition: &Definition,
    (by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    execute_one!(tx, INSERT_VERSION, workflow.id, workflow.version, Json(definition), by, at)
}

/// Gives a workflow another definition, under the next number, if nobody else did since it was read. Returns it as it is
/// then.
pub async fn workflow_revise(
    tx: &mut WriteTx,
    workflow: &Workflow,
    definition: &Definition,
    (by, at): (&str, Timestamp),
) -> Result<Workflow, StoreError> {
    execute_one!(tx, RAISE, workflow.id, workflow.version, at)?;
    let revised = Workflow { version: workflow.version + 1, changed_at: at, ..workflow.clone() };
    version_insert(tx, &revised, definition, (by, at)).await?;
    Ok(revised)
}

/// Gives a workflow another name.
pub async fn workflow_rename(tx: &mut WriteTx, id: WorkflowId, name: &str, at: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, RENAME, id, name, text::fold(name), at)
}

/// The workflow of an id; what a caller may see of it is decided on its project.
pub async fn workflow_find(tx: &mut Tx, id: WorkflowId) -> Result<Option<Workflow>, StoreError> {
    fetch_optional!(tx, Workflow, BY_ID, id)
}

/// A workflow that nobody else changes, runs over days, or removes until the transaction ends.
pub async fn workflow_lock(tx: &mut WriteTx, id: WorkflowId) -> Result<Option<Workflow>, StoreError> {
    fetch_optional!(tx, Workflow, LOCK, id)
}

/// The workflows of a project, which the caller may know, the latest first.
pub async fn workflow_list(tx: &mut Tx, project: ProjectId, page: &PageRequest) -> Result<Page<Workflow>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(WorkflowId(Uuid::max()));
    let rows = fetch_all!(tx, Workflow, OF_PROJECT, project, before, page.fetch())?;
    Ok(Page::cut(rows, page, |workflow| workflow.id.to_string()))
}

/// A definition by its number.
pub async fn version_find(tx: &mut Tx, id: WorkflowId, number: i64) -> Result<Option<WorkflowVersion>, StoreError> {
    fetch_optional!(tx, WorkflowVersion, VERSION, id, number)
}

/// The definitions of a workflow, the latest first.
pub async fn version_list(
    tx: &mut Tx,
    id: WorkflowId,
    page: &PageRequest,
) -> Result<Page<WorkflowVersion>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = fetch_all!(tx, WorkflowVersion, VERSIONS, id, before, page.fetch())?;
    Ok(Page::cut(rows, page, |version| version.number.to_string()))
}

/// Whether a run or a backfill of a workflow has not ended.
pub async fn workflow_is_open(tx: &mut Tx, id: WorkflowId) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), IS_OPEN, id)?.is_some())
}

/// Deletes a workflow with its versions, runs and backfills, none of which is open. Runs of the queue stay.
pub async fn workflow_delete(tx: &mut WriteTx, id: WorkflowId) -> Result<(), StoreError> {
    for sql in [DELETE_PARTS, DELETE_STEPS, DELETE_RUNS, DELETE_BACKFILLS, DELETE_VERSIONS] {
        execute!(tx, sql, id)?;
    }
    execute_one!(tx, DELETE, id)
}
