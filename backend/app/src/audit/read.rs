//! Reading the audit: one's own events, those of one's assets, or all.

use lakegate_model::{Fault, Page, PageRequest, audit::AuditEvent, words::TokenScope};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{
    Tx,
    audit::{self as store, AuditFilter, AuditReach},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Event, record, sql_text};
use crate::{App, Caller, caller::known};

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
        let mut items = Vec::with_capacity(events.items.len());
        for event in events.items {
            items.push(shown(app, tx, event, own).await?);
        }
        Ok(Page { items, ..events })
    })
}

/// An event as its reader sees it: the text of a query in full to whoever asked it, without its literals to everyone else
/// (access rule 27). What is kept sealed stays inside.
async fn shown(app: &App, tx: &mut Tx, event: AuditEvent, reader: Option<Uuid>) -> Result<AuditEvent, Fault> {
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
