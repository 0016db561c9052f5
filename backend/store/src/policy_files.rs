//! Rules that come from files: the versions of the set, what it manages, and the facts it is compared with.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    columns::ColumnType,
    grants::DirectGrant,
    ids::{
        AssetId, ColumnId, DatabaseId, DomainId, GrantId, PolicyVersionId, ProjectId, RestrictionId, ServiceAccountId,
        TableId, UserId,
    },
    policy_files::{PolicyState, PolicyVersion},
    rules::{Exemption, Restriction},
    text,
    words::{AssetStatus, ColumnState, ExemptKind, PolicyItemKind, PolicyVersionState},
};
use lakegate_policy::{
    Granted,
    action::{ApplyPolicyFiles, ReadPolicyFiles},
    resource::Platform,
};
use sqlx::types::Json;
use std::collections::HashMap;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a version, in the order of its struct.
macro_rules! fields {
    () => {
        "id, number, state, digest, files, plan, widening, alone, created_by, created_at, decided_by, decided_at, decision_reason"
    };
}

statements! {
    VERSION_INSERT = concat!("INSERT INTO policy_versions (", fields!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    VERSION_BY_ID = concat!("SELECT ", fields!(), " FROM policy_versions WHERE id = $1");
    LATEST = concat!("SELECT ", fields!(), " FROM policy_versions WHERE state = $1 ORDER BY number DESC LIMIT 1");
    VERSIONS = concat!("SELECT ", fields!(), " FROM policy_versions WHERE number < $1 ORDER BY number DESC LIMIT $2");
    LAST_NUMBER = "SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM policy_versions";
    DECIDE = "UPDATE policy_versions SET state = $2, decided_by = $3, decided_at = $4, decision_reason = $5, plan = $6, alone = $7 WHERE id = $1 AND state = 'proposed'";
    SUPERSEDE = "UPDATE policy_versions SET state = 'superseded', decided_by = $1, decided_at = $2 WHERE state = 'proposed'";
    ITEM_INSERT = "INSERT INTO policy_items (item_id, kind, rule, written) VALUES ($1, $2, $3, $4)";
    ITEM_DELETE = "DELETE FROM policy_items WHERE item_id = $1";
    ITEMS = "SELECT item_id, rule, written FROM policy_items WHERE kind = $1 ORDER BY item_id";
    ENDED = "DELETE FROM policy_items WHERE (kind = 'grant' AND item_id NOT IN (SELECT id FROM direct_grants WHERE ended_at IS NULL)) OR (kind = 'restriction' AND item_id NOT IN (SELECT id FROM restrictions WHERE ended_at IS NULL)) OR (kind = 'tag' AND item_id NOT IN (SELECT id FROM asset_tags))";
    STATE = "SELECT change_number, reconciled_at, failure, failed_at FROM policy_state WHERE id = 1";
    STATE_SET = "INSERT INTO policy_state (id, change_number, reconciled_at, failure, failed_at) VALUES (1, $1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET change_number = excluded.change_number, reconciled_at = excluded.reconciled_at, failure = excluded.failure, failed_at = excluded.failed_at";
    TABLES = "SELECT t.id AS table_id, t.database_id, a.id AS asset_id, p.id AS project_id, p.domain_id, p.name AS project, d.name AS database_name, t.name AS table_name, a.status FROM assets a JOIN tables t ON t.id = a.table_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id ORDER BY p.name, d.name, t.name";
    COLUMNS = "SELECT id, table_id, name, column_type, state, unlisted FROM columns ORDER BY table_id, ordinal, id";
    TAGS = "SELECT x.id, a.id AS asset_id, a.table_id, x.column_id, x.tag FROM asset_tags x JOIN assets a ON a.id = x.asset_id WHERE a.table_id IS NOT NULL ORDER BY x.id";
    TAG_ID = "SELECT id FROM asset_tags WHERE asset_id = $1 AND column_id IS NOT DISTINCT FROM $2 AND tag = $3";
    GRANTS = "SELECT id, grantee_kind, grantee_id, grantee_role, table_id, database_id, tag, columns_mode, row_filter, can_export, can_grant, parent_id, reason, granted_by, created_at, valid_from, valid_until, ended_at, ended_by, break_glass FROM direct_grants WHERE ended_at IS NULL AND NOT break_glass AND (valid_until IS NULL OR valid_until > $1) ORDER BY id";
    GRANT_COLUMNS = "SELECT c.grant_id, c.column_id FROM direct_grant_columns c JOIN direct_grants g ON g.id = c.grant_id WHERE g.ended_at IS NULL ORDER BY c.grant_id, c.column_id";
    RESTRICTIONS = "SELECT id, table_id, tag, effect, mask, filter, reason, created_by, created_at, ended_by, ended_at FROM restrictions WHERE ended_at IS NULL ORDER BY id";
    RESTRICTION_COLUMNS = "SELECT c.restriction_id, c.column_id FROM restriction_columns c JOIN restrictions r ON r.id = c.restriction_id WHERE r.ended_at IS NULL ORDER BY c.restriction_id, c.column_id";
    EXEMPTIONS = "SELECT e.restriction_id, e.kind, e.principal_id FROM restriction_exemptions e JOIN restrictions r ON r.id = e.restriction_id WHERE r.ended_at IS NULL ORDER BY e.restriction_id, e.kind, e.principal_id";
    HAND_DOWN = "UPDATE direct_grants SET parent_id = $2 WHERE parent_id = $1 AND ended_at IS NULL";
    ACCOUNT = "SELECT s.id FROM service_accounts s JOIN projects p ON p.id = s.project_id WHERE p.name_key = $1 AND s.name_key = $2";
    ACCOUNT_NAME = "SELECT p.name, s.name FROM service_accounts s JOIN projects p ON p.id = s.project_id WHERE s.id = $1";
}

/// A table with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PlacedTable {
    pub table_id: TableId,
    pub database_id: DatabaseId,
    pub asset_id: AssetId,
    pub project_id: ProjectId,
    pub domain_id: DomainId,
    pub project: String,
    pub database_name: String,
    pub table_name: String,
    pub status: AssetStatus,
}

