//! Who reads a table that a query made: only those who see as much of what it was made from as its maker saw (access rule
//! 18).
//!
//! Row filters and masks of the sources do not travel into the result as rules, so the access to the sources is looked at
//! whenever the result is read. Once the maker sees other cells than it did when the query ran, because a grant ended or a
//! rule came, the result is closed until the query has run again.

use lakegate_model::{Code, Fault, derived::DerivedSource, ids::TableId};
use lakegate_policy::{Actor, access::TableAccess};
use lakegate_store::{Tx, derived as store};

use crate::{App, Caller, caller, query::resolve};

/// An actor's access to a table, narrowed by what he may see of the tables behind it; `None` where that is less than its
/// maker saw.
pub(crate) async fn narrow(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    mut access: TableAccess,
) -> Result<Option<TableAccess>, Fault> {
    for source in store::sources_of(tx, access.table).await? {
        // The sources may be such tables themselves.
        match Box::pin(behind(app, tx, actor, &source)).await? {
            Some(seen) => access.narrow(&seen),
            None => return Ok(None),
        }
    }
    Ok(Some(access))
}

/// Whether an actor sees less of what a table was made from than its maker did.
pub(crate) async fn closes(app: &App, tx: &mut Tx, actor: &Actor, table: TableId) -> Result<bool, Fault> {
    for source in store::sources_of(tx, table).await? {
        if Box::pin(behind(app, tx, actor, &source)).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the actor sees of a source, if that covers what the maker saw.
async fn behind(app: &App, tx: &mut Tx, actor: &Actor, source: &DerivedSource) -> Result<Option<TableAccess>, Fault> {
    let Some(made) = made_with(app, tx, source).await? else { return Ok(None) };
    let own = resolve::access(app, tx, actor, source.source_id, source.owner_id).await?;
    Ok(own.filter(|own| own.covers(&made, &source.columns)).map(|mut own| {
        // It closes with the maker's access, whoever reads it.
        own.narrow(&TableAccess { export: true, ..made });
        own
    }))
}

/// The maker's access to a source, if it is still what the rows were read under.
async fn made_with(app: &App, tx: &mut Tx, source: &DerivedSource) -> Result<Option<TableAccess>, Fault> {
    let maker = Caller::work(source.service_account_id, source.project_id, "derived tables");
    let maker = match caller::enter(tx, &maker, app.now()).await {
        Err(fault) if fault.code == Code::Forbidden => return Ok(None),
        entered => entered?,
    };
    let access = resolve::access(app, tx, &maker, source.source_id, source.owner_id).await?;
    Ok(access.filter(|access| access.sight(&source.columns) == source.sight))
}
