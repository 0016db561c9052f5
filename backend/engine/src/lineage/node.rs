//! What the nodes of a plan make of the columns below them.

use datafusion::{
    common::{Column as Name, DFSchema},
    logical_expr::{
        Aggregate, DdlStatement, Distinct, DistinctOn, Expr, Filter, Join, JoinType, Limit, LogicalPlan,
        RecursiveQuery, Sort, Union, Unnest, Values, Window, WriteOp, utils::grouping_set_to_exprlist,
    },
};

use super::{
    answer::{InfluenceKind, ValueKind},
    expression::{Here, Part},
    scan::scanned,
    text::text,
    traced::{Column, Relation, Text},
    unnest::unnested,
};

/// Most rounds in which a recursive query settles, by how many others it stands in: what does not settle by then is taken
/// for a blend of all its columns, so that one in another does not multiply without bound.
const ROUNDS_MAX: [usize; 2] = [64, 8];

/// What stands around a node: the columns of the queries that it is part of, and the recursive queries that it is in.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'a> {
    pub outer: Option<&'a Outer<'a>>,
    pub work: Option<&'a Work<'a>>,
}

/// The columns of a query that surrounds a correlated one.
pub(super) struct Outer<'a> {
    pub parent: Option<&'a Outer<'a>>,
    pub parts: &'a [Part<'a>],
}

/// What is known so far of a recursive query, for the places where it reads itself.
pub(super) struct Work<'a> {
    parent: Option<&'a Work<'a>>,
    name: &'a str,
    columns: &'a [Column],
}

impl Around<'_> {
    /// A column of a surrounding query, the innermost that has it.
    pub fn column(&self, name: &Name) -> Option<Column> {
        let mut next = self.outer;
        while let Some(outer) = next {
            let found = Here { parts: outer.parts, around: Self::default() }.column(name);
            if let Some(found) = found {
                return Some(found.clone().settled());
            }
            next = outer.parent;
        }
        None
    }

    /// All columns of all surrounding queries.
    pub fn anything(&self) -> Column {
        let mut all = Column::default();
        let mut next = self.outer;
        while let Some(outer) = next {
            for column in outer.parts.iter().flat_map(|(_, columns)| *columns) {
                all.absorb(&column.clone().lifted(ValueKind::Computed));
            }
            next = outer.parent;
        }
        all
    }

    /// Rounds that a recursive query may take here.
    fn rounds(&self) -> usize {
        let mut depth = 0;
        let mut next = self.work;
        while let Some(work) = next {
            depth += 1;
            next = work.parent;
        }
        ROUNDS_MAX.get(depth).copied().unwrap_or(1)
    }

    /// The columns of a recursive query by its name.
    pub fn recursion(&self, name: &str) -> Option<Vec<Column>> {
        let mut next = self.work;
        while let Some(work) = next {
            if work.name == name {
                return Some(work.columns.to_vec());
            }
            next = work.parent;
        }
        None
    }
}

/// What a node gives out.
pub(super) fn relation(plan: &LogicalPlan, around: Around<'_>) -> Relation {
    let found = match plan {
        LogicalPlan::TableScan(scan) => scanned(scan, around),
        LogicalPlan::Projection(node) => projected(&node.expr, &node.input, around),
        LogicalPlan::Filter(node) => filtered(node, around),
        LogicalPlan::Sort(node) => sorted(node, around),
        LogicalPlan::Window(node) => windowed(node, around),
        LogicalPlan::Aggregate(node) => aggregated(node, around),
        LogicalPlan::Join(node) => joined(node, around),
        LogicalPlan::Union(node) => united(node, around),
        LogicalPlan::Distinct(Distinct::All(input)) => distinct(input, around),
        LogicalPlan::Distinct(Distinct::On(node)) => distinct_on(node, around),
        LogicalPlan::Unnest(node) => unnesting(node, around),
        LogicalPlan::RecursiveQuery(node) => recursive(node, around),
        LogicalPlan::SubqueryAlias(node) => relation(&node.input, around),
        LogicalPlan::Subquery(node) => relation(&node.subquery, around),
        LogicalPlan::Limit(node) => limited(node, around),
        LogicalPlan::Repartition(node) => relation(&node.input, around),
        LogicalPlan::Values(node) => valued(node, around),
        LogicalPlan::EmptyRelation(_) => constants(plan),
        // What they tell of plans and schemas is in no cell.
        LogicalPlan::Explain(_) | LogicalPlan::DescribeTable(_) | LogicalPlan::Statement(_) => constants(plan),
        LogicalPlan::Analyze(_) | LogicalPlan::Extension(_) => anything(plan, around),
        LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) | LogicalPlan::Copy(_) => written(plan, around),
    };
    // A column that got lost would be a silent gap.
    if found.columns.len() == written_plan(plan).schema().fields().len() { found } else { anything(plan, around) }
}

