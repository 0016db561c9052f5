//! Whether the server lives and can work.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use lakegate_app::accounts::set_up;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

use lakegate_http::Web;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The state of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `unavailable` when something it needs does not answer.
    pub status: &'static str,
    pub version: &'static str,
    /// `ok` or `unavailable`.
    pub database: &'static str,
}

/// Tells whether the server lives and its database answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, body = Health), (status = 503, description = "The database does not answer", body = Health)))]
pub async fn healthz(State(web): State<Web>) -> impl IntoResponse {
    let answered = tokio::time::timeout(PATIENCE, set_up::is_needed(&web.app)).await;
    let well = matches!(answered, Ok(Ok(_)));
    let word = if well { "ok" } else { "unavailable" };
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { status: word, version: env!("CARGO_PKG_VERSION"), database: word }))
}
