//! Declaring keys and taking them back: by whoever may edit the asset.

use lakegate_model::{
    Code, Fault,
    catalog::{Asset, Column},
    ids::{AssetId, ColumnId, TableId, TableKeyId},
    table_keys::{COLUMNS_MAX, TableKey},
};
use lakegate_policy::{Actor, Granted, action, resource::AssetFacts};
use lakegate_store::{WriteTx, assets, table_keys as store};
use serde_json::json;
use std::collections::BTreeSet;

use super::{
    known::{KnownTable, known_tables},
    view::{KeysView, joins, keys_of},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    catalog::{diff, granted, granted_for, revise::revise, state},
};

/// Keys of one table: each is a relation in the schema of whoever sees both ends.
const KEYS_MAX: usize = 100;

/// A foreign key to declare. Columns are named, in the order of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewForeignKey {
    pub asset: AssetId,
    pub columns: Vec<String>,
    pub target: AssetId,
    /// One for each of the columns.
    pub target_columns: Vec<String>,
}

/// Makes columns the primary key of an asset, in the place of the one it had; no columns take it away.
///
/// # Errors
/// `invalid` naming `columns` for a column that is not there or identifies nothing.
pub async fn set_primary(app: &App, caller: &Caller, id: AssetId, columns: &[String]) -> Result<KeysView, Fault> {
    change!(app, caller, "asset.keys", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        let table = own_table(&asset, "asset")?;
        let before = state::load(tx, asset.clone()).await?;
        let here = known(app, tx, actor, table).await?;
        let chosen = ids(&chosen(&here, columns, "columns")?);
        if let Some(former) = before.keys.iter().find(|key| key.target_id.is_none()) {
            if former.columns == chosen {
                return keys_of(app, tx, actor, &asset, true).await;
            }
            store::key_delete(tx, &proof, former.id).await?;
        }
        if !chosen.is_empty() {
            store::key_insert(tx, &proof, &key(app, actor, (table, chosen), None)).await?;
        }
        saved(app, tx, (caller, actor), &proof, before).await
    })
}

/// Declares that columns of one asset name rows of another, or of itself. Both ends have to be visible to the caller.
///
/// # Errors
/// `not_found` on `target` for an asset that the caller may not know; `invalid` naming `columns` or `target_columns` for
/// columns that are not there, or do not fit each other; `conflict` if it is declared; `limit_exceeded` on `columns`.
pub async fn declare_foreign(app: &App, caller: &Caller, new: &NewForeignKey) -> Result<KeysView, Fault> {
    change!(app, caller, "asset.keys", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, new.asset).await?;
        let (target, _) =
            granted::<action::DiscoverAsset>(tx, scope, actor, new.target).await.map_err(|fault| fault.on("target"))?;
        let (table, to) = (own_table(&asset, "asset")?, own_table(&target, "target")?);
        let before = state::load(tx, asset.clone()).await?;
        let (here, there) = (known(app, tx, actor, table).await?, known(app, tx, actor, to).await?);
        let near = chosen(&here, &new.columns, "columns")?;
        let far = chosen(&there, &new.target_columns, "target_columns")?;
        need_pairs(&near, &far)?;
        if before.keys.len() >= KEYS_MAX {
            let message = format!("a table has at most {KEYS_MAX} keys");
            return Err(Fault::new(Code::LimitExceeded, message).on("columns").fix("take one back that nobody uses"));
        }
        let key = key(app, actor, (table, ids(&near)), Some((to, ids(&far))));
        store::key_insert(tx, &proof, &key).await?;
        saved(app, tx, (caller, actor), &proof, before).await
    })
}

/// Takes a key back.
///
/// # Errors
/// `not_found` for a key that is absent, and for one of an asset that the caller may not know.
pub async fn remove(app: &App, caller: &Caller, id: TableKeyId) -> Result<KeysView, Fault> {
    change!(app, caller, "asset.keys", |tx, scope, actor| {
        let key = store::key_find(tx, id).await?;
        let tables: Vec<TableId> = key.iter().map(|key| key.table_id).collect();
        let asset = assets::assets_of_tables(tx, actor, &tables).await?.pop().map(|found| found.asset.id);
        let (asset, proof) = granted_for::<action::EditAsset>(tx, scope, actor, asset, "key").await?;
        let before = state::load(tx, asset).await?;
        store::key_delete(tx, &proof, id).await?;
        saved(app, tx, (caller, actor), &proof, before).await
    })
}

fn own_table(asset: &Asset, field: &str) -> Result<TableId, Fault> {
    asset.table_id.ok_or_else(|| Fault::invalid(field, "the asset has no table"))
}

async fn known(app: &App, tx: &mut WriteTx, actor: &Actor, table: TableId) -> Result<KnownTable, Fault> {
    let found = known_tables(app, tx, actor, &BTreeSet::from([table])).await?.remove(&table);
    found.ok_or_else(|| Fault::not_found("asset"))
}

/// The columns of these names. What may not be known is what is not there.
fn chosen<'a>(table: &'a KnownTable, names: &[String], field: &str) -> Result<Vec<&'a Column>, Fault> {
    if names.len() > COLUMNS_MAX {
        return Err(Fault::invalid(field, format!("a key has at most {COLUMNS_MAX} columns")));
    }
    let mut columns: Vec<&Column> = Vec::with_capacity(names.len());
    for name in names {
        let found = table.columns().find(|column| column.name == *name);
        let column = found.ok_or_else(|| Fault::invalid(field, format!("there is no column \"{name}\"")))?;
        if columns.iter().any(|known| known.id == column.id) {
            return Err(Fault::invalid(field, format!("the column \"{name}\" stands twice in the key")));
        }
        if !column.column_type.is_key() {
            let message = format!("values of the column \"{name}\", {}, identify no row", column.column_type);
            return Err(Fault::invalid(field, message));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn need_pairs(near: &[&Column], far: &[&Column]) -> Result<(), Fault> {
    if near.is_empty() {
        return Err(Fault::invalid("columns", "say which columns"));
    }
    if near.len() != far.len() {
        return Err(Fault::invalid("target_columns", "name one column for each of the key"));
    }
    if joins(near, far) {
        return Ok(());
    }
    Err(Fault::invalid("target_columns", "the columns hold values of different types"))
}

fn ids(columns: &[&Column]) -> Vec<ColumnId> {
    columns.iter().map(|column| column.id).collect()
}

fn key(
    app: &App,
    actor: &Actor,
    (table_id, columns): (TableId, Vec<ColumnId>),
    target: Option<(TableId, Vec<ColumnId>)>,
) -> TableKey {
    let (target_id, target_columns) = target.map_or((None, Vec::new()), |(id, columns)| (Some(id), columns));
    let (id, declared_by, declared_at) = (app.new_id(), actor.name.clone(), app.now());
    TableKey { id, table_id, columns, target_id, target_columns, declared_by, declared_at }
}

/// Keeps a revision and the audit of a change of keys.
async fn saved(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    before: state::State,
) -> Result<KeysView, Fault> {
    let asset = before.asset.clone();
    if let Some(revised) = revise(app, tx, actor, proof, &before, asset.clone()).await? {
        let detail = json!({ "revision": revised.asset.revision, "changes": diff::summary(&revised.lines) });
        let event = Event::on("asset.keys", "asset", asset.id).owned_by(asset.project_id).with(detail);
        audit::record(app, tx, caller, actor, event).await?;
    }
    keys_of(app, tx, actor, &asset, true).await
}
