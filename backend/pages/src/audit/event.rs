//! One event of the audit, with everything it points at.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::explain::RuleKind,
    audit::event::{self, EventRule, EventView},
};
use lakegate_model::words::ProductRole;
use serde_json::Value;

use super::{
    page_of, who,
    words::{self, Badge, Fact},
};
use crate::{
    kit::{Crumb, When, Who, address, counted, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Path};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/audit/{number}", get(page))
}

struct Rule {
    kind: &'static str,
    words: String,
    id: String,
    /// Everything that happened under it.
    same: String,
}

/// A way on: label, address, glyph.
type Link = (&'static str, String, &'static str);

#[derive(Template)]
#[template(path = "audit/event.html")]
struct EventPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    number: i64,
    deed: String,
    action: String,
    outcome: Badge,
    at: When,
    who: Who,
    kind: &'static str,
    subject: String,
    subject_href: String,
    /// Name and address of the asset, where the reader finds it.
    asset: (String, String),
    columns: String,
    rules: Vec<Rule>,
    fingerprint: String,
    sql: String,
    own: bool,
    facts: Vec<Fact>,
    links: Vec<Link>,
    /// Further facts as they were hashed, for the reader.
    raw: String,
}

async fn page(State(web): State<Web>, Path(number): Path<i64>, framed: Framed) -> Result<Response, Refusal> {
    let view = event::get(&web.app, &framed.reader.caller, number).await?;
    let auditor = framed.me.roles.contains(&ProductRole::Auditor);
    show(StatusCode::OK, &event_page(framed.shell, view, auditor))
}

fn event_page(shell: Shell, view: EventView, auditor: bool) -> EventPage {
    let links = links(&view);
    let columns = columns(&view);
    let EventView { event, asset, rules, fingerprint, own, .. } = view;
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    let said = ["sql", "access", "grants", "restrictions", "columns"];
    let mut rest = detail.clone();
    if let Some(parts) = rest.as_object_mut() {
        parts.retain(|name, _| !said.contains(&name.as_str()));
    }
    let asset = asset.map(|(id, name)| (name, format!("/assets/{id}"))).unwrap_or_default();
    let subject_href = event.subject_id.map(|id| page_of(&event.subject_kind, id, auditor)).unwrap_or_default();
    EventPage {
        shell,
        crumbs: crumbs(&[("Audit", "/audit"), (&format!("Event {}", event.number), "")]),
        number: event.number,
        deed: words::deed(&event.action),
        outcome: words::outcome(event.outcome),
        at: When::at(event.at),
        who: who(&event),
        kind: words::kind_of_actor(&event.actor_kind),
        subject: words::subject(&event.subject_kind, &detail),
        // An asset that its reader finds is linked by its name.
        subject_href: if event.subject_kind == "asset" { String::new() } else { subject_href },
        columns,
        rules: rules.into_iter().map(rule).collect(),
        fingerprint: fingerprint.unwrap_or_default(),
        sql: detail["sql"].as_str().unwrap_or_default().to_owned(),
        own,
        facts: words::facts(&rest),
        links,
        raw: serde_json::to_string_pretty(&detail).unwrap_or_default(),
        asset,
        action: event.action,
    }
}

fn columns(view: &EventView) -> String {
    match (view.columns.is_empty(), view.other_columns) {
        (_, 0) => view.columns.join(", "),
        (true, others) => counted(others, "column", "columns"),
        (false, others) => format!("{} and {others} more", view.columns.join(", ")),
    }
}

fn rule(rule: EventRule) -> Rule {
    let id = rule.id.to_string();
    Rule {
        kind: match rule.kind {
            RuleKind::Membership => "Membership",
            RuleKind::Subscription => "Subscription",
            RuleKind::DirectGrant => "Grant",
            RuleKind::BreakGlass => "Emergency access",
            RuleKind::CoarseRight => "Coarse right",
            RuleKind::Restriction => "Restriction",
        },
        words: crate::kit::capitalised(&rule.words),
        same: address("/audit", &[("words", &id)]),
        id,
    }
}

fn links(view: &EventView) -> Vec<Link> {
    let event = &view.event;
    let mut links: Vec<Link> = Vec::new();
    if let Some(query) = view.query {
        links.push(("The whole query", address("/audit", &[("query", &query.to_string())]), "terminal"));
    }
    if let (Some((asset, _)), true) = (&view.asset, view.may_review) {
        let of = [("person", if event.actor_kind == "user" { event.actor_name.as_str() } else { "" })];
        links.push(("Why it reads so today", address(&format!("/assets/{asset}/why"), &of), "circle-question-mark"));
        links.push(("Who has access", format!("/assets/{asset}/access"), "key-round"));
    }
    if !event.request_id.is_empty() {
        links.push(("What came with it", address("/audit", &[("request", &event.request_id)]), "link"));
    }
    if let Some(id) = event.subject_id {
        links.push(("Everything about this", address("/audit", &[("subject", &id.to_string())]), "list-filter"));
    }
    if let Some(id) = event.actor_id {
        links.push(("Everything by this actor", address("/audit", &[("by", &id.to_string())]), "user"));
    }
    links.push(("Everything of this kind", address("/audit", &[("action", &event.action)]), "activity"));
    links
}
