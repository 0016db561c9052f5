//! Runs of workflows, and workflows over ranges of days.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use lakegate_app::jobs::workflows::{self, Days};
use lakegate_model::ids::{BackfillId, WorkflowId, WorkflowRunId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{
    lists::{named, paged},
    workflow_shapes::{BackfillShape, WorkflowPartShape, WorkflowRunDetailShape, WorkflowRunShape},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/workflows/{workflow}/runs", get(list_workflow_runs).post(start_workflow))
        .route("/api/v1/workflow-runs/{run}", get(show_workflow_run))
        .route("/api/v1/workflow-runs/{run}/parts", get(list_workflow_parts))
        .route("/api/v1/workflow-runs/{run}/cancel", post(cancel_workflow_run))
        .route("/api/v1/workflow-runs/{run}/retry", post(retry_workflow_run))
        .route("/api/v1/workflows/{workflow}/backfills", get(list_workflow_backfills).post(backfill_workflow))
        .route("/api/v1/workflow-backfills/{backfill}", get(show_workflow_backfill))
        .route("/api/v1/workflow-backfills/{backfill}/runs", get(list_workflow_backfill_runs))
        .route("/api/v1/workflow-backfills/{backfill}/cancel", post(cancel_workflow_backfill))
}

/// What a run is started with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowStartInput {
    /// The number of a definition; the latest without it.
    version: Option<i64>,
    /// An object, which steps name; `{}` without it.
    input: Option<Value>,
}

/// Which days a workflow runs for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackfillInput {
    /// Such as `2026-05-03`; both are included, and ten years are the most.
    first: String,
    last: String,
    /// Days at work at once, 1 to 100; 1 without it.
    at_most: Option<i64>,
    /// Whether days run again for which a run has succeeded.
    #[serde(default)]
    anew: bool,
    /// An object: what each run gets beside `day`.
    input: Option<Value>,
}

impl From<BackfillInput> for Days {
    fn from(input: BackfillInput) -> Self {
        Self {
            first: input.first,
            last: input.last,
            at_most: input.at_most.unwrap_or(1),
            anew: input.anew,
            input: input.input.unwrap_or_else(|| json!({})),
        }
    }
}

/// Of which step parts are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WorkflowPartParams {
    step: String,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

/// Lists the runs of a workflow, the latest first.
#[utoipa::path(get, path = "/api/v1/workflows/{workflow}/runs", tag = "workflows",
    params(("workflow" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<WorkflowRunShape>)))]
pub async fn list_workflow_runs(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<WorkflowRunShape>>, Refusal> {
    paged!(web, auth, params, format!("runs of workflow {workflow}"), |page| workflows::list_runs(
        &web.app,
        &auth.caller,
        workflow,
        page
    ))
}

/// Starts a workflow.
#[utoipa::path(post, path = "/api/v1/workflows/{workflow}/runs", tag = "workflows", params(("workflow" = Uuid, Path)),
    request_body = WorkflowStartInput, responses((status = 202, body = WorkflowRunDetailShape)))]
pub async fn start_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Json(wanted): Json<WorkflowStartInput>,
) -> Result<(StatusCode, Answer<WorkflowRunDetailShape>), Refusal> {
    let input = wanted.input.unwrap_or_else(|| json!({}));
    let begun = workflows::start(&web.app, &auth.caller, (workflow, wanted.version), &input).await?;
    Ok((StatusCode::ACCEPTED, Answer(begun.into())))
}

/// Shows a run of a workflow, step by step.
#[utoipa::path(get, path = "/api/v1/workflow-runs/{run}", tag = "workflows", params(("run" = Uuid, Path)),
    responses((status = 200, body = WorkflowRunDetailShape)))]
pub async fn show_workflow_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<WorkflowRunId>,
) -> Result<Answer<WorkflowRunDetailShape>, Refusal> {
    Ok(Answer(workflows::get_run(&web.app, &auth.caller, run).await?.into()))
}

/// Lists the parts of a step of a run, in the order of the list that it was divided by.
#[utoipa::path(get, path = "/api/v1/workflow-runs/{run}/parts", tag = "workflows",
    params(("run" = Uuid, Path), WorkflowPartParams), responses((status = 200, body = PageOf<WorkflowPartShape>)))]
