//! Machine identities of a project.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, put},
};
use chrono::{DateTime, Utc};
use lakegate_app::accounts::{account_actors, api_tokens};
use lakegate_model::{
    derived::AccountActor,
    ids::{ProjectId, ServiceAccountId, UserId},
    people::ServiceAccount,
    words::ProjectRole,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{done, users::DisabledInput};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/service-accounts", get(list_service_accounts).post(create_service_account))
        .route("/api/v1/service-accounts/{account}/disabled", put(set_service_account_disabled))
        .route("/api/v1/service-accounts/{account}/actors", get(list_service_account_actors))
        .route(
            "/api/v1/service-accounts/{account}/actors/{user}",
            put(add_service_account_actor).delete(remove_service_account_actor),
        )
}

/// A machine identity.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceAccountShape {
    id: Uuid,
    project_id: Uuid,
    name: String,
    #[schema(value_type = String)]
    role: ProjectRole,
    disabled: bool,
    created_at: DateTime<Utc>,
}

impl From<ServiceAccount> for ServiceAccountShape {
    fn from(account: ServiceAccount) -> Self {
        Self {
            id: account.id.into(),
            project_id: account.project_id.into(),
            name: account.name,
            role: account.role,
            disabled: account.disabled,
            created_at: account.created_at,
        }
    }
}

/// Lists the service accounts of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/service-accounts", tag = "service accounts",
    params(("project" = Uuid, Path)), responses((status = 200, body = Vec<ServiceAccountShape>)))]
pub async fn list_service_accounts(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<ServiceAccountShape>>, Refusal> {
    let accounts = api_tokens::accounts(&web.app, &auth.caller, project).await?;
    Ok(Answer(accounts.into_iter().map(Into::into).collect()))
}

/// A service account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceAccount {
    name: String,
    /// `viewer` or `contributor`.
    #[schema(value_type = String)]
    role: ProjectRole,
}

/// Makes a service account.
#[utoipa::path(post, path = "/api/v1/projects/{project}/service-accounts", tag = "service accounts",
    params(("project" = Uuid, Path)), request_body = NewServiceAccount,
    responses((status = 201, body = ServiceAccountShape)))]
pub async fn create_service_account(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewServiceAccount>,
) -> Result<(StatusCode, Answer<ServiceAccountShape>), Refusal> {
    let account = api_tokens::create_account(&web.app, &auth.caller, project, &input.name, input.role).await?;
    Ok((StatusCode::CREATED, Answer(account.into())))
}

/// Disables a service account with the next request, or enables it again.
#[utoipa::path(put, path = "/api/v1/service-accounts/{account}/disabled", tag = "service accounts",
    params(("account" = Uuid, Path)), request_body = DisabledInput, responses((status = 204, description = "Set")))]
pub async fn set_service_account_disabled(
    State(web): State<Web>,
    auth: Known,
    Path(account): Path<ServiceAccountId>,
    Json(input): Json<DisabledInput>,
) -> Result<StatusCode, Refusal> {
    done(api_tokens::set_account_disabled(&web.app, &auth.caller, account, input.disabled).await)
}

/// Somebody who is named as acting as a service account.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceAccountActorShape {
    user_id: Uuid,
    /// Display name.
    user_name: String,
    added_by: String,
    added_at: DateTime<Utc>,
}

impl From<AccountActor> for ServiceAccountActorShape {
    fn from(actor: AccountActor) -> Self {
        Self {
            user_id: actor.user_id.into(),
            user_name: actor.user_name,
            added_by: actor.added_by,
            added_at: actor.added_at,
        }
    }
}

/// Lists who may act as a service account beside the owners of its project. For members of the project.
#[utoipa::path(get, path = "/api/v1/service-accounts/{account}/actors", tag = "service accounts",
    params(("account" = Uuid, Path)), responses((status = 200, body = Vec<ServiceAccountActorShape>)))]
pub async fn list_service_account_actors(
    State(web): State<Web>,
    auth: Known,
    Path(account): Path<ServiceAccountId>,
) -> Result<Answer<Vec<ServiceAccountActorShape>>, Refusal> {
    let actors = account_actors::list(&web.app, &auth.caller, account).await?;
    Ok(Answer(actors.into_iter().map(Into::into).collect()))
}

/// Names a member of its project as one who acts as a service account: has work done with its rights.
#[utoipa::path(put, path = "/api/v1/service-accounts/{account}/actors/{user}", tag = "service accounts",
    params(("account" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Named")))]
pub async fn add_service_account_actor(
    State(web): State<Web>,
    auth: Known,
    Path((account, user)): Path<(ServiceAccountId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(account_actors::add(&web.app, &auth.caller, account, user).await)
}

/// Takes somebody's name off a service account; what he has edited goes on.
#[utoipa::path(delete, path = "/api/v1/service-accounts/{account}/actors/{user}", tag = "service accounts",
    params(("account" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Taken off")))]
pub async fn remove_service_account_actor(
    State(web): State<Web>,
    auth: Known,
    Path((account, user)): Path<(ServiceAccountId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(account_actors::remove(&web.app, &auth.caller, account, user).await)
}
