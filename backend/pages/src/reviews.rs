//! Campaigns that review who has access: their list, starting one, and deciding.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use lakegate_app::{
    access::reviews::{self, Decision, ItemView, NewReview, Over, ReviewView},
    catalog::assets,
    places::domains,
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};
use lakegate_model::{
    Fault,
    ids::{AssetId, ReviewId, ReviewItemId},
    text,
    words::{ProductRole, ProjectRole, ReviewDecision, ReviewScope},
};
use serde::Deserialize;

use crate::{
    fields::{Fields, day_words},
    flash,
    kit::{After, Choice, Crumb, Pager, Place, When, Wrong, again, back, confirm_first, crumbs, spoken},
    shell::{Framed, Shell, show},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/reviews", get(list))
        .route("/reviews/new", get(form).post(start))
        .route("/reviews/{review}", get(detail))
        .route("/reviews/{review}/close", post(close))
        .route("/reviews/{review}/review.csv", get(csv))
        .route("/reviews/{review}/items/{item}", post(decide))
}

/// Word, state of colour, glyph.
type Badge = (&'static str, &'static str, &'static str);

/// A campaign as a row, and as the head of its page.
struct Row {
    href: String,
    title: String,
    over: String,
    scope: &'static str,
    done: usize,
    total: usize,
    due: When,
    started: When,
    by: String,
    /// The day, if it is closed.
    closed: String,
    state: Badge,
}

impl Row {
    fn new(view: &ReviewView, now: lakegate_model::Timestamp) -> Self {
        let (done, total) = view.progress();
        let review = &view.review;
        Self {
            href: href(review.id),
            title: review.title.clone(),
            over: view.over.clone(),
            scope: match review.scope {
                ReviewScope::Asset => "asset",
                ReviewScope::Project => "project",
                ReviewScope::Domain => "domain",
            },
            done,
            total,
            due: When::at(review.due_at),
            started: When::at(review.started_at),
            by: view.started_by.clone(),
            closed: review.closed_at.map(day_words).unwrap_or_default(),
            state: match (review.closed_at, done == total) {
                (Some(_), _) => ("Closed", "", "check"),
                (None, true) => ("All decided", "good", "circle-check"),
                (None, false) if review.due_at <= now => ("Overdue", "danger", "clock"),
                (None, false) => ("Open", "attention", "clock"),
            },
        }
    }
}

/// A grant of a campaign.
struct Item {
    id: String,
    holder: String,
    kind: &'static str,
    opens: String,
    columns: String,
    since: When,
    until: String,
    by: String,
    reason: String,
    used: When,
    used_columns: String,
    complete: bool,
    state: Badge,
    /// Who decided, and why.
    decided: String,
    /// Whether the reader may decide.
    open: bool,
}

impl Item {
    fn new(view: ItemView, may_run: bool) -> Self {
        let ended = view.ended;
        let item = view.item;
        let by = view.decided_by.unwrap_or_default();
        let colon = if by.is_empty() || item.note.is_empty() { "" } else { ": " };
        Self {
            id: item.id.to_string(),
            holder: item.holder,
            kind: if item.subscription_id.is_some() { "subscription" } else { "given without a request" },
            opens: item.opens,
            columns: item.columns,
            since: When::at(item.since),
            until: item.until.map_or_else(|| "no end".to_owned(), |until| format!("until {}", day_words(until))),
            by: item.approved_by,
            reason: item.reason,
            used: When::maybe(item.last_used),
            used_columns: item.used_columns,
            complete: item.usage_complete,
            state: match item.decision {
                Some(ReviewDecision::Keep) => ("Kept", "good", "circle-check"),
                Some(ReviewDecision::Revoke) => ("Taken back", "danger", "ban"),
                Some(ReviewDecision::Shrink) => ("Narrowed", "good", "list-filter"),
                None if ended => ("Ended by itself", "", "check"),
                None => ("Undecided", "attention", "clock"),
            },
            decided: format!("{by}{colon}{}", item.note),
            open: may_run && !ended && matches!(item.decision, None | Some(ReviewDecision::Keep)),
        }
    }
}

fn href(id: ReviewId) -> String {
    format!("/reviews/{id}")
}

#[derive(Template)]
#[template(path = "reviews/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    /// Whether the reader has anything to review.
    may_start: bool,
    pager: Pager,
}

async fn list(State(web): State<Web>, frame: Framed, Query(query): Query<After>) -> Result<Response, Refusal> {
    let place = Place::new("/reviews", &query.after);
    let page = place.request(&web, &frame.reader, 50)?;
    let found = reviews::list(&web.app, &frame.reader.caller, false, &page).await?;
    let pager = place.pager(&web, &frame.reader, &found)?;
    let now = web.app.now();
    let rows = found.items.iter().map(|view| Row::new(view, now)).collect();
    let owns = frame.me.projects.iter().any(|(_, role)| *role == ProjectRole::Owner);
    let may_start = owns || frame.me.is_steward || frame.me.roles.contains(&ProductRole::SecurityAdministrator);
    show(StatusCode::OK, &ListPage { shell: frame.shell, rows, may_start, pager })
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    /// The asset that a review is to be over.
    #[serde(default)]
    asset: String,
}

#[derive(Template)]
#[template(path = "reviews/new.html")]
struct NewPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    choices: Vec<Choice>,
    title: String,
    over: String,
    due: String,
    wrong: Wrong,
}

