//! Requests for access: who asks for what and why, and what became of it.

mod change;
mod decide;
pub mod list;
mod new;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    access::views::{self, RequestDetail, RequestKey, RequestView},
    query::preview,
};
use lakegate_model::{Fault, access::RequestEntry, catalog::Column, ids::ColumnId, words::RequestState};

use super::{
    asset::{
        head::asset_href,
        preview::{Rows, RowsPart, is_part},
    },
    fields::{Fields, day_text, day_words},
    kit::{Choice, Crumb, When, Who, Wrong, counted, crumbs},
    proof::Proof,
    purposes,
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Path, markdown};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/requests", get(list::page))
        .route("/requests/new", get(new::form).post(new::send))
        .route("/assets/{id}/request", get(new::form_for_one))
        .route("/requests/{key}", get(page))
        .route("/requests/{key}/preview", get(rows))
        .route("/requests/{key}/decision", post(decide::decide))
        .route("/requests/{key}/comments", post(change::comment))
        .route("/requests/{key}/edit", get(change::form).post(change::save))
        .route("/requests/{key}/withdraw", post(change::withdraw))
}

/// A badge: word, state of colour, glyph.
pub type Badge = (&'static str, &'static str, &'static str);

/// The badge of a request's place in its life.
pub fn state_badge(state: RequestState) -> Badge {
    match state {
        RequestState::Pending => ("Waiting", "attention", "clock"),
        RequestState::NeedsInformation => ("Question open", "info", "message-square"),
        RequestState::Approved => ("Approved", "good", "circle-check"),
        RequestState::Rejected => ("Rejected", "danger", "circle-x"),
        RequestState::Withdrawn => ("Withdrawn", "", "undo-2"),
    }
}

/// The request that an address names: by the number that people quote, or by its id.
///
/// # Errors
/// `not_found` for any other text.
pub fn key(text: &str) -> Result<RequestKey, Fault> {
    let digits = text.strip_prefix("REQ-").or_else(|| text.strip_prefix("req-")).unwrap_or(text);
    if let Ok(number) = digits.parse::<i64>() {
        return Ok(RequestKey::Number(number));
    }
    text.parse().map(RequestKey::Id).map_err(|_| Fault::not_found("request"))
}

/// The address of a request.
pub fn request_href(view: &RequestView) -> String {
    format!("/requests/{}", view.request.reference())
}

/// A request in the address, as the caller may see it.
async fn found(web: &Web, frame: &Framed, text: &str) -> Result<RequestDetail, Fault> {
    views::get(&web.app, &frame.reader.caller, key(text)?).await
}

/// The columns that a form names; `None` where it is about all.
///
/// # Errors
/// `invalid` on `columns`, for a form that is not one of ours.
fn chosen_columns(fields: &Fields) -> Result<Option<Vec<ColumnId>>, Fault> {
    match fields.one("columns") {
        "some" => fields.ids("column").map(Some).map_err(|fault| fault.on("columns")),
        _ => Ok(None),
    }
}

/// A column to tick.
pub struct Pick {
    pub id: ColumnId,
    pub name: String,
    pub title: String,
    pub column_type: String,
    pub about: String,
    pub checked: bool,
}

impl Pick {
    fn new(column: &Column, checked: bool) -> Self {
        Self {
            id: column.id,
            name: column.name.clone(),
            title: column.title.clone(),
            column_type: column.column_type.to_string(),
            about: markdown::plain(&column.description, 120),
            checked,
        }
    }
}

/// One step of a request's life.
struct Event {
    state: &'static str,
    icon: &'static str,
    author: Who,
    /// "asked for access"
    did: &'static str,
    at: When,
    html: String,
}

fn event(entry: RequestEntry) -> Event {
    let (state, icon, did) = match entry.kind.as_str() {
        "requested" => ("", "send", "asked for access"),
        "edited" => ("", "pencil", "changed the request"),
        "question" => ("info", "message-square", "asked"),
        "answer" => ("info", "message-square", "answered"),
        "approved" => ("good", "check", "approved"),
        "narrowed" => ("attention", "list-filter", "narrowed the access to what was used"),
        "rejected" => ("danger", "x", "rejected"),
        "withdrawn" => ("", "undo-2", "withdrew the request"),
        _ => ("", "circle-dot", "noted"),
    };
    Event {
        state,
        icon,
        did,
        author: Who::named(entry.author_name.as_deref().unwrap_or("Lakegate")),
        at: When::at(entry.created_at),
        html: markdown::html(&entry.body),
    }
}

#[derive(Template)]
#[template(path = "requests/request.html")]
struct RequestPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    reference: String,
    href: String,
    status: Badge,
    project: Who,
    requester: Who,
    asset: Crumb,
    producer: String,
    asked: When,
    until: String,
    amends: bool,
    reason: String,
    columns: Vec<Pick>,
    others: Vec<Pick>,
    all_columns: bool,
    wanted: String,
    events: Vec<Event>,
    is_open: bool,
    can_decide: bool,
    can_edit: bool,
    decided: Option<Decided>,
    form: DecisionForm,
    comment: String,
    comment_label: &'static str,
    comment_help: &'static str,
    wrong: Wrong,
}

/// How a request ended.
struct Decided {
    state: &'static str,
    icon: &'static str,
    title: String,
    reason: String,
    /// The way on: the asset, once access was given.
    query: bool,
}

