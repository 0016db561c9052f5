//! Reading the audit: one's own events, those of one's assets, or all.

use lakegate_model::{Fault, Page, PageRequest, audit::AuditEvent, words::TokenScope};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::audit::{self as store, AuditFilter, AuditReach};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Event, SQL_PURPOSE, record};
use crate::{App, Caller, caller::known, seal};

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
        known(actor, TokenScope::Read)?;
        let own = super::principal_parts(actor.principal).1;
        let reach = match (decide::<action::ReadAudit, _>(scope, actor, Platform), own) {
            (Ok(_), _) => AuditReach::Everything,
            (Err(_), Some(actor)) => AuditReach::Of { actor },
            (Err(refused), None) => return Err(refused),
        };
        let events = store::event_list(tx, &reach, filter, page).await?;
        let of_others = events.items.iter().any(|event| event.actor_id != own);
        if reach == AuditReach::Everything || of_others {
            let event = Event {
                action: "audit.read",
                subject_kind: "audit",
                subject_id: None,
                owner_project: None,
                detail: json!({ "events": events.items.len() }),
            };
            record(app, tx, caller, actor, event).await?;
        }
        Ok(events.map(|event| shown(app, event, own)))
    })
}

/// An event as its reader sees it: the text of a query in full to whoever asked it, without its literals to everyone else
/// (access rule 27). What is kept sealed stays inside.
fn shown(app: &App, event: AuditEvent, reader: Option<Uuid>) -> AuditEvent {
    let Ok(Value::Object(mut detail)) = serde_json::from_str(&event.detail) else { return event };
    let Some(sealed) = detail.remove("sealed_sql") else { return event };
    let own = reader.is_some() && event.actor_id == reader;
    if let Some(text) = sealed.as_str().filter(|_| own).and_then(|sealed| opened(app, &event, sealed)) {
        detail.insert("sql".to_owned(), Value::String(text));
    }
    AuditEvent { detail: Value::Object(detail).to_string(), ..event }
}

fn opened(app: &App, event: &AuditEvent, sealed: &str) -> Option<String> {
    let text = seal::open(app, SQL_PURPOSE, &event.subject_id?.to_string(), sealed)?;
    String::from_utf8(text).ok()
}
