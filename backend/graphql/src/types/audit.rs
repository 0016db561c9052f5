//! Events of the audit, and notices.

use async_graphql::{ComplexObject, Context, Error, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::audit::AuditFilter as Filter;
use lakegate_model::{access, audit, ids::ProjectId};
use serde::Serialize;

use crate::{
    names::{Named, named},
    scalars::{Id, Long, Outcome},
};

/// One thing that happened, or was refused.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct AuditEvent {
    pub id: Id,
    /// Position in the one order of the installation.
    pub number: Long,
    pub at: DateTime<Utc>,
    /// `user`, `service_account`, `system` or `anonymous`.
    pub actor_kind: String,
    pub actor_id: Option<Id>,
    pub actor_name: String,
    /// Noun and verb, such as `subscription.approve`.
    pub action: String,
    pub outcome: Outcome,
    pub subject_kind: String,
    pub subject_id: Option<Id>,
    /// The request that caused it.
    pub request_id: String,
    /// Further facts as JSON text, exactly as they were hashed.
    pub detail: String,
    #[graphql(skip)]
    pub project_id: Option<ProjectId>,
    #[graphql(skip)]
    pub owner_project_id: Option<ProjectId>,
}

#[ComplexObject]
impl AuditEvent {
    /// The project the actor acted in.
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, self.project_id).await
    }

    /// The project that owns the subject.
    async fn owner_project(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, self.owner_project_id).await
    }
}

impl From<audit::AuditEvent> for AuditEvent {
    fn from(event: audit::AuditEvent) -> Self {
        Self {
            id: event.id.into(),
            number: event.number.into(),
            at: event.at,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id.map(Into::into),
            actor_name: event.actor_name,
            action: event.action,
            outcome: event.outcome.into(),
            subject_kind: event.subject_kind,
            subject_id: event.subject_id.map(Into::into),
            request_id: event.request_id,
            detail: event.detail,
            project_id: event.project_id,
            owner_project_id: event.owner_project_id,
        }
    }
}

/// Which events are wanted.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AuditFilter {
    /// Action or its beginning, such as `subscription`.
    pub action: Option<String>,
    pub outcome: Option<Outcome>,
    /// Part of an actor's name.
    pub actor: Option<String>,
    /// Id of the subject.
    pub subject: Option<Id>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// The filter as text, for binding cursors to it.
#[derive(Serialize)]
struct FilterText<'a>(
    &'a Option<String>,
    &'a Option<String>,
    &'a Option<String>,
    Option<uuid::Uuid>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
);

impl AuditFilter {
    /// The filter of the use case, and a text that differs for each.
    pub fn split(self) -> (Filter, String) {
        let filter = Filter {
            action: self.action,
            outcome: self.outcome.map(|word| lakegate_model::words::Outcome::from(word).to_string()),
            actor: self.actor,
            subject: self.subject.map(|id| id.0),
            from: self.from,
            until: self.until,
        };
        let text =
            FilterText(&filter.action, &filter.outcome, &filter.actor, filter.subject, filter.from, filter.until);
        let text = serde_json::to_string(&text).unwrap_or_default();
        (filter, text)
    }
}

/// A message to the caller.
#[derive(Debug, Clone, SimpleObject)]
pub struct Notice {
    pub id: Id,
    /// What it is about, such as `request.received`.
    pub kind: String,
    pub title: String,
    pub body: String,
    /// Path inside the portal.
    pub link: String,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

impl From<access::Notice> for Notice {
    fn from(notice: access::Notice) -> Self {
        Self {
            id: notice.id.into(),
            kind: notice.kind,
            title: notice.title,
            body: notice.body,
            link: notice.link,
            created_at: notice.created_at,
            read_at: notice.read_at,
        }
    }
}
