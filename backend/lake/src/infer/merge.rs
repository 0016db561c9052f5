//! The columns of a table out of the columns of its files.

use std::collections::{HashMap, HashSet};

use lakegate_model::columns::{ColumnType, StructField};
use lakegate_model::storage::FileFormat;

use super::{ShapeColumn, fold_name};

/// Digits that a decimal may have.
const WIDEST: i32 = 38;
/// Digits of a 64-bit integer of which none were counted.
const LONGEST_INTEGER: i32 = 19;

/// A type, if one is known, and the digits counted of its integers.
type Typed<'a> = (&'a Option<ColumnType>, u8);

/// The type that holds the values of both without loss; the outer `None` if there is none, because one is nested.
///
/// Whole numbers and decimals meet in a decimal, numbers and floating point in floating point, all else in text.
pub(super) fn merge_types(a: Typed<'_>, b: Typed<'_>) -> Option<Option<ColumnType>> {
    match (a.0, b.0) {
        (None, other) | (other, None) => Some(other.clone()),
        (Some(x), Some(y)) if x == y => Some(Some(x.clone())),
        (Some(x), Some(y)) => merge_known((x, a.1), (y, b.1)).map(Some),
    }
}

fn merge_known((x, x_digits): (&ColumnType, u8), (y, y_digits): (&ColumnType, u8)) -> Option<ColumnType> {
    use ColumnType as C;
    match (x, y) {
        (C::Integer { bits: a }, C::Integer { bits: b }) => Some(C::Integer { bits: *a.max(b) }),
        (C::Unsigned { bits: a }, C::Unsigned { bits: b }) => Some(C::Unsigned { bits: *a.max(b) }),
        _ if x.is_numeric() && y.is_numeric() => Some(merge_numbers((x, x_digits), (y, y_digits))),
        (C::List { of: a }, C::List { of: b }) => {
            let of = merge_known_or_same(a, b)?;
            Some(C::List { of: Box::new(of) })
        }
        (C::Struct { fields: a }, C::Struct { fields: b }) => merge_structs(a, b),
        _ if is_opaque(x) || is_opaque(y) => None,
        _ => Some(C::Text),
    }
}

fn merge_known_or_same(a: &ColumnType, b: &ColumnType) -> Option<ColumnType> {
    if a == b { Some(a.clone()) } else { merge_known((a, 0), (b, 0)) }
}

/// Types whose values have no faithful text.
fn is_opaque(of: &ColumnType) -> bool {
    use ColumnType as C;
    matches!(of, C::List { .. } | C::Struct { .. } | C::Map { .. } | C::Binary | C::Other { .. })
}

fn merge_numbers(x: (&ColumnType, u8), y: (&ColumnType, u8)) -> ColumnType {
    let (Some((before_x, after_x)), Some((before_y, after_y))) = (room(x), room(y)) else {
        return ColumnType::Float { bits: 64 };
    };
    let after = after_x.max(after_y);
    let digits = before_x.max(before_y) + after;
    match (u8::try_from(digits), i8::try_from(after)) {
        (Ok(precision), Ok(scale)) if digits <= WIDEST => ColumnType::Decimal { precision, scale },
        _ => ColumnType::Text,
    }
}

/// Digits before and after the point that an exact number needs; `None` for floating point.
fn room((of, digits): (&ColumnType, u8)) -> Option<(i32, i32)> {
    let counted = |most: i32| if digits == 0 { most } else { i32::from(digits).min(most) };
    match of {
        ColumnType::Integer { bits: 8 } | ColumnType::Unsigned { bits: 8 } => Some((counted(3), 0)),
        ColumnType::Integer { bits: 16 } | ColumnType::Unsigned { bits: 16 } => Some((counted(5), 0)),
        ColumnType::Integer { bits: 32 } | ColumnType::Unsigned { bits: 32 } => Some((counted(10), 0)),
        ColumnType::Integer { .. } => Some((counted(LONGEST_INTEGER), 0)),
        ColumnType::Unsigned { .. } => Some((counted(LONGEST_INTEGER + 1), 0)),
        ColumnType::Decimal { precision, scale } => {
            let after = i32::from(*scale).max(0);
            Some((i32::from(*precision) - i32::from(*scale), after))
        }
        _ => None,
    }
}

fn merge_structs(a: &[StructField], b: &[StructField]) -> Option<ColumnType> {
    let mut fields = a.to_vec();
    for field in b {
        match fields.iter_mut().find(|f| f.name == field.name) {
            Some(known) => known.of = merge_known_or_same(&known.of, &field.of)?,
            None => fields.push(field.clone()),
        }
    }
    Some(ColumnType::Struct { fields })
}

