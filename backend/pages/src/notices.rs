//! Messages to the reader.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{Redirect, Response},
    routing::{get, post},
};
use lakegate_app::access::notices;
use lakegate_model::{access::Notice, ids::NoticeId};
use serde::Deserialize;

use super::{
    flash,
    kit::{After, Pager, Place, When, address},
    shell::{Framed, Shell, safe_next, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
    markdown,
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/notices", get(page))
        .route("/notices/read", post(read_all))
        .route("/notices/{id}/open", get(open))
}

/// A message as a row.
struct Row {
    href: String,
    title: String,
    body: String,
    at: When,
    unread: bool,
    state: &'static str,
    icon: &'static str,
}

fn row(notice: Notice) -> Row {
    let (state, icon) = glyph(&notice.kind);
    Row {
        href: address(&format!("/notices/{}/open", notice.id), &[("to", &notice.link)]),
        title: notice.title,
        body: markdown::plain(&notice.body, 200),
        at: When::at(notice.created_at),
        unread: notice.read_at.is_none(),
        state,
        icon,
    }
}

fn glyph(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "request.received" => ("attention", "key-round"),
        "request.approved" => ("good", "circle-check"),
        "request.rejected" => ("danger", "circle-x"),
        "request.comment" | "asset.question" | "asset.answer" => ("info", "message-square"),
        "subscription.ended" => ("danger", "lock"),
        "asset.deprecated" => ("attention", "archive"),
        "member.invited" => ("info", "user-plus"),
        kind if kind.starts_with("grant.") || kind.starts_with("subscription.") => ("attention", "clock"),
        _ => ("", "bell"),
    }
}

#[derive(Template)]
#[template(path = "notices/notices.html")]
struct NoticesPage {
    shell: Shell,
    rows: Vec<Row>,
    pager: Pager,
}

async fn page(State(web): State<Web>, frame: Framed, Query(query): Query<After>) -> Result<Response, Refusal> {
    let place = Place::new("/notices", &query.after);
    let found = notices::list(&web.app, &frame.reader.caller, &place.request(&web, &frame.reader, 50)?).await?;
    let pager = place.pager(&web, &frame.reader, &found)?;
    let rows = found.items.into_iter().map(row).collect();
    show(StatusCode::OK, &NoticesPage { shell: frame.shell, rows, pager })
}

async fn read_all(State(web): State<Web>, reader: SignedIn) -> Result<Response, Refusal> {
    notices::mark_read(&web.app, &reader.caller, None).await?;
    Ok(flash::done("/notices", "All notices are read."))
}

#[derive(Debug, Default, Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

/// Follows a message to what it is about; having followed it counts as having read it.
async fn open(
    State(web): State<Web>,
    Path(id): Path<NoticeId>,
    reader: SignedIn,
    Query(query): Query<To>,
) -> Result<Redirect, Refusal> {
    notices::mark_read(&web.app, &reader.caller, Some(id)).await?;
    Ok(Redirect::to(safe_next(&query.to)))
}
