//! Opting principals into fine grants, and out of them again: one decision, one transaction (access rule 24).

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    coarse::OptIn,
    grants::Grantee,
    ids::{DatabaseId, TableId},
    words::{AccessMode, TokenScope},
};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{Tx, WriteTx, assets, coarse as store, environments, tables, users};
use serde_json::json;

use super::{
    coarse::{known_holder, own_tables, owner_of},
    grants::{need_other, widens_own},
    principals::name_of,
    reason_for,
};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::{Acting, person},
    catalog::granted_for,
};

/// A decision to be made: whether fine grants count for somebody.
#[derive(Debug, Clone)]
pub struct NewOpt {
    pub who: Grantee,
    pub database: DatabaseId,
    /// The name of one table of it; none for the whole database.
    pub table: Option<String>,
    /// About grants on tags, which are opted in apart.
    pub for_tags: bool,
    /// In, or out again.
    pub opted: bool,
    pub reason: String,
}

impl NewOpt {
    /// The name of the one table that it is about; none for the whole database.
    pub(super) fn table_name(&self) -> Option<&str> {
        self.table.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}

/// A decision with the names of what it is about.
#[derive(Debug, Clone)]
pub struct OptInView {
    pub opt: OptIn,
    pub who: String,
    pub database: String,
    /// The table, where the reader may find its asset; `None` for the whole database.
    pub table: Option<String>,
    /// What the database is registered for: decisions count where both models do.
    pub mode: AccessMode,
    /// Display name.
    pub decided_by: String,
}

/// Opts a principal in or out, in the place of what was decided about him there.
///
/// # Errors
/// `invalid` naming the field, `conflict` where it stands so already, `forbidden` for who is no security administrator, and for
/// who would decide about his own reading (access rule 11).
pub async fn set(app: &App, caller: &Caller, new: &NewOpt) -> Result<OptInView, Fault> {
    reason_for(&new.reason)?;
    change!(app, caller, action_of(new.opted), |tx, scope, actor| {
        set_in(app, tx, (caller, scope, actor), new).await
    })
}

const fn action_of(opted: bool) -> &'static str {
    if opted { "opt.in" } else { "opt.out" }
}

/// [`set`] in the caller's transaction.
pub(super) async fn set_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    new: &NewOpt,
) -> Result<OptInView, Fault> {
    let proof = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
    let by = person(actor, TokenScope::Write)?;
    let database = own_tables(tx, new.database).await?;
    let table = table_meant(tx, (scope, actor), new).await?;
    known_holder(tx, &new.who).await?;
    need_confirmed(actor, app.now())?;
    need_other(widens_own(tx, &new.who, actor).await?)?;
    let opt = OptIn {
        id: app.new_id(),
        grantee_kind: new.who.kind(),
        grantee_id: new.who.id(),
        grantee_role: new.who.role(),
        database_id: database.id,
        table_id: table,
        for_tags: new.for_tags,
        opted: new.opted,
        reason: reason_for(&new.reason)?,
        decided_by: by,
        created_at: app.now(),
        ended_at: None,
        ended_by: None,
    };
    if store::opt_standing(tx, &opt).await?.is_some_and(|standing| standing.opted == opt.opted) {
        let stands = if opt.opted { "in" } else { "out" };
        return Err(Fault::new(Code::Conflict, format!("{} is opted {stands} there already", new.who)));
    }
    store::opt_set(tx, &proof, &opt).await?;
    record(app, tx, (caller, actor), &opt).await?;
    view(tx, (scope, actor), opt).await
}

/// The table that a decision names. One that the caller does not find is not there.
async fn table_meant(tx: &mut Tx, (scope, actor): (&Scope, &Actor), new: &NewOpt) -> Result<Option<TableId>, Fault> {
    let Some(name) = new.table_name() else { return Ok(None) };
    let unknown =
        || Fault::invalid("table_name", "there is no such table in this database").fix("write its name alone");
    let table = store::table_named(tx, new.database, name).await?.ok_or_else(unknown)?;
    match table_name(tx, (scope, actor), table).await? {
        Some(_) => Ok(Some(table)),
        None => Err(unknown()),
    }
}

/// The name of a table, for who finds its asset.
async fn table_name(tx: &mut Tx, (scope, actor): (&Scope, &Actor), table: TableId) -> Result<Option<String>, Fault> {
    let asset = assets::asset_of_table(tx, table).await?;
    match granted_for::<action::DiscoverAsset>(tx, scope, actor, asset, "table").await {
        Ok(_) => Ok(tables::table_find(tx, table).await?.map(|table| table.name)),
        Err(fault) if matches!(fault.code, Code::NotFound | Code::Forbidden) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// All decisions, replaced ones included: for security administrators.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<OptInView>, Fault> {
    look!(app, caller, "opt.list", |tx, scope, actor| {
        let proof = decide::<action::GrantAccess, _>(scope, actor, Platform)?;
        let found = store::opts(tx, &proof, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for opt in found.items {
            items.push(view(tx, (scope, actor), opt).await?);
        }
        Ok(Page { items, next: found.next })
    })
}

async fn view(tx: &mut Tx, by: (&Scope, &Actor), opt: OptIn) -> Result<OptInView, Fault> {
    let database = environments::database_find(tx, opt.database_id).await?;
    let decided_by = users::user_find(tx, opt.decided_by).await?;
    let table = match opt.table_id {
        Some(table) => Some(table_name(tx, by, table).await?.unwrap_or_else(|| "a table".to_owned())),
        None => None,
    };
    Ok(OptInView {
        who: name_of(tx, &opt.grantee()).await?.unwrap_or_else(|| opt.grantee().to_string()),
        database: database.map(|database| database.name).unwrap_or_default(),
        table,
        mode: store::mode_of(tx, opt.database_id).await?,
        decided_by: decided_by.map(|user| user.display_name).unwrap_or_default(),
        opt,
    })
}

async fn record(app: &App, tx: &mut WriteTx, (caller, actor): (&Caller, &Actor), opt: &OptIn) -> Result<(), Fault> {
    let mut event = Event::on(action_of(opt.opted), "opt_in", opt.id).with(json!({
        "who": opt.grantee().to_string(), "database": opt.database_id, "table": opt.table_id, "tags": opt.for_tags,
        "reason": opt.reason,
    }));
    event.owner_project = owner_of(tx, opt.database_id).await?;
    audit::record(app, tx, caller, actor, event).await
}