/// Whether a file with columns `b` may belong to a table with columns `a`.
///
/// CSV is read by position, so one list must begin the other. Other formats are read by name: one must hold the other,
/// or they share more than half of the longer list.
pub(crate) fn compatible(format: &FileFormat, a: &[ShapeColumn], b: &[ShapeColumn]) -> bool {
    if matches!(format, FileFormat::Csv { .. }) {
        return a.iter().zip(b).all(|(x, y)| fold_name(&x.name) == fold_name(&y.name)) && mergeable(a, b);
    }
    let names: HashSet<String> = a.iter().map(|c| fold_name(&c.name)).collect();
    let shared = b.iter().filter(|c| names.contains(&fold_name(&c.name))).count();
    let alike = shared == a.len().min(b.len()) || shared * 2 > a.len().max(b.len());
    alike && mergeable(a, b)
}

fn mergeable(a: &[ShapeColumn], b: &[ShapeColumn]) -> bool {
    let known: HashMap<String, &ShapeColumn> = a.iter().map(|c| (fold_name(&c.name), c)).collect();
    b.iter().all(|y| match known.get(&fold_name(&y.name)) {
        Some(x) => merge_types((&x.column_type, x.digits), (&y.column_type, y.digits)).is_some(),
        None => true,
    })
}

/// Adds the columns of one more file; both lists are [`compatible`]. A column that one of them lacks may be null.
pub(crate) fn merge_columns(table: &mut Vec<ShapeColumn>, file: &[ShapeColumn]) {
    let mut places: HashMap<String, usize> = table.iter().enumerate().map(|(at, c)| (fold_name(&c.name), at)).collect();
    let mut met = vec![false; table.len()];
    for column in file {
        match places.get(&fold_name(&column.name)) {
            Some(at) => {
                met[*at] = true;
                merge_into(&mut table[*at], column);
            }
            None => {
                places.insert(fold_name(&column.name), table.len());
                met.push(true);
                table.push(ShapeColumn { nullable: true, ..column.clone() });
            }
        }
    }
    table.iter_mut().zip(met).filter(|(_, met)| !met).for_each(|(column, _)| column.nullable = true);
}

fn merge_into(known: &mut ShapeColumn, more: &ShapeColumn) {
    let merged = merge_types((&known.column_type, known.digits), (&more.column_type, more.digits));
    known.column_type = merged.unwrap_or(Some(ColumnType::Text));
    known.nullable |= more.nullable;
    known.digits = known.digits.max(more.digits);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use lakegate_model::storage::Compression;

    const CSV: FileFormat = FileFormat::Csv { delimiter: b',', header: true, compression: Compression::None };

    fn column(name: &str, of: Option<ColumnType>, digits: u8) -> ShapeColumn {
        ShapeColumn { name: name.to_owned(), column_type: of, nullable: false, digits }
    }

    fn names(list: &[&str]) -> Vec<ShapeColumn> {
        list.iter().map(|n| column(n, None, 0)).collect()
    }

    #[test]
    fn numbers_meet_exactly_where_they_can() {
        let integer = Some(ColumnType::Integer { bits: 64 });
        let decimal = Some(ColumnType::Decimal { precision: 3, scale: 1 });
        let merged = |a: Typed<'_>, b: Typed<'_>| merge_types(a, b).unwrap().unwrap().to_string();
        assert_eq!(merged((&integer, 4), (&decimal, 2)), "decimal(5,1)");
        assert_eq!(merged((&integer, 0), (&decimal, 0)), "decimal(20,1)");
        assert_eq!(merged((&integer, 1), (&Some(ColumnType::Float { bits: 64 }), 0)), "double");
        assert_eq!(merged((&integer, 1), (&Some(ColumnType::Date), 0)), "text");
        assert_eq!(merge_types((&None, 0), (&integer, 0)), Some(integer.clone()));
        let list = Some(ColumnType::List { of: Box::new(ColumnType::Text) });
        assert_eq!(merge_types((&list, 0), (&integer, 0)), None);
    }

    #[test]
    fn csv_grows_at_its_end_and_others_by_name() {
        assert!(compatible(&CSV, &names(&["a", "b"]), &names(&["A", "b", "c"])));
        assert!(!compatible(&CSV, &names(&["a", "b"]), &names(&["op", "a", "b"])));
        assert!(compatible(&FileFormat::Parquet, &names(&["a", "b"]), &names(&["x", "a", "b"])));
        assert!(!compatible(&FileFormat::Parquet, &names(&["id", "name"]), &names(&["id", "price"])));
    }

    #[test]
    fn a_column_that_a_file_lacks_may_be_null() {
        let mut table = names(&["a", "b"]);
        merge_columns(&mut table, &names(&["A", "c"]));
        let shown: Vec<_> = table.iter().map(|c| (c.name.as_str(), c.nullable)).collect();
        assert_eq!(shown, [("a", false), ("b", true), ("c", true)]);
    }
}
