//! Columns of JSON lines: one object a line.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead as _, BufReader};

use lakegate_model::columns::{ColumnType, StructField};
use lakegate_model::storage::{Compression, FileFormat};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::merge::merge_types;
use super::{DEEPEST, FileShape, Input, MOST_COLUMNS, ScanBudget, ShapeColumn, names};
use crate::LakeError;

/// Reads lines up to the budget and finds names and types.
pub(super) fn infer(input: &Input, compression: Compression, budget: &ScanBudget) -> Result<FileShape, LakeError> {
    let mut lines = Lines { reader: BufReader::with_capacity(64 * 1024, input.text(compression, budget)?), number: 0 };
    let mut found = Found { name: &input.name, columns: Vec::new(), places: HashMap::new(), rows: 0 };
    let mut largest_row = 0;
    let mut complete = false;
    while found.rows < budget.rows && lines.reader.get_ref().unpacked < budget.bytes {
        let Some(line) = lines.next(&input.name)? else {
            complete = true;
            break;
        };
        largest_row = largest_row.max(line.len() as u64);
        found.add(&line, lines.number)?;
    }
    names::by_name(&input.name, found.columns.iter().map(|c| c.name.as_str()))?;
    let format = FileFormat::JsonLines { compression };
    Ok(FileShape { format, columns: found.columns, rows: found.rows, complete, largest_row })
}

struct Lines {
    reader: BufReader<super::Guarded>,
    number: u64,
}

impl Lines {
    /// The next line that is not blank.
    fn next(&mut self, name: &str) -> Result<Option<Vec<u8>>, LakeError> {
        loop {
            let mut line = Vec::new();
            let read = self.reader.read_until(b'\n', &mut line).map_err(|e| LakeError::io(name, e))?;
            self.reader.get_mut().row_ended();
            self.number += 1;
            if read == 0 {
                return Ok(None);
            }
            if self.number == 1 && line.starts_with(b"\xEF\xBB\xBF") {
                line.drain(..3);
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }
}

struct Found<'a> {
    name: &'a str,
    columns: Vec<ShapeColumn>,
    /// Where the column of a name stands, and the last row that had it.
    places: HashMap<String, (usize, u64)>,
    rows: u64,
}

impl Found<'_> {
    fn add(&mut self, line: &[u8], number: u64) -> Result<(), LakeError> {
        let Ok(Object(fields)) = serde_json::from_slice(line) else {
            return Err(LakeError::malformed(self.name, number, "this is not a JSON object on one line"));
        };
        let before = self.rows;
        self.rows += 1;
        let mut known = 0;
        for (key, value) in fields {
            known += usize::from(self.add_field(key, &value, number, before)?);
        }
        if known < self.places.len() {
            let rows = self.rows;
            let absent = self.places.values().filter(|(_, last)| *last != rows);
            absent.for_each(|(at, _)| self.columns[*at].nullable = true);
        }
        Ok(())
    }

    /// Whether the field was not met before on this line.
    fn add_field(&mut self, key: String, value: &Value, number: u64, before: u64) -> Result<bool, LakeError> {
        let (at, last) = match self.places.get(&key) {
            Some(place) => *place,
            None => (self.add_column(&key, before)?, 0),
        };
        if last == self.rows {
            return Err(LakeError::malformed(self.name, number, format!("the key \"{key}\" stands twice")));
        }
        self.places.insert(key, (at, self.rows));
        let (found, digits) = type_of(value, 0).ok_or_else(|| {
            LakeError::malformed(self.name, number, format!("values are nested deeper than {DEEPEST} levels"))
        })?;
        let column = &mut self.columns[at];
        column.nullable |= value.is_null();
        let merged = merge_types((&column.column_type, column.digits), (&found, digits));
        column.column_type = merged.ok_or_else(|| {
            let why =
                format!("\"{}\" holds objects or lists here and plain values before, or the other way", column.name);
            LakeError::malformed(self.name, number, why)
        })?;
        column.digits = column.digits.max(digits);
        Ok(true)
    }

    fn add_column(&mut self, name: &str, before: u64) -> Result<usize, LakeError> {
        if self.columns.len() >= MOST_COLUMNS {
            return Err(LakeError::TooMany { what: format!("columns in {}", self.name), limit: MOST_COLUMNS as u64 });
        }
        self.columns.push(ShapeColumn { name: name.to_owned(), column_type: None, nullable: before > 0, digits: 0 });
        Ok(self.columns.len() - 1)
    }
}

/// The type of a value and its digits; the outer `None` means too deep, the inner one that the value is null.
fn type_of(value: &Value, depth: usize) -> Option<(Option<ColumnType>, u8)> {
    if depth > DEEPEST {
        return None;
    }
    let plain = |of| Some((Some(of), 0));
    match value {
        Value::Null => Some((None, 0)),
        Value::Bool(_) => plain(ColumnType::Boolean),
        Value::String(_) => plain(ColumnType::Text),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some((Some(ColumnType::Integer { bits: 64 }), digits(whole.unsigned_abs()))),
            None if number.is_u64() => Some((Some(ColumnType::Decimal { precision: 20, scale: 0 }), 20)),
            None => plain(ColumnType::Float { bits: 64 }),
        },
        Value::Array(items) => list_type(items, depth).map(|of| (Some(of), 0)),
        Value::Object(fields) => {
            let mut of = Vec::with_capacity(fields.len());
            for (name, value) in fields {
                let (found, _) = type_of(value, depth + 1)?;
                of.push(StructField { name: name.clone(), of: found.unwrap_or(ColumnType::Text) });
            }
            // An object without fields has no form that Parquet could keep.
            if of.is_empty() { Some((None, 0)) } else { plain(ColumnType::Struct { fields: of }) }
        }
    }
}

fn list_type(items: &[Value], depth: usize) -> Option<ColumnType> {
    let mut of = (None, 0);
    for item in items {
        let (found, digits) = type_of(item, depth + 1)?;
        // Items that do not go together become text, which the conversion then refuses for nested ones.
        of = (merge_types((&of.0, of.1), (&found, digits)).unwrap_or(Some(ColumnType::Text)), of.1.max(digits));
    }
    Some(ColumnType::List { of: Box::new(of.0.unwrap_or(ColumnType::Text)) })
}

fn digits(number: u64) -> u8 {
    u8::try_from(number.checked_ilog10().unwrap_or(0) + 1).unwrap_or(u8::MAX)
}

/// The fields of an object in the order of the file.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
