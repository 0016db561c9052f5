//! Subscriptions, the grants they give, and the tables they put into sub databases.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    access::{Grant, Subscription, TableLink},
    ids::{AssetId, ColumnId, DatabaseId, DomainId, GrantId, ProjectId, SubscriptionId, TableId, UserId},
    words::SubscriptionState,
};
use lakegate_policy::{
    Granted,
    action::{DecideRequest, ReviewAsset, ViewProject, ViewSubscription},
    resource::{AssetFacts, ProjectFacts, RequestFacts, SubscriptionFacts},
};

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO subscriptions (id, project_id, asset_id, request_id, state, created_at) VALUES ($1, $2, $3, $4, 'active', $5)";
    BY_ID = "SELECT id, project_id, asset_id, request_id, state, created_at, ended_at, ended_by, end_reason FROM subscriptions WHERE id = $1";
    ACTIVE_OF = "SELECT id, project_id, asset_id, request_id, state, created_at, ended_at, ended_by, end_reason FROM subscriptions WHERE project_id = $1 AND asset_id = $2 AND state = 'active'";
    FACTS = "SELECT s.id, s.project_id, a.project_id AS producer_id, p.domain_id FROM subscriptions s JOIN assets a ON a.id = s.asset_id JOIN projects p ON p.id = a.project_id WHERE s.id = $1";
    END = "UPDATE subscriptions SET state = $2, ended_at = $3, ended_by = $4, end_reason = $5 WHERE id = $1 AND state = 'active'";
    OF_PROJECT = "SELECT id, project_id, asset_id, request_id, state, created_at, ended_at, ended_by, end_reason FROM subscriptions WHERE project_id = $1 AND id > $2 AND ($3 = 0 OR state = 'active') ORDER BY id LIMIT $4";
    ON_ASSET = "SELECT id, project_id, asset_id, request_id, state, created_at, ended_at, ended_by, end_reason FROM subscriptions WHERE asset_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    ON_PROJECT_ASSETS = "SELECT s.id, s.project_id, s.asset_id, s.request_id, s.state, s.created_at, s.ended_at, s.ended_by, s.end_reason FROM subscriptions s JOIN assets a ON a.id = s.asset_id WHERE a.project_id = $1 AND s.id > $2 AND ($3 = 0 OR s.state = 'active') ORDER BY s.id LIMIT $4";
    ACTIVE_PROJECTS = "SELECT project_id FROM subscriptions WHERE asset_id = $1 AND state = 'active' ORDER BY project_id";
    GRANT_INSERT = "INSERT INTO grants (id, subscription_id, project_id, table_id, all_columns, can_export, row_filter, reason, granted_by, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    GRANT_COLUMN_INSERT = "INSERT INTO grant_columns (grant_id, column_id) VALUES ($1, $2)";
    GRANT_END = "UPDATE grants SET ended_at = $2 WHERE subscription_id = $1 AND ended_at IS NULL";
    GRANT_BY_ID = "SELECT id, subscription_id, project_id, table_id, all_columns, can_export, row_filter, reason, granted_by, valid_from, valid_until, ended_at FROM grants WHERE id = $1";
    GRANT_LIVE = "SELECT id, subscription_id, project_id, table_id, all_columns, can_export, row_filter, reason, granted_by, valid_from, valid_until, ended_at FROM grants WHERE subscription_id = $1 AND ended_at IS NULL";
    GRANTS_ALL = "SELECT id, subscription_id, project_id, table_id, all_columns, can_export, row_filter, reason, granted_by, valid_from, valid_until, ended_at FROM grants WHERE subscription_id = $1 ORDER BY valid_from DESC, id DESC";
    GRANTS_OF = "SELECT id, subscription_id, project_id, table_id, all_columns, can_export, row_filter, reason, granted_by, valid_from, valid_until, ended_at FROM grants WHERE project_id = $1 AND table_id = $2 AND ended_at IS NULL ORDER BY id";
    GRANT_COLUMNS = "SELECT column_id FROM grant_columns WHERE grant_id = $1 ORDER BY column_id";
    LINK_INSERT = "INSERT INTO table_links (database_id, table_id, subscription_id, name) VALUES ($1, $2, $3, $4)";
    LINK_DELETE = "DELETE FROM table_links WHERE subscription_id = $1";
    LINKS_OF = "SELECT database_id, table_id, subscription_id, name FROM table_links WHERE subscription_id = $1 ORDER BY database_id";
    LINK_TAKEN = "SELECT COUNT(*) FROM table_links WHERE database_id = $1 AND name = $2";
    SUB_DATABASES = "SELECT d.id, d.environment_id, d.name, d.kind FROM databases d JOIN environments e ON e.id = d.environment_id WHERE e.project_id = $1 AND d.kind = 'sub' ORDER BY e.created_at, d.id";
    DUE = "SELECT s.id FROM subscriptions s JOIN grants g ON g.subscription_id = s.id AND g.ended_at IS NULL WHERE s.state = 'active' AND g.valid_until <= $1 ORDER BY g.valid_until LIMIT $2";
    ENDING = "SELECT s.id, g.valid_until FROM subscriptions s JOIN grants g ON g.subscription_id = s.id AND g.ended_at IS NULL WHERE s.state = 'active' AND (g.valid_until > $1 OR (g.valid_until = $1 AND s.id > $2)) AND g.valid_until <= $3 ORDER BY g.valid_until, s.id LIMIT $4";
}

