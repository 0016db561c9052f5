//! Catalog entries: the rows, the facts that decisions need, and lists in a stable order.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    catalog::Asset,
    ids::{AssetId, ColumnId, DataSourceId, DomainId, ProjectId, TableId, TermId, UserId},
    text,
    words::{AssetStatus, Discover, Mark},
};
use lakegate_policy::{
    Actor, Granted,
    action::{Act, CertifyAsset, Contribute, EditAsset, ReleaseColumns, ViewProject},
    actor::Principal,
    resource::{AssetFacts, ProjectFacts},
};
use std::collections::HashSet;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx, direct_grants};

/// An asset with what decisions need.
macro_rules! with_facts {
    ($which:expr) => {
        concat!(
            "SELECT a.id, a.project_id, a.table_id, a.kind, a.name, a.title, a.description, a.status, a.discover, a.certified, a.owner_id, a.source_id, a.successor_id, a.deprecated_from, a.deprecation_note, a.revision, a.published_at, a.created_at, a.updated_at, p.domain_id, d.discover AS default_discover, a.updated_at AS position_at FROM assets a JOIN projects p ON p.id = a.project_id JOIN domains d ON d.id = p.domain_id ",
            $which
        )
    };
}
macro_rules! of_tables {
    ($rows:expr) => {
        with_facts!(concat!("WHERE a.table_id ", $rows))
    };
}

set_statements! {
    OF_TABLES = of_tables!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
}

statements! {
    INSERT = "INSERT INTO assets (id, project_id, table_id, kind, name, name_key, title, description, status, discover, certified, owner_id, source_id, successor_id, deprecated_from, deprecation_note, revision, published_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    SAVE = "UPDATE assets SET title = $3, description = $4, status = $5, discover = $6, certified = $7, owner_id = $8, successor_id = $9, deprecated_from = $10, deprecation_note = $11, published_at = $12, updated_at = $13, revision = revision + 1 WHERE id = $1 AND revision = $2";
    TOUCH_SOURCE = "UPDATE assets SET source_id = $2 WHERE id = $1";
    FORGET_SOURCE = "UPDATE assets SET source_id = NULL WHERE source_id = $1";
    WITH_FACTS = with_facts!("WHERE a.id = $1");
    OF_PROJECT = "SELECT a.id, a.project_id, a.table_id, a.kind, a.name, a.title, a.description, a.status, a.discover, a.certified, a.owner_id, a.source_id, a.successor_id, a.deprecated_from, a.deprecation_note, a.revision, a.published_at, a.created_at, a.updated_at FROM assets a WHERE a.project_id = $1 AND a.name_key > $2 AND ($3 = '' OR a.status = $3) ORDER BY a.name_key LIMIT $4";
    PUBLISHED = "SELECT a.id, a.project_id, a.table_id, a.kind, a.name, a.title, a.description, a.status, a.discover, a.certified, a.owner_id, a.source_id, a.successor_id, a.deprecated_from, a.deprecation_note, a.revision, a.published_at, a.created_at, a.updated_at, p.domain_id, d.discover AS default_discover, a.published_at AS position_at FROM assets a JOIN projects p ON p.id = a.project_id JOIN domains d ON d.id = p.domain_id WHERE a.status IN ('published', 'deprecated') AND (a.published_at < $1 OR (a.published_at = $1 AND a.id < $2)) ORDER BY a.published_at DESC, a.id DESC LIMIT $3";
    MARKED = "SELECT a.id, a.project_id, a.table_id, a.kind, a.name, a.title, a.description, a.status, a.discover, a.certified, a.owner_id, a.source_id, a.successor_id, a.deprecated_from, a.deprecation_note, a.revision, a.published_at, a.created_at, a.updated_at, p.domain_id, d.discover AS default_discover, m.marked_at AS position_at FROM asset_marks m JOIN assets a ON a.id = m.asset_id JOIN projects p ON p.id = a.project_id JOIN domains d ON d.id = p.domain_id WHERE m.user_id = $1 AND m.mark = $2 AND (m.marked_at < $3 OR (m.marked_at = $3 AND a.id < $4)) ORDER BY m.marked_at DESC, a.id DESC LIMIT $5";
    WITH_TERM = "SELECT a.id, a.project_id, a.table_id, a.kind, a.name, a.title, a.description, a.status, a.discover, a.certified, a.owner_id, a.source_id, a.successor_id, a.deprecated_from, a.deprecation_note, a.revision, a.published_at, a.created_at, a.updated_at, p.domain_id, d.discover AS default_discover, a.created_at AS position_at FROM assets a JOIN projects p ON p.id = a.project_id JOIN domains d ON d.id = p.domain_id WHERE a.id IN (SELECT l.asset_id FROM term_links l WHERE l.term_id = $1) AND (a.created_at < $2 OR (a.created_at = $2 AND a.id < $3)) ORDER BY a.created_at DESC, a.id DESC LIMIT $4";
    SUBSCRIBED_ONE = "SELECT project_id FROM subscriptions WHERE asset_id = $1 AND state = 'active' ORDER BY project_id";
    SUBSCRIBED_ALL = "SELECT asset_id FROM subscriptions WHERE project_id = $1 AND state = 'active'";
    OPEN_REQUESTS = "SELECT project_id, number FROM subscription_requests WHERE asset_id = $1 AND state IN ('pending', 'needs_information') ORDER BY number";
    GRANTED_COLUMNS = "SELECT g.project_id, c.column_id FROM grants g JOIN grant_columns c ON c.grant_id = g.id WHERE g.table_id = $1 AND g.ended_at IS NULL AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2) ORDER BY g.project_id, c.column_id";
    OF_TABLE = "SELECT id FROM assets WHERE table_id = $1";
    NAME_TAKEN = "SELECT 1 FROM assets WHERE project_id = $1 AND name_key = $2";
    IDS = "SELECT id FROM assets WHERE id > $1 ORDER BY id LIMIT $2";
    IDS_OF_PROJECT = "SELECT id FROM assets WHERE project_id = $1 ORDER BY id";
    IDS_OF_TERM = "SELECT DISTINCT asset_id FROM term_links WHERE term_id = $1 ORDER BY asset_id";
    IDS_OF_OWNER = "SELECT id FROM assets WHERE owner_id = $1 ORDER BY id";
    PROJECT_IDS = "SELECT id FROM projects WHERE id > $1 ORDER BY id LIMIT $2";
    PROJECTS_OF_DOMAIN = "SELECT id FROM projects WHERE domain_id = $1 ORDER BY id";
}

