//! Types of columns, independent of the engine that reads them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of a column. Written as JSON in the metadata database, shown to people by `Display`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ColumnType {
    Boolean,
    /// Signed integer of 8, 16, 32 or 64 bits.
    Integer {
        bits: u8,
    },
    /// Unsigned integer of 8, 16, 32 or 64 bits.
    Unsigned {
        bits: u8,
    },
    /// Floating point of 16, 32 or 64 bits.
    Float {
        bits: u8,
    },
    /// Exact decimal: `precision` digits in all (1 to 76), `scale` of them after the point.
    Decimal {
        precision: u8,
        scale: i8,
    },
    Text,
    Binary,
    Date,
    Time,
    /// A point in time; with a zone it is an instant, without one a wall clock reading.
    Timestamp {
        zoned: bool,
    },
    Interval,
    List {
        of: Box<ColumnType>,
    },
    Struct {
        fields: Vec<StructField>,
    },
    Map {
        key: Box<ColumnType>,
        value: Box<ColumnType>,
    },
    /// A type that Lakegate can carry but does not know.
    Other {
        name: String,
    },
}

/// A field of a struct column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StructField {
    pub name: String,
    pub of: ColumnType,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Integer { bits: 8 } => f.write_str("tinyint"),
            Self::Integer { bits: 16 } => f.write_str("smallint"),
            Self::Integer { bits: 32 } => f.write_str("int"),
            Self::Integer { .. } => f.write_str("bigint"),
            Self::Unsigned { bits } => write!(f, "uint{bits}"),
            Self::Float { bits: 64 } => f.write_str("double"),
            Self::Float { .. } => f.write_str("float"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Text => f.write_str("text"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Timestamp { zoned: true } => f.write_str("timestamp with time zone"),
            Self::Timestamp { zoned: false } => f.write_str("timestamp"),
            Self::Interval => f.write_str("interval"),
            Self::List { of } => write!(f, "list<{of}>"),
            Self::Map { key, value } => write!(f, "map<{key}, {value}>"),
            Self::Other { name } => f.write_str(name),
            Self::Struct { fields } => {
                f.write_str("struct<")?;
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{}: {}", field.name, field.of)?;
                }
                f.write_str(">")
            }
        }
    }
}

impl ColumnType {
    /// Whether values are numbers and stand right-aligned.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Unsigned { .. } | Self::Float { .. } | Self::Decimal { .. })
    }
}
