//! Projects: teams' spaces.

use axum::{Json as Answer, Router, extract::State, http::StatusCode, routing::get};
use lakegate_app::places::projects::{self, NewProject, ProjectChange, ProjectView};
use lakegate_model::{
    ids::{DomainId, ProjectId},
    words::ProjectRole,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{lists::paged, shapes::ProjectShape};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects", get(list_projects).post(create_project))
        .route("/api/v1/projects/{project}", get(show_project).patch(change_project))
}

/// A project as its members see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectWithRole {
    #[serde(flatten)]
    project: ProjectShape,
    domain_name: String,
    /// The caller's strongest role: `viewer`, `contributor` or `owner`.
    #[schema(value_type = Option<String>)]
    role: Option<ProjectRole>,
}

impl From<ProjectView> for ProjectWithRole {
    fn from(view: ProjectView) -> Self {
        Self { project: view.project.into(), domain_name: view.domain_name, role: view.role }
    }
}

/// Lists the projects that the caller belongs to.
#[utoipa::path(get, path = "/api/v1/projects", tag = "projects", params(PageParams),
    responses((status = 200, body = PageOf<ProjectWithRole>)))]
pub async fn list_projects(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<ProjectWithRole>>, Refusal> {
    paged!(web, auth, params, "projects".to_owned(), |page| projects::mine(&web.app, &auth.caller, page))
}

/// A project to be started.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProjectInput {
    #[schema(value_type = Uuid)]
    domain_id: DomainId,
    name: String,
    #[serde(default)]
    description: String,
}

/// Starts a project; its creator becomes its owner.
#[utoipa::path(post, path = "/api/v1/projects", tag = "projects", request_body = NewProjectInput,
    responses((status = 201, body = ProjectWithRole)))]
pub async fn create_project(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewProjectInput>,
) -> Result<(StatusCode, Answer<ProjectWithRole>), Refusal> {
    let NewProjectInput { domain_id: domain, name, description } = input;
    let view = projects::create(&web.app, &auth.caller, &NewProject { domain, name, description }).await?;
    Ok((StatusCode::CREATED, Answer(view.into())))
}

/// Shows a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}", tag = "projects", params(("project" = Uuid, Path)),
    responses((status = 200, body = ProjectWithRole)))]
pub async fn show_project(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<ProjectWithRole>, Refusal> {
    Ok(Answer(projects::get(&web.app, &auth.caller, project).await?.into()))
}

/// What to change of a project; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectChangeInput {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// Changes a project.
#[utoipa::path(patch, path = "/api/v1/projects/{project}", tag = "projects", params(("project" = Uuid, Path)),
    request_body = ProjectChangeInput, responses((status = 200, body = ProjectWithRole)))]
pub async fn change_project(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<ProjectChangeInput>,
) -> Result<Answer<ProjectWithRole>, Refusal> {
    let ProjectChangeInput { name, description } = input;
    let change = ProjectChange { name, description };
    Ok(Answer(projects::update(&web.app, &auth.caller, project, &change).await?.into()))
}