#[derive(sqlx::FromRow)]
struct FactsRow {
    id: SubscriptionId,
    project_id: ProjectId,
    producer_id: ProjectId,
    domain_id: DomainId,
}

/// Starts a subscription. The proof is the approver's.
pub async fn subscription_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, RequestFacts, DecideRequest>,
    id: SubscriptionId,
    asset: AssetId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, INSERT, id, proof.on().consumer, asset, proof.on().id, now)
}

/// The facts of a subscription for a decision.
pub async fn subscription_facts(tx: &mut Tx, id: SubscriptionId) -> Result<Option<SubscriptionFacts>, StoreError> {
    Ok(fetch_optional!(tx, FactsRow, FACTS, id)?.map(|row| SubscriptionFacts {
        id: row.id,
        consumer: row.project_id,
        producer: row.producer_id,
        domain: row.domain_id,
    }))
}

/// The subscription of the proof.
pub async fn subscription_get(
    tx: &mut Tx,
    proof: &Granted<'_, SubscriptionFacts, ViewSubscription>,
) -> Result<Subscription, StoreError> {
    fetch_one!(tx, Subscription, BY_ID, proof.on().id)
}

/// The live subscription of a project to an asset, if it has one.
pub async fn subscription_active(
    tx: &mut Tx,
    project: ProjectId,
    asset: AssetId,
) -> Result<Option<Subscription>, StoreError> {
    fetch_optional!(tx, Subscription, ACTIVE_OF, project, asset)
}

/// Ends a subscription, its grant and its tables in sub databases.
///
/// Callers hold a proof for cancelling or revoking, or act for the clock.
pub async fn subscription_end(
    tx: &mut WriteTx,
    id: SubscriptionId,
    state: SubscriptionState,
    by: Option<UserId>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, END, id, state, now, by, reason)?;
    execute!(tx, GRANT_END, id, now)?;
    execute!(tx, LINK_DELETE, id)?;
    Ok(())
}

/// What a project is subscribed to.
pub async fn subscriptions_of(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
    active_only: bool,
    page: &PageRequest,
) -> Result<Page<Subscription>, StoreError> {
    let rows =
        fetch_all!(tx, Subscription, OF_PROJECT, proof.on().id, after(page), i64::from(active_only), page.fetch())?;
    Ok(Page::cut(rows, page, |s| s.id.to_string()))
}

/// Who is subscribed to the assets of a project.
pub async fn subscriptions_into(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
    active_only: bool,
    page: &PageRequest,
) -> Result<Page<Subscription>, StoreError> {
    let rows = fetch_all!(
        tx,
        Subscription,
        ON_PROJECT_ASSETS,
        proof.on().id,
        after(page),
        i64::from(active_only),
        page.fetch()
    )?;
    Ok(Page::cut(rows, page, |s| s.id.to_string()))
}

/// Who is or was subscribed to an asset.
pub async fn subscriptions_on(
    tx: &mut Tx,
    proof: &Granted<'_, AssetFacts, ReviewAsset>,
    page: &PageRequest,
) -> Result<Page<Subscription>, StoreError> {
    let rows = fetch_all!(tx, Subscription, ON_ASSET, proof.on().id, after(page), page.fetch())?;
    Ok(Page::cut(rows, page, |s| s.id.to_string()))
}

/// The grant of a subscription by its id, in force or ended.
pub async fn grant_find(tx: &mut Tx, id: GrantId) -> Result<Option<Grant>, StoreError> {
    fetch_optional!(tx, Grant, GRANT_BY_ID, id)
}

fn after(page: &PageRequest) -> uuid::Uuid {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default()
}

/// The projects with a live subscription to an asset.
pub async fn subscriber_projects(tx: &mut Tx, asset: AssetId) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), ACTIVE_PROJECTS, asset)?.into_iter().map(|row| row.0).collect())
}

