//! The audit: what happened, who did it, and what was refused.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use chrono::{Days, NaiveDate};
use lakegate_app::audit::{AuditFilter, read};
use lakegate_model::{
    Fault, Timestamp,
    audit::AuditEvent,
    words::{Outcome, ProductRole},
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    kit::{Choice, Pager, Place, When, Who, address, place_text, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/audit", get(list))
}

/// The filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
struct Filters {
    #[serde(default)]
    action: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    subject: String,
    /// Days, such as `2026-05-04`; the last one counts whole.
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    after: String,
}

impl Filters {
    fn address(&self) -> String {
        let filters = [
            ("action", self.action.as_str()),
            ("outcome", &self.outcome),
            ("actor", &self.actor),
            ("subject", &self.subject),
            ("from", &self.from),
            ("until", &self.until),
        ];
        address("/audit", &filters)
    }

    fn filter(&self) -> Result<AuditFilter, Fault> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let outcome = text(&self.outcome).map(|word| word.parse::<Outcome>()).transpose();
        let subject = text(&self.subject).map(|id| Uuid::parse_str(&id)).transpose();
        Ok(AuditFilter {
            action: text(&self.action),
            outcome: outcome.map_err(|fault| fault.on("outcome"))?.map(|outcome| outcome.to_string()),
            actor: text(&self.actor),
            subject: subject.map_err(|_| Fault::invalid("subject", "this is not an id"))?,
            from: midnight("from", &self.from, 0)?,
            until: midnight("until", &self.until, 1)?,
        })
    }
}

/// The start of a day, or of the day after it.
fn midnight(field: &str, text: &str, later: u64) -> Result<Option<Timestamp>, Fault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let wrong = || Fault::invalid(field, "write a day like 2026-05-04");
    let day: NaiveDate = text.trim().parse().map_err(|_| wrong())?;
    let day = day.checked_add_days(Days::new(later)).ok_or_else(wrong)?;
    Ok(Some(day.and_time(chrono::NaiveTime::MIN).and_utc()))
}

struct Row {
    at: When,
    who: Who,
    /// A person, a service account, the server, or nobody known.
    kind: &'static str,
    /// What happened, in words.
    deed: String,
    action: String,
    /// Narrows the list to this action.
    same_action: String,
    outcome: String,
    tone: &'static str,
    icon: &'static str,
    subject: String,
    href: String,
    /// Narrows the list to this thing; empty for none.
    same_subject: String,
    /// The first of the facts.
    brief: String,
    facts: Vec<Fact>,
}

