//! What moves on by itself: parts for which the queue had no room, long backfills, and ends that nobody told of.

use lakegate_model::{
    Fault, Timestamp,
    ids::{BackfillId, RunId, WorkflowRunId},
};
use lakegate_store::{Tx, in_queue, in_read, job_claims, workflow_backfills, workflow_runs, workflow_steps};

use super::{backfill, ended_jobs, settle};
use crate::Queue;

/// How much one look finds.
const BATCH: i64 = 100;

/// What is to be moved on.
#[derive(Debug)]
struct Due {
    flows: Vec<WorkflowRunId>,
    backfills: Vec<BackfillId>,
    /// Runs of the queue that ended, or were deleted, without anybody telling of it.
    untold: Vec<RunId>,
}

/// When something is due next.
pub(crate) async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, Fault> {
    let (flow, backfill) = (workflow_runs::next_flow_due(tx).await?, workflow_backfills::next_backfill_due(tx).await?);
    Ok([flow, backfill].into_iter().flatten().min())
}

/// Moves on what is due. Returns how many runs and backfills that were.
///
/// # Errors
/// What the database says.
pub async fn plan(queue: &Queue) -> Result<usize, Fault> {
    let due = look(queue).await?;
    let count = due.flows.len() + due.backfills.len() + due.untold.len();
    for id in due.flows {
        flow(queue, id).await?;
    }
    for id in due.backfills {
        in_queue!(queue.db(), |tx| {
            job_claims::gate(tx).await?;
            backfill::go_on(queue, tx, id).await
        })?;
    }
    for id in due.untold {
        in_queue!(queue.db(), |tx| {
            job_claims::gate(tx).await?;
            ended_jobs(queue, tx, &[id]).await
        })?;
    }
    if count > 0 {
        queue.wake();
    }
    Ok(count)
}

/// A read first: an idle server takes no write lock.
async fn look(queue: &Queue) -> Result<Due, Fault> {
    let now = queue.now();
    in_read!(queue.db(), |tx, _scope| {
        if !workflow_runs::any_flow_open(tx).await? && next_due(tx).await?.is_none() {
            return Ok(Due { flows: Vec::new(), backfills: Vec::new(), untold: Vec::new() });
        }
        Ok(Due {
            flows: workflow_runs::flows_due(tx, now, BATCH).await?,
            backfills: workflow_backfills::backfills_due(tx, now, BATCH).await?,
            untold: workflow_steps::parts_untold(tx, BATCH).await?,
        })
    })
}

async fn flow(queue: &Queue, id: WorkflowRunId) -> Result<(), Fault> {
    in_queue!(queue.db(), |tx| {
        job_claims::gate(tx).await?;
        let Some(run) = workflow_runs::flow_find(tx, id).await? else { return Ok(()) };
        if let Some(backfill) = run.backfill_id {
            workflow_backfills::backfill_lock(tx, backfill).await?;
        }
        match workflow_runs::flow_lock(tx, id).await? {
            // Another server may have moved it on meanwhile.
            Some(run) if run.due_at.is_some() => settle(queue, tx, &run).await,
            _ => Ok(()),
        }
    })
}
