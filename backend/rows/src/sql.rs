//! The only place where names and values of callers become SQL.

use async_graphql::Value;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use lakegate_model::columns::ColumnType;

use crate::{
    kind::Kind,
    shape::{Column, Table},
};

/// A name, as it stands and nothing else.
pub fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table by database and name, under the alias of a depth: conditions on related tables name the columns around them.
pub fn table(table: &Table, depth: usize) -> String {
    format!("{}.{} AS {}", name(&table.database), name(&table.name), alias(depth))
}

/// The alias of the table at a depth of conditions on related tables; the one whose rows are asked for has depth 0. A column
/// of the same name would be taken for it, so it is called as no column is.
pub fn alias(depth: usize) -> String {
    format!("\"r{depth} of this query\"")
}

/// A text, as it stands and nothing else.
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value of GraphQL as a value of a column; `None` for what is no value of its type.
pub fn value(column: &Column, value: &Value) -> Option<String> {
    match (column.kind, value) {
        (Kind::Boolean, Value::Boolean(flag)) => Some(flag.to_string().to_uppercase()),
        (Kind::Int | Kind::BigInt, Value::Number(number)) => whole(&number.to_string(), &column.column_type),
        (Kind::BigInt, Value::String(digits)) => whole(digits, &column.column_type),
        (Kind::Float, Value::Number(number)) => {
            let number = number.as_f64().filter(|number| number.is_finite())?;
            Some(float(&format!("{number:e}"), &column.column_type))
        }
        (Kind::Decimal, Value::Number(number)) => decimal(&number.to_string(), &column.column_type),
        (Kind::Decimal, Value::String(digits)) => decimal(digits, &column.column_type),
        (Kind::Text, Value::String(value)) => (!value.contains('\0')).then(|| text(value)),
        (kind, Value::String(value)) => timely(kind, value),
        _ => None,
    }
}

/// A value of a column as an answer writes it: also numbers that no JSON holds.
pub fn answered(column: &Column, shown: &Value) -> Option<String> {
    match (column.kind, shown) {
        (Kind::Float, Value::String(word)) if ["NaN", "inf", "-inf"].contains(&word.as_str()) => {
            Some(float(word, &column.column_type))
        }
        _ => value(column, shown),
    }
}

/// Values whose text is of a form of their own.
fn timely(kind: Kind, value: &str) -> Option<String> {
    match kind {
        Kind::Bytes => STANDARD.decode(value).ok().map(|bytes| format!("X'{}'", hex::encode(bytes))),
        Kind::Date => date(value).map(|date| format!("DATE '{date}'")),
        Kind::Time => time(value).map(|time| cast(&time.format("%H:%M:%S%.6f").to_string(), "Time64(Microsecond)")),
        Kind::DateTime => instant(value).map(|instant| {
            cast(&instant.to_rfc3339_opts(SecondsFormat::Micros, true), "Timestamp(Microsecond, Some(\"UTC\"))")
        }),
        Kind::LocalDateTime => {
            let moment = local(value).map(|moment| moment.format("%Y-%m-%dT%H:%M:%S%.6f").to_string());
            moment.map(|moment| cast(&moment, "Timestamp(Microsecond, None)"))
        }
        _ => None,
    }
}

fn cast(value: &str, kind: &str) -> String {
    format!("arrow_cast('{value}', '{kind}')")
}

/// A number in the width of its column: what stands as 0.1 in four bytes is another number in eight.
fn float(number: &str, column: &ColumnType) -> String {
    let width = if matches!(column, ColumnType::Float { bits: 64 }) { "DOUBLE" } else { "REAL" };
    format!("CAST('{number}' AS {width})")
}

/// A whole number in the range of the column's type.
fn whole(digits: &str, column: &ColumnType) -> Option<String> {
    let number: i128 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
    let unsigned = matches!(column, ColumnType::Unsigned { .. });
    match (unsigned, u64::try_from(number), i64::try_from(number)) {
        (_, _, Ok(number)) => Some(format!("CAST('{number}' AS BIGINT)")),
        (true, Ok(number), _) => Some(format!("CAST('{number}' AS BIGINT UNSIGNED)")),
        _ => None,
    }
}

/// A decimal number that the column's type can hold.
fn decimal(written: &str, column: &ColumnType) -> Option<String> {
    let ColumnType::Decimal { precision, scale } = column else { return None };
    let (sign, digits) = written.strip_prefix('-').map_or(("", written), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all(whole) || !all(part) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let scale = usize::from(u8::try_from(*scale).ok()?);
    let fits = part.len() <= scale && whole.len() + scale <= usize::from(*precision);
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if part.is_empty() { "" } else { "." };
    fits.then(|| format!("CAST('{sign}{whole}{point}{part}' AS DECIMAL({precision},{scale}))"))
}

/// A date such as `2024-05-03`.
pub fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| date.to_string() == text)
}

/// A time of day such as `12:30:00` or `12:30:00.5`.
pub fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok().filter(|_| !text.starts_with(['+', ' ']))
}

/// A moment with its offset, such as `2024-05-03T12:30:00Z`.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc());
    moment.filter(|moment| in_range(moment.naive_utc().date()))
}

/// A reading of a clock and calendar, such as `2024-05-03T12:30:00`.
pub fn local(text: &str) -> Option<NaiveDateTime> {
    let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    moment.filter(|moment| in_range(moment.date()))
}

/// Years of four digits.
fn in_range(date: NaiveDate) -> bool {
    use chrono::Datelike;
    (0..=9999).contains(&date.year())
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
