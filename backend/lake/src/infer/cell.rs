//! The type of one CSV value, and of a column of them.
//!
//! A value is typed only if the typed value tells everything that the text tells: `007`, `+5` and a number of forty
//! digits stay text. What is accepted here is accepted by the readers of `arrow` too.

use chrono::NaiveDate;
use lakegate_model::columns::ColumnType;

use super::ShapeColumn;

/// Digits of the widest decimal.
const WIDEST: u32 = 38;

/// What a single value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    Empty,
    Boolean,
    /// Fits 64 bits.
    Integer {
        digits: u32,
    },
    /// Digits before and after the point; also integers over 64 bits.
    Decimal {
        before: u32,
        after: u32,
    },
    Double,
    Date,
    Timestamp {
        zoned: bool,
    },
    Text,
}

impl Cell {
    pub fn of(text: &str) -> Self {
        match text.as_bytes() {
            [] => Self::Empty,
            [b'-' | b'.' | b'0'..=b'9', ..] => numeric(text).unwrap_or(Self::Text),
            _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => Self::Boolean,
            _ if matches!(text, "NaN" | "nan" | "inf") => Self::Double,
            _ => Self::Text,
        }
    }

    /// Whether a value like this is no plain word: column names rarely look so.
    pub fn is_typed(self) -> bool {
        !matches!(self, Self::Empty | Self::Text)
    }
}

fn numeric(text: &str) -> Option<Cell> {
    if text == "-inf" {
        return Some(Cell::Double);
    }
    number(text).or_else(|| date_or_time(text))
}

fn number(text: &str) -> Option<Cell> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (before, after) = match mantissa.split_once('.') {
        Some((before, after)) if all_digits(after) => (before, Some(after)),
        Some(_) => return None,
        None => (mantissa, None),
    };
    let leading_zero = before.len() > 1 && before.starts_with('0');
    if !all_digits(before) || leading_zero {
        return None;
    }
    match (exponent, after) {
        (Some(exponent), _) => double(text, exponent),
        (None, None) if text == "-0" => None,
        (None, None) if text.parse::<i64>().is_ok() => Some(Cell::Integer { digits: count(before) }),
        (None, after) => Some(Cell::Decimal { before: count(before), after: count(after.unwrap_or("")) }),
    }
}

fn double(text: &str, exponent: &str) -> Option<Cell> {
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
    (all_digits(digits) && finite).then_some(Cell::Double)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn count(digits: &str) -> u32 {
    u32::try_from(digits.len()).unwrap_or(u32::MAX)
}

fn date_or_time(text: &str) -> Option<Cell> {
    let (date, rest) = text.split_at_checked(10)?;
    if !is_date(date) {
        return None;
    }
    if rest.is_empty() {
        return Some(Cell::Date);
    }
    let (time, zoned) = without_zone(rest.strip_prefix(['T', ' '])?)?;
    is_time(time).then_some(Cell::Timestamp { zoned })
}

/// Whether a text is a date as ISO 8601 writes it.
pub(crate) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| if at == 4 || at == 7 { *b == b'-' } else { b.is_ascii_digit() });
    shaped && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn without_zone(text: &str) -> Option<(&str, bool)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, true));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, false)) };
    let (time, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':')?;
    (two_digits(hours)? < 24 && two_digits(minutes)? < 60).then_some((time, true))
}

/// `HH:MM:SS`, with up to six digits of a second: finer ones would be lost.
fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.split(':').map(two_digits);
    let mut below = |limit: u8| parts.next().flatten().is_some_and(|value| value < limit);
    let shaped = below(24) && below(60) && below(60) && parts.next().is_none();
    shaped && fraction.is_none_or(|f| all_digits(f) && f.len() <= 6)
}

fn two_digits(text: &str) -> Option<u8> {
    if text.len() == 2 && all_digits(text) { text.parse().ok() } else { None }
}

/// What was seen of a column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    empty: bool,
    boolean: bool,
    integer: bool,
    decimal: bool,
    double: bool,
    date: bool,
    local: bool,
    zoned: bool,
    text: bool,
    before: u32,
    after: u32,
}

