//! What a bound plan really reads: for the audit, known before the first row.

use datafusion::{
    common::{Result, tree_node::TreeNodeRecursion},
    datasource::source_as_provider,
    logical_expr::{LogicalPlan, TableScan},
};
use lakegate_model::ids::{ColumnId, TableId};
use std::collections::{BTreeMap, BTreeSet};

use crate::{barrier::RuledTable, scan::OpenTable, table::TableColumn};

/// A table that a query reads, and the columns of it: those shown and those only compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRead {
    pub table: TableId,
    /// In order of their ids; empty where only rows are counted.
    pub columns: Vec<ColumnId>,
}

/// The reads of an optimised plan, subqueries included, each table once.
pub(crate) fn reads(plan: &LogicalPlan) -> Result<Vec<TableRead>> {
    let mut found: BTreeMap<TableId, BTreeSet<ColumnId>> = BTreeMap::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            add(scan, &mut found)?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let read =
        |(table, columns): (TableId, BTreeSet<ColumnId>)| TableRead { table, columns: columns.into_iter().collect() };
    Ok(found.into_iter().map(read).collect())
}

fn add(scan: &TableScan, found: &mut BTreeMap<TableId, BTreeSet<ColumnId>>) -> Result<()> {
    let provider = source_as_provider(&scan.source)?;
    let any = provider.as_any();
    let (table, columns): (TableId, &[TableColumn]) = if let Some(open) = any.downcast_ref::<OpenTable>() {
        open.governed()
    } else if let Some(ruled) = any.downcast_ref::<RuledTable>() {
        ruled.governed()
    } else {
        // information_schema and series hold nothing of the lake.
        return Ok(());
    };
    let read = found.entry(table).or_default();
    match &scan.projection {
        Some(places) => read.extend(places.iter().filter_map(|place| columns.get(*place)).map(|column| column.id)),
        None => read.extend(columns.iter().map(|column| column.id)),
    }
    for name in scan.filters.iter().flat_map(|filter| filter.column_refs()) {
        read.extend(columns.iter().filter(|column| column.name == name.name).map(|column| column.id));
    }
    Ok(())
}
