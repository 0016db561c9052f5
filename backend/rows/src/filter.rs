//! Conditions of a filter as a condition of SQL.

use async_graphql::{Name, Value, indexmap::IndexMap};
use lakegate_model::{Code, Fault};

use crate::{
    kind::Kind,
    names::JOINT,
    shape::{Column, Relation, Shape, Table},
    sql,
};

/// Deepest nesting of `_and`, `_or` and `_not`.
const DEPTH: usize = 8;
/// Most conditions and values of one filter.
const CONDITIONS: usize = 1_000;
/// Most conditions on related rows of one filter: each is a join.
const RELATIONS: usize = 20;

/// The names of the ways to join conditions. No column is called so: see [`crate::names`].
pub const AND: &str = "_and";
pub const OR: &str = "_or";
pub const NOT: &str = "_not";

/// How many of the rows that refer to one have to fit. What this names is no column either.
pub const SOME: &str = "some";
pub const NONE: &str = "none";

/// What of a kind's values can be asked: the operators with the form of what they are compared with.
pub fn operators(kind: Kind) -> Vec<(&'static str, Operand)> {
    let mut all = vec![("isNull", Operand::Flag)];
    if kind.compares() {
        all.extend([("eq", Operand::One), ("ne", Operand::One), ("in", Operand::Many), ("notIn", Operand::Many)]);
    }
    if kind.is_ordered() {
        all.extend(["lt", "lte", "gt", "gte"].map(|word| (word, Operand::One)));
    }
    if kind == Kind::Text {
        all.extend(["like", "notLike", "ilike"].map(|word| (word, Operand::One)));
    }
    all
}

/// What a column is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    One,
    Many,
    Flag,
}

/// The condition of a filter over a table.
///
/// # Errors
/// `invalid` or `limit_exceeded`, naming `filter`.
pub fn condition(shape: &Shape, table: &Table, filter: &Value) -> Result<String, Fault> {
    Filter { shape, table, depth: 0, left: CONDITIONS, relations: RELATIONS }.all(filter, 0)
}

struct Filter<'a> {
    shape: &'a Shape,
    /// The table whose rows are looked at, so many relations away.
    table: &'a Table,
    depth: usize,
    /// Conditions and values that may still come.
    left: usize,
    /// Conditions on related rows that may still come.
    relations: usize,
}

impl<'a> Filter<'a> {
    /// Whatever an object holds, all at once. An empty one lets everything through.
    fn all(&mut self, filter: &Value, depth: usize) -> Result<String, Fault> {
        let Value::Object(members) = filter else { return Err(unfit("a filter is an object")) };
        if depth > DEPTH {
            return Err(over(format!("a filter is nested at most {DEPTH} deep")));
        }
        let parts = members.iter().map(|(name, value)| self.member(name, value, depth));
        Ok(joined(parts.collect::<Result<_, _>>()?, "AND", "TRUE"))
    }

    fn member(&mut self, name: &Name, value: &Value, depth: usize) -> Result<String, Fault> {
        self.count(1)?;
        match name.as_str() {
            AND => Ok(joined(self.each(value, depth)?, "AND", "TRUE")),
            OR => Ok(joined(self.each(value, depth)?, "OR", "FALSE")),
            NOT => Ok(format!("(NOT {})", self.all(value, depth + 1)?)),
            field if field.contains(JOINT) => {
                let relation = self.table.relation(field).ok_or_else(|| unfit(format!("there is no field {field}")))?;
                self.related(relation, value, depth)
            }
            field => {
                let column = self.table.column(field).ok_or_else(|| unfit(format!("there is no column {field}")))?;
                let Value::Object(operators) = value else { return Err(no_condition(column)) };
                self.column(column, operators)
            }
        }
    }

    /// A condition on the one related row, or on how many of several fit.
    fn related(&mut self, relation: &'a Relation, value: &Value, depth: usize) -> Result<String, Fault> {
        if !relation.many {
            return self.exists(relation, value, depth);
        }
        let Value::Object(members) = value else { return Err(unfit("say some or none")) };
        let mut parts = Vec::with_capacity(members.len());
        for (word, filter) in members {
            let found = self.exists(relation, filter, depth)?;
            match word.as_str() {
                SOME => parts.push(found),
                NONE => parts.push(format!("(NOT {found})")),
                _ => return Err(unfit("say some or none")),
            }
        }
        Ok(joined(parts, "AND", "TRUE"))
    }

