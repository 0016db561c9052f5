//! One's own account.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{delete, get, patch, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::accounts::{me, sign_in};
use lakegate_model::{ids::SessionId, people::Session, words::ProductRole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    done,
    shapes::{MembershipShape, ProjectShape, UserShape},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/me", get(show_me))
        .route("/api/v1/me/profile", patch(change_profile))
        .route("/api/v1/me/password", post(change_password))
        .route("/api/v1/me/sessions", get(list_sessions))
        .route("/api/v1/me/sessions/{session}", delete(end_session))
}

/// Who the caller is, and what he may do where.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeShape {
    /// User name, or name of the service account.
    name: String,
    /// Null for service accounts.
    user: Option<UserShape>,
    #[schema(value_type = Vec<String>)]
    roles: Vec<ProductRole>,
    projects: Vec<MembershipShape>,
    /// The project whose rights the request uses.
    acting: Option<ProjectShape>,
    is_steward: bool,
}

impl From<me::Me> for MeShape {
    fn from(me: me::Me) -> Self {
        let projects = me.projects.into_iter();
        Self {
            name: me.name,
            user: me.user.map(Into::into),
            roles: me.roles,
            projects: projects.map(|(project, role)| MembershipShape { project: project.into(), role }).collect(),
            acting: me.acting.map(Into::into),
            is_steward: me.is_steward,
        }
    }
}

/// Tells who the caller is.
#[utoipa::path(get, path = "/api/v1/me", tag = "account", responses((status = 200, body = MeShape)))]
pub async fn show_me(State(web): State<Web>, auth: Known) -> Result<Answer<MeShape>, Refusal> {
    Ok(Answer(me::me(&web.app, &auth.caller).await?.into()))
}

/// What people see of a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileInput {
    display_name: String,
    #[serde(default)]
    email: Option<String>,
}

/// Changes display name and address.
#[utoipa::path(patch, path = "/api/v1/me/profile", tag = "account", request_body = ProfileInput,
    responses((status = 204, description = "Changed")))]
pub async fn change_profile(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<ProfileInput>,
) -> Result<StatusCode, Refusal> {
    done(me::set_profile(&web.app, &auth.caller, &input.display_name, input.email.as_deref()).await)
}

/// The present password and the next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordInput {
    #[schema(format = Password)]
    current_password: String,
    #[schema(format = Password)]
    new_password: String,
}

/// Changes the password; all sessions and tokens end.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "account", request_body = PasswordInput,
    responses((status = 204, description = "Changed")))]
pub async fn change_password(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<PasswordInput>,
) -> Result<StatusCode, Refusal> {
    done(me::change_password(&web.app, &auth.caller, &input.current_password, &input.new_password).await)
}

/// A browser session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionShape {
    id: Uuid,
    /// The browser's own description.
    agent: String,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Session> for SessionShape {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.into(),
            agent: session.agent,
            created_at: session.created_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// Lists the caller's live browser sessions.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "account", responses((status = 200, body = Vec<SessionShape>)))]
pub async fn list_sessions(State(web): State<Web>, auth: Known) -> Result<Answer<Vec<SessionShape>>, Refusal> {
    let sessions = me::sessions(&web.app, &auth.caller).await?;
    Ok(Answer(sessions.into_iter().map(Into::into).collect()))
}

/// Ends one of the caller's browser sessions.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "account", params(("session" = Uuid, Path)),
    responses((status = 204, description = "Ended")))]
pub async fn end_session(
    State(web): State<Web>,
    auth: Known,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, Refusal> {
    done(sign_in::sign_out(&web.app, &auth.caller, session).await)
}
