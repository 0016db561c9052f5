//! Starting a run of a workflow.

use lakegate_model::{
    Fault,
    ids::{RunId, WorkflowId, WorkflowRunId},
    words::WorkflowState,
    workflows::{Definition, WorkflowRun},
};
use lakegate_store::{WriteTx, workflow_runs, workflow_steps, workflows};
use serde_json::Value;

use super::advance;
use crate::{Queue, watch::WorkflowHappened};

/// Longest input of a run, in bytes of JSON.
const LONGEST: usize = 1 << 20;

/// Which workflow is started, and with what.
#[derive(Debug, Clone)]
pub struct Start {
    pub workflow: WorkflowId,
    /// The number of a definition; the latest if it is absent.
    pub version: Option<i64>,
    /// An object, which steps name as `input`.
    pub input: Value,
    /// What wants it, such as `manual`.
    pub trigger: String,
    /// The name of who wants it.
    pub by: String,
    /// The run of the queue that starts it: it starts it once.
    pub cause: Option<RunId>,
}

/// Starts a run of a workflow, as part of the transaction that wants it. Call [`Queue::wake`] once that is committed.
///
/// # Errors
/// `not_found` if there is no such workflow or version, `invalid` on `input` if it is no object or too long.
pub async fn start(queue: &Queue, tx: &mut WriteTx, wanted: &Start) -> Result<WorkflowRunId, Fault> {
    if let Some(cause) = wanted.cause
        && let Some(begun) = workflow_runs::flow_of_cause(tx, cause).await?
    {
        return Ok(begun.id);
    }
    check_input(&wanted.input)?;
    let workflow = workflows::workflow_find(tx, wanted.workflow).await?;
    let workflow = workflow.ok_or_else(|| Fault::not_found("workflow"))?;
    let number = wanted.version.unwrap_or(workflow.version);
    let version = workflows::version_find(tx, workflow.id, number).await?;
    let version = version.ok_or_else(|| Fault::not_found("version of this workflow"))?;
    let run = WorkflowRun {
        id: queue.new_id(),
        workflow_id: workflow.id,
        version: number,
        project_id: workflow.project_id,
        backfill_id: None,
        day: None,
        cause_id: wanted.cause,
        state: WorkflowState::Running,
        input: wanted.input.clone(),
        trigger_kind: wanted.trigger.clone(),
        started_by: wanted.by.clone(),
        cancel_requested: false,
        due_at: None,
        created_at: queue.now(),
        ended_at: None,
    };
    begin(queue, tx, &run, &version.definition).await?;
    Ok(run.id)
}

/// Checks what a run is started with.
pub(super) fn check_input(input: &Value) -> Result<(), Fault> {
    if !input.is_object() {
        return Err(Fault::invalid("input", "the input of a run is an object").fix("such as {\"day\": \"2026-05-03\"}"));
    }
    let length = serde_json::to_vec(input).map_err(Fault::internal)?.len();
    if length > LONGEST {
        return Err(Fault::invalid("input", format!("{length} bytes are too many; the limit is {LONGEST}"))
            .fix("hand over where long values are found, and not the values"));
    }
    Ok(())
}

/// Keeps a new run with its steps, and begins those that wait for nothing. Says how it ended, if it did at once.
pub(super) async fn begin(
    queue: &Queue,
    tx: &mut WriteTx,
    run: &WorkflowRun,
    definition: &Definition,
) -> Result<Option<WorkflowState>, Fault> {
    workflow_runs::flow_insert(tx, run).await?;
    for step in &definition.steps {
        workflow_steps::step_insert(tx, run.id, &step.name).await?;
    }
    queue.tell_of_workflow(tx, run, WorkflowHappened::Begun).await?;
    advance::advance(queue, tx, run).await
}
