//! What the editor's script asks for.

use axum::{
    Json as Answer, Router,
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use lakegate_app::{
    accounts::me,
    query::{Ask, Format, JsonOptions, kept, run, schema},
};
use lakegate_model::{
    Fault,
    access::{QueryRun, ResultColumn},
    ids::{ProjectId, QueryId},
    words::QueryState,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::way_on;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Path, Query, SignedIn},
};

/// Under which name the editor's tabs are kept with the account.
pub(super) const DRAFT: &str = "query";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/query/schema.json", get(schema_of_reader))
        .route("/query/run", post(start))
        .route("/query/draft", put(keep_draft))
        .route("/query/{query}", get(status))
        .route("/query/{query}/rows", get(rows))
        .route("/query/{query}/cancel", post(cancel))
        .route("/query/{query}/download", get(download))
}

#[derive(Serialize)]
struct SchemaColumn {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize)]
struct SchemaTable {
    database: String,
    name: String,
    columns: Vec<SchemaColumn>,
}

async fn schema_of_reader(State(web): State<Web>, reader: SignedIn) -> Result<Answer<Value>, Refusal> {
    if reader.session.project_id.is_none() {
        // Nothing can be read without a project; the page says so.
        return Ok(Answer(json!({ "tables": [] })));
    }
    let tables = schema::tables(&web.app, &reader.caller).await?;
    let column =
        |column: schema::ReadableColumn| SchemaColumn { name: column.name, kind: column.column_type.to_string() };
    let table = |table: schema::ReadableTable| SchemaTable {
        database: table.database,
        name: table.name,
        columns: table.columns.into_iter().map(column).collect(),
    };
    let tables: Vec<SchemaTable> = tables.into_iter().map(table).collect();
    Ok(Answer(json!({ "tables": tables })))
}

#[derive(Debug, Deserialize)]
struct RunInput {
    sql: String,
    #[serde(default)]
    project: Option<ProjectId>,
}

async fn start(
    State(web): State<Web>,
    reader: SignedIn,
    Json(input): Json<RunInput>,
) -> Result<(StatusCode, Answer<Value>), Refusal> {
    let id = kept::start(&web.app, &reader.caller, &Ask::new(input.sql, input.project)).await?;
    Ok((StatusCode::ACCEPTED, Answer(json!({ "id": id }))))
}

#[derive(Debug, Deserialize)]
struct DraftInput {
    body: String,
}

async fn keep_draft(
    State(web): State<Web>,
    reader: SignedIn,
    Json(input): Json<DraftInput>,
) -> Result<Answer<Value>, Refusal> {
    me::set_draft(&web.app, &reader.caller, DRAFT, &input.body).await?;
    Ok(Answer(json!({ "kept": true })))
}

#[derive(Serialize)]
struct ColumnShape {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    numeric: bool,
}

impl From<ResultColumn> for ColumnShape {
    fn from(column: ResultColumn) -> Self {
        Self { name: column.name, kind: column.column_type, numeric: column.numeric }
    }
}

#[derive(Serialize)]
struct StatusShape {
    state: &'static str,
    elapsed_ms: i64,
    rows: i64,
    bytes_scanned: i64,
    /// A result is kept whole or not at all: what is over a limit fails.
    truncated: bool,
    columns: Vec<ColumnShape>,
    /// Whether the rows may leave as a file.
    download: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

impl From<QueryRun> for StatusShape {
    fn from(run: QueryRun) -> Self {
        let error = run.message.filter(|_| run.state == QueryState::Failed);
        Self {
            state: match run.state {
                QueryState::Running => "running",
                QueryState::Succeeded => "done",
                QueryState::Failed => "failed",
                QueryState::Cancelled => "cancelled",
            },
            elapsed_ms: run.elapsed_ms,
            rows: run.row_count,
            bytes_scanned: run.scanned_bytes,
            truncated: false,
            columns: run.columns.unwrap_or_default().into_iter().map(Into::into).collect(),
            download: false,
            error: error.map(|message| json!({ "code": run.code, "fix": way_on(&message), "detail": message })),
        }
    }
}

async fn status(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<QueryId>,
) -> Result<Answer<StatusShape>, Refusal> {
    let run = kept::status(&web.app, &reader.caller, id).await?;
    let download = run.state == QueryState::Succeeded && kept::may_download(&web.app, &reader.caller, &run).await?;
    Ok(Answer(StatusShape { download, ..run.into() }))
}

#[derive(Debug, Deserialize)]
struct RowsQuery {
    #[serde(default)]
    offset: u64,
    limit: Option<usize>,
    count: Option<usize>,
}

async fn rows(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<QueryId>,
    Query(query): Query<RowsQuery>,
) -> Result<Answer<Value>, Refusal> {
    let count = query.limit.or(query.count).unwrap_or(200);
    let exact = JsonOptions { exact: true };
    let page = kept::page(&web.app, &reader.caller, id, query.offset, count, exact).await?;
    Ok(Answer(json!({ "rows": page.rows, "total": page.row_count })))
}

async fn cancel(State(web): State<Web>, reader: SignedIn, Path(id): Path<QueryId>) -> Result<Answer<Value>, Refusal> {
    let cancelled = run::cancel(&web.app, &reader.caller, id).await?;
    Ok(Answer(json!({ "cancelled": cancelled })))
}

#[derive(Debug, Deserialize)]
struct DownloadQuery {
    #[serde(default)]
    format: String,
}

/// What a format is written as, and the ending of its file. CSV is for spreadsheets here: formulas are neutralised.
fn format_of(word: &str) -> Result<(Format, &'static str), Fault> {
    match word {
        "csv" => Ok((Format::Csv { spreadsheet_safe: true }, "csv")),
        "parquet" => Ok((Format::Parquet, "parquet")),
        "arrow" => Ok((Format::Arrow, "arrows")),
        "json" => Ok((Format::Json { exact: true }, "json")),
        _ => Err(Fault::invalid("format", "expected one of: csv parquet arrow json")),
    }
}

async fn download(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<QueryId>,
    Query(query): Query<DownloadQuery>,
) -> Result<Response, Refusal> {
    let (format, ending) = format_of(&query.format)?;
    let answer = kept::download(&web.app, &reader.caller, id, format).await?;
    let name = format!("attachment; filename=\"query-{}.{ending}\"", web.app.now().format("%Y-%m-%d-%H%M"));
    let mut response = Body::from_stream(answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(Fault::internal)?);
    Ok(response)
}
