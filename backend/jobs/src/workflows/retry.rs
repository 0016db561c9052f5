//! Trying anew what did not succeed in a run of a workflow.

use lakegate_model::{
    Code, Fault,
    ids::{BackfillId, WorkflowRunId},
    words::WorkflowState,
    workflows::WorkflowRun,
};
use lakegate_store::{WriteTx, job_runs, workflow_backfills as backfills, workflow_runs, workflow_steps, workflows};

use super::{cancel::find, move_on};
use crate::{Queue, triggers};

/// Opens a run again that failed or was cancelled: parts that failed or were cancelled, and steps that were skipped, get
/// another chance with new runs of the queue, and those that succeeded keep what they gave. It runs the definition that it
/// began with. Call [`Queue::wake`] once the transaction is committed.
///
/// # Errors
/// `conflict` if it has not ended or succeeded, or its backfill has no room for it.
pub async fn retry(queue: &Queue, tx: &mut WriteTx, id: WorkflowRunId) -> Result<(), Fault> {
    let run = find(tx, id).await?;
    triggers::gate_if_awaited(tx, run.project_id, run.workflow_id.into()).await?;
    if let Some(backfill) = run.backfill_id {
        workflows::workflow_lock(tx, run.workflow_id).await?;
        backfills::backfill_lock(tx, backfill).await?;
    }
    let run = workflow_runs::flow_lock(tx, id).await?.ok_or_else(|| Fault::not_found("run"))?;
    if !matches!(run.state, WorkflowState::Failed | WorkflowState::Cancelled) {
        return Err(Fault::new(Code::Conflict, format!("this run has not failed, it is {}", run.state)));
    }
    if let Some(backfill) = run.backfill_id {
        reopen_backfill(tx, backfill, &run).await?;
    }
    for job in workflow_steps::parts_reopen(tx, id).await? {
        // Somebody has looked after it with this.
        job_runs::run_resolve(tx, job, queue.now()).await?;
    }
    workflow_runs::flow_set_state(tx, id, (WorkflowState::Running, false), None).await?;
    let run = WorkflowRun { state: WorkflowState::Running, cancel_requested: false, ended_at: None, ..run };
    move_on(queue, tx, &run).await
}

/// A day that runs again counts among those at work, and belongs to one open backfill at most. A backfill that was
/// cancelled stays so: no other day of it begins.
async fn reopen_backfill(tx: &mut WriteTx, id: BackfillId, run: &WorkflowRun) -> Result<(), Fault> {
    let backfill =
        backfills::backfill_find(tx, id).await?.ok_or_else(|| Fault::internal("a run's backfill is gone"))?;
    let day = run.day.as_deref().unwrap_or_default();
    if backfills::backfill_over(tx, run.workflow_id, (day, day), id).await?.is_some() {
        return Err(Fault::new(Code::Conflict, format!("another backfill is at work on {day}"))
            .fix("wait for it, or cancel it"));
    }
    let running = backfills::backfill_counts(tx, id).await?.get(&WorkflowState::Running).copied().unwrap_or_default();
    if running >= backfill.at_most {
        return Err(Fault::new(Code::Conflict, format!("{running} days of this backfill are at work already"))
            .fix("wait until one of them has ended"));
    }
    Ok(backfills::backfill_set_state(tx, id, (WorkflowState::Running, backfill.cancel_requested), None).await?)
}
