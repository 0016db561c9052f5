//! Workflows are made, given another definition or name, and removed.

use lakegate_jobs::workflows as queue;
use lakegate_model::{
    Fault,
    ids::{DataSourceId, ProjectId, WorkflowId},
    workflows::{Definition, Workflow},
};
use lakegate_policy::action;
use lakegate_store::{Tx, sources, workflows as store};
use serde_json::{Value, json};

use super::find;
use crate::{
    App, Caller,
    audit::{self, Event},
    places::inside_proof,
    sources::crawling::CRAWL,
};

/// The kinds of work that steps may do.
const KINDS: [&str; 1] = [CRAWL.name];

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
        audit::record(app, tx, caller, actor, event("workflow.rename", &renamed)).await?;
        Ok(renamed)
    })
}

/// Removes a workflow with its versions, runs and backfills.
///
/// # Errors
/// `conflict` while one of them is open.
pub async fn remove(app: &App, caller: &Caller, id: WorkflowId) -> Result<(), Fault> {
    change!(app, caller, "workflow.remove", |tx, scope, actor| {
        let workflow = find::<action::Contribute>(tx, (scope, actor), id).await?;
        queue::remove(tx, id).await?;
        audit::record(app, tx, caller, actor, event("workflow.remove", &workflow)).await
    })
}

pub(super) fn event(action: &'static str, workflow: &Workflow) -> Event {
    let detail = json!({ "name": workflow.name, "version": workflow.version });
    Event::on(action, "workflow", workflow.id).owned_by(workflow.project_id).with(detail)
}

/// Steps do what members of the project may start by hand, and on what is the project's. Subjects that are known only
/// when a step begins are looked at by the work itself.
async fn check(tx: &mut Tx, project: ProjectId, definition: &Definition) -> Result<(), Fault> {
    for step in &definition.steps {
        if !KINDS.contains(&step.kind.as_str()) {
            let message = format!("step {} asks for work of the kind {}, which no step may do", step.name, step.kind);
            return Err(Fault::invalid("kind", message).fix(format!("choose one of: {}", KINDS.join(", "))));
        }
        if let Value::String(subject) = &step.subject {
            need_own(tx, project, subject).await.map_err(|fault| fault.on("subject"))?;
        }
    }
    Ok(())
}

async fn need_own(tx: &mut Tx, project: ProjectId, subject: &str) -> Result<(), Fault> {
    let id: DataSourceId = subject.parse().map_err(|_| Fault::invalid("subject", "this is no id of a data source"))?;
    let found = sources::source_find(tx, id).await?.filter(|source| source.project_id == project);
    found.map(drop).ok_or_else(|| Fault::not_found("data source"))
}
