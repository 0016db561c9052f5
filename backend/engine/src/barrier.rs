//! The barrier: a table of which cells are withheld, read by a leaf that runs its own plan apart.
//!
//! A filter or a view is no barrier, because the optimizer moves the caller's conditions past both. This provider has no
//! logical plan, takes no conditions, and its scan has no children, no statistics and no measures: nothing that the
//! caller wrote is evaluated before the rules have dropped the rows and replaced the cells he may not see.

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    compute::BatchCoalescer,
    datatypes::SchemaRef,
};
use async_stream::try_stream;
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{DFSchema, Result, config::ConfigOptions, internal_err},
    datasource::provider_as_source,
    execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder, TaskContext},
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableType, ident, when},
    physical_expr::EquivalenceProperties,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
        execution_plan::{Boundedness, EmissionType, reset_plan_states},
        filter_pushdown::{ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{Stream, StreamExt};
use lakegate_model::{
    ids::{ColumnId, TableId},
    words::Mask,
};
use lakegate_policy::access::CellRules;
use std::{any::Any, collections::BTreeSet, fmt, sync::Arc};

use crate::{
    faults::{hide, hide_all},
    flags::Withheld,
    rules::{MaskKeys, shown},
    scan::{Source, projected},
    scrub::scrubbed,
    table::TableColumn,
};

/// A table of which the caller may read some rows or cells only.
#[derive(Debug)]
pub(crate) struct RuledTable {
    source: Arc<Source>,
    rules: CellRules,
    keys: MaskKeys,
    columns: Vec<TableColumn>,
    schema: SchemaRef,
}

impl RuledTable {
    pub fn new(source: Arc<Source>, rules: CellRules, keys: MaskKeys) -> Self {
        let columns: Vec<TableColumn> = source.table.visible().cloned().collect();
        let schema = Source::schema(columns.iter());
        Self { source, rules, keys, columns, schema }
    }

    /// The table and its visible columns, in schema order.
    pub fn governed(&self) -> (TableId, &[TableColumn]) {
        (self.source.table.table, &self.columns)
    }

    /// `database.table`.
    pub fn label(&self) -> String {
        self.source.table.label()
    }

    /// What shows instead of a column's values.
    pub fn mask(&self, column: ColumnId) -> Option<Mask> {
        self.rules.cells.get(&column).and_then(|cell| cell.mask)
    }

    /// Raw rows, then the conditions on rows, then what shows of each cell: all on raw values.
    fn inner_plan(&self, state: &SessionState, wanted: &[TableColumn]) -> Result<LogicalPlan> {
        let raw = RawTable::new(Arc::clone(&self.source));
        let schema = DFSchema::try_from_qualified_schema("raw", &raw.schema)?;
        let cells = wanted.iter().map(|column| self.cell(state, &schema, column)).collect::<Result<Vec<_>>>()?;
        let mut plan = LogicalPlanBuilder::scan("raw", provider_as_source(Arc::new(raw)), None)?;
        for condition in self.rules.all_of.iter().cloned().chain(one_of(&self.rules.any_of)) {
            plan = plan.filter(state.create_logical_expr(&condition, &schema)?)?;
        }
        plan.project(cells)?.build()
    }

    /// What is withheld of each visible column.
    pub fn withheld(&self) -> Vec<Withheld> {
        let of = |column: &TableColumn| match self.rules.cells.get(&column.id) {
            Some(cell) => Withheld { partial: cell.is_partial(), masked: cell.mask.is_some() },
            None => Withheld::default(),
        };
        self.columns.iter().map(of).collect()
    }

    fn cell(&self, state: &SessionState, schema: &DFSchema, column: &TableColumn) -> Result<Expr> {
        let Some(cell) = self.rules.cells.get(&column.id) else { return Ok(ident(&column.name)) };
        let shown = match cell.mask {
            Some(mask) => shown(state, schema, mask, column, &self.keys)?,
            None => ident(&column.name),
        };
        let covered =
            one_of(&cell.any_of).map(|condition| state.create_logical_expr(&condition, schema)).transpose()?;
        let shown = match covered {
            Some(covered) => when(covered, shown).end()?,
            None => shown,
        };
        Ok(shown.alias(&column.name))
    }
}

/// True where one of the conditions is.
fn one_of(conditions: &BTreeSet<String>) -> Option<String> {
    let texts: Vec<String> = conditions.iter().map(|condition| format!("(({condition}) IS TRUE)")).collect();
    (!texts.is_empty()).then(|| texts.join(" OR "))
}

#[async_trait]
impl TableProvider for RuledTable {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
    fn table_type(&self) -> TableType {
        TableType::Base
    }
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Unsupported; filters.len()])
    }
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(state) = state.as_any().downcast_ref::<SessionState>() else {
            return internal_err!("the barrier needs a session state");
        };
        let label = self.source.table.label();
        let wanted = projected(&self.columns, projection);
        // In one partition the visible rows come in the order of their files, wherever hidden ones stand between them.
        let settings = state.config().clone().with_target_partitions(1);
        let apart = SessionStateBuilder::new_from_existing(state.clone()).with_config(settings).build();
        let planned = async { apart.create_physical_plan(&self.inner_plan(&apart, &wanted)?).await };
        let inner = planned.await.map_err(|error| hide(error, &label))?;
        Ok(Arc::new(BarrierExec::new(inner, Source::schema(wanted.iter()), label)))
    }
}

