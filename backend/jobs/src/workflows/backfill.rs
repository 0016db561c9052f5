//! A workflow over a range of days: one run for each, so many at once.

use chrono::{Datelike, NaiveDate};
use lakegate_model::{
    Code, Fault,
    ids::{BackfillId, RunId, WorkflowId},
    words::WorkflowState,
    workflows::{Backfill, BackfillProgress, WorkflowRun},
};
use lakegate_store::{Tx, WriteTx, workflow_backfills as store, workflow_runs, workflows};
use serde_json::Value;
use uuid::Uuid;

use super::{
    cancel::stop,
    start::{begin, check_input},
};
use crate::{Queue, triggers};

/// Most days of a backfill.
pub const MOST_DAYS: i64 = 3_660;
/// Most days at work at once.
const MOST_AT_ONCE: i64 = 100;
/// Days that one transaction looks at.
const STRIDE: usize = 200;

/// Which days of a workflow are wanted.
#[derive(Debug, Clone)]
pub struct Range {
    pub workflow: WorkflowId,
    /// The first day and the last, both included.
    pub days: (NaiveDate, NaiveDate),
    /// Days at work at once.
    pub at_most: i64,
    /// Whether days run again for which a run of an earlier backfill has succeeded.
    pub anew: bool,
    /// What each run gets beside `day`: an object.
    pub input: Value,
    /// The name of who wants it.
    pub by: String,
}

/// Begins a backfill with the workflow's latest definition, as part of the transaction that wants it; the days come one
/// after the other, the earliest first. Days for which a run of an earlier backfill of this workflow has succeeded, with
/// whatever definition, are left out unless they are wanted anew. While a backfill over these days is open, asking again
/// gives that one. Call [`Queue::wake`] once the transaction is committed.
///
/// # Errors
/// `invalid` on `days`, `at_most` or `input`; `conflict` if an open backfill shares some of the days.
pub async fn request_backfill(queue: &Queue, tx: &mut WriteTx, range: &Range) -> Result<Backfill, Fault> {
    check(range)?;
    gate_if_awaited(tx, range.workflow).await?;
    let workflow = workflows::workflow_lock(tx, range.workflow).await?.ok_or_else(|| Fault::not_found("workflow"))?;
    let (first_day, last_day) = (range.days.0.to_string(), range.days.1.to_string());
    let none = BackfillId(Uuid::nil());
    if let Some(open) = store::backfill_over(tx, workflow.id, (&first_day, &last_day), none).await? {
        return same(open, (&first_day, &last_day));
    }
    let backfill = Backfill {
        id: queue.new_id(),
        workflow_id: workflow.id,
        version: workflow.version,
        next_day: first_day.clone(),
        first_day,
        last_day,
        at_most: range.at_most,
        anew: range.anew,
        covered: 0,
        input: range.input.clone(),
        state: WorkflowState::Running,
        cancel_requested: false,
        due_at: None,
        created_by: range.by.clone(),
        created_at: queue.now(),
        ended_at: None,
    };
    store::backfill_insert(tx, &backfill).await?;
    go_on(queue, tx, backfill.id).await?;
    find(tx, backfill.id).await
}

/// A day may end at once, and triggers may wait for that.
async fn gate_if_awaited(tx: &mut WriteTx, id: WorkflowId) -> Result<(), Fault> {
    match workflows::workflow_find(tx, id).await? {
        Some(workflow) => triggers::gate_if_awaited(tx, workflow.project_id, id.into()).await.map(drop),
        None => Ok(()),
    }
}

fn check(range: &Range) -> Result<(), Fault> {
    let (first, last) = range.days;
    let count = (last - first).num_days() + 1;
    if !(1..=MOST_DAYS).contains(&count) || first.year() < 1 || last.year() > 9_998 {
        return Err(Fault::invalid("days", format!("a backfill is over 1 to {MOST_DAYS} days, not {count}"))
            .fix("give the earlier day first, and divide longer ranges"));
    }
    if !(1..=MOST_AT_ONCE).contains(&range.at_most) {
        return Err(Fault::invalid("at_most", "this is out of range").fix(format!("a number from 1 to {MOST_AT_ONCE}")));
    }
    check_input(&range.input)
}

fn same(open: Backfill, days: (&str, &str)) -> Result<Backfill, Fault> {
    if (open.first_day.as_str(), open.last_day.as_str()) == days {
        return Ok(open);
    }
    let message = format!("the backfill from {} to {} shares days with this one", open.first_day, open.last_day);
    Err(Fault::new(Code::Conflict, message).on("days").fix("wait for it, cancel it, or leave its days out"))
}

async fn find(tx: &mut Tx, id: BackfillId) -> Result<Backfill, Fault> {
    store::backfill_find(tx, id).await?.ok_or_else(|| Fault::not_found("backfill"))
}

/// Starts as many days as may be at work, and ends the backfill when none is left.
pub(super) async fn go_on(queue: &Queue, tx: &mut WriteTx, id: BackfillId) -> Result<(), Fault> {
    let Some(mut backfill) = store::backfill_lock(tx, id).await? else { return Ok(()) };
    if backfill.state != WorkflowState::Running {
        return Ok(());
    }
    let running = start_days(queue, tx, &mut backfill).await?;
    let left = is_left(&backfill);
    backfill.due_at = (left && running < backfill.at_most).then(|| queue.now());
    store::backfill_move_on(tx, &backfill).await?;
    if left || running > 0 {
        return Ok(());
    }
    let counts = store::backfill_counts(tx, id).await?;
    let all_succeeded = counts.keys().all(|state| *state == WorkflowState::Succeeded);
    let state = match all_succeeded {
        _ if backfill.cancel_requested => WorkflowState::Cancelled,
        true => WorkflowState::Succeeded,
        false => WorkflowState::Failed,
    };
    Ok(store::backfill_set_state(tx, id, (state, backfill.cancel_requested), Some(queue.now())).await?)
}

