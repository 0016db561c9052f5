//! From the names in a query to tables with compiled access.

use lakegate_engine::{GovernedTable, MaskKeys, References, TableColumn, TableName};
use lakegate_model::{
    Code, Fault, Timestamp,
    catalog::Column,
    ids::{ProjectId, PurposeId, TableId},
    storage::StorageAccess,
    words::{ColumnState, ProjectRole, TokenScope},
};
use lakegate_policy::{
    Actor, Scope,
    access::{ColumnFacts, Restriction, SelectGrant, Standing, TableAccess, compile},
    action,
    coarse::Judged,
    decide,
};
use lakegate_store::{
    Tx, coarse, direct_grants, projects,
    readable::{self, NamedTable, TableData},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

use super::{grants, mask_key, rules};
use crate::{App, caller::known, derived::behind, places::connections};

/// Everything a query may see, and the fingerprint under which its result may be shown again.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub project: ProjectId,
    pub tables: Vec<GovernedTable>,
    /// Beside each table: who owns it and which asset describes it.
    pub named: Vec<NamedTable>,
    pub default_database: Option<String>,
    /// Digest of access and data of all tables.
    pub fingerprint: String,
    /// When the access changes by itself.
    pub valid_until: Option<Timestamp>,
    /// Whether the rows of every table may leave as a file.
    pub export: bool,
    /// Whether the caller's role lets him take anything away.
    pub takes_away: bool,
    /// What masks show values under.
    pub mask_keys: MaskKeys,
}

/// The project that the actor acts in.
///
/// # Errors
/// `invalid` naming `project` if it is in none.
pub fn acting(actor: &Actor) -> Result<ProjectId, Fault> {
    actor.acting.ok_or_else(|| {
        Fault::invalid("project", "queries run in a project: say which").fix("choose a project to act in")
    })
}

/// The project in which the actor may run queries: every door to rows asks this.
///
/// # Errors
/// As [`acting`]; `unauthenticated` for nobody in particular, `forbidden` where a token lacks the scope.
pub async fn may_query(tx: &mut Tx, actor: &Actor) -> Result<ProjectId, Fault> {
    known(actor, TokenScope::Query)?;
    let project = acting(actor)?;
    let facts = projects::project_facts(tx, project).await?;
    let facts = facts.ok_or_else(|| Fault::not_found("project").on("project"))?;
    Ok(decide::<action::RunQuery, _>(&Scope::begin(), actor, facts)?.on().id)
}

/// Resolves the tables that a text refers to, under the actor's access of this moment. A name that the actor may not
/// read is left out, exactly like one that nobody ever used.
pub async fn resolve(app: &App, tx: &mut Tx, actor: &Actor, wanted: &References) -> Result<Resolved, Fault> {
    let project = may_query(tx, actor).await?;
    let all = nameable(tx, actor, project).await?;
    let chosen: Vec<NamedTable> = all
        .into_iter()
        .filter(|named| wanted.lists_catalog || wanted.tables.iter().any(|name| fits(name, named)))
        .collect();
    let mut resolved = Resolved {
        project,
        tables: Vec::new(),
        named: Vec::new(),
        default_database: None,
        fingerprint: String::new(),
        valid_until: None,
        export: takes_away(actor),
        takes_away: takes_away(actor),
        mask_keys: mask_key::keys(app, tx, &[]).await?,
    };
    for named in chosen {
        if let Some(table) = governed(app, tx, actor, &named).await? {
            resolved.export &= table.access.export;
            resolved.valid_until = earlier(resolved.valid_until, table.access.valid_until);
            resolved.tables.push(table);
            resolved.named.push(named);
        }
    }
    resolved.mask_keys = mask_key::keys(app, tx, &resolved.tables).await?;
    resolved.default_database = default_database(wanted, &resolved.tables);
    resolved.fingerprint = fingerprint(&resolved);
    Ok(resolved)
}

/// Every table that the actor may name: his project's, those it subscribed to, and those that direct grants or
/// coarse rights may open to him under the names of their own databases. The project's own come first: a name without a database means them.
pub(crate) async fn nameable(tx: &mut Tx, actor: &Actor, project: ProjectId) -> Result<Vec<NamedTable>, Fault> {
    let mut all = readable::named_tables(tx, project).await?;
    let given = direct_grants::direct_tables(tx, actor).await?;
    for named in given.into_iter().chain(coarse::coarse_tables(tx, actor).await?) {
        if !all.contains(&named) {
            all.push(named);
        }
    }
    Ok(all)
}

/// Whether the actor's role lets him take anything away: viewers only look (access rule 14).
pub(crate) fn takes_away(actor: &Actor) -> bool {
    actor.acting.is_some_and(|project| actor.is_at_least(ProjectRole::Contributor, project))
}

