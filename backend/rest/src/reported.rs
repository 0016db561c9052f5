//! Lineage that other programs report, as OpenLineage events; and what the datasets are that they name.

use axum::{
    Json as Answer, Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use lakegate_app::reported::{self, Is, Taken};
use lakegate_model::{
    Fault,
    ids::{ProjectId, ReportedDatasetId, ReportedJobId, ReportedRuleId, ReportedRunId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    done,
    lists::paged,
    reported_shapes::{
        BatchShape, ReportedDatasetShape, ReportedEventShape, ReportedJobShape, ReportedRuleShape, ReportedRunShape,
    },
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query, Raw},
};

/// Plans that Spark sends along are large.
const BODY_BYTES: usize = 8 << 20;

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    let events = post(report_lineage).layer(DefaultBodyLimit::max(BODY_BYTES));
    let batches = post(report_lineage_batch).layer(DefaultBodyLimit::max(BODY_BYTES));
    Router::new()
        .route("/api/v1/lineage", events)
        .route("/api/v1/lineage/batch", batches)
        .route("/api/v1/projects/{project}/reported-jobs", get(list_reported_jobs))
        .route("/api/v1/reported-jobs/{job}", get(show_reported_job))
        .route("/api/v1/reported-datasets/{dataset}", get(show_reported_dataset))
        .route("/api/v1/reported-jobs/{job}/runs", get(list_reported_runs))
        .route("/api/v1/reported-runs/{reported_run}/events", get(list_reported_events))
        .route("/api/v1/projects/{project}/reported-datasets", get(list_reported_datasets))
        .route("/api/v1/reported-datasets/{dataset}/match", put(decide_reported_dataset).delete(undo_reported_dataset))
        .route("/api/v1/projects/{project}/reported-rules", get(list_reported_rules).post(create_reported_rule))
        .route("/api/v1/reported-rules/{rule}", delete(delete_reported_rule))
}

/// Which datasets are wanted.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportedDatasetParams {
    /// Those alone of which nobody knows what they are.
    #[serde(default)]
    unmatched: bool,
    /// Items of the page, 1 to 200; 50 if absent.
    first: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What a reported dataset is. One of the two, or neither for a thing of its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedMatchInput {
    /// Id of the asset whose table it is.
    asset: Option<Uuid>,
    /// Id of the other reported dataset that it is.
    dataset: Option<Uuid>,
}

impl TryFrom<ReportedMatchInput> for Is {
    type Error = Fault;

    fn try_from(input: ReportedMatchInput) -> Result<Self, Fault> {
        match (input.asset, input.dataset) {
            (Some(_), Some(_)) => Err(Fault::invalid("dataset", "give an asset or a dataset, not both")),
            (Some(asset), None) => Ok(Self::Asset(asset.into())),
            (None, Some(dataset)) => Ok(Self::Dataset(dataset.into())),
            (None, None) => Ok(Self::Itself),
        }
    }
}

/// A rule to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedRuleInput {
    namespace: String,
    /// Names begin with it; all names of the namespace if absent.
    #[serde(default)]
    prefix: String,
    /// Id of a database of the project, whose tables are called what follows.
    database: Uuid,
}

/// Takes in an OpenLineage event, or an array of them, for the project of the service account or that the header
/// `Lakegate-Project` names. An event that comes again changes nothing. The answer tells nothing of what is known.
#[utoipa::path(post, path = "/api/v1/lineage", tag = "lineage",
    request_body(content = String, content_type = "application/json"),
    responses((status = 201, description = "The event was taken"), (status = 200, description = "The batch was taken", body = BatchShape),
        (status = 400, description = "An event does not fit; `field` names the path")))]
pub async fn report_lineage(State(web): State<Web>, auth: Known, Raw(body): Raw) -> Result<Response, Refusal> {
    Ok(match reported::take(&web.app, &auth.caller, &body).await? {
        Taken::One => StatusCode::CREATED.into_response(),
        Taken::Batch(taken) => Answer(BatchShape::from(taken)).into_response(),
    })
}

/// Takes in an array of OpenLineage events, as `POST /api/v1/lineage` does.
#[utoipa::path(post, path = "/api/v1/lineage/batch", tag = "lineage",
    request_body(content = String, content_type = "application/json"),
    responses((status = 200, description = "What came of each event", body = BatchShape)))]
pub async fn report_lineage_batch(web: State<Web>, auth: Known, body: Raw) -> Result<Response, Refusal> {
    report_lineage(web, auth, body).await
}

/// Lists the jobs that were reported to a project, the latest known first. For its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/reported-jobs", tag = "lineage",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<ReportedJobShape>)))]
pub async fn list_reported_jobs(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<ReportedJobShape>>, Refusal> {
    let name = format!("reported jobs of {project}");
    paged!(web, auth, params, name, |page| reported::jobs(&web.app, &auth.caller, project, page))
}

/// Shows a reported job. For members of its project.
#[utoipa::path(get, path = "/api/v1/reported-jobs/{job}", tag = "lineage", params(("job" = Uuid, Path)),
    responses((status = 200, body = ReportedJobShape)))]
pub async fn show_reported_job(
    State(web): State<Web>,
    auth: Known,
    Path(job): Path<ReportedJobId>,
) -> Result<Answer<ReportedJobShape>, Refusal> {
    Ok(Answer(reported::job(&web.app, &auth.caller, job).await?.into()))
}

