//! The keys of a table, as far as somebody may know both their ends.

use lakegate_model::{
    Fault,
    catalog::{Asset, Column},
    ids::{AssetId, TableId, TableKeyId},
    table_keys::TableKey,
};
use lakegate_policy::{
    Actor, Verdict,
    action::{self, Action},
    verdict,
};
use lakegate_store::{Tx, table_keys as store};
use std::collections::BTreeSet;

use super::known::{Known, KnownTable, known_tables};
use crate::{App, Caller, catalog::granted};

/// An asset by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetRef {
    pub id: AssetId,
    /// What people read.
    pub name: String,
}

impl AssetRef {
    pub(super) fn of(asset: &Asset) -> Self {
        Self { id: asset.id, name: asset.display_name().to_owned() }
    }
}

/// What identifies the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKeyView {
    pub id: TableKeyId,
    /// Names, in the order of the key.
    pub columns: Vec<String>,
    /// A column is gone, or has a type that identifies nothing.
    pub broken: bool,
}

/// Columns that name rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyView {
    pub id: TableKeyId,
    pub asset: AssetRef,
    /// Names, in the order of the key.
    pub columns: Vec<String>,
    /// `None` where the reader may not know it or one of its columns of the key, or there is none of them any more.
    pub target: Option<AssetRef>,
    /// One for each of the columns; none without a target.
    pub target_columns: Vec<String>,
    /// It leads nowhere.
    pub broken: bool,
}

/// The keys of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysView {
    pub primary: Option<PrimaryKeyView>,
    pub foreign: Vec<ForeignKeyView>,
    /// Keys of other tables that lead to this one, and its own that do.
    pub referenced_by: Vec<ForeignKeyView>,
    /// Whether the reader may declare keys of it.
    pub may_edit: bool,
}

/// The keys of an asset. Broken ones are for those who may edit it.
///
/// # Errors
/// `not_found` for an asset that the caller may not know.
pub async fn view(app: &App, caller: &Caller, id: AssetId) -> Result<KeysView, Fault> {
    look!(app, caller, "asset.keys", |tx, scope, actor| {
        let (asset, proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        let may_edit = verdict(actor, Action::EditAsset, &proof.on().into()) == Verdict::Allow;
        keys_of(app, tx, actor, &asset, may_edit).await
    })
}

/// The keys of an asset that the actor may discover.
pub(super) async fn keys_of(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: &Asset,
    may_edit: bool,
) -> Result<KeysView, Fault> {
    let mut view = KeysView { may_edit, ..KeysView::default() };
    let Some(table) = asset.table_id else { return Ok(view) };
    let own = store::keys_of_tables(tx, &[table]).await?;
    let into = store::keys_into_tables(tx, &[table]).await?;
    let mut ids: BTreeSet<TableId> = own.iter().filter_map(|key| key.target_id).collect();
    ids.extend(into.iter().map(|key| key.table_id).chain([table]));
    let known = known_tables(app, tx, actor, &ids).await?;
    let Some(here) = known.get(&table) else { return Ok(view) };
    for key in &own {
        match key.target_id {
            None => view.primary = primary(here, key, may_edit),
            Some(target) => view.foreign.extend(foreign(&known, here, key, target, may_edit)),
        }
    }
    for key in &into {
        let found = known.get(&key.table_id).and_then(|from| foreign(&known, from, key, table, false));
        view.referenced_by.extend(found);
    }
    Ok(view)
}

fn primary(table: &KnownTable, key: &TableKey, may_edit: bool) -> Option<PrimaryKeyView> {
    let whole = table.all(&key.columns).filter(|columns| columns.iter().all(|column| column.column_type.is_key()));
    let broken = whole.is_none();
    let columns = match whole {
        Some(columns) => names(&columns),
        None if may_edit => table.names_ever(&key.columns),
        None => return None,
    };
    Some(PrimaryKeyView { id: key.id, columns, broken })
}

fn foreign(
    known: &Known,
    from: &KnownTable,
    key: &TableKey,
    target: TableId,
    may_edit: bool,
) -> Option<ForeignKeyView> {
    let asset = AssetRef::of(&from.asset);
    let ends = known.get(&target).and_then(|to| Some((from.all(&key.columns)?, to, to.all(&key.target_columns)?)));
    match ends.filter(|(near, _, far)| joins(near, far)) {
        Some((near, to, far)) => Some(ForeignKeyView {
            id: key.id,
            asset,
            columns: names(&near),
            target: Some(AssetRef::of(&to.asset)),
            target_columns: names(&far),
            broken: false,
        }),
        None if may_edit => Some(ForeignKeyView {
            id: key.id,
            asset,
            columns: from.names_ever(&key.columns),
            target: None,
            target_columns: Vec::new(),
            broken: true,
        }),
        None => None,
    }
}

/// Whether columns of one end hold values of the other's kind, one by one.
pub(super) fn joins(near: &[&Column], far: &[&Column]) -> bool {
    near.len() == far.len() && near.iter().zip(far).all(|(one, other)| one.column_type.joins(&other.column_type))
}

fn names(columns: &[&Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}
