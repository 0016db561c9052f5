//! `FILTER (WHERE c)` counts rows for which `c` is true, not those for which it is unknown.
//!
//! The grouped count of the engine's library looks at the value beneath an unknown condition.

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    functions::core::expr_fn::coalesce,
    logical_expr::{Expr, LogicalPlan, expr_rewriter::NamePreserver, lit},
    optimizer::AnalyzerRule,
};

/// Makes conditions of aggregates false where they are unknown.
#[derive(Debug)]
pub(crate) struct KnownFilters;

impl AnalyzerRule for KnownFilters {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let each = |node: LogicalPlan| {
            let names = NamePreserver::new(&node);
            node.map_expressions(|expression| {
                let name = names.save(&expression);
                Ok(expression.transform_up(known)?.update_data(|changed| name.restore(changed)))
            })
        };
        Ok(plan.transform_up_with_subqueries(each)?.data)
    }

    fn name(&self) -> &str {
        "known_filters"
    }
}

fn known(expression: Expr) -> Result<Transformed<Expr>> {
    let Expr::AggregateFunction(mut function) = expression else { return Ok(Transformed::no(expression)) };
    let Some(filter) = function.params.filter.take() else {
        return Ok(Transformed::no(Expr::AggregateFunction(function)));
    };
    function.params.filter = Some(Box::new(coalesce(vec![*filter, lit(false)])));
    Ok(Transformed::yes(Expr::AggregateFunction(function)))
}
