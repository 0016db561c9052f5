//! Answers of two systems as one: what is the same value although it is written differently.
//!
//! - Whole numbers, decimals and floats are one kind. They are compared to ten significant digits: the two systems give
//!   sums other types and means other last digits.
//! - Dates and times are text, with a blank between day and time.
//! - Truth values are truth values, text is text, NULL is NULL of whatever type.
//! - Rows are a multiset; only below an `ORDER BY` over every column they are a list.

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Schema},
};
use lakegate_engine::encode::{JsonOptions, row_values};
use serde_json::Value;
use sqlx::{Column, Row, TypeInfo, ValueRef, postgres::PgRow};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Null,
    Flag(bool),
    Number(String),
    Time(String),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(Vec<Vec<Cell>>);

impl Answer {
    /// The rows as a multiset has them.
    pub fn sorted(mut self) -> Self {
        self.0.sort();
        self
    }

    /// Whether it holds anything: one cell at least that is not NULL.
    pub fn tells(&self) -> bool {
        self.0.iter().flatten().any(|cell| *cell != Cell::Null)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows", self.0.len())?;
        self.0.iter().try_for_each(|row| {
            let cells: Vec<String> = row.iter().map(shown).collect();
            write!(f, "\n  {}", cells.join(" | "))
        })
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Number(text) | Cell::Time(text) => text.clone(),
        Cell::Text(text) => format!("'{text}'"),
    }
}

fn number(text: &str) -> Cell {
    let number: f64 = text.parse().unwrap();
    // Zero has no sign here.
    Cell::Number(format!("{:.9e}", number + 0.0))
}

fn time(text: &str) -> Cell {
    Cell::Time(text.replace('T', " "))
}

/// What Lakegate gave.
pub fn from_arrow(schema: &Schema, batches: &[RecordBatch]) -> Answer {
    let exact = JsonOptions { exact: true };
    let rows = batches.iter().flat_map(|batch| row_values(batch, exact).unwrap());
    let types: Vec<&DataType> = schema.fields().iter().map(|field| field.data_type()).collect();
    Answer(rows.map(|row| row.iter().zip(&types).map(|(value, kind)| arrow_cell(value, kind)).collect()).collect())
}

fn arrow_cell(value: &Value, kind: &DataType) -> Cell {
    let text = match value {
        Value::Null => return Cell::Null,
        Value::Bool(flag) => return Cell::Flag(*flag),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kind {
        kind if kind.is_numeric() => number(&text),
        kind if kind.is_temporal() => time(&text),
        _ => Cell::Text(text),
    }
}

/// What PostgreSQL gave, in its text format.
pub fn from_postgres(rows: &[PgRow]) -> Answer {
    Answer(rows.iter().map(|row| (0..row.len()).map(|at| postgres_cell(row, at)).collect()).collect())
}

fn postgres_cell(row: &PgRow, at: usize) -> Cell {
    let value = row.try_get_raw(at).unwrap();
    if value.is_null() {
        return Cell::Null;
    }
    let text = value.as_str().unwrap();
    match row.column(at).type_info().name() {
        "BOOL" => Cell::Flag(text == "t"),
        "INT2" | "INT4" | "INT8" | "NUMERIC" | "FLOAT4" | "FLOAT8" => number(text),
        "DATE" | "TIMESTAMP" => time(text),
        _ => Cell::Text(text.to_owned()),
    }
}
