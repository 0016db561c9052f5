//! The steward's bench: what still lacks words, and a grid for writing many of them quickly.

use askama::Template;
use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, patch},
};
use lakegate_app::catalog::{
    assets::{self, AssetView, ColumnView},
    bench::{self, Lack},
    edit::{self, AssetEdit, ColumnEdit},
    publish,
};
use lakegate_model::{
    Fault,
    ids::{AssetId, ColumnId, ProjectId},
    words::ColumnState,
};
use serde::{Deserialize, Serialize};

use super::{
    kit::{Choice, Crumb, Pager, Place, Tab, address, back, counted, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Json, Path, Query, SignedIn},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/bench", get(list))
        .route("/bench/{asset}", get(grid))
        .route("/bench/{asset}/columns", patch(save_cell))
        .route("/bench/{asset}/release", axum::routing::post(release))
}

#[derive(Debug, Default, Deserialize)]
struct BenchQuery {
    #[serde(default)]
    lack: String,
    #[serde(default)]
    project: String,
    #[serde(default)]
    after: String,
}

/// The lists of the bench: word in the address, label, what lacks.
const LISTS: [(&str, &str, Lack); 4] = [
    ("pending", "Pending columns", Lack::PendingColumns),
    ("columns", "Columns without words", Lack::UndescribedColumns),
    ("assets", "Assets without words", Lack::UndescribedAssets),
    ("owner", "Without an owner", Lack::Ownerless),
];

struct Row {
    asset: String,
    name: String,
    column: String,
    project: String,
    href: String,
    grid: String,
}

#[derive(Template)]
#[template(path = "bench/list.html")]
struct ListPage {
    shell: Shell,
    lists: Vec<Tab>,
    lack: &'static str,
    /// What to do with the things of this list.
    what: &'static str,
    by_column: bool,
    projects: Vec<Choice>,
    project: String,
    items: Vec<Row>,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<BenchQuery>) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let (word, _, lack) = LISTS.into_iter().find(|(word, ..)| *word == query.lack).unwrap_or(LISTS[0]);
    let project: Option<ProjectId> = match query.project.as_str() {
        "" => None,
        id => Some(id.parse()?),
    };
    let place = Place::new(address("/bench", &[("lack", word), ("project", &query.project)]), &query.after);
    let page = bench::list(&web.app, &reader.caller, lack, project, &place.request(&web, reader, 50)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let mut projects: Vec<Choice> = framed
        .me
        .projects
        .iter()
        .map(|(project, _)| Choice::new(project.id.to_string(), project.name.clone()))
        .collect();
    let items = page.items.into_iter().map(|item| row(item, &projects)).collect();
    projects.insert(0, Choice::new("", "All my projects"));
    let lists = LISTS.iter().map(|(other, label, _)| Tab {
        label,
        href: address("/bench", &[("lack", other), ("project", &query.project)]),
        active: *other == word,
        count: 0,
    });
    let page = ListPage {
        shell: framed.shell,
        lists: lists.collect(),
        lack: word,
        what: what(word),
        by_column: matches!(word, "pending" | "columns"),
        projects,
        project: query.project,
        items,
        pager,
    };
    show(StatusCode::OK, &page)
}

fn what(word: &str) -> &'static str {
    match word {
        "pending" => {
            "These columns arrived after their table was published. Nobody outside reads them until they are released."
        }
        "columns" => "A title or a sentence helps people find and trust these columns.",
        "assets" => "Nobody finds what nobody described.",
        _ => "An owner answers questions and decides on requests.",
    }
}

fn row(item: bench::BenchItem, projects: &[Choice]) -> Row {
    let id = item.project.to_string();
    let project = projects.iter().find(|choice| choice.value == id);
    let row = item.row;
    Row {
        project: project.map(|choice| choice.label.clone()).unwrap_or_default(),
        href: format!("/assets/{}", row.asset_id),
        grid: format!("/bench/{}", row.asset_id),
        asset: if row.asset_title.is_empty() { row.asset_name.clone() } else { row.asset_title },
        name: row.asset_name,
        column: row.column_name.unwrap_or_default(),
    }
}

