//! The life of an asset: publish, deprecate, archive, vouch for it, open its columns.

use axum::{
    Json as Answer, Router,
    extract::State,
    routing::{get, post, put},
};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::publish::{self, Deprecation, Readiness};
use lakegate_model::ids::{AssetId, ColumnId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::assets::AssetShape;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/assets/{asset}/readiness", get(show_readiness))
        .route("/api/v1/assets/{asset}/publish", post(publish_asset))
        .route("/api/v1/assets/{asset}/deprecate", post(deprecate_asset))
        .route("/api/v1/assets/{asset}/undeprecate", post(undeprecate_asset))
        .route("/api/v1/assets/{asset}/archive", post(archive_asset))
        .route("/api/v1/assets/{asset}/certified", put(certify_asset))
        .route("/api/v1/assets/{asset}/release", post(release_columns))
}

/// Something that publishing lacks.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingShape {
    field: &'static str,
    message: String,
}

/// What the first step of publishing says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessShape {
    /// Nothing missing means that the second step may be taken.
    missing: Vec<MissingShape>,
    hints: Vec<String>,
    /// Publish exactly this revision.
    revision: i64,
}

impl From<Readiness> for ReadinessShape {
    fn from(ready: Readiness) -> Self {
        let missing = ready.missing.into_iter();
        Self {
            missing: missing.map(|lack| MissingShape { field: lack.field, message: lack.message }).collect(),
            hints: ready.hints,
            revision: ready.revision,
        }
    }
}

/// The first step of publishing: tells what is missing.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/readiness", tag = "assets", params(("asset" = Uuid, Path)),
    responses((status = 200, body = ReadinessShape)))]
pub async fn show_readiness(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
) -> Result<Answer<ReadinessShape>, Refusal> {
    Ok(Answer(publish::readiness(&web.app, &auth.caller, asset).await?.into()))
}

/// The revision that was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevisionInput {
    revision: i64,
}

/// The second step of publishing.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/publish", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = RevisionInput, responses((status = 200, body = AssetShape)))]
pub async fn publish_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<RevisionInput>,
) -> Result<Answer<AssetShape>, Refusal> {
    Ok(Answer(publish::publish(&web.app, &auth.caller, asset, input.revision).await?.into()))
}

/// How an asset goes out of use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeprecationInput {
    revision: i64,
    /// What to use instead.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    successor: Option<AssetId>,
    /// From when; now if absent.
    #[serde(default)]
    from: Option<DateTime<Utc>>,
    /// Why, and what subscribers should do.
    note: String,
}

/// Marks a published asset as on its way out: no new requests, subscribers are told.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/deprecate", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = DeprecationInput, responses((status = 200, body = AssetShape)))]
pub async fn deprecate_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<DeprecationInput>,
) -> Result<Answer<AssetShape>, Refusal> {
    let DeprecationInput { revision, successor, from, note } = input;
    let how = Deprecation { successor, from, note };
    Ok(Answer(publish::deprecate(&web.app, &auth.caller, asset, revision, &how).await?.into()))
}

/// Takes a deprecation back.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/undeprecate", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = RevisionInput, responses((status = 200, body = AssetShape)))]
pub async fn undeprecate_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<RevisionInput>,
) -> Result<Answer<AssetShape>, Refusal> {
    Ok(Answer(publish::undeprecate(&web.app, &auth.caller, asset, input.revision).await?.into()))
}

/// Puts an asset away, once nobody subscribes to it.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/archive", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = RevisionInput, responses((status = 200, body = AssetShape)))]
pub async fn archive_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<RevisionInput>,
) -> Result<Answer<AssetShape>, Refusal> {
    Ok(Answer(publish::archive(&web.app, &auth.caller, asset, input.revision).await?.into()))
}

/// Whether a steward vouches for an asset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertifiedInput {
    certified: bool,
}

/// Vouches for an asset, or no longer; for stewards.
#[utoipa::path(put, path = "/api/v1/assets/{asset}/certified", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = CertifiedInput, responses((status = 200, body = AssetShape)))]
pub async fn certify_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<CertifiedInput>,
) -> Result<Answer<AssetShape>, Refusal> {
    Ok(Answer(publish::certify(&web.app, &auth.caller, asset, input.certified).await?.into()))
}

/// Columns that arrived closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseInput {
    #[schema(value_type = Vec<Uuid>)]
    columns: Vec<ColumnId>,
}

/// Opens columns that arrived closed.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/release", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = ReleaseInput, responses((status = 200, body = AssetShape)))]
pub async fn release_columns(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<ReleaseInput>,
) -> Result<Answer<AssetShape>, Refusal> {
    Ok(Answer(publish::release(&web.app, &auth.caller, asset, &input.columns).await?.into()))
}
