//! Where data comes from, what is made of it, and who would notice a change.

use axum::{Json as Answer, Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use lakegate_app::lineage::{self, ImpactAsk, LineageAsk};
use lakegate_model::{Fault, ids::AssetId, words::Direction};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    lineage_shapes::{GraphShape, ImpactShape, UsageShape},
    lists::paged,
};
use lakegate_http::{
    Refusal, Web,
    extract::{Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/assets/{asset}/lineage", get(asset_lineage))
        .route("/api/v1/assets/{asset}/lineage/to/{other}", get(lineage_path))
        .route("/api/v1/assets/{asset}/impact", get(asset_impact))
        .route("/api/v1/assets/{asset}/usage", get(asset_usage))
}

/// What of the lineage is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LineageParams {
    /// Name of the column to follow; the whole table if absent.
    column: Option<String>,
    /// `upstream`, `downstream` or `both`, which it is if absent.
    direction: Option<String>,
    /// Steps, from 1 to 20; 3 if absent.
    depth: Option<u32>,
    /// Follow values alone, and not what decided about them.
    #[serde(default)]
    values_only: bool,
    /// The graph as it was then; now if absent.
    at: Option<DateTime<Utc>>,
}

/// Of which column.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImpactParams {
    /// Name of the column that changes; the whole table if absent.
    column: Option<String>,
}

/// Of which column, since when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// Name of the column that was read; the whole table if absent.
    column: Option<String>,
    /// Days back; 30 if absent.
    days: Option<u32>,
    /// Items of the page, 1 to 200; 50 if absent.
    first: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Shows what an asset, or one column of it, comes from and what is made of it, as the plans say that ran. What the caller may
/// not know is nameless or absent.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/lineage", tag = "lineage", params(("asset" = Uuid, Path), LineageParams),
    responses((status = 200, body = GraphShape)))]
pub async fn asset_lineage(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Query(params): Query<LineageParams>,
) -> Result<Answer<GraphShape>, Refusal> {
    let plain = LineageAsk::of(asset);
    let ask = LineageAsk {
        column: params.column,
        direction: direction(params.direction.as_deref())?,
        depth: params.depth.unwrap_or(plain.depth),
        values_only: params.values_only,
        at: params.at,
        ..plain
    };
    Ok(Answer(lineage::graph(&web.app, &auth.caller, &ask).await?.into()))
}

fn direction(word: Option<&str>) -> Result<Direction, Fault> {
    word.map_or(Ok(Direction::Both), |word| word.parse().map_err(|fault: Fault| fault.on("direction")))
}

/// Shows what lies on any way that data takes from one asset to another.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/lineage/to/{other}", tag = "lineage",
    params(("asset" = Uuid, Path), ("other" = Uuid, Path)), responses((status = 200, body = GraphShape)))]
pub async fn lineage_path(
    State(web): State<Web>,
    auth: Known,
    Path((asset, other)): Path<(AssetId, AssetId)>,
) -> Result<Answer<GraphShape>, Refusal> {
    Ok(Answer(lineage::path(&web.app, &auth.caller, asset, other).await?.into()))
}

/// Shows what a change of an asset, or of one column of it, would reach. For its owners, stewards and auditors.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/impact", tag = "lineage", params(("asset" = Uuid, Path), ImpactParams),
    responses((status = 200, body = ImpactShape)))]
pub async fn asset_impact(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Query(params): Query<ImpactParams>,
) -> Result<Answer<ImpactShape>, Refusal> {
    let ask = ImpactAsk { asset, column: params.column };
    Ok(Answer(lineage::impact(&web.app, &auth.caller, &ask).await?.into()))
}

/// Lists who has read an asset, or one column of it, within the last days, the latest first. For its owners, stewards and
/// auditors.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/usage", tag = "lineage", params(("asset" = Uuid, Path), UsageParams),
    responses((status = 200, body = PageOf<UsageShape>)))]
pub async fn asset_usage(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Query(params): Query<UsageParams>,
) -> Result<Answer<PageOf<UsageShape>>, Refusal> {
    let days = params.days.unwrap_or(30);
    let ask = ImpactAsk { asset, column: params.column.clone() };
    let name = format!("usage of {asset} {:?} {days}", ask.column);
    paged!(web, auth, params, name, |page| lineage::readers(&web.app, &auth.caller, &ask, days, page))
}
