//! The order of rows, and where a page begins in it.
//!
//! A list is put in order by what was asked for and then by every other column that is shown and compares: rows that
//! still tie look alike in the answer. So a page can begin behind a row that nobody can name by a key: behind the values
//! of its columns, and so many rows that look like it.

use async_graphql::Value;
use lakegate_model::Fault;
use serde::{Deserialize, Serialize};

use crate::{
    shape::{Column, Table},
    sql,
};

/// Most columns by whose values a page may begin; a longer order is paged by position.
const KEYS: usize = 16;

/// One column of an order. NULL comes behind every value, and before it where the order goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort<'a> {
    pub column: &'a Column,
    pub down: bool,
}

/// Where a page begins: what a cursor holds, sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Behind so many rows that have these values in the columns of the order.
    Keys { keys: Vec<serde_json::Value>, alike: u64 },
    /// Behind so many rows: where some cell of the order is withheld, no cursor holds a value (access rule 6).
    Rows(u64),
}

/// The order of a list: what is asked for, then what else is shown.
///
/// # Errors
/// `invalid` naming `orderBy`.
pub fn order<'a>(table: &'a Table, asked: Option<&Value>, shown: &[&'a Column]) -> Result<Vec<Sort<'a>>, Fault> {
    let mut sorts: Vec<Sort<'a>> = Vec::new();
    for item in items(asked) {
        let sort = asked_for(table, item)?;
        if !sorts.iter().any(|known| known.column.field == sort.column.field) {
            sorts.push(sort);
        }
    }
    for column in shown.iter().filter(|column| column.kind.compares()) {
        if !sorts.iter().any(|known| known.column.field == column.field) {
            sorts.push(Sort { column, down: false });
        }
    }
    Ok(sorts)
}

fn items(asked: Option<&Value>) -> &[Value] {
    match asked {
        None | Some(Value::Null) => &[],
        Some(Value::List(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

fn asked_for<'a>(table: &'a Table, item: &Value) -> Result<Sort<'a>, Fault> {
    let word = |member: &str| match item {
        Value::Object(members) => members.get(member).and_then(|value| match value {
            Value::Enum(word) => Some(word.to_string()),
            Value::String(word) => Some(word.clone()),
            _ => None,
        }),
        _ => None,
    };
    let name = word("column").ok_or_else(|| unfit("say by which column"))?;
    let column = table.column(&name).ok_or_else(|| unfit(format!("there is no column {name}")))?;
    if !column.kind.compares() {
        return Err(unfit(format!("{name}: values of this column have no order")));
    }
    Ok(Sort { column, down: word("direction").as_deref() == Some("DESC") })
}

fn unfit(message: impl Into<String>) -> Fault {
    Fault::invalid("orderBy", message)
}

/// `ORDER BY …`, or nothing for no order.
pub fn clause(order: &[Sort<'_>]) -> String {
    let terms: Vec<String> = order.iter().map(term).collect();
    if terms.is_empty() { String::new() } else { format!(" ORDER BY {}", terms.join(", ")) }
}

fn term(sort: &Sort<'_>) -> String {
    sort.term(&sql::name(&sort.column.name))
}

impl Sort<'_> {
    /// The order by what a column is called in a text.
    pub fn term(&self, name: &str) -> String {
        format!("{name} {}", if self.down { "DESC NULLS FIRST" } else { "ASC NULLS LAST" })
    }
}

/// Whether cursors hold values of these columns.
pub fn by_keys(order: &[Sort<'_>]) -> bool {
    (1..=KEYS).contains(&order.len()) && order.iter().all(|sort| sort.column.is_open())
}

/// The condition on rows that stand behind these values, or have the same: `None` for values that do not fit the order.
pub fn from_keys(order: &[Sort<'_>], keys: &[serde_json::Value]) -> Option<String> {
    if order.len() != keys.len() {
        return None;
    }
    let mut condition = "TRUE".to_owned();
    for (sort, key) in order.iter().zip(keys).rev() {
        let name = sql::name(&sort.column.name);
        let (behind, same) = match key {
            serde_json::Value::Null if sort.down => (format!("{name} IS NOT NULL"), format!("{name} IS NULL")),
            serde_json::Value::Null => ("FALSE".to_owned(), format!("{name} IS NULL")),
            key => {
                let value = sql::answered(sort.column, &Value::from_json(key.clone()).ok()?)?;
                let behind =
                    if sort.down { format!("{name} < {value}") } else { format!("{name} > {value} OR {name} IS NULL") };
                (behind, format!("{name} = {value}"))
            }
        };
        condition = format!("({behind} OR ({same} AND {condition}))");
    }
    Some(condition)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures::{given, owners};
    use serde_json::json;

    #[test]
    fn what_is_shown_breaks_ties() {
        let table = owners();
        let shown: Vec<&Column> = ["name", "age", "tags"].iter().map(|name| table.column(name).unwrap()).collect();
        let asked = given(json!([{ "column": "age", "direction": "DESC" }, { "column": "age" }]));
        let order = order(&table, Some(&asked), &shown).unwrap();
        assert_eq!(clause(&order), " ORDER BY \"age\" DESC NULLS FIRST, \"name\" ASC NULLS LAST");
        assert!(by_keys(&order));
        assert_eq!(
            from_keys(&order, &[json!(7), json!(null)]).unwrap(),
            "(\"age\" < CAST('7' AS BIGINT) OR (\"age\" = CAST('7' AS BIGINT) AND (FALSE OR (\"name\" IS NULL AND TRUE))))"
        );
        assert_eq!(
            from_keys(&order, &[json!(null), json!("x")]).unwrap(),
            "(\"age\" IS NOT NULL OR (\"age\" IS NULL AND (\"name\" > 'x' OR \"name\" IS NULL OR (\"name\" = 'x' AND TRUE))))"
        );
        assert_eq!(from_keys(&order, &[json!(7)]), None);
        assert_eq!(from_keys(&order, &[json!("x"), json!("x")]), None);
    }

    #[test]
    fn no_cursor_holds_what_is_masked() {
        let table = owners();
        let shown = [table.column("phone").unwrap(), table.column("age").unwrap()];
        assert!(!by_keys(&order(&table, None, &shown).unwrap()));
        assert!(!by_keys(&order(&table, None, &[]).unwrap()));
    }

    #[test]
    fn an_order_names_columns_that_have_one() {
        let table = owners();
        for asked in [json!([{ "column": "secret" }]), json!([{ "column": "tags" }]), json!([{}]), json!(["age"])] {
            let fault = order(&table, Some(&given(asked.clone())), &[]).unwrap_err();
            assert_eq!(fault.field.as_deref(), Some("orderBy"), "{asked}");
        }
    }
}