/// Actions whose proof lets an asset be changed.
pub trait ChangesAsset: Act {}
impl ChangesAsset for EditAsset {}
impl ChangesAsset for CertifyAsset {}
impl ChangesAsset for ReleaseColumns {}

#[derive(sqlx::FromRow)]
struct WithFacts {
    #[sqlx(flatten)]
    asset: Asset,
    domain_id: DomainId,
    default_discover: Discover,
    position_at: Timestamp,
}

impl WithFacts {
    fn facts(&self, granted: bool) -> AssetFacts {
        AssetFacts {
            id: self.asset.id,
            project: self.asset.project_id,
            domain: self.domain_id,
            status: self.asset.status,
            discover: self.asset.discover.unwrap_or(self.default_discover),
            granted,
        }
    }
}

/// An asset with its facts and its position in the list it came from.
#[derive(Debug, Clone)]
pub struct Listed {
    pub asset: Asset,
    pub facts: AssetFacts,
    pub at: Timestamp,
}

/// A position in a list that runs from the latest to the oldest.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    pub at: Timestamp,
    pub id: Uuid,
}

impl Before {
    /// The position that a page begins after; before everything if it begins at the start or the text is not ours.
    pub fn of(page: &PageRequest) -> Self {
        page.after.as_deref().and_then(Self::parse).unwrap_or(Self { at: latest(), id: Uuid::max() })
    }

    fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once(' ')?;
        Some(Self { at: Timestamp::from_timestamp_micros(micros.parse().ok()?)?, id: Uuid::parse_str(id).ok()? })
    }

    /// The position of an item, as text for [`Page::next`].
    pub fn text(at: Timestamp, id: impl Into<Uuid>) -> String {
        format!("{} {}", at.timestamp_micros(), id.into())
    }
}

/// A point in time after every other that has four digits of years, which both databases order right.
fn latest() -> Timestamp {
    Timestamp::from_timestamp(253_402_300_799, 0).unwrap_or_default()
}

