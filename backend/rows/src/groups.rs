//! Counts, sums and the like over the rows of a table, in groups by the columns that are selected as keys.

use async_graphql::{Value, dynamic::ResolverContext};
use lakegate_model::Fault;
use lakegate_protocol::At;

use crate::{
    kind::Kind,
    list::{page_info, restricted},
    order::{Sort, clause, order},
    page::Page,
    run::{Looking, cell, object, rows, tell_withheld},
    select::{Arguments, below, columns},
    shape::{Column, Shape, Table},
    sql,
};

/// What is computed of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    CountDistinct,
    Sum,
    Average,
    Min,
    Max,
}

impl Measure {
    /// All, in the order in which a schema shows them.
    pub const ALL: [Self; 5] = [Self::CountDistinct, Self::Sum, Self::Average, Self::Min, Self::Max];

    /// The field that holds it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::CountDistinct => "countDistinct",
            Self::Sum => "sum",
            Self::Average => "average",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// The scalar of the measure of a column; `None` where there is none.
    pub fn scalar(self, kind: Kind) -> Option<&'static str> {
        match self {
            Self::CountDistinct => kind.compares().then_some("BigInt"),
            Self::Sum => kind.sum(),
            Self::Average => kind.average(),
            Self::Min | Self::Max => kind.is_ordered().then(|| kind.scalar()),
        }
    }

    fn sql(self, column: &Column) -> String {
        let name = sql::name(&column.name);
        let is_whole = matches!(column.kind, Kind::Int | Kind::BigInt);
        match self {
            Self::CountDistinct => format!("count(DISTINCT {name})"),
            // No sum of 64-bit numbers that anybody could add up needs more digits.
            Self::Sum if is_whole => format!("sum(CAST({name} AS DECIMAL(38,0)))"),
            Self::Sum => format!("sum({name})"),
            Self::Average if is_whole => format!("avg(CAST({name} AS DOUBLE))"),
            Self::Average => format!("avg({name})"),
            Self::Min => format!("min({name})"),
            Self::Max => format!("max({name})"),
        }
    }

    /// The kind of the measure, as far as showing it needs it.
    fn kind(self, column: Kind) -> Kind {
        match self.scalar(column) {
            Some("Float") => Kind::Float,
            _ => column,
        }
    }
}

/// What is asked of groups.
struct Plan<'a> {
    keys: Vec<&'a Column>,
    count: bool,
    measures: Vec<(Measure, &'a Column)>,
    page: Page<'a>,
    sql: String,
}

/// Groups of a table's rows as a connection.
///
/// # Errors
/// `invalid` naming an argument, and those of queries.
pub async fn resolve(ctx: &ResolverContext<'_>, looking: &Looking, table: &Table) -> Result<Value, Fault> {
    let at = At::of(ctx.ctx);
    let arguments = Arguments::read(|name| ctx.args.get(name).map(|value| value.as_value()))?;
    let plan = Plan::make(&at, (&looking.shape, table), ctx, &arguments)?;
    let mut found = rows(&at, looking, plan.sql.clone()).await?;
    tell_withheld(&at, at.key(), &found.columns, &plan.names());
    let more = found.rows.len() > plan.page.size;
    found.rows.truncate(plan.page.size);
    let positions: Vec<usize> = plan.positions();
    let places = plan.page.places(&found.rows, &positions);
    let end = |place: Option<&crate::order::Place>| place.map(|place| plan.page.cursor(&at, place)).transpose();
    let ends = [end(places.first())?.unwrap_or_default(), end(places.last())?.unwrap_or_default()];
    let nodes = found.rows.iter().map(|row| plan.node(row)).collect();
    Ok(object([("nodes".to_owned(), Value::List(nodes)), ("pageInfo".to_owned(), page_info(&plan.page, more, ends))]))
}

impl<'a> Plan<'a> {
    fn make(
        at: &At,
        (shape, table): (&Shape, &'a Table),
        ctx: &ResolverContext<'_>,
        arguments: &Arguments,
    ) -> Result<Self, Fault> {
        let selected = |path: &[&str]| columns(table, &below(ctx.ctx.field(), &[&["nodes"], path].concat()));
        let keys = selected(&["keys"]);
        let order = ordered(table, arguments, &keys)?;
        let measures = Measure::ALL.into_iter();
        let measures: Vec<(Measure, &Column)> =
            measures.flat_map(|measure| selected(&[measure.field()]).into_iter().map(move |c| (measure, c))).collect();
        let count = below(ctx.ctx.field(), &["nodes"]).iter().any(|name| name == "count") || measures.is_empty();
        let condition = arguments.condition(shape, table)?;
        let names: Vec<String> = keys.iter().map(|column| sql::name(&column.name)).collect();
        let by = clause(&order);
        let what = format!("groups {names:?} {condition:?} {by}");
        let page = Page::of(at, table, order, &what, &arguments.page)?;
        let grouped = if names.is_empty() { String::new() } else { format!(" GROUP BY {}", names.join(", ")) };
        let mut read = names;
        read.extend(count.then(|| "count(*)".to_owned()));
        read.extend(measures.iter().map(|(measure, column)| measure.sql(column)));
        let from = format!("{}{}", sql::table(table, 0), restricted([condition, page.condition()?]));
        let sql = format!("SELECT {} FROM {from}{grouped}{by}{}", read.join(", "), page.limits());
        Ok(Self { keys, count, measures, page, sql })
    }

    /// The names of what is read, as the answer tells what is withheld.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.keys.iter().map(|column| format!("keys.{}", column.field)).collect();
        names.extend(self.count.then(|| "count".to_owned()));
        names.extend(self.measures.iter().map(|(measure, column)| format!("{}.{}", measure.field(), column.field)));
        names
    }

    /// Where the columns of the order stand among what is read.
    fn positions(&self) -> Vec<usize> {
        let order = self.page.order().iter();
        order.filter_map(|sort| self.keys.iter().position(|key| *key == sort.column)).collect()
    }

    fn node(&self, row: &[serde_json::Value]) -> Value {
        let mut cells = row.iter();
        let keys: Vec<(String, Value)> =
            self.keys.iter().zip(&mut cells).map(|(key, value)| (key.field.clone(), cell(key.kind, value))).collect();
        let mut members = vec![("keys".to_owned(), object(keys))];
        let count = if self.count { cells.next() } else { None };
        members.extend(count.map(|count| ("count".to_owned(), cell(Kind::BigInt, count))));
        let measured: Vec<(Measure, String, Value)> = self
            .measures
            .iter()
            .zip(cells)
            .map(|((measure, column), value)| (*measure, column.field.clone(), cell(measure.kind(column.kind), value)))
            .collect();
        for measure in Measure::ALL {
            let of = measured.iter().filter(|(other, ..)| *other == measure);
            members
                .push((measure.field().to_owned(), object(of.map(|(_, field, value)| (field.clone(), value.clone())))));
        }
        object(members)
    }
}

/// The order of groups, which have no other columns than their keys.
fn ordered<'a>(table: &'a Table, arguments: &Arguments, keys: &[&'a Column]) -> Result<Vec<Sort<'a>>, Fault> {
    let order = order(table, arguments.order.as_ref(), keys)?;
    match order.iter().find(|sort| !keys.contains(&sort.column)) {
        None => Ok(order),
        Some(sort) => {
            let message = format!("{}: groups are put in order by their keys", sort.column.field);
            Err(Fault::invalid("orderBy", message).fix("select the column among the keys"))
        }
    }
}
