//! Words of an asset's columns out and in as CSV: edited in a spreadsheet, taken back whole or not at all.

use lakegate_model::{
    Code, Fault,
    catalog::{Asset, Column},
    ids::{AssetId, TermId},
    words::ColumnState,
};
use lakegate_policy::action;
use lakegate_store::{Tx, glossary};

use super::{
    assets::AssetView,
    edit::{self, AssetEdit, ColumnEdit},
    granted, need_revision,
    state::{self, State},
};
use crate::{App, Caller};

/// The first line.
pub const HEADER: [&str; 5] = ["column", "title", "description", "tags", "terms"];
/// Largest text taken in, in bytes.
pub const LARGEST: usize = 4 * 1024 * 1024;
/// Beginnings that spreadsheets would run as a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The words of all columns, one a line; tags and terms are separated by semicolons. For those who may edit.
///
/// Cells that a spreadsheet would run begin with an apostrophe, which [`import`] takes off again.
pub async fn export(app: &App, caller: &Caller, id: AssetId) -> Result<String, Fault> {
    look!(app, caller, "asset.export_words", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        let state = state::load(tx, asset).await?;
        written(&state)
    })
}

fn written(state: &State) -> Result<String, Fault> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(Fault::internal)?;
    for column in state.columns.iter().filter(|column| column.state != ColumnState::Dropped) {
        let terms: Vec<String> = state.terms_on(Some(column.id)).into_iter().map(|link| link.name).collect();
        let tags = state.tags_on(Some(column.id)).join("; ");
        let cells = [&column.name, &column.title, &column.description, &tags, &terms.join("; ")];
        writer.write_record(cells.map(|cell| neutral(cell))).map_err(Fault::internal)?;
    }
    String::from_utf8(writer.into_inner().map_err(Fault::internal)?).map_err(Fault::internal)
}

/// A cell that no spreadsheet runs as a formula.
pub(crate) fn neutral(cell: &str) -> String {
    if cell.trim_start_matches('\'').starts_with(FORMULA) { format!("'{cell}") } else { cell.to_owned() }
}

fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

/// Takes the words back: columns that are not named stay as they are.
///
/// # Errors
/// `invalid`, all of it refused: the field names line and column, such as `line 7, tags`.
pub async fn import(app: &App, caller: &Caller, id: AssetId, revision: i64, text: &str) -> Result<AssetView, Fault> {
    let lines = parse(text)?;
    change!(app, caller, "asset.import_words", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        need_revision(&asset, revision)?;
        let edit = edit_of(tx, &asset, &lines).await?;
        edit::apply(app, tx, (caller, actor), &proof, asset, &edit, "asset.import_words").await
    })
}

/// One line of the text with its number in the file.
struct Line {
    number: u64,
    cells: [String; 5],
}

fn wrong(number: u64, column: &str, message: impl Into<String>) -> Fault {
    Fault::invalid(format!("line {number}, {column}"), message)
}

fn parse(text: &str) -> Result<Vec<Line>, Fault> {
    if text.len() > LARGEST {
        return Err(Fault::new(Code::TooLarge, format!("the text is larger than the limit of {LARGEST} bytes")));
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|error| Fault::invalid("file", "this is not CSV").caused_by(error))?;
        let number = record.position().map_or(0, csv::Position::line);
        if at == 0 {
            need_header(&record)?;
            continue;
        }
        lines.push(line(number, &record)?);
    }
    Ok(lines)
}

fn need_header(record: &csv::StringRecord) -> Result<(), Fault> {
    if record.iter().map(str::trim).eq(HEADER) {
        return Ok(());
    }
    Err(wrong(1, "column", format!("the first line has to be: {}", HEADER.join(","))))
}

fn line(number: u64, record: &csv::StringRecord) -> Result<Line, Fault> {
    if record.len() != HEADER.len() {
        let message = format!("the line has {} cells instead of {}", record.len(), HEADER.len());
        return Err(wrong(number, "column", message));
    }
    let cells = std::array::from_fn(|at| plain(record.get(at).unwrap_or_default()).to_owned());
    Ok(Line { number, cells })
}

async fn edit_of(tx: &mut Tx, asset: &Asset, lines: &[Line]) -> Result<AssetEdit, Fault> {
    let state = state::load(tx, asset.clone()).await?;
    let domain = lakegate_store::projects::project_label(tx, asset.project_id).await?.map(|(_, domain)| domain);
    let mut columns: Vec<ColumnEdit> = Vec::with_capacity(lines.len());
    for Line { number, cells: [name, title, description, tags, terms] } in lines {
        let column = find(&state, name).ok_or_else(|| wrong(*number, "column", "the asset has no such column"))?;
        if columns.iter().any(|edit| edit.id == column.id) {
            return Err(wrong(*number, "column", "this column stands twice in the file"));
        }
        let mut ids = Vec::new();
        for term in words(terms) {
            ids.push(term_id(tx, &state, column, domain, &term).await.map_err(|fault| on_line(fault, *number))?);
        }
        let edit = AssetEdit {
            columns: vec![ColumnEdit {
                title: Some(title.clone()),
                description: Some(description.clone()),
                tags: Some(words(tags)),
                terms: Some(ids),
                ..ColumnEdit::of(column.id)
            }],
            ..AssetEdit::default()
        };
        columns.extend(edit::checked(&edit).map_err(|fault| on_line(fault, *number))?.columns);
    }
    Ok(AssetEdit { columns, ..AssetEdit::default() })
}

fn on_line(fault: Fault, number: u64) -> Fault {
    let field = fault.field.as_deref().unwrap_or("column");
    let column = field.rsplit('.').next().unwrap_or(field).to_owned();
    fault.on(format!("line {number}, {column}"))
}

fn find<'a>(state: &'a State, name: &str) -> Option<&'a Column> {
    state.columns.iter().find(|column| column.name == name && column.state != ColumnState::Dropped)
}

fn words(cell: &str) -> Vec<String> {
    cell.split(';').map(str::trim).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

/// The term of a name: the one that is there already, else the domain's own, else the only one.
async fn term_id(
    tx: &mut Tx,
    state: &State,
    column: &Column,
    domain: Option<lakegate_model::ids::DomainId>,
    name: &str,
) -> Result<TermId, Fault> {
    if let Some(link) = state.terms_on(Some(column.id)).into_iter().find(|link| link.name == name) {
        return Ok(link.term_id);
    }
    let found = glossary::terms_by_name(tx, name).await?;
    let own = found.iter().find(|term| Some(term.domain_id) == domain);
    match (own, found.as_slice()) {
        (Some(term), _) => Ok(term.id),
        (None, [only]) => Ok(only.id),
        (None, []) => Err(Fault::invalid("terms", format!("the glossary has no term \"{name}\""))),
        (None, _) => Err(Fault::invalid("terms", format!("several domains have a term \"{name}\""))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn cells_come_back_as_they_went() {
        for cell in ["", "plain", "=1+1", "'=1", "''=1", "'tis", "-", "@x", "\tx", "a;b"] {
            assert_eq!(plain(&neutral(cell)), cell, "{cell:?}");
            assert!(!neutral(cell).starts_with(FORMULA), "{cell:?}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        let text = "column,title,description,tags,terms\na,,\"two\nlines\",,\nb,x\n";
        let fault = parse(text).err().unwrap();
        assert_eq!(fault.field.as_deref(), Some("line 4, column"));
        let fault = parse("name,title\n").err().unwrap();
        assert_eq!(fault.field.as_deref(), Some("line 1, column"));
    }
}