async fn new_page(web: &Web, frame: Framed, fields: &Fields, wrong: Wrong) -> Result<NewPage, Fault> {
    Ok(NewPage {
        crumbs: crumbs(&[("Reviews", "/reviews"), ("Start a review", "")]),
        choices: choices(web, &frame, fields.one("over")).await?,
        title: fields.one("title").to_owned(),
        over: fields.one("over").to_owned(),
        due: fields.one("due").to_owned(),
        wrong,
        shell: frame.shell,
    })
}

/// The asset that the reader came from, his projects, and the domains.
async fn choices(web: &Web, frame: &Framed, over: &str) -> Result<Vec<Choice>, Fault> {
    let mut choices = Vec::new();
    if let Some(asset) = over.strip_prefix("asset:").and_then(|id| id.parse::<AssetId>().ok()) {
        let view = assets::view(&web.app, &frame.reader.caller, asset).await?;
        choices.push(Choice::new(over, format!("Asset: {}", view.asset.display_name())));
    }
    let owned = frame.me.projects.iter().filter(|(_, role)| *role == ProjectRole::Owner);
    choices.extend(
        owned.map(|(project, _)| Choice::new(format!("project:{}", project.id), format!("Project: {}", project.name))),
    );
    if frame.me.is_steward || frame.me.roles.contains(&ProductRole::SecurityAdministrator) {
        for node in domains::tree(&web.app, &frame.reader.caller).await? {
            choices.push(Choice::new(format!("domain:{}", node.domain.id), format!("Domain: {}", node.domain.name)));
        }
    }
    Ok(choices)
}

async fn form(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let over = if which.asset.is_empty() { String::new() } else { format!("asset:{}", which.asset) };
    let fields = Fields(vec![("over".to_owned(), over)]);
    show(StatusCode::OK, &new_page(&web, frame, &fields, Wrong::default()).await?)
}

fn read(fields: &Fields) -> Result<NewReview, Fault> {
    let wrong = || Fault::invalid("over", "choose what the review is over");
    let (kind, id) = fields.one("over").split_once(':').ok_or_else(wrong)?;
    let over = match kind {
        "asset" => Over::Asset(id.parse().map_err(|_| wrong())?),
        "project" => Over::Project(id.parse().map_err(|_| wrong())?),
        "domain" => Over::Domain(id.parse().map_err(|_| wrong())?),
        _ => return Err(wrong()),
    };
    let due = fields.day("due")?.ok_or_else(|| Fault::invalid("due", "say until when"))?;
    Ok(NewReview { title: fields.one("title").to_owned(), over, due })
}

async fn start(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    let started = match read(&fields) {
        Ok(new) => reviews::start(&web.app, &frame.reader.caller, &new).await,
        Err(fault) => Err(fault),
    };
    match started {
        Ok(view) => Ok(flash::done(&href(view.review.id), "The review has begun.")),
        Err(fault) if fault.field.as_deref() == Some("due_at") => {
            again(fault.on("due"), |wrong| new_page(&web, frame, &fields, wrong)).await
        }
        Err(fault) => again(fault, |wrong| new_page(&web, frame, &fields, wrong)).await,
    }
}

#[derive(Template)]
#[template(path = "reviews/review.html")]
struct ReviewPage {
    shell: Shell,
    row: Row,
    items: Vec<Item>,
    may_run: bool,
}

async fn detail(State(web): State<Web>, Path(id): Path<ReviewId>, frame: Framed) -> Result<Response, Refusal> {
    let view = reviews::get(&web.app, &frame.reader.caller, id).await?;
    let (row, may_run) = (Row::new(&view, web.app.now()), view.may_run);
    let items = view.items.into_iter().map(|item| Item::new(item, may_run)).collect();
    show(StatusCode::OK, &ReviewPage { shell: frame.shell, row, items, may_run })
}

async fn decide(
    State(web): State<Web>,
    Path((id, item)): Path<(ReviewId, ReviewItemId)>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let outcome = match wanted(&fields) {
        Ok(decision) => reviews::decide(&web.app, &frame.reader.caller, item, &decision).await.map(|_| decision.what),
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok(what) => back(&href(id), Ok(format!("{} is noted.", spoken(what.as_str())))),
        Err(fault) if fault.code == lakegate_model::Code::Reauthenticate => Ok(confirm_first(fault, &href(id))?),
        Err(fault) => back(&href(id), Err(fault)),
    }
}

fn wanted(fields: &Fields) -> Result<Decision, Fault> {
    let days = match fields.one("days") {
        "" => None,
        days => Some(days.parse().map_err(|_| Fault::invalid("days", "expected a number of days"))?),
    };
    let what: ReviewDecision = fields.one("decision").parse().map_err(|fault: Fault| fault.on("decision"))?;
    Ok(Decision { what, note: fields.one("note").to_owned(), days })
}

async fn close(State(web): State<Web>, Path(id): Path<ReviewId>, frame: Framed) -> Result<Response, Refusal> {
    let closed = reviews::close(&web.app, &frame.reader.caller, id).await;
    back(&href(id), closed.map(|_| "The review is closed.".to_owned()))
}

async fn csv(State(web): State<Web>, Path(id): Path<ReviewId>, frame: Framed) -> Result<Response, Refusal> {
    let view = reviews::get(&web.app, &frame.reader.caller, id).await?;
    let csv = reviews::csv(&web.app, &frame.reader.caller, id).await?;
    let name = format!("attachment; filename=\"review_{}.csv\"", text::slug(&view.review.title));
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, csv).into_response())
}
