//! Access by token: getting, renewing and ending one.

use axum::{Router, extract::State, http::StatusCode, routing::post};
use lakegate_app::accounts::access_tokens::{self, TokenPair};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::done;
use lakegate_http::{
    Refusal, Web,
    extract::{Auth, Json},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/auth/token", post(create_access_token))
        .route("/api/v1/auth/refresh", post(refresh_access_token))
        .route("/api/v1/auth/revoke", post(revoke_access_token))
}

/// A user name and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    username: String,
    #[schema(format = Password)]
    password: String,
}

/// A pair of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: i64,
    /// Works once, for the next pair.
    refresh_token: String,
}

impl From<TokenPair> for Tokens {
    fn from(pair: TokenPair) -> Self {
        let TokenPair { access_token, token_type, expires_in, refresh_token } = pair;
        Self { access_token, token_type, expires_in, refresh_token }
    }
}

/// Signs in with user name and password.
#[utoipa::path(post, path = "/api/v1/auth/token", tag = "auth", security(()), request_body = Credentials,
    responses((status = 200, body = Tokens)))]
pub async fn create_access_token(
    State(web): State<Web>,
    auth: Auth,
    Json(input): Json<Credentials>,
) -> Result<axum::Json<Tokens>, Refusal> {
    let pair = access_tokens::issue(&web.app, &auth.caller, &input.username, &input.password).await?;
    Ok(axum::Json(pair.into()))
}

/// A refresh token to be exchanged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshInput {
    refresh_token: String,
}

/// Exchanges a refresh token for a new pair. One that comes a second time ends all that descend from its sign-in.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", security(()), request_body = RefreshInput,
    responses((status = 200, body = Tokens)))]
pub async fn refresh_access_token(
    State(web): State<Web>,
    auth: Auth,
    Json(input): Json<RefreshInput>,
) -> Result<axum::Json<Tokens>, Refusal> {
    Ok(axum::Json(access_tokens::refresh(&web.app, &auth.caller, &input.refresh_token).await?.into()))
}

/// What is to be ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeInput {
    /// Absent: the sign-in of the access token that came with the request.
    #[serde(default)]
    refresh_token: Option<String>,
}

/// Signs out: ends every token that descends from the same sign-in.
#[utoipa::path(post, path = "/api/v1/auth/revoke", tag = "auth", request_body = RevokeInput,
    responses((status = 204, description = "Ended")))]
pub async fn revoke_access_token(
    State(web): State<Web>,
    auth: Auth,
    Json(input): Json<RevokeInput>,
) -> Result<StatusCode, Refusal> {
    done(access_tokens::revoke(&web.app, &auth.caller, input.refresh_token.as_deref()).await)
}