/// What the approver has filled in.
#[derive(Debug, Default)]
struct DecisionForm {
    reason: String,
    until: String,
    export: bool,
    row_filter: String,
    some: bool,
    /// What may be demanded, and what is.
    purposes: Vec<Choice>,
    demanded: Vec<String>,
    proof: Proof,
}

async fn page(State(web): State<Web>, Path(text): Path<String>, frame: Framed) -> Result<Response, Refusal> {
    let detail = found(&web, &frame, &text).await?;
    show(StatusCode::OK, &request_page(&web, frame, detail, &Fields::default(), Wrong::default()).await?)
}

/// The page of a request, with what a refused form held.
async fn request_page(
    web: &Web,
    frame: Framed,
    detail: RequestDetail,
    fields: &Fields,
    wrong: Wrong,
) -> Result<RequestPage, Fault> {
    let purposes = match detail.view.can_decide {
        true => purposes::choices(web, &frame.reader).await?,
        false => Vec::new(),
    };
    let RequestDetail { view, thread, columns, not_wished } = detail;
    let request = &view.request;
    let some = fields.one("columns") == "some";
    let ticked = |column: &Column| !some || fields.holds("column", &column.id.to_string());
    let form = DecisionForm {
        reason: fields.one("reason").to_owned(),
        until: if fields.has("until") { fields.one("until").to_owned() } else { day_text(request.wanted_until) },
        export: fields.has("export"),
        row_filter: fields.one("row_filter").to_owned(),
        some,
        purposes,
        demanded: fields.all("purpose").map(str::to_owned).collect(),
        proof: if view.can_decide { Proof::of(web, &frame) } else { Proof::default() },
    };
    Ok(RequestPage {
        crumbs: crumbs(&[("Inbox", "/inbox"), (&request.reference(), "")]),
        reference: request.reference(),
        href: request_href(&view),
        status: state_badge(request.state),
        project: Who::named(&view.project_name),
        requester: Who::named(&view.requester_name),
        asset: Crumb { label: view.asset_name.clone(), href: asset_href(request.asset_id) },
        producer: view.producer_name.clone(),
        asked: When::at(request.created_at),
        until: request
            .wanted_until
            .map_or_else(|| "without an end".to_owned(), |until| format!("until {}", day_words(until))),
        amends: request.amends_id.is_some(),
        reason: markdown::html(&request.reason),
        wanted: wanted(request.columns.is_none(), columns.len()),
        all_columns: request.columns.is_none(),
        columns: columns.iter().map(|column| Pick::new(column, ticked(column))).collect(),
        others: not_wished.iter().map(|column| Pick::new(column, false)).collect(),
        events: thread.into_iter().map(event).collect(),
        is_open: matches!(request.state, RequestState::Pending | RequestState::NeedsInformation),
        can_decide: view.can_decide,
        can_edit: view.can_edit,
        decided: decided(&view),
        form,
        comment: fields.one("body").to_owned(),
        comment_label: if view.can_decide { "Ask for information" } else { "Answer or add something" },
        comment_help: if view.can_decide {
            "The request waits for an answer then."
        } else {
            "Whoever decides is told."
        },
        wrong,
        shell: frame.shell,
    })
}

fn wanted(all: bool, count: usize) -> String {
    let columns = counted(count, "column", "columns");
    if all { format!("all {columns}") } else { columns }
}

fn decided(view: &RequestView) -> Option<Decided> {
    let request = &view.request;
    let (state, icon, verb) = match request.state {
        RequestState::Approved => ("good", "lock-open", "Approved"),
        RequestState::Rejected => ("danger", "circle-x", "Rejected"),
        _ => return None,
    };
    let by = view.decider_name.as_deref().unwrap_or("Lakegate");
    let at = request.decided_at.map(day_words).unwrap_or_default();
    Some(Decided {
        state,
        icon,
        title: format!("{verb} by {by} on {at}"),
        reason: request.decision_reason.clone().unwrap_or_default(),
        query: request.state == RequestState::Approved,
    })
}

#[derive(Template)]
#[template(path = "requests/preview.html")]
struct PreviewPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    reference: String,
    href: String,
    rows: Rows,
}

/// What the asking project would get, as far as the approver may read it himself.
async fn rows(
    State(web): State<Web>,
    Path(text): Path<String>,
    headers: HeaderMap,
    frame: Framed,
) -> Result<Response, Refusal> {
    let detail = found(&web, &frame, &text).await?;
    let rows = Rows::of(preview::of_request(&web.app, &frame.reader.caller, detail.view.request.id).await)?;
    if is_part(&headers) {
        return show(StatusCode::OK, &RowsPart { rows });
    }
    let href = request_href(&detail.view);
    let reference = detail.view.request.reference();
    let crumbs = crumbs(&[("Inbox", "/inbox"), (&reference, &href), ("Preview", "")]);
    show(StatusCode::OK, &PreviewPage { shell: frame.shell, crumbs, reference, href, rows })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requests_are_named_by_number_or_id() {
        for text in ["REQ-000123", "req-123", "123"] {
            assert!(matches!(key(text), Ok(RequestKey::Number(123))), "{text}");
        }
        assert!(matches!(key("0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e"), Ok(RequestKey::Id(_))));
        assert!(key("REQ-x").is_err());
    }
}
