//! Some rows, under the reader's rights.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use lakegate_app::{
    catalog::assets,
    query::preview::{self, Preview},
};
use lakegate_model::{Code, Fault, ids::AssetId};
use serde_json::Value;

use super::head::AssetHead;
use crate::{
    kit::{sentence, withheld_words},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Path};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/preview", get(page))
}

/// Rows as a table shows them, or why there are none.
#[derive(Debug, Default)]
pub struct Rows {
    pub heads: Vec<Head>,
    /// `None` is a cell without a value.
    pub rows: Vec<Vec<Cell>>,
    /// Why nothing is shown; empty if something is.
    pub refused: String,
    pub fix: String,
}

/// The head of a column.
#[derive(Debug)]
pub struct Head {
    pub name: String,
    pub column_type: String,
    pub numeric: bool,
    /// What is not as it is: "masked".
    pub withheld: &'static str,
}

/// A cell.
#[derive(Debug)]
pub struct Cell {
    pub text: Option<String>,
    pub numeric: bool,
}

impl Rows {
    /// A preview, or the refusal of one in words.
    ///
    /// # Errors
    /// Faults that are no refusal: absent things, missing sign-in, mistakes of ours.
    pub fn of(result: Result<Preview, Fault>) -> Result<Self, Fault> {
        match result {
            Ok(preview) => Ok(Self::shown(preview)),
            Err(fault) if matches!(fault.code, Code::NotFound | Code::Unauthenticated | Code::Internal) => Err(fault),
            Err(fault) => Ok(Self {
                refused: sentence(&fault.message),
                fix: fault.fix.as_deref().map(sentence).unwrap_or_default(),
                ..Self::default()
            }),
        }
    }

    fn shown(preview: Preview) -> Self {
        let numeric: Vec<bool> = preview.columns.iter().map(|column| column.numeric).collect();
        let head = |column: lakegate_model::access::ResultColumn| Head {
            withheld: withheld_words(&column),
            name: column.name,
            column_type: column.column_type,
            numeric: column.numeric,
        };
        let row = |values: Vec<Value>| {
            values.into_iter().zip(&numeric).map(|(value, numeric)| cell(value, *numeric)).collect()
        };
        Self {
            rows: preview.rows.into_iter().map(row).collect(),
            heads: preview.columns.into_iter().map(head).collect(),
            ..Self::default()
        }
    }
}

fn cell(value: Value, numeric: bool) -> Cell {
    let text = match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Cell { text, numeric }
}

/// Rows alone, for a place in a page that asked for them.
#[derive(Template)]
#[template(path = "assets/preview_rows.html")]
pub struct RowsPart {
    pub rows: Rows,
}

#[derive(Template)]
#[template(path = "assets/preview.html")]
struct PreviewPage {
    shell: Shell,
    head: AssetHead,
    rows: Rows,
}

/// Whether only a part of a page is asked for.
pub fn is_part(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

async fn page(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    headers: HeaderMap,
    frame: Framed,
) -> Result<Response, Refusal> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    let rows = Rows::of(preview::of_asset(&web.app, caller, id).await)?;
    if is_part(&headers) {
        return show(StatusCode::OK, &RowsPart { rows });
    }
    show(StatusCode::OK, &PreviewPage { shell: frame.shell, head: AssetHead::new(&view, "Preview"), rows })
}
