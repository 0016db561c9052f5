//! Workflows are started, once or for a range of days; their runs are cancelled and tried anew.

use chrono::NaiveDate;
use lakegate_jobs::workflows::{self as queue, Range, Start};
use lakegate_model::{
    Fault,
    ids::{BackfillId, RunId, WorkflowId, WorkflowRunId},
    workflows::{Workflow, WorkflowRun},
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::{Tx, workflow_backfills, workflow_runs, workflow_steps, workflows as store};
use serde_json::Value;

use super::{BackfillView, FlowView, change::event, find, find_backfill, find_run, view_backfill};
use crate::{App, Caller, audit};

/// Which days of a workflow are wanted.
#[derive(Debug, Clone)]
pub struct Days {
    /// Such as `2026-05-03`; both are included.
    pub first: String,
    pub last: String,
    /// Days at work at once.
    pub at_most: i64,
    /// Whether days run again for which a run has succeeded.
    pub anew: bool,
    /// What each run gets beside `day`: an object.
    pub input: Value,
}

/// Starts a workflow with its latest definition, or that of a number.
///
/// # Errors
/// `invalid` on `input`.
pub async fn start(
    app: &App,
    caller: &Caller,
    (id, version): (WorkflowId, Option<i64>),
    input: &Value,
) -> Result<FlowView, Fault> {
    change!(app, caller, "workflow.start", |tx, scope, actor| {
        let workflow = find::<action::Contribute>(tx, (scope, actor), id).await?;
        let wanted = Start {
            workflow: id,
            version,
            input: input.clone(),
            trigger: "manual".into(),
            by: actor.name.clone(),
            cause: None,
        };
        let run = queue::start(&app.queue, tx, &wanted).await?;
        audit::record(app, tx, caller, actor, event("workflow.start", &workflow)).await?;
        view_again(tx, run).await
    })
}

/// Cancels a run of a workflow: nothing of it begins any more, what is at work is asked to stop.
///
/// # Errors
/// `conflict` if it has ended.
pub async fn cancel(app: &App, caller: &Caller, id: WorkflowRunId) -> Result<FlowView, Fault> {
    let (found, at_work) = change!(app, caller, "workflow.cancel_run", |tx, scope, actor| {
        let workflow = workflow_of(tx, (scope, actor), id).await?;
        let at_work = queue::cancel(&app.queue, tx, id).await?;
        audit::record(app, tx, caller, actor, event("workflow.cancel_run", &workflow)).await?;
        Ok((view_again(tx, id).await?, at_work))
    })?;
    tell_cancelled(app, at_work);
    Ok(found)
}

/// Tries anew what did not succeed in a run of a workflow; what did keeps what it gave.
///
/// # Errors
/// `conflict` if it has not ended or succeeded.
pub async fn retry(app: &App, caller: &Caller, id: WorkflowRunId) -> Result<FlowView, Fault> {
    change!(app, caller, "workflow.retry_run", |tx, scope, actor| {
        let workflow = workflow_of(tx, (scope, actor), id).await?;
        queue::retry(&app.queue, tx, id).await?;
        audit::record(app, tx, caller, actor, event("workflow.retry_run", &workflow)).await?;
        view_again(tx, id).await
    })
}

/// Starts a workflow for each day of a range, with the day as `day` in its input.
///
/// # Errors
/// `invalid` on `first`, `last`, `days`, `at_most` or `input`; `conflict` if an open backfill shares some of the days.
pub async fn backfill(app: &App, caller: &Caller, id: WorkflowId, days: &Days) -> Result<BackfillView, Fault> {
    let range = (day("first", &days.first)?, day("last", &days.last)?);
    change!(app, caller, "workflow.backfill", |tx, scope, actor| {
        let workflow = find::<action::Contribute>(tx, (scope, actor), id).await?;
        let wanted = Range {
            workflow: id,
            days: range,
            at_most: days.at_most,
            anew: days.anew,
            input: days.input.clone(),
            by: actor.name.clone(),
        };
        let begun = queue::request_backfill(&app.queue, tx, &wanted).await?;
        audit::record(app, tx, caller, actor, event("workflow.backfill", &workflow)).await?;
        view_backfill(tx, begun).await
    })
}

/// Cancels a backfill with its runs.
///
/// # Errors
/// `conflict` if it has ended.
pub async fn cancel_backfill(app: &App, caller: &Caller, id: BackfillId) -> Result<BackfillView, Fault> {
    let (found, at_work) = change!(app, caller, "workflow.cancel_backfill", |tx, scope, actor| {
        let backfill = find_backfill::<action::Contribute>(tx, (scope, actor), id).await?;
        let workflow = store::workflow_find(tx, backfill.workflow_id).await?;
        let workflow = workflow.ok_or_else(|| Fault::not_found("workflow"))?;
        let at_work = queue::cancel_backfill(&app.queue, tx, id).await?;
        audit::record(app, tx, caller, actor, event("workflow.cancel_backfill", &workflow)).await?;
        let backfill = workflow_backfills::backfill_find(tx, id).await?;
        let backfill = backfill.ok_or_else(|| Fault::not_found("backfill"))?;
        Ok((view_backfill(tx, backfill).await?, at_work))
    })?;
    tell_cancelled(app, at_work);
    Ok(found)
}

fn day(field: &'static str, text: &str) -> Result<NaiveDate, Fault> {
    text.trim().parse().map_err(|_| Fault::invalid(field, "this is no day").fix("such as 2026-05-03"))
}

fn tell_cancelled(app: &App, at_work: Vec<RunId>) {
    for run in at_work {
        app.queue.tell_cancelled(run);
    }
}

/// The workflow of a run that the caller may act on.
async fn workflow_of(tx: &mut Tx, who: (&Scope, &Actor), id: WorkflowRunId) -> Result<Workflow, Fault> {
    let run = find_run::<action::Contribute>(tx, who, id).await?;
    store::workflow_find(tx, run.workflow_id).await?.ok_or_else(|| Fault::not_found("workflow"))
}

async fn view_again(tx: &mut Tx, id: WorkflowRunId) -> Result<FlowView, Fault> {
    let run = workflow_runs::flow_find(tx, id).await?.ok_or_else(|| Fault::not_found("run"))?;
    view(tx, run).await
}

pub(super) async fn view(tx: &mut Tx, run: WorkflowRun) -> Result<FlowView, Fault> {
    let (steps, counts) = (workflow_steps::steps(tx, run.id).await?, workflow_steps::part_counts(tx, run.id).await?);
    Ok(FlowView { run, steps, counts })
}
