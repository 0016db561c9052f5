//! A leaf around a scan: shows neither paths nor columns beyond its own, and marks the errors that come out of it.

use arrow::datatypes::SchemaRef;
use datafusion::{
    common::{Result, Statistics, config::ConfigOptions, stats::Precision},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
        filter_pushdown::{ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation},
        stream::RecordBatchStreamAdapter,
    },
};
use std::{any::Any, fmt, sync::Arc};

use crate::faults::{hide, hide_all};

/// The scan of a table that its caller may read whole, as far as its columns go.
#[derive(Debug, Clone)]
pub(crate) struct GuardedScan {
    inner: Arc<dyn ExecutionPlan>,
    label: String,
    /// Bytes of all files, where every column is visible: what the optimizer may know to order joins.
    size: Option<u64>,
}

impl GuardedScan {
    pub fn new(inner: Arc<dyn ExecutionPlan>, label: String, size: Option<u64>) -> Self {
        Self { inner, label, size }
    }
    fn around(&self, inner: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { inner, ..self.clone() })
    }
}

impl DisplayAs for GuardedScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schema = self.inner.schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "Scan: table={}, columns=[{}]", self.label, columns.join(", "))
    }
}

impl ExecutionPlan for GuardedScan {
    fn name(&self) -> &str {
        "Scan"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }
    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }
    fn repartitioned(&self, partitions: usize, config: &ConfigOptions) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        Ok(self.inner.repartitioned(partitions, config)?.map(|inner| self.around(inner)))
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let label = self.label.clone();
        let rows = self.inner.execute(partition, context).map_err(|error| hide(error, &label))?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), hide_all(rows, label))))
    }
    fn partition_statistics(&self, partition: Option<usize>) -> Result<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        if let (None, Some(size)) = (partition, self.size) {
            statistics.total_byte_size = Precision::Inexact(usize::try_from(size).unwrap_or(usize::MAX));
        }
        Ok(statistics)
    }
    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        self.inner.with_fetch(limit).map(|inner| self.around(inner))
    }
    fn fetch(&self) -> Option<usize> {
        self.inner.fetch()
    }
    /// Conditions reach the inner scan to skip row groups by their statistics; the rows still pass the filter above.
    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let answer = self.inner.handle_child_pushdown_result(phase, result, config)?;
        Ok(FilterPushdownPropagation {
            filters: answer.filters,
            updated_node: answer.updated_node.map(|inner| self.around(inner)),
        })
    }
}