/// A column as rules see it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PlacedColumn {
    pub id: ColumnId,
    pub table_id: TableId,
    pub name: String,
    #[sqlx(json)]
    pub column_type: ColumnType,
    pub state: ColumnState,
    pub unlisted: bool,
}

/// A tag where it stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PlacedTag {
    pub id: Uuid,
    pub asset_id: AssetId,
    pub table_id: TableId,
    pub column_id: Option<ColumnId>,
    pub tag: String,
}

/// Something that the applied set put there.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Item {
    pub item_id: Uuid,
    pub rule: String,
    pub written: Option<String>,
}

/// Keeps a version, applied or proposed.
pub async fn version_insert(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ApplyPolicyFiles>,
    version: &PolicyVersion,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        VERSION_INSERT,
        version.id,
        version.number,
        version.state,
        &version.digest,
        Json(&version.files),
        &version.plan,
        Json(&version.widening),
        version.alone,
        version.created_by,
        version.created_at,
        version.decided_by,
        version.decided_at,
        &version.decision_reason
    )
}

/// The number that the next version gets.
pub async fn version_number(tx: &mut WriteTx) -> Result<i64, StoreError> {
    Ok(fetch_one!(tx, (i64,), LAST_NUMBER)?.0 + 1)
}

/// A version of the set.
pub async fn version_find(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, ReadPolicyFiles>,
    id: PolicyVersionId,
) -> Result<Option<PolicyVersion>, StoreError> {
    fetch_optional!(tx, PolicyVersion, VERSION_BY_ID, id)
}

/// The latest version in a state: for `applied`, the one in force. Reconciling reads it, so it takes no proof.
pub async fn version_latest(tx: &mut Tx, state: PolicyVersionState) -> Result<Option<PolicyVersion>, StoreError> {
    fetch_optional!(tx, PolicyVersion, LATEST, state)
}

/// The versions, the latest first.
pub async fn version_list(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, ReadPolicyFiles>,
    page: &PageRequest,
) -> Result<Page<PolicyVersion>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = fetch_all!(tx, PolicyVersion, VERSIONS, before, page.fetch())?;
    Ok(Page::cut(rows, page, |version| version.number.to_string()))
}

/// What became of a proposal.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    pub state: PolicyVersionState,
    pub by: UserId,
    pub at: Timestamp,
    pub reason: &'a str,
    /// What it changed.
    pub plan: &'a str,
    /// Whether nobody else could have agreed.
    pub alone: bool,
}

/// Decides a proposal. Returns whether it still waited.
pub async fn version_decide(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ApplyPolicyFiles>,
    id: PolicyVersionId,
    how: &Decision<'_>,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, DECIDE, id, how.state, how.by, how.at, how.reason, how.plan, how.alone)? == 1)
}

/// Lets every waiting proposal know that another set came before it was decided.
pub async fn versions_supersede(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ApplyPolicyFiles>,
    by: UserId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    execute!(tx, SUPERSEDE, by, now)
}

/// Notes that the applied set put something there.
pub async fn item_insert(
    tx: &mut WriteTx,
    kind: PolicyItemKind,
    id: impl Into<Uuid>,
    rule: &str,
    written: Option<&str>,
) -> Result<(), StoreError> {
    execute_one!(tx, ITEM_INSERT, id.into(), kind, rule, written)
}

