//! Direct grants as people look at them: with names, by asset, by tag, and one's own.

use lakegate_model::{
    Fault, Page, PageRequest,
    catalog::Column,
    grants::DirectGrant,
    ids::{AssetId, DatabaseId, ProjectId, TableId},
    words::{GrantColumns, TokenScope},
};
use lakegate_policy::{Action, Actor, Verdict, action, binding::concerns, decide, resource::Platform, verdict};
use lakegate_store::{Tx, assets, direct_grants as store, environments, projects, purposes, readable, users};

use super::principals::name_of;
use crate::{App, Caller, caller::known, catalog::granted};

/// A direct grant with the names of what it is about.
#[derive(Debug, Clone)]
pub struct GrantView {
    pub grant: DirectGrant,
    /// Who holds it.
    pub holder: String,
    /// The table, `database.*`, or the tag.
    pub on: String,
    /// The asset of the table, where the reader may find it.
    pub asset: Option<AssetId>,
    /// Names of the columns that its list names.
    pub columns: Vec<String>,
    /// Whether it opens some rows alone; which is for reviewers to read.
    pub filtered: bool,
    /// Names of purposes of which its holder states one.
    pub purposes: Vec<String>,
    /// Display name.
    pub granted_by: String,
    /// Whether the reader may take it back.
    pub may_revoke: bool,
}

/// The grants on an asset's table and on its database, ended ones included.
pub async fn of_asset(
    app: &App,
    caller: &Caller,
    asset: AssetId,
    page: &PageRequest,
) -> Result<Page<GrantView>, Fault> {
    look!(app, caller, "grant.list", |tx, scope, actor| {
        let (asset, proof) = granted::<action::ReviewAsset>(tx, scope, actor, asset).await?;
        let Some(table) = asset.table_id else { return Ok(Page { items: Vec::new(), next: None }) };
        let may_revoke = verdict(actor, Action::RevokeAccess, &proof.on().into()) == Verdict::Allow;
        let found = store::direct_grants_on(tx, &proof, table, page).await?;
        views(tx, actor, found, may_revoke).await
    })
}

/// The grants on a whole database, ended ones included, with the project that owns it and its name.
#[derive(Debug, Clone)]
pub struct DatabaseGrants {
    pub project: ProjectId,
    pub project_name: String,
    pub database_name: String,
    pub grants: Page<GrantView>,
}

/// The grants on a whole database: for who may give them.
///
/// # Errors
/// `not_found` for a database of a project that the caller does not know, `forbidden` for who may not give access to it.
pub async fn of_database(
    app: &App,
    caller: &Caller,
    database: DatabaseId,
    page: &PageRequest,
) -> Result<DatabaseGrants, Fault> {
    look!(app, caller, "grant.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let unknown = || Fault::not_found("database");
        let found = environments::database_find(tx, database).await?.ok_or_else(unknown)?;
        let environment = environments::environment_find(tx, found.environment_id).await?.ok_or_else(unknown)?;
        let project = projects::project_facts(tx, environment.project_id).await?.ok_or_else(unknown)?;
        let _seen = decide::<action::ViewProject, _>(scope, actor, project).map_err(|_| unknown())?;
        let proof = decide::<action::GrantAccess, _>(scope, actor, project)?;
        let grants = store::direct_grants_on_database(tx, &proof, database, page).await?;
        let label = projects::project_label(tx, project.id).await?;
        Ok(DatabaseGrants {
            project: project.id,
            project_name: label.map(|(name, _)| name).unwrap_or_default(),
            database_name: found.name,
            grants: views(tx, actor, grants, true).await?,
        })
    })
}

/// The grants on tags, ended ones included.
pub async fn of_tags(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<GrantView>, Fault> {
    look!(app, caller, "grant.list", |tx, scope, actor| {
        let proof = decide::<action::ManageRules, _>(scope, actor, Platform)?;
        let found = store::direct_grants_on_tags(tx, &proof, page).await?;
        views(tx, actor, found, true).await
    })
}

/// The grants in force that serve the caller in some project of his.
pub async fn mine(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<GrantView>, Fault> {
    look!(app, caller, "grant.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let mut found = store::direct_grants_mine(tx, actor, page).await?;
        found.items.retain(|grant| concerns(&grant.grantee(), actor));
        let mut mine = views(tx, actor, found, false).await?;
        mine.items.iter_mut().for_each(keep_to_oneself);
        Ok(mine)
    })
}

/// Which columns and rows are kept from the holder is not told to him: they do not exist for him.
fn keep_to_oneself(view: &mut GrantView) {
    view.grant.row_filter = None;
    if view.grant.columns_mode == GrantColumns::Except {
        view.grant.columns.clear();
        view.columns.clear();
    }
}

async fn views(
    tx: &mut Tx,
    actor: &Actor,
    found: Page<DirectGrant>,
    may_revoke: bool,
) -> Result<Page<GrantView>, Fault> {
    let mut items = Vec::with_capacity(found.items.len());
    for grant in found.items {
        items.push(view(tx, actor, grant, may_revoke).await?);
    }
    Ok(Page { items, next: found.next })
}

pub(super) async fn view(tx: &mut Tx, actor: &Actor, grant: DirectGrant, may_revoke: bool) -> Result<GrantView, Fault> {
    let holder = name_of(tx, &grant.grantee()).await?.unwrap_or_else(|| grant.grantee().to_string());
    let asset = match grant.table_id {
        Some(table) => assets::asset_of_table(tx, table).await?,
        None => None,
    };
    let by = users::user_find(tx, grant.granted_by).await?;
    let handed_on = grant.parent_id.is_some() && actor.user() == Some(grant.granted_by);
    Ok(GrantView {
        holder,
        filtered: grant.row_filter.is_some(),
        purposes: purposes::purpose_names(tx, grant.id.into()).await?,
        on: place_name(tx, &grant).await?,
        asset,
        columns: column_names(tx, &grant).await?,
        granted_by: by.map(|user| user.display_name).unwrap_or_default(),
        may_revoke: grant.ended_at.is_none() && (may_revoke || handed_on),
        grant,
    })
}

async fn place_name(tx: &mut Tx, grant: &DirectGrant) -> Result<String, Fault> {
    if let Some(tag) = &grant.tag {
        return Ok(tag.clone());
    }
    if let Some(id) = grant.database_id {
        let database = environments::database_find(tx, id).await?;
        return Ok(database.map(|database| format!("{}.*", database.name)).unwrap_or_default());
    }
    match grant.table_id {
        Some(table) => table_name(tx, table).await,
        None => Ok(String::new()),
    }
}

async fn table_name(tx: &mut Tx, table: TableId) -> Result<String, Fault> {
    let Some(found) = lakegate_store::tables::table_find(tx, table).await? else { return Ok(String::new()) };
    let database = environments::database_find(tx, found.database_id).await?;
    Ok(database.map(|database| format!("{}.{}", database.name, found.name)).unwrap_or(found.name))
}

async fn column_names(tx: &mut Tx, grant: &DirectGrant) -> Result<Vec<String>, Fault> {
    let Some(table) = grant.table_id.filter(|_| !grant.columns.is_empty()) else { return Ok(Vec::new()) };
    let known: Vec<Column> = readable::table_columns(tx, table).await?;
    Ok(known.into_iter().filter(|column| grant.columns.contains(&column.id)).map(|column| column.name).collect())
}
