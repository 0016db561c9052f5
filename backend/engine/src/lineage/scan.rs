//! Where lineage begins: the columns of tables.

use datafusion::{
    common::DFSchema,
    datasource::{cte_worktable::CteWorkTable, source_as_provider},
    logical_expr::TableScan,
};
use lakegate_model::{ids::TableId, words::Mask};
use std::any::Any;

use super::{
    answer::{InfluenceKind, Source, ValueKind},
    expression::Here,
    node::{Around, relation},
    traced::{Column, Relation, Text},
};
use crate::{barrier::RuledTable, scan::OpenTable, table::TableColumn};

/// What a scan gives out.
pub(super) fn scanned(scan: &TableScan, around: Around<'_>) -> Relation {
    let mut all = whole(scan, around);
    if !scan.filters.is_empty() {
        filter(scan, around, &mut all);
    }
    if let Some(places) = &scan.projection {
        all.columns = places.iter().map(|place| all.columns.get(*place).cloned().unwrap_or_default()).collect();
    }
    all
}

/// All columns of what is scanned, in the order of its schema.
fn whole(scan: &TableScan, around: Around<'_>) -> Relation {
    // A view stands for its own plan, which knows nothing of what surrounds it here.
    if let Some(plan) = scan.source.get_logical_plan() {
        return relation(&plan, Around::default());
    }
    let Ok(provider) = source_as_provider(&scan.source) else { return Relation::of(bare(scan)) };
    let any = provider.as_any();
    if let Some(open) = any.downcast_ref::<OpenTable>() {
        let (table, columns) = open.governed();
        return Relation::of(columns.iter().map(|column| governed(&open.label(), table, column, None)).collect());
    }
    if let Some(ruled) = any.downcast_ref::<RuledTable>() {
        let (table, columns) = ruled.governed();
        let column = |column: &TableColumn| governed(&ruled.label(), table, column, ruled.mask(column.id));
        return Relation::of(columns.iter().map(column).collect());
    }
    Relation::of(again(any, around).unwrap_or_else(|| bare(scan)))
}

/// The rows so far, where a recursive query reads itself.
fn again(table: &dyn Any, around: Around<'_>) -> Option<Vec<Column>> {
    around.recursion(table.downcast_ref::<CteWorkTable>()?.name())
}

fn governed(label: &str, table: TableId, column: &TableColumn, mask: Option<Mask>) -> Column {
    let read = Column::read(Source {
        table: label.to_owned(),
        column: column.name.clone(),
        path: Vec::new(),
        table_id: Some(table),
        column_id: Some(column.id),
    });
    let Some(mask) = mask else { return read };
    let kind = match mask {
        Mask::Hmac | Mask::Sha256Local => ValueKind::Tokenised,
        _ => ValueKind::Masked,
    };
    read.lifted(kind).stepped(&Text::from(format!("mask {mask}")))
}

/// The columns of a table that the catalog does not hold.
fn bare(scan: &TableScan) -> Vec<Column> {
    let table = scan.table_name.to_string();
    let schema = scan.source.schema();
    // Functions that stand where a table stands read nothing.
    if table.ends_with("()") {
        return vec![Column::default(); schema.fields().len()];
    }
    let column = |name: &String| {
        Column::read(Source {
            table: table.clone(),
            column: name.clone(),
            path: Vec::new(),
            table_id: None,
            column_id: None,
        })
    };
    schema.fields().iter().map(|field| column(field.name())).collect()
}

/// Conditions that a plan has moved into the scan.
fn filter(scan: &TableScan, around: Around<'_>, rows: &mut Relation) {
    let columns = std::mem::take(&mut rows.columns);
    let schema = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema());
    let schema = schema.unwrap_or_else(|_| DFSchema::empty());
    let here = Here { parts: &[(&schema, &columns)], around };
    for condition in &scan.filters {
        here.decide(condition, InfluenceKind::Filter, rows);
    }
    rows.columns = columns;
}