/// Forgets that the applied set put something there.
pub async fn item_delete(tx: &mut WriteTx, id: impl Into<Uuid>) -> Result<(), StoreError> {
    execute!(tx, ITEM_DELETE, id.into()).map(|_| ())
}

/// Forgets what somebody else has ended since.
pub async fn items_forget_ended(tx: &mut WriteTx) -> Result<u64, StoreError> {
    execute!(tx, ENDED)
}

/// What the applied set put there, of one kind.
pub async fn items(tx: &mut Tx, kind: PolicyItemKind) -> Result<Vec<Item>, StoreError> {
    fetch_all!(tx, Item, ITEMS, kind)
}

/// How the applied set stands; `None` before the first.
pub async fn state(tx: &mut Tx) -> Result<Option<PolicyState>, StoreError> {
    fetch_optional!(tx, PolicyState, STATE)
}

/// Notes how the applied set stands.
pub async fn state_set(tx: &mut WriteTx, state: &PolicyState) -> Result<(), StoreError> {
    execute_one!(tx, STATE_SET, state.change_number, state.reconciled_at, &state.failure, state.failed_at)
}

/// Every table of the catalog with its place, archived ones too.
pub async fn tables(tx: &mut Tx) -> Result<Vec<PlacedTable>, StoreError> {
    fetch_all!(tx, PlacedTable, TABLES)
}

/// Every column in table order, dropped ones too.
pub async fn columns(tx: &mut Tx) -> Result<Vec<PlacedColumn>, StoreError> {
    fetch_all!(tx, PlacedColumn, COLUMNS)
}

/// Every tag on a table or one of its columns.
pub async fn tags(tx: &mut Tx) -> Result<Vec<PlacedTag>, StoreError> {
    fetch_all!(tx, PlacedTag, TAGS)
}

/// The row of a tag where it stands.
pub async fn tag_id(
    tx: &mut Tx,
    asset: AssetId,
    column: Option<ColumnId>,
    tag: &str,
) -> Result<Option<Uuid>, StoreError> {
    Ok(fetch_optional!(tx, (Uuid,), TAG_ID, asset, column, tag)?.map(|(id,)| id))
}

/// Every direct grant that has not ended at a moment, those that begin later too.
pub async fn grants(tx: &mut Tx, now: Timestamp) -> Result<Vec<DirectGrant>, StoreError> {
    let mut found = fetch_all!(tx, DirectGrant, GRANTS, now)?;
    let mut columns: HashMap<GrantId, Vec<ColumnId>> = HashMap::new();
    for (grant, column) in fetch_all!(tx, (GrantId, ColumnId), GRANT_COLUMNS)? {
        columns.entry(grant).or_default().push(column);
    }
    for grant in &mut found {
        grant.columns = columns.remove(&grant.id).unwrap_or_default();
    }
    Ok(found)
}

/// Every restriction in force.
pub async fn restrictions(tx: &mut Tx) -> Result<Vec<Restriction>, StoreError> {
    let mut found = fetch_all!(tx, Restriction, RESTRICTIONS)?;
    let mut columns: HashMap<RestrictionId, Vec<ColumnId>> = HashMap::new();
    for (rule, column) in fetch_all!(tx, (RestrictionId, ColumnId), RESTRICTION_COLUMNS)? {
        columns.entry(rule).or_default().push(column);
    }
    let mut exempt: HashMap<RestrictionId, Vec<Exemption>> = HashMap::new();
    for (rule, kind, principal_id) in fetch_all!(tx, (RestrictionId, ExemptKind, Uuid), EXEMPTIONS)? {
        exempt.entry(rule).or_default().push(Exemption { kind, principal_id });
    }
    for rule in &mut found {
        rule.columns = columns.remove(&rule.id).unwrap_or_default();
        rule.exempt = exempt.remove(&rule.id).unwrap_or_default();
    }
    Ok(found)
}

/// Lets what was handed on under one grant hang on another that takes its place.
pub async fn handed_on_move(tx: &mut WriteTx, from: GrantId, to: GrantId) -> Result<u64, StoreError> {
    execute!(tx, HAND_DOWN, from, to)
}

/// The service account of a name in the project of a name.
pub async fn account_by_name(tx: &mut Tx, project: &str, name: &str) -> Result<Option<ServiceAccountId>, StoreError> {
    let found = fetch_optional!(tx, (ServiceAccountId,), ACCOUNT, text::fold(project), text::fold(name))?;
    Ok(found.map(|(id,)| id))
}

/// The names of a service account's project and of itself.
pub async fn account_name(tx: &mut Tx, id: ServiceAccountId) -> Result<Option<(String, String)>, StoreError> {
    fetch_optional!(tx, (String, String), ACCOUNT_NAME, id)
}