/// Creates an asset in the project of the proof.
pub async fn asset_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    asset: &Asset,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        asset.id,
        proof.on().id,
        asset.table_id,
        asset.kind,
        &asset.name,
        text::fold(&asset.name),
        &asset.title,
        &asset.description,
        asset.status,
        asset.discover,
        asset.certified,
        asset.owner_id,
        asset.source_id,
        asset.successor_id,
        asset.deprecated_from,
        &asset.deprecation_note,
        asset.revision,
        asset.published_at,
        asset.created_at,
        asset.updated_at
    )
}

/// Writes an asset and raises its revision; `asset.revision` is the one that was read.
///
/// # Errors
/// A conflict if somebody else saved meanwhile.
pub async fn asset_save<A: ChangesAsset>(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, A>,
    asset: &Asset,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        SAVE,
        proof.on().id,
        asset.revision,
        &asset.title,
        &asset.description,
        asset.status,
        asset.discover,
        asset.certified,
        asset.owner_id,
        asset.successor_id,
        asset.deprecated_from,
        &asset.deprecation_note,
        asset.published_at,
        asset.updated_at
    )
}

/// Notes which data source last found the asset.
pub async fn asset_source_set(
    tx: &mut WriteTx,
    proof: &Granted<'_, AssetFacts, EditAsset>,
    source: DataSourceId,
) -> Result<(), StoreError> {
    execute_one!(tx, TOUCH_SOURCE, proof.on().id, source)
}

/// Lets assets forget a data source that goes.
pub async fn asset_source_forget(tx: &mut WriteTx, source: DataSourceId) -> Result<u64, StoreError> {
    execute!(tx, FORGET_SOURCE, source)
}

/// An asset with the facts for a decision about this actor. Nothing of the asset may be shown before it was decided.
pub async fn asset_facts(tx: &mut Tx, actor: &Actor, id: AssetId) -> Result<Option<(Asset, AssetFacts)>, StoreError> {
    let Some(row) = fetch_optional!(tx, WithFacts, WITH_FACTS, id)? else {
        return Ok(None);
    };
    let granted = is_granted(tx, actor, &row.asset).await?;
    let facts = row.facts(granted);
    Ok(Some((row.asset, facts)))
}

async fn is_granted(tx: &mut Tx, actor: &Actor, asset: &Asset) -> Result<bool, StoreError> {
    let subscribers = subscribers_of(tx, asset.id).await?;
    if subscribers.iter().any(|project| actor.role_in(*project).is_some()) {
        return Ok(true);
    }
    match asset.table_id {
        // The server itself finds everything, members of the owning project their own.
        Some(table) if actor.principal != Principal::System && actor.role_in(asset.project_id).is_none() => {
            direct_grants::is_found_through_grant(tx, actor, table).await
        }
        _ => Ok(false),
    }
}

/// The assets of the project of the proof in order of names, optionally of one status.
pub async fn assets_of_project(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
    status: Option<AssetStatus>,
    page: &PageRequest,
) -> Result<Page<Asset>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let status = status.map(AssetStatus::as_str).unwrap_or_default();
    let rows = fetch_all!(tx, Asset, OF_PROJECT, proof.on().id, after, status, page.fetch())?;
    Ok(Page::cut(rows, page, |asset| text::fold(&asset.name)))
}

/// Published assets, the latest first: for the caller to trim by policy.
pub async fn assets_published(
    tx: &mut Tx,
    actor: &Actor,
    before: Before,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let rows = fetch_all!(tx, WithFacts, PUBLISHED, before.at, before.id, limit)?;
    listed(tx, actor, rows).await
}

/// The assets that a user marked, the latest mark first: for the caller to trim by policy.
pub async fn assets_marked(
    tx: &mut Tx,
    actor: &Actor,
    (user, mark): (UserId, Mark),
    before: Before,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let rows = fetch_all!(tx, WithFacts, MARKED, user, mark, before.at, before.id, limit)?;
    listed(tx, actor, rows).await
}

/// The assets that use a term, on themselves or on a column: for the caller to trim by policy.
pub async fn assets_with_term(
    tx: &mut Tx,
    actor: &Actor,
    term: TermId,
    before: Before,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let rows = fetch_all!(tx, WithFacts, WITH_TERM, term, before.at, before.id, limit)?;
    listed(tx, actor, rows).await
}

