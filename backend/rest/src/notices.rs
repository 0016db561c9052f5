//! Messages to the caller.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::access::notices;
use lakegate_model::{access::Notice, ids::NoticeId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{done, lists::paged};
use lakegate_http::{
    Refusal, Web,
    extract::{Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/notices", get(list_notices))
        .route("/api/v1/notices/unread", get(count_unread_notices))
        .route("/api/v1/notices/read", post(mark_all_notices_read))
        .route("/api/v1/notices/{notice}/read", post(mark_notice_read))
}

/// A message to the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeShape {
    id: Uuid,
    /// What it is about.
    #[schema(example = "request.received")]
    kind: String,
    title: String,
    body: String,
    /// Path inside the portal.
    link: String,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl From<Notice> for NoticeShape {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id.into(),
            kind: notice.kind,
            title: notice.title,
            body: notice.body,
            link: notice.link,
            created_at: notice.created_at,
            read_at: notice.read_at,
        }
    }
}

/// Lists messages to the caller, the newest first.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices", params(PageParams),
    responses((status = 200, body = PageOf<NoticeShape>)))]
pub async fn list_notices(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<NoticeShape>>, Refusal> {
    paged!(web, auth, params, "notices".to_owned(), |page| notices::list(&web.app, &auth.caller, page))
}

/// How many messages wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreadShape {
    unread: i64,
}

/// Counts the messages that the caller has not read.
#[utoipa::path(get, path = "/api/v1/notices/unread", tag = "notices", responses((status = 200, body = UnreadShape)))]
pub async fn count_unread_notices(State(web): State<Web>, auth: Known) -> Result<Answer<UnreadShape>, Refusal> {
    let unread = notices::unread(&web.app, &auth.caller).await?;
    Ok(Answer(UnreadShape { unread }))
}

/// Marks all messages to the caller as read.
#[utoipa::path(post, path = "/api/v1/notices/read", tag = "notices",
    responses((status = 204, description = "Read")))]
pub async fn mark_all_notices_read(State(web): State<Web>, auth: Known) -> Result<StatusCode, Refusal> {
    done(notices::mark_read(&web.app, &auth.caller, None).await)
}

/// Marks one message as read.
#[utoipa::path(post, path = "/api/v1/notices/{notice}/read", tag = "notices", params(("notice" = Uuid, Path)),
    responses((status = 204, description = "Read")))]
pub async fn mark_notice_read(
    State(web): State<Web>,
    auth: Known,
    Path(notice): Path<NoticeId>,
) -> Result<StatusCode, Refusal> {
    done(notices::mark_read(&web.app, &auth.caller, Some(notice)).await)
}
