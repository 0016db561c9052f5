//! What the keys that people declared make of the tables that somebody sees: primary keys, and relations between tables.
//!
//! A key counts if each of its columns shows its values: whoever joins on a masked column would test values that he may not
//! see. A column that was dropped, or has another type meanwhile, takes its keys along.

use lakegate_model::{
    Fault,
    ids::{ColumnId, TableId},
    table_keys::TableKey,
};
use lakegate_store::{Tx, table_keys};
use std::collections::BTreeSet;

use super::shape::{ShownColumn, ShownTable};

/// A relation of a table that somebody sees to one that he sees, or to itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShownRelation {
    /// Database and name of the table that it leads to.
    pub far: (String, String),
    /// It leads from what is referred to, to the rows that refer to it.
    pub many: bool,
    /// Names of the columns that refer, at whichever end they are.
    pub by: Vec<String>,
    /// Names of columns with equal values: here and there.
    pub columns: Vec<(String, String)>,
}

/// Adds keys and relations to tables. A table that is there under several names has those of each.
pub(super) async fn relate(tx: &mut Tx, tables: &mut [ShownTable]) -> Result<(), Fault> {
    let ids: BTreeSet<TableId> = tables.iter().map(|table| table.table).collect();
    let ids: Vec<TableId> = ids.into_iter().collect();
    for key in table_keys::keys_of_tables(tx, &ids).await? {
        match key.target_id {
            None => primary(tables, &key),
            Some(target) => foreign(tables, &key, target),
        }
    }
    for table in tables {
        table.relations.sort();
    }
    Ok(())
}

fn primary(tables: &mut [ShownTable], key: &TableKey) {
    for table in tables.iter_mut().filter(|table| table.table == key.table_id) {
        table.key = open(table, &key.columns).map(|columns| names(&columns)).unwrap_or_default();
    }
}

fn foreign(tables: &mut [ShownTable], key: &TableKey, target: TableId) {
    for from in of_table(tables, key.table_id) {
        for to in of_table(tables, target) {
            let Some(pairs) = pairs(&tables[from], &tables[to], key) else { continue };
            let (by, back): (Vec<String>, Vec<_>) =
                pairs.iter().map(|(near, far)| (near.clone(), (far.clone(), near.clone()))).unzip();
            let here = ShownRelation { far: name(&tables[to]), many: false, by: by.clone(), columns: pairs };
            let there = ShownRelation { far: name(&tables[from]), many: true, by, columns: back };
            tables[from].relations.push(here);
            tables[to].relations.push(there);
        }
    }
}

/// Where a table stands among those that are seen: once for each of its names.
fn of_table(tables: &[ShownTable], id: TableId) -> Vec<usize> {
    (0..tables.len()).filter(|at| tables[*at].table == id).collect()
}

fn name(table: &ShownTable) -> (String, String) {
    (table.database.clone(), table.name.clone())
}

/// The columns of a foreign key at both ends, if all of them show their values and fit each other.
fn pairs(from: &ShownTable, to: &ShownTable, key: &TableKey) -> Option<Vec<(String, String)>> {
    let (near, far) = (open(from, &key.columns)?, open(to, &key.target_columns)?);
    let fits = near.len() == far.len() && near.iter().zip(&far).all(|(a, b)| a.column_type.joins(&b.column_type));
    fits.then(|| names(&near).into_iter().zip(names(&far)).collect())
}

/// The columns of a key, if each shows its values.
fn open<'a>(table: &'a ShownTable, ids: &[ColumnId]) -> Option<Vec<&'a ShownColumn>> {
    let shown = |id: &ColumnId| table.columns.iter().find(|column| column.id == *id);
    let is_open = |column: &&ShownColumn| !column.masked && !column.partial && column.column_type.is_key();
    ids.iter().map(|id| shown(id).filter(is_open)).collect()
}

fn names(columns: &[&ShownColumn]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}
