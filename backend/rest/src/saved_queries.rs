//! Queries kept under a name, shared in their project.

use axum::{Json as Answer, Router, extract::State, http::StatusCode, routing::get};
use chrono::{DateTime, Utc};
use lakegate_app::query::saved::{self, SavedInput};
use lakegate_model::{
    access::SavedQuery,
    ids::{ProjectId, SavedQueryId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{done, lists::paged};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new().route("/api/v1/projects/{project}/saved-queries", get(list_saved_queries).post(save_query)).route(
        "/api/v1/saved-queries/{saved_query}",
        get(show_saved_query).put(replace_saved_query).delete(delete_saved_query),
    )
}

/// A query kept under a name.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedQueryShape {
    id: Uuid,
    project_id: Uuid,
    /// Who saved it.
    owner_id: Uuid,
    owner_name: String,
    name: String,
    description: String,
    sql: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<SavedQuery> for SavedQueryShape {
    fn from(saved: SavedQuery) -> Self {
        Self {
            id: saved.id.into(),
            project_id: saved.project_id.into(),
            owner_id: saved.owner_id.into(),
            owner_name: saved.owner_name,
            name: saved.name,
            description: saved.description,
            sql: saved.sql_text,
            created_at: saved.created_at,
            updated_at: saved.updated_at,
        }
    }
}

/// Lists the saved queries of a project in order of names, for its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/saved-queries", tag = "queries",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<SavedQueryShape>)))]
pub async fn list_saved_queries(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<SavedQueryShape>>, Refusal> {
    let list = format!("saved queries of {project}");
    paged!(web, auth, params, list, |page| saved::list(&web.app, &auth.caller, project, page))
}

/// A query to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedQueryInput {
    name: String,
    #[serde(default)]
    description: String,
    sql: String,
}

impl From<SavedQueryInput> for SavedInput {
    fn from(input: SavedQueryInput) -> Self {
        Self { name: input.name, description: input.description, sql: input.sql }
    }
}

/// Keeps a query under a name.
#[utoipa::path(post, path = "/api/v1/projects/{project}/saved-queries", tag = "queries",
    params(("project" = Uuid, Path)), request_body = SavedQueryInput,
    responses((status = 201, body = SavedQueryShape)))]
pub async fn save_query(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<SavedQueryInput>,
) -> Result<(StatusCode, Answer<SavedQueryShape>), Refusal> {
    let saved = saved::create(&web.app, &auth.caller, project, &input.into()).await?;
    Ok((StatusCode::CREATED, Answer(saved.into())))
}

/// Shows a saved query.
#[utoipa::path(get, path = "/api/v1/saved-queries/{saved_query}", tag = "queries",
    params(("saved_query" = Uuid, Path)), responses((status = 200, body = SavedQueryShape)))]
pub async fn show_saved_query(
    State(web): State<Web>,
    auth: Known,
    Path(saved_query): Path<SavedQueryId>,
) -> Result<Answer<SavedQueryShape>, Refusal> {
    Ok(Answer(saved::get(&web.app, &auth.caller, saved_query).await?.into()))
}

/// Replaces a saved query.
#[utoipa::path(put, path = "/api/v1/saved-queries/{saved_query}", tag = "queries",
    params(("saved_query" = Uuid, Path)), request_body = SavedQueryInput,
    responses((status = 200, body = SavedQueryShape)))]
pub async fn replace_saved_query(
    State(web): State<Web>,
    auth: Known,
    Path(saved_query): Path<SavedQueryId>,
    Json(input): Json<SavedQueryInput>,
) -> Result<Answer<SavedQueryShape>, Refusal> {
    Ok(Answer(saved::update(&web.app, &auth.caller, saved_query, &input.into()).await?.into()))
}

/// Forgets a saved query.
#[utoipa::path(delete, path = "/api/v1/saved-queries/{saved_query}", tag = "queries",
    params(("saved_query" = Uuid, Path)), responses((status = 204, description = "Forgotten")))]
pub async fn delete_saved_query(
    State(web): State<Web>,
    auth: Known,
    Path(saved_query): Path<SavedQueryId>,
) -> Result<StatusCode, Refusal> {
    done(saved::delete(&web.app, &auth.caller, saved_query).await)
}
