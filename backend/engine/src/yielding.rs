//! Keeps planning and execution interruptible: between optimizer rules, and inside joins that work long without output.

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, FieldRef, Schema},
};
use datafusion::{
    common::{
        DataFusionError, Result,
        config::ConfigOptions,
        tree_node::{Transformed, TransformedResult, TreeNode},
    },
    logical_expr::{ColumnarValue, LogicalPlan},
    optimizer::{OptimizerConfig, OptimizerRule},
    physical_expr::PhysicalExpr,
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{
        ExecutionPlan,
        coop::CooperativeExec,
        joins::{
            CrossJoinExec, HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
            utils::JoinFilter,
        },
        unnest::UnnestExec,
    },
};
use std::{any::Any, fmt, hash::Hash, sync::Arc};

use crate::ledger::Ledger;

/// Fails once the query is to stop.
fn go_on(ledger: &Ledger) -> Result<()> {
    match ledger.stopped() {
        Some(stop) => Err(DataFusionError::External(Box::new(stop))),
        None => Ok(()),
    }
}

/// Stands between the rules of the optimizers and ends planning when time is up.
#[derive(Debug)]
pub(crate) struct StopRule(pub Arc<Ledger>);

impl OptimizerRule for StopRule {
    fn name(&self) -> &str {
        "stop"
    }
    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        go_on(&self.0)?;
        Ok(Transformed::no(plan))
    }
}

impl PhysicalOptimizerRule for StopRule {
    fn name(&self) -> &str {
        "stop"
    }
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        go_on(&self.0)?;
        Ok(plan)
    }
    fn schema_check(&self) -> bool {
        true
    }
}

/// The last physical rule: operators that make many rows of few give way after each batch, and the conditions of joins
/// look whether the query is to stop, because a join whose condition never holds gives no batch at all.
#[derive(Debug)]
pub(crate) struct YieldRule(pub Arc<Ledger>);

impl PhysicalOptimizerRule for YieldRule {
    fn name(&self) -> &str {
        "yield"
    }
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| self.interruptible(node)).data()
    }
    fn schema_check(&self) -> bool {
        true
    }
}

impl YieldRule {
    fn interruptible(&self, node: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
        let any = node.as_any();
        let watched: Arc<dyn ExecutionPlan> = if let Some(join) = any.downcast_ref::<NestedLoopJoinExec>() {
            self.nested_loop(join)?
        } else if let Some(join) = any.downcast_ref::<HashJoinExec>().filter(|join| join.filter().is_some()) {
            let filter = join.filter().map(|filter| self.watch(filter));
            Arc::new(join.builder().with_filter(filter).build()?)
        } else if any.is::<CrossJoinExec>()
            || any.is::<HashJoinExec>()
            || any.is::<SortMergeJoinExec>()
            || any.is::<UnnestExec>()
        {
            node
        } else {
            return Ok(Transformed::no(node));
        };
        Ok(Transformed::yes(Arc::new(CooperativeExec::new(watched))))
    }

    fn nested_loop(&self, join: &NestedLoopJoinExec) -> Result<Arc<dyn ExecutionPlan>> {
        let built =
            NestedLoopJoinExecBuilder::new(Arc::clone(join.left()), Arc::clone(join.right()), *join.join_type())
                .with_filter(join.filter().map(|filter| self.watch(filter)))
                .with_projection_ref(join.projection().clone())
                .build()?;
        Ok(Arc::new(built))
    }

    fn watch(&self, filter: &JoinFilter) -> JoinFilter {
        let watched = Watched { inner: Arc::clone(filter.expression()), ledger: Arc::clone(&self.0) };
        JoinFilter::new(Arc::new(watched), filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    }
}

/// A condition that fails once the query is to stop.
#[derive(Debug, Clone)]
struct Watched {
    inner: Arc<dyn PhysicalExpr>,
    ledger: Arc<Ledger>,
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}
impl Eq for Watched {}
impl Hash for Watched {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}
impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

impl PhysicalExpr for Watched {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }
    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        go_on(&self.ledger)?;
        self.inner.evaluate(batch)
    }
    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }
    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, ledger: Arc::clone(&self.ledger) }))
    }
    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