    /// That a related row fits a filter. Where nothing is related, nothing fits.
    fn exists(&mut self, relation: &Relation, filter: &Value, depth: usize) -> Result<String, Fault> {
        let left = self.relations.checked_sub(1);
        self.relations =
            left.ok_or_else(|| over(format!("a filter looks at related rows at most {RELATIONS} times")))?;
        let far = self.shape.table(&relation.far).ok_or_else(|| unfit("there is no such relation"))?;
        let here = std::mem::replace(&mut self.table, far);
        self.depth += 1;
        let condition = self.all(filter, depth + 1);
        let (from, depth) = (sql::table(far, self.depth), self.depth);
        self.table = here;
        self.depth -= 1;
        let equal = relation.columns.iter().map(|(near, end)| {
            let [far, near] = [(far, end, depth), (here, near, depth - 1)].map(|(table, field, depth)| {
                table.column(field).map(|column| format!("{}.{}", sql::alias(depth), sql::name(&column.name)))
            });
            Some(format!("{} = {}", far?, near?))
        });
        let equal = equal.collect::<Option<Vec<_>>>().ok_or_else(|| unfit("there is no such relation"))?;
        Ok(format!("(EXISTS (SELECT 1 FROM {from} WHERE {} AND {}))", equal.join(" AND "), condition?))
    }

    fn each(&mut self, filters: &Value, depth: usize) -> Result<Vec<String>, Fault> {
        items(filters).iter().map(|filter| self.all(filter, depth + 1)).collect()
    }

    fn column(&mut self, column: &Column, operators: &IndexMap<Name, Value>) -> Result<String, Fault> {
        let parts = operators.iter().map(|(operator, value)| self.compared(column, operator, value));
        Ok(joined(parts.collect::<Result<_, _>>()?, "AND", "TRUE"))
    }

    fn compared(&mut self, column: &Column, operator: &str, value: &Value) -> Result<String, Fault> {
        self.count(1)?;
        let name = sql::name(&column.name);
        let known = operators(column.kind).into_iter().find(|(known, _)| *known == operator);
        match (known, value) {
            (_, Value::Null) => Err(no_condition(column)),
            (Some((_, Operand::Flag)), Value::Boolean(null)) => {
                Ok(format!("({name} IS {}NULL)", if *null { "" } else { "NOT " }))
            }
            (Some((word, Operand::One)), value) => {
                let sign = sign(word).ok_or_else(|| no_condition(column))?;
                Ok(format!("({name} {sign} {})", literal(column, value)?))
            }
            (Some((word, Operand::Many)), values) => self.among(column, word == "notIn", items(values)),
            _ => Err(no_condition(column)),
        }
    }

    /// Nothing is among no values, and everything is not.
    fn among(&mut self, column: &Column, not: bool, values: &[Value]) -> Result<String, Fault> {
        self.count(values.len())?;
        if values.is_empty() {
            return Ok(if not { "TRUE" } else { "FALSE" }.to_owned());
        }
        let values = values.iter().map(|value| literal(column, value)).collect::<Result<Vec<_>, _>>()?;
        let not = if not { "NOT " } else { "" };
        Ok(format!("({} {not}IN ({}))", sql::name(&column.name), values.join(", ")))
    }

    fn count(&mut self, more: usize) -> Result<(), Fault> {
        let left = self.left.checked_sub(more);
        self.left = left.ok_or_else(|| over(format!("a filter holds at most {CONDITIONS} conditions and values")))?;
        Ok(())
    }
}

/// One value stands for a list of it, as in all of GraphQL.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn sign(word: &str) -> Option<&'static str> {
    Some(match word {
        "eq" => "=",
        "ne" => "<>",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        "like" => "LIKE",
        "notLike" => "NOT LIKE",
        "ilike" => "ILIKE",
        _ => return None,
    })
}

fn literal(column: &Column, value: &Value) -> Result<String, Fault> {
    let unfit = || unfit(format!("{}: this is no value of type {}", column.field, type_name(column)));
    sql::value(column, value).ok_or_else(unfit)
}

/// Decimals say how many digits they hold: that is what most often does not fit.
fn type_name(column: &Column) -> String {
    if column.kind == Kind::Decimal { column.column_type.to_string() } else { column.kind.scalar().to_owned() }
}

fn joined(parts: Vec<String>, word: &str, none: &str) -> String {
    match parts.len() {
        0 => none.to_owned(),
        1 => parts.concat(),
        _ => format!("({})", parts.join(&format!(" {word} "))),
    }
}

fn unfit(message: impl Into<String>) -> Fault {
    Fault::invalid("filter", message)
}

fn no_condition(column: &Column) -> Fault {
    unfit(format!("{}: this is no condition", column.field)).fix("ask for NULL with isNull, or leave the condition out")
}

