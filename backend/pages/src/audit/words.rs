//! Events of the audit in words.

use lakegate_model::words::Outcome;
use serde_json::Value;
use uuid::Uuid;

use crate::kit::{place_text, spoken};

/// Word, state of colour, glyph.
pub(super) type Badge = (String, &'static str, &'static str);

/// How it ended.
pub(super) fn outcome(outcome: Outcome) -> Badge {
    let (tone, icon) = match outcome {
        Outcome::Allowed => ("good", "circle-check"),
        Outcome::Denied => ("attention", "ban"),
        Outcome::Failed => ("danger", "circle-x"),
    };
    (spoken(outcome.as_str()), tone, icon)
}

/// Who acted: a person, a service account, the server, or nobody known.
pub(super) fn kind_of_actor(kind: &str) -> &'static str {
    match kind {
        "service_account" => "Service account",
        "system" => "The server",
        "anonymous" => "Nobody signed in",
        _ => "Person",
    }
}

/// A fact beside an event.
pub(super) struct Fact {
    pub name: String,
    pub value: String,
}

/// An action in words: `subscription.revoke` is "Subscription revoked".
pub(super) fn deed(action: &str) -> String {
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
pub(super) fn subject(kind: &str, detail: &Value) -> String {
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
pub(super) fn facts(detail: &Value) -> Vec<Fact> {
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
