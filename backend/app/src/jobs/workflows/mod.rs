//! Workflows of a project: graphs of work, what they do, what became of their runs. For the project's members.

mod change;
mod runs;

pub(super) use change::vouch;
pub use change::{create, remove, rename, revise};
pub use runs::{Days, backfill, cancel, cancel_backfill, retry, start};

use lakegate_jobs::workflows as queue;
use lakegate_model::{
    Fault, Page, PageRequest,
    ids::{BackfillId, ProjectId, WorkflowId, WorkflowRunId},
    workflows::{Backfill, BackfillProgress, Workflow, WorkflowPart, WorkflowRun, WorkflowStep, WorkflowVersion},
};
use lakegate_policy::{Actor, Scope, action, action::Act, decide};
pub use lakegate_store::workflow_steps::PartCounts;
use lakegate_store::{Tx, workflow_backfills, workflow_runs, workflow_steps, workflows as store};
use std::collections::BTreeMap;

use crate::{App, Caller, places::inside_proof};

/// A run of a workflow with its steps.
#[derive(Debug, Clone)]
pub struct FlowView {
    pub run: WorkflowRun,
    /// In the order of their names.
    pub steps: Vec<WorkflowStep>,
    /// How far each step is that has begun, by its name.
    pub counts: BTreeMap<String, PartCounts>,
}

/// A backfill and how far it is.
#[derive(Debug, Clone)]
pub struct BackfillView {
    pub backfill: Backfill,
    pub progress: BackfillProgress,
}

/// The workflows of a project, the latest first.
pub async fn list(app: &App, caller: &Caller, project: ProjectId, page: &PageRequest) -> Result<Page<Workflow>, Fault> {
    look!(app, caller, "workflow.list", |tx, scope, actor| {
        inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        Ok(store::workflow_list(tx, project, page).await?)
    })
}

/// One workflow.
pub async fn get(app: &App, caller: &Caller, id: WorkflowId) -> Result<Workflow, Fault> {
    look!(app, caller, "workflow.view", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await
    })
}

/// The definitions of a workflow, the latest first.
pub async fn versions(
    app: &App,
    caller: &Caller,
    id: WorkflowId,
    page: &PageRequest,
) -> Result<Page<WorkflowVersion>, Fault> {
    look!(app, caller, "workflow.view", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(store::version_list(tx, id, page).await?)
    })
}

/// The runs of a workflow, the latest first.
pub async fn list_runs(
    app: &App,
    caller: &Caller,
    id: WorkflowId,
    page: &PageRequest,
) -> Result<Page<WorkflowRun>, Fault> {
    look!(app, caller, "workflow.list_runs", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(workflow_runs::flow_list(tx, id, page).await?)
    })
}

/// One run of a workflow, step by step.
pub async fn get_run(app: &App, caller: &Caller, id: WorkflowRunId) -> Result<FlowView, Fault> {
    look!(app, caller, "workflow.view_run", |tx, scope, actor| {
        let run = find_run::<action::ViewProject>(tx, (scope, actor), id).await?;
        runs::view(tx, run).await
    })
}

/// The parts of a step of a run, in the order of the list that it was divided by.
pub async fn parts(
    app: &App,
    caller: &Caller,
    (id, step): (WorkflowRunId, &str),
    page: &PageRequest,
) -> Result<Page<WorkflowPart>, Fault> {
    look!(app, caller, "workflow.view_run", |tx, scope, actor| {
        find_run::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(workflow_steps::part_list(tx, id, step, page).await?)
    })
}

/// The backfills of a workflow, the latest first.
pub async fn list_backfills(
    app: &App,
    caller: &Caller,
    id: WorkflowId,
    page: &PageRequest,
) -> Result<Page<BackfillView>, Fault> {
    look!(app, caller, "workflow.view_backfill", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await?;
        let found = workflow_backfills::backfill_list(tx, id, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for backfill in found.items {
            items.push(view_backfill(tx, backfill).await?);
        }
        Ok(Page { items, next: found.next })
    })
}

/// One backfill.
pub async fn get_backfill(app: &App, caller: &Caller, id: BackfillId) -> Result<BackfillView, Fault> {
    look!(app, caller, "workflow.view_backfill", |tx, scope, actor| {
        let backfill = find_backfill::<action::ViewProject>(tx, (scope, actor), id).await?;
        view_backfill(tx, backfill).await
    })
}

/// The runs of a backfill, in the order of their days.
pub async fn backfill_runs(
    app: &App,
    caller: &Caller,
    id: BackfillId,
    page: &PageRequest,
) -> Result<Page<WorkflowRun>, Fault> {
    look!(app, caller, "workflow.view_backfill", |tx, scope, actor| {
        find_backfill::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(workflow_runs::flow_list_of_backfill(tx, id, page).await?)
    })
}

async fn view_backfill(tx: &mut Tx, backfill: Backfill) -> Result<BackfillView, Fault> {
    Ok(BackfillView { progress: queue::backfill_progress(tx, backfill.id).await?, backfill })
}

/// Strangers are told what they are told of a workflow that does not exist.
async fn need<A: Act>(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    project: Option<ProjectId>,
    noun: &'static str,
) -> Result<(), Fault> {
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, noun).await?;
    decide::<A, _>(scope, actor, seen.on()).map(drop)
}

pub(in crate::jobs) async fn find<A: Act>(
    tx: &mut Tx,
    who: (&Scope, &Actor),
    id: WorkflowId,
) -> Result<Workflow, Fault> {
    let found = store::workflow_find(tx, id).await?;
    need::<A>(tx, who, found.as_ref().map(|workflow| workflow.project_id), "workflow").await?;
    found.ok_or_else(|| Fault::not_found("workflow"))
}

async fn find_run<A: Act>(tx: &mut Tx, who: (&Scope, &Actor), id: WorkflowRunId) -> Result<WorkflowRun, Fault> {
    let found = workflow_runs::flow_find(tx, id).await?;
    need::<A>(tx, who, found.as_ref().map(|run| run.project_id), "run").await?;
    found.ok_or_else(|| Fault::not_found("run"))
}

async fn find_backfill<A: Act>(tx: &mut Tx, who: (&Scope, &Actor), id: BackfillId) -> Result<Backfill, Fault> {
    let found = workflow_backfills::backfill_find(tx, id).await?;
    let workflow = match &found {
        Some(backfill) => store::workflow_find(tx, backfill.workflow_id).await?,
        None => None,
    };
    need::<A>(tx, who, workflow.map(|workflow| workflow.project_id), "backfill").await?;
    found.ok_or_else(|| Fault::not_found("backfill"))
}
