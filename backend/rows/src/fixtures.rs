//! A table for tests.

#![allow(clippy::unwrap_used)]

use async_graphql::Value;
use lakegate_model::{columns::ColumnType, ids::TableId};

use crate::{
    kind::Kind,
    names,
    shape::{Column, Shape, Table},
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
        fingerprint: "f".to_owned(),
    }
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