fn is_left(backfill: &Backfill) -> bool {
    !backfill.cancel_requested && backfill.next_day <= backfill.last_day
}

/// Starts days until so many are at work, or enough were looked at. Returns how many are at work.
async fn start_days(queue: &Queue, tx: &mut WriteTx, backfill: &mut Backfill) -> Result<i64, Fault> {
    let counts = store::backfill_counts(tx, backfill.id).await?;
    let mut running = counts.get(&WorkflowState::Running).copied().unwrap_or_default();
    for _ in 0..STRIDE {
        if running >= backfill.at_most || !is_left(backfill) {
            break;
        }
        let next = day_after(&backfill.next_day)?;
        let day = std::mem::replace(&mut backfill.next_day, next);
        if !backfill.anew && store::day_is_covered(tx, backfill.workflow_id, &day).await? {
            backfill.covered += 1;
        } else if !start_day(queue, tx, backfill, day).await? {
            running += 1;
        }
    }
    Ok(running)
}

/// Starts the run of a day. Says whether it has ended at once.
async fn start_day(queue: &Queue, tx: &mut WriteTx, backfill: &Backfill, day: String) -> Result<bool, Fault> {
    let workflow = workflows::workflow_find(tx, backfill.workflow_id).await?;
    let version = workflows::version_find(tx, backfill.workflow_id, backfill.version).await?;
    let (Some(workflow), Some(version)) = (workflow, version) else {
        return Err(Fault::internal("a backfill has no workflow"));
    };
    let mut input = backfill.input.clone();
    if let Some(members) = input.as_object_mut() {
        members.insert("day".to_owned(), Value::String(day.clone()));
    }
    let run = WorkflowRun {
        id: queue.new_id(),
        workflow_id: workflow.id,
        version: backfill.version,
        project_id: workflow.project_id,
        backfill_id: Some(backfill.id),
        day: Some(day),
        cause_id: None,
        state: WorkflowState::Running,
        input,
        trigger_kind: "backfill".to_owned(),
        started_by: backfill.created_by.clone(),
        cancel_requested: false,
        due_at: None,
        created_at: queue.now(),
        ended_at: None,
    };
    Ok(begin(queue, tx, &run, &version.definition).await?.is_some())
}

fn day_of(text: &str) -> Result<NaiveDate, Fault> {
    text.parse().map_err(|_| Fault::internal(format!("{text:?} is no day")))
}

fn day_after(day: &str) -> Result<String, Fault> {
    let next = day_of(day)?.succ_opt().ok_or_else(|| Fault::internal("the last day of all"))?;
    Ok(next.to_string())
}

/// Cancels a backfill: no other day begins, and those at work are cancelled. Returns the runs of the queue that are at
/// work: [`Queue::tell_cancelled`] each of them once the transaction is committed.
///
/// # Errors
/// `conflict` if it has ended.
pub async fn cancel_backfill(queue: &Queue, tx: &mut WriteTx, id: BackfillId) -> Result<Vec<RunId>, Fault> {
    let workflow = find(tx, id).await?.workflow_id;
    gate_if_awaited(tx, workflow).await?;
    let backfill = store::backfill_lock(tx, id).await?.ok_or_else(|| Fault::not_found("backfill"))?;
    if backfill.state != WorkflowState::Running {
        return Err(Fault::new(Code::Conflict, format!("this backfill has {} already", backfill.state)));
    }
    store::backfill_set_state(tx, id, (WorkflowState::Running, true), None).await?;
    let mut at_work = Vec::new();
    for run in workflow_runs::flows_open_of_backfill(tx, id).await? {
        if let Some(run) = workflow_runs::flow_lock(tx, run).await? {
            at_work.extend(stop(queue, tx, run).await?);
        }
    }
    go_on(queue, tx, id).await?;
    Ok(at_work)
}

/// How far a backfill is.
///
/// # Errors
/// `not_found` if there is none.
pub async fn backfill_progress(tx: &mut Tx, id: BackfillId) -> Result<BackfillProgress, Fault> {
    let backfill = find(tx, id).await?;
    let counts = store::backfill_counts(tx, id).await?;
    let of = |state| counts.get(&state).copied().unwrap_or_default();
    let last = day_of(&backfill.last_day)?;
    let until_last = |first: &str| Ok::<_, Fault>((last - day_of(first)?).num_days() + 1);
    let left = until_last(&backfill.next_day)?;
    // Days that were left when it was cancelled will not come any more.
    let (waiting, never) = if backfill.cancel_requested { (0, left) } else { (left, 0) };
    Ok(BackfillProgress {
        days: until_last(&backfill.first_day)?,
        covered: backfill.covered,
        waiting,
        running: of(WorkflowState::Running),
        succeeded: of(WorkflowState::Succeeded),
        failed: of(WorkflowState::Failed),
        cancelled: of(WorkflowState::Cancelled) + never,
    })
}
