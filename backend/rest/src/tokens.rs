//! Tokens for programs.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{delete, get},
};
use chrono::{DateTime, Utc};
use lakegate_app::accounts::api_tokens::{self, NewToken};
use lakegate_model::{
    ids::{ApiTokenId, ServiceAccountId},
    people::ApiToken,
    words::TokenScope,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::done;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/tokens", get(list_tokens).post(create_token))
        .route("/api/v1/tokens/{token}", delete(revoke_token))
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenShape {
    id: Uuid,
    /// Null for tokens of persons.
    service_account_id: Option<Uuid>,
    name: String,
    /// The first characters.
    prefix: String,
    #[schema(value_type = Vec<String>)]
    scopes: Vec<TokenScope>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiToken> for TokenShape {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id.into(),
            service_account_id: token.service_account_id.map(Into::into),
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// Whose tokens are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TokenParams {
    /// A service account; absent for the caller's own tokens.
    #[param(value_type = Option<Uuid>)]
    service_account: Option<ServiceAccountId>,
}

/// Lists the caller's tokens, or those of a service account.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(TokenParams),
    responses((status = 200, body = Vec<TokenShape>)))]
pub async fn list_tokens(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<TokenParams>,
) -> Result<Answer<Vec<TokenShape>>, Refusal> {
    let tokens = api_tokens::list(&web.app, &auth.caller, params.service_account).await?;
    Ok(Answer(tokens.into_iter().map(Into::into).collect()))
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenInput {
    name: String,
    /// Of `read`, `query`, `write`.
    #[schema(value_type = Vec<String>, example = json!(["read", "query"]))]
    scopes: Vec<TokenScope>,
    /// How long it lives, 1 to 366.
    days: i64,
    /// Whose token; absent makes one of the caller himself.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    service_account: Option<ServiceAccountId>,
}

/// A token just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeTokenShape {
    #[serde(flatten)]
    token: TokenShape,
    /// Shown this once.
    secret: String,
}

/// Makes a token. Needs a password given within the last ten minutes, of callers with a session.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewTokenInput,
    responses((status = 201, body = MadeTokenShape)))]
pub async fn create_token(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewTokenInput>,
) -> Result<(StatusCode, Answer<MadeTokenShape>), Refusal> {
    let NewTokenInput { name, scopes, days, service_account: account } = input;
    let made = api_tokens::create(&web.app, &auth.caller, &NewToken { name, scopes, days, account }).await?;
    Ok((StatusCode::CREATED, Answer(MadeTokenShape { token: made.token.into(), secret: made.secret })))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "tokens", params(("token" = Uuid, Path)),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_token(
    State(web): State<Web>,
    auth: Known,
    Path(token): Path<ApiTokenId>,
) -> Result<StatusCode, Refusal> {
    done(api_tokens::revoke(&web.app, &auth.caller, token).await)
}
