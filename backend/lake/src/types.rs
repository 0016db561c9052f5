//! Column types to and from Arrow.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};
use lakegate_model::columns::{ColumnType, StructField};

use crate::LakeError;

/// The zone of instants. An offset, because names of zones need a table that not every build carries.
pub const UTC: &str = "+00:00";
/// Digits of a 128-bit decimal.
const NARROW_DECIMAL: u8 = 38;

/// The column type that shows an Arrow type. Encodings (dictionary, views, large offsets) disappear; units of time
/// become microseconds.
pub fn from_arrow(of: &DataType) -> ColumnType {
    use DataType as D;
    match of {
        D::Boolean => ColumnType::Boolean,
        D::Int8 => ColumnType::Integer { bits: 8 },
        D::Int16 => ColumnType::Integer { bits: 16 },
        D::Int32 => ColumnType::Integer { bits: 32 },
        D::Int64 => ColumnType::Integer { bits: 64 },
        D::UInt8 => ColumnType::Unsigned { bits: 8 },
        D::UInt16 => ColumnType::Unsigned { bits: 16 },
        D::UInt32 => ColumnType::Unsigned { bits: 32 },
        D::UInt64 => ColumnType::Unsigned { bits: 64 },
        D::Float16 => ColumnType::Float { bits: 16 },
        D::Float32 => ColumnType::Float { bits: 32 },
        D::Float64 => ColumnType::Float { bits: 64 },
        D::Decimal32(precision, scale)
        | D::Decimal64(precision, scale)
        | D::Decimal128(precision, scale)
        | D::Decimal256(precision, scale) => ColumnType::Decimal { precision: *precision, scale: *scale },
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Null => ColumnType::Text,
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => ColumnType::Binary,
        D::Date32 | D::Date64 => ColumnType::Date,
        D::Time32(_) | D::Time64(_) => ColumnType::Time,
        D::Timestamp(_, zone) => ColumnType::Timestamp { zoned: zone.is_some() },
        D::Interval(_) => ColumnType::Interval,
        nested => nested_from_arrow(nested),
    }
}

fn nested_from_arrow(of: &DataType) -> ColumnType {
    use DataType as D;
    match of {
        D::List(item) | D::LargeList(item) | D::FixedSizeList(item, _) | D::ListView(item) | D::LargeListView(item) => {
            ColumnType::List { of: Box::new(from_arrow(item.data_type())) }
        }
        D::Struct(fields) => ColumnType::Struct { fields: fields.iter().map(field_from_arrow).collect() },
        D::Map(entries, _) => match entries.data_type() {
            D::Struct(pair) if pair.len() == 2 => ColumnType::Map {
                key: Box::new(from_arrow(pair[0].data_type())),
                value: Box::new(from_arrow(pair[1].data_type())),
            },
            other => ColumnType::Other { name: other.to_string() },
        },
        D::Dictionary(_, values) => from_arrow(values),
        D::RunEndEncoded(_, values) => from_arrow(values.data_type()),
        other => ColumnType::Other { name: other.to_string() },
    }
}

fn field_from_arrow(field: &Arc<Field>) -> StructField {
    StructField { name: field.name().clone(), of: from_arrow(field.data_type()) }
}

