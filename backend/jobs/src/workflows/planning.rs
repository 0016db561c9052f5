//! What moves on by itself: parts for which the queue had no room, long backfills, and ends that nobody told of.

use chrono::TimeDelta;
use lakegate_model::{
    Fault,
    ids::{BackfillId, RunId, WorkflowRunId},
};
use lakegate_store::{in_queue, in_read, job_claims, workflow_backfills, workflow_runs, workflow_steps};

use super::{backfill, ended_jobs, settle};
use crate::Queue;

/// How much one look finds.
const BATCH: i64 = 100;
/// How often is looked for ends that nobody told of: whoever ends a run should, and this looks at all parts at work.
const SWEEP: TimeDelta = TimeDelta::seconds(60);

/// What is to be moved on.
#[derive(Debug)]
struct Due {
    flows: Vec<WorkflowRunId>,
    backfills: Vec<BackfillId>,
    /// Runs of the queue that ended, or were deleted, without anybody telling of it.
    untold: Vec<RunId>,
}

/// Moves on what is due. Returns how many runs and backfills that were. One that cannot be moved on holds up no other.
///
/// # Errors
/// What the database says when it is asked what is due.
pub async fn plan(queue: &Queue) -> Result<usize, Fault> {
    let due = look(queue).await?;
    let count = due.flows.len() + due.backfills.len() + due.untold.len();
    for id in due.flows {
        said(flow(queue, id).await);
    }
    for id in due.backfills {
        said(in_queue!(queue.db(), |tx| {
            job_claims::gate(tx).await?;
            backfill::go_on(queue, tx, id).await
        }));
    }
    for id in due.untold {
        said(in_queue!(queue.db(), |tx| {
            job_claims::gate(tx).await?;
            ended_jobs(queue, tx, &[id]).await
        }));
    }
    if count > 0 {
        queue.wake();
    }
    Ok(count)
}

fn said(done: Result<(), Fault>) {
    if let Err(fault) = done {
        tracing::error!(error = ?fault, "a workflow could not be moved on; it is tried again");
    }
}

/// A read first: an idle server takes no write lock.
async fn look(queue: &Queue) -> Result<Due, Fault> {
    let now = queue.now();
    let sweeps = queue.is_sweep_due(now, SWEEP);
    in_read!(queue.db(), |tx, _scope| {
        Ok(Due {
            flows: workflow_runs::flows_due(tx, now, BATCH).await?,
            backfills: workflow_backfills::backfills_due(tx, now, BATCH).await?,
            untold: if sweeps { workflow_steps::parts_untold(tx, BATCH).await? } else { Vec::new() },
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
