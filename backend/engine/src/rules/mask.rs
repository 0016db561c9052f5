//! Masks as expressions over a column's raw values. What they do per type stands in `docs/access.md`; the names and
//! the values are those of Iceberg's `read-restrictions`.

use arrow::{
    array::{ArrayRef, AsArray, BinaryViewArray, StringViewArray},
    datatypes::DataType,
};
use datafusion::{
    common::{DFSchema, Result, exec_err},
    execution::SessionState,
    logical_expr::{
        ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast, ident,
    },
    sql::sqlparser::ast::Ident,
};
use hmac::{Hmac, Mac};
use lakegate_model::{columns::ColumnType, words::Mask};
use sha2::{Digest, Sha256};
use std::any::Any;

use super::MaskKeys;
use crate::{table::TableColumn, types::arrow_type};

const HMAC: &str = "hmac";
const SALTED: &str = "salted";

/// What shows of a column under a mask, of the column's own type.
///
/// # Errors
/// A plan error where the mask is not defined for the type: policy puts NULL there, so this fails closed.
pub(crate) fn shown(
    state: &SessionState,
    schema: &DFSchema,
    mask: Mask,
    column: &TableColumn,
    keys: &MaskKeys,
) -> Result<Expr> {
    let value = ident(&column.name);
    let shown = match (mask, &column.column_type) {
        (Mask::Hmac, ColumnType::Text | ColumnType::Binary) => keyed(HMAC, &keys.hmac).call(vec![value]),
        (Mask::Sha256Local, ColumnType::Text | ColumnType::Binary) => keyed(SALTED, &keys.salt).call(vec![value]),
        _ => state.create_logical_expr(&text(mask, column)?, schema)?,
    };
    Ok(cast(shown, arrow_type(&column.column_type)))
}

/// The mask as SQL.
fn text(mask: Mask, column: &TableColumn) -> Result<String> {
    let name = Ident::with_quote('"', &column.name).to_string();
    Ok(match (mask, &column.column_type) {
        (Mask::Null, _) => "NULL".to_owned(),
        (Mask::Alphanumeric, ColumnType::Text) => covered(&name),
        (Mask::First4, ColumnType::Text) => format!("left({name}, 4) || {}", covered(&format!("substr({name}, 5)"))),
        (Mask::Last4, ColumnType::Text) => format!("{} || right({name}, 4)", covered(&format!("left({name}, -4)"))),
        (Mask::Year, ColumnType::Date | ColumnType::Timestamp { .. }) => format!("date_trunc('year', {name})"),
        (Mask::Month, ColumnType::Date | ColumnType::Timestamp { .. }) => format!("date_trunc('month', {name})"),
        (Mask::Sha256, ColumnType::Text) => format!("encode(sha256({name}), 'hex')"),
        (Mask::Sha256, ColumnType::Binary) => format!("sha256({name})"),
        (Mask::FixedValue, kind) => fixed(kind)?.to_owned(),
        (mask, kind) => return exec_err!("{mask} is not defined for {kind}"),
    })
}

fn covered(text: &str) -> String {
    format!("regexp_replace(regexp_replace({text}, '[^0-9(),.@-]', 'x', 'g'), '[0-9]', 'n', 'g')")
}

fn fixed(kind: &ColumnType) -> Result<&'static str> {
    Ok(match kind {
        ColumnType::Boolean => "false",
        ColumnType::Integer { bits: 32 | 64 } | ColumnType::Unsigned { bits: 32 | 64 } => "999999999",
        // Nines as many as fit.
        ColumnType::Integer { bits: 16 } | ColumnType::Unsigned { bits: 16 } => "9999",
        ColumnType::Integer { .. } | ColumnType::Unsigned { .. } => "99",
        ColumnType::Float { .. } | ColumnType::Decimal { .. } => "0",
        ColumnType::Text => "'XXXXXXXX'",
        ColumnType::Binary => "X''",
        ColumnType::Date => "DATE '9999-12-31'",
        ColumnType::Time => "TIME '00:00:00'",
        // In microseconds: nanoseconds do not reach that far.
        ColumnType::Timestamp { .. } => "arrow_cast('9999-12-31T00:00:00', 'Timestamp(Microsecond, None)')",
        other => return exec_err!("there is no fixed value of type {other}"),
    })
}

/// Whether a function is one of those that only the barrier calls, with a key of the system.
pub(crate) fn is_keyed(function: &ScalarUDF) -> bool {
    function.inner().as_any().is::<Keyed>()
}

/// A digest under a key. It has no name in SQL: no caller's text reaches it.
fn keyed(name: &'static str, key: &[u8]) -> ScalarUDF {
    ScalarUDF::new_from_impl(Keyed { name, key: key.to_vec(), signature: Signature::any(1, Volatility::Immutable) })
}

#[derive(PartialEq, Eq, Hash)]
struct Keyed {
    name: &'static str,
    key: Vec<u8>,
    signature: Signature,
}

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Keyed {
    fn digest(&self, value: &[u8]) -> Result<Vec<u8>> {
        if self.name == SALTED {
            return Ok(Sha256::new().chain_update(&self.key).chain_update(value).finalize().to_vec());
        }
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return exec_err!("no key for a mask") };
        mac.update(value);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn text(&self, values: &StringViewArray) -> Result<ArrayRef> {
        let hex = |value: Option<&str>| value.map(|value| self.digest(value.as_bytes()).map(hex::encode)).transpose();
        Ok(std::sync::Arc::new(values.iter().map(hex).collect::<Result<StringViewArray>>()?))
    }

    fn binary(&self, values: &BinaryViewArray) -> Result<ArrayRef> {
        let digest = |value: Option<&[u8]>| value.map(|value| self.digest(value)).transpose();
        Ok(std::sync::Arc::new(values.iter().map(digest).collect::<Result<BinaryViewArray>>()?))
    }
}

impl ScalarUDFImpl for Keyed {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn name(&self) -> &str {
        self.name
    }
    fn signature(&self) -> &Signature {
        &self.signature
    }
    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&args.args)?;
        let digests = match values[0].data_type() {
            DataType::Utf8View => self.text(values[0].as_string_view())?,
            DataType::BinaryView => self.binary(values[0].as_binary_view())?,
            other => return exec_err!("no digest of {other}"),
        };
        Ok(ColumnarValue::Array(digests))
    }
}
