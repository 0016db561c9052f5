//! Events of the audit and the chain that seals them.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    audit::{AuditBatch, AuditEvent},
    ids::ProjectId,
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx, changes, like};

statements! {
    INSERT = "INSERT INTO audit_events (number, id, at, actor_kind, actor_id, actor_name, project_id, action, outcome, subject_kind, subject_id, owner_project_id, request_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    LIST = "SELECT e.number, e.id, e.at, e.actor_kind, e.actor_id, e.actor_name, e.project_id, e.action, e.outcome, e.subject_kind, e.subject_id, e.owner_project_id, e.request_id, e.detail FROM audit_events e WHERE e.number < $1 AND ($2 = 1 OR e.actor_id = $3 OR e.owner_project_id IN (SELECT m.project_id FROM project_members m WHERE m.role = 'owner' AND m.member_kind = 'user' AND m.member_id = $3 UNION SELECT m.project_id FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE m.role = 'owner' AND g.user_id = $3)) AND ($4 = '' OR e.action LIKE $4 ESCAPE '\\') AND ($5 = '' OR e.outcome = $5) AND ($6 = '' OR LOWER(e.actor_name) LIKE $6 ESCAPE '\\') AND ($7 IS NULL OR e.subject_id = $7) AND ($8 IS NULL OR e.at >= $8) AND ($9 IS NULL OR e.at < $9) AND ($11 = '' OR e.subject_kind = $11) AND ($12 IS NULL OR e.actor_id = $12) AND ($13 IS NULL OR e.project_id = $13 OR e.owner_project_id = $13) AND ($14 IS NULL OR e.subject_id = $14 OR e.detail LIKE $15 ESCAPE '\\') AND ($16 = '' OR e.request_id = $16) AND ($17 IS NULL OR e.subject_id IN (SELECT r.id FROM subscription_requests r WHERE r.number = $17)) AND ($18 = '' OR LOWER(e.detail) LIKE $18 ESCAPE '\\') ORDER BY e.number DESC LIMIT $10";
    ONE = "SELECT e.number, e.id, e.at, e.actor_kind, e.actor_id, e.actor_name, e.project_id, e.action, e.outcome, e.subject_kind, e.subject_id, e.owner_project_id, e.request_id, e.detail FROM audit_events e WHERE e.number = $1 AND ($2 = 1 OR e.actor_id = $3 OR e.owner_project_id IN (SELECT m.project_id FROM project_members m WHERE m.role = 'owner' AND m.member_kind = 'user' AND m.member_id = $3 UNION SELECT m.project_id FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE m.role = 'owner' AND g.user_id = $3))";
    RANGE = "SELECT number, id, at, actor_kind, actor_id, actor_name, project_id, action, outcome, subject_kind, subject_id, owner_project_id, request_id, detail FROM audit_events WHERE number > $1 AND number <= $2 ORDER BY number";
    AFTER = "SELECT number, id, at, actor_kind, actor_id, actor_name, project_id, action, outcome, subject_kind, subject_id, owner_project_id, request_id, detail FROM audit_events WHERE number > $1 ORDER BY number LIMIT $2";
    BATCH_INSERT = "INSERT INTO audit_batches (number, first_event, last_event, previous_hash, hash, key_id, signature, sealed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    BATCH_LAST = "SELECT number, first_event, last_event, previous_hash, hash, key_id, signature, sealed_at FROM audit_batches ORDER BY number DESC LIMIT 1";
    BATCHES = "SELECT number, first_event, last_event, previous_hash, hash, key_id, signature, sealed_at FROM audit_batches WHERE number > $1 ORDER BY number LIMIT $2";
    LAST_EVENT = "SELECT COALESCE(MAX(number), 0) FROM audit_events";
}

/// What to show of the audit.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Action or its beginning, such as `subscription`.
    pub action: Option<String>,
    pub outcome: Option<String>,
    /// Part of an actor's name.
    pub actor: Option<String>,
    pub subject: Option<Uuid>,
    /// What kind of thing, such as `asset`.
    pub subject_kind: Option<String>,
    /// The request with this number, of which people quote `REQ-000123`.
    pub request_number: Option<i64>,
    /// Who acted, by id.
    pub actor_id: Option<Uuid>,
    /// A project in which somebody acted, or that owns what it was about.
    pub project: Option<ProjectId>,
    /// A query: its start, its end, and what it read.
    pub query: Option<Uuid>,
    /// The request of a program or browser that caused it.
    pub request_id: Option<String>,
    /// A text in the further facts, whatever its case.
    pub words: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// The text sought in the facts, in lower case as they hold it inside JSON.
    pub fn sought(&self) -> Option<String> {
        let words = self.words.as_deref().map(str::trim).filter(|words| !words.is_empty())?;
        let quoted = serde_json::Value::String(words.to_lowercase()).to_string();
        quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(str::to_owned)
    }
}

