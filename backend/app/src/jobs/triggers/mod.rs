//! Triggers: what starts work when something happens.
//!
//! A trigger belongs to a data source or to a workflow. What is told from outside comes through [`calls`]; objects that nobody tells of
//! are found by [`listing`]; everything else is told by the use case in which it happens.

pub mod calls;
mod change;
pub(super) mod circles;
pub mod listing;
mod objects;
mod tell;
mod terms;

pub use change::{Made, NewTrigger, create, remove, renew_secret, update};
pub(crate) use change::{follow, forget_of};
pub(crate) use tell::{asset_published, table_changed};

use lakegate_model::{
    Fault, Page, PageRequest,
    catalog::DataSource,
    ids::{RunId, TriggerId},
    triggers::{JobTrigger, TriggerEvent},
};
use lakegate_policy::{Actor, Scope, action, action::Act, decide};
use lakegate_store::{Tx, job_triggers as store};

use crate::{
    App, Caller,
    jobs::target::{self, Started, Target},
    places::inside_proof,
};

/// The triggers of a data source or workflow, the latest first.
pub async fn list(app: &App, caller: &Caller, target: Target, page: &PageRequest) -> Result<Page<JobTrigger>, Fault> {
    look!(app, caller, "job.list_triggers", |tx, scope, actor| {
        target::find::<action::ViewProject>(tx, (scope, actor), target).await?;
        Ok(store::triggers_of(tx, target.kind(), target.id(), page).await?)
    })
}

/// One trigger.
pub async fn get(app: &App, caller: &Caller, id: TriggerId) -> Result<JobTrigger, Fault> {
    look!(app, caller, "job.get_trigger", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await
    })
}

/// What has happened to a trigger, the latest first.
pub async fn events(
    app: &App,
    caller: &Caller,
    id: TriggerId,
    page: &PageRequest,
) -> Result<Page<TriggerEvent>, Fault> {
    look!(app, caller, "job.list_trigger_events", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(store::events(tx, id, page).await?)
    })
}

/// What started a run, in the order it happened; names of objects are for the members of its project.
pub async fn events_of_run(
    app: &App,
    caller: &Caller,
    id: RunId,
    page: &PageRequest,
) -> Result<Page<TriggerEvent>, Fault> {
    look!(app, caller, "job.list_run_events", |tx, scope, actor| {
        let run = lakegate_store::job_runs::run_find(tx, id).await?;
        let project = run.map(|run| run.project_id);
        inside_proof::<action::ViewProject>(tx, scope, actor, project, "run").await.map(drop)?;
        Ok(store::events_of_run(tx, id, page).await?)
    })
}

/// A trigger of a project that the caller is a member of.
async fn find<A: Act>(tx: &mut Tx, (scope, actor): (&Scope, &Actor), id: TriggerId) -> Result<JobTrigger, Fault> {
    let found = store::trigger_find(tx, id).await?;
    let project = found.as_ref().map(|trigger| trigger.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "trigger").await?;
    decide::<A, _>(scope, actor, seen.on()).map(drop)?;
    found.ok_or_else(|| Fault::not_found("trigger"))
}

/// The data source in whose location a trigger looks for objects.
async fn source_of(tx: &mut Tx, trigger: &JobTrigger) -> Result<DataSource, Fault> {
    match target::of(tx, trigger).await? {
        Started::Source(source) => Ok(source),
        Started::Workflow(_) | Started::Derived(_) => Err(Fault::not_found("data source")),
    }
}
