//! Requests to subscribe, and the thread of each.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    access::{Request, RequestEntry},
    ids::{AssetId, ColumnId, ProjectId, RequestId, SubscriptionId, UserId},
    words::RequestState,
};
use lakegate_policy::{
    Granted,
    action::{DecideRequest, EditRequest, RequestAsset, ViewRequest},
    resource::{AssetFacts, RequestFacts},
};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx, changes};

/// Owners `u` of a project, through `m` and a group `g`.
macro_rules! owners {
    () => {
        "project_members m LEFT JOIN group_members g ON m.member_kind = 'group' AND g.group_id = m.member_id JOIN users u ON u.id = COALESCE(g.user_id, m.member_id)"
    };
}

/// Whether the owner `u` of the asset `a` may decide the request `r` (access rule 16): he is there, did not ask, did not
/// write what is asked for, and is no member of the asking project if the data are under a governed tag
/// (`lakegate_policy::governed`).
macro_rules! decides {
    () => {
        "m.project_id = a.project_id AND m.role = 'owner' AND NOT u.disabled AND u.id <> r.requester_id AND NOT EXISTS (SELECT 1 FROM request_entries e WHERE e.request_id = r.id AND e.kind = 'edited' AND e.author_id = u.id) AND NOT (EXISTS (SELECT 1 FROM asset_tags t WHERE t.asset_id = a.id AND (t.tag = 'pii' OR t.tag LIKE 'pii:%' OR t.tag LIKE 'pii=%' OR t.tag LIKE 'pii :%' OR t.tag LIKE 'pii =%')) AND EXISTS (SELECT 1 FROM project_members c LEFT JOIN group_members h ON c.member_kind = 'group' AND h.group_id = c.member_id WHERE c.project_id = r.project_id AND COALESCE(h.user_id, c.member_id) = u.id))"
    };
}

