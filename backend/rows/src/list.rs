//! The rows of a table: one field, one query, and one for each relation below it.

use async_graphql::{Value, dynamic::ResolverContext};
use lakegate_model::Fault;
use lakegate_protocol::At;

use crate::{
    order::{Place, clause, order},
    page::Page,
    related::{Asking, nodes},
    run::{Looking, Rows, object, rows, tell_withheld},
    select::Arguments,
    shape::{Column, Shape, Table},
    sql,
    tree::Pages,
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
    let wanted = Pages::of(&looking.shape, table, &[ctx.ctx.field()])?.counted(looking)?;
    let plan = Plan::make(&at, (&looking.shape, table), &wanted, &arguments)?;
    let found = rows(&at, looking, plan.sql.clone()).await?;
    let names: Vec<String> = plan.read[..plan.shown].iter().map(|column| column.field.clone()).collect();
    tell_withheld(&at, at.key(), &found.columns, &names);
    let asking = Asking { at: &at, looking, path: at.key().to_owned() };
    plan.connection(&asking, found, &wanted).await
}

impl<'a> Plan<'a> {
    fn make(
        at: &At,
        (shape, table): (&Shape, &'a Table),
        wanted: &Pages<'a>,
        arguments: &Arguments,
    ) -> Result<Self, Fault> {
        let shown = &wanted.tree.columns;
        let order = order(table, arguments.order.as_ref(), shown)?;
        let condition = arguments.condition(shape, table)?;
        let foreign = order.iter().find(|sort| !shown.contains(&sort.column)).filter(|_| arguments.distinct);
        if let Some(sort) = foreign {
            let message = format!("{}: rows that are told apart are put in order by what is shown", sort.column.field);
            return Err(Fault::invalid("orderBy", message));
        }
        let mut read = shown.clone();
        if wanted.cursors {
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

    async fn connection(&self, asking: &Asking<'_>, mut found: Rows, wanted: &Pages<'_>) -> Result<Value, Fault> {
        let more = found.rows.len() > self.page.size;
        found.rows.truncate(self.page.size);
        let places = if wanted.cursors { self.page.places(&found.rows, &self.positions) } else { Vec::new() };
        let nodes = nodes(asking, &self.read, &found.rows, &wanted.tree).await?;
        connection(asking.at, &self.page, nodes, (&places, more), wanted)
    }
}

/// A page of rows as a connection, with what is wanted of it alone: rows hold all that is related to them. Places stand
/// behind each row, or nowhere.
///
/// # Errors
/// Failures of ours.
pub fn connection(
    at: &At,
    page: &Page<'_>,
    nodes: Vec<Value>,
    (places, more): (&[Place], bool),
    wanted: &Pages<'_>,
) -> Result<Value, Fault> {
    let cursors = places.iter().map(|place| page.cursor(at, place)).collect::<Result<Vec<_>, _>>()?;
    let edge = |(nth, node): (usize, &Value)| {
        let cursor = cursors.get(nth).cloned().unwrap_or_default();
        let node = if wanted.edge_nodes { node.clone() } else { Value::Null };
        object([("node".to_owned(), node), ("cursor".to_owned(), cursor)])
    };
    let edges = if wanted.edges { nodes.iter().enumerate().map(edge).collect() } else { Vec::new() };
    let nodes = if wanted.nodes { nodes } else { Vec::new() };
    let ends = [cursors.first(), cursors.last()].map(|cursor| cursor.cloned().unwrap_or_default());
    Ok(object([
        ("edges".to_owned(), Value::List(edges)),
        ("nodes".to_owned(), Value::List(nodes)),
        ("pageInfo".to_owned(), page_info(page, more, ends)),
    ]))
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
pub fn text(table: &Table, read: &[&Column], distinct: bool, conditions: [Option<String>; 2], tail: &str) -> String {
    let names: Vec<String> = read.iter().map(|column| sql::name(&column.name)).collect();
    let names = if names.is_empty() { "1".to_owned() } else { names.join(", ") };
    let distinct = if distinct { "DISTINCT " } else { "" };
    format!("SELECT {distinct}{names} FROM {}{}{tail}", sql::table(table, 0), restricted(conditions))
}

/// `WHERE …`, or nothing for no condition.
pub fn restricted(conditions: [Option<String>; 2]) -> String {
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}
