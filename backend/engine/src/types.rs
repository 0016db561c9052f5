//! Column types between the catalog and Arrow.

use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, TimeUnit};
use lakegate_model::columns::{ColumnType, StructField};
use serde::Serialize;
use std::sync::Arc;

use crate::flags::Withheld;

/// The Arrow type in which a column is read.
pub fn arrow_type(column: &ColumnType) -> DataType {
    match column {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Integer { bits } => integer(*bits),
        ColumnType::Unsigned { bits } => unsigned(*bits),
        ColumnType::Float { bits: 16 } => DataType::Float16,
        ColumnType::Float { bits: 32 } => DataType::Float32,
        ColumnType::Float { .. } => DataType::Float64,
        ColumnType::Decimal { precision, scale } if *precision <= 38 => DataType::Decimal128(*precision, *scale),
        ColumnType::Decimal { precision, scale } => DataType::Decimal256(*precision, *scale),
        // A type nobody knows is carried as text where the files allow it.
        ColumnType::Text | ColumnType::Other { .. } => DataType::Utf8View,
        ColumnType::Binary => DataType::BinaryView,
        ColumnType::Date => DataType::Date32,
        ColumnType::Time => DataType::Time64(TimeUnit::Microsecond),
        ColumnType::Timestamp { zoned: true } => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Timestamp { zoned: false } => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        ColumnType::List { of } => DataType::List(Arc::new(Field::new("item", arrow_type(of), true))),
        ColumnType::Struct { fields } => {
            DataType::Struct(fields.iter().map(|field| Field::new(&field.name, arrow_type(&field.of), true)).collect())
        }
        ColumnType::Map { key, value } => map(key, value),
    }
}

fn integer(bits: u8) -> DataType {
    match bits {
        8 => DataType::Int8,
        16 => DataType::Int16,
        32 => DataType::Int32,
        _ => DataType::Int64,
    }
}

fn unsigned(bits: u8) -> DataType {
    match bits {
        8 => DataType::UInt8,
        16 => DataType::UInt16,
        32 => DataType::UInt32,
        _ => DataType::UInt64,
    }
}

fn map(key: &ColumnType, value: &ColumnType) -> DataType {
    let entries = vec![Field::new("key", arrow_type(key), false), Field::new("value", arrow_type(value), true)];
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries.into()), false)), false)
}

/// The catalog's word for an Arrow type: what a result's head shows.
pub fn column_type(arrow: &DataType) -> ColumnType {
    match arrow {
        DataType::Boolean => ColumnType::Boolean,
        DataType::Int8 => ColumnType::Integer { bits: 8 },
        DataType::Int16 => ColumnType::Integer { bits: 16 },
        DataType::Int32 => ColumnType::Integer { bits: 32 },
        DataType::Int64 => ColumnType::Integer { bits: 64 },
        DataType::UInt8 => ColumnType::Unsigned { bits: 8 },
        DataType::UInt16 => ColumnType::Unsigned { bits: 16 },
        DataType::UInt32 => ColumnType::Unsigned { bits: 32 },
        DataType::UInt64 => ColumnType::Unsigned { bits: 64 },
        DataType::Float16 => ColumnType::Float { bits: 16 },
        DataType::Float32 => ColumnType::Float { bits: 32 },
        DataType::Float64 => ColumnType::Float { bits: 64 },
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => ColumnType::Decimal { precision: *precision, scale: *scale },
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ColumnType::Binary
        }
        DataType::Date32 | DataType::Date64 => ColumnType::Date,
        DataType::Time32(_) | DataType::Time64(_) => ColumnType::Time,
        DataType::Timestamp(_, zone) => ColumnType::Timestamp { zoned: zone.is_some() },
        DataType::Interval(_) | DataType::Duration(_) => ColumnType::Interval,
        DataType::Dictionary(_, value) => column_type(value),
        other => nested(other),
    }
}

fn nested(arrow: &DataType) -> ColumnType {
    match arrow {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => ColumnType::List { of: Box::new(column_type(item.data_type())) },
        DataType::Struct(fields) => ColumnType::Struct {
            fields: fields
                .iter()
                .map(|field| StructField { name: field.name().clone(), of: column_type(field.data_type()) })
                .collect(),
        },
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 => ColumnType::Map {
                key: Box::new(column_type(pair[0].data_type())),
                value: Box::new(column_type(pair[1].data_type())),
            },
            _ => ColumnType::Other { name: arrow.to_string() },
        },
        _ => ColumnType::Other { name: arrow.to_string() },
    }
}

/// A column of a result: its name and the catalog's word for its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub type_name: String,
    /// Cells of some rows are withheld, or went into it as NULL.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Something shows instead of the values, or that went into it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
}

/// The head of a result.
pub fn result_columns(schema: &Schema) -> Vec<ResultColumn> {
    let column = |field: &Arc<Field>| {
        let Withheld { partial, masked } = Withheld::of(field);
        let type_name = column_type(field.data_type()).to_string();
        ResultColumn { name: field.name().clone(), type_name, partial, masked }
    };
    schema.fields().iter().map(column).collect()
}
