//! Words of columns: cell by cell from the grid, and all at once as CSV.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, patch},
};
use lakegate_app::catalog::{
    assets::AssetView,
    edit::{self, AssetEdit, ColumnEdit},
    glossary, words_csv,
};
use lakegate_model::{
    Fault, PageRequest,
    catalog::TermLink,
    ids::{AssetId, ColumnId, TermId},
    text,
};
use serde::{Deserialize, Serialize};

use super::{
    edit::{editable, unprefixed},
    head::{AssetHead, asset_href},
};
use crate::{
    fields::Fields,
    flash,
    kit::Wrong,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Json, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/columns", patch(save_cell))
        .route("/assets/{id}/words.csv", get(download))
        .route("/assets/{id}/words", get(import_form).post(import))
}

/// Words of a list that a person wrote with commas or semicolons.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The terms that a list of names means; names that stand already keep their term.
///
/// # Errors
/// `invalid` naming `terms` for a name that no term has.
pub(super) async fn terms_meant(
    web: &Web,
    reader: &SignedIn,
    names: &str,
    present: &[TermLink],
) -> Result<Vec<TermId>, Fault> {
    let mut terms = Vec::new();
    for name in names.split(';').map(str::trim).filter(|name| !name.is_empty()) {
        let folded = text::fold(name);
        if let Some(link) = present.iter().find(|link| text::fold(&link.name) == folded) {
            terms.push(link.term_id);
            continue;
        }
        let page = PageRequest::new(Some(200), None)?;
        let found = glossary::list(&web.app, &reader.caller, None, name, &page).await?.items;
        let term = found.into_iter().find(|term| text::fold(&term.name) == folded);
        let unknown = || {
            Fault::invalid("terms", format!("the glossary has no term \"{name}\"")).fix("a steward defines it first")
        };
        terms.push(term.ok_or_else(unknown)?.id);
    }
    Ok(terms)
}

/// A cell of the grid, as `columns.js` sends it.
#[derive(Debug, Deserialize)]
struct CellChange {
    row: ColumnId,
    field: String,
    value: String,
    /// The revision that the reader saw.
    version: String,
}

/// The cell as it is kept.
#[derive(Debug, Serialize)]
struct CellKept {
    value: String,
    version: String,
}

async fn save_cell(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Json(change): Json<CellChange>,
) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let revision = change.version.parse().map_err(|_| Fault::invalid("version", "open the page again"))?;
    let edit = cell_edit(&web, &frame.reader, &view, &change).await?;
    let saved = edit::update(&web.app, &frame.reader.caller, id, revision, &edit).await.map_err(unprefixed)?;
    let kept = CellKept { value: kept_value(&saved, &change), version: saved.asset.revision.to_string() };
    Ok(axum::Json(kept).into_response())
}

async fn cell_edit(web: &Web, reader: &SignedIn, view: &AssetView, change: &CellChange) -> Result<AssetEdit, Fault> {
    let known = view.columns.iter().find(|column| column.column.id == change.row);
    let known = known.ok_or_else(|| Fault::not_found("column").on("row"))?;
    let mut edit = ColumnEdit::of(change.row);
    match change.field.as_str() {
        "title" => edit.title = Some(change.value.clone()),
        "description" => edit.description = Some(change.value.clone()),
        "tags" => edit.tags = Some(split(&change.value)),
        "terms" => edit.terms = Some(terms_meant(web, reader, &change.value, &known.terms).await?),
        _ => return Err(Fault::invalid("field", "expected one of: title description tags terms")),
    }
    Ok(AssetEdit { columns: vec![edit], ..AssetEdit::default() })
}

fn kept_value(saved: &AssetView, change: &CellChange) -> String {
    let Some(column) = saved.columns.iter().find(|column| column.column.id == change.row) else { return String::new() };
    match change.field.as_str() {
        "title" => column.column.title.clone(),
        "description" => column.column.description.clone(),
        "tags" => column.tags.join(", "),
        _ => column.terms.iter().map(|term| term.name.as_str()).collect::<Vec<_>>().join("; "),
    }
}

async fn download(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let csv = words_csv::export(&web.app, &frame.reader.caller, id).await?;
    let name = format!("attachment; filename=\"{}_columns.csv\"", text::slug(&view.asset.name));
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, csv).into_response())
}

#[derive(Template)]
#[template(path = "assets/words.html")]
struct WordsPage {
    shell: Shell,
    head: AssetHead,
    revision: String,
    text: String,
    error: String,
}

async fn import_form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let revision = view.asset.revision.to_string();
    let head = AssetHead::new(&view, "Edit");
    show(StatusCode::OK, &WordsPage { shell: frame.shell, head, revision, text: String::new(), error: String::new() })
}

async fn import(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let revision = fields.one("revision").to_owned();
    match take_in(&web, &frame, id, &fields).await {
        Ok(()) => Ok(flash::done(&format!("{}/edit#columns", asset_href(id)), "The words were taken over.")),
        Err(fault) => {
            let place =
                fault.field.clone().filter(|field| field.starts_with("line ")).map(|place| format!("{place}: "));
            let (status, wrong) = Wrong::take(fault)?;
            let error = format!("{}{}", place.unwrap_or_default(), [wrong.besides([]), wrong.fix.as_str()].join(" "));
            let head = AssetHead::new(&view, "Edit");
            let text = fields.one("text").to_owned();
            show(status, &WordsPage { shell: frame.shell, head, revision, text, error: error.trim().to_owned() })
        }
    }
}

async fn take_in(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(), Fault> {
    let revision = fields.revision()?;
    words_csv::import(&web.app, &frame.reader.caller, id, revision, fields.one("text")).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_forgiving() {
        assert_eq!(split("pii; finance , ,x"), ["pii", "finance", "x"]);
        assert!(split(" ; ").is_empty());
    }
}