/// Who looks, and so what he may see (access rule 27).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditReach {
    /// An auditor.
    Everything,
    /// One's own events, and those on assets of projects one owns.
    Of { actor: Uuid },
}

impl AuditReach {
    fn parts(&self) -> (i64, Uuid) {
        match self {
            Self::Everything => (1, Uuid::nil()),
            Self::Of { actor } => (0, *actor),
        }
    }
}

/// Appends an event; its number is given here. Take it last in the transaction.
pub async fn event_append(tx: &mut WriteTx, event: &AuditEvent) -> Result<i64, StoreError> {
    let number = changes::next(tx, "audit").await?;
    execute_one!(
        tx,
        INSERT,
        number,
        event.id,
        event.at,
        &event.actor_kind,
        event.actor_id,
        &event.actor_name,
        event.project_id,
        &event.action,
        event.outcome,
        &event.subject_kind,
        event.subject_id,
        event.owner_project_id,
        &event.request_id,
        &event.detail
    )?;
    Ok(number)
}

/// Events, the newest first, as far as `reach` allows.
pub async fn event_list(
    tx: &mut Tx,
    reach: &AuditReach,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEvent>, StoreError> {
    let (all, actor) = reach.parts();
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let action = filter.action.as_deref().map(like::beginning).unwrap_or_default();
    let exact = |text: &Option<String>| text.as_deref().map(|text| text.replace('\0', "")).unwrap_or_default();
    let name = filter.actor.as_deref().map(|text| like::containing(&text.to_lowercase())).unwrap_or_default();
    let of_query = filter.query.map(|id| like::containing(&format!("\"query\":\"{id}\""))).unwrap_or_default();
    let words = filter.sought().map(|words| like::containing(&words)).unwrap_or_default();
    let rows = fetch_all!(
        tx,
        AuditEvent,
        LIST,
        before,
        all,
        actor,
        action,
        exact(&filter.outcome),
        name,
        filter.subject,
        filter.from,
        filter.until,
        page.fetch(),
        exact(&filter.subject_kind),
        filter.actor_id,
        filter.project,
        filter.query,
        of_query,
        exact(&filter.request_id),
        filter.request_number,
        words
    )?;
    Ok(Page::cut(rows, page, |event| event.number.to_string()))
}

/// One event by its number, if `reach` allows.
pub async fn event_find(tx: &mut Tx, reach: &AuditReach, number: i64) -> Result<Option<AuditEvent>, StoreError> {
    let (all, actor) = reach.parts();
    fetch_optional!(tx, AuditEvent, ONE, number, all, actor)
}

/// Events after a number, in order: for sealing and verifying.
pub async fn events_after(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<AuditEvent>, StoreError> {
    fetch_all!(tx, AuditEvent, AFTER, number, limit)
}

/// Events of a sealed batch, in order.
pub async fn events_between(tx: &mut Tx, after: i64, up_to: i64) -> Result<Vec<AuditEvent>, StoreError> {
    fetch_all!(tx, AuditEvent, RANGE, after, up_to)
}

/// How many events were ever recorded: the counter moves in the transaction of each event, so the last event has this
/// number unless events were cut off.
pub async fn event_counter(tx: &mut Tx) -> Result<i64, StoreError> {
    changes::last(tx, "audit").await
}

/// The number of the last event, 0 if none.
pub async fn event_last(tx: &mut Tx) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), LAST_EVENT).map(|row| row.0)
}

/// Keeps a sealed batch.
pub async fn batch_insert(tx: &mut WriteTx, batch: &AuditBatch) -> Result<(), StoreError> {
    execute_one!(
        tx,
        BATCH_INSERT,
        batch.number,
        batch.first_event,
        batch.last_event,
        &batch.previous_hash,
        &batch.hash,
        &batch.key_id,
        &batch.signature,
        batch.sealed_at
    )
}

/// The last sealed batch.
pub async fn batch_last(tx: &mut Tx) -> Result<Option<AuditBatch>, StoreError> {
    fetch_optional!(tx, AuditBatch, BATCH_LAST)
}

/// Sealed batches after a number, in order.
pub async fn batches_after(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<AuditBatch>, StoreError> {
    fetch_all!(tx, AuditBatch, BATCHES, number, limit)
}
