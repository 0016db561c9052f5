//! Rows that are related to others: one query for a relation, for all rows that it starts from together.
//!
//! The values that the relation starts from are told apart and numbered. They stand in the text as a list of values that
//! is joined with the other table, which counts the rows of each number in the order that is asked for; so each gets a
//! page of its own out of one query, and nothing has to be compared here.

use async_graphql::Value;
use futures::future::BoxFuture;
use lakegate_model::{Code, Fault};
use lakegate_protocol::At;
use std::collections::BTreeMap;

use crate::{
    list::connection,
    order::{clause, order},
    page::Page,
    run::{Looking, cell, object, rows, tell_withheld},
    shape::Column,
    sql,
    tree::{Branch, Tree},
};

/// Most different values that one query starts from.
const STARTS: usize = 5_000;

/// Rows as an answer has them.
type Cells = Vec<serde_json::Value>;

/// What is asked, for whom, and the path of what is asked in the answer.
pub struct Asking<'a> {
    pub at: &'a At,
    pub looking: &'a Looking,
    pub path: String,
}

/// Values that a relation starts from.
#[derive(Debug, Default)]
struct Starts {
    /// As SQL, each value once.
    literals: Vec<Vec<String>>,
    /// Which of them each row has; none where a value is absent.
    of_rows: Vec<Option<usize>>,
}

/// The rows that belong to one value, and whether there are more.
#[derive(Debug, Default)]
struct Group {
    rows: Vec<Cells>,
    more: bool,
}

/// The objects of rows, with what is related to them. `read` says which column each cell is of.
///
/// # Errors
/// Those of queries, and `invalid` naming an argument of a relation.
pub fn nodes<'f>(
    asking: &'f Asking<'f>,
    read: &'f [&'f Column],
    rows: &'f [Cells],
    tree: &'f Tree<'f>,
) -> BoxFuture<'f, Result<Vec<Value>, Fault>> {
    Box::pin(async move {
        let mut members: Vec<Vec<(String, Value)>> = rows.iter().map(|row| own(read, row, tree)).collect();
        for branch in &tree.branches {
            let found = follow(asking, read, rows, branch).await?;
            for (members, value) in members.iter_mut().zip(found) {
                members.push((branch.key.clone(), value));
            }
        }
        Ok(members.into_iter().map(object).collect())
    })
}

fn own(read: &[&Column], row: &Cells, tree: &Tree<'_>) -> Vec<(String, Value)> {
    let shown = read.iter().zip(row).filter(|(column, _)| tree.columns.contains(column));
    shown.map(|(column, value)| (column.field.clone(), cell(column.kind, value))).collect()
}

/// What a relation shows for each row.
async fn follow(
    asking: &Asking<'_>,
    read: &[&Column],
    from: &[Cells],
    branch: &Branch<'_>,
) -> Result<Vec<Value>, Fault> {
    let starts = Starts::of(read, from, branch)?;
    let plan = Plan::make(asking, branch)?;
    let path = format!("{}.{}", asking.path, branch.relation.field);
    let asking = Asking { at: asking.at, looking: asking.looking, path };
    let groups = plan.groups(&asking, &starts).await?;
    let flat: Vec<Cells> = groups.iter().flat_map(|group| group.rows.iter().cloned()).collect();
    let mut nodes = nodes(&asking, &plan.read, &flat, &branch.rows.tree).await?.into_iter();
    let mut shown = Vec::with_capacity(groups.len());
    for group in groups {
        let own: Vec<Value> = nodes.by_ref().take(group.rows.len()).collect();
        shown.push(plan.shown(asking.at, &group, own)?);
    }
    let none = plan.shown(asking.at, &Group::default(), Vec::new())?;
    let value = |start: &Option<usize>| start.and_then(|nth| shown.get(nth)).unwrap_or(&none).clone();
    Ok(starts.of_rows.iter().map(value).collect())
}

impl Starts {
    fn of(read: &[&Column], rows: &[Cells], branch: &Branch<'_>) -> Result<Self, Fault> {
        let near: Vec<&Column> =
            branch.relation.columns.iter().filter_map(|(near, _)| branch.near.column(near)).collect();
        let mut starts = Self::default();
        let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for row in rows {
            let value = |column: &&Column| {
                let place = read.iter().position(|known| known == column)?;
                sql::answered(column, &Value::from_json(row.get(place)?.clone()).ok()?)
            };
            let values: Option<Vec<String>> = near.iter().map(value).collect();
            let nth = values.map(|values| {
                *known.entry(values).or_insert_with_key(|values| {
                    starts.literals.push(values.clone());
                    starts.literals.len() - 1
                })
            });
            starts.of_rows.push(nth);
        }
        match starts.literals.len() {
            0..=STARTS => Ok(starts),
            found => Err(too_many(found, branch)),
        }
    }
}

fn too_many(found: usize, branch: &Branch<'_>) -> Fault {
    let message = format!("{} would start from {found} values, the limit is {STARTS}", branch.relation.field);
    Fault::new(Code::LimitExceeded, message).on("query").fix("ask for smaller pages")
}

/// A relation as it will be asked.
struct Plan<'a> {
    branch: &'a Branch<'a>,
    /// What is read of each related row.
    read: Vec<&'a Column>,
    page: Page<'a>,
    /// Columns of the other table that the query needs, under the aliases `c0`, `c1` and so on.
    needed: Vec<&'a Column>,
    condition: Option<String>,
}

