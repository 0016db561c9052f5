//! A few rows to look at.

use axum::{Json as Answer, Router, extract::State, routing::get};
use lakegate_app::query::preview::{self, Preview};
use lakegate_model::ids::{AssetId, RequestId};
use serde::Serialize;
use utoipa::ToSchema;

use super::queries::ColumnShape;
use lakegate_http::{
    Refusal, Web,
    extract::{Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/assets/{asset}/preview", get(preview_asset))
        .route("/api/v1/requests/{request}/preview", get(preview_request))
}

/// The first rows of a table. 64-bit integers and decimals are strings, so that no digit is lost.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewShape {
    columns: Vec<ColumnShape>,
    /// Rows of values in the order of the columns.
    rows: Vec<Vec<serde_json::Value>>,
}

impl From<Preview> for PreviewShape {
    fn from(preview: Preview) -> Self {
        Self { columns: preview.columns.into_iter().map(Into::into).collect(), rows: preview.rows }
    }
}

/// Shows a few rows of an asset under the caller's own rights, in the project of the header `Lakegate-Project` or of the
/// session.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/preview", tag = "assets", params(("asset" = Uuid, Path)),
    responses((status = 200, body = PreviewShape)))]
pub async fn preview_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
) -> Result<Answer<PreviewShape>, Refusal> {
    Ok(Answer(preview::of_asset(&web.app, &auth.caller, asset).await?.into()))
}

/// Shows a few rows as the asker of a request would get them, as far as the caller may see them himself.
#[utoipa::path(get, path = "/api/v1/requests/{request}/preview", tag = "requests", params(("request" = Uuid, Path)),
    responses((status = 200, body = PreviewShape)))]
pub async fn preview_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<RequestId>,
) -> Result<Answer<PreviewShape>, Refusal> {
    Ok(Answer(preview::of_request(&web.app, &auth.caller, request).await?.into()))
}
