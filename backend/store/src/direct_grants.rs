//! Direct grants: on tables, on databases with all their tables, and on what carries a tag.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    grants::DirectGrant,
    ids::{AssetId, ColumnId, DatabaseId, GrantId, TableId, UserId},
    words::AccessMode,
};
use lakegate_policy::{
    Actor, Granted,
    action::{GrantAccess, ManageRules, ReviewAsset},
    actor::Principal,
    binding,
    resource::{AssetFacts, Platform, ProjectFacts},
};
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx, coarse, readable::NamedTable};

/// The columns of a direct grant, in the order of its struct.
macro_rules! fields {
    () => {
        "g.id, g.grantee_kind, g.grantee_id, g.grantee_role, g.table_id, g.database_id, g.tag, g.columns_mode, g.row_filter, g.can_export, g.can_grant, g.parent_id, g.reason, g.granted_by, g.created_at, g.valid_from, g.valid_until, g.ended_at, g.ended_by, g.break_glass"
    };
}

/// Grants that may be about the principal `$1`; policy looks closer.
macro_rules! about {
    () => {
        "(g.grantee_kind IN ('everyone', 'role', 'project') OR g.grantee_id = $1 OR g.grantee_id IN (SELECT m.group_id FROM group_members m WHERE m.user_id = $1))"
    };
}

/// Grants that may open the table `$1`.
macro_rules! touching {
    () => {
        "g.ended_at IS NULL AND (g.table_id = $1 OR g.tag IS NOT NULL OR g.database_id = (SELECT t.database_id FROM tables t WHERE t.id = $1))"
    };
}

/// The tables of assets that carry what a grant's tag may cover.
macro_rules! tagged_assets {
    () => {
        "direct_grants g JOIN asset_tags x ON g.ended_at IS NULL AND g.tag_prefix IS NOT NULL AND LOWER(x.tag) LIKE g.tag_prefix || '%' JOIN assets a ON a.id = x.asset_id JOIN tables t ON t.id = a.table_id"
    };
}

/// The tables that direct grants about the principal `$1` may open.
macro_rules! named {
    () => {
        concat!(
            "SELECT t.id AS table_id, d.name AS database_name, t.name AS name, e.project_id AS owner_id, a.id AS asset_id FROM direct_grants g JOIN tables t ON t.id = g.table_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id LEFT JOIN assets a ON a.table_id = t.id WHERE g.ended_at IS NULL AND ",
            about!(),
            " UNION SELECT t.id, d.name, t.name, e.project_id, a.id FROM direct_grants g JOIN tables t ON t.database_id = g.database_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id LEFT JOIN assets a ON a.table_id = t.id WHERE g.ended_at IS NULL AND ",
            about!(),
            " UNION SELECT t.id, d.name, t.name, e.project_id, a.id FROM ",
            tagged_assets!(),
            " JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id WHERE ",
            about!()
        )
    };
}

