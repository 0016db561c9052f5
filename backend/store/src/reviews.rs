//! Campaigns that review who has access, and what was read under which grant.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    grants::DirectGrant,
    ids::{DomainId, GrantId, ProjectId, ReviewId, ReviewItemId, SubscriptionId, TableId, UserId},
    reviews::{Review, ReviewItem},
    words::ReviewDecision,
};
use lakegate_policy::{Granted, action::RunReview, resource::Resource};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx, direct_grants};

macro_rules! review {
    () => {
        "id, title, scope, asset_id, project_id, domain_id, started_by, started_at, due_at, reminded_at, closed_by, closed_at"
    };
}

macro_rules! item {
    () => {
        "id, review_id, grant_id, subscription_id, asset_id, opens, holder, since, until, approved_by, reason, columns, last_used, used_columns, usage_complete, decision, decided_by, decided_at, note, replaced_by"
    };
}

statements! {
    INSERT = "INSERT INTO reviews (id, title, scope, asset_id, project_id, domain_id, started_by, started_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_ID = concat!("SELECT ", review!(), " FROM reviews WHERE id = $1");
    LIST = concat!("SELECT ", review!(), " FROM reviews WHERE id < $1 AND ($2 = 0 OR closed_at IS NULL) ORDER BY id DESC LIMIT $3");
    CLOSE = "UPDATE reviews SET closed_by = $2, closed_at = $3 WHERE id = $1 AND closed_at IS NULL";
    DUE = concat!("SELECT ", review!(), " FROM reviews WHERE closed_at IS NULL AND reminded_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2");
    REMINDED = "UPDATE reviews SET reminded_at = $2 WHERE id = $1";
    ITEM_INSERT = concat!("INSERT INTO review_items (", item!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");
    ITEM = concat!("SELECT ", item!(), " FROM review_items WHERE id = $1");
    ITEMS = concat!("SELECT ", item!(), " FROM review_items WHERE review_id = $1 ORDER BY id");
    ITEM_USED = "UPDATE review_items SET last_used = $2, used_columns = $3, usage_complete = $4 WHERE id = $1";
    DECIDE = "UPDATE review_items SET decision = $2, decided_by = $3, decided_at = $4, note = $5, replaced_by = $6 WHERE id = $1";
    PROJECTS_UNDER = "WITH RECURSIVE below (id) AS (SELECT id FROM domains WHERE id = $1 UNION SELECT d.id FROM domains d JOIN below b ON d.parent_id = b.id) SELECT p.id FROM projects p JOIN below b ON p.domain_id = b.id ORDER BY p.id";
    SUBSCRIPTIONS_ON = "SELECT s.id, g.id FROM subscriptions s JOIN grants g ON g.subscription_id = s.id AND g.ended_at IS NULL WHERE g.table_id = $1 AND s.state = 'active' ORDER BY s.id";
    GRANTS_OF = "SELECT id FROM grants WHERE subscription_id = $1 ORDER BY id";
    READS = "SELECT at, actor_id, detail FROM audit_events WHERE subject_id = $1 AND action = 'asset.read' AND outcome = 'allowed' AND ($2 IS NULL OR at >= $2) ORDER BY number DESC LIMIT $3";
}

/// Begins a campaign. The proof is for what it is over.
pub async fn review_insert<R: Copy + Into<Resource>>(
    tx: &mut WriteTx,
    _proof: &Granted<'_, R, RunReview>,
    review: &Review,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        review.id,
        &review.title,
        review.scope,
        review.asset_id,
        review.project_id,
        review.domain_id,
        review.started_by,
        review.started_at,
        review.due_at
    )
}

/// A campaign; who may read it is decided on what it is over.
pub async fn review_find(tx: &mut Tx, id: ReviewId) -> Result<Option<Review>, StoreError> {
    fetch_optional!(tx, Review, BY_ID, id)
}

