//! Workflows: made, changed, removed, with their definitions.

use axum::{Json as Answer, Router, extract::State, http::StatusCode, routing::get};
use lakegate_app::jobs::workflows;
use lakegate_model::{
    ids::{ProjectId, WorkflowId},
    workflows::Definition,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    done,
    lists::paged,
    workflow_shapes::{WorkflowShape, WorkflowVersionShape},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/workflows", get(list_workflows).post(create_workflow))
        .route("/api/v1/workflows/{workflow}", get(show_workflow).patch(rename_workflow).delete(delete_workflow))
        .route("/api/v1/workflows/{workflow}/versions", get(list_workflow_versions).post(revise_workflow))
}

/// A workflow to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowInput {
    name: String,
    /// An object with `steps`, each with `name`, `kind`, `subject`, and, if wanted, `input`, `after`, `for_each`, `batch`,
    /// `at_most` and `tries`.
    definition: Value,
}

/// Another definition of a workflow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowVersionInput {
    /// The number of the latest definition, in place of which this one comes.
    version: i64,
    /// As of a new workflow.
    definition: Value,
}

/// What to change of a workflow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowChange {
    name: String,
}

/// Lists the workflows of a project, the latest first. For its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/workflows", tag = "workflows",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<WorkflowShape>)))]
pub async fn list_workflows(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<WorkflowShape>>, Refusal> {
    paged!(web, auth, params, format!("workflows of {project}"), |page| workflows::list(
        &web.app,
        &auth.caller,
        project,
        page
    ))
}

/// Makes a workflow.
#[utoipa::path(post, path = "/api/v1/projects/{project}/workflows", tag = "workflows",
    params(("project" = Uuid, Path)), request_body = WorkflowInput, responses((status = 201, body = WorkflowShape)))]
pub async fn create_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<WorkflowInput>,
) -> Result<(StatusCode, Answer<WorkflowShape>), Refusal> {
    let definition = Definition::read(input.definition)?;
    let made = workflows::create(&web.app, &auth.caller, (project, &input.name), &definition).await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// Shows a workflow.
#[utoipa::path(get, path = "/api/v1/workflows/{workflow}", tag = "workflows", params(("workflow" = Uuid, Path)),
    responses((status = 200, body = WorkflowShape)))]
pub async fn show_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
) -> Result<Answer<WorkflowShape>, Refusal> {
    Ok(Answer(workflows::get(&web.app, &auth.caller, workflow).await?.into()))
}

/// Gives a workflow another name.
#[utoipa::path(patch, path = "/api/v1/workflows/{workflow}", tag = "workflows", params(("workflow" = Uuid, Path)),
    request_body = WorkflowChange, responses((status = 200, body = WorkflowShape)))]
pub async fn rename_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Json(input): Json<WorkflowChange>,
) -> Result<Answer<WorkflowShape>, Refusal> {
    Ok(Answer(workflows::rename(&web.app, &auth.caller, workflow, &input.name).await?.into()))
}

/// Removes a workflow with its definitions, runs and backfills, none of which may be open.
#[utoipa::path(delete, path = "/api/v1/workflows/{workflow}", tag = "workflows", params(("workflow" = Uuid, Path)),
    responses((status = 204)))]
pub async fn delete_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
) -> Result<StatusCode, Refusal> {
    done(workflows::remove(&web.app, &auth.caller, workflow).await)
}

/// Lists the definitions of a workflow, the latest first.
#[utoipa::path(get, path = "/api/v1/workflows/{workflow}/versions", tag = "workflows",
    params(("workflow" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<WorkflowVersionShape>)))]
pub async fn list_workflow_versions(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<WorkflowVersionShape>>, Refusal> {
    paged!(web, auth, params, format!("versions of workflow {workflow}"), |page| workflows::versions(
        &web.app,
        &auth.caller,
        workflow,
        page
    ))
}

/// Gives a workflow another definition under the next number. Runs that have begun keep theirs.
#[utoipa::path(post, path = "/api/v1/workflows/{workflow}/versions", tag = "workflows",
    params(("workflow" = Uuid, Path)), request_body = WorkflowVersionInput,
    responses((status = 201, body = WorkflowShape)))]
pub async fn revise_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Json(input): Json<WorkflowVersionInput>,
) -> Result<(StatusCode, Answer<WorkflowShape>), Refusal> {
    let definition = Definition::read(input.definition)?;
    let revised = workflows::revise(&web.app, &auth.caller, (workflow, input.version), &definition).await?;
    Ok((StatusCode::CREATED, Answer(revised.into())))
}
