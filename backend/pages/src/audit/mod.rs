//! The audit: what happened, who did it, and what was refused.

mod event;
mod filters;
mod words;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use lakegate_app::audit::{AuditFilter, read, table};
use lakegate_model::{Fault, audit::AuditEvent, words::ProductRole};
use serde_json::Value;
use uuid::Uuid;

use self::{
    filters::{Chip, Filters},
    words::{Badge, Fact},
};
use super::{
    kit::{Choice, Pager, Place, When, Who, Wrong, address},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Query, SignedIn},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/audit", get(list)).route("/audit/audit.csv", get(download)).merge(event::routes())
}

struct Row {
    /// The page of the event.
    href: String,
    at: When,
    who: Who,
    /// A person, a service account, the server, or nobody known.
    kind: &'static str,
    /// What happened, in words.
    deed: String,
    action: String,
    outcome: Badge,
    subject: String,
    subject_href: String,
    /// Narrows the list to this thing; empty for none.
    same_subject: String,
    /// The first of the facts.
    brief: String,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct AuditPage {
    shell: Shell,
    /// What the reader sees of the audit, in a sentence.
    reach: &'static str,
    filters: Filters,
    chips: Vec<Chip>,
    actions: Vec<Choice>,
    kinds: Vec<Choice>,
    outcomes: Vec<Choice>,
    projects: Vec<Choice>,
    filtered: bool,
    /// Where what is found is taken as a file.
    csv: String,
    events: Vec<Row>,
    wrong: Wrong,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(filters): Query<Filters>) -> Result<Response, Refusal> {
    let (status, filter, wrong) = match filters.filter() {
        Ok(filter) => (StatusCode::OK, Some(filter), Wrong::default()),
        Err(fault) => (StatusCode::UNPROCESSABLE_ENTITY, None, Wrong::of(fault)),
    };
    let auditor = framed.me.roles.contains(&ProductRole::Auditor);
    let (events, pager) = match &filter {
        Some(filter) => found(&web, &framed.reader, &filters, filter, auditor).await?,
        // A filter that does not read finds nothing, rather than everything.
        None => (Vec::new(), Pager::default()),
    };
    let reach = if auditor {
        "Everything that happened in this installation."
    } else {
        "What you did, and what was done to the assets of projects you own."
    };
    let page = AuditPage {
        reach,
        chips: filters.chips(),
        actions: filters::actions(filters.action.trim()),
        kinds: filters::kinds(filters.kind.trim()),
        outcomes: filters::outcomes(),
        projects: projects(&framed.shell, &filters.project),
        filtered: filters.address("/audit") != "/audit",
        csv: filters.address("/audit/audit.csv"),
        shell: framed.shell,
        filters,
        events,
        wrong,
        pager,
    };
    show(status, &page)
}

async fn found(
    web: &Web,
    reader: &SignedIn,
    filters: &Filters,
    filter: &AuditFilter,
    auditor: bool,
) -> Result<(Vec<Row>, Pager), Fault> {
    let place = Place::new(filters.address("/audit"), &filters.after);
    let page = read::events(&web.app, &reader.caller, filter, &place.request(web, reader, 50)?).await?;
    let pager = place.pager(web, reader, &page)?;
    Ok((page.items.into_iter().map(|event| row(event, auditor)).collect(), pager))
}

/// The reader's projects, and the one that stands in the address.
fn projects(shell: &Shell, chosen: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Any project")];
    choices.extend(shell.projects.iter().map(|project| Choice::new(project.id.to_string(), project.name.clone())));
    if !choices.iter().any(|choice| choice.value == chosen) {
        choices.push(Choice::new(chosen, "One other project"));
    }
    choices
}

async fn download(
    State(web): State<Web>,
    reader: SignedIn,
    Query(filters): Query<Filters>,
) -> Result<Response, Refusal> {
    let csv = table::csv(&web.app, &reader.caller, &filters.filter()?).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, csv).into_response())
}

fn row(event: AuditEvent, auditor: bool) -> Row {
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    let facts = words::facts(&detail);
    let same = event.subject_id.map(|id| address("/audit", &[("subject", &id.to_string())]));
    Row {
        href: format!("/audit/{}", event.number),
        at: When::at(event.at),
        who: who(&event),
        kind: words::kind_of_actor(&event.actor_kind),
        subject: words::subject(&event.subject_kind, &detail),
        subject_href: event.subject_id.map(|id| page_of(&event.subject_kind, id, auditor)).unwrap_or_default(),
        same_subject: same.unwrap_or_default(),
        deed: words::deed(&event.action),
        outcome: words::outcome(event.outcome),
        brief: facts.first().map(|fact| format!("{}: {}", fact.name, fact.value)).unwrap_or_default(),
        facts,
        action: event.action,
    }
}

fn who(event: &AuditEvent) -> Who {
    Who::named(if event.actor_name.is_empty() { "Nobody signed in" } else { &event.actor_name })
}

/// The page of a thing, for those kinds that have one. Auditors read of all projects and requests, but open none.
fn page_of(kind: &str, id: Uuid, auditor: bool) -> String {
    match kind {
        "project" | "request" if auditor => String::new(),
        "asset" => format!("/assets/{id}"),
        "project" => format!("/projects/{id}"),
        "request" => format!("/requests/{id}"),
        "domain" => format!("/domains/{id}"),
        "term" => format!("/glossary/{id}"),
        _ => String::new(),
    }
}
