//! Tables that somebody may discover, with what he may know of their columns.

use lakegate_model::{
    Fault,
    catalog::{Asset, Column},
    ids::{ColumnId, TableId},
};
use lakegate_policy::{Actor, Verdict, action::Action, verdict};
use lakegate_store::{Tx, assets, tables};
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::{App, catalog::assets::columns_known};

/// A table under its asset.
pub(super) struct KnownTable {
    pub asset: Asset,
    /// In table order, dropped ones too.
    columns: Vec<Column>,
    /// Those that the actor may know of, none of them dropped.
    known: HashSet<ColumnId>,
}

/// Tables by their ids; what is absent may not be known.
pub(super) type Known = BTreeMap<TableId, KnownTable>;

impl KnownTable {
    /// The columns that the actor may know of.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| self.known.contains(&column.id))
    }

    /// The columns of a key; `None` if one of them is dropped, or may not be known.
    pub fn all(&self, ids: &[ColumnId]) -> Option<Vec<&Column>> {
        ids.iter().map(|id| self.columns().find(|column| column.id == *id)).collect()
    }

    /// The names that the columns of a key have or had, for those who may edit the table.
    pub fn names_ever(&self, ids: &[ColumnId]) -> Vec<String> {
        let named = ids.iter().filter_map(|id| self.columns.iter().find(|column| column.id == *id));
        named.map(|column| column.name.clone()).collect()
    }
}

/// Of these tables, those that an actor may discover.
pub(super) async fn known_tables(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    ids: &BTreeSet<TableId>,
) -> Result<Known, Fault> {
    let ids: Vec<TableId> = ids.iter().copied().collect();
    let mut found = assets::assets_of_tables(tx, actor, &ids).await?;
    found.retain(|one| verdict(actor, Action::DiscoverAsset, &one.facts.into()) == Verdict::Allow);
    let ids: Vec<TableId> = found.iter().filter_map(|one| one.asset.table_id).collect();
    let mut columns: BTreeMap<TableId, Vec<Column>> = BTreeMap::new();
    for column in tables::columns_of_tables(tx, &ids).await? {
        columns.entry(column.table_id).or_default().push(column);
    }
    let mut all = Known::new();
    for one in found {
        let Some(table) = one.asset.table_id else { continue };
        let columns = columns.remove(&table).unwrap_or_default();
        let known = columns_known(app, tx, actor, (one.asset.project_id, Some(table)), &columns).await?;
        all.insert(table, KnownTable { asset: one.asset, columns, known });
    }
    Ok(all)
}