/// Shows a reported dataset. For members of its project.
#[utoipa::path(get, path = "/api/v1/reported-datasets/{dataset}", tag = "lineage", params(("dataset" = Uuid, Path)),
    responses((status = 200, body = ReportedDatasetShape)))]
pub async fn show_reported_dataset(
    State(web): State<Web>,
    auth: Known,
    Path(dataset): Path<ReportedDatasetId>,
) -> Result<Answer<ReportedDatasetShape>, Refusal> {
    Ok(Answer(reported::dataset_of(&web.app, &auth.caller, dataset).await?.into()))
}

/// Lists the runs of a reported job, the latest known first. For members of its project.
#[utoipa::path(get, path = "/api/v1/reported-jobs/{job}/runs", tag = "lineage",
    params(("job" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<ReportedRunShape>)))]
pub async fn list_reported_runs(
    State(web): State<Web>,
    auth: Known,
    Path(job): Path<ReportedJobId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<ReportedRunShape>>, Refusal> {
    let name = format!("reported runs of {job}");
    paged!(web, auth, params, name, |page| reported::runs(&web.app, &auth.caller, job, page))
}

/// Lists the events of a reported run as they came, the latest first. For members of its project.
#[utoipa::path(get, path = "/api/v1/reported-runs/{reported_run}/events", tag = "lineage",
    params(("reported_run" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<ReportedEventShape>)))]
pub async fn list_reported_events(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<ReportedRunId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<ReportedEventShape>>, Refusal> {
    let name = format!("reported events of {run}");
    paged!(web, auth, params, name, |page| reported::events(&web.app, &auth.caller, run, page))
}

/// Lists the datasets that were reported to a project, the latest known first. For its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/reported-datasets", tag = "lineage",
    params(("project" = Uuid, Path), ReportedDatasetParams),
    responses((status = 200, body = PageOf<ReportedDatasetShape>)))]
pub async fn list_reported_datasets(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<ReportedDatasetParams>,
) -> Result<Answer<PageOf<ReportedDatasetShape>>, Refusal> {
    let name = format!("reported datasets of {project} {}", params.unmatched);
    let of = (project, params.unmatched);
    paged!(web, auth, params, name, |page| reported::datasets(&web.app, &auth.caller, of, page))
}

/// Decides what a reported dataset is: the table of an asset, another reported dataset, or, with neither, a thing of its own.
#[utoipa::path(put, path = "/api/v1/reported-datasets/{dataset}/match", tag = "lineage",
    params(("dataset" = Uuid, Path)), request_body = ReportedMatchInput,
    responses((status = 200, body = ReportedDatasetShape)))]
pub async fn decide_reported_dataset(
    State(web): State<Web>,
    auth: Known,
    Path(dataset): Path<ReportedDatasetId>,
    Json(input): Json<ReportedMatchInput>,
) -> Result<Answer<ReportedDatasetShape>, Refusal> {
    Ok(Answer(reported::decide(&web.app, &auth.caller, dataset, input.try_into()?).await?.into()))
}

/// Undoes what was decided last about a reported dataset.
#[utoipa::path(delete, path = "/api/v1/reported-datasets/{dataset}/match", tag = "lineage",
    params(("dataset" = Uuid, Path)), responses((status = 200, body = ReportedDatasetShape)))]
pub async fn undo_reported_dataset(
    State(web): State<Web>,
    auth: Known,
    Path(dataset): Path<ReportedDatasetId>,
) -> Result<Answer<ReportedDatasetShape>, Refusal> {
    Ok(Answer(reported::undo(&web.app, &auth.caller, dataset).await?.into()))
}

/// Lists the rules of a project by which reported names are tables. For its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/reported-rules", tag = "lineage",
    params(("project" = Uuid, Path)), responses((status = 200, body = Vec<ReportedRuleShape>)))]
pub async fn list_reported_rules(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<ReportedRuleShape>>, Refusal> {
    let rules = reported::rules(&web.app, &auth.caller, project).await?;
    Ok(Answer(rules.into_iter().map(Into::into).collect()))
}

/// Makes a rule: names of a namespace that begin with `prefix` are tables of a database of the project, called what follows.
#[utoipa::path(post, path = "/api/v1/projects/{project}/reported-rules", tag = "lineage",
    params(("project" = Uuid, Path)), request_body = ReportedRuleInput,
    responses((status = 201, body = ReportedRuleShape)))]
pub async fn create_reported_rule(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<ReportedRuleInput>,
) -> Result<(StatusCode, Answer<ReportedRuleShape>), Refusal> {
    let rule = (input.namespace.as_str(), input.prefix.as_str(), input.database.into());
    let made = reported::create_rule(&web.app, &auth.caller, project, rule).await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// Removes a rule. What it matched is what else is known of it.
#[utoipa::path(delete, path = "/api/v1/reported-rules/{rule}", tag = "lineage",
    params(("rule" = Uuid, Path)), responses((status = 204)))]
pub async fn delete_reported_rule(
    State(web): State<Web>,
    auth: Known,
    Path(rule): Path<ReportedRuleId>,
) -> Result<StatusCode, Refusal> {
    done(reported::delete_rule(&web.app, &auth.caller, rule).await)
}
