//! Workflows: graphs of steps, each of which is work of the queue.
//!
//! A run of a workflow is moved on in the transaction in which a run of the queue ends that works for it, whoever ends
//! it ([`Queue::tell`] is where all ends come by), so nothing is lost between an end and what follows from it. Whoever
//! moves it on holds its row, so nothing follows twice.
//!
//! # What is locked in which order
//! The gate of the queue if at all, workflows, backfills by their ids, runs of workflows by theirs, runs of the queue.
//! Use cases, whose transactions are serializable, would start over all the time if each locked the gate: only those do
//! that may end a run of a workflow that triggers wait for, and before all else.

mod advance;
mod backfill;
mod cancel;
mod decide;
mod define;
mod expand;
mod planning;
mod retry;
mod start;
mod starter;

use lakegate_model::{
    Fault,
    ids::{BackfillId, RunId, WorkflowRunId},
    words::{JobState, StepState},
    workflows::WorkflowRun,
};
use lakegate_store::{WriteTx, job_claims, job_runs, workflow_backfills, workflow_runs, workflow_steps};
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Queue, triggers,
    watch::{Happened, News},
};

pub use backfill::{MOST_DAYS, Range, backfill_progress, cancel_backfill, request_backfill};
pub use cancel::cancel;
pub use define::{create, remove, rename, revise};
pub use expand::MOST_PARTS;
pub use planning::plan;
pub use retry::retry;
pub use start::{Start, start};
pub use starter::{START, StartWorkflow};

/// What stands at runs of the queue as that which started them, if they are parts of a workflow.
pub const TRIGGER: &str = "workflow";

/// Runs of workflows, with their backfills and the runs of the queue that were asked for.
type Concerned = BTreeMap<WorkflowRunId, (Option<BackfillId>, Vec<RunId>)>;

/// The runs of workflows that wait for some runs of the queue.
async fn concerned(tx: &mut WriteTx, jobs: &[RunId]) -> Result<Concerned, Fault> {
    let mut found = Concerned::new();
    if jobs.is_empty() || !workflow_runs::any_flow_open(tx).await? {
        return Ok(found);
    }
    for job in jobs {
        if let Some((flow, backfill)) = workflow_steps::flow_of_run(tx, *job).await? {
            found.entry(flow).or_insert_with(|| (backfill, Vec::new())).1.push(*job);
        }
    }
    Ok(found)
}

async fn lock(tx: &mut WriteTx, found: &Concerned) -> Result<Vec<WorkflowRun>, Fault> {
    let backfills: BTreeSet<BackfillId> = found.values().filter_map(|(backfill, _)| *backfill).collect();
    for backfill in backfills {
        workflow_backfills::backfill_lock(tx, backfill).await?;
    }
    let mut locked = Vec::with_capacity(found.len());
    for flow in found.keys() {
        locked.extend(workflow_runs::flow_lock(tx, *flow).await?);
    }
    Ok(locked)
}

/// Locks what has to move on when some runs of the queue end. A worker calls it before it writes that down: it would wait
/// for a workflow's run with rows in its hands, otherwise, for which the holder of that run may wait.
pub(crate) async fn hold(tx: &mut WriteTx, jobs: &[RunId]) -> Result<(), Fault> {
    let found = concerned(tx, jobs).await?;
    if found.is_empty() {
        return Ok(());
    }
    job_claims::gate(tx).await?;
    lock(tx, &found).await.map(drop)
}

/// Locks what has to move on when somebody ends a run of the queue himself, who calls it before he does.
pub(crate) async fn hold_for_end(tx: &mut WriteTx, job: RunId) -> Result<(), Fault> {
    let found = concerned(tx, &[job]).await?;
    for flow in found.keys() {
        if let Some(run) = workflow_runs::flow_find(tx, *flow).await? {
            triggers::gate_if_awaited(tx, run.project_id, run.workflow_id.into()).await?;
        }
    }
    lock(tx, &found).await.map(drop)
}

/// Moves workflows on, in the transaction in which runs of the queue end.
pub(crate) async fn heard(queue: &Queue, tx: &mut WriteTx, news: &[News]) -> Result<(), Fault> {
    let ended = news.iter().filter(|news| news.happened == Happened::Ended).map(|news| news.run);
    ended_jobs(queue, tx, &ended.collect::<Vec<_>>()).await
}

async fn ended_jobs(queue: &Queue, tx: &mut WriteTx, jobs: &[RunId]) -> Result<(), Fault> {
    let found = concerned(tx, jobs).await?;
    for flow in lock(tx, &found).await? {
        for job in &found[&flow.id].1 {
            note_end(queue, tx, *job).await?;
        }
        settle(queue, tx, &flow).await?;
    }
    Ok(())
}

/// Writes down how a part ended, if its run of the queue has ended or is gone.
async fn note_end(queue: &Queue, tx: &mut WriteTx, job: RunId) -> Result<(), Fault> {
    let Some(run) = job_runs::run_find(tx, job).await? else {
        let gone = Some("the run of the queue that worked on it is gone");
        return Ok(workflow_steps::part_end(tx, job, StepState::Failed, (None, gone), queue.now()).await.map(drop)?);
    };
    let state = match run.state {
        JobState::Succeeded => StepState::Succeeded,
        JobState::Failed => StepState::Failed,
        JobState::Cancelled => StepState::Cancelled,
        JobState::Scheduled | JobState::Waiting | JobState::Held | JobState::Running => return Ok(()),
    };
    let came_of_it = (run.output.as_ref(), run.error.as_deref());
    Ok(workflow_steps::part_end(tx, job, state, came_of_it, queue.now()).await.map(drop)?)
}

/// As [`move_on`]. What cannot be moved on by a mistake of ours is looked at again later: the ends of other runs that are
/// written down in the same transaction have nothing to do with it.
async fn settle(queue: &Queue, tx: &mut WriteTx, flow: &WorkflowRun) -> Result<(), Fault> {
    match move_on(queue, tx, flow).await {
        Err(fault) if !fault.transient => {
            tracing::error!(run = %flow.id, error = ?fault, "a workflow could not be moved on; it is tried again");
            let later = queue.now() + advance::LATER;
            Ok(workflow_runs::flow_set_due(tx, flow.id, Some(later)).await?)
        }
        done => done,
    }
}

/// Moves a locked run on, and its locked backfill if it ends.
async fn move_on(queue: &Queue, tx: &mut WriteTx, flow: &WorkflowRun) -> Result<(), Fault> {
    let ended = advance::advance(queue, tx, flow).await?;
    match flow.backfill_id {
        Some(backfill) if ended.is_some() => backfill::go_on(queue, tx, backfill).await,
        _ => Ok(()),
    }
}
