//! Asking for access, and deciding on it.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::access::{
    RequestFilter, Side,
    decisions::{self, Approval},
    requests::{self, Edit, Wish},
    views::{self, RequestDetail, RequestKey, RequestView},
};
use lakegate_model::{
    Fault,
    access::RequestEntry,
    catalog::Column,
    ids::{AssetId, ColumnId, ProjectId, PurposeId, RequestId},
    words::RequestState,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    done,
    lists::{named, paged},
    shapes::PartiesShape,
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/requests", get(list_requests).post(create_requests))
        .route("/api/v1/tasks", get(list_tasks))
        .route("/api/v1/requests/{request}", get(show_request).patch(change_request))
        .route("/api/v1/requests/{request}/comments", post(comment_on_request))
        .route("/api/v1/requests/{request}/approve", post(approve_request))
        .route("/api/v1/requests/{request}/reject", post(reject_request))
        .route("/api/v1/requests/{request}/withdraw", post(withdraw_request))
}

/// A project's wish to use an asset.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestShape {
    id: Uuid,
    /// The number people quote.
    #[schema(example = "REQ-000123")]
    reference: String,
    #[schema(value_type = String)]
    state: RequestState,
    #[serde(flatten)]
    parties: PartiesShape,
    requester_name: String,
    reason: String,
    /// Ids of the wished columns; null for all.
    #[schema(value_type = Option<Vec<Uuid>>)]
    columns: Option<Vec<ColumnId>>,
    wanted_until: Option<DateTime<Utc>>,
    decider_name: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    decision_reason: Option<String>,
    can_decide: bool,
    can_edit: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<RequestView> for RequestShape {
    fn from(view: RequestView) -> Self {
        let request = view.request;
        Self {
            id: request.id.into(),
            reference: request.reference(),
            state: request.state,
            parties: PartiesShape::new(
                (request.asset_id, view.asset_name),
                (view.producer, view.producer_name),
                (request.project_id, view.project_name),
            ),
            requester_name: view.requester_name,
            reason: request.reason,
            columns: request.columns,
            wanted_until: request.wanted_until,
            decider_name: view.decider_name,
            decided_at: request.decided_at,
            decision_reason: request.decision_reason,
            can_decide: view.can_decide,
            can_edit: view.can_edit,
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

/// Which requests are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RequestParams {
    /// `sent`, `received` or `both`, which is the default.
    side: Option<String>,
    /// Only those that wait.
    #[serde(default)]
    open_only: bool,
    #[param(value_type = Option<Uuid>)]
    project: Option<ProjectId>,
    #[param(value_type = Option<Uuid>)]
    asset: Option<AssetId>,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

fn side(text: Option<&str>) -> Result<Side, Fault> {
    match text {
        Some("sent") => Ok(Side::Sent),
        Some("received") => Ok(Side::Received),
        None | Some("both") => Ok(Side::Both),
        Some(_) => Err(Fault::invalid("side", "expected one of: sent received both")),
    }
}

/// Lists requests that the caller sent or received, the newest first.
#[utoipa::path(get, path = "/api/v1/requests", tag = "requests", params(RequestParams),
    responses((status = 200, body = PageOf<RequestShape>)))]
pub async fn list_requests(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<RequestParams>,
) -> Result<Answer<PageOf<RequestShape>>, Refusal> {
    let filter = RequestFilter {
        side: side(params.side.as_deref())?,
        open_only: params.open_only,
        project: params.project,
        asset: params.asset,
    };
    paged!(web, auth, params, named("requests", &params), |page| views::list(&web.app, &auth.caller, filter, page))
}

/// Lists requests that wait for the caller's decision, the longest waiting first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "requests", params(PageParams),
    responses((status = 200, body = PageOf<RequestShape>)))]
pub async fn list_tasks(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<RequestShape>>, Refusal> {
    paged!(web, auth, params, "tasks".to_owned(), |page| views::tasks(&web.app, &auth.caller, page))
}

/// A wish to use assets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequests {
    /// The project that will use them.
    #[schema(value_type = Uuid)]
    project: ProjectId,
    #[schema(value_type = Vec<Uuid>)]
    assets: Vec<AssetId>,
    reason: String,
    /// Wished columns of a single asset; absent asks for all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    columns: Option<Vec<ColumnId>>,
    #[serde(default)]
    until: Option<DateTime<Utc>>,
}

/// Requests just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeRequests {
    requests: Vec<RequestShape>,
}

/// Makes one request for each asset, all or none.
#[utoipa::path(post, path = "/api/v1/requests", tag = "requests", request_body = NewRequests,
    responses((status = 201, body = MadeRequests)))]
pub async fn create_requests(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewRequests>,
) -> Result<(StatusCode, Answer<MadeRequests>), Refusal> {
    let NewRequests { project, assets, reason, columns, until } = input;
    let ids = requests::request(&web.app, &auth.caller, &Wish { project, assets, reason, columns, until }).await?;
    let mut made = Vec::with_capacity(ids.len());
    for id in ids {
        made.push(views::get(&web.app, &auth.caller, RequestKey::Id(id)).await?.view.into());
    }
    Ok((StatusCode::CREATED, Answer(MadeRequests { requests: made })))
}

/// One entry of a request's thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryShape {
    /// `requested`, `edited`, `question`, `answer`, `approved`, `rejected`, `withdrawn`, …
    kind: String,
    author_name: Option<String>,
    body: String,
    created_at: DateTime<Utc>,
}

impl From<RequestEntry> for EntryShape {
    fn from(entry: RequestEntry) -> Self {
        Self { kind: entry.kind, author_name: entry.author_name, body: entry.body, created_at: entry.created_at }
    }
}