struct Fact {
    name: String,
    value: String,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct AuditPage {
    shell: Shell,
    /// What the reader sees of the audit, in a sentence.
    reach: &'static str,
    filters: Filters,
    outcomes: Vec<Choice>,
    filtered: bool,
    events: Vec<Row>,
    error: String,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(filters): Query<Filters>) -> Result<Response, Refusal> {
    let (status, filter, error) = match filters.filter() {
        Ok(filter) => (StatusCode::OK, filter, String::new()),
        Err(fault) => (StatusCode::UNPROCESSABLE_ENTITY, AuditFilter::default(), fault.to_string()),
    };
    let reader = &framed.reader;
    let place = Place::new(filters.address(), &filters.after);
    let page = read::events(&web.app, &reader.caller, &filter, &place.request(&web, reader, 50)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let auditor = framed.me.roles.contains(&ProductRole::Auditor);
    let reach = if auditor {
        "Everything that happened in this installation."
    } else {
        "What you did, and what was done to the assets of projects you own."
    };
    let page = AuditPage {
        shell: framed.shell,
        reach,
        outcomes: outcomes(),
        filtered: place.base != "/audit",
        events: page.items.into_iter().map(|event| row(event, auditor)).collect(),
        filters,
        error,
        pager,
    };
    show(status, &page)
}

fn outcomes() -> Vec<Choice> {
    let any = Choice::new("", "Any outcome");
    std::iter::once(any)
        .chain(Outcome::ALL.iter().map(|word| Choice::new(word.as_str(), spoken(word.as_str()))))
        .collect()
}

fn row(event: AuditEvent, auditor: bool) -> Row {
    let (tone, icon) = match event.outcome {
        Outcome::Allowed => ("good", "circle-check"),
        Outcome::Denied => ("attention", "ban"),
        Outcome::Failed => ("danger", "circle-x"),
    };
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    let facts = facts(&detail);
    let href = event.subject_id.map(|id| page_of(&event.subject_kind, id, auditor)).unwrap_or_default();
    let same = event.subject_id.map(|id| address("/audit", &[("subject", &id.to_string())]));
    Row {
        at: When::at(event.at),
        who: Who::named(if event.actor_name.is_empty() { "Nobody signed in" } else { &event.actor_name }),
        kind: match event.actor_kind.as_str() {
            "service_account" => "Service account",
            "system" => "The server",
            "anonymous" => "Nobody signed in",
            _ => "Person",
        },
        same_action: address("/audit", &[("action", &event.action)]),
        subject: subject(&event.subject_kind, &detail),
        same_subject: same.unwrap_or_default(),
        deed: deed(&event.action),
        outcome: spoken(event.outcome.as_str()),
        brief: facts.first().map(|fact| format!("{}: {}", fact.name, fact.value)).unwrap_or_default(),
        facts,
        action: event.action,
        href,
        tone,
        icon,
    }
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

/// An action in words: `subscription.revoke` is "Subscription revoked".
fn deed(action: &str) -> String {
    let (noun, verb) = action.split_once('.').unwrap_or((action, ""));
    let known = match action {
        "request.create" => "Access requested",
        "session.start" => "Signed in",
        "session.end" => "Signed out",
        "query.start" => "Queried",
        "query.end" => "Query ended",
        "asset.read" => "Table queried",
        "audit.read" => "Audit read",
        "member.leave" => "Member left",
        "asset.accept_names" => "Names accepted",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    match verb.split_once('_') {
        Some((verb, what)) => spoken(&format!("{noun}: {what} {}", past(verb))),
        None => spoken(format!("{noun} {}", past(verb)).trim()),
    }
}

/// The past of a verb.
fn past(verb: &str) -> String {
    match verb {
        "" => String::new(),
        "run" => "run".to_owned(),
        "set" => "changed".to_owned(),
        "withdraw" => "withdrawn".to_owned(),
        "cancel" => "cancelled".to_owned(),
        "transfer" => "transferred".to_owned(),
        _ if verb.ends_with('e') => format!("{verb}d"),
        _ if verb.ends_with('y') => format!("{}ied", verb.trim_end_matches('y')),
        _ => format!("{verb}ed"),
    }
}

/// What it was about: its name if the event tells it, else its kind.
fn subject(kind: &str, detail: &Value) -> String {
    if let (true, Some(number)) = (kind == "request", detail["number"].as_i64()) {
        return format!("REQ-{number:06}");
    }
    let name = ["name", "asset_name", "username", "title", "uri"].iter().find_map(|key| detail[*key].as_str());
    match name {
        Some(name) => format!("{} {name}", spoken(kind)),
        None => spoken(kind),
    }
}

/// The further facts in words. Ids say nothing to people and stay out; sealed texts too.
fn facts(detail: &Value) -> Vec<Fact> {
    let Some(object) = detail.as_object() else { return Vec::new() };
    let mut facts = Vec::new();
    for (name, value) in object {
        let text = if name == "sealed_sql" { String::new() } else { said(value) };
        if !text.is_empty() {
            facts.push(Fact { name: spoken(name), value: text });
        }
    }
    facts
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if Uuid::parse_str(text).is_ok() => String::new(),
        Value::String(text) => place_text(text),
        Value::Array(items) => listed(items),
        Value::Object(parts) => match (parts.get("before"), parts.get("after")) {
            (Some(before), Some(after)) if before == after => String::new(),
            (Some(before), Some(after)) => format!("{} → {}", or_none(said(before)), or_none(said(after))),
            _ => inner(parts),
        },
    }
}

/// Ids are counted, other things are named.
fn listed(items: &[Value]) -> String {
    let words: Vec<String> = items.iter().map(said).filter(|text| !text.is_empty()).collect();
    if words.is_empty() && !items.is_empty() { items.len().to_string() } else { words.join(", ") }
}

fn inner(parts: &serde_json::Map<String, Value>) -> String {
    if let Some(Value::String(name)) = parts.get("name") {
        return name.clone();
    }
    let pairs = parts.iter().map(|(name, value)| (name, said(value))).filter(|(_, text)| !text.is_empty());
    pairs.map(|(name, text)| format!("{} {text}", name.replace('_', " "))).collect::<Vec<_>>().join(", ")
}

fn or_none(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn days_bound_whole_days() {
        let filters = Filters { from: "2026-05-04".into(), until: "2026-05-04".into(), ..Filters::default() };
        let filter = filters.filter().unwrap();
        assert_eq!(filter.until.unwrap() - filter.from.unwrap(), chrono::TimeDelta::days(1));
        let wrong = Filters { from: "yesterday".into(), ..Filters::default() };
        assert_eq!(wrong.filter().unwrap_err().field.as_deref(), Some("from"));
    }

    #[test]
    fn actions_are_told_in_words() {
        for (action, words) in [
            ("subscription.revoke", "Subscription revoked"),
            ("asset.publish", "Asset published"),
            ("request.approve", "Request approved"),
            ("request.create", "Access requested"),
            ("user.set_roles", "User: roles changed"),
            ("domain.add_steward", "Domain: steward added"),
            ("member.invite", "Member invited"),
            ("odd", "Odd"),
        ] {
            assert_eq!(deed(action), words, "{action}");
        }
    }

    #[test]
    fn facts_are_words_without_ids() {
        let id = "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e";
        let detail = json!({ "domain": id, "name": "Sales", "roles": { "before": [], "after": ["auditor"] }, "columns": [id, id] });
        let facts: Vec<String> =
            facts(&detail).into_iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
        assert_eq!(facts, ["Columns: 2", "Name: Sales", "Roles: nothing → auditor"]);
        assert_eq!(subject("project", &detail), "Project Sales");
    }
}
