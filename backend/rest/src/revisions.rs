//! The history of an asset.

use axum::{Json as Answer, Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::{
    diff::DiffLine,
    revisions::{self, RevisionView},
};
use lakegate_model::ids::AssetId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lists::paged;
use lakegate_http::{
    Refusal, Web,
    extract::{Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/assets/{asset}/revisions", get(list_revisions))
        .route("/api/v1/assets/{asset}/revisions/diff", get(compare_revisions))
}

/// One kept state of an asset.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionShape {
    revision: i64,
    /// One line: what changed.
    summary: String,
    /// Who made it.
    actor: String,
    created_at: DateTime<Utc>,
}

impl From<RevisionView> for RevisionShape {
    fn from(view: RevisionView) -> Self {
        Self { revision: view.revision, summary: view.summary, actor: view.actor, created_at: view.created_at }
    }
}

/// Lists the kept states of an asset, the latest first, as much of them as the caller may know.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/revisions", tag = "assets",
    params(("asset" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<RevisionShape>)))]
pub async fn list_revisions(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<RevisionShape>>, Refusal> {
    let list = format!("revisions of {asset}");
    paged!(web, auth, params, list, |page| revisions::list(&web.app, &auth.caller, asset, page))
}

/// Two revisions of an asset.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiffParams {
    /// The earlier revision.
    from: i64,
    /// The later one.
    to: i64,
}

/// One difference between two revisions. Cells and partition values are never in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffLineShape {
    /// The column it is about; null for the asset itself.
    column: Option<String>,
    /// What differs: `title`, `type`, `files`, ….
    field: &'static str,
    before: String,
    after: String,
    /// The difference as a sentence.
    text: String,
}

impl From<DiffLine> for DiffLineShape {
    fn from(line: DiffLine) -> Self {
        let text = line.to_string();
        Self { column: line.column, field: line.field, before: line.before, after: line.after, text }
    }
}

/// Tells what differs between two revisions of an asset.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/revisions/diff", tag = "assets",
    params(("asset" = Uuid, Path), DiffParams), responses((status = 200, body = Vec<DiffLineShape>)))]
pub async fn compare_revisions(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Query(params): Query<DiffParams>,
) -> Result<Answer<Vec<DiffLineShape>>, Refusal> {
    let lines = revisions::compare(&web.app, &auth.caller, asset, (params.from, params.to)).await?;
    Ok(Answer(lines.into_iter().map(Into::into).collect()))
}
