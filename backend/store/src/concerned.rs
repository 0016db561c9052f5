//! Whom and what a rule is about: the tables under it, and everybody who may read them.

use lakegate_model::{
    grants::DirectGrant,
    ids::{AssetId, DatabaseId, GrantId, ProjectId, ServiceAccountId, TableId, UserId},
};
use lakegate_policy::binding::{tag_covers, tag_prefix};

use crate::{StoreError, Tx, direct_grants, like};

/// From a table to the project that owns it and the asset that describes it.
macro_rules! place {
    () => {
        "SELECT t.id AS table_id, e.project_id AS owner_id, a.id AS asset_id FROM tables t JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id LEFT JOIN assets a ON a.table_id = t.id"
    };
}

statements! {
    OF_TABLE = concat!(place!(), " WHERE t.id = $1");
    OF_ASSET = concat!(place!(), " WHERE a.id = $1");
    OF_DATABASE = concat!(place!(), " WHERE t.database_id = $1 ORDER BY t.id");
    OF_PROJECT = concat!(place!(), " WHERE e.project_id = $1 ORDER BY t.id");
    TAGGED = "SELECT t.id, e.project_id, a.id, x.tag FROM asset_tags x JOIN assets a ON a.id = x.asset_id JOIN tables t ON t.id = a.table_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id WHERE LOWER(x.tag) LIKE $1 ESCAPE '\\' ORDER BY t.id";
    SUBSCRIBERS = "SELECT DISTINCT project_id FROM grants WHERE table_id = $1 AND ended_at IS NULL ORDER BY project_id";
    ACCOUNTS = "SELECT id FROM service_accounts WHERE project_id = $1 AND NOT disabled ORDER BY id";
    EVERYONE = "SELECT id FROM users WHERE NOT disabled ORDER BY id LIMIT $1";
    HANDED_ON_BY = "SELECT id FROM direct_grants WHERE granted_by = $1 AND parent_id IS NOT NULL AND ended_at IS NULL ORDER BY id";
    HANDED_ON_UNDER = "SELECT id FROM direct_grants WHERE parent_id = $1 AND ended_at IS NULL ORDER BY id";
}

/// A table with its owner and its asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct Place {
    pub table_id: TableId,
    /// The project that owns it.
    pub owner_id: ProjectId,
    pub asset_id: Option<AssetId>,
}

/// The place of a table.
pub async fn place_of_table(tx: &mut Tx, table: TableId) -> Result<Option<Place>, StoreError> {
    fetch_optional!(tx, Place, OF_TABLE, table)
}

/// The place of the table of an asset.
pub async fn place_of_asset(tx: &mut Tx, asset: AssetId) -> Result<Option<Place>, StoreError> {
    fetch_optional!(tx, Place, OF_ASSET, asset)
}

/// The tables of a database.
pub async fn places_in_database(tx: &mut Tx, database: DatabaseId) -> Result<Vec<Place>, StoreError> {
    fetch_all!(tx, Place, OF_DATABASE, database)
}

/// The tables of a project.
pub async fn places_in_project(tx: &mut Tx, project: ProjectId) -> Result<Vec<Place>, StoreError> {
    fetch_all!(tx, Place, OF_PROJECT, project)
}

/// The tables whose assets carry what a rule on a tag covers, as a whole or on a column.
pub async fn places_under_tag(tx: &mut Tx, rule: &str) -> Result<Vec<Place>, StoreError> {
    let tagged = fetch_all!(tx, (TableId, ProjectId, AssetId, String), TAGGED, like::beginning(&tag_prefix(rule)))?;
    let covered = tagged.into_iter().filter(|(.., tag)| tag_covers(rule, tag));
    let mut places: Vec<Place> =
        covered.map(|(table_id, owner_id, asset, _)| Place { table_id, owner_id, asset_id: Some(asset) }).collect();
    places.dedup();
    Ok(places)
}

/// The projects that subscribed to a table.
pub async fn subscribed_projects(tx: &mut Tx, table: TableId) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), SUBSCRIBERS, table)?.into_iter().map(|(project,)| project).collect())
}

/// The enabled service accounts of a project.
pub async fn accounts_of(tx: &mut Tx, project: ProjectId) -> Result<Vec<ServiceAccountId>, StoreError> {
    Ok(fetch_all!(tx, (ServiceAccountId,), ACCOUNTS, project)?.into_iter().map(|(account,)| account).collect())
}

/// Enabled people, at most `limit`.
pub async fn everyone(tx: &mut Tx, limit: i64) -> Result<Vec<UserId>, StoreError> {
    Ok(fetch_all!(tx, (UserId,), EVERYONE, limit)?.into_iter().map(|(user,)| user).collect())
}

/// The live grants that a person handed on, and what was handed on under those.
pub async fn handed_on_by(tx: &mut Tx, user: UserId) -> Result<Vec<DirectGrant>, StoreError> {
    let first = fetch_all!(tx, (GrantId,), HANDED_ON_BY, user)?;
    with_descendants(tx, first.into_iter().map(|(id,)| id).collect()).await
}

/// A grant and what was handed on under it, as far as it is in force.
pub async fn with_handed_on(tx: &mut Tx, grant: GrantId) -> Result<Vec<DirectGrant>, StoreError> {
    with_descendants(tx, vec![grant]).await
}

async fn with_descendants(tx: &mut Tx, mut open: Vec<GrantId>) -> Result<Vec<DirectGrant>, StoreError> {
    let mut found: Vec<DirectGrant> = Vec::new();
    while let Some(next) = open.pop() {
        if found.iter().any(|grant| grant.id == next) {
            continue;
        }
        found.extend(direct_grants::direct_grant_find(tx, next).await?);
        open.extend(fetch_all!(tx, (GrantId,), HANDED_ON_UNDER, next)?.into_iter().map(|(id,)| id));
    }
    Ok(found)
}
