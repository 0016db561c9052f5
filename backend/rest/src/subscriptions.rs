//! What projects may use, and who uses what.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::access::{
    subscriptions,
    views::{self, SubscriptionView},
};
use lakegate_model::{
    ids::{AssetId, ProjectId, SubscriptionId},
    words::SubscriptionState,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    done,
    lists::{named, paged},
    requests::ReasonInput,
    shapes::PartiesShape,
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/subscriptions", get(list_subscriptions))
        .route("/api/v1/subscriptions/{subscription}", get(show_subscription))
        .route("/api/v1/subscriptions/{subscription}/revoke", post(revoke_subscription))
        .route("/api/v1/subscriptions/{subscription}/cancel", post(cancel_subscription))
        .route("/api/v1/projects/{project}/subscriptions-out", get(list_given_subscriptions))
        .route("/api/v1/assets/{asset}/access", get(list_access_to_asset))
}

/// A project's approved use of an asset.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionShape {
    id: Uuid,
    #[schema(value_type = String)]
    state: SubscriptionState,
    #[serde(flatten)]
    parties: PartiesShape,
    #[schema(example = "REQ-000123")]
    request_reference: String,
    /// Granted columns by name; null for all released ones.
    columns: Option<Vec<String>>,
    /// Where the table stands in SQL.
    tables: Vec<String>,
    valid_until: Option<DateTime<Utc>>,
    can_export: bool,
    /// Whether it opens some rows only.
    some_rows: bool,
    /// Which rows; told to those who may revoke.
    row_filter: Option<String>,
    can_cancel: bool,
    can_revoke: bool,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<String>,
}

impl From<SubscriptionView> for SubscriptionShape {
    fn from(view: SubscriptionView) -> Self {
        let subscription = view.subscription;
        Self {
            id: subscription.id.into(),
            state: subscription.state,
            parties: PartiesShape::new(
                (subscription.asset_id, view.asset_name),
                (view.producer, view.producer_name),
                (subscription.project_id, view.project_name),
            ),
            request_reference: view.request_reference,
            columns: view.columns,
            tables: view.tables,
            valid_until: view.grant.as_ref().and_then(|grant| grant.valid_until),
            can_export: view.grant.as_ref().is_some_and(|grant| grant.can_export),
            some_rows: view.grant.as_ref().is_some_and(|grant| grant.row_filter.is_some()),
            row_filter: view.grant.as_ref().filter(|_| view.can_revoke).and_then(|grant| grant.row_filter.clone()),
            can_cancel: view.can_cancel,
            can_revoke: view.can_revoke,
            created_at: subscription.created_at,
            ended_at: subscription.ended_at,
            end_reason: subscription.end_reason,
        }
    }
}

/// Which subscriptions are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionParams {
    /// One project; absent for all of the caller's.
    #[param(value_type = Option<Uuid>)]
    project: Option<ProjectId>,
    /// Only living ones.
    #[serde(default)]
    active_only: bool,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

/// Lists what the caller's projects are subscribed to.
#[utoipa::path(get, path = "/api/v1/subscriptions", tag = "subscriptions", params(SubscriptionParams),
    responses((status = 200, body = PageOf<SubscriptionShape>)))]
pub async fn list_subscriptions(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<SubscriptionParams>,
) -> Result<Answer<PageOf<SubscriptionShape>>, Refusal> {
    paged!(web, auth, params, named("subscriptions", &params), |page| views::my_access(
        &web.app,
        &auth.caller,
        params.project,
        params.active_only,
        page
    ))
}

/// Lists who is subscribed to the assets of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/subscriptions-out", tag = "subscriptions",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<SubscriptionShape>)))]
pub async fn list_given_subscriptions(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<SubscriptionShape>>, Refusal> {
    paged!(web, auth, params, format!("subscriptions out of {project}"), |page| views::given_by(
        &web.app,
        &auth.caller,
        project,
        false,
        page
    ))
}

/// Lists who has and had access to an asset.
#[utoipa::path(get, path = "/api/v1/assets/{asset}/access", tag = "subscriptions",
    params(("asset" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<SubscriptionShape>)))]
pub async fn list_access_to_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<SubscriptionShape>>, Refusal> {
    paged!(web, auth, params, format!("access to {asset}"), |page| views::who_has_access(
        &web.app,
        &auth.caller,
        asset,
        page
    ))
}

/// Shows a subscription.
#[utoipa::path(get, path = "/api/v1/subscriptions/{subscription}", tag = "subscriptions",
    params(("subscription" = Uuid, Path)), responses((status = 200, body = SubscriptionShape)))]
pub async fn show_subscription(
    State(web): State<Web>,
    auth: Known,
    Path(subscription): Path<SubscriptionId>,
) -> Result<Answer<SubscriptionShape>, Refusal> {
    Ok(Answer(views::subscription(&web.app, &auth.caller, subscription).await?.into()))
}

/// Takes a subscription back; the next query is refused.
#[utoipa::path(post, path = "/api/v1/subscriptions/{subscription}/revoke", tag = "subscriptions",
    params(("subscription" = Uuid, Path)), request_body = ReasonInput,
    responses((status = 204, description = "Taken back")))]
pub async fn revoke_subscription(
    State(web): State<Web>,
    auth: Known,
    Path(subscription): Path<SubscriptionId>,
    Json(input): Json<ReasonInput>,
) -> Result<StatusCode, Refusal> {
    done(subscriptions::revoke(&web.app, &auth.caller, subscription, &input.reason).await)
}

/// Gives a subscription back.
#[utoipa::path(post, path = "/api/v1/subscriptions/{subscription}/cancel", tag = "subscriptions",
    params(("subscription" = Uuid, Path)), request_body = ReasonInput,
    responses((status = 204, description = "Given back")))]
pub async fn cancel_subscription(
    State(web): State<Web>,
    auth: Known,
    Path(subscription): Path<SubscriptionId>,
    Json(input): Json<ReasonInput>,
) -> Result<StatusCode, Refusal> {
    done(subscriptions::cancel(&web.app, &auth.caller, subscription, &input.reason).await)
}
