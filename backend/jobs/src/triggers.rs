//! Starts work when something happened: events are gathered, and become a run when there are enough of them or the
//! first has waited long enough, whichever comes first.
//!
//! An event is a row of the transaction in which it happened or was told; what has gathered survives a restart. Whoever
//! adds to a trigger holds its row, so that each event is part of one run.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault, Timestamp,
    ids::{ProjectId, TriggerId},
    jobs::{JobRun, Priority},
    triggers::{JobTrigger, NewEvent},
    words::{Happening, JobState, WorkflowState},
    workflows::WorkflowRun,
};
use lakegate_store::{WriteTx, in_queue, in_read, job_claims, job_runs, job_triggers as store};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Queue, Submission,
    schedule::{Batch, Planned},
    workflows::START,
};

/// Most events that wait in one trigger; those beyond are refused.
pub const MOST_GATHERED: i64 = 100_000;
/// Triggers that one transaction looks at.
const BATCH: u16 = 100;
/// When a trigger is looked at again whose kind has no room.
const NO_ROOM: TimeDelta = TimeDelta::seconds(30);

/// Something that happened in a project.
#[derive(Debug, Clone)]
pub struct Happened {
    pub project: ProjectId,
    pub happening: Happening,
    /// What it happened to: what the ended run worked on, or an asset.
    pub to: Uuid,
    /// How the run ended.
    pub outcome: Option<JobState>,
    /// What was worked on when it happened: it never starts work on that anew.
    pub by: Option<Uuid>,
    pub event: NewEvent,
}

/// Tells the triggers of a project that something happened, as part of the transaction in which it did. What a full
/// trigger cannot take is lost to it, and said in the log: whatever happened stands all the same.
///
/// # Errors
/// What the database says.
pub async fn tell(queue: &Queue, tx: &mut WriteTx, happened: &Happened) -> Result<(), Fault> {
    let watching = store::triggers_watching(tx, happened.project, happened.happening, Some(happened.to)).await?;
    for trigger in watching {
        let fits = trigger.outcome.is_none() || trigger.outcome == happened.outcome;
        if !fits || happened.by == Some(trigger.subject_id) {
            continue;
        }
        match add(queue, tx, trigger.id, std::slice::from_ref(&happened.event)).await {
            Err(fault) if fault.code == Code::Unavailable && !fault.transient => {
                tracing::warn!(trigger = %trigger.id, "a trigger is full, and misses an event");
            }
            done => drop(done?),
        }
    }
    Ok(())
}

/// Tells that runs have ended, those of them that have ended for good by themselves. One that starts a workflow is told of
/// when that has ended.
pub(crate) async fn tell_ended(queue: &Queue, tx: &mut WriteTx, runs: &[(&JobRun, JobState)]) -> Result<(), Fault> {
    let counts = |run: &JobRun, state| run.subject_id.is_some() && run.kind != START.name && is_over(state);
    let ended: Vec<&(&JobRun, JobState)> = runs.iter().filter(|(run, state)| counts(run, *state)).collect();
    if ended.is_empty() || !store::any_of_runs(tx).await? {
        return Ok(());
    }
    for (run, state) in ended {
        let Some(subject) = run.subject_id else { continue };
        let event = NewEvent { key: format!("run {}", run.id), about: format!("A run {state}") };
        tell_end(queue, tx, (run.project_id, subject), *state, event).await?;
    }
    Ok(())
}

fn is_over(state: JobState) -> bool {
    matches!(state, JobState::Succeeded | JobState::Failed)
}

/// Tells that a run of a workflow has ended by itself.
pub(crate) async fn tell_flow_ended(
    queue: &Queue,
    tx: &mut WriteTx,
    run: &WorkflowRun,
    state: WorkflowState,
) -> Result<(), Fault> {
    let state = match state {
        WorkflowState::Succeeded => JobState::Succeeded,
        WorkflowState::Failed => JobState::Failed,
        WorkflowState::Running | WorkflowState::Cancelled => return Ok(()),
    };
    // Once tried again it ends again, and starts what waits for that.
    let event = NewEvent {
        key: format!("workflow run {} {}", run.id, queue.now().timestamp_micros()),
        about: format!("A run of a workflow {state}"),
    };
    tell_end(queue, tx, (run.project_id, run.workflow_id.into()), state, event).await
}

async fn tell_end(
    queue: &Queue,
    tx: &mut WriteTx,
    (project, subject): (ProjectId, Uuid),
    state: JobState,
    event: NewEvent,
) -> Result<(), Fault> {
    // Workers lock the gate before triggers, as whoever plans does.
    if !gate_if_awaited(tx, project, subject).await? {
        return Ok(());
    }
    let happened = Happened {
        project,
        happening: Happening::RunEnded,
        to: subject,
        outcome: Some(state),
        by: Some(subject),
        event,
    };
    tell(queue, tx, &happened).await
}

/// Takes the gate if triggers wait for runs over something to end, and says whether they do. Whoever may end such a run
/// calls it before he has the row of any run in hand: whoever has the gate may wait for those.
pub(crate) async fn gate_if_awaited(tx: &mut WriteTx, project: ProjectId, subject: Uuid) -> Result<bool, Fault> {
    let is_awaited = !store::triggers_watching(tx, project, Happening::RunEnded, Some(subject)).await?.is_empty();
    if is_awaited {
        job_claims::gate(tx).await?;
    }
    Ok(is_awaited)
}

