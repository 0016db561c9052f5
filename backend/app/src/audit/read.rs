//! Reading the audit: one's own events, those of one's assets, or all.

use lakegate_model::{Code, Fault, Page, PageRequest, audit::AuditEvent};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::audit::{self as store, AuditFilter, AuditReach};
use serde_json::json;

use super::{Event, record};
use crate::{App, Caller};

/// Events that the caller may see, the newest first. Looking is itself recorded for whoever sees more than his own.
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
        let everything = decide::<action::ReadAudit, _>(scope, actor, Platform);
        let reach = match (everything, super::principal_parts(actor.principal).1) {
            (Ok(_), _) => AuditReach::Everything,
            (Err(_), Some(id)) => AuditReach::Of { actor: id },
            (Err(_), None) => return Err(Fault::new(Code::Unauthenticated, "the audit is for signed-in people")),
        };
        let events = store::event_list(tx, &reach, filter, page).await?;
        if reach == AuditReach::Everything {
            let event = Event {
                action: "audit.read",
                subject_kind: "audit",
                subject_id: None,
                owner_project: None,
                detail: json!({ "events": events.items.len() }),
            };
            record(app, tx, caller, actor, event).await?;
        }
        Ok(events)
    })
}
