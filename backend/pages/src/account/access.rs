//! What the reader's projects may use: what, until when, through which request; giving it back, asking for more.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::access::{
    grant_views, subscriptions,
    views::{self, SubscriptionView, may_ask},
};
use lakegate_model::{
    Fault, Page, PageRequest,
    ids::{ProjectId, SubscriptionId},
};
use serde::Deserialize;

use crate::{
    asset::{grants, head::asset_href, reviewers::Held},
    flash,
    kit::{Choice, Crumb, Pager, Place, Tab, Wrong, address, again, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/account/access", get(page))
        .route("/account/access/{id}/give-back", get(give_back_form).post(give_back))
}

#[derive(Template)]
#[template(path = "access/access.html")]
struct AccessPage {
    shell: Shell,
    projects: Vec<Choice>,
    project: String,
    project_name: String,
    tabs: Vec<Tab>,
    all: bool,
    rows: Vec<Held>,
    pager: Pager,
    /// What was given to the reader himself, his groups, roles and projects.
    grants: Vec<grants::Row>,
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    #[serde(default)]
    project: String,
    /// `all` shows ended access too.
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

async fn page(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let all = which.state == "all";
    let chosen = chosen(&frame, &which.project)?;
    let project = chosen.map(|id| id.to_string()).unwrap_or_default();
    let state = if all { "all" } else { "" };
    let place = Place::new(address("/account/access", &[("project", &project), ("state", state)]), &which.after);
    let found = match chosen {
        Some(id) => {
            let wanted = place.request(&web, &frame.reader, 50)?;
            views::my_access(&web.app, &frame.reader.caller, Some(id), !all, &wanted).await?
        }
        None => Page { items: Vec::new(), next: None },
    };
    let pager = place.pager(&web, &frame.reader, &found)?;
    let tab = |label, state, active| Tab {
        label,
        href: address("/account/access", &[("project", &project), ("state", state)]),
        active,
        count: 0,
    };
    let now = web.app.now();
    let asks = frame.me.projects.iter().any(|(place, role)| Some(place.id) == chosen && may_ask(*role));
    let name =
        frame.me.projects.iter().find(|(place, _)| Some(place.id) == chosen).map(|(place, _)| place.name.clone());
    let given = grant_views::mine(&web.app, &frame.reader.caller, &PageRequest::new(Some(200), None)?).await?;
    let page = AccessPage {
        grants: given.items.into_iter().rev().map(|grant| grants::Row::new(grant, None)).collect(),
        projects: frame
            .me
            .projects
            .iter()
            .map(|(place, _)| Choice::new(place.id.to_string(), place.name.clone()))
            .collect(),
        project_name: name.unwrap_or_default(),
        tabs: vec![tab("Now", "", !all), tab("Ended too", "all", all)],
        rows: found.items.iter().map(|held| row(held, now, asks)).collect(),
        pager,
        all,
        project,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

/// The project that was asked for, else the one the reader acts in, else his first.
fn chosen(frame: &Framed, text: &str) -> Result<Option<ProjectId>, Fault> {
    if !text.is_empty() {
        return text.parse().map(Some).map_err(|fault: Fault| fault.on("project"));
    }
    let acting = frame.me.acting.as_ref().map(|project| project.id);
    Ok(acting.or_else(|| frame.me.projects.first().map(|(project, _)| project.id)))
}

fn row(held: &SubscriptionView, now: lakegate_model::Timestamp, asks: bool) -> Held {
    let back = format!("/account/access/{}/give-back", held.subscription.id);
    let mut row = Held::new(held, now, if held.can_cancel { back } else { String::new() });
    if asks && held.can_cancel {
        let project = held.subscription.project_id.to_string();
        row.more_href =
            address(&format!("{}/request", asset_href(held.subscription.asset_id)), &[("project", &project)]);
    }
    row
}

#[derive(Template)]
#[template(path = "access/give_back.html")]
struct GiveBackPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    held: Held,
    reason: String,
    wrong: Wrong,
}

async fn give_back_page(
    web: &Web,
    frame: Framed,
    id: SubscriptionId,
    reason: String,
    wrong: Wrong,
) -> Result<GiveBackPage, Fault> {
    let held = views::subscription(&web.app, &frame.reader.caller, id).await?;
    Ok(GiveBackPage {
        crumbs: crumbs(&[
            ("My access", "/account/access"),
            (&held.asset_name, &asset_href(held.subscription.asset_id)),
            ("Give back", ""),
        ]),
        held: Held::new(&held, web.app.now(), String::new()),
        reason,
        wrong,
        shell: frame.shell,
    })
}

async fn give_back_form(
    State(web): State<Web>,
    Path(id): Path<SubscriptionId>,
    frame: Framed,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &give_back_page(&web, frame, id, String::new(), Wrong::default()).await?)
}

#[derive(Debug, Deserialize)]
struct GiveBackForm {
    #[serde(default)]
    reason: String,
}

async fn give_back(
    State(web): State<Web>,
    Path(id): Path<SubscriptionId>,
    frame: Framed,
    Form(form): Form<GiveBackForm>,
) -> Result<Response, Refusal> {
    match subscriptions::cancel(&web.app, &frame.reader.caller, id, &form.reason).await {
        Ok(()) => Ok(flash::done("/account/access", "Given back. Its owners were told.")),
        Err(fault) => again(fault, |wrong| give_back_page(&web, frame, id, form.reason, wrong)).await,
    }
}