statements! {
    INSERT = "INSERT INTO subscription_requests (id, number, project_id, asset_id, requester_id, reason, columns, wanted_until, amends_id, state, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $10)";
    BY_ID = "SELECT id, number, project_id, asset_id, requester_id, reason, columns, wanted_until, amends_id, state, decided_by, decided_at, decision_reason, created_at, updated_at FROM subscription_requests WHERE id = $1";
    BY_NUMBER = "SELECT id, number, project_id, asset_id, requester_id, reason, columns, wanted_until, amends_id, state, decided_by, decided_at, decision_reason, created_at, updated_at FROM subscription_requests WHERE number = $1";
    FACTS = concat!("SELECT r.id, r.state, r.requester_id, r.project_id, a.project_id AS producer_id, p.domain_id, EXISTS (SELECT 1 FROM ", owners!(), " WHERE ", decides!(), ") AS owner_decides FROM subscription_requests r JOIN assets a ON a.id = r.asset_id JOIN projects p ON p.id = a.project_id WHERE r.id = $1");
    DECIDERS = concat!("SELECT DISTINCT u.id FROM subscription_requests r JOIN assets a ON a.id = r.asset_id CROSS JOIN ", owners!(), " WHERE r.id = $1 AND ", decides!(), " ORDER BY u.id");
    OPEN_OF = "SELECT id, number, project_id, asset_id, requester_id, reason, columns, wanted_until, amends_id, state, decided_by, decided_at, decision_reason, created_at, updated_at FROM subscription_requests WHERE project_id = $1 AND asset_id = $2 AND state IN ('pending', 'needs_information')";
    EDIT = "UPDATE subscription_requests SET reason = $2, columns = $3, wanted_until = $4, state = 'pending', updated_at = $5 WHERE id = $1 AND state IN ('pending', 'needs_information')";
    SET_STATE = "UPDATE subscription_requests SET state = $2, updated_at = $3 WHERE id = $1 AND state IN ('pending', 'needs_information')";
    DECIDE = "UPDATE subscription_requests SET state = $2, decided_by = $3, decided_at = $4, decision_reason = $5, updated_at = $4 WHERE id = $1 AND state IN ('pending', 'needs_information')";
    ENTRY_INSERT = "INSERT INTO request_entries (id, request_id, kind, author_id, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    ENTRIES = "SELECT e.request_id, e.kind, e.author_id, u.display_name AS author_name, e.body, e.created_at FROM request_entries e LEFT JOIN users u ON u.id = e.author_id WHERE e.request_id = $1 ORDER BY e.created_at, e.id";
    LIST = "WITH RECURSIVE mine (project_id, role) AS (SELECT m.project_id, m.role FROM project_members m WHERE m.member_kind = 'user' AND m.member_id = $1 UNION SELECT m.project_id, m.role FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE g.user_id = $1), below (id) AS (SELECT domain_id FROM domain_stewards WHERE user_id = $1 UNION SELECT d.id FROM domains d JOIN below b ON d.parent_id = b.id) SELECT r.id, r.number, r.project_id, r.asset_id, r.requester_id, r.reason, r.columns, r.wanted_until, r.amends_id, r.state, r.decided_by, r.decided_at, r.decision_reason, r.created_at, r.updated_at FROM subscription_requests r JOIN assets a ON a.id = r.asset_id JOIN projects p ON p.id = a.project_id WHERE r.number < $2 AND ($3 = 0 OR r.state IN ('pending', 'needs_information')) AND (($4 <> 'sent' AND (a.project_id IN (SELECT project_id FROM mine WHERE role = 'owner') OR p.domain_id IN (SELECT id FROM below))) OR ($4 <> 'received' AND r.project_id IN (SELECT project_id FROM mine))) AND ($5 IS NULL OR r.project_id = $5 OR a.project_id = $5) AND ($6 IS NULL OR r.asset_id = $6) ORDER BY r.number DESC LIMIT $7";
    TASKS = concat!("WITH RECURSIVE mine (project_id) AS (SELECT m.project_id FROM project_members m WHERE m.role = 'owner' AND m.member_kind = 'user' AND m.member_id = $1 UNION SELECT m.project_id FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE m.role = 'owner' AND g.user_id = $1), below (id) AS (SELECT domain_id FROM domain_stewards WHERE user_id = $1 UNION SELECT d.id FROM domains d JOIN below b ON d.parent_id = b.id) SELECT r.id, r.number, r.project_id, r.asset_id, r.requester_id, r.reason, r.columns, r.wanted_until, r.amends_id, r.state, r.decided_by, r.decided_at, r.decision_reason, r.created_at, r.updated_at FROM subscription_requests r JOIN assets a ON a.id = r.asset_id JOIN projects p ON p.id = a.project_id WHERE r.number > $2 AND r.state IN ('pending', 'needs_information') AND r.requester_id <> $1 AND (a.project_id IN (SELECT project_id FROM mine) OR (p.domain_id IN (SELECT id FROM below) AND NOT EXISTS (SELECT 1 FROM ", owners!(), " WHERE ", decides!(), "))) ORDER BY r.number LIMIT $3");
    TASK_COUNT = concat!("WITH RECURSIVE mine (project_id) AS (SELECT m.project_id FROM project_members m WHERE m.role = 'owner' AND m.member_kind = 'user' AND m.member_id = $1 UNION SELECT m.project_id FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE m.role = 'owner' AND g.user_id = $1), below (id) AS (SELECT domain_id FROM domain_stewards WHERE user_id = $1 UNION SELECT d.id FROM domains d JOIN below b ON d.parent_id = b.id) SELECT COUNT(*) FROM subscription_requests r JOIN assets a ON a.id = r.asset_id JOIN projects p ON p.id = a.project_id WHERE r.state = 'pending' AND r.requester_id <> $1 AND (a.project_id IN (SELECT project_id FROM mine) OR (p.domain_id IN (SELECT id FROM below) AND NOT EXISTS (SELECT 1 FROM ", owners!(), " WHERE ", decides!(), ")))");
}

/// A request to be made.
#[derive(Debug, Clone)]
pub struct NewRequest {
    pub id: RequestId,
    pub project_id: ProjectId,
    pub requester_id: UserId,
    pub reason: String,
    pub columns: Option<Vec<ColumnId>>,
    pub wanted_until: Option<Timestamp>,
    pub amends_id: Option<SubscriptionId>,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct FactsRow {
    id: RequestId,
    state: RequestState,
    requester_id: UserId,
    project_id: ProjectId,
    producer_id: ProjectId,
    domain_id: lakegate_model::ids::DomainId,
    owner_decides: bool,
}

/// Which side of requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Asked by projects of the caller.
    Sent,
    /// For assets of projects the caller owns, or domains he looks after.
    Received,
    Both,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Both => "both",
        }
    }
}

/// What of the requests to list.
#[derive(Debug, Clone, Copy)]
pub struct RequestFilter {
    pub side: Side,
    pub open_only: bool,
    pub project: Option<ProjectId>,
    pub asset: Option<AssetId>,
}

/// Makes a request for the asset of the proof. Returns its number.
pub async fn request_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, RequestAsset>,
    new: &NewRequest,
) -> Result<i64, StoreError> {
    let number = changes::request_number(tx).await?;
    execute_one!(
        tx,
        INSERT,
        new.id,
        number,
        new.project_id,
        proof.on().id,
        new.requester_id,
        &new.reason,
        new.columns.as_ref().map(Json),
        new.wanted_until,
        new.amends_id,
        new.created_at
    )?;
    Ok(number)
}

