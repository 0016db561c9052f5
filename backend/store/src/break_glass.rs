//! Emergency access and its review. The access itself is a direct grant.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    break_glass::BreakGlass,
    ids::{GrantId, ProjectId, TableId, UserId},
    words::BreakGlassVerdict,
};
use lakegate_policy::{
    Granted,
    action::{self, ReviewBreakGlass},
    resource::AssetFacts,
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

macro_rules! selected {
    () => {
        "SELECT b.grant_id AS id, b.asset_id, b.project_id, b.user_id, g.reason, g.valid_from AS opened_at, g.valid_until AS until, g.ended_at, g.ended_by, b.verdict, b.note, b.reviewed_by, b.reviewed_at FROM break_glasses b JOIN direct_grants g ON g.id = b.grant_id"
    };
}

statements! {
    INSERT = "INSERT INTO break_glasses (grant_id, asset_id, project_id, user_id, note) VALUES ($1, $2, $3, $4, '')";
    BY_ID = concat!(selected!(), " WHERE b.grant_id = $1");
    LIST = concat!(selected!(), " WHERE b.grant_id < $1 AND ($2 = 0 OR (g.ended_at IS NULL AND g.valid_until > $3)) AND ($4 = 0 OR b.reviewed_at IS NULL) ORDER BY b.grant_id DESC LIMIT $5");
    WAITING = concat!(selected!(), " WHERE b.reviewed_at IS NULL AND b.user_id <> $1 ORDER BY b.grant_id LIMIT $2");
    OPEN_OF = concat!(selected!(), " WHERE b.user_id = $1 AND g.table_id = $2 AND g.ended_at IS NULL AND g.valid_until > $3");
    REVIEW = "UPDATE break_glasses SET verdict = $2, note = $3, reviewed_by = $4, reviewed_at = $5 WHERE grant_id = $1 AND reviewed_at IS NULL";
    IS = "SELECT grant_id FROM break_glasses WHERE grant_id = $1";
}

/// Which emergency accesses to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BreakGlassFilter {
    /// Only those that open their table now.
    pub open: bool,
    /// Only those that nobody has reviewed.
    pub unreviewed: bool,
}

/// Notes that a grant on the asset of the proof is an emergency access of a person.
pub async fn break_glass_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, action::BreakGlass>,
    id: GrantId,
    user: UserId,
) -> Result<(), StoreError> {
    let (asset, project): (_, ProjectId) = (proof.on().id, proof.on().project);
    execute_one!(tx, INSERT, id, asset, project, user)
}

/// An emergency access; who may know of it is decided on its asset.
pub async fn break_glass_find(tx: &mut Tx, id: GrantId) -> Result<Option<BreakGlass>, StoreError> {
    fetch_optional!(tx, BreakGlass, BY_ID, id)
}

/// Emergency accesses, the newest first, for the caller to trim by policy.
pub async fn break_glass_list(
    tx: &mut Tx,
    filter: BreakGlassFilter,
    now: Timestamp,
    page: &PageRequest,
) -> Result<Page<BreakGlass>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(Uuid::max());
    let (open, unreviewed) = (i64::from(filter.open), i64::from(filter.unreviewed));
    let rows = fetch_all!(tx, BreakGlass, LIST, before, open, now, unreviewed, page.fetch())?;
    Ok(Page::cut(rows, page, |glass| glass.id.to_string()))
}

/// Emergency accesses of others that nobody has reviewed, the longest waiting first, for the caller to trim by policy.
pub async fn break_glass_waiting(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<BreakGlass>, StoreError> {
    fetch_all!(tx, BreakGlass, WAITING, user, limit)
}

/// The emergency access that opens a table to a person now.
pub async fn break_glass_open_of(
    tx: &mut Tx,
    user: UserId,
    table: TableId,
    now: Timestamp,
) -> Result<Option<BreakGlass>, StoreError> {
    fetch_optional!(tx, BreakGlass, OPEN_OF, user, table, now)
}

/// Keeps what a second person says of an emergency access to the asset of the proof. Returns whether it waited for that.
pub async fn break_glass_review(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, ReviewBreakGlass>,
    id: GrantId,
    (verdict, note): (BreakGlassVerdict, &str),
    (by, now): (UserId, Timestamp),
) -> Result<bool, StoreError> {
    Ok(execute!(tx, REVIEW, id, verdict, note, by, now)? == 1)
}

/// Those of some grants that are emergency accesses.
pub async fn break_glass_among(tx: &mut Tx, grants: &[GrantId]) -> Result<Vec<GrantId>, StoreError> {
    let mut found = Vec::new();
    for id in grants {
        found.extend(fetch_optional!(tx, (GrantId,), IS, *id)?.map(|(id,)| id));
    }
    Ok(found)
}
