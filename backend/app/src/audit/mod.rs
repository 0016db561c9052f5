//! The audit: recording, refusals, sealing, reading.

pub mod chain;
pub mod event;
pub mod read;
pub mod refusals;
pub mod sql_text;
pub mod table;

pub use lakegate_store::audit::AuditFilter;

use lakegate_model::{Fault, audit::AuditEvent, ids::ProjectId, words::Outcome};
use lakegate_policy::{Actor, actor::Principal};
use lakegate_store::{WriteTx, audit as store};
use serde_json::Value;
use uuid::Uuid;

use crate::{App, Caller};

/// What happened, as a use case says it.
#[derive(Debug, Clone)]
pub struct Event {
    /// Noun and verb, such as `subscription.approve`.
    pub action: &'static str,
    pub subject_kind: &'static str,
    pub subject_id: Option<Uuid>,
    /// The project whose owners see the event.
    pub owner_project: Option<ProjectId>,
    /// Further facts: names and ids, never data or secrets.
    pub detail: Value,
}

impl Event {
    /// An event on a subject.
    pub fn on(action: &'static str, kind: &'static str, id: impl Into<Uuid>) -> Self {
        Self { action, subject_kind: kind, subject_id: Some(id.into()), owner_project: None, detail: Value::Null }
    }

    /// Shows the event to the owners of a project.
    #[must_use]
    pub fn owned_by(mut self, project: ProjectId) -> Self {
        self.owner_project = Some(project);
        self
    }

    /// Adds facts.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Records something that was done, in the transaction that does it. Call it last: it takes the counter's lock.
pub async fn record(app: &App, tx: &mut WriteTx, caller: &Caller, actor: &Actor, event: Event) -> Result<(), Fault> {
    append(app, tx, caller, actor, event, Outcome::Allowed).await
}

/// Records an event with its outcome.
pub async fn append(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    actor: &Actor,
    event: Event,
    outcome: Outcome,
) -> Result<(), Fault> {
    let (kind, id) = principal_parts(actor.principal);
    let event = AuditEvent {
        number: 0,
        id: app.new_id(),
        at: app.now(),
        actor_kind: kind.to_owned(),
        actor_id: id,
        actor_name: actor.name.clone(),
        project_id: actor.acting,
        action: event.action.to_owned(),
        outcome,
        subject_kind: event.subject_kind.to_owned(),
        subject_id: event.subject_id,
        owner_project_id: event.owner_project,
        request_id: caller.request_id.clone(),
        detail: event.detail.to_string(),
    };
    store::event_append(tx, &event).await?;
    Ok(())
}

pub(crate) fn principal_parts(principal: Principal) -> (&'static str, Option<Uuid>) {
    match principal {
        Principal::Anonymous => ("anonymous", None),
        Principal::System => ("system", None),
        Principal::User(id) => ("user", Some(id.into())),
        Principal::ServiceAccount(id) => ("service_account", Some(id.into())),
    }
}
