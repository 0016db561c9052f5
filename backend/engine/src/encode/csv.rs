//! CSV after RFC 4180. NULL is an empty cell, an empty text is `""`.

use arrow::{
    array::{Array, RecordBatch},
    datatypes::{DataType, SchemaRef},
    error::ArrowError,
};
use async_stream::try_stream;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use lakegate_model::Fault;
use serde_json::Value;
use std::pin::pin;

use super::json::{JsonOptions, row_values, texts};

pub(super) fn encode(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Fault>> + Send + 'static,
    spreadsheet_safe: bool,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    try_stream! {
        let names: Vec<String> =
            schema.fields().iter().map(|field| text_cell(field.name(), spreadsheet_safe)).collect();
        yield Bytes::from(names.join(",") + "\r\n");
        let mut rows = pin!(rows);
        while let Some(batch) = rows.next().await {
            yield Bytes::from(lines(&batch?, spreadsheet_safe)?);
        }
    }
}

fn lines(batch: &RecordBatch, safe: bool) -> Result<String, Fault> {
    let columns: Result<Vec<Vec<String>>, ArrowError> = batch.columns().iter().map(|c| cells(c, safe)).collect();
    let columns = columns.map_err(Fault::internal)?;
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        for (nth, column) in columns.iter().enumerate() {
            if nth > 0 {
                text.push(',');
            }
            text.push_str(&column[row]);
        }
        text.push_str("\r\n");
    }
    Ok(text)
}

fn cells(column: &dyn Array, safe: bool) -> Result<Vec<String>, ArrowError> {
    let texts = match column.data_type() {
        kind if kind.is_nested() || is_binary(kind) => nested(column)?,
        _ => texts(column)?,
    };
    // Numbers and dates begin with a sign for good reason; only what people write can be a formula.
    let safe = safe && !column.data_type().is_numeric() && !column.data_type().is_temporal();
    Ok(texts.into_iter().map(|text| text.map_or(String::new(), |text| text_cell(&text, safe))).collect())
}

fn is_binary(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_))
}

/// Lists, structs and maps as JSON, binary as base64.
fn nested(column: &dyn Array) -> Result<Vec<Option<String>>, ArrowError> {
    let batch = RecordBatch::try_from_iter([("c", arrow::array::make_array(column.to_data()))])?;
    let rows = row_values(&batch, JsonOptions { exact: true }).map_err(|f| ArrowError::CastError(f.to_string()))?;
    let text = |row: Vec<Value>| match row.into_iter().next() {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(value) => Some(value.to_string()),
    };
    Ok(rows.into_iter().map(text).collect())
}

fn text_cell(text: &str, safe: bool) -> String {
    let formula = safe && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.is_empty() || text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}