/// Gathers events of one trigger, and starts what is due by them. Returns how many were new.
///
/// # Errors
/// `not_found` if it was removed, `unavailable` if too much has gathered already.
pub async fn add(queue: &Queue, tx: &mut WriteTx, id: TriggerId, events: &[NewEvent]) -> Result<i64, Fault> {
    let (now, count) = (queue.now(), i64::try_from(events.len()).unwrap_or(i64::MAX));
    let trigger = store::trigger_lock(tx, id, count, Some(now)).await?.ok_or_else(|| Fault::not_found("trigger"))?;
    if trigger.gathered.saturating_add(count) > MOST_GATHERED {
        return Err(Fault::new(Code::Unavailable, format!("{} events wait in this trigger already", trigger.gathered))
            .fix("gather more of them in one run, or let its kind of work go on"));
    }
    let mut fresh = 0;
    for (number, event) in (trigger.last_event - count + 1..).zip(events) {
        fresh += i64::from(store::event_add(tx, id, number, event, now).await?);
    }
    if fresh > 0 {
        settle(queue, tx, &trigger, now).await?;
    }
    Ok(fresh)
}

/// Looks anew at what a trigger has gathered, once it was changed.
///
/// # Errors
/// What the database says.
pub async fn reconsider(queue: &Queue, tx: &mut WriteTx, id: TriggerId) -> Result<(), Fault> {
    let Some(trigger) = store::trigger_lock(tx, id, 0, None).await? else { return Ok(()) };
    settle(queue, tx, &trigger, queue.now()).await.map(drop)
}

/// Starts what is due of a locked trigger, and notes when the rest will be. One that is off keeps what it has gathered.
async fn settle(queue: &Queue, tx: &mut WriteTx, trigger: &JobTrigger, now: Timestamp) -> Result<usize, Fault> {
    let (mut left, mut first) = store::gathered(tx, trigger.id).await?;
    if !trigger.enabled {
        store::trigger_settle(tx, trigger.id, left, None).await?;
        return Ok(0);
    }
    let mut started = 0;
    while let Some(oldest) = first {
        let due = oldest + TimeDelta::seconds(trigger.batch_seconds);
        if left < trigger.batch_events && due > now {
            break;
        }
        if !start(queue, tx, trigger).await? {
            store::trigger_settle(tx, trigger.id, left, Some(now + NO_ROOM)).await?;
            return Ok(started);
        }
        started += 1;
        (left, first) = store::gathered(tx, trigger.id).await?;
    }
    let due = first.map(|oldest| oldest + TimeDelta::seconds(trigger.batch_seconds));
    store::trigger_settle(tx, trigger.id, left, due).await?;
    Ok(started)
}

/// Starts one run with as much as it takes. Returns whether there was room for it.
async fn start(queue: &Queue, tx: &mut WriteTx, trigger: &JobTrigger) -> Result<bool, Fault> {
    let Some(spec) = queue.spec(&trigger.kind) else {
        tracing::error!(trigger = %trigger.id, kind = trigger.kind, "a trigger starts work that nobody knows; it rests");
        return Ok(false);
    };
    if queue.room(tx, spec).await? < 1 {
        job_runs::note_refused(tx, spec.name, queue.now()).await?;
        return Ok(false);
    }
    let run = queue.put(tx, spec, submission(trigger)).await?.id();
    store::events_take(tx, trigger.id, run, trigger.batch_events).await?;
    Ok(true)
}

/// Each run has its own events, so none is merged with another; those over one subject wait for each other.
fn submission(trigger: &JobTrigger) -> Submission {
    Submission {
        subject: Some(trigger.subject_id),
        priority: Priority::NORMAL,
        serial_key: Some(trigger.subject_id.to_string()),
        trigger: "event",
        ..Submission::manual(
            trigger.project_id,
            format!("trigger {}", trigger.name),
            json!({ "trigger": trigger.id.to_string() }),
        )
    }
}

/// Starts the runs of triggers whose first event has waited long enough. Returns how many.
///
/// # Errors
/// What the database says.
pub async fn plan(queue: &Queue) -> Result<usize, Fault> {
    let mut planned = Planned::default();
    while is_due(queue).await? && planned.add(plan_batch(queue).await?) {}
    Ok(planned.wake(queue))
}

async fn is_due(queue: &Queue) -> Result<bool, Fault> {
    let now = queue.now();
    in_read!(&queue.parts().db, |tx, _scope| { Ok(store::next_due(tx).await?.is_some_and(|due| due <= now)) })
}

async fn plan_batch(queue: &Queue) -> Result<Batch, Fault> {
    let now = queue.now();
    in_queue!(&queue.parts().db, |tx| {
        job_claims::gate(tx).await?;
        let due = store::triggers_due(tx, now, i64::from(BATCH)).await?;
        let mut started = 0;
        for id in &due {
            let Some(trigger) = store::trigger_lock(tx, *id, 0, None).await? else { continue };
            started += settle(queue, tx, &trigger, now).await?;
        }
        Ok(Batch { full: due.len() >= usize::from(BATCH), started })
    })
}