fn over(message: String) -> Fault {
    Fault::new(Code::LimitExceeded, message).on("filter")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures::{given, owners, related};

    fn sql_of(filter: serde_json::Value) -> Result<String, Fault> {
        condition(&Shape::default(), &owners(), &given(filter))
    }

    #[test]
    fn related_rows_are_looked_for() {
        let shape = related();
        let (companies, owners) = (&shape.tables[0], &shape.tables[1]);
        let one = format!("{}__of__owner", owners.field);
        let many = format!("{}__by__owner", companies.field);
        let asked = given(serde_json::json!({ &one: { "age": { "gt": 3 }, &many: { "none": {} } } }));
        assert_eq!(
            condition(&shape, companies, &asked).unwrap(),
            "(EXISTS (SELECT 1 FROM \"registry_pub\".\"owners\" AS \"r1 of this query\" WHERE \
             \"r1 of this query\".\"age\" = \"r0 of this query\".\"owner\" AND \
             ((\"age\" > CAST('3' AS BIGINT)) AND (NOT (EXISTS (SELECT 1 FROM \"registry_pub\".\"companies\" AS \
             \"r2 of this query\" WHERE \"r2 of this query\".\"owner\" = \"r1 of this query\".\"age\" AND TRUE))))))"
        );
        let asked = given(serde_json::json!({ &many: { "some": {}, "none": { "owner": { "isNull": true } } } }));
        assert!(condition(&shape, owners, &asked).unwrap().starts_with("((NOT (EXISTS (SELECT 1 FROM"));
        for filter in [
            serde_json::json!({ &many: { "every": {} } }),
            serde_json::json!({ &many: [] }),
            serde_json::json!({ &one: {} }),
        ] {
            assert_eq!(condition(&shape, owners, &given(filter.clone())).unwrap_err().code, Code::Invalid, "{filter}");
        }
        let often = vec![serde_json::json!({ &many: { "some": {} } }); 21];
        let often = given(serde_json::json!({ "_or": often }));
        assert_eq!(condition(&shape, owners, &often).unwrap_err().code, Code::LimitExceeded);
    }

    #[test]
    fn conditions_become_sql() {
        for (filter, sql) in [
            (serde_json::json!({}), "TRUE"),
            (
                serde_json::json!({ "age": { "gte": 18, "lt": 65 } }),
                "((\"age\" >= CAST('18' AS BIGINT)) AND (\"age\" < CAST('65' AS BIGINT)))",
            ),
            (serde_json::json!({ "name": { "like": "O'%" } }), "(\"name\" LIKE 'O''%')"),
            (serde_json::json!({ "name": { "isNull": false } }), "(\"name\" IS NOT NULL)"),
            (serde_json::json!({ "name": { "in": "x" } }), "(\"name\" IN ('x'))"),
            (serde_json::json!({ "name": { "in": [] } }), "FALSE"),
            (serde_json::json!({ "name": { "notIn": [] } }), "TRUE"),
            (serde_json::json!({ "_not": { "name": { "eq": "x" } } }), "(NOT (\"name\" = 'x'))"),
            (serde_json::json!({ "_or": [] }), "FALSE"),
            (
                serde_json::json!({ "_or": [{ "name": { "eq": "x" } }, { "Odd_x020xName": { "isNull": true } }] }),
                "((\"name\" = 'x') OR (\"Odd Name\" IS NULL))",
            ),
        ] {
            assert_eq!(sql_of(filter.clone()).unwrap(), sql, "{filter}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let mut deep = serde_json::json!({});
        for _ in 0..20 {
            deep = serde_json::json!({ "_not": deep });
        }
        for (filter, code) in [
            (serde_json::json!({ "secret": { "eq": 1 } }), Code::Invalid),
            (serde_json::json!({ "age": { "eq": "x" } }), Code::Invalid),
            (serde_json::json!({ "age": { "eq": null } }), Code::Invalid),
            (serde_json::json!({ "age": null }), Code::Invalid),
            (serde_json::json!({ "age": { "like": 1 } }), Code::Invalid),
            (serde_json::json!({ "tags": { "eq": "x" } }), Code::Invalid),
            (deep, Code::LimitExceeded),
            (serde_json::json!({ "age": { "in": vec![1; 2_000] } }), Code::LimitExceeded),
        ] {
            let fault = sql_of(filter.clone()).unwrap_err();
            assert_eq!((fault.code, fault.field.as_deref()), (code, Some("filter")), "{filter}");
        }
    }
}