fn fits(name: &TableName, named: &NamedTable) -> bool {
    name.table.eq_ignore_ascii_case(&named.name)
        && name.schema.as_ref().is_none_or(|schema| schema.eq_ignore_ascii_case(&named.database_name))
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Names without a database mean the one readable database that holds the first of them.
fn default_database(wanted: &References, tables: &[GovernedTable]) -> Option<String> {
    let bare = wanted.tables.iter().find(|name| name.schema.is_none())?;
    tables.iter().find(|table| table.name.eq_ignore_ascii_case(&bare.table)).map(|table| table.database.clone())
}

fn fingerprint(resolved: &Resolved) -> String {
    let mut digest = Sha256::new();
    digest.update(resolved.project.0.as_bytes());
    for table in &resolved.tables {
        digest.update(table.access.fingerprint.as_bytes());
        digest.update(table.data_version.as_bytes());
        digest.update([0]);
    }
    hex::encode(digest.finalize())
}

async fn governed(app: &App, tx: &mut Tx, actor: &Actor, named: &NamedTable) -> Result<Option<GovernedTable>, Fault> {
    let Some(access) = access(app, tx, actor, named.table_id, named.owner_id).await? else { return Ok(None) };
    let data = readable::table_data(tx, &access).await?;
    let storage = connections::storage_access(app, tx, data.connection_id).await?;
    Ok(Some(governed_table((&named.database_name, &named.name), data, storage, access)))
}

/// A table under the name of a database and its own, as the engine takes it.
pub(crate) fn governed_table(
    (database, name): (&str, &str),
    data: TableData,
    storage: StorageAccess,
    access: TableAccess,
) -> GovernedTable {
    GovernedTable {
        database: database.to_owned(),
        name: name.to_owned(),
        table: access.table,
        location: data.location,
        storage,
        format: data.format,
        files: data.files,
        columns: data.columns.iter().map(table_column).collect(),
        access,
        data_version: data.data_version,
    }
}

pub(crate) fn table_column(column: &Column) -> TableColumn {
    TableColumn {
        id: column.id,
        name: column.name.clone(),
        column_type: column.column_type.clone(),
        nullable: column.nullable,
        partition: column.is_partition,
    }
}

/// The actor's compiled access to one table, acting in his project; `None` where nothing of it may be read.
pub async fn access(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    table: TableId,
    owner: ProjectId,
) -> Result<Option<TableAccess>, Fault> {
    access_under(app, tx, actor, (table, owner), true).await
}

/// [`access`], or that under all restrictions on the table whomever they spare, where `spare` is false.
pub(super) async fn access_under(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (table, owner): (TableId, ProjectId),
    spare: bool,
) -> Result<Option<TableAccess>, Fault> {
    let Some(deciding) = deciding(app, tx, actor, (table, owner), spare).await? else { return Ok(None) };
    let Deciding { facts, standing, grants, restrictions, .. } = &deciding;
    match compile(table, facts, *standing, grants, restrictions, app.now()) {
        Some(access) => behind::narrow(app, tx, actor, access).await,
        None => Ok(None),
    }
}

/// Everything that decides what an actor reads of a table where he acts.
pub(crate) struct Deciding {
    pub columns: Vec<Column>,
    pub facts: Vec<ColumnFacts>,
    pub standing: Standing,
    /// Which model decides about the grants.
    pub judged: Judged,
    pub grants: Vec<SelectGrant>,
    /// Purposes of which grants that would serve the actor demand one that he does not state.
    pub demanding: BTreeSet<PurposeId>,
    pub restrictions: Vec<Restriction>,
}

/// Loads what decides, or `None` for an actor who acts nowhere.
pub(crate) async fn deciding(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (table, owner): (TableId, ProjectId),
    spare: bool,
) -> Result<Option<Deciding>, Fault> {
    let Some(project) = actor.acting.filter(|project| actor.role_in(*project).is_some()) else { return Ok(None) };
    let columns = readable::table_columns(tx, table).await?;
    let standing = match actor.role_in(owner) {
        _ if owner != project || actor.narrowed.is_some() => Standing::Outsider,
        Some(ProjectRole::Owner) => Standing::Owner,
        Some(_) => Standing::Member,
        None => Standing::Outsider,
    };
    let found = match standing {
        Standing::Outsider => grants::of(app, tx, actor, (project, table), &columns).await?,
        Standing::Owner | Standing::Member => grants::Found::none(),
    };
    let restrictions = rules::restrictions(app, tx, actor, table, &columns, spare).await?;
    let facts = columns.iter().map(column_facts).collect();
    let grants::Found { judged, grants, demanding } = found;
    Ok(Some(Deciding { columns, facts, standing, judged, grants, demanding, restrictions }))
}

pub(crate) fn column_facts(column: &Column) -> ColumnFacts {
    ColumnFacts {
        id: column.id,
        column_type: column.column_type.clone(),
        pending: column.state != ColumnState::Active,
        unlisted: column.unlisted,
    }
}

/// Refuses a query whose rows may not leave as a file.
///
/// # Errors
/// `forbidden`
pub fn need_export(resolved: &Resolved) -> Result<(), Fault> {
    if resolved.export {
        return Ok(());
    }
    let way_on = match resolved.takes_away {
        true => "ask its owner for the right to export",
        false => "ask an owner of your project to make you a contributor",
    };
    Err(Fault::new(Code::Forbidden, "your access lets you look at this data, not take it away as a file").fix(way_on))
}
