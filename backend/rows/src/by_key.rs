//! One row of a table by its primary key.

use async_graphql::{Value, dynamic::ResolverContext};
use lakegate_model::Fault;
use lakegate_protocol::At;

use crate::{
    list::text,
    order::{clause, order},
    related::{Asking, nodes},
    run::{Looking, rows, tell_withheld},
    shape::Table,
    sql,
    tree::{Pages, Tree},
};

/// The row of a key as an object, or null. Files enforce no key: where several rows have it, it is the first of them.
///
/// # Errors
/// `invalid` naming `key` for a value that does not fit its column, and those of queries.
pub async fn resolve(ctx: &ResolverContext<'_>, looking: &Looking, table: &Table) -> Result<Value, Fault> {
    let at = At::of(ctx.ctx);
    let condition = condition(table, |name| ctx.args.get(name).map(|value| value.as_value()))?;
    let tree = Tree::of(&looking.shape, table, &[ctx.ctx.field()])?;
    let Pages { tree, .. } = Pages { tree, ..Pages::default() }.counted(looking)?;
    let by = clause(&order(table, None, &tree.columns)?);
    let sql = text(table, &tree.columns, false, [Some(condition), None], &format!("{by} LIMIT 1"));
    let found = rows(&at, looking, sql).await?;
    let names: Vec<String> = tree.columns.iter().map(|column| column.field.clone()).collect();
    tell_withheld(&at, at.key(), &found.columns, &names);
    let asking = Asking { at: &at, looking, path: at.key().to_owned() };
    Ok(nodes(&asking, &tree.columns, &found.rows, &tree).await?.pop().unwrap_or_default())
}

/// The condition on the one row.
fn condition<'v>(table: &Table, given: impl Fn(&str) -> Option<&'v Value>) -> Result<String, Fault> {
    let parts = table.key.iter().map(|name| {
        let unfit = || Fault::invalid("key", format!("{name}: this is no value of its type"));
        let column = table.column(name).ok_or_else(unfit)?;
        let value = given(name).and_then(|value| sql::value(column, value)).ok_or_else(unfit)?;
        Ok(format!("{} = {value}", sql::name(&column.name)))
    });
    Ok(parts.collect::<Result<Vec<_>, Fault>>()?.join(" AND "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures::{given, related};

    #[test]
    fn a_key_is_compared_column_by_column() {
        let mut table = related().tables.remove(1);
        table.key.push("name".to_owned());
        let (age, name) = (given(serde_json::json!(7)), given(serde_json::json!("O'Hara")));
        let values = |wanted: &str| if wanted == "age" { Some(&age) } else { Some(&name) };
        assert_eq!(condition(&table, values).unwrap(), "\"age\" = CAST('7' AS BIGINT) AND \"name\" = 'O''Hara'");
        let fault = condition(&table, |wanted| if wanted == "age" { Some(&name) } else { None }).unwrap_err();
        assert_eq!(fault.field.as_deref(), Some("key"));
    }
}