statements! {
    INSERT = "INSERT INTO direct_grants (id, grantee_kind, grantee_id, grantee_role, table_id, database_id, tag, tag_prefix, columns_mode, row_filter, can_export, can_grant, parent_id, reason, granted_by, created_at, valid_from, valid_until, break_glass) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    COLUMN_INSERT = "INSERT INTO direct_grant_columns (grant_id, column_id) VALUES ($1, $2)";
    COLUMNS_OF = "SELECT column_id FROM direct_grant_columns WHERE grant_id = $1 ORDER BY column_id";
    BY_ID = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE g.id = $1");
    END = "UPDATE direct_grants SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL";
    CHILDREN = "SELECT id FROM direct_grants WHERE parent_id = $1 AND ended_at IS NULL ORDER BY id";
    TOUCHING = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE ", touching!(), " ORDER BY g.id");
    MINE_TOUCHING = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE g.ended_at IS NULL AND (g.table_id = $2 OR g.tag IS NOT NULL OR g.database_id = (SELECT t.database_id FROM tables t WHERE t.id = $2)) AND ", about!(), " ORDER BY g.id");
    MINE = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE g.ended_at IS NULL AND g.id > $2 AND ", about!(), " ORDER BY g.id LIMIT $3");
    ON_TABLE = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE (g.table_id = $1 OR g.database_id = (SELECT t.database_id FROM tables t WHERE t.id = $1)) AND g.id > $2 ORDER BY g.id LIMIT $3");
    ON_TAGS = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE g.tag IS NOT NULL AND g.id > $1 ORDER BY g.id LIMIT $2");
    ON_DATABASE = concat!("SELECT ", fields!(), " FROM direct_grants g WHERE g.database_id = $1 AND g.id > $2 ORDER BY g.id LIMIT $3");
    NAMED = concat!(named!(), " ORDER BY database_name, name");
    NAMED_APART = concat!("SELECT n.table_id, n.database_name, n.name, n.owner_id, n.asset_id FROM (", named!(), ") n JOIN tables p ON p.id = n.table_id JOIN database_registrations m ON m.database_id = p.database_id AND m.ended_at IS NULL AND m.mode <> 'fine' ORDER BY n.database_name, n.name");
    ASSETS_OF = "SELECT a.id FROM direct_grants g JOIN tables t ON t.id = g.table_id JOIN assets a ON a.table_id = t.id WHERE g.id = $1 UNION SELECT a.id FROM direct_grants g JOIN tables t ON t.database_id = g.database_id JOIN assets a ON a.table_id = t.id WHERE g.id = $1 UNION SELECT a.id FROM direct_grants g JOIN asset_tags x ON g.tag_prefix IS NOT NULL AND LOWER(x.tag) LIKE g.tag_prefix || '%' JOIN assets a ON a.id = x.asset_id WHERE g.id = $1";
    DUE = "SELECT id FROM direct_grants WHERE ended_at IS NULL AND valid_until <= $1 ORDER BY valid_until, id LIMIT $2";
    TAGS_IN = "SELECT DISTINCT x.tag FROM asset_tags x JOIN assets a ON a.id = x.asset_id JOIN tables t ON t.id = a.table_id WHERE t.database_id = $1 ORDER BY x.tag";
    DATABASE_OF = "SELECT database_id FROM tables WHERE id = $1";
}

/// Gives a grant.
pub async fn direct_grant_insert(tx: &mut WriteTx, grant: &DirectGrant) -> Result<(), StoreError> {
    let prefix = grant.tag.as_deref().map(binding::tag_prefix);
    execute_one!(
        tx,
        INSERT,
        grant.id,
        grant.grantee_kind,
        grant.grantee_id,
        grant.grantee_role,
        grant.table_id,
        grant.database_id,
        &grant.tag,
        &prefix,
        grant.columns_mode,
        &grant.row_filter,
        grant.can_export,
        grant.can_grant,
        grant.parent_id,
        &grant.reason,
        grant.granted_by,
        grant.created_at,
        grant.valid_from,
        grant.valid_until,
        grant.break_glass
    )?;
    for column in &grant.columns {
        execute_one!(tx, COLUMN_INSERT, grant.id, *column)?;
    }
    Ok(())
}

/// A grant, in force or ended.
pub async fn direct_grant_find(tx: &mut Tx, id: GrantId) -> Result<Option<DirectGrant>, StoreError> {
    match fetch_optional!(tx, DirectGrant, BY_ID, id)? {
        Some(found) => whole(tx, found).await.map(Some),
        None => Ok(None),
    }
}

/// The grants from which one was handed on, the nearest first; none for another kind of grant.
pub async fn direct_grants_above(tx: &mut Tx, id: GrantId) -> Result<Vec<GrantId>, StoreError> {
    let mut above = Vec::new();
    let mut next = fetch_optional!(tx, DirectGrant, BY_ID, id)?.and_then(|grant| grant.parent_id);
    while let Some(parent) = next {
        above.push(parent);
        next = fetch_optional!(tx, DirectGrant, BY_ID, parent)?.and_then(|grant| grant.parent_id);
    }
    Ok(above)
}

