//! Events of the audit, and notices.

use async_graphql::{ComplexObject, Context, Error, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::audit::{AuditFilter as Filter, event};
use lakegate_model::{access, audit, ids::ProjectId};

use crate::{
    names::{Named, named},
    scalars::{Id, Long, Outcome},
    types::explain::DecidingRule,
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
    /// Id of an actor.
    pub actor_id: Option<Id>,
    /// Id of the subject.
    pub subject: Option<Id>,
    /// What kind of thing the subject is, such as `asset`.
    pub subject_kind: Option<String>,
    /// The request with this number: 123 for `REQ-000123`.
    pub request_number: Option<Long>,
    /// A project in which somebody acted, or that owns the subject.
    pub project: Option<Id>,
    /// Id of a query: its start, its end, and what it read.
    pub query: Option<Id>,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// A text in the further facts.
    pub words: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// The filter of the use case, and a text that differs for each, for binding cursors to it.
    pub fn split(self) -> (Filter, String) {
        let filter = Filter {
            action: self.action,
            outcome: self.outcome.map(|word| lakegate_model::words::Outcome::from(word).to_string()),
            actor: self.actor,
            subject: self.subject.map(|id| id.0),
            subject_kind: self.subject_kind,
            request_number: self.request_number.map(|number| number.0),
            actor_id: self.actor_id.map(|id| id.0),
            project: self.project.map(Into::into),
            query: self.query.map(|id| id.0),
            request_id: self.request_id,
            words: self.words,
            from: self.from,
            until: self.until,
        };
        let text = format!("{filter:?}");
        (filter, text)
    }
}

/// An event with what it points at, as far as the caller may know of that.
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditEventView {
    pub event: AuditEvent,
    /// The asset that it is about, where the caller finds it.
    pub asset: Option<Named>,
    /// Names of the columns that were read, those that the caller may know of.
    pub columns: Vec<String>,
    /// How many were read besides.
    pub other_columns: Long,
    /// The grants and restrictions under which was read; in words for who reviews the asset, and for him who read.
    pub rules: Vec<DecidingRule>,
    /// Equal fingerprints see equal cells of an equal data version.
    pub fingerprint: Option<String>,
    pub query_id: Option<Id>,
}

impl From<event::EventView> for AuditEventView {
    fn from(view: event::EventView) -> Self {
        let rule =
            |rule: event::EventRule| DecidingRule { kind: rule.kind.into(), id: Some(Id(rule.id)), words: rule.words };
        Self {
            asset: view.asset.map(|(id, name)| Named { id: id.into(), name }),
            columns: view.columns,
            other_columns: i64::try_from(view.other_columns).unwrap_or(i64::MAX).into(),
            rules: view.rules.into_iter().map(rule).collect(),
            fingerprint: view.fingerprint,
            query_id: view.query.map(Into::into),
            event: view.event.into(),
        }
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
