//! JSON: one object, its rows streamed.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{
        DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};
use async_stream::try_stream;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use lakegate_model::Fault;
use serde_json::{Map, Number, Value};
use std::{pin::pin, str::FromStr};

use crate::types::result_columns;

/// How values become JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonOptions {
    /// 64-bit integers and decimals as strings.
    pub exact: bool,
}

pub(super) fn encode(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Fault>> + Send + 'static,
    options: JsonOptions,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    try_stream! {
        let columns = serde_json::to_string(&result_columns(&schema)).map_err(Fault::internal)?;
        yield Bytes::from(format!("{{\"columns\":{columns},\"rows\":["));
        let mut rows = pin!(rows);
        let mut count = 0;
        let mut failure = None;
        while let Some(batch) = rows.next().await {
            match batch.and_then(|batch| lines(&batch, count == 0, options).map(|text| (batch.num_rows(), text))) {
                Ok((number, text)) => {
                    count += number;
                    yield Bytes::from(text);
                }
                Err(fault) => {
                    failure = Some(fault);
                    break;
                }
            }
        }
        yield Bytes::from(tail(count, failure.as_ref()));
    }
}

fn lines(batch: &RecordBatch, first: bool, options: JsonOptions) -> Result<String, Fault> {
    let mut text = String::new();
    for (nth, row) in row_values(batch, options)?.into_iter().enumerate() {
        text.push_str(if first && nth == 0 { "\n" } else { ",\n" });
        text.push_str(&Value::Array(row).to_string());
    }
    Ok(text)
}

fn tail(count: usize, failure: Option<&Fault>) -> String {
    match failure {
        None => format!("],\"row_count\":{count}}}"),
        Some(fault) => {
            let error = serde_json::json!({ "code": fault.code.as_str(), "message": fault.to_string() });
            format!("],\"row_count\":{count},\"error\":{error}}}")
        }
    }
}

/// The rows of a batch as JSON values: NULL is `null`, dates and times are ISO 8601, binary is base64.
pub fn row_values(batch: &RecordBatch, options: JsonOptions) -> Result<Vec<Vec<Value>>, Fault> {
    let columns: Result<Vec<Vec<Value>>, ArrowError> =
        batch.columns().iter().map(|column| values(column, options)).collect();
    let mut columns: Vec<_> = columns.map_err(Fault::internal)?.into_iter().map(Vec::into_iter).collect();
    let row = |_| columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}

/// The values of one column.
fn values(column: &dyn Array, options: JsonOptions) -> Result<Vec<Value>, ArrowError> {
    macro_rules! numbers {
        ($kind:ty) => {
            column.as_primitive::<$kind>().iter().map(|v| v.map_or(Value::Null, Value::from)).collect()
        };
    }
    macro_rules! long {
        ($kind:ty) => {
            column.as_primitive::<$kind>().iter().map(|v| v.map_or(Value::Null, |v| whole(v, options))).collect()
        };
    }
    macro_rules! floats {
        ($kind:ty) => {
            column.as_primitive::<$kind>().iter().map(|v| v.map_or(Value::Null, |v| float(f64::from(v)))).collect()
        };
    }
    Ok(match column.data_type() {
        DataType::Null => vec![Value::Null; column.len()],
        DataType::Boolean => column.as_boolean().iter().map(|v| v.map_or(Value::Null, Value::Bool)).collect(),
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::Int64 => long!(Int64Type),
        DataType::UInt64 => long!(UInt64Type),
        DataType::Float16 => floats!(Float16Type),
        DataType::Float32 => shortest(column)?,
        DataType::Float64 => floats!(Float64Type),
        kind if kind.is_decimal() => decimals(column, options)?,
        DataType::Utf8 => column.as_string::<i32>().iter().map(Value::from).collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().map(Value::from).collect(),
        DataType::Utf8View => column.as_string_view().iter().map(Value::from).collect(),
        DataType::Binary => column.as_binary::<i32>().iter().map(binary).collect(),
        DataType::LargeBinary => column.as_binary::<i64>().iter().map(binary).collect(),
        DataType::BinaryView => column.as_binary_view().iter().map(binary).collect(),
        DataType::FixedSizeBinary(_) => column.as_fixed_size_binary().iter().map(binary).collect(),
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            (0..lists.len()).map(|at| list(lists.is_null(at), || lists.value(at), options)).collect::<Result<_, _>>()?
        }
        DataType::LargeList(_) => {
            let lists = column.as_list::<i64>();
            (0..lists.len()).map(|at| list(lists.is_null(at), || lists.value(at), options)).collect::<Result<_, _>>()?
        }
        DataType::FixedSizeList(..) => {
            let lists = column.as_fixed_size_list();
            (0..lists.len()).map(|at| list(lists.is_null(at), || lists.value(at), options)).collect::<Result<_, _>>()?
        }
        DataType::Struct(_) => objects(column, options)?,
        DataType::Map(..) => maps(column, options)?,
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            let known = values(dictionary.values(), options)?;
            let keys = dictionary.normalized_keys();
            let value = |at: usize| if column.is_null(at) { Value::Null } else { known[keys[at]].clone() };
            (0..column.len()).map(value).collect()
        }
        _ => texts(column)?.into_iter().map(|text| text.map_or(Value::Null, Value::String)).collect(),
    })
}