/// Ends a grant and all that was handed on under it. Gives every grant that ended.
///
/// Callers hold a proof for what it is on, or act for the clock.
pub async fn direct_grant_end(
    tx: &mut WriteTx,
    id: GrantId,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    let mut ended = Vec::new();
    let mut open = vec![id];
    while let Some(next) = open.pop() {
        if execute!(tx, END, next, now, by)? > 0 {
            ended.push(next);
        }
        open.extend(fetch_all!(tx, (GrantId,), CHILDREN, next)?.into_iter().map(|(child,)| child));
    }
    Ok(ended)
}

/// What may open a table to an actor. Enforcement reads it, so it takes no proof.
pub async fn direct_grants_for(tx: &mut Tx, actor: &Actor, table: TableId) -> Result<Vec<DirectGrant>, StoreError> {
    let found = fetch_all!(tx, DirectGrant, MINE_TOUCHING, principal_id(actor), table)?;
    whole_each(tx, found).await
}

/// What may open a table to anybody: for finding it in search.
pub async fn direct_grants_touching(tx: &mut Tx, table: TableId) -> Result<Vec<DirectGrant>, StoreError> {
    let found = fetch_all!(tx, DirectGrant, TOUCHING, table)?;
    whole_each(tx, found).await
}

/// The grants that may be about an actor, in force: a page in order of ids, for the caller to trim by policy.
pub async fn direct_grants_mine(
    tx: &mut Tx,
    actor: &Actor,
    page: &PageRequest,
) -> Result<Page<DirectGrant>, StoreError> {
    let rows = fetch_all!(tx, DirectGrant, MINE, principal_id(actor), after(page), page.fetch())?;
    Ok(Page::cut(whole_each(tx, rows).await?, page, |grant| grant.id.to_string()))
}

/// The grants on an asset's table and on its database, ended ones included.
pub async fn direct_grants_on(
    tx: &mut Tx,
    _proof: &Granted<'_, AssetFacts, ReviewAsset>,
    table: TableId,
    page: &PageRequest,
) -> Result<Page<DirectGrant>, StoreError> {
    let rows = fetch_all!(tx, DirectGrant, ON_TABLE, table, after(page), page.fetch())?;
    Ok(Page::cut(whole_each(tx, rows).await?, page, |grant| grant.id.to_string()))
}

/// The grants on a database of the project, ended ones included.
pub async fn direct_grants_on_database(
    tx: &mut Tx,
    _proof: &Granted<'_, ProjectFacts, GrantAccess>,
    database: DatabaseId,
    page: &PageRequest,
) -> Result<Page<DirectGrant>, StoreError> {
    let rows = fetch_all!(tx, DirectGrant, ON_DATABASE, database, after(page), page.fetch())?;
    Ok(Page::cut(whole_each(tx, rows).await?, page, |grant| grant.id.to_string()))
}

/// The grants on tags, ended ones included.
pub async fn direct_grants_on_tags(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, ManageRules>,
    page: &PageRequest,
) -> Result<Page<DirectGrant>, StoreError> {
    let rows = fetch_all!(tx, DirectGrant, ON_TAGS, after(page), page.fetch())?;
    Ok(Page::cut(whole_each(tx, rows).await?, page, |grant| grant.id.to_string()))
}

/// Tables that direct grants may open to an actor, under the names of their own databases. Whether they do is for the
/// compiled access of each to say.
pub async fn direct_tables(tx: &mut Tx, actor: &Actor) -> Result<Vec<NamedTable>, StoreError> {
    fetch_all!(tx, NamedTable, NAMED, principal_id(actor))
}

/// The assets that a grant may be about: search has to learn who finds them.
pub async fn assets_under(tx: &mut Tx, id: GrantId) -> Result<Vec<AssetId>, StoreError> {
    Ok(fetch_all!(tx, (AssetId,), ASSETS_OF, id)?.into_iter().map(|(asset,)| asset).collect())
}

/// Grants whose end has come, the earliest first.
pub async fn direct_grants_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<GrantId>, StoreError> {
    Ok(fetch_all!(tx, (GrantId,), DUE, now, limit)?.into_iter().map(|(id,)| id).collect())
}

