//! What scalar functions do to their arguments.

use datafusion::{
    common::ScalarValue,
    logical_expr::{Expr, expr::ScalarFunction},
};

use super::answer::ValueKind;
use crate::rules::is_keyed;

/// How a function treats its arguments.
pub(super) enum Treatment {
    /// Everything goes into the result.
    Mixed(ValueKind),
    /// The first argument in another type.
    Cast,
    /// One of these arguments as it is; which of them, those decide.
    Chosen { from: Vec<usize>, by: Vec<usize> },
    /// A field of the first argument.
    Field(Vec<String>),
    /// A struct of the arguments.
    Struct(Vec<(String, usize)>),
    /// The result follows from the text of the query, not from any value.
    Nothing,
}

/// Digests hide the value that they are called on.
const DIGESTS: [&str; 6] = ["digest", "md5", "sha224", "sha256", "sha384", "sha512"];

pub(super) fn treatment(call: &ScalarFunction) -> Treatment {
    let count = call.args.len();
    match call.func.name() {
        _ if is_keyed(&call.func) => Treatment::Mixed(ValueKind::Tokenised),
        name if DIGESTS.contains(&name) => Treatment::Mixed(ValueKind::Masked),
        "arrow_cast" => Treatment::Cast,
        "arrow_typeof" => Treatment::Nothing,
        "coalesce" | "nvl" => Treatment::Chosen { from: (0..count).collect(), by: (0..count).collect() },
        "nvl2" => Treatment::Chosen { from: (1..count).collect(), by: vec![0] },
        "nullif" => Treatment::Chosen { from: vec![0], by: (0..count).collect() },
        "get_field" => path(&call.args).map_or(Treatment::Mixed(ValueKind::Computed), Treatment::Field),
        "named_struct" => named(&call.args).map_or(Treatment::Mixed(ValueKind::Computed), Treatment::Struct),
        "struct" => Treatment::Struct((0..count).map(|nth| (format!("c{nth}"), nth)).collect()),
        _ => Treatment::Mixed(ValueKind::Computed),
    }
}

fn path(args: &[Expr]) -> Option<Vec<String>> {
    args.get(1..)?.iter().map(|name| literal(name).map(str::to_owned)).collect()
}

fn named(args: &[Expr]) -> Option<Vec<(String, usize)>> {
    let name = |(nth, pair): (usize, &[Expr])| Some((literal(pair.first()?)?.to_owned(), nth * 2 + 1));
    args.chunks_exact(2).enumerate().map(name).collect()
}

fn literal(name: &Expr) -> Option<&str> {
    match name {
        Expr::Literal(
            ScalarValue::Utf8(Some(name)) | ScalarValue::LargeUtf8(Some(name)) | ScalarValue::Utf8View(Some(name)),
            _,
        ) => Some(name),
        _ => None,
    }
}
