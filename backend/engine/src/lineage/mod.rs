//! Column lineage, captured from a bound plan: for each column of what a query gives out, the columns it comes from.
//!
//! # Which plan
//! The plan as the binder leaves it, before analysis and optimisation. There every name is resolved, `*` is spelled out and
//! views stand as their own plans, and everything else is as its author wrote it. The analyser would add casts that nobody
//! wrote; the optimiser would fold expressions, move conditions of `WHERE` into joins and turn subqueries into joins, so
//! that the answer would change with the version of the optimiser.
//!
//! # Values and influences
//! The division is that of OpenLineage's facet `columnLineage` ([`ValueKind::transformation`],
//! [`InfluenceKind::transformation`]). A *value edge* (there `DIRECT`) says that cells of the source went into cells of the
//! output. An *influence* (there `INDIRECT`) says that they decided which rows appear, meet, become one, come first, are
//! looked over by a window, or which branch gives a value:
//!
//! - `CASE`: the branches are value edges as each of them is, the conditions influences; so is what is compared in
//!   `CASE x WHEN`. `COALESCE` and `nvl`: each argument is both. `NULLIF`: the first argument is both, the second decides.
//! - Comparisons and `IN (SELECT ..)` in a select list: both sides are computed values. `EXISTS`: influences alone.
//! - `count(*)`, `row_number()` and the like have no value edge. `grouping(a)` has none: it tells of the set.
//! - Whatever decided within a subquery goes on deciding about what uses it, with its own kind: a correlated condition
//!   `WHERE inner.k = outer.k` is a filter, with sources on both sides.
//! - Set operations: columns of all sides by their position for `UNION`; for `INTERSECT` and `EXCEPT` those of the left
//!   side, and the right side decides, as a join. What removes duplicates groups by every column.
//! - A join written in `WHERE` is a filter. The shared column of `USING` and `NATURAL` is what the binder takes for it.
//! - Unnested lists: the element is computed, and the list decides about all rows, as a join.
//!
//! What decides about all rows stands once, in [`Lineage::influences`]; what decides about the cells of a single output
//! (windows, `FILTER` and `ORDER BY` of an aggregate, conditions, whatever a subquery in the select list brings along)
//! stands with that output.
//!
//! # Kinds
//! Along one way from source to output the greatest [`ValueKind`] holds. Ways of different kinds are edges of their own, so
//! that a column which takes a source both masked and bare says so. A mask is known by the barrier's rules or by the digest
//! that was called; expressions such as `left(name, 1)` are computed, whatever their author meant by them.
//!
//! Row filters and conditions on cells that the policy puts on a table are no part of a query's lineage: they differ by
//! caller, and their columns may be hidden from him.
//!
//! # What is not understood
//! is answered with too much and marked `approximate`: every column below is a computed value of every column above.

mod answer;
mod expression;
mod function;
mod node;
mod scan;
mod text;
mod traced;
mod unnest;

pub use answer::{Influence, InfluenceKind, Lineage, Output, Source, Transformation, ValueEdge, ValueKind};

use datafusion::{common::tree_node::TreeNodeRecursion, logical_expr::LogicalPlan};

use crate::query::STACK;
use node::{Around, relation, written_plan};
use scan::scanned;
use traced::{Column, Relation};

/// The lineage of what a bound plan gives out, or writes if it is one that writes.
///
/// It depends on the plan alone. It never fails: where the plan is beyond understanding, the answer is `approximate`.
pub fn of(plan: &LogicalPlan) -> Lineage {
    // Plans are as deep as texts may be, and the caller's stack may be small.
    let walked = std::thread::scope(|scope| {
        let walk = || relation(plan, Around::default());
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, walk).ok()?;
        thread.join().ok()
    });
    let schema = written_plan(plan).schema();
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    walked.unwrap_or_else(|| unwalked(plan, names.len())).handed_out(&names)
}

/// Every column of every table that the plan reads, for every output.
fn unwalked(plan: &LogicalPlan, width: usize) -> Relation {
    let mut read = Relation::default();
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            read.columns.extend(scanned(scan, Around::default()).columns);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    tracing::warn!(whole = walked.is_ok(), "the lineage of a plan could not be walked");
    let all = Column { approximate: true, ..read.blended() };
    Relation { columns: vec![all; width], approximate: true, ..Relation::default() }
}
