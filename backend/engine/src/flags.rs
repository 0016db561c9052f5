//! Which columns of a result hold masked cells, or cells of which some are withheld, and what was computed over such
//! (access rule 2).
//!
//! The answer follows from the bound text and from the rules of its tables alone, never from a value.

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::{
    common::{Result, tree_node::TreeNode, tree_node::TreeNodeRecursion},
    datasource::source_as_provider,
    logical_expr::{Distinct, Expr, JoinType, LogicalPlan, TableScan, logical_plan::Subquery},
};
use std::{ops::BitOr, sync::Arc};

use crate::barrier::RuledTable;

/// The key of a field's metadata in Arrow results; its value is `partial`, `masked` or `partial,masked`.
pub const METADATA_KEY: &str = "lakegate.cells";

/// What is not as it is in the cells of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Cells of some rows are withheld as NULL, or went into it as NULL.
    pub partial: bool,
    /// Cells show something else instead of their values, or that went into it.
    pub masked: bool,
}

impl BitOr for Withheld {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self { partial: self.partial || other.partial, masked: self.masked || other.masked }
    }
}

impl Withheld {
    fn text(self) -> Option<&'static str> {
        match (self.partial, self.masked) {
            (false, false) => None,
            (true, false) => Some("partial"),
            (false, true) => Some("masked"),
            (true, true) => Some("partial,masked"),
        }
    }

    /// What the metadata of a result's field says.
    pub fn of(field: &Field) -> Self {
        let text = field.metadata().get(METADATA_KEY).map(String::as_str).unwrap_or_default();
        Self { partial: text.contains("partial"), masked: text.contains("masked") }
    }
}

/// A schema whose fields say what is withheld of their cells, as a bound plan has it.
pub(crate) fn flagged(schema: &SchemaRef, bound: &LogicalPlan) -> Result<SchemaRef> {
    let columns = columns(bound, Withheld::default())?;
    let fields = schema.fields().iter().enumerate().map(|(nth, field)| {
        let Some(text) = columns.get(nth).and_then(|column| column.text()) else { return Arc::clone(field) };
        let mut metadata = field.metadata().clone();
        metadata.insert(METADATA_KEY.to_owned(), text.to_owned());
        Arc::new(field.as_ref().clone().with_metadata(metadata))
    });
    Ok(Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())))
}

/// One entry a column of what a node gives out; `outer` is what surrounds a correlated subquery.
fn columns(plan: &LogicalPlan, outer: Withheld) -> Result<Vec<Withheld>> {
    match plan {
        LogicalPlan::TableScan(scan) => scanned(scan),
        LogicalPlan::Projection(node) => computed(&node.expr, &node.input, outer),
        LogicalPlan::SubqueryAlias(node) => columns(&node.input, outer),
        LogicalPlan::Filter(node) => columns(&node.input, outer),
        LogicalPlan::Sort(node) => columns(&node.input, outer),
        LogicalPlan::Limit(node) => columns(&node.input, outer),
        LogicalPlan::Distinct(Distinct::All(input)) => columns(input, outer),
        LogicalPlan::Distinct(Distinct::On(node)) => computed(&node.select_expr, &node.input, outer),
        LogicalPlan::Window(node) => {
            let mut all = columns(&node.input, outer)?;
            all.extend(computed(&node.window_expr, &node.input, outer)?);
            Ok(all)
        }
        LogicalPlan::Aggregate(node) => {
            let groups = computed(&node.group_expr, &node.input, outer)?;
            let aggregates = computed(&node.aggr_expr, &node.input, outer)?;
            let width = plan.schema().fields().len().saturating_sub(aggregates.len());
            // Grouping sets give out more columns than they are expressions.
            let groups = if groups.len() == width { groups } else { vec![all_of(&groups); width] };
            Ok(groups.into_iter().chain(aggregates).collect())
        }
        LogicalPlan::Join(node) => joined(plan, node.join_type, (&node.left, &node.right), outer),
        LogicalPlan::Union(node) => {
            let mut each = vec![Withheld::default(); plan.schema().fields().len()];
            for input in &node.inputs {
                for (held, more) in each.iter_mut().zip(columns(input, outer)?) {
                    *held = *held | more;
                }
            }
            Ok(each)
        }
        other => anything(other, outer),
    }
}

/// A node of which nothing more is known: whatever goes in may come out anywhere.
fn anything(plan: &LogicalPlan, outer: Withheld) -> Result<Vec<Withheld>> {
    let mut all = Withheld::default();
    for input in plan.inputs() {
        all = all | all_of(&columns(input, outer)?);
    }
    Ok(vec![all; plan.schema().fields().len()])
}

fn all_of(columns: &[Withheld]) -> Withheld {
    columns.iter().fold(Withheld::default(), |all, column| all | *column)
}

fn scanned(scan: &TableScan) -> Result<Vec<Withheld>> {
    let provider = source_as_provider(&scan.source)?;
    let Some(ruled) = provider.as_any().downcast_ref::<RuledTable>() else {
        return Ok(vec![Withheld::default(); scan.projected_schema.fields().len()]);
    };
    let all = ruled.withheld();
    Ok(match &scan.projection {
        Some(places) => places.iter().map(|place| all.get(*place).copied().unwrap_or_default()).collect(),
        None => all,
    })
}

fn joined(
    plan: &LogicalPlan,
    kind: JoinType,
    (left, right): (&LogicalPlan, &LogicalPlan),
    outer: Withheld,
) -> Result<Vec<Withheld>> {
    let (left, right) = (columns(left, outer)?, columns(right, outer)?);
    Ok(match kind {
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => left.into_iter().chain(right).collect(),
        JoinType::LeftSemi | JoinType::LeftAnti => left,
        JoinType::RightSemi | JoinType::RightAnti => right,
        // The mark tells whether some row of the other side fits.
        JoinType::LeftMark | JoinType::RightMark => {
            let both = all_of(&left) | all_of(&right);
            vec![both; plan.schema().fields().len()]
        }
    })
}

fn computed(expressions: &[Expr], input: &LogicalPlan, outer: Withheld) -> Result<Vec<Withheld>> {
    let below = columns(input, outer)?;
    expressions.iter().map(|expression| one(expression, input, &below, outer)).collect()
}

/// What goes into an expression over the columns of `input`.
fn one(expression: &Expr, input: &LogicalPlan, below: &[Withheld], outer: Withheld) -> Result<Withheld> {
    let mut found = Withheld::default();
    let around = all_of(below) | outer;
    expression.apply(|part| {
        let more = match part {
            Expr::Column(column) => {
                let place = input.schema().maybe_index_of_column(column);
                place.and_then(|place| below.get(place).copied()).unwrap_or_default()
            }
            Expr::OuterReferenceColumn(..) => outer,
            Expr::ScalarSubquery(query) => inside(query, around)?,
            Expr::Exists(exists) => inside(&exists.subquery, around)?,
            Expr::InSubquery(within) => inside(&within.subquery, around)?,
            _ => Withheld::default(),
        };
        found = found | more;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn inside(query: &Subquery, around: Withheld) -> Result<Withheld> {
    Ok(all_of(&columns(&query.subquery, around)?))
}
