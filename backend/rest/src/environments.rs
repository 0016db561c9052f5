//! Storage of projects: environments, connections, roots.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{delete, get, patch, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::places::{
    connections::{self, NewConnection, S3Settings, SecretText},
    environments::{self, EnvironmentView, NewEnvironment},
    roots,
};
use lakegate_model::{
    ids::{ConnectionId, EnvironmentId, ProjectId, RootId},
    places::{Connection, ConnectionSettings, StorageRoot},
    words::DatabaseKind,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::done;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of these nouns.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/environments", get(list_environments).post(create_environment))
        .route("/api/v1/environments/{environment}", get(show_environment))
        .route("/api/v1/projects/{project}/connections", get(list_connections).post(create_connection))
        .route("/api/v1/connections/{connection}", patch(change_connection))
        .route("/api/v1/connections/{connection}/test", post(test_connection))
        .route("/api/v1/projects/{project}/storage-roots", get(list_usable_roots))
        .route("/api/v1/storage-roots", get(list_roots).post(assign_root))
        .route("/api/v1/storage-roots/{root}", delete(withdraw_root))
}

/// A database of an environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabaseShape {
    id: Uuid,
    name: String,
    /// `pub` for the project's own tables, `sub` for those it subscribed to.
    #[schema(value_type = String)]
    kind: DatabaseKind,
}

/// Storage of a project with its databases.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnvironmentShape {
    id: Uuid,
    project_id: Uuid,
    name: String,
    location: String,
    connection_id: Option<Uuid>,
    databases: Vec<DatabaseShape>,
    created_at: DateTime<Utc>,
}

impl From<EnvironmentView> for EnvironmentShape {
    fn from(view: EnvironmentView) -> Self {
        let environment = view.environment;
        let shape = |database: lakegate_model::places::Database| DatabaseShape {
            id: database.id.into(),
            name: database.name,
            kind: database.kind,
        };
        Self {
            id: environment.id.into(),
            project_id: environment.project_id.into(),
            name: environment.name,
            location: environment.location,
            connection_id: environment.connection_id.map(Into::into),
            databases: view.databases.into_iter().map(shape).collect(),
            created_at: environment.created_at,
        }
    }
}

/// Lists the environments of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/environments", tag = "environments",
    params(("project" = Uuid, Path)), responses((status = 200, body = Vec<EnvironmentShape>)))]
pub async fn list_environments(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<EnvironmentShape>>, Refusal> {
    let found = environments::list(&web.app, &auth.caller, project).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// An environment to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnvironmentInput {
    name: String,
    /// `file:///…/` or `s3://…/`; absent takes a folder of the server's own lake.
    #[serde(default)]
    location: Option<String>,
    /// How an S3 location is reached.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    connection: Option<ConnectionId>,
}

/// Creates an environment with its databases `<name>_pub` and `<name>_sub`.
#[utoipa::path(post, path = "/api/v1/projects/{project}/environments", tag = "environments",
    params(("project" = Uuid, Path)), request_body = NewEnvironmentInput,
    responses((status = 201, body = EnvironmentShape)))]
pub async fn create_environment(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewEnvironmentInput>,
) -> Result<(StatusCode, Answer<EnvironmentShape>), Refusal> {
    let NewEnvironmentInput { name, location, connection } = input;
    let new = NewEnvironment { project, name, location, connection };
    let view = environments::create(&web.app, &auth.caller, &new).await?;
    Ok((StatusCode::CREATED, Answer(view.into())))
}

/// Shows an environment.
#[utoipa::path(get, path = "/api/v1/environments/{environment}", tag = "environments",
    params(("environment" = Uuid, Path)), responses((status = 200, body = EnvironmentShape)))]
pub async fn show_environment(
    State(web): State<Web>,
    auth: Known,
    Path(environment): Path<EnvironmentId>,
) -> Result<Answer<EnvironmentShape>, Refusal> {
    Ok(Answer(environments::get(&web.app, &auth.caller, environment).await?.into()))
}

/// How to reach an S3-compatible store. Its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionShape {
    id: Uuid,
    project_id: Uuid,
    name: String,
    /// Null for Amazon's own endpoint of the region.
    endpoint: Option<String>,
    region: String,
    access_key_id: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Connection> for ConnectionShape {
    fn from(connection: Connection) -> Self {
        let ConnectionSettings::S3 { endpoint, region, access_key_id } = connection.settings;
        Self {
            id: connection.id.into(),
            project_id: connection.project_id.into(),
            name: connection.name,
            endpoint,
            region,
            access_key_id,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }
}

/// Lists the connections of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/connections", tag = "environments",
    params(("project" = Uuid, Path)), responses((status = 200, body = Vec<ConnectionShape>)))]