fn whole(value: impl Into<Number> + ToString, options: JsonOptions) -> Value {
    if options.exact { Value::String(value.to_string()) } else { Value::Number(value.into()) }
}

/// JSON has no word for what is not a number.
fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

/// Half the digits of a double: the shortest text that reads back as the same value.
fn shortest(column: &dyn Array) -> Result<Vec<Value>, ArrowError> {
    let floats = column.as_primitive::<Float32Type>();
    let value = |v: f32| v.to_string().parse::<f64>().map_or(Value::Null, float);
    Ok(floats.iter().map(|v| v.map_or(Value::Null, value)).collect())
}

fn decimals(column: &dyn Array, options: JsonOptions) -> Result<Vec<Value>, ArrowError> {
    let value = |text: String| match Number::from_str(&text) {
        Ok(number) if !options.exact => Value::Number(number),
        _ => Value::String(text),
    };
    Ok(texts(column)?.into_iter().map(|text| text.map_or(Value::Null, value)).collect())
}

fn binary(value: Option<&[u8]>) -> Value {
    value.map_or(Value::Null, |bytes| Value::String(STANDARD.encode(bytes)))
}

fn list(null: bool, items: impl FnOnce() -> arrow::array::ArrayRef, options: JsonOptions) -> Result<Value, ArrowError> {
    if null { Ok(Value::Null) } else { values(&items(), options).map(Value::Array) }
}

fn objects(column: &dyn Array, options: JsonOptions) -> Result<Vec<Value>, ArrowError> {
    let structs = column.as_struct();
    let mut rows: Vec<Map<String, Value>> = vec![Map::new(); structs.len()];
    for (name, field) in structs.column_names().iter().zip(structs.columns()) {
        for (row, value) in rows.iter_mut().zip(values(field, options)?) {
            row.insert((*name).to_owned(), value);
        }
    }
    let object = |(at, row)| if structs.is_null(at) { Value::Null } else { Value::Object(row) };
    Ok(rows.into_iter().enumerate().map(object).collect())
}

/// A map becomes an object; its keys are written as text.
fn maps(column: &dyn Array, options: JsonOptions) -> Result<Vec<Value>, ArrowError> {
    let maps = column.as_map();
    let row = |at: usize| {
        if maps.is_null(at) {
            return Ok(Value::Null);
        }
        let entries = maps.value(at);
        let keys = texts(entries.column(0))?.into_iter().map(Option::unwrap_or_default);
        Ok(Value::Object(keys.zip(values(entries.column(1), options)?).collect()))
    };
    (0..maps.len()).map(row).collect()
}

/// The values of a column as text: ISO 8601 for dates and times, plain digits for numbers.
pub(super) fn texts(column: &dyn Array) -> Result<Vec<Option<String>>, ArrowError> {
    let format = FormatOptions::default().with_display_error(false);
    let formatter = ArrayFormatter::try_new(column, &format)?;
    let text = |at: usize| match column.is_null(at) {
        true => Ok(None),
        false => formatter.value(at).try_to_string().map(Some),
    };
    (0..column.len()).map(text).collect()
}