/// The database of a table.
pub async fn database_of(tx: &mut Tx, table: TableId) -> Result<Option<DatabaseId>, StoreError> {
    Ok(fetch_optional!(tx, (DatabaseId,), DATABASE_OF, table)?.map(|(database,)| database))
}

/// Every tag on the assets of a database's tables.
pub async fn tags_in_database(tx: &mut Tx, database: DatabaseId) -> Result<Vec<String>, StoreError> {
    Ok(fetch_all!(tx, (String,), TAGS_IN, database)?.into_iter().map(|(tag,)| tag).collect())
}

/// Whether a direct grant, or a coarse right on its database, lets an actor find a table.
pub async fn is_found_through_grant(tx: &mut Tx, actor: &Actor, table: TableId) -> Result<bool, StoreError> {
    let mut grants = direct_grants_for(tx, actor, table).await?;
    grants.retain(|grant| binding::concerns(&grant.grantee(), actor));
    let Some(registered) = coarse::registered(tx, table).await? else { return Ok(false) };
    if grants.is_empty() && registered.rights.is_empty() {
        return Ok(false);
    }
    let tags = crate::restrictions::tags_on(tx, table).await?;
    grants.retain(|grant| binding::opened(grant, (table, registered.database), &tags).is_some());
    if registered.mode == AccessMode::Fine {
        return Ok(!grants.is_empty());
    }
    Ok(coarse::reads_somewhere(&registered, actor, |acting, on_tags| {
        let counting = grants.iter().filter(|grant| on_tags || grant.tag.is_none());
        counting.into_iter().any(|grant| binding::serves(&grant.grantee(), acting))
    }))
}

/// Of the tables that direct grants and coarse rights may open to an actor, those of assets that he finds through them.
pub(crate) async fn assets_found(tx: &mut Tx, actor: &Actor) -> Result<BTreeSet<AssetId>, StoreError> {
    let all = direct_tables(tx, actor).await?.into_iter().chain(coarse::coarse_tables(tx, actor).await?);
    found_among(tx, actor, all).await
}

/// The assets in databases that are not registered for fine grants alone that an actor finds through direct grants and coarse
/// rights: their documents do not say who may find them.
pub async fn assets_found_apart(tx: &mut Tx, actor: &Actor) -> Result<BTreeSet<AssetId>, StoreError> {
    let mut all = coarse::coarse_tables(tx, actor).await?;
    all.extend(fetch_all!(tx, NamedTable, NAMED_APART, principal_id(actor))?);
    found_among(tx, actor, all.into_iter()).await
}

async fn found_among(
    tx: &mut Tx,
    actor: &Actor,
    all: impl Iterator<Item = NamedTable>,
) -> Result<BTreeSet<AssetId>, StoreError> {
    let mut found = BTreeSet::new();
    for named in all {
        let Some(asset) = named.asset_id else { continue };
        if !found.contains(&asset) && is_found_through_grant(tx, actor, named.table_id).await? {
            found.insert(asset);
        }
    }
    Ok(found)
}

pub(crate) fn principal_id(actor: &Actor) -> Uuid {
    match actor.principal {
        Principal::User(id) => id.0,
        Principal::ServiceAccount(id) => id.0,
        Principal::Anonymous | Principal::System => Uuid::nil(),
    }
}

fn after(page: &PageRequest) -> Uuid {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default()
}

async fn whole_each(tx: &mut Tx, found: Vec<DirectGrant>) -> Result<Vec<DirectGrant>, StoreError> {
    let mut out = Vec::with_capacity(found.len());
    for grant in found {
        out.push(whole(tx, grant).await?);
    }
    Ok(out)
}

async fn whole(tx: &mut Tx, mut grant: DirectGrant) -> Result<DirectGrant, StoreError> {
    if grant.table_id.is_some() {
        let columns = fetch_all!(tx, (ColumnId,), COLUMNS_OF, grant.id)?;
        grant.columns = columns.into_iter().map(|(column,)| column).collect();
    }
    Ok(grant)
}