/// The Arrow type that carries a column type. Everything within it may be null.
///
/// # Errors
/// [`LakeError::Unsupported`] for [`ColumnType::Other`] and for widths that do not exist.
pub fn to_arrow(of: &ColumnType) -> Result<DataType, LakeError> {
    use ColumnType as C;
    Ok(match of {
        C::Boolean => DataType::Boolean,
        C::Integer { bits: 8 } => DataType::Int8,
        C::Integer { bits: 16 } => DataType::Int16,
        C::Integer { bits: 32 } => DataType::Int32,
        C::Integer { bits: 64 } => DataType::Int64,
        C::Unsigned { bits: 8 } => DataType::UInt8,
        C::Unsigned { bits: 16 } => DataType::UInt16,
        C::Unsigned { bits: 32 } => DataType::UInt32,
        C::Unsigned { bits: 64 } => DataType::UInt64,
        C::Float { bits: 16 } => DataType::Float16,
        C::Float { bits: 32 } => DataType::Float32,
        C::Float { bits: 64 } => DataType::Float64,
        C::Decimal { precision: precision @ 1..=NARROW_DECIMAL, scale } => DataType::Decimal128(*precision, *scale),
        C::Decimal { precision: precision @ 39..=76, scale } => DataType::Decimal256(*precision, *scale),
        C::Text => DataType::Utf8,
        C::Binary => DataType::Binary,
        C::Date => DataType::Date32,
        C::Time => DataType::Time64(TimeUnit::Microsecond),
        C::Timestamp { zoned } => DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| UTC.into())),
        C::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        C::List { of } => DataType::List(Arc::new(Field::new("item", to_arrow(of)?, true))),
        C::Struct { fields } => DataType::Struct(struct_to_arrow(fields)?),
        C::Map { key, value } => map_to_arrow(key, value)?,
        other => return Err(LakeError::Unsupported(format!("the type {other} cannot be read"))),
    })
}

fn struct_to_arrow(fields: &[StructField]) -> Result<Fields, LakeError> {
    fields.iter().map(|f| Ok(Field::new(&f.name, to_arrow(&f.of)?, true))).collect()
}

fn map_to_arrow(key: &ColumnType, value: &ColumnType) -> Result<DataType, LakeError> {
    let pair = vec![Field::new("keys", to_arrow(key)?, false), Field::new("values", to_arrow(value)?, true)];
    Ok(DataType::Map(Arc::new(Field::new("entries", DataType::Struct(pair.into()), false)), false))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    fn column_type() -> impl Strategy<Value = ColumnType> {
        let leaf = prop_oneof![
            prop_oneof![Just(8u8), Just(16), Just(32), Just(64)].prop_map(|bits| ColumnType::Integer { bits }),
            prop_oneof![Just(8u8), Just(16), Just(32), Just(64)].prop_map(|bits| ColumnType::Unsigned { bits }),
            prop_oneof![Just(16u8), Just(32), Just(64)].prop_map(|bits| ColumnType::Float { bits }),
            (1u8..=76, 0i8..=10).prop_map(|(precision, scale)| ColumnType::Decimal { precision, scale }),
            any::<bool>().prop_map(|zoned| ColumnType::Timestamp { zoned }),
            prop_oneof![
                Just(ColumnType::Boolean),
                Just(ColumnType::Text),
                Just(ColumnType::Binary),
                Just(ColumnType::Date),
                Just(ColumnType::Time),
                Just(ColumnType::Interval),
            ],
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|of| ColumnType::List { of: Box::new(of) }),
                (inner.clone(), inner.clone())
                    .prop_map(|(key, value)| ColumnType::Map { key: Box::new(key), value: Box::new(value) }),
                proptest::collection::vec(("[a-z]{1,4}", inner), 1..3).prop_map(|fields| ColumnType::Struct {
                    fields: fields.into_iter().map(|(name, of)| StructField { name, of }).collect()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_type_comes_back(of in column_type()) {
            prop_assert_eq!(from_arrow(&to_arrow(&of).unwrap()), of);
        }
    }

    #[test]
    fn encodings_disappear() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View));
        assert_eq!(from_arrow(&dictionary), ColumnType::Text);
        let nanos = DataType::Timestamp(TimeUnit::Nanosecond, Some("Europe/Berlin".into()));
        assert_eq!(from_arrow(&nanos), ColumnType::Timestamp { zoned: true });
        assert!(to_arrow(&ColumnType::Other { name: "union".into() }).is_err());
        assert!(to_arrow(&ColumnType::Integer { bits: 7 }).is_err());
    }
}
