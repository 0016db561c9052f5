//! Events of the audit.

use crate::{
    Timestamp,
    ids::{AuditEventId, ProjectId},
    words::Outcome,
};
use uuid::Uuid;

/// One thing that happened, or was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct AuditEvent {
    /// Position in the one order of the installation.
    pub number: i64,
    pub id: AuditEventId,
    pub at: Timestamp,
    /// `user`, `service_account`, `system` or `anonymous`.
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    /// The project the actor acted in.
    pub project_id: Option<ProjectId>,
    /// Noun and verb, such as `subscription.approve`.
    pub action: String,
    pub outcome: Outcome,
    pub subject_kind: String,
    pub subject_id: Option<Uuid>,
    /// The project that owns the subject; its owners see the event.
    pub owner_project_id: Option<ProjectId>,
    /// The request that caused it.
    pub request_id: String,
    /// Further facts as JSON text, exactly as they were hashed.
    pub detail: String,
}

/// A sealed, signed run of events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct AuditBatch {
    pub number: i64,
    pub first_event: i64,
    pub last_event: i64,
    pub previous_hash: String,
    pub hash: String,
    pub key_id: String,
    pub signature: String,
    pub sealed_at: Timestamp,
}