impl<'a> Plan<'a> {
    fn make(asking: &Asking<'_>, branch: &'a Branch<'a>) -> Result<Self, Fault> {
        let (relation, far, arguments) = (branch.relation, branch.far, &branch.arguments);
        let read = branch.rows.tree.columns.clone();
        let order = order(far, arguments.order.as_ref(), &read)?;
        let condition = arguments.condition(&asking.looking.shape, far)?;
        let ends = relation.columns.iter().filter_map(|(_, column)| far.column(column));
        let mut needed: Vec<&Column> = Vec::new();
        for column in read.iter().copied().chain(order.iter().map(|sort| sort.column)).chain(ends) {
            if !needed.contains(&column) {
                needed.push(column);
            }
        }
        let what = format!("{} {condition:?} {}", relation.field, clause(&order));
        let page = Page::of(asking.at, far, order, &what, &arguments.page)?.counted();
        Ok(Self { branch, read, page, needed, condition })
    }

    /// Where a column stands among those that are needed.
    fn alias(&self, column: &Column) -> String {
        let place = self.needed.iter().position(|known| *known == column);
        format!("c{}", place.unwrap_or(self.needed.len()))
    }

    /// Which of a value's rows are asked for: one more than a page holds tells whether there is another page.
    fn window(&self) -> String {
        if !self.branch.relation.many {
            return "r = 1".to_owned();
        }
        let passed = self.page.passed();
        let last = passed.saturating_add(self.page.size as u64).saturating_add(1);
        format!("r > {passed} AND r <= {last}")
    }

    fn text(&self, literals: &[Vec<String>]) -> String {
        let far = self.branch.far;
        let listed = |qualified: &str, columns: &[&Column]| -> String {
            columns.iter().map(|column| format!(", {qualified}{}", self.alias(column))).collect()
        };
        let cells = self.needed.iter().map(|column| format!("{} AS {}", sql::name(&column.name), self.alias(column)));
        let cells: Vec<String> = cells.collect();
        let condition = self.condition.as_ref().map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
        let values = literals.iter().enumerate().map(|(nth, values)| format!("({nth}, {})", values.join(", ")));
        let keys: String = (0..self.branch.relation.columns.len()).map(|nth| format!(", k{nth}")).collect();
        let ends = self
            .branch
            .relation
            .columns
            .iter()
            .enumerate()
            .filter_map(|(nth, (_, end))| Some(format!("t.{} = k.k{nth}", self.alias(far.column(end)?))));
        let sorts = self.page.order().iter();
        let sorts: Vec<String> = sorts.map(|sort| sort.term(&format!("t.{}", self.alias(sort.column)))).collect();
        let by = if sorts.is_empty() { String::new() } else { format!(" ORDER BY {}", sorts.join(", ")) };
        format!(
            "SELECT n{} FROM (SELECT k.n AS n{}, row_number() OVER (PARTITION BY k.n{by}) AS r FROM (VALUES {}) AS k(n{keys}) \
             JOIN (SELECT {} FROM {}{condition}) AS t ON {}) AS p WHERE {} ORDER BY n, r",
            listed("", &self.read),
            listed("t.", &self.read),
            values.collect::<Vec<_>>().join(", "),
            cells.join(", "),
            sql::table(far, 0),
            ends.collect::<Vec<_>>().join(" AND "),
            self.window()
        )
    }

    /// The rows of each value. Where no row has one, nothing is asked.
    async fn groups(&self, asking: &Asking<'_>, starts: &Starts) -> Result<Vec<Group>, Fault> {
        let mut groups: Vec<Group> = Vec::new();
        groups.resize_with(starts.literals.len(), Group::default);
        if groups.is_empty() {
            return Ok(groups);
        }
        let found = rows(asking.at, asking.looking, self.text(&starts.literals)).await?;
        let names: Vec<String> = self.read.iter().map(|column| column.field.clone()).collect();
        tell_withheld(asking.at, &asking.path, found.columns.get(1..).unwrap_or_default(), &names);
        for mut row in found.rows.into_iter().filter(|row| !row.is_empty()) {
            let nth = number(&row.remove(0)).and_then(|nth| groups.get_mut(nth));
            let group = nth.ok_or_else(|| Fault::internal("a related row belongs to no value"))?;
            if group.rows.len() < self.page.size { group.rows.push(row) } else { group.more = true }
        }
        Ok(groups)
    }

    fn shown(&self, at: &At, group: &Group, nodes: Vec<Value>) -> Result<Value, Fault> {
        if !self.branch.relation.many {
            return Ok(nodes.into_iter().next().unwrap_or_default());
        }
        let places = if self.branch.rows.cursors { self.page.places(&group.rows, &[]) } else { Vec::new() };
        connection(at, &self.page, nodes, (&places, group.more), &self.branch.rows)
    }
}

/// A number that an exact answer writes as text where it is wide.
fn number(value: &serde_json::Value) -> Option<usize> {
    match value {
        serde_json::Value::String(digits) => digits.parse().ok(),
        value => value.as_u64().and_then(|number| usize::try_from(number).ok()),
    }
}