/// Gives a grant; `columns` is `None` for all released ones, those to come included.
pub async fn grant_insert(tx: &mut WriteTx, grant: &Grant, columns: Option<&[ColumnId]>) -> Result<(), StoreError> {
    execute_one!(
        tx,
        GRANT_INSERT,
        grant.id,
        grant.subscription_id,
        grant.project_id,
        grant.table_id,
        columns.is_none(),
        grant.can_export,
        &grant.row_filter,
        &grant.reason,
        grant.granted_by,
        grant.valid_from,
        grant.valid_until
    )?;
    for column in columns.unwrap_or_default() {
        execute_one!(tx, GRANT_COLUMN_INSERT, grant.id, *column)?;
    }
    Ok(())
}

/// Ends the live grant of a subscription, to be replaced in the same transaction.
pub async fn grant_end(tx: &mut WriteTx, subscription: SubscriptionId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, GRANT_END, subscription, now).map(|_| ())
}

/// The live grant of a subscription with its columns; `None` columns are all.
pub async fn grant_live(
    tx: &mut Tx,
    subscription: SubscriptionId,
) -> Result<Option<(Grant, Option<Vec<ColumnId>>)>, StoreError> {
    let Some(grant) = fetch_optional!(tx, Grant, GRANT_LIVE, subscription)? else { return Ok(None) };
    with_columns(tx, grant).await.map(Some)
}

/// Every grant a subscription ever gave, the latest first.
pub async fn grant_history(
    tx: &mut Tx,
    proof: &Granted<'_, SubscriptionFacts, ViewSubscription>,
) -> Result<Vec<Grant>, StoreError> {
    fetch_all!(tx, Grant, GRANTS_ALL, proof.on().id)
}

/// The live grants of a project on a table, with their columns.
pub async fn grants_of(
    tx: &mut Tx,
    project: ProjectId,
    table: TableId,
) -> Result<Vec<(Grant, Option<Vec<ColumnId>>)>, StoreError> {
    let grants = fetch_all!(tx, Grant, GRANTS_OF, project, table)?;
    let mut out = Vec::with_capacity(grants.len());
    for grant in grants {
        out.push(with_columns(tx, grant).await?);
    }
    Ok(out)
}

async fn with_columns(tx: &mut Tx, grant: Grant) -> Result<(Grant, Option<Vec<ColumnId>>), StoreError> {
    if grant.all_columns {
        return Ok((grant, None));
    }
    let columns: Vec<(ColumnId,)> = fetch_all!(tx, (ColumnId,), GRANT_COLUMNS, grant.id)?;
    Ok((grant, Some(columns.into_iter().map(|row| row.0).collect())))
}

/// Puts a granted table into a sub database.
pub async fn link_insert(tx: &mut WriteTx, link: &TableLink) -> Result<(), StoreError> {
    execute_one!(tx, LINK_INSERT, link.database_id, link.table_id, link.subscription_id, &link.name)
}

/// Where the table of a subscription stands in sub databases.
pub async fn links_of(tx: &mut Tx, subscription: SubscriptionId) -> Result<Vec<TableLink>, StoreError> {
    fetch_all!(tx, TableLink, LINKS_OF, subscription)
}

/// Whether a sub database has a table of this name.
pub async fn link_taken(tx: &mut Tx, database: DatabaseId, name: &str) -> Result<bool, StoreError> {
    Ok(fetch_one!(tx, (i64,), LINK_TAKEN, database, name)?.0 > 0)
}

/// The sub databases of a project, the oldest environment's first.
pub async fn sub_databases(
    tx: &mut Tx,
    project: ProjectId,
) -> Result<Vec<lakegate_model::places::Database>, StoreError> {
    fetch_all!(tx, lakegate_model::places::Database, SUB_DATABASES, project)
}

/// Live subscriptions whose end has come.
pub async fn subscriptions_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<SubscriptionId>, StoreError> {
    Ok(fetch_all!(tx, (SubscriptionId,), DUE, now, limit)?.into_iter().map(|row| row.0).collect())
}

/// Live subscriptions that end within a span, with their end, in order of both; `after` is the last one already seen.
pub async fn subscriptions_ending(
    tx: &mut Tx,
    (after_end, after): (Timestamp, SubscriptionId),
    until: Timestamp,
    limit: i64,
) -> Result<Vec<(SubscriptionId, Timestamp)>, StoreError> {
    fetch_all!(tx, (SubscriptionId, Timestamp), ENDING, after_end, after, until, limit)
}

/// Any subscription by id, for the server's own work.
pub async fn subscription_by_id(tx: &mut Tx, id: SubscriptionId) -> Result<Option<Subscription>, StoreError> {
    fetch_optional!(tx, Subscription, BY_ID, id)
}