struct Column {
    id: String,
    name: String,
    kind: String,
    pending: bool,
    title: String,
    description: String,
    tags: String,
    terms: String,
}

#[derive(Template)]
#[template(path = "bench/grid.html")]
struct GridPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    title: String,
    href: String,
    base: String,
    revision: i64,
    columns: Vec<Column>,
    count: String,
    pending: String,
    any_pending: bool,
    may_edit: bool,
    may_release: bool,
}

async fn grid(State(web): State<Web>, framed: Framed, Path(id): Path<AssetId>) -> Result<Response, Refusal> {
    let view = assets::view(&web.app, &framed.reader.caller, id).await?;
    show(StatusCode::OK, &grid_page(framed.shell, view))
}

fn grid_page(shell: Shell, view: AssetView) -> GridPage {
    let columns: Vec<Column> = view.columns.into_iter().map(column).collect();
    let pending = columns.iter().filter(|column| column.pending).count();
    let title = view.asset.display_name().to_owned();
    GridPage {
        shell,
        crumbs: crumbs(&[("To describe", "/bench"), (&title, "")]),
        href: format!("/assets/{}", view.asset.id),
        base: format!("/bench/{}", view.asset.id),
        name: view.asset.name,
        title,
        revision: view.asset.revision,
        count: counted(columns.len(), "column", "columns"),
        pending: counted(pending, "pending column", "pending columns"),
        any_pending: pending > 0,
        columns,
        may_edit: view.may_edit,
        may_release: view.may_release,
    }
}

fn column(view: ColumnView) -> Column {
    let terms: Vec<String> = view.terms.into_iter().map(|term| term.name).collect();
    Column {
        id: view.column.id.to_string(),
        kind: view.column.column_type.to_string(),
        pending: view.column.state == ColumnState::Pending,
        name: view.column.name,
        title: view.column.title,
        description: view.column.description,
        tags: view.tags.join(", "),
        terms: terms.join(", "),
    }
}

#[derive(Debug, Deserialize)]
struct CellInput {
    row: ColumnId,
    field: String,
    value: String,
    version: String,
}

#[derive(Debug, Serialize)]
struct CellAnswer {
    value: String,
    version: String,
}

/// Saves one cell of the grid. Somebody who saved meanwhile is not overwritten.
async fn save_cell(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<AssetId>,
    Json(input): Json<CellInput>,
) -> Result<Answer<CellAnswer>, Refusal> {
    let revision = input.version.parse().map_err(|_| Fault::invalid("version", "this is not a revision"))?;
    let mut change = ColumnEdit::of(input.row);
    match input.field.as_str() {
        "title" => change.title = Some(input.value),
        "description" => change.description = Some(input.value),
        "tags" => change.tags = Some(words(&input.value)),
        _ => return Err(Fault::invalid("field", "expected one of: title description tags").into()),
    }
    let edit = AssetEdit { columns: vec![change], ..AssetEdit::default() };
    let view = edit::update(&web.app, &reader.caller, id, revision, &edit).await?;
    let version = view.asset.revision.to_string();
    let saved = view.columns.into_iter().find(|saved| saved.column.id == input.row).map(column);
    let saved = saved.ok_or_else(|| Fault::not_found("column").on("row"))?;
    let value = match input.field.as_str() {
        "title" => saved.title,
        "description" => saved.description,
        _ => saved.tags,
    };
    Ok(Answer(CellAnswer { value, version }))
}

/// Tags as people write them: between commas.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Opens the pending columns that are ticked.
async fn release(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<AssetId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let chosen = pairs.iter().filter(|(name, _)| name == "column").map(|(_, value)| value.parse());
    let outcome = async {
        let columns = chosen.collect::<Result<Vec<ColumnId>, Fault>>()?;
        if columns.is_empty() {
            return Err(Fault::invalid("column", "choose at least one column"));
        }
        publish::release(&web.app, &reader.caller, id, &columns).await?;
        Ok(format!("Released {}.", counted(columns.len(), "column", "columns")))
    };
    back(&format!("/bench/{id}"), outcome.await)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn tags_stand_between_commas() {
        assert_eq!(words(" pii, finance ,,"), ["pii", "finance"]);
        assert!(words(" ").is_empty());
    }
}
