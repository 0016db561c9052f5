//! Bringing data in: places from which tables are discovered.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::sources::manage::{self, NewSource, SourceChange};
use lakegate_model::{
    catalog::DataSource,
    ids::{ConnectionId, DataSourceId, EnvironmentId, ProjectId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{done, lists::paged, shapes::given};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/data-sources", get(list_sources))
        .route("/api/v1/data-sources", post(create_source))
        .route("/api/v1/data-sources/{source}", get(show_source).patch(change_source).delete(remove_source))
}

/// A place from which tables are discovered.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceShape {
    id: Uuid,
    project_id: Uuid,
    environment_id: Uuid,
    connection_id: Option<Uuid>,
    name: String,
    location: String,
    /// Seconds between runs; null runs on demand only.
    interval_seconds: Option<i64>,
    next_run_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<DataSource> for SourceShape {
    fn from(source: DataSource) -> Self {
        Self {
            id: source.id.into(),
            project_id: source.project_id.into(),
            environment_id: source.environment_id.into(),
            connection_id: source.connection_id.map(Into::into),
            name: source.name,
            location: source.location,
            interval_seconds: source.interval_seconds,
            next_run_at: source.next_run_at,
            created_at: source.created_at,
        }
    }
}

/// Lists the data sources of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/data-sources", tag = "data sources",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<SourceShape>)))]
pub async fn list_sources(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<SourceShape>>, Refusal> {
    paged!(web, auth, params, format!("data sources of {project}"), |page| manage::list(
        &web.app,
        &auth.caller,
        project,
        page
    ))
}

/// A data source to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSourceInput {
    #[schema(value_type = Uuid)]
    environment: EnvironmentId,
    name: String,
    /// `file:///folder/` or `s3://bucket/prefix/`.
    location: String,
    /// For S3.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    connection: Option<ConnectionId>,
    /// Seconds between runs; absent runs on demand only.
    #[serde(default)]
    interval_seconds: Option<i64>,
}

/// Makes a data source.
#[utoipa::path(post, path = "/api/v1/data-sources", tag = "data sources", request_body = NewSourceInput,
    responses((status = 201, body = SourceShape)))]
pub async fn create_source(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewSourceInput>,
) -> Result<(StatusCode, Answer<SourceShape>), Refusal> {
    let NewSourceInput { environment, name, location, connection, interval_seconds } = input;
    let new = NewSource { environment, name, location, connection, interval_seconds };
    let source = manage::create(&web.app, &auth.caller, &new).await?;
    Ok((StatusCode::CREATED, Answer(source.into())))
}

/// Shows a data source.
#[utoipa::path(get, path = "/api/v1/data-sources/{source}", tag = "data sources", params(("source" = Uuid, Path)),
    responses((status = 200, body = SourceShape)))]
pub async fn show_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
) -> Result<Answer<SourceShape>, Refusal> {
    Ok(Answer(manage::get(&web.app, &auth.caller, source).await?.into()))
}

/// What to change of a data source; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceChangeInput {
    #[serde(default)]
    name: Option<String>,
    /// Another place of the same kind of storage; what was found at the one before stays in the catalog.
    #[serde(default)]
    location: Option<String>,
    /// Null runs on demand only.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    interval_seconds: Option<Option<i64>>,
}

/// Changes a data source.
#[utoipa::path(patch, path = "/api/v1/data-sources/{source}", tag = "data sources", params(("source" = Uuid, Path)),
    request_body = SourceChangeInput, responses((status = 200, body = SourceShape)))]
pub async fn change_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Json(input): Json<SourceChangeInput>,
) -> Result<Answer<SourceShape>, Refusal> {
    let SourceChangeInput { name, location, interval_seconds } = input;
    let change = SourceChange { name, location, interval_seconds };
    Ok(Answer(manage::update(&web.app, &auth.caller, source, &change).await?.into()))
}

/// Removes a data source; its tables stay.
#[utoipa::path(delete, path = "/api/v1/data-sources/{source}", tag = "data sources",
    params(("source" = Uuid, Path)), responses((status = 204, description = "Removed")))]
pub async fn remove_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
) -> Result<StatusCode, Refusal> {
    done(manage::remove(&web.app, &auth.caller, source).await)
}
