//! Membership in a mapping table: `region in (select region from security.regions where person = session_user())`.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, Query, Select, SelectItem, SetExpr, TableFactor,
};
use lakegate_model::Fault;

use super::filter::{is_session_user, refused};

/// A table that says which values each user may see: a row for each of them, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mapping {
    pub database: String,
    pub table: String,
    /// The column that names the user.
    pub user_column: String,
    /// The column that holds an allowed value, or a list of them.
    pub value_column: String,
}

impl Mapping {
    /// The mapping that a subquery means.
    ///
    /// # Errors
    /// `invalid` for every other subquery: a filter reads its table and nothing else.
    pub(super) fn of(query: &Query) -> Result<Self, Fault> {
        let mapping = Self::shape(query).ok_or_else(another_shape)?;
        // Whatever else a query can say (limits, joins, locks) would be left out of the canonical text.
        let canonical = |text: &str| text.replace('"', "").to_lowercase();
        if canonical(&query.to_string()) == canonical(&mapping.to_string()) {
            Ok(mapping)
        } else {
            Err(another_shape())
        }
    }

    fn shape(query: &Query) -> Option<Self> {
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        let [SelectItem::UnnamedExpr(Expr::Identifier(value))] = select.projection.as_slice() else { return None };
        let (database, table) = table_of(select)?;
        let user = user_column(select.selection.as_ref()?)?;
        Some(Self { database, table, user_column: user.value.clone(), value_column: value.value.clone() })
    }
}

impl std::fmt::Display for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quoted = |name: &str| Ident::with_quote('"', name);
        let (value, user) = (quoted(&self.value_column), quoted(&self.user_column));
        let (database, table) = (quoted(&self.database), quoted(&self.table));
        write!(f, "SELECT {value} FROM {database}.{table} WHERE {user} = session_user()")
    }
}

fn table_of(select: &Select) -> Option<(String, String)> {
    let [from] = select.from.as_slice() else { return None };
    let TableFactor::Table { name: ObjectName(parts), .. } = &from.relation else { return None };
    let [database, table] = parts.as_slice() else { return None };
    Some((database.as_ident()?.value.clone(), table.as_ident()?.value.clone()))
}

fn user_column(condition: &Expr) -> Option<&Ident> {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_session_user(right) => match left.as_ref() {
            Expr::Identifier(user) => Some(user),
            _ => None,
        },
        _ => None,
    }
}

fn another_shape() -> Fault {
    refused("a row filter reads its own table, and mapping tables in one form alone").fix(
        "write: column IN (SELECT value_column FROM database.table WHERE user_column = session_user()), \
         or leave the subquery out",
    )
}
