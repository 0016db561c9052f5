//! Reading the audit: one's own events, those of one's assets, or all.

use lakegate_model::{Code, Fault, Page, PageRequest, audit::AuditEvent, words::TokenScope};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx,
    audit::{self as store, AuditFilter, AuditReach},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Event, record, sql_text};
use crate::{App, Caller, caller::known};

/// Rounds of looking for a text before a page may come out shorter than it was asked for.
const ROUNDS: usize = 20;

/// Most events that leave at once as a table.
pub const MOST_TAKEN: usize = 20_000;

/// Events that the caller may see, the newest first. Looking is itself recorded where it shows more than the caller's own.
///
/// # Errors
/// `unauthenticated` for nobody in particular.
pub async fn events(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEvent>, Fault> {
    change!(app, caller, "audit.read", |tx, scope, actor| {
        let reach = reach(scope, actor)?;
        let found = gather(tx, &reach, filter, page).await?;
        let looked = json!({ "events": found.items.len(), "sought": told(filter) });
        note(app, tx, (caller, actor, &reach), "audit.read", &found.items, looked).await?;
        let items = shown_all(app, tx, found.items, own(actor)).await?;
        Ok(Page { items, next: found.next })
    })
}

/// Everything that fits a filter, for a table to take away; that it was taken is recorded with what was sought.
///
/// # Errors
/// `limit_exceeded` where more than [`MOST_TAKEN`] events fit.
pub(super) async fn all(app: &App, caller: &Caller, filter: &AuditFilter) -> Result<Vec<AuditEvent>, Fault> {
    change!(app, caller, "audit.export", |tx, scope, actor| {
        let reach = reach(scope, actor)?;
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let found = gather(tx, &reach, filter, &PageRequest::new(Some(200), after)?).await?;
            items.extend(found.items);
            if items.len() > MOST_TAKEN {
                let words = format!("more than {MOST_TAKEN} events fit");
                return Err(Fault::new(Code::LimitExceeded, words).fix("narrow the days or add a filter"));
            }
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        let looked = json!({ "events": items.len(), "sought": told(filter) });
        note(app, tx, (caller, actor, &reach), "audit.export", &items, looked).await?;
        shown_all(app, tx, items, own(actor)).await
    })
}

/// Who looks, and so how far he sees (access rule 27).
pub(super) fn reach(scope: &Scope, actor: &Actor) -> Result<AuditReach, Fault> {
    known(actor, TokenScope::Read)?;
    match (decide::<action::ReadAudit, _>(scope, actor, Platform), own(actor)) {
        (Ok(_), _) => Ok(AuditReach::Everything),
        (Err(_), Some(actor)) => Ok(AuditReach::Of { actor }),
        (Err(refused), None) => Err(refused),
    }
}

pub(super) fn own(actor: &Actor) -> Option<Uuid> {
    super::principal_parts(actor.principal).1
}

/// Records that somebody looked, where he saw more than his own.
pub(super) async fn note(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor, reach): (&Caller, &Actor, &AuditReach),
    action: &'static str,
    seen: &[AuditEvent],
    detail: Value,
) -> Result<(), Fault> {
    let of_others = seen.iter().any(|event| event.actor_id != own(actor));
    if *reach != AuditReach::Everything && !of_others {
        return Ok(());
    }
    let event = Event { action, subject_kind: "audit", subject_id: None, owner_project: None, detail };
    record(app, tx, caller, actor, event).await
}

/// What was sought, as the audit keeps it. The text does not stand there: it may be somebody's data.
fn told(filter: &AuditFilter) -> Value {
    let mut told = Map::new();
    let mut add = |name: &str, value: Option<Value>| told.extend(value.map(|value| (name.to_owned(), value)));
    add("action", filter.action.clone().map(Value::String));
    add("outcome", filter.outcome.clone().map(Value::String));
    add("who", filter.actor.clone().map(Value::String));
    add("about", filter.subject_kind.clone().map(Value::String));
    add("person", filter.actor_id.map(|id| json!(id)));
    add("subject", filter.subject.map(|id| json!(id)));
    add("project", filter.project.map(|id| json!(id)));
    add("query", filter.query.map(|id| json!(id)));
    add("text", filter.sought().map(|_| json!(true)));
    Value::Object(told)
}

/// A page of events. The database finds a text anywhere in the facts; what it found in a sealed text alone, which nobody is
/// shown, is left out here.
async fn gather(
    tx: &mut Tx,
    reach: &AuditReach,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEvent>, Fault> {
    let Some(words) = filter.sought() else { return Ok(store::event_list(tx, reach, filter, page).await?) };
    let (mut items, mut round) = (Vec::new(), page.clone());
    for _ in 0..ROUNDS {
        let found = store::event_list(tx, reach, filter, &round).await?;
        items.extend(found.items.into_iter().filter(|event| tells(event, &words)));
        round.after = found.next;
        if round.after.is_none() || items.len() > page.size as usize {
            break;
        }
    }
    if items.len() <= page.size as usize {
        return Ok(Page { items, next: round.after });
    }
    Ok(Page::cut(items, page, |event| event.number.to_string()))
}

fn tells(event: &AuditEvent, words: &str) -> bool {
    let Ok(Value::Object(mut detail)) = serde_json::from_str(&event.detail) else { return false };
    detail.remove("sealed_sql");
    Value::Object(detail).to_string().to_lowercase().contains(words)
}

async fn shown_all(
    app: &App,
    tx: &mut Tx,
    events: Vec<AuditEvent>,
    reader: Option<Uuid>,
) -> Result<Vec<AuditEvent>, Fault> {
    let mut items = Vec::with_capacity(events.len());
    for event in events {
        items.push(shown(app, tx, event, reader).await?);
    }
    Ok(items)
}

/// An event as its reader sees it: the text of a query in full to whoever asked it, without its literals to everyone else
/// (access rule 27). What is kept sealed stays inside.
pub(super) async fn shown(
    app: &App,
    tx: &mut Tx,
    event: AuditEvent,
    reader: Option<Uuid>,
) -> Result<AuditEvent, Fault> {
    let Ok(Value::Object(mut detail)) = serde_json::from_str(&event.detail) else { return Ok(event) };
    let Some(sealed) = detail.remove("sealed_sql") else { return Ok(event) };
    let own = reader.is_some() && event.actor_id == reader;
    if let (true, Some(sealed), Some(query)) = (own, sealed.as_str(), event.subject_id)
        && let Some(text) = sql_text::open_text(app, tx, query, sealed).await?
    {
        detail.insert("sql".to_owned(), Value::String(text));
    }
    Ok(AuditEvent { detail: Value::Object(detail).to_string(), ..event })
}