/// A column that a request is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct WishedColumn {
    id: Uuid,
    name: String,
    title: String,
}

impl From<Column> for WishedColumn {
    fn from(column: Column) -> Self {
        Self { id: column.id.into(), name: column.name, title: column.title }
    }
}

/// A request with its thread and its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestDetailShape {
    #[serde(flatten)]
    request: RequestShape,
    thread: Vec<EntryShape>,
    /// The wished columns, or all released ones.
    wished_columns: Vec<WishedColumn>,
    /// Columns of the table that were not asked for.
    not_wished_columns: Vec<WishedColumn>,
}

impl From<RequestDetail> for RequestDetailShape {
    fn from(detail: RequestDetail) -> Self {
        Self {
            request: detail.view.into(),
            thread: detail.thread.into_iter().map(Into::into).collect(),
            wished_columns: detail.columns.into_iter().map(Into::into).collect(),
            not_wished_columns: detail.not_wished.into_iter().map(Into::into).collect(),
        }
    }
}

/// A request is named by its id, or by the number that people quote.
fn key(text: &str) -> Result<RequestKey, Fault> {
    let number = text.strip_prefix("REQ-").and_then(|digits| digits.parse::<i64>().ok());
    match number {
        Some(number) => Ok(RequestKey::Number(number)),
        None => text.parse().map(RequestKey::Id).map_err(|fault: Fault| fault.on("request")),
    }
}

/// Shows a request, by id or by its number.
#[utoipa::path(get, path = "/api/v1/requests/{request}", tag = "requests",
    params(("request" = String, Path, description = "Id, or number such as REQ-000123")),
    responses((status = 200, body = RequestDetailShape)))]
pub async fn show_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<String>,
) -> Result<Answer<RequestDetailShape>, Refusal> {
    Ok(Answer(views::get(&web.app, &auth.caller, key(&request)?).await?.into()))
}

/// What of an open request is changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestChange {
    reason: String,
    /// Absent asks for all columns.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    columns: Option<Vec<ColumnId>>,
    #[serde(default)]
    until: Option<DateTime<Utc>>,
}

/// Changes an open request and puts it before the approver again.
#[utoipa::path(patch, path = "/api/v1/requests/{request}", tag = "requests", params(("request" = Uuid, Path)),
    request_body = RequestChange, responses((status = 204, description = "Changed")))]
pub async fn change_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<RequestId>,
    Json(input): Json<RequestChange>,
) -> Result<StatusCode, Refusal> {
    let RequestChange { reason, columns, until } = input;
    done(requests::edit(&web.app, &auth.caller, request, &Edit { reason, columns, until }).await)
}

/// A message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentInput {
    body: String,
}

/// Writes into the thread of a request: an approver's message asks for information, a requester's answers.
#[utoipa::path(post, path = "/api/v1/requests/{request}/comments", tag = "requests",
    params(("request" = Uuid, Path)), request_body = CommentInput, responses((status = 204, description = "Written")))]
pub async fn comment_on_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<RequestId>,
    Json(input): Json<CommentInput>,
) -> Result<StatusCode, Refusal> {
    done(requests::comment(&web.app, &auth.caller, request, &input.body).await)
}

/// What is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalInput {
    reason: String,
    /// A choice among the wished columns; absent gives what was asked for.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    columns: Option<Vec<ColumnId>>,
    /// An end, not later than the wished one; absent takes the wished one.
    #[serde(default)]
    until: Option<DateTime<Utc>>,
    /// Whether rows may leave through downloads.
    #[serde(default)]
    export: bool,
    /// Only rows for which this condition is true, such as `region = session_attribute('region')`; absent gives all rows.
    #[serde(default)]
    row_filter: Option<String>,
    /// Purposes of which whoever uses the data states one; none keeps those of the present access.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>)]
    purposes: Vec<PurposeId>,
}

/// What an approval made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovedShape {
    subscription_id: Uuid,
}

/// Approves a request; the table appears in the asking project's database at once.
#[utoipa::path(post, path = "/api/v1/requests/{request}/approve", tag = "requests",
    params(("request" = Uuid, Path)), request_body = ApprovalInput, responses((status = 200, body = ApprovedShape)))]
pub async fn approve_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<RequestId>,
    Json(input): Json<ApprovalInput>,
) -> Result<Answer<ApprovedShape>, Refusal> {
    let ApprovalInput { reason, columns, until, export, row_filter, purposes } = input;
    let approval = Approval { reason, columns, until, export, row_filter, purposes };
    let id = decisions::approve(&web.app, &auth.caller, request, &approval).await?;
    Ok(Answer(ApprovedShape { subscription_id: id.into() }))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonInput {
    pub reason: String,
}

/// Rejects a request; the reason is what the requester reads.
#[utoipa::path(post, path = "/api/v1/requests/{request}/reject", tag = "requests", params(("request" = Uuid, Path)),
    request_body = ReasonInput, responses((status = 204, description = "Rejected")))]
pub async fn reject_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<RequestId>,
    Json(input): Json<ReasonInput>,
) -> Result<StatusCode, Refusal> {
    done(decisions::reject(&web.app, &auth.caller, request, &input.reason).await)
}

/// Withdraws an open request.
#[utoipa::path(post, path = "/api/v1/requests/{request}/withdraw", tag = "requests",
    params(("request" = Uuid, Path)), responses((status = 204, description = "Withdrawn")))]
pub async fn withdraw_request(
    State(web): State<Web>,
    auth: Known,
    Path(request): Path<RequestId>,
) -> Result<StatusCode, Refusal> {
    done(requests::withdraw(&web.app, &auth.caller, request).await)
}
