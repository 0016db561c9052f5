//! All requests that concern the reader.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use lakegate_app::access::views::{self, RequestFilter, RequestView, Side};
use serde::Deserialize;

use super::{Badge, request_href, state_badge};
use crate::{
    kit::{Pager, Place, Tab, When, Who, address},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query, markdown};

/// A request as a row.
pub struct Row {
    pub href: String,
    /// "Marketing analytics asks for Catalog sales"
    pub title: String,
    pub reference: String,
    pub reason: String,
    pub requester: Who,
    pub state: Badge,
    pub at: When,
    /// Whether the reader has to decide it.
    pub mine: bool,
}

impl Row {
    /// A request as a row.
    pub fn of(view: &RequestView) -> Self {
        Self {
            href: request_href(view),
            title: format!("{} asks for {}", view.project_name, view.asset_name),
            reference: view.request.reference(),
            reason: markdown::plain(&view.request.reason, 160),
            requester: Who::named(&view.requester_name),
            state: state_badge(view.request.state),
            at: When::at(view.request.updated_at),
            mine: view.can_decide,
        }
    }
}

#[derive(Template)]
#[template(path = "requests/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    states: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
    received: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    /// `received`, or else those sent.
    #[serde(default)]
    side: String,
    /// `all`, or else the open ones.
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

pub(super) async fn page(
    State(web): State<Web>,
    frame: Framed,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let received = which.side == "received";
    let all = which.state == "all";
    let (side, state) = (if received { "received" } else { "" }, if all { "all" } else { "" });
    let place = Place::new(address("/requests", &[("side", side), ("state", state)]), &which.after);
    let filter = RequestFilter {
        side: if received { Side::Received } else { Side::Sent },
        open_only: !all,
        project: None,
        asset: None,
    };
    let found = views::list(&web.app, &frame.reader.caller, filter, &place.request(&web, &frame.reader, 50)?).await?;
    let pager = place.pager(&web, &frame.reader, &found)?;
    let side_tab = |label, value, active| Tab {
        label,
        href: address("/requests", &[("side", value), ("state", state)]),
        active,
        count: 0,
    };
    let state_tab = |label, value, active| Tab {
        label,
        href: address("/requests", &[("side", side), ("state", value)]),
        active,
        count: 0,
    };
    let page = ListPage {
        tabs: vec![side_tab("Asked by us", "", !received), side_tab("Asked of us", "received", received)],
        states: vec![state_tab("Open", "", !all), state_tab("All", "all", all)],
        rows: found.items.iter().map(Row::of).collect(),
        pager,
        received,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}
