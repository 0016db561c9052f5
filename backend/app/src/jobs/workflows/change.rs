//! Workflows are made, given another definition or name, and removed.

use lakegate_jobs::{watch::Asked, workflows as queue};
use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, WorkflowId},
    words::WatchScope,
    workflows::{Definition, Workflow},
};
use lakegate_policy::action;
use lakegate_store::{Tx, derived, job_runs, run_notices, sources, workflows as store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::find;
use crate::{
    App, Caller,
    audit::{self, Event},
    derived::QUERY,
    jobs::{
        Target, schedules,
        triggers::{self, circles},
    },
    places::inside_proof,
    sources::crawling::CRAWL,
};

/// The kinds of work that steps may do.
const KINDS: [&str; 2] = [CRAWL.name, QUERY.name];

/// Makes a workflow in a project.
///
/// # Errors
/// `invalid` on what of the definition cannot be carried out; `conflict` on `name` if it is taken.
pub async fn create(
    app: &App,
    caller: &Caller,
    (project, name): (ProjectId, &str),
    definition: &Definition,
) -> Result<Workflow, Fault> {
    change!(app, caller, "workflow.create", |tx, scope, actor| {
        inside_proof::<action::Contribute>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        check(tx, project, definition).await?;
        let made = queue::create(&app.queue, tx, (project, name), definition, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("workflow.create", &made)).await?;
        Ok(made)
    })
}

/// Gives a workflow another definition, under the next number; runs that have begun keep theirs.
///
/// # Errors
/// `invalid` as for a new one; `conflict` if `version` is not its latest any more.
pub async fn revise(
    app: &App,
    caller: &Caller,
    (id, version): (WorkflowId, i64),
    definition: &Definition,
) -> Result<Workflow, Fault> {
    change!(app, caller, "workflow.revise", |tx, scope, actor| {
        let workflow = find::<action::Contribute>(tx, (scope, actor), id).await?;
        check(tx, workflow.project_id, definition).await?;
        circles::need_none_of(tx, &workflow, definition).await?;
        let revised = queue::revise(&app.queue, tx, (id, version), definition, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("workflow.revise", &revised)).await?;
        Ok(revised)
    })
}

/// Gives a workflow another name.
pub async fn rename(app: &App, caller: &Caller, id: WorkflowId, name: &str) -> Result<Workflow, Fault> {
    change!(app, caller, "workflow.rename", |tx, scope, actor| {
        find::<action::Contribute>(tx, (scope, actor), id).await?;
        queue::rename(&app.queue, tx, id, name).await?;
        let renamed = store::workflow_find(tx, id).await?.ok_or_else(|| Fault::not_found("workflow"))?;
        schedules::rename(tx, Target::Workflow(id), &renamed.name).await?;
        audit::record(app, tx, caller, actor, event("workflow.rename", &renamed)).await?;
        Ok(renamed)
    })
}

/// Removes a workflow with its versions, runs and backfills, its schedule and triggers.
///
/// # Errors
/// `conflict` while a run or backfill is open or about to begin, or another trigger waits for its runs.
pub async fn remove(app: &App, caller: &Caller, id: WorkflowId) -> Result<(), Fault> {
    change!(app, caller, "workflow.remove", |tx, scope, actor| {
        let workflow = find::<action::Contribute>(tx, (scope, actor), id).await?;
        if job_runs::run_open(tx, queue::START.name, id.into()).await?.is_some() {
            return Err(Fault::new(Code::Conflict, "a run of this workflow is about to begin").fix("cancel it first"));
        }
        queue::remove(tx, id).await?;
        job_runs::runs_delete(tx, queue::START.name, id.into()).await?;
        triggers::forget_of(tx, Target::Workflow(id)).await?;
        run_notices::watches_of_delete(tx, WatchScope::Workflow, id.into()).await?;
        schedules::forget_of(tx, Target::Workflow(id)).await?;
        audit::record(app, tx, caller, actor, event("workflow.remove", &workflow)).await
    })
}

pub(super) fn event(action: &'static str, workflow: &Workflow) -> Event {
    let detail = json!({ "name": workflow.name, "version": workflow.version });
    Event::on(action, "workflow", workflow.id).owned_by(workflow.project_id).with(detail)
}

/// Steps do what members of the project may start by hand, and on what is the project's. Subjects that are known only
/// when a step begins are looked at then, by [`vouch`].
async fn check(tx: &mut Tx, project: ProjectId, definition: &Definition) -> Result<(), Fault> {
    for step in &definition.steps {
        need_kind(&step.kind)?;
        if let Value::String(subject) = &step.subject {
            let id = subject.parse().map_err(|_| Fault::invalid("subject", "this is no id"))?;
            need_own(tx, project, (&step.kind, id)).await?;
        }
    }
    Ok(())
}

/// Whether a step may have work done that it asks for when it begins.
pub(in crate::jobs) async fn vouch(tx: &mut Tx, asked: &Asked<'_>) -> Result<(), Fault> {
    need_kind(asked.spec.name)?;
    let subject = asked.subject.ok_or_else(|| Fault::invalid("subject", "what is worked on is not said"))?;
    need_own(tx, asked.project, (asked.spec.name, subject)).await
}

fn need_kind(kind: &str) -> Result<(), Fault> {
    if KINDS.contains(&kind) {
        return Ok(());
    }
    let message = format!("no step may do work of the kind {kind:?}");
    Err(Fault::invalid("kind", message).fix(format!("choose one of: {}", KINDS.join(", "))))
}

/// What a step works on is the project's own: the data source of a crawl, the derived table of a query.
async fn need_own(tx: &mut Tx, project: ProjectId, (kind, id): (&str, Uuid)) -> Result<(), Fault> {
    let (owner, word) = if kind == QUERY.name {
        (derived::derived_find(tx, id.into()).await?.map(|derived| derived.project_id), "derived table")
    } else {
        (sources::source_find(tx, id.into()).await?.map(|source| source.project_id), "data source")
    };
    let own = owner.filter(|owner| *owner == project);
    own.map(drop).ok_or_else(|| Fault::not_found(word).on("subject"))
}
