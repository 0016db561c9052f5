//! A table for tests.

#![allow(clippy::unwrap_used)]

use async_graphql::Value;
use lakegate_model::{columns::ColumnType, ids::TableId};

use crate::{
    kind::Kind,
    names,
    shape::{Column, Relation, Shape, Table},
};

/// A column that shows as it is.
pub fn column(name: &str, column_type: ColumnType) -> Column {
    Column {
        field: names::of_column(name),
        name: name.to_owned(),
        description: String::new(),
        kind: Kind::of(&column_type),
        column_type,
        nullable: true,
        masked: false,
        partial: false,
    }
}

/// Owners of companies: `age`, `name`, `Odd Name`, `amount`, the masked `phone` and a list `tags`.
pub fn owners() -> Table {
    let mut phone = column("phone", ColumnType::Text);
    phone.masked = true;
    Table {
        field: names::of_table("registry_pub", "owners"),
        table: TableId(uuid_of_zeros()),
        database: "registry_pub".to_owned(),
        name: "owners".to_owned(),
        columns: vec![
            column("age", ColumnType::Integer { bits: 32 }),
            column("name", ColumnType::Text),
            column("Odd Name", ColumnType::Text),
            column("amount", ColumnType::Decimal { precision: 10, scale: 2 }),
            phone,
            column("tags", ColumnType::List { of: Box::new(ColumnType::Text) }),
        ],
        key: Vec::new(),
        relations: Vec::new(),
        fingerprint: "f".to_owned(),
    }
}

/// Companies, whose `owner` leads to the `age` of [`owners`].
pub fn related() -> Shape {
    let mut owners = owners();
    let field = names::of_table("registry_pub", "companies");
    let by = ["owner".to_owned()];
    let relation = |far: &str, many, columns: [&str; 2]| Relation {
        field: names::of_relation(far, many, &by),
        far: far.to_owned(),
        many,
        columns: vec![(columns[0].to_owned(), columns[1].to_owned())],
    };
    owners.relations = vec![relation(&field, true, ["age", "owner"])];
    owners.key = vec!["age".to_owned()];
    let companies = Table {
        name: "companies".to_owned(),
        columns: vec![column("owner", ColumnType::Integer { bits: 64 }), column("name", ColumnType::Text)],
        key: Vec::new(),
        relations: vec![relation(&owners.field, false, ["owner", "age"])],
        field,
        ..owners.clone()
    };
    Shape { tables: vec![companies, owners] }
}

fn uuid_of_zeros() -> uuid::Uuid {
    uuid::Uuid::nil()
}

/// [`owners`] alone.
pub fn shape() -> Shape {
    Shape { tables: vec![owners()] }
}

/// A value of GraphQL.
pub fn given(json: serde_json::Value) -> Value {
    Value::from_json(json).unwrap()
}