pub async fn list_connections(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<ConnectionShape>>, Refusal> {
    let found = connections::list(&web.app, &auth.caller, project).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// A connection to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnectionInput {
    name: String,
    /// Absent for Amazon's own endpoint of the region.
    #[serde(default)]
    endpoint: Option<String>,
    region: String,
    access_key_id: String,
    /// Kept sealed; nobody can read it again.
    #[schema(format = Password)]
    secret_access_key: String,
}

/// Creates a connection to an S3-compatible store.
#[utoipa::path(post, path = "/api/v1/projects/{project}/connections", tag = "environments",
    params(("project" = Uuid, Path)), request_body = NewConnectionInput,
    responses((status = 201, body = ConnectionShape)))]
pub async fn create_connection(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewConnectionInput>,
) -> Result<(StatusCode, Answer<ConnectionShape>), Refusal> {
    let NewConnectionInput { name, endpoint, region, access_key_id, secret_access_key } = input;
    let new = NewConnection {
        project,
        name,
        settings: S3Settings { endpoint, region, access_key_id },
        secret_access_key: SecretText::new(secret_access_key),
    };
    let connection = connections::create(&web.app, &auth.caller, &new).await?;
    Ok((StatusCode::CREATED, Answer(connection.into())))
}

/// New settings of a connection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    #[serde(default)]
    endpoint: Option<String>,
    region: String,
    access_key_id: String,
    /// Absent keeps the present one.
    #[serde(default)]
    #[schema(format = Password)]
    secret_access_key: Option<String>,
}

/// Replaces the settings of a connection.
#[utoipa::path(patch, path = "/api/v1/connections/{connection}", tag = "environments",
    params(("connection" = Uuid, Path)), request_body = ConnectionChange,
    responses((status = 200, body = ConnectionShape)))]
pub async fn change_connection(
    State(web): State<Web>,
    auth: Known,
    Path(connection): Path<ConnectionId>,
    Json(input): Json<ConnectionChange>,
) -> Result<Answer<ConnectionShape>, Refusal> {
    let ConnectionChange { endpoint, region, access_key_id, secret_access_key } = input;
    let settings = S3Settings { endpoint, region, access_key_id };
    let secret = secret_access_key.map(SecretText::new);
    Ok(Answer(connections::update(&web.app, &auth.caller, connection, &settings, secret.as_ref()).await?.into()))
}

/// A place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationInput {
    #[schema(example = "s3://bucket/folder/")]
    location: String,
}

/// Tries whether a place can be reached through a connection.
#[utoipa::path(post, path = "/api/v1/connections/{connection}/test", tag = "environments",
    params(("connection" = Uuid, Path)), request_body = LocationInput,
    responses((status = 204, description = "It can be reached")))]
pub async fn test_connection(
    State(web): State<Web>,
    auth: Known,
    Path(connection): Path<ConnectionId>,
    Json(input): Json<LocationInput>,
) -> Result<StatusCode, Refusal> {
    done(connections::test(&web.app, &auth.caller, connection, &input.location).await)
}

/// A place below which environments and sources may lie.
#[derive(Debug, Serialize, ToSchema)]
pub struct RootShape {
    id: Uuid,
    uri: String,
    /// The one project that may use it; null for all.
    project_id: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<StorageRoot> for RootShape {
    fn from(root: StorageRoot) -> Self {
        Self {
            id: root.id.into(),
            uri: root.uri,
            project_id: root.project_id.map(Into::into),
            created_at: root.created_at,
        }
    }
}

/// Lists the roots that a project may use.
#[utoipa::path(get, path = "/api/v1/projects/{project}/storage-roots", tag = "environments",
    params(("project" = Uuid, Path)), responses((status = 200, body = Vec<RootShape>)))]
pub async fn list_usable_roots(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<RootShape>>, Refusal> {
    let found = roots::usable(&web.app, &auth.caller, project).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// Lists all roots; for administrators.
#[utoipa::path(get, path = "/api/v1/storage-roots", tag = "environments",
    responses((status = 200, body = Vec<RootShape>)))]
pub async fn list_roots(State(web): State<Web>, auth: Known) -> Result<Answer<Vec<RootShape>>, Refusal> {
    let found = roots::list(&web.app, &auth.caller).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// A root to be assigned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoot {
    #[schema(example = "file:///srv/data/")]
    uri: String,
    /// The one project that may use it; absent for all.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    project: Option<ProjectId>,
}

/// Assigns a root; for administrators.
#[utoipa::path(post, path = "/api/v1/storage-roots", tag = "environments", request_body = NewRoot,
    responses((status = 201, body = RootShape)))]
pub async fn assign_root(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewRoot>,
) -> Result<(StatusCode, Answer<RootShape>), Refusal> {
    let root = roots::assign(&web.app, &auth.caller, &input.uri, input.project).await?;
    Ok((StatusCode::CREATED, Answer(root.into())))
}

/// Takes a root back; for administrators.
#[utoipa::path(delete, path = "/api/v1/storage-roots/{root}", tag = "environments", params(("root" = Uuid, Path)),
    responses((status = 204, description = "Taken back")))]
pub async fn withdraw_root(
    State(web): State<Web>,
    auth: Known,
    Path(root): Path<RootId>,
) -> Result<StatusCode, Refusal> {
    done(roots::withdraw(&web.app, &auth.caller, root).await)
}
