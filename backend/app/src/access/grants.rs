//! Direct grants: access given to people, groups, machines, roles, projects or everyone, without a request.

use lakegate_model::{
    Code, Fault, Timestamp,
    catalog::Asset,
    clock,
    grants::{DirectGrant, Grantee},
    ids::{AssetId, ColumnId, DatabaseId, GrantId, ProjectId, PurposeId, TableId},
    rules::CheckedFilter,
    text,
    words::{GrantColumns, TokenScope},
};
use lakegate_policy::{
    Actor, Scope, action,
    binding::{concerns, serves},
    decide, governed,
    resource::{AssetFacts, Platform},
};
use lakegate_store::{
    Tx, WriteTx, assets, changes, direct_grants as store, environments, projects, purposes::rule_purposes_insert,
    readable, rule_mappings::rule_mappings_insert, tokens,
};

use super::{
    break_glass, check_columns, check_until,
    filters::check_filter,
    grant_notes::{record, tell_holder},
    grant_views::{self, GrantView},
    is_governed,
    principals::name_of,
    purposes::demanded,
    reason_for,
    restrictions::second_person,
};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    caller::{Acting, person},
    catalog::{granted, granted_for},
    query::{
        grants::{LONGEST_CHAIN, may_hand_on},
        resolve,
    },
};

/// What a grant is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantOn {
    /// The table of an asset, with the columns that the second names.
    Asset(AssetId, GrantColumns, Vec<ColumnId>),
    /// Every table of a database, those to come included.
    Database(DatabaseId),
    /// Everything under a tag, today's and tomorrow's.
    Tag(String),
}

/// A grant to be given.
#[derive(Debug, Clone)]
pub struct NewGrant {
    pub on: GrantOn,
    pub to: Grantee,
    /// Only rows for which this is true; on a table alone.
    pub row_filter: Option<String>,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
    /// Whether the holder may hand on what it opens.
    pub hand_on: bool,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// It serves whoever states one of these; none serve everybody whom it names.
    pub purposes: Vec<PurposeId>,
    pub reason: String,
}

/// Gives a grant: the holder's next query may use it.
///
/// Owners of the project give tables and databases, security administrators what is under a tag, and whoever holds a grant
/// that may be handed on gives no more of its table than he has.
///
/// # Errors
/// `invalid` naming the field, `forbidden` for who may not, and for who would widen his own reading (access rule 11).
pub async fn create(app: &App, caller: &Caller, new: &NewGrant) -> Result<GrantView, Fault> {
    checked(new, app.now())?;
    change!(app, caller, "grant.create", |tx, scope, actor| { create_in(app, tx, (caller, scope, actor), new).await })
}

/// [`create`] in the caller's transaction.
pub(super) async fn create_in(app: &App, tx: &mut WriteTx, by: Acting<'_>, new: &NewGrant) -> Result<GrantView, Fault> {
    let (caller, scope, actor) = by;
    let (reason, from, until) = checked(new, app.now())?;
    let by = person(actor, TokenScope::Write)?;
    let place = place(app, tx, (scope, actor), new).await?;
    need_confirmed(actor, app.now())?;
    let holder = name_of(tx, &new.to).await?;
    holder.ok_or_else(|| Fault::invalid("to", format!("there is no {}", new.to)))?;
    let grant = DirectGrant {
        id: app.new_id(),
        grantee_kind: new.to.kind(),
        grantee_id: new.to.id(),
        grantee_role: new.to.role(),
        table_id: place.table,
        database_id: place.database,
        tag: place.tag,
        columns_mode: place.mode,
        columns: place.columns,
        row_filter: place.row_filter.as_ref().map(|filter| filter.text.clone()),
        parent_id: place.parent,
        can_export: new.export,
        can_grant: new.hand_on,
        reason,
        granted_by: by,
        created_at: app.now(),
        valid_from: from,
        valid_until: until,
        ended_at: None,
        ended_by: None,
        break_glass: false,
    };
    store::direct_grant_insert(tx, &grant).await?;
    let purposes = demanded(tx, &new.purposes).await?;
    rule_purposes_insert(tx, grant.id.into(), &purposes).await?;
    let mappings = place.row_filter.map(|filter| filter.mappings).unwrap_or_default();
    rule_mappings_insert(tx, grant.id.into(), &mappings).await?;
    tell_search(tx, grant.id).await?;
    tell_holder(app, tx, &grant, place.asset.as_ref()).await?;
    record(app, tx, (caller, actor), "grant.create", &grant, place.owner).await?;
    grant_views::view(tx, actor, grant, true).await
}

