//! The rows of a table: one field, one query.

use async_graphql::{Value, dynamic::ResolverContext};
use lakegate_model::Fault;
use lakegate_protocol::At;

use crate::{
    filter,
    order::{clause, order},
    page::Page,
    run::{Looking, Rows, cell, object, rows, tell_withheld},
    select::{Arguments, below, columns},
    shape::{Column, Table},
    sql,
};

/// A list as it will be asked.
struct Plan<'a> {
    /// What is read: first what is shown, then what cursors need beside it.
    read: Vec<&'a Column>,
    shown: usize,
    page: Page<'a>,
    /// Where the columns of the order stand in what is read.
    positions: Vec<usize>,
    sql: String,
}

/// The rows of a table as a connection.
///
/// # Errors
/// `invalid` naming an argument, and those of queries.
pub async fn resolve(ctx: &ResolverContext<'_>, looking: &Looking, table: &Table) -> Result<Value, Fault> {
    let at = At::of(ctx.ctx);
    let arguments = Arguments::read(|name| ctx.args.get(name).map(|value| value.as_value()))?;
    let nodes = below(ctx.ctx.field(), &["nodes"]);
    let edges = below(ctx.ctx.field(), &["edges", "node"]);
    let shown: Vec<String> = nodes.iter().chain(edges.iter().filter(|name| !nodes.contains(name))).cloned().collect();
    let cursors = below(ctx.ctx.field(), &["edges"]).iter().any(|name| name == "cursor")
        || below(ctx.ctx.field(), &["pageInfo"]).iter().any(|name| name.ends_with("Cursor"));
    let plan = Plan::make(&at, table, &columns(table, &shown), &arguments, cursors)?;
    let found = rows(&at, looking, plan.sql.clone()).await?;
    let names: Vec<String> = plan.read[..plan.shown].iter().map(|column| column.field.clone()).collect();
    tell_withheld(&at, &found.columns, &names);
    plan.connection(&at, found, cursors)
}

impl<'a> Plan<'a> {
    fn make(
        at: &At,
        table: &'a Table,
        shown: &[&'a Column],
        arguments: &Arguments,
        cursors: bool,
    ) -> Result<Self, Fault> {
        let order = order(table, arguments.order.as_ref(), shown)?;
        let condition = arguments.filter.as_ref().map(|filter| filter::condition(table, filter)).transpose()?;
        let foreign = order.iter().find(|sort| !shown.contains(&sort.column)).filter(|_| arguments.distinct);
        if let Some(sort) = foreign {
            let message = format!("{}: rows that are told apart are put in order by what is shown", sort.column.field);
            return Err(Fault::invalid("orderBy", message));
        }
        let mut read = shown.to_vec();
        if cursors {
            read.extend(order.iter().map(|sort| sort.column).filter(|column| !shown.contains(column)));
        }
        let positions = order.iter().filter_map(|sort| read.iter().position(|column| *column == sort.column)).collect();
        let what = format!("{} {:?} {}", arguments.distinct, condition, clause(&order));
        let by = clause(&order);
        let page = Page::of(at, table, order, &what, &arguments.page)?;
        let sql =
            text(table, &read, arguments.distinct, [condition, page.condition()?], &format!("{by}{}", page.limits()));
        Ok(Self { shown: shown.len(), read, page, positions, sql })
    }

    fn connection(&self, at: &At, mut found: Rows, cursors: bool) -> Result<Value, Fault> {
        let more = found.rows.len() > self.page.size;
        found.rows.truncate(self.page.size);
        let places = if cursors { self.page.places(&found.rows, &self.positions) } else { Vec::new() };
        let cursors = places.iter().map(|place| self.page.cursor(at, place)).collect::<Result<Vec<_>, _>>()?;
        let nodes: Vec<Value> = found.rows.iter().map(|row| self.node(row)).collect();
        let edge = |(nth, node): (usize, &Value)| {
            let cursor = cursors.get(nth).cloned().unwrap_or_default();
            object([("node".to_owned(), node.clone()), ("cursor".to_owned(), cursor)])
        };
        let edges = nodes.iter().enumerate().map(edge).collect();
        let ends = [cursors.first(), cursors.last()].map(|cursor| cursor.cloned().unwrap_or_default());
        Ok(object([
            ("edges".to_owned(), Value::List(edges)),
            ("nodes".to_owned(), Value::List(nodes)),
            ("pageInfo".to_owned(), page_info(&self.page, more, ends)),
        ]))
    }

    fn node(&self, row: &[serde_json::Value]) -> Value {
        let shown = self.read[..self.shown].iter().zip(row);
        object(shown.map(|(column, value)| (column.field.clone(), cell(column.kind, value))))
    }
}

/// What a connection tells of its page.
pub fn page_info(page: &Page<'_>, more: bool, [start, end]: [Value; 2]) -> Value {
    object([
        ("hasNextPage".to_owned(), Value::Boolean(more)),
        ("hasPreviousPage".to_owned(), Value::Boolean(page.has_previous())),
        ("startCursor".to_owned(), start),
        ("endCursor".to_owned(), end),
    ])
}

/// The text of a list. Without a column there are still rows to count.
fn text(table: &Table, read: &[&Column], distinct: bool, conditions: [Option<String>; 2], tail: &str) -> String {
    let names: Vec<String> = read.iter().map(|column| sql::name(&column.name)).collect();
    let names = if names.is_empty() { "1".to_owned() } else { names.join(", ") };
    let distinct = if distinct { "DISTINCT " } else { "" };
    format!("SELECT {distinct}{names} FROM {}{}{tail}", sql::table(table), restricted(conditions))
}

/// `WHERE …`, or nothing for no condition.
pub fn restricted(conditions: [Option<String>; 2]) -> String {
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}
