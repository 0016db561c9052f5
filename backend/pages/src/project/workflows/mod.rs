//! Workflows of a project: what they do as a picture, their versions, runs and backfills.

mod backfills;
mod detail;
mod edit;
mod graph;
mod layout;
mod list;
mod rows;
mod run;
mod starts;
mod versions;
mod words;

use axum::Router;
use lakegate_app::jobs::{Target, workflows};
use lakegate_model::{
    Fault, PageRequest,
    ids::{ProjectId, WorkflowId},
    workflows::{Workflow, WorkflowVersion},
};

use super::started::href;
use lakegate_http::{Web, extract::SignedIn};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(edit::routes())
        .merge(detail::routes())
        .merge(starts::routes())
        .merge(versions::routes())
        .merge(run::routes())
        .merge(backfills::routes())
}

/// A workflow of this project; one of another project is absent here.
async fn find(web: &Web, reader: &SignedIn, project: ProjectId, id: WorkflowId) -> Result<Workflow, Fault> {
    let workflow = workflows::get(&web.app, &reader.caller, id).await?;
    if workflow.project_id == project { Ok(workflow) } else { Err(Fault::not_found("workflow")) }
}

/// A definition of a workflow by its number.
async fn version(web: &Web, reader: &SignedIn, id: WorkflowId, number: i64) -> Result<WorkflowVersion, Fault> {
    // Versions come with falling numbers: the first one behind the next number is the one.
    let page = PageRequest::new(Some(1), Some(number.saturating_add(1).to_string()))?;
    let found = workflows::versions(&web.app, &reader.caller, id, &page).await?.items;
    let found = found.into_iter().find(|version| version.number == number);
    found.ok_or_else(|| Fault::not_found("version of this workflow"))
}

/// The path of a workflow.
fn path(workflow: &Workflow) -> String {
    href(workflow.project_id, Target::Workflow(workflow.id))
}