/// All columns and rows, for the rule alone.
#[derive(Debug)]
struct RawTable {
    source: Arc<Source>,
    schema: SchemaRef,
}

impl RawTable {
    fn new(source: Arc<Source>) -> Self {
        let schema = Source::schema(source.table.columns.iter());
        Self { source, schema }
    }
}

#[async_trait]
impl TableProvider for RawTable {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
    fn table_type(&self) -> TableType {
        TableType::Base
    }
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projected(&self.source.table.columns, projection);
        self.source.read(&columns, state.config().target_partitions(), limit)
    }
}

/// Runs the inner plan where nobody can look into it.
#[derive(Debug)]
struct BarrierExec {
    inner: Arc<dyn ExecutionPlan>,
    label: String,
    properties: Arc<PlanProperties>,
}

impl BarrierExec {
    /// One partition, whatever the files are: it shows in `EXPLAIN`, and the optimizer deals the rows out above.
    fn new(inner: Arc<dyn ExecutionPlan>, schema: SchemaRef, label: String) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { inner, label, properties: Arc::new(properties) }
    }
}

/// The rows of the inner plan in batches of one size, so that their bounds do not tell where hidden rows stand, and in
/// buffers that hold nothing else.
fn released(
    rows: impl Stream<Item = Result<RecordBatch>> + Send,
    schema: SchemaRef,
    size: usize,
) -> impl Stream<Item = Result<RecordBatch>> + Send {
    try_stream! {
        let mut even = BatchCoalescer::new(Arc::clone(&schema), size.max(1));
        let mut rows = std::pin::pin!(rows);
        while let Some(batch) = rows.next().await {
            even.push_batch(batch?.with_schema(Arc::clone(&schema))?)?;
            while let Some(batch) = even.next_completed_batch() {
                yield clean(&batch)?;
            }
        }
        even.finish_buffered_batch()?;
        while let Some(batch) = even.next_completed_batch() {
            yield clean(&batch)?;
        }
    }
}

fn clean(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(scrubbed).collect::<std::result::Result<Vec<_>, _>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &rows)?)
}

impl DisplayAs for BarrierExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = self.schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "GovernedScan: table={}, columns=[{}]", self.label, columns.join(", "))
    }
}

impl ExecutionPlan for BarrierExec {
    fn name(&self) -> &str {
        "GovernedScan"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }
    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (label, schema) = (self.label.clone(), self.schema());
        let size = context.session_config().batch_size();
        let rows = self.inner.execute(partition, context).map_err(|error| hide(error, &label))?;
        let shown = released(rows, Arc::clone(&schema), size);
        let shown = hide_all(Box::pin(RecordBatchStreamAdapter::new(schema, shown)), label);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), shown)))
    }
    /// A recursive query runs it anew each time; the inner plan is no child that would be reset.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = reset_plan_states(Arc::clone(&self.inner))?;
        Ok(Arc::new(Self { inner, label: self.label.clone(), properties: Arc::clone(&self.properties) }))
    }
    /// The default answer of a node without children would claim every condition as done.
    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::all_unsupported(result))
    }
}