/// Campaigns, the newest first, for the caller to trim by policy.
pub async fn review_list(tx: &mut Tx, open_only: bool, page: &PageRequest) -> Result<Page<Review>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(Uuid::max());
    let rows = fetch_all!(tx, Review, LIST, before, i64::from(open_only), page.fetch())?;
    Ok(Page::cut(rows, page, |review| review.id.to_string()))
}

/// Closes an open campaign. Returns whether it was open.
pub async fn review_close(tx: &mut WriteTx, id: ReviewId, by: UserId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, CLOSE, id, by, now)? == 1)
}

/// Open campaigns whose day has come and of which nobody was told, the earliest first.
pub async fn reviews_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<Review>, StoreError> {
    fetch_all!(tx, Review, DUE, now, limit)
}

/// Notes that those who run a campaign were told.
pub async fn review_reminded(tx: &mut WriteTx, id: ReviewId, now: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, REMINDED, id, now)
}

/// Adds a grant to a campaign.
pub async fn item_insert(tx: &mut WriteTx, item: &ReviewItem) -> Result<(), StoreError> {
    execute_one!(
        tx,
        ITEM_INSERT,
        item.id,
        item.review_id,
        item.grant_id,
        item.subscription_id,
        item.asset_id,
        &item.opens,
        &item.holder,
        item.since,
        item.until,
        &item.approved_by,
        &item.reason,
        &item.columns,
        item.last_used,
        &item.used_columns,
        item.usage_complete,
        item.decision,
        item.decided_by,
        item.decided_at,
        &item.note,
        item.replaced_by
    )
}

/// One grant of a campaign.
pub async fn item_find(tx: &mut Tx, id: ReviewItemId) -> Result<Option<ReviewItem>, StoreError> {
    fetch_optional!(tx, ReviewItem, ITEM, id)
}

/// The grants of a campaign.
pub async fn items_of(tx: &mut Tx, review: ReviewId) -> Result<Vec<ReviewItem>, StoreError> {
    fetch_all!(tx, ReviewItem, ITEMS, review)
}

/// Keeps what was used of a grant.
pub async fn item_used(tx: &mut WriteTx, item: &ReviewItem) -> Result<(), StoreError> {
    execute_one!(tx, ITEM_USED, item.id, item.last_used, &item.used_columns, item.usage_complete)
}

/// Keeps what was decided of a grant.
pub async fn item_decide(
    tx: &mut WriteTx,
    id: ReviewItemId,
    (decision, note): (ReviewDecision, &str),
    by: UserId,
    now: Timestamp,
    replaced_by: Option<GrantId>,
) -> Result<(), StoreError> {
    execute_one!(tx, DECIDE, id, decision, by, now, note, replaced_by)
}

/// The projects of a domain and of those below it.
pub async fn projects_under(tx: &mut Tx, domain: DomainId) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), PROJECTS_UNDER, domain)?.into_iter().map(|(project,)| project).collect())
}

/// The live subscriptions to a table, with their live grants.
pub async fn subscriptions_to(tx: &mut Tx, table: TableId) -> Result<Vec<(SubscriptionId, GrantId)>, StoreError> {
    fetch_all!(tx, (SubscriptionId, GrantId), SUBSCRIPTIONS_ON, table)
}

/// The live direct grants that may open a table; those on tags too, whatever they cover.
pub async fn direct_grants_to(tx: &mut Tx, table: TableId) -> Result<Vec<DirectGrant>, StoreError> {
    direct_grants::direct_grants_touching(tx, table).await
}

/// Every grant that a subscription ever had: an amendment replaces it.
pub async fn grants_of_subscription(tx: &mut Tx, id: SubscriptionId) -> Result<Vec<GrantId>, StoreError> {
    Ok(fetch_all!(tx, (GrantId,), GRANTS_OF, id)?.into_iter().map(|(grant,)| grant).collect())
}

/// The audit's events of reading an asset, or a table without one, the newest first: when, by whom, and with which facts.
pub async fn reads_of(
    tx: &mut Tx,
    subject: Uuid,
    from: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<(Timestamp, Option<Uuid>, String)>, StoreError> {
    fetch_all!(tx, (Timestamp, Option<Uuid>, String), READS, subject, from, limit)
}
