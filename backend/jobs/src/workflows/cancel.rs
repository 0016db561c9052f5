//! Cancelling a run of a workflow.

use lakegate_model::{
    Code, Fault,
    ids::{RunId, WorkflowRunId},
    words::WorkflowState,
    workflows::WorkflowRun,
};
use lakegate_store::{WriteTx, job_runs, workflow_backfills, workflow_runs, workflow_steps};

use super::{advance, backfill, note_end};
use crate::{Queue, triggers, watch::News};

/// Cancels a run: what waits is left out, what is at work is asked to stop, and the run has ended when that has. What
/// was done until then stays. Returns the runs of the queue that are at work: [`Queue::tell_cancelled`] each of them once
/// the transaction is committed.
///
/// # Errors
/// `conflict` if it has ended.
pub async fn cancel(queue: &Queue, tx: &mut WriteTx, id: WorkflowRunId) -> Result<Vec<RunId>, Fault> {
    let run = find(tx, id).await?;
    triggers::gate_if_awaited(tx, run.project_id, run.workflow_id.into()).await?;
    if let Some(backfill) = run.backfill_id {
        workflow_backfills::backfill_lock(tx, backfill).await?;
    }
    let run = workflow_runs::flow_lock(tx, id).await?.ok_or_else(|| Fault::not_found("run"))?;
    if run.state != WorkflowState::Running {
        return Err(Fault::new(Code::Conflict, format!("this run has {} already", run.state)));
    }
    let at_work = stop(queue, tx, run).await?;
    if let Some(backfill) = find(tx, id).await?.backfill_id {
        backfill::go_on(queue, tx, backfill).await?;
    }
    Ok(at_work)
}

pub(super) async fn find(tx: &mut WriteTx, id: WorkflowRunId) -> Result<WorkflowRun, Fault> {
    workflow_runs::flow_find(tx, id).await?.ok_or_else(|| Fault::not_found("run"))
}

/// Stops a locked run. Returns the runs of the queue that are at work.
pub(super) async fn stop(queue: &Queue, tx: &mut WriteTx, run: WorkflowRun) -> Result<Vec<RunId>, Fault> {
    let run = WorkflowRun { cancel_requested: true, due_at: None, ..run };
    workflow_runs::flow_set_state(tx, run.id, (run.state, true), None).await?;
    workflow_steps::parts_cancel_waiting(tx, run.id, queue.now()).await?;
    let mut at_work = Vec::new();
    for job in workflow_steps::parts_at_work(tx, run.id).await? {
        match job_runs::run_cancel(tx, job, queue.now()).await? {
            Some(true) => at_work.push(job),
            Some(false) => {
                note_end(queue, tx, job).await?;
                queue.tell_watch(tx, &[News::ended(job)]).await?;
            }
            None => note_end(queue, tx, job).await?,
        }
    }
    advance::advance(queue, tx, &run).await?;
    Ok(at_work)
}