/// The assets of tables: for the caller to trim by policy.
pub async fn assets_of_tables(tx: &mut Tx, actor: &Actor, tables: &[TableId]) -> Result<Vec<Listed>, StoreError> {
    let rows = fetch_sets!(tx, WithFacts, OF_TABLES, (), tables, |id| id.0);
    listed(tx, actor, rows).await
}

async fn listed(tx: &mut Tx, actor: &Actor, rows: Vec<WithFacts>) -> Result<Vec<Listed>, StoreError> {
    let mut granted = HashSet::new();
    if !rows.is_empty() {
        granted.extend(direct_grants::assets_found(tx, actor).await?);
        for project in actor.projects.keys() {
            granted.extend(fetch_all!(tx, (AssetId,), SUBSCRIBED_ALL, *project)?.into_iter().map(|row| row.0));
        }
    }
    let with_facts = rows.into_iter().map(|row| Listed {
        facts: row.facts(granted.contains(&row.asset.id)),
        at: row.position_at,
        asset: row.asset,
    });
    Ok(with_facts.collect())
}

/// The projects with an active subscription to an asset.
pub async fn subscribers_of(tx: &mut Tx, id: AssetId) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), SUBSCRIBED_ONE, id)?.into_iter().map(|row| row.0).collect())
}

/// The open requests for an asset: who asks, and the request's number.
pub async fn open_requests_of(tx: &mut Tx, id: AssetId) -> Result<Vec<(ProjectId, i64)>, StoreError> {
    fetch_all!(tx, (ProjectId, i64), OPEN_REQUESTS, id)
}

/// Columns that grants in force name one by one, and the project of each grant.
pub async fn granted_columns(
    tx: &mut Tx,
    table: TableId,
    now: Timestamp,
) -> Result<Vec<(ProjectId, ColumnId)>, StoreError> {
    fetch_all!(tx, (ProjectId, ColumnId), GRANTED_COLUMNS, table, now)
}

/// The asset over a table.
pub async fn asset_of_table(tx: &mut Tx, table: TableId) -> Result<Option<AssetId>, StoreError> {
    Ok(fetch_optional!(tx, (AssetId,), OF_TABLE, table)?.map(|row| row.0))
}

/// Whether a project has an asset of this name.
pub async fn asset_name_taken(tx: &mut Tx, project: ProjectId, name: &str) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), NAME_TAKEN, project, text::fold(name))?.is_some())
}

/// Ids of all assets in pages, for the search index.
pub async fn asset_ids(tx: &mut Tx, after: AssetId, limit: i64) -> Result<Vec<AssetId>, StoreError> {
    Ok(fetch_all!(tx, (AssetId,), IDS, after, limit)?.into_iter().map(|row| row.0).collect())
}

/// Ids of a project's assets, for the search index.
pub async fn asset_ids_of_project(tx: &mut Tx, project: ProjectId) -> Result<Vec<AssetId>, StoreError> {
    Ok(fetch_all!(tx, (AssetId,), IDS_OF_PROJECT, project)?.into_iter().map(|row| row.0).collect())
}

/// Ids of the assets that use a term, for the search index.
pub async fn asset_ids_of_term(tx: &mut Tx, term: TermId) -> Result<Vec<AssetId>, StoreError> {
    Ok(fetch_all!(tx, (AssetId,), IDS_OF_TERM, term)?.into_iter().map(|row| row.0).collect())
}

/// Ids of the assets that a user owns, for the search index and for what disabling him leaves behind.
pub async fn asset_ids_of_owner(tx: &mut Tx, owner: UserId) -> Result<Vec<AssetId>, StoreError> {
    Ok(fetch_all!(tx, (AssetId,), IDS_OF_OWNER, owner)?.into_iter().map(|row| row.0).collect())
}

/// Ids of all projects in pages, for the search index.
pub async fn project_ids(tx: &mut Tx, after: ProjectId, limit: i64) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), PROJECT_IDS, after, limit)?.into_iter().map(|row| row.0).collect())
}

/// Ids of a domain's own projects.
pub async fn project_ids_of_domain(tx: &mut Tx, domain: DomainId) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), PROJECTS_OF_DOMAIN, domain)?.into_iter().map(|row| row.0).collect())
}
