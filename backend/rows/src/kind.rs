//! Kinds of values: the scalar that shows a column, and what may be asked of it.

use lakegate_model::columns::ColumnType;

/// How a column's values stand in GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Boolean,
    Int,
    BigInt,
    Float,
    Decimal,
    Text,
    Bytes,
    Date,
    Time,
    DateTime,
    LocalDateTime,
    /// Lists, structs and maps, as JSON.
    Json,
    /// Shown as text, compared with nothing.
    Interval,
}

impl Kind {
    /// Those whose values can be compared, and have a type of conditions of their own.
    pub const ALL: [Self; 13] = [
        Self::Boolean,
        Self::Int,
        Self::BigInt,
        Self::Float,
        Self::Decimal,
        Self::Text,
        Self::Bytes,
        Self::Date,
        Self::Time,
        Self::DateTime,
        Self::LocalDateTime,
        Self::Json,
        Self::Interval,
    ];

    /// The kind of a column.
    pub fn of(column: &ColumnType) -> Self {
        match column {
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Integer { bits: 8 | 16 | 32 } | ColumnType::Unsigned { bits: 8 | 16 } => Self::Int,
            ColumnType::Integer { .. } | ColumnType::Unsigned { .. } => Self::BigInt,
            ColumnType::Float { .. } => Self::Float,
            ColumnType::Decimal { .. } => Self::Decimal,
            ColumnType::Text | ColumnType::Other { .. } => Self::Text,
            ColumnType::Binary => Self::Bytes,
            ColumnType::Date => Self::Date,
            ColumnType::Time => Self::Time,
            ColumnType::Timestamp { zoned: true } => Self::DateTime,
            ColumnType::Timestamp { zoned: false } => Self::LocalDateTime,
            ColumnType::Interval => Self::Interval,
            ColumnType::List { .. } | ColumnType::Struct { .. } | ColumnType::Map { .. } => Self::Json,
        }
    }

    /// The scalar of its values.
    pub const fn scalar(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Float => "Float",
            Self::Decimal => "Decimal",
            Self::Text | Self::Interval => "String",
            Self::Bytes => "Bytes",
            Self::Date => "Date",
            Self::Time => "Time",
            Self::DateTime => "DateTime",
            Self::LocalDateTime => "LocalDateTime",
            Self::Json => "JSON",
        }
    }

    /// The type of conditions on its values.
    pub const fn condition(self) -> &'static str {
        match self {
            Self::Boolean => "BooleanCondition",
            Self::Int => "IntCondition",
            Self::BigInt => "BigIntCondition",
            Self::Float => "FloatCondition",
            Self::Decimal => "DecimalCondition",
            Self::Text => "StringCondition",
            Self::Bytes => "BytesCondition",
            Self::Date => "DateCondition",
            Self::Time => "TimeCondition",
            Self::DateTime => "DateTimeCondition",
            Self::LocalDateTime => "LocalDateTimeCondition",
            Self::Json | Self::Interval => "NullCondition",
        }
    }

    /// Whether values can be told apart.
    pub const fn compares(self) -> bool {
        !matches!(self, Self::Json | Self::Interval)
    }

    /// Whether values stand in an order that means something.
    pub const fn is_ordered(self) -> bool {
        self.compares() && !matches!(self, Self::Boolean | Self::Bytes)
    }

    /// The scalar of a sum, exact where the values are.
    pub const fn sum(self) -> Option<&'static str> {
        match self {
            Self::Int | Self::BigInt => Some("BigInt"),
            Self::Decimal => Some("Decimal"),
            Self::Float => Some("Float"),
            _ => None,
        }
    }

    /// The scalar of an average.
    pub const fn average(self) -> Option<&'static str> {
        match self {
            Self::Int | Self::BigInt | Self::Float => Some("Float"),
            Self::Decimal => Some("Decimal"),
            _ => None,
        }
    }
}