pub async fn list_workflow_parts(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<WorkflowRunId>,
    Query(params): Query<WorkflowPartParams>,
) -> Result<Answer<PageOf<WorkflowPartShape>>, Refusal> {
    let of = (run, params.step.as_str());
    paged!(web, auth, params, named(&format!("parts of {run}"), &params), |page| workflows::parts(
        &web.app,
        &auth.caller,
        of,
        page
    ))
}

/// Cancels a run of a workflow: nothing of it begins any more, and what is at work is asked to stop.
#[utoipa::path(post, path = "/api/v1/workflow-runs/{run}/cancel", tag = "workflows", params(("run" = Uuid, Path)),
    responses((status = 200, body = WorkflowRunDetailShape)))]
pub async fn cancel_workflow_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<WorkflowRunId>,
) -> Result<Answer<WorkflowRunDetailShape>, Refusal> {
    Ok(Answer(workflows::cancel(&web.app, &auth.caller, run).await?.into()))
}

/// Tries anew what did not succeed in a run of a workflow; what did keeps what it gave.
#[utoipa::path(post, path = "/api/v1/workflow-runs/{run}/retry", tag = "workflows", params(("run" = Uuid, Path)),
    responses((status = 202, body = WorkflowRunDetailShape)))]
pub async fn retry_workflow_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<WorkflowRunId>,
) -> Result<(StatusCode, Answer<WorkflowRunDetailShape>), Refusal> {
    let view = workflows::retry(&web.app, &auth.caller, run).await?;
    Ok((StatusCode::ACCEPTED, Answer(view.into())))
}

/// Lists the backfills of a workflow, the latest first.
#[utoipa::path(get, path = "/api/v1/workflows/{workflow}/backfills", tag = "workflows",
    params(("workflow" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<BackfillShape>)))]
pub async fn list_workflow_backfills(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<BackfillShape>>, Refusal> {
    paged!(web, auth, params, format!("backfills of workflow {workflow}"), |page| workflows::list_backfills(
        &web.app,
        &auth.caller,
        workflow,
        page
    ))
}

/// Starts a workflow for each day of a range, with the day as `day` in its input. Asked again while it is open, it gives
/// the same backfill; afterwards only days run for which no run has succeeded.
#[utoipa::path(post, path = "/api/v1/workflows/{workflow}/backfills", tag = "workflows",
    params(("workflow" = Uuid, Path)), request_body = BackfillInput, responses((status = 202, body = BackfillShape)))]
pub async fn backfill_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Json(input): Json<BackfillInput>,
) -> Result<(StatusCode, Answer<BackfillShape>), Refusal> {
    let view = workflows::backfill(&web.app, &auth.caller, workflow, &input.into()).await?;
    Ok((StatusCode::ACCEPTED, Answer(view.into())))
}

/// Shows a backfill and how far it is.
#[utoipa::path(get, path = "/api/v1/workflow-backfills/{backfill}", tag = "workflows",
    params(("backfill" = Uuid, Path)), responses((status = 200, body = BackfillShape)))]
pub async fn show_workflow_backfill(
    State(web): State<Web>,
    auth: Known,
    Path(backfill): Path<BackfillId>,
) -> Result<Answer<BackfillShape>, Refusal> {
    Ok(Answer(workflows::get_backfill(&web.app, &auth.caller, backfill).await?.into()))
}

/// Lists the runs of a backfill, in the order of their days.
#[utoipa::path(get, path = "/api/v1/workflow-backfills/{backfill}/runs", tag = "workflows",
    params(("backfill" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<WorkflowRunShape>)))]
pub async fn list_workflow_backfill_runs(
    State(web): State<Web>,
    auth: Known,
    Path(backfill): Path<BackfillId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<WorkflowRunShape>>, Refusal> {
    paged!(web, auth, params, format!("runs of backfill {backfill}"), |page| workflows::backfill_runs(
        &web.app,
        &auth.caller,
        backfill,
        page
    ))
}

/// Cancels a backfill with its runs.
#[utoipa::path(post, path = "/api/v1/workflow-backfills/{backfill}/cancel", tag = "workflows",
    params(("backfill" = Uuid, Path)), responses((status = 200, body = BackfillShape)))]
pub async fn cancel_workflow_backfill(
    State(web): State<Web>,
    auth: Known,
    Path(backfill): Path<BackfillId>,
) -> Result<Answer<BackfillShape>, Refusal> {
    Ok(Answer(workflows::cancel_backfill(&web.app, &auth.caller, backfill).await?.into()))
}
