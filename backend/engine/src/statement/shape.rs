//! What a parsed text would grow into: how deep, over how many tables, and whether a change hides inside a query.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, Query, Select, SetExpr, Statement, TableFactor, Visit, Visitor,
    visit_relations,
};
use lakegate_model::Fault;
use std::{collections::HashMap, ops::ControlFlow};

use super::{only_reading, refused, too_complex};
use crate::CATALOG;

/// Deepest expression: a chain of so many operators.
const EXPRESSION_DEPTH_MAX: usize = 500;
/// Most tables, once every common table expression is written out.
const RELATIONS_MAX: u64 = 512;

/// Walks the statement once: depth of expressions, number of tables, and changes hidden inside a query.
pub(super) fn check_shape(statement: &Statement) -> Result<(), Fault> {
    let mut shape = Shape::default();
    if let ControlFlow::Break(fault) = statement.visit(&mut shape) {
        return Err(fault);
    }
    shape.check_expansion()
}

#[derive(Default)]
struct Shape {
    depth: usize,
    tables: u64,
    /// Each common table expression with the tables it names, as found.
    expressions: Vec<(String, Vec<String>)>,
    named: Vec<String>,
}

impl Visitor for Shape {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Fault> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.expressions.push((folded(&cte.alias.name), relations(&cte.query)));
        }
        check_body(&query.body)
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Fault> {
        self.named.push(last_part(name));
        let hides = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect::<Vec<_>>();
        // Settings name folders of the server; to the caller there is no such table.
        if let [.., schema, table] = &hides[..]
            && schema == "information_schema"
            && table == "df_settings"
        {
            let text = format!("Error during planning: table '{CATALOG}.information_schema.df_settings' not found");
            return ControlFlow::Break(refused(text));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<Fault> {
        self.tables += 1;
        if self.tables > RELATIONS_MAX {
            return ControlFlow::Break(too_complex("tables", RELATIONS_MAX as usize + 1, RELATIONS_MAX as usize));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Fault> {
        if let Err(message) = check_distinct(expression) {
            return ControlFlow::Break(refused(message.to_owned()));
        }
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return ControlFlow::Break(too_complex("chained operators", self.depth, EXPRESSION_DEPTH_MAX));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<Fault> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

/// The parser reads all that follows `IS DISTINCT FROM` as its right side, an `AND` or `OR` too, which every other system
/// reads apart: brackets make both readings one.
///
/// # Errors
/// A sentence for people.
pub(crate) fn check_distinct(expression: &Expr) -> Result<(), &'static str> {
    let (Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right)) = expression else { return Ok(()) };
    match **right {
        Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor, .. } => {
            Err("put brackets around IS DISTINCT FROM with both its sides, before AND or OR")
        }
        _ => Ok(()),
    }
}

impl Shape {
    /// Common table expressions are written out where they are used; doubling at each step would grow without bound.
    fn check_expansion(&self) -> Result<(), Fault> {
        let mut sizes: HashMap<&str, u64> = HashMap::new();
        for _ in 0..self.expressions.len().min(64) {
            let before = sizes.clone();
            for (name, used) in &self.expressions {
                let size = total(used.iter().filter(|table| *table != name), &sizes);
                sizes.insert(name, size.max(1));
            }
            if sizes == before {
                break;
            }
        }
        match total(self.named.iter(), &sizes) {
            size if size > RELATIONS_MAX => {
                Err(too_complex("tables after writing out WITH", size as usize, RELATIONS_MAX as usize))
            }
            _ => Ok(()),
        }
    }
}

fn total<'a>(names: impl Iterator<Item = &'a String>, sizes: &HashMap<&str, u64>) -> u64 {
    names.map(|name| sizes.get(name.as_str()).copied().unwrap_or(1)).fold(0, u64::saturating_add).min(1 << 40)
}

fn relations(query: &Query) -> Vec<String> {
    let mut names = Vec::new();
    let _ = visit_relations(query, |name| {
        names.push(last_part(name));
        ControlFlow::<()>::Continue(())
    });
    names
}

fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default()
}

fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

fn check_body(body: &SetExpr) -> ControlFlow<Fault> {
    let mut left = vec![body];
    while let Some(body) = left.pop() {
        match body {
            SetExpr::Insert(_) => return ControlFlow::Break(only_reading("INSERT")),
            SetExpr::Update(_) => return ControlFlow::Break(only_reading("UPDATE")),
            SetExpr::Delete(_) => return ControlFlow::Break(only_reading("DELETE")),
            SetExpr::Merge(_) => return ControlFlow::Break(only_reading("MERGE")),
            SetExpr::Select(select) if writes(select) => return ControlFlow::Break(only_reading("SELECT INTO")),
            SetExpr::SetOperation { left: a, right: b, .. } => left.extend([&**a, &**b]),
            _ => {}
        }
    }
    ControlFlow::Continue(())
}

fn writes(select: &Select) -> bool {
    select.into.is_some()
}
