#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn column(column_type: ColumnType) -> Column {
    Column {
        field: "c".to_owned(),
        name: "c".to_owned(),
        description: String::new(),
        kind: Kind::of(&column_type),
        column_type,
        nullable: true,
        masked: false,
        partial: false,
    }
}

fn written(column_type: ColumnType, json: serde_json::Value) -> Option<String> {
    value(&column(column_type), &Value::from_json(json).unwrap())
}

#[test]
fn values_are_written_in_the_type_of_their_column() {
    use serde_json::json;
    let decimal = || ColumnType::Decimal { precision: 10, scale: 2 };
    for (column_type, given, sql) in [
        (ColumnType::Boolean, json!(true), "TRUE"),
        (ColumnType::Integer { bits: 32 }, json!(-5), "CAST('-5' AS BIGINT)"),
        (ColumnType::Integer { bits: 64 }, json!("-9223372036854775808"), "CAST('-9223372036854775808' AS BIGINT)"),
        (
            ColumnType::Unsigned { bits: 64 },
            json!("18446744073709551615"),
            "CAST('18446744073709551615' AS BIGINT UNSIGNED)",
        ),
        (ColumnType::Float { bits: 64 }, json!(1.5), "CAST('1.5e0' AS DOUBLE)"),
        (ColumnType::Float { bits: 32 }, json!(0.1), "CAST('1e-1' AS REAL)"),
        (decimal(), json!("-0012.340"), "CAST('-12.34' AS DECIMAL(10,2))"),
        (decimal(), json!(7), "CAST('7' AS DECIMAL(10,2))"),
        (ColumnType::Text, json!("O'Hara; --"), "'O''Hara; --'"),
        (ColumnType::Binary, json!("AP8="), "X'00ff'"),
        (ColumnType::Date, json!("2024-02-29"), "DATE '2024-02-29'"),
        (ColumnType::Time, json!("12:30:00.5"), "arrow_cast('12:30:00.500000', 'Time64(Microsecond)')"),
        (
            ColumnType::Timestamp { zoned: true },
            json!("2024-05-03T02:00:00+02:00"),
            "arrow_cast('2024-05-03T00:00:00.000000Z', 'Timestamp(Microsecond, Some(\"UTC\"))')",
        ),
        (
            ColumnType::Timestamp { zoned: false },
            json!("2024-05-03T02:00:00"),
            "arrow_cast('2024-05-03T02:00:00.000000', 'Timestamp(Microsecond, None)')",
        ),
    ] {
        assert_eq!(written(column_type, given.clone()).as_deref(), Some(sql), "{given}");
    }
}

#[test]
fn what_does_not_fit_is_no_value() {
    use serde_json::json;
    for (column_type, given) in [
        (ColumnType::Boolean, json!("true")),
        (ColumnType::Integer { bits: 64 }, json!("9223372036854775808")),
        (ColumnType::Integer { bits: 64 }, json!("1 or 1=1")),
        (ColumnType::Unsigned { bits: 64 }, json!("-1e3")),
        (ColumnType::Float { bits: 64 }, json!("NaN")),
        (ColumnType::Decimal { precision: 4, scale: 2 }, json!("123")),
        (ColumnType::Decimal { precision: 4, scale: 2 }, json!("1.234")),
        (ColumnType::Decimal { precision: 4, scale: 2 }, json!("1e1")),
        (ColumnType::Text, json!("a\0b")),
        (ColumnType::Binary, json!("not base64!")),
        (ColumnType::Date, json!("2023-02-29")),
        (ColumnType::Date, json!("2024-2-9")),
        (ColumnType::Time, json!("25:00:00")),
        (ColumnType::Timestamp { zoned: true }, json!("2024-05-03T02:00:00")),
        (ColumnType::Timestamp { zoned: false }, json!("2024-05-03T02:00:00Z")),
        (ColumnType::List { of: Box::new(ColumnType::Text) }, json!("x")),
    ] {
        assert_eq!(written(column_type, given.clone()), None, "{given}");
    }
    assert_eq!(
        answered(&column(ColumnType::Float { bits: 64 }), &Value::from("NaN")).as_deref(),
        Some("CAST('NaN' AS DOUBLE)")
    );
}

/// Reads a quoted word as SQL does: what stands in it, and what stands behind it.
fn read(quote: char, text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix(quote)?;
    let mut inside = String::new();
    loop {
        let at = rest.find(quote)?;
        inside.push_str(&rest[..at]);
        rest = &rest[at + quote.len_utf8()..];
        match rest.strip_prefix(quote) {
            Some(after) => {
                inside.push(quote);
                rest = after;
            }
            None => return Some((inside, rest)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_and_texts_end_where_they_end(text in "['\"\\\\;a\\-/*\n]{0,20}|\\PC{0,20}") {
        let (named, quoted) = (name(&text), super::text(&text));
        prop_assert_eq!(read('"', &named), Some((text.clone(), "")));
        prop_assert_eq!(read('\'', &quoted), Some((text.clone(), "")));
    }

    #[test]
    fn no_value_leaves_its_quotes(text in "['\"\\\\;0-9:.TZ+e\\-]{0,24}") {
        for column_type in [
            ColumnType::Integer { bits: 64 }, ColumnType::Decimal { precision: 38, scale: 9 }, ColumnType::Date, ColumnType::Time,
            ColumnType::Timestamp { zoned: true }, ColumnType::Timestamp { zoned: false }, ColumnType::Binary,
        ] {
            if let Some(sql) = value(&column(column_type), &Value::from(text.as_str())) {
                prop_assert!(sql.matches('\'').count() % 2 == 0 && !sql.contains(';') && !sql.contains('\\'), "{}", sql);
            }
        }
    }
}
