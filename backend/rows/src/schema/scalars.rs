//! Scalars that keep values exact.

use async_graphql::{Value, dynamic::Scalar};

use super::maker::Maker;

const TEXTS: [(&str, &str); 5] = [
    ("Bytes", "Bytes in base64."),
    ("Date", "A date, such as `2024-05-03`."),
    ("Time", "A time of day, such as `12:30:00`."),
    ("DateTime", "A moment with its offset, such as `2024-05-03T12:30:00Z`."),
    ("LocalDateTime", "What calendar and clock showed, such as `2024-05-03T12:30:00`, wherever they hung."),
];

const NUMBERS: [(&str, &str); 2] = [
    ("BigInt", "A whole number of any size, written as text so that no digit is lost; taken as text or number."),
    ("Decimal", "A decimal number, written as text so that no digit is lost; taken as text or number."),
];

/// Adds the scalars that GraphQL does not have.
pub fn add(maker: &mut Maker) {
    for (name, description) in TEXTS {
        let text = |value: &Value| matches!(value, Value::String(_) | Value::Null);
        maker.leaf(Scalar::new(name).description(description).validator(text), name);
    }
    for (name, description) in NUMBERS {
        let number = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Null);
        maker.leaf(Scalar::new(name).description(description).validator(number), name);
    }
    let json = "Any JSON value: lists, structs and maps. Exact numbers in it are written as text.";
    maker.leaf(Scalar::new("JSON").description(json), "JSON");
}