/// What a statement writes, or the plan itself: the plan whose columns the lineage is of.
pub(super) fn written_plan(plan: &LogicalPlan) -> &LogicalPlan {
    match plan {
        LogicalPlan::Dml(node) => &node.input,
        LogicalPlan::Copy(node) => &node.input,
        LogicalPlan::Ddl(DdlStatement::CreateView(node)) => &node.input,
        LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(node)) => &node.input,
        other => other,
    }
}

fn written(plan: &LogicalPlan, around: Around<'_>) -> Relation {
    let source = written_plan(plan);
    if std::ptr::eq(source, plan) {
        return constants(plan);
    }
    let mut rows = relation(source, around);
    // What is deleted goes nowhere.
    if let LogicalPlan::Dml(node) = plan
        && matches!(node.op, WriteOp::Delete | WriteOp::Truncate)
    {
        rows.columns.fill(Column::default());
    }
    rows
}

fn constants(plan: &LogicalPlan) -> Relation {
    Relation::of(vec![Column::default(); plan.schema().fields().len()])
}

/// Rows that are written out; beside another relation they may name its columns.
fn valued(node: &Values, around: Around<'_>) -> Relation {
    let here = Here { parts: &[], around };
    let mut columns = vec![Column::default(); node.schema.fields().len()];
    for row in &node.values {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.absorb(&here.named(cell).settled());
        }
    }
    Relation::of(columns)
}

fn limited(node: &Limit, around: Around<'_>) -> Relation {
    let mut below = relation(&node.input, around);
    let here = Here { parts: &[], around };
    for number in node.skip.iter().chain(&node.fetch) {
        here.decide(number, InfluenceKind::Filter, &mut below);
    }
    below
}

/// A node of which nothing more is known: whatever goes in may come out anywhere.
fn anything(plan: &LogicalPlan, around: Around<'_>) -> Relation {
    let inputs: Vec<(&DFSchema, Relation)> =
        plan.inputs().into_iter().map(|input| (&**input.schema(), relation(input, around))).collect();
    let mut all = Column { approximate: true, ..Column::default() };
    let mut rows = Relation { approximate: true, ..Relation::default() };
    for (_, input) in &inputs {
        all.absorb(&input.blended());
        rows.ruled_by(input);
    }
    let parts: Vec<Part<'_>> = inputs.iter().map(|(schema, input)| (*schema, &input.columns[..])).collect();
    let here = Here { parts: &parts, around };
    for expression in plan.expressions() {
        all.absorb(&here.value(&expression).lifted(ValueKind::Computed));
    }
    rows.columns = vec![all; written_plan(plan).schema().fields().len()];
    rows
}

fn projected(expressions: &[Expr], input: &LogicalPlan, around: Around<'_>) -> Relation {
    let below = relation(input, around);
    let columns = projection(expressions, input, &below, around);
    Relation { columns, ..below }
}

fn projection(expressions: &[Expr], input: &LogicalPlan, below: &Relation, around: Around<'_>) -> Vec<Column> {
    let here = Here { parts: &[(input.schema(), &below.columns)], around };
    expressions.iter().map(|expression| here.named(expression)).collect()
}

fn filtered(node: &Filter, around: Around<'_>) -> Relation {
    let mut below = relation(&node.input, around);
    let columns = std::mem::take(&mut below.columns);
    let here = Here { parts: &[(node.input.schema(), &columns)], around };
    here.decide(&node.predicate, InfluenceKind::Filter, &mut below);
    Relation { columns, ..below }
}

