//! Reading one version of a table: an explicit list of files, never a listing.

mod guard;
mod parquet;
mod text;

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{Result, ScalarValue},
    execution::object_store::ObjectStoreUrl,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};
use lakegate_model::{
    ids::TableId,
    storage::{DataFile, FileFormat},
};
use object_store::ObjectStore;
use std::{any::Any, sync::Arc};

use crate::{
    faults::hide,
    table::{GovernedTable, TableColumn},
    types::arrow_type,
};
pub(crate) use guard::GuardedScan;

/// A readable table version: what every way of reading it needs.
#[derive(Debug)]
pub(crate) struct Source {
    pub table: GovernedTable,
    pub store: Arc<dyn ObjectStore>,
    pub url: ObjectStoreUrl,
}

impl Source {
    /// The Arrow schema of some columns. Everything is nullable: files of an older shape lack columns.
    pub fn schema<'a>(columns: impl Iterator<Item = &'a TableColumn>) -> SchemaRef {
        Arc::new(Schema::new(columns.map(field).collect::<Vec<_>>()))
    }

    /// Reads the named columns, in this order, of all rows. Its errors are not marked yet.
    pub fn read(
        &self,
        columns: &[TableColumn],
        partitions: usize,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match &self.table.format {
            FileFormat::Parquet => parquet::scan(self, columns, partitions, limit),
            FileFormat::Csv { .. } | FileFormat::JsonLines { .. } => text::scan(self, columns, partitions, limit),
        }
    }

    /// The value of a partition column for a file.
    fn partition_value(file: &DataFile, column: &TableColumn) -> Result<ScalarValue> {
        let kind = arrow_type(&column.column_type);
        let folded = column.name.to_lowercase();
        match file.partitions.get(&column.name).or_else(|| file.partitions.get(&folded)) {
            Some(Some(value)) => ScalarValue::try_from_string(value.clone(), &kind),
            Some(None) | None => ScalarValue::try_new_null(&kind),
        }
    }
}

fn field(column: &TableColumn) -> Field {
    Field::new(&column.name, arrow_type(&column.column_type), true)
}

/// Deals items out to at most `parts` parts, in turn.
fn deal<T>(items: impl IntoIterator<Item = T>, parts: usize) -> Vec<Vec<T>> {
    let mut dealt: Vec<Vec<T>> = Vec::new();
    for (nth, item) in items.into_iter().enumerate() {
        match dealt.get_mut(nth % parts.max(1)) {
            Some(part) => part.push(item),
            None => dealt.push(vec![item]),
        }
    }
    dealt
}

/// A table whose every visible cell one rule-free grant covers: DataFusion's own scan, over the visible columns alone.
#[derive(Debug)]
pub(crate) struct OpenTable {
    source: Arc<Source>,
    columns: Vec<TableColumn>,
    schema: SchemaRef,
}

impl OpenTable {
    pub fn new(source: Arc<Source>) -> Self {
        let columns: Vec<TableColumn> = source.table.visible().cloned().collect();
        let schema = Source::schema(columns.iter());
        Self { source, columns, schema }
    }

    /// The table and its visible columns, in schema order.
    pub fn governed(&self) -> (TableId, &[TableColumn]) {
        (self.source.table.table, &self.columns)
    }

    /// `database.table`.
    pub fn label(&self) -> String {
        self.source.table.label()
    }
}

#[async_trait]
impl TableProvider for OpenTable {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
    fn table_type(&self) -> TableType {
        TableType::Base
    }
    /// Conditions help to skip files and row groups; they are evaluated on rows above the scan only.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Unsupported; filters.len()])
    }
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projected(&self.columns, projection);
        let label = self.source.table.label();
        let partitions = state.config().target_partitions();
        let inner = self.source.read(&columns, partitions, limit).map_err(|error| hide(error, &label))?;
        // The size of files tells of hidden columns too.
        let whole = self.columns.len() == self.source.table.columns.len();
        let size = whole.then(|| self.source.table.files.iter().map(|file| file.size).sum::<u64>());
        Ok(Arc::new(GuardedScan::new(inner, label, size)))
    }
}

/// The columns that a projection asks for.
pub(crate) fn projected(columns: &[TableColumn], projection: Option<&Vec<usize>>) -> Vec<TableColumn> {
    match projection {
        Some(places) => places.iter().filter_map(|place| columns.get(*place).cloned()).collect(),
        None => columns.to_vec(),
    }
}