/// The facts of a request for a decision.
pub async fn request_facts(tx: &mut Tx, id: RequestId) -> Result<Option<RequestFacts>, StoreError> {
    Ok(fetch_optional!(tx, FactsRow, FACTS, id)?.map(|row| RequestFacts {
        id: row.id,
        state: row.state,
        requester: row.requester_id,
        consumer: row.project_id,
        producer: row.producer_id,
        domain: row.domain_id,
        owner_decides: row.owner_decides,
    }))
}

/// The owners of the asset's project who may decide a request.
pub async fn deciding_owners(tx: &mut Tx, id: RequestId) -> Result<Vec<UserId>, StoreError> {
    Ok(fetch_all!(tx, (UserId,), DECIDERS, id)?.into_iter().map(|row| row.0).collect())
}

/// The request of the proof.
pub async fn request_get(tx: &mut Tx, proof: &Granted<'_, RequestFacts, ViewRequest>) -> Result<Request, StoreError> {
    fetch_one!(tx, Request, BY_ID, proof.on().id)
}

/// The id of a request by the number that people quote.
pub async fn request_by_number(tx: &mut Tx, number: i64) -> Result<Option<RequestId>, StoreError> {
    Ok(fetch_optional!(tx, Request, BY_NUMBER, number)?.map(|request| request.id))
}

/// The open request of a project for an asset: its members see it on the asset's page.
pub async fn request_open_of(tx: &mut Tx, project: ProjectId, asset: AssetId) -> Result<Option<Request>, StoreError> {
    fetch_optional!(tx, Request, OPEN_OF, project, asset)
}

/// Changes an open request and puts it before the approver again.
pub async fn request_edit(
    tx: &mut WriteTx,
    proof: &Granted<'_, RequestFacts, EditRequest>,
    reason: &str,
    columns: Option<&[ColumnId]>,
    wanted_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, EDIT, proof.on().id, reason, columns.map(Json), wanted_until, now)
}

/// Withdraws an open request.
pub async fn request_withdraw(
    tx: &mut WriteTx,
    proof: &Granted<'_, RequestFacts, EditRequest>,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_STATE, proof.on().id, RequestState::Withdrawn, now)
}

/// Notes whose turn it is: the approver's or, after a question, the requester's.
pub async fn request_turn(
    tx: &mut WriteTx,
    proof: &Granted<'_, RequestFacts, ViewRequest>,
    state: RequestState,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_STATE, proof.on().id, state, now)
}

/// Approves or rejects an open request.
pub async fn request_decide(
    tx: &mut WriteTx,
    proof: &Granted<'_, RequestFacts, DecideRequest>,
    state: RequestState,
    by: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, DECIDE, proof.on().id, state, by, now, reason)
}

/// Adds to the thread of a request.
pub async fn entry_insert(tx: &mut WriteTx, entry_id: uuid::Uuid, entry: &RequestEntry) -> Result<(), StoreError> {
    execute_one!(
        tx,
        ENTRY_INSERT,
        entry_id,
        entry.request_id,
        &entry.kind,
        entry.author_id,
        &entry.body,
        entry.created_at
    )
}

/// The thread of the request of the proof, the oldest entry first.
pub async fn entry_list(
    tx: &mut Tx,
    proof: &Granted<'_, RequestFacts, ViewRequest>,
) -> Result<Vec<RequestEntry>, StoreError> {
    fetch_all!(tx, RequestEntry, ENTRIES, proof.on().id)
}

/// Requests a user may see, the newest first.
pub async fn request_list(
    tx: &mut Tx,
    user: UserId,
    filter: RequestFilter,
    page: &PageRequest,
) -> Result<Page<Request>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let open = i64::from(filter.open_only);
    let side = filter.side.as_str();
    let rows = fetch_all!(tx, Request, LIST, user, before, open, side, filter.project, filter.asset, page.fetch())?;
    Ok(Page::cut(rows, page, |request| request.number.to_string()))
}

/// Open requests that a user may decide, the longest waiting first.
pub async fn task_list(tx: &mut Tx, user: UserId, page: &PageRequest) -> Result<Page<Request>, StoreError> {
    let after = page.after.as_deref().and_then(|after| after.parse::<i64>().ok()).unwrap_or(0);
    let rows = fetch_all!(tx, Request, TASKS, user, after, page.fetch())?;
    Ok(Page::cut(rows, page, |request| request.number.to_string()))
}

/// How many requests wait for a user's decision.
pub async fn task_count(tx: &mut Tx, user: UserId) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), TASK_COUNT, user).map(|row| row.0)
}