/// The form of a new grant: its reason, beginning and end as they are kept.
fn checked(new: &NewGrant, now: Timestamp) -> Result<(String, Timestamp, Option<Timestamp>), Fault> {
    let reason = reason_for(&new.reason)?;
    let (from, until) = validity((new.from, new.until), now)?;
    Ok((reason, from, until))
}

/// The beginning and the end of what is given, as they are kept.
pub(super) fn validity(
    (from, until): (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> Result<(Timestamp, Option<Timestamp>), Fault> {
    let until = check_until("until", until, now)?;
    let from = check_until("from", from.filter(|from| *from > now), now)?.unwrap_or(clock::to_micros(now));
    if until.is_some_and(|until| until <= from) {
        return Err(Fault::invalid("until", "the end has to lie after the beginning"));
    }
    Ok((from, until))
}

/// Where a grant stands, found and checked.
struct Place {
    table: Option<TableId>,
    database: Option<DatabaseId>,
    tag: Option<String>,
    mode: GrantColumns,
    columns: Vec<ColumnId>,
    row_filter: Option<CheckedFilter>,
    parent: Option<GrantId>,
    /// The project whose data it gives.
    owner: Option<ProjectId>,
    asset: Option<Asset>,
}

impl Place {
    /// On all of something.
    fn whole(table: Option<TableId>, database: Option<DatabaseId>, tag: Option<String>) -> Self {
        Self {
            table,
            database,
            tag,
            mode: GrantColumns::All,
            columns: Vec::new(),
            row_filter: None,
            parent: None,
            owner: None,
            asset: None,
        }
    }
}

async fn place(app: &App, tx: &mut WriteTx, (scope, actor): (&Scope, &Actor), new: &NewGrant) -> Result<Place, Fault> {
    if new.row_filter.is_some() && !matches!(new.on, GrantOn::Asset(..)) {
        return Err(Fault::invalid("row_filter", "a filter names columns, so it stands on one table"));
    }
    match &new.on {
        GrantOn::Asset(id, mode, columns) => on_asset(app, tx, (scope, actor), new, (*id, *mode, columns)).await,
        GrantOn::Database(id) => on_database(tx, (scope, actor), new, *id).await,
        GrantOn::Tag(tag) => {
            let _may = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
            need_other(widens_own(tx, &new.to, actor).await?)?;
            Ok(Place::whole(None, None, Some(text::name("tag", tag)?)))
        }
    }
}

async fn on_asset(
    app: &App,
    tx: &mut WriteTx,
    (scope, actor): (&Scope, &Actor),
    new: &NewGrant,
    (id, mode, columns): (AssetId, GrantColumns, &[ColumnId]),
) -> Result<Place, Fault> {
    let (asset, found) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
    let facts = found.on();
    let table = asset.table_id.ok_or_else(|| Fault::invalid("asset", "this asset has no table to give"))?;
    let parent = match decide::<action::GrantAccess, _>(scope, actor, facts) {
        Ok(_) => {
            let sensitive = is_governed(tx, asset.id).await?;
            need_other(sensitive && widens_own(tx, &new.to, actor).await?)?;
            None
        }
        Err(refused) => {
            let parent = handed_on(app, tx, (actor, &facts), table).await?.ok_or(refused)?;
            need_other(widens_own(tx, &new.to, actor).await?)?;
            Some(parent)
        }
    };
    let mut known = readable::table_columns(tx, table).await?;
    if parent.is_some() {
        // Of columns that he does not read he is not told by what may be named.
        let own = resolve::access(app, tx, actor, table, facts.project).await?;
        known.retain(|column| own.as_ref().is_some_and(|own| own.columns.contains(&column.id)));
    }
    let columns = match mode {
        GrantColumns::All if columns.is_empty() => Vec::new(),
        GrantColumns::All => return Err(Fault::invalid("columns", "say whether these columns or all but them")),
        GrantColumns::Only | GrantColumns::Except => check_columns(&known, columns)?,
    };
    let row_filter = match new.row_filter.as_deref().filter(|filter| !filter.trim().is_empty()) {
        Some(filter) => Some(check_filter(app, tx, (actor, &facts), table, filter).await?),
        None => None,
    };
    let owner = Some(facts.project);
    Ok(Place { mode, columns, row_filter, parent, owner, asset: Some(asset), ..Place::whole(Some(table), None, None) })
}

/// The grant that lets an actor hand on access to a table, if one does.
async fn handed_on(
    app: &App,
    tx: &mut Tx,
    (actor, facts): (&Actor, &AssetFacts),
    table: TableId,
) -> Result<Option<GrantId>, Fault> {
    let now = app.now();
    for grant in store::direct_grants_for(tx, actor, table).await? {
        let in_force = grant.valid_from <= now && grant.valid_until.is_none_or(|until| now < until);
        let his = serves(&grant.grantee(), actor) && may_hand_on(&grant, actor);
        if !grant.can_grant || !in_force || !his {
            continue;
        }
        let opens = crate::query::grants::opened(tx, &grant, table).await?.is_some();
        if opens
            && actor.role_in(facts.project).is_none()
            && store::direct_grants_above(tx, grant.id).await?.len() < LONGEST_CHAIN
        {
            return Ok(Some(grant.id));
        }
    }
    Ok(None)
}

async fn on_database(
    tx: &mut WriteTx,
    (scope, actor): (&Scope, &Actor),
    new: &NewGrant,
    id: DatabaseId,
) -> Result<Place, Fault> {
    let unknown = || Fault::not_found("database").on("database");
    let database = environments::database_find(tx, id).await?.ok_or_else(unknown)?;
    let environment = environments::environment_find(tx, database.environment_id).await?.ok_or_else(unknown)?;
    let project = projects::project_facts(tx, environment.project_id).await?.ok_or_else(unknown)?;
    let _seen = decide::<action::ViewProject, _>(scope, actor, project).map_err(|_| unknown())?;
    let _may = decide::<action::GrantAccess, _>(scope, actor, project)?;
    if widens_own(tx, &new.to, actor).await? {
        let tags = store::tags_in_database(tx, id).await?;
        need_other(tags.iter().any(|tag| governed::is_governed(tag)))?;
    }
    Ok(Place { owner: Some(project.id), ..Place::whole(None, Some(id), None) })
}

/// Whether access for a grantee is access for the actor: his own, that of a circle he is in, or of a machine of his project's.
pub(crate) async fn widens_own(tx: &mut Tx, to: &Grantee, actor: &Actor) -> Result<bool, Fault> {
    if let Grantee::ServiceAccount(id) = to {
        let account = tokens::account_find(tx, *id).await?;
        return Ok(account.is_some_and(|account| actor.role_in(account.project_id).is_some()));
    }
    Ok(concerns(to, actor))
}

/// Access rule 11: nobody widens his own reading alone.
pub(super) fn need_other(widens_own: bool) -> Result<(), Fault> {
    if widens_own { Err(second_person("this would open it to yourself")) } else { Ok(()) }
}

/// Takes a grant back, with all that was handed on under it.
///
/// # Errors
/// `not_found` for one that the caller may not know of, `conflict` for one that has ended, `forbidden` for who may not.
pub async fn revoke(app: &App, caller: &Caller, id: GrantId) -> Result<(), Fault> {
    change!(app, caller, "grant.revoke", |tx, scope, actor| { revoke_in(app, tx, (caller, scope, actor), id).await })
}

/// [`revoke`] in the caller's transaction.
pub(super) async fn revoke_in(app: &App, tx: &mut WriteTx, acting: Acting<'_>, id: GrantId) -> Result<(), Fault> {
    let (caller, scope, actor) = acting;
    let by = person(actor, TokenScope::Write)?;
    let grant = store::direct_grant_find(tx, id).await?.ok_or_else(|| Fault::not_found("grant"))?;
    if grant.break_glass {
        return break_glass::end_in(app, tx, acting, id).await.map(drop);
    }
    // Whoever handed something on may take it back, whatever became of his own.
    let owner = match grant.granted_by == by && grant.parent_id.is_some() {
        true => owner_of(tx, &grant).await?,
        false => may_revoke(tx, (scope, actor), &grant).await?,
    };
    if grant.ended_at.is_some() {
        return Err(Fault::new(Code::Conflict, "this grant has ended already"));
    }
    end(app, tx, (caller, actor), "grant.revoke", &grant, owner).await
}

/// Whether an actor may take a grant back, and the project whose data it gives.
async fn may_revoke(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    grant: &DirectGrant,
) -> Result<Option<ProjectId>, Fault> {
    if let Some(table) = grant.table_id {
        let asset = assets::asset_of_table(tx, table).await?;
        let (_, proof) = granted_for::<action::RevokeAccess>(tx, scope, actor, asset, "grant").await?;
        return Ok(Some(proof.on().project));
    }
    let Some(owner) = owner_of(tx, grant).await? else {
        let unseen = || Fault::not_found("grant");
        let _may = decide::<action::RevokeAccess, _>(scope, actor, Platform).map_err(|_| unseen())?;
        return Ok(None);
    };
    let project = projects::project_facts(tx, owner).await?.ok_or_else(|| Fault::not_found("grant"))?;
    let _seen = decide::<action::ViewProject, _>(scope, actor, project).map_err(|_| Fault::not_found("grant"))?;
    let _may = decide::<action::RevokeAccess, _>(scope, actor, project)?;
    Ok(Some(owner))
}

/// The project whose data a grant gives; none for one on a tag.
async fn owner_of(tx: &mut Tx, grant: &DirectGrant) -> Result<Option<ProjectId>, Fault> {
    if let Some(table) = grant.table_id {
        let Some(asset) = assets::asset_of_table(tx, table).await? else { return Ok(None) };
        return Ok(assets::asset_facts(tx, &Actor::system(), asset).await?.map(|(_, facts)| facts.project));
    }
    let Some(database) = grant.database_id else { return Ok(None) };
    let Some(database) = environments::database_find(tx, database).await? else { return Ok(None) };
    Ok(environments::environment_find(tx, database.environment_id).await?.map(|found| found.project_id))
}

/// Ends a grant and what was handed on under it, and lets search and the audit know.
pub(crate) async fn end(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    action: &'static str,
    grant: &DirectGrant,
    owner: Option<ProjectId>,
) -> Result<(), Fault> {
    let by = actor.user();
    for ended in store::direct_grant_end(tx, grant.id, by, app.now()).await? {
        tell_search(tx, ended).await?;
        match store::direct_grant_find(tx, ended).await?.filter(|found| found.id != grant.id) {
            Some(child) => record(app, tx, (caller, actor), action, &child, owner).await?,
            None => record(app, tx, (caller, actor), action, grant, owner).await?,
        }
    }
    Ok(())
}

/// Ends a grant if its end has come. Access is over by itself; this lets search know.
pub(super) async fn expire(app: &App, tx: &mut WriteTx, caller: &Caller, id: GrantId) -> Result<bool, Fault> {
    let Some(grant) = store::direct_grant_find(tx, id).await? else { return Ok(false) };
    if grant.ended_at.is_some() || grant.valid_until.is_none_or(|until| until > app.now()) {
        return Ok(false);
    }
    if grant.break_glass {
        return break_glass::expire_in(app, tx, caller, id).await.map(|()| true);
    }
    let owner = owner_of(tx, &grant).await?;
    end(app, tx, (caller, &Actor::system()), "grant.expire", &grant, owner).await?;
    Ok(true)
}

pub(crate) async fn tell_search(tx: &mut WriteTx, grant: GrantId) -> Result<(), Fault> {
    for asset in store::assets_under(tx, grant).await? {
        changes::change_record(tx, "asset", asset.into()).await?;
    }
    Ok(())
}
