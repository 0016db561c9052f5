//! What is sought in the audit, as it stands in the address.

use chrono::{Days, NaiveDate};
use lakegate_app::audit::AuditFilter;
use lakegate_model::{Fault, Timestamp, words::Outcome};
use serde::Deserialize;
use uuid::Uuid;

use crate::kit::{Choice, address, spoken};

/// The filters, as they stand in the address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filters {
    /// A text in the facts.
    #[serde(default)]
    pub words: String,
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub outcome: String,
    /// Part of a name.
    #[serde(default)]
    pub actor: String,
    /// The id of who acted.
    #[serde(default)]
    pub by: String,
    /// A kind of thing, such as `asset`.
    #[serde(default)]
    pub kind: String,
    /// An id, or the number of a request: `REQ-000123`.
    #[serde(default)]
    pub subject: String,
    #[serde(default)]
    pub project: String,
    #[serde(default)]
    pub query: String,
    #[serde(default)]
    pub request: String,
    /// Days, such as `2026-05-04`; the last one counts whole.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub until: String,
    #[serde(default)]
    pub after: String,
}

/// A field whose filter is set, told as words, and the address without it.
pub(super) struct Chip {
    pub words: String,
    pub without: String,
}

impl Filters {
    fn pairs(&self) -> [(&'static str, &str); 12] {
        [
            ("words", &self.words),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("actor", &self.actor),
            ("by", &self.by),
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("project", &self.project),
            ("query", &self.query),
            ("request", &self.request),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }

    /// Where these filters are at work, under a path.
    pub fn address(&self, path: &str) -> String {
        address(path, &self.pairs())
    }

    /// Whether any of the fields that are folded away is filled.
    pub fn is_narrow(&self) -> bool {
        [&self.subject, &self.project, &self.query, &self.request].iter().any(|text| !text.trim().is_empty())
    }

    /// What no field of the form says, with the way to drop it.
    pub fn chips(&self) -> Vec<Chip> {
        let kept = |left_out: &str| -> Vec<(&str, &str)> {
            self.pairs().into_iter().filter(|(name, _)| *name != left_out).collect()
        };
        match self.by.trim() {
            "" => Vec::new(),
            _ => vec![Chip { words: "One actor only".to_owned(), without: address("/audit", &kept("by")) }],
        }
    }

    /// What they ask for.
    ///
    /// # Errors
    /// `invalid` naming the field.
    pub fn filter(&self) -> Result<AuditFilter, Fault> {
        let outcome = text(&self.outcome).map(|word| word.parse::<Outcome>()).transpose();
        let (subject, request_number) = self.subject()?;
        Ok(AuditFilter {
            action: text(&self.action),
            outcome: outcome.map_err(|fault| fault.on("outcome"))?.map(|outcome| outcome.to_string()),
            actor: text(&self.actor),
            subject,
            subject_kind: text(&self.kind),
            request_number,
            actor_id: id("by", &self.by)?,
            project: id("project", &self.project)?.map(Into::into),
            query: id("query", &self.query)?,
            request_id: text(&self.request),
            words: text(&self.words),
            from: midnight("from", &self.from, 0)?,
            until: midnight("until", &self.until, 1)?,
        })
    }

    /// What is named: a thing by its id, or a request by its number.
    fn subject(&self) -> Result<(Option<Uuid>, Option<i64>), Fault> {
        let Some(named) = text(&self.subject) else { return Ok((None, None)) };
        if let Some(number) = named.to_uppercase().strip_prefix("REQ-").and_then(|number| number.parse().ok()) {
            return Ok((None, Some(number)));
        }
        let wrong = || Fault::invalid("subject", "expected an id, or a number such as REQ-000123");
        Ok((Some(Uuid::parse_str(&named).map_err(|_| wrong())?), None))
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn id(field: &str, value: &str) -> Result<Option<Uuid>, Fault> {
    let id = text(value).map(|id| Uuid::parse_str(&id)).transpose();
    id.map_err(|_| Fault::invalid(field, "this is not an id").fix("open it from an event"))
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

/// How events end.
pub(super) fn outcomes() -> Vec<Choice> {
    let any = Choice::new("", "Any outcome");
    std::iter::once(any)
        .chain(Outcome::ALL.iter().map(|word| Choice::new(word.as_str(), spoken(word.as_str()))))
        .collect()
}

/// Families of actions, and the one that stands in the address if it is narrower.
pub(super) fn actions(chosen: &str) -> Vec<Choice> {
    let families = [
        ("", "Any action"),
        ("query", "Queries"),
        ("asset.read", "Tables that were read"),
        ("asset", "Assets"),
        ("request", "Requests"),
        ("subscription", "Subscriptions"),
        ("grant", "Grants"),
        ("restriction", "Restrictions"),
        ("policy", "Rules from files"),
        ("purpose", "Purposes"),
        ("review", "Reviews"),
        ("member", "Members of projects"),
        ("project", "Projects"),
        ("domain", "Domains"),
        ("group", "Groups"),
        ("user", "People"),
        ("service_account", "Service accounts"),
        ("token", "Tokens"),
        ("session", "Sign-ins"),
        ("source", "Data sources"),
        ("connection", "Connections"),
        ("environment", "Environments"),
        ("glossary", "Glossary"),
        ("audit", "The audit itself"),
    ];
    let mut choices: Vec<Choice> = families.iter().map(|(value, label)| Choice::new(*value, *label)).collect();
    if !families.iter().any(|(value, _)| *value == chosen) {
        choices.push(Choice::new(chosen, super::words::deed(chosen)));
    }
    choices
}

/// Kinds of things that events are about, and the one that stands in the address.
pub(super) fn kinds(chosen: &str) -> Vec<Choice> {
    let known = [
        "asset",
        "project",
        "request",
        "query",
        "user",
        "group",
        "domain",
        "term",
        "service_account",
        "token",
        "session",
    ];
    let mut choices = vec![Choice::new("", "About anything")];
    choices.extend(known.iter().map(|kind| Choice::new(*kind, spoken(kind))));
    if !chosen.is_empty() && !known.contains(&chosen) {
        choices.push(Choice::new(chosen, spoken(chosen)));
    }
    choices
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_bound_whole_days() {
        let filters = Filters { from: "2026-05-04".into(), until: "2026-05-04".into(), ..Filters::default() };
        let filter = filters.filter().unwrap();
        assert_eq!(filter.until.unwrap() - filter.from.unwrap(), chrono::TimeDelta::days(1));
        let wrong = Filters { from: "yesterday".into(), ..Filters::default() };
        assert_eq!(wrong.filter().unwrap_err().field.as_deref(), Some("from"));
    }

    #[test]
    fn a_subject_is_an_id_or_the_number_of_a_request() {
        let named = |subject: &str| Filters { subject: subject.into(), ..Filters::default() }.filter();
        assert_eq!(named("req-000012").unwrap().request_number, Some(12));
        assert!(named(" 0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e").unwrap().subject.is_some());
        assert_eq!(named("the sales table").unwrap_err().field.as_deref(), Some("subject"));
    }

    #[test]
    fn the_address_holds_every_filter() {
        let filters = Filters { words: "a b".into(), query: "x".into(), kind: "asset".into(), ..Filters::default() };
        assert_eq!(filters.address("/audit"), "/audit?words=a+b&kind=asset&query=x");
        assert!(filters.is_narrow() && filters.filter().unwrap_err().field.as_deref() == Some("query"));
    }
}
