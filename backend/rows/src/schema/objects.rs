//! What answers are made of.

use async_graphql::{
    Value,
    dynamic::{FieldFuture, InputValue, TypeRef},
};

use super::{
    Answer,
    inputs::of_list,
    maker::{Form, Maker, Member},
    related::relation_field,
    resolve,
};
use crate::{
    groups::Measure,
    kind::Kind,
    names::part_of,
    run::{Looking, object},
    shape::{Column, Relation, Shape, TABLES, Table},
};

const PAGE_INFO: &str = "PageInfo";
const TABLE: &str = "Table";
const COLUMN: &str = "Column";
const RELATION: &str = "Relation";

/// Adds what all tables share.
pub fn add_common(maker: &mut Maker) {
    let flag = |name: &str| Member::plain(name, TypeRef::BOOLEAN, Form::Required);
    let text = |name: &str| Member::plain(name, TypeRef::STRING, Form::Required);
    let cursor = |name: &str| Member::plain(name, TypeRef::STRING, Form::Nullable);
    let page = vec![flag("hasNextPage"), flag("hasPreviousPage"), cursor("startCursor"), cursor("endCursor")];
    maker.object(PAGE_INFO, "Where a page stands in its list.", page);
    let columns = vec![
        text("field").described("Its name in this schema."),
        text("name").described("Its name in the catalog and in SQL."),
        text("type").described("Its type in SQL."),
        flag("masked").described("Something shows instead of the values."),
        flag("partial").described("Cells of some rows show as null."),
    ];
    maker.object(COLUMN, "A column as you may read it.", columns);
    let columns = Member::plain("columns", COLUMN, Form::List);
    let relations = vec![
        text("field").described("Its name among the fields of a row."),
        text("table").described("The name in this schema of the table that it leads to."),
        flag("many").described("It leads to all rows that refer to one, and not to the one that is referred to."),
    ];
    maker.object(RELATION, "A way from rows of a table to rows of another.", relations);
    let key = Member::plain("key", TypeRef::STRING, Form::List);
    let table = vec![
        text("field").described("Its name in this schema."),
        text("database"),
        text("name"),
        columns,
        key.described("The columns of its primary key, if you read their values."),
        Member::plain("relations", RELATION, Form::List),
    ];
    maker.object(TABLE, "A table that you may read.", table);
}

/// The field that tells of the tables themselves.
pub fn tables_field() -> Member {
    let text = "The tables that you may read, and what is withheld of their columns.";
    Member::resolved(TABLES, TABLE, Form::List, |ctx| {
        FieldFuture::from_value(ctx.data_opt::<Looking>().map(|looking| all_told(&looking.shape)))
    })
    .described(text)
}

fn all_told(shape: &Shape) -> Value {
    Value::List(shape.tables.iter().map(told).collect())
}

fn told(table: &Table) -> Value {
    let text = |name: &str, text: &str| (name.to_owned(), Value::String(text.to_owned()));
    let column = |column: &Column| {
        object([
            text("field", &column.field),
            text("name", &column.name),
            text("type", &column.column_type.to_string()),
            ("masked".to_owned(), Value::Boolean(column.masked)),
            ("partial".to_owned(), Value::Boolean(column.partial)),
        ])
    };
    let columns = Value::List(table.columns.iter().map(column).collect());
    let relation = |relation: &Relation| {
        let many = ("many".to_owned(), Value::Boolean(relation.many));
        object([text("field", &relation.field), text("table", &relation.far), many])
    };
    let key = table.key.iter().map(|column| Value::String(column.clone())).collect();
    object([
        text("field", &table.field),
        text("database", &table.database),
        text("name", &table.name),
        ("columns".to_owned(), columns),
        ("key".to_owned(), Value::List(key)),
        ("relations".to_owned(), Value::List(table.relations.iter().map(relation).collect())),
    ])
}