impl Seen {
    pub fn add(&mut self, cell: Cell) {
        match cell {
            Cell::Empty => self.empty = true,
            Cell::Boolean => self.boolean = true,
            Cell::Integer { digits } => {
                self.integer = true;
                self.before = self.before.max(digits);
            }
            Cell::Decimal { before, after } => {
                self.decimal = true;
                self.before = self.before.max(before);
                self.after = self.after.max(after);
            }
            Cell::Double => self.double = true,
            Cell::Date => self.date = true,
            Cell::Timestamp { zoned: true } => self.zoned = true,
            Cell::Timestamp { zoned: false } => self.local = true,
            Cell::Text => self.text = true,
        }
    }

    /// The one type that holds everything seen without loss; `None` if nothing but empty values was seen.
    pub fn column_type(&self) -> Option<ColumnType> {
        let numbers = self.integer || self.decimal || self.double;
        let kinds = [numbers, self.boolean, self.date, self.local, self.zoned, self.text];
        match kinds.iter().filter(|kind| **kind).count() {
            0 => None,
            1 if numbers => Some(self.number_type()),
            1 if self.boolean => Some(ColumnType::Boolean),
            1 if self.date => Some(ColumnType::Date),
            1 if self.local || self.zoned => Some(ColumnType::Timestamp { zoned: self.zoned }),
            _ => Some(ColumnType::Text),
        }
    }

    fn number_type(&self) -> ColumnType {
        if self.double {
            return ColumnType::Float { bits: 64 };
        }
        if !self.decimal {
            return ColumnType::Integer { bits: 64 };
        }
        let digits = self.before.saturating_add(self.after);
        match (u8::try_from(digits), i8::try_from(self.after)) {
            (Ok(precision), Ok(scale)) if digits <= WIDEST => ColumnType::Decimal { precision, scale },
            _ => ColumnType::Text,
        }
    }

    pub fn column(&self, name: String) -> ShapeColumn {
        ShapeColumn {
            name,
            column_type: self.column_type(),
            nullable: self.empty,
            digits: u8::try_from(self.before).unwrap_or(u8::MAX),
        }
    }

    /// With a first row that turned out to be data.
    pub fn with(mut self, cell: Cell) -> Self {
        self.add(cell);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(values: &[&str]) -> String {
        let mut seen = Seen::default();
        values.iter().for_each(|v| seen.add(Cell::of(v)));
        seen.column_type().map_or("none".to_owned(), |t| t.to_string())
    }

    #[test]
    fn values_widen_without_loss() {
        for (values, expected) in [
            (&["1", "-2"][..], "bigint"),
            (&["23.4", "46"], "decimal(3,1)"),
            (&["0.05", "1234"], "decimal(6,2)"),
            (&["9223372036854775807"], "bigint"),
            (&["9223372036854775808"], "decimal(19,0)"),
            (&["1.5", "1e3"], "double"),
            (&["1e999"], "text"),
            (&["007", "8"], "text"),
            (&["0", "10"], "bigint"),
            (&["+5"], "text"),
            (&["-0"], "text"),
            (&["1."], "text"),
            (&["-"], "text"),
            (&["true", "FALSE", ""], "boolean"),
            (&["2020-02-29"], "date"),
            (&["2021-02-29"], "text"),
            (&["2020-06-01 10:00:00.000000", "2020-06-01T10:00:00"], "timestamp"),
            (&["2020-06-01T10:00:00Z", "2020-06-01T10:00:00+02:00"], "timestamp with time zone"),
            (&["2020-06-01 10:00:00", "2020-06-01 10:00:00Z"], "text"),
            (&["2020-06-01 10:00:00.1234567"], "text"),
            (&["2020-06-01 24:00:00"], "text"),
            (&["2020-06-01", "2020-06-01 10:00:00"], "text"),
            (&["1", "true"], "text"),
            (&["", ""], "none"),
            (&["1", " 1"], "text"),
            (&["12345678901234567890123456789012345678.9"], "text"),
            (&["2020-é1-01"], "text"),
        ] {
            assert_eq!(type_of(values), expected, "{values:?}");
        }
    }
}