fn sorted(node: &Sort, around: Around<'_>) -> Relation {
    // A subquery in a key may name columns that the select list left out.
    if let LogicalPlan::Projection(list) = &*node.input {
        let mut below = relation(&list.input, around);
        let columns = projection(&list.expr, &list.input, &below, around);
        let all = std::mem::take(&mut below.columns);
        let parts: [Part<'_>; 2] = [(&list.schema, &columns), (list.input.schema(), &all)];
        Here { parts: &parts, around }.sort(&node.expr, &mut below);
        return Relation { columns, ..below };
    }
    let mut below = relation(&node.input, around);
    let columns = std::mem::take(&mut below.columns);
    Here { parts: &[(node.input.schema(), &columns)], around }.sort(&node.expr, &mut below);
    Relation { columns, ..below }
}

fn windowed(node: &Window, around: Around<'_>) -> Relation {
    let mut below = relation(&node.input, around);
    let here = Here { parts: &[(node.input.schema(), &below.columns)], around };
    let computed: Vec<Column> = node.window_expr.iter().map(|expression| here.named(expression)).collect();
    below.columns.extend(computed);
    below
}

fn aggregated(node: &Aggregate, around: Around<'_>) -> Relation {
    let mut below = relation(&node.input, around);
    let columns = std::mem::take(&mut below.columns);
    let here = Here { parts: &[(node.input.schema(), &columns)], around };
    let Ok(keys) = grouping_set_to_exprlist(&node.group_expr) else { return below };
    for key in &keys {
        below.decided_by(&here.value(key), InfluenceKind::Group, &text(key, &here));
    }
    let mut given: Vec<Column> = keys.into_iter().map(|key| here.named(key)).collect();
    let width = node.schema.fields().len().saturating_sub(node.aggr_expr.len());
    // Grouping sets give out one column more, which says what set a row is of.
    if matches!(&node.group_expr[..], [Expr::GroupingSet(_)]) && given.len() + 1 == width {
        given.push(Column::default());
    }
    given.extend(node.aggr_expr.iter().map(|expression| here.named(expression)));
    Relation { columns: given, ..below }
}

fn joined(node: &Join, around: Around<'_>) -> Relation {
    let left = relation(&node.left, around);
    let beside = Outer { parent: around.outer, parts: &[(node.left.schema(), &left.columns)] };
    let right = relation(&node.right, Around { outer: Some(&beside), ..around });
    let mut rows = Relation::default();
    rows.ruled_by(&left);
    rows.ruled_by(&right);
    let here = Here { parts: &[(node.left.schema(), &left.columns), (node.right.schema(), &right.columns)], around };
    for (one, other) in &node.on {
        let pair = text(&one.clone().eq(other.clone()), &here);
        rows.decided_by(&here.value(one), InfluenceKind::Join, &pair);
        rows.decided_by(&here.value(other), InfluenceKind::Join, &pair);
    }
    if let Some(condition) = &node.filter {
        here.decide(condition, InfluenceKind::Join, &mut rows);
    }
    rows.columns = match node.join_type {
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
            left.columns.into_iter().chain(right.columns).collect()
        }
        JoinType::LeftSemi | JoinType::LeftAnti => left.columns,
        JoinType::RightSemi | JoinType::RightAnti => right.columns,
        // The mark follows from the condition, which decides about all columns already.
        JoinType::LeftMark => left.columns.into_iter().chain([Column::default()]).collect(),
        JoinType::RightMark => right.columns.into_iter().chain([Column::default()]).collect(),
    };
    rows
}

fn united(node: &Union, around: Around<'_>) -> Relation {
    let mut inputs = node.inputs.iter().map(|input| relation(input, around));
    let mut all = inputs.next().unwrap_or_default();
    for more in inputs {
        all.beside(&more);
    }
    all
}

fn distinct(input: &LogicalPlan, around: Around<'_>) -> Relation {
    let mut below = relation(input, around);
    below.decided_by_itself(InfluenceKind::Group, &Text::from("DISTINCT"));
    below
}

fn distinct_on(node: &DistinctOn, around: Around<'_>) -> Relation {
    let mut below = relation(&node.input, around);
    let columns = std::mem::take(&mut below.columns);
    let here = Here { parts: &[(node.input.schema(), &columns)], around };
    for key in &node.on_expr {
        below.decided_by(&here.value(key), InfluenceKind::Group, &text(key, &here));
    }
    here.sort(node.sort_expr.as_deref().unwrap_or_default(), &mut below);
    let columns = node.select_expr.iter().map(|expression| here.named(expression)).collect();
    Relation { columns, ..below }
}

fn unnesting(node: &Unnest, around: Around<'_>) -> Relation {
    unnested(node, relation(&node.input, around))
}

/// Goes round until nothing new comes in: edges are only ever added, and there are finitely many.
fn recursive(node: &RecursiveQuery, around: Around<'_>) -> Relation {
    let mut known = relation(&node.static_term, around);
    for _ in 0..around.rounds() {
        let work = Work { parent: around.work, name: &node.name, columns: &known.columns };
        let again = relation(&node.recursive_term, Around { work: Some(&work), ..around });
        let mut more = known.clone();
        more.beside(&again);
        let settled = more.same_edges(&known);
        known = more;
        if settled {
            if node.is_distinct {
                known.decided_by_itself(InfluenceKind::Group, &Text::from("DISTINCT"));
            }
            return known;
        }
    }
    // One round was enough to meet every source that there is.
    let all = Column { approximate: true, ..known.blended() };
    let columns = vec![all; known.columns.len()];
    let mut rows = Relation { columns, approximate: true, ..known };
    rows.decided_by_itself(InfluenceKind::Group, &Text::from("DISTINCT"));
    rows
}