/// Adds the types of a table.
pub fn add_table(maker: &mut Maker, shape: &Shape, table: &Table) {
    let part = |word: &str| part_of(&table.field, word);
    let (row, edge) = (part("Row"), part("Edge"));
    let relations = table.relations.iter().filter_map(|relation| relation_field(shape, relation));
    let members = table.columns.iter().map(cell).chain(relations).collect();
    maker.object(&row, &format!("A row of {}.{}.", table.database, table.name), members);
    let cursor = Member::plain("cursor", TypeRef::STRING, Form::Required);
    maker.object(&edge, "A row and its place.", vec![cursor, Member::plain("node", &row, Form::Required)]);
    let lists = [("edges", edge.as_str()), ("nodes", row.as_str())];
    let mut members: Vec<Member> = lists.iter().map(|(name, of)| Member::plain(name, of, Form::List)).collect();
    members.push(Member::plain("pageInfo", PAGE_INFO, Form::Required));
    maker.object(&part("Connection"), "A page of rows.", members);
    add_groups(maker, table);
}

fn add_groups(maker: &mut Maker, table: &Table) {
    let part = |word: &str| part_of(&table.field, word);
    let mut members = vec![Member::plain("count", "BigInt", Form::Required).described("How many rows.")];
    let keys: Vec<&Column> = table.columns.iter().filter(|column| column.kind.compares()).collect();
    if !keys.is_empty() {
        maker.object(&part("Keys"), "What the rows of a group have in common.", keys.into_iter().map(key).collect());
        let keys = Member::plain("keys", &part("Keys"), Form::Required);
        members.push(keys.described("Selecting columns here makes a group of the rows that have them in common."));
    }
    for measure in Measure::ALL {
        let form = if measure == Measure::CountDistinct { Form::Required } else { Form::Nullable };
        let of = |column: &Column| Some(Member::plain(&column.field, measure.scalar(column.kind)?, form));
        let measured: Vec<Member> = table.columns.iter().filter_map(of).collect();
        if !measured.is_empty() {
            let name = part(&capital(measure.field()));
            maker.object(&name, "One for each column.", measured);
            members.push(Member::plain(measure.field(), &name, Form::Required));
        }
    }
    maker.object(&part("Group"), "What is computed of a group of rows; of all rows where no key is selected.", members);
    let members =
        vec![Member::plain("nodes", &part("Group"), Form::List), Member::plain("pageInfo", PAGE_INFO, Form::Required)];
    maker.object(&part("GroupConnection"), "A page of groups.", members);
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn cell(column: &Column) -> Member {
    // What is no number is null in JSON.
    let form = if column.nullable || column.kind == Kind::Float { Form::Nullable } else { Form::Required };
    Member::plain(&column.field, column.kind.scalar(), form).described(described(column))
}

fn key(column: &Column) -> Member {
    Member::plain(&column.field, column.kind.scalar(), Form::Nullable).described(described(column))
}

/// What the catalog says of a column, and what is withheld of it.
fn described(column: &Column) -> String {
    let mut parts = vec![format!("`{}` {}.", column.name, column.column_type)];
    parts.extend((!column.description.is_empty()).then(|| column.description.clone()));
    parts.extend(column.masked.then(|| "Masked: something shows instead of the values.".to_owned()));
    parts.extend(column.partial.then(|| "Partial: cells of some rows show as null.".to_owned()));
    parts.join(" ")
}

/// The field that lists the rows of a table.
pub fn list_field(table: &Table) -> Member {
    let field = table.field.clone();
    let connection = part_of(&table.field, "Connection");
    let member = Member::resolved(&table.field, &connection, Form::Nullable, move |ctx| {
        resolve(ctx, field.clone(), Answer::Rows)
    });
    let distinct = InputValue::new("distinct", TypeRef::named(TypeRef::BOOLEAN)).default_value(Value::Boolean(false));
    let distinct = distinct.description("Whether rows that look alike in what is selected are one.");
    let member = of_list(table).into_iter().fold(member, Member::argument).argument(distinct);
    member.described(format!("The rows of {}.{}.", table.database, table.name))
}

/// The field that computes over the rows of a table.
pub fn groups_field(table: &Table) -> Member {
    let (field, name) = (table.field.clone(), part_of(&table.field, "aggregate"));
    let connection = part_of(&table.field, "GroupConnection");
    let member =
        Member::resolved(&name, &connection, Form::Nullable, move |ctx| resolve(ctx, field.clone(), Answer::Groups));
    let member = of_list(table).into_iter().fold(member, Member::argument);
    member.described(format!("Counts, sums and the like over the rows of {}.{}.", table.database, table.name))
}
