//! Workflows are made, changed and removed. Whether the caller may is decided on the project, before.

use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, WorkflowId},
    text,
    workflows::{Definition, Workflow, check},
};
use lakegate_store::{WriteTx, workflows as store};

use super::START;
use crate::Queue;

/// Keeps a new workflow with its first definition.
///
/// # Errors
/// `invalid` on `name`, or on a field of the definition as [`check`] says; `conflict` if the name is taken.
pub async fn create(
    queue: &Queue,
    tx: &mut WriteTx,
    (project, name): (ProjectId, &str),
    definition: &Definition,
    by: &str,
) -> Result<Workflow, Fault> {
    check_kinds(queue, definition)?;
    let now = queue.now();
    let workflow = Workflow {
        id: queue.new_id(),
        project_id: project,
        name: text::name("name", name)?,
        version: 1,
        created_by: by.to_owned(),
        created_at: now,
        changed_at: now,
    };
    store::workflow_insert(tx, &workflow, definition).await?;
    Ok(workflow)
}

/// Gives a workflow another definition, under the next number. Runs that have begun keep theirs.
///
/// # Errors
/// `invalid` as [`check`] says; `conflict` if the definition is not the one of number `version` any more.
pub async fn revise(
    queue: &Queue,
    tx: &mut WriteTx,
    (id, version): (WorkflowId, i64),
    definition: &Definition,
    by: &str,
) -> Result<Workflow, Fault> {
    check_kinds(queue, definition)?;
    let workflow = store::workflow_lock(tx, id).await?.ok_or_else(|| Fault::not_found("workflow"))?;
    if workflow.version != version {
        let message = format!("version {} of this workflow is there already", workflow.version);
        return Err(Fault::new(Code::Conflict, message).on("version").fix("load it again and change that"));
    }
    Ok(store::workflow_revise(tx, &workflow, definition, (by, queue.now())).await?)
}

/// A workflow may not start workflows: nobody would see a circle of them.
fn check_kinds(queue: &Queue, definition: &Definition) -> Result<(), Fault> {
    let kinds: Vec<&str> = queue.specs().iter().map(|spec| spec.name).filter(|name| *name != START.name).collect();
    check(definition, &kinds)
}

/// Gives a workflow another name.
///
/// # Errors
/// `invalid` on `name`; `conflict` if it is taken.
pub async fn rename(queue: &Queue, tx: &mut WriteTx, id: WorkflowId, name: &str) -> Result<(), Fault> {
    let name = text::name("name", name)?;
    store::workflow_lock(tx, id).await?.ok_or_else(|| Fault::not_found("workflow"))?;
    Ok(store::workflow_rename(tx, id, &name, queue.now()).await?)
}

/// Removes a workflow with its versions, runs and backfills. Runs of the queue stay as long as others do; schedules and
/// triggers that start it are for the caller to remove.
///
/// # Errors
/// `conflict` while a run or a backfill is open.
pub async fn remove(tx: &mut WriteTx, id: WorkflowId) -> Result<(), Fault> {
    store::workflow_lock(tx, id).await?.ok_or_else(|| Fault::not_found("workflow"))?;
    if store::workflow_is_open(tx, id).await? {
        return Err(Fault::new(Code::Conflict, "a run of this workflow has not ended").fix("cancel it first"));
    }
    Ok(store::workflow_delete(tx, id).await?)
}
