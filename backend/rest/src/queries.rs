//! Running SQL.

use axum::{
    Json as Answer, Router,
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use lakegate_app::query::{Ask, Format, history, run};
use lakegate_model::{
    Fault,
    access::{QueryRun, ResultColumn},
    ids::{ProjectId, QueryId},
    words::QueryState,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::lists::paged;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/query", post(run_query))
        .route("/api/v1/queries", get(list_queries))
        .route("/api/v1/queries/{query}", get(show_query))
        .route("/api/v1/queries/{query}/cancel", post(cancel_query))
}

/// Names the query, for cancelling it and for the audit.
const QUERY_ID: HeaderName = HeaderName::from_static("lakegate-query");

/// How rows are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FormatWord {
    #[default]
    Json,
    Csv,
    Arrow,
    Parquet,
}

impl FormatWord {
    pub(super) fn format(self, exact: bool) -> Format {
        match self {
            Self::Json => Format::Json { exact },
            Self::Csv => Format::Csv { spreadsheet_safe: false },
            Self::Arrow => Format::Arrow,
            Self::Parquet => Format::Parquet,
        }
    }

    /// The name under which a file of this format is saved.
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::Json => "result.json",
            Self::Csv => "result.csv",
            Self::Arrow => "result.arrows",
            Self::Parquet => "result.parquet",
        }
    }

    /// Whether rows in this format are meant to leave as a file, not to be read at once.
    fn is_file(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet)
    }
}

/// A query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryInput {
    #[schema(example = "select count(*) from catalog_sales")]
    sql: String,
    /// The project whose rights are used; absent takes that of the header `Lakegate-Project`, or of the session.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    project: Option<ProjectId>,
    #[serde(default)]
    format: FormatWord,
    /// In JSON: 64-bit integers and decimals as strings, because many readers round them.
    #[serde(default)]
    exact: bool,
}

/// Rows as JSON.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "describes what is streamed")]
pub struct QueryRows {
    columns: Vec<ColumnShape>,
    /// Rows of values in the order of the columns.
    rows: Vec<Vec<serde_json::Value>>,
    row_count: u64,
    /// Present if the query failed after its first row: the rows before it are then not all.
    error: Option<lakegate_http::error::Problem>,
}

/// Runs SQL over the tables that the caller may read and streams the rows.
///
/// A failure after the first byte ends JSON with a member `error`; in the other formats the connection is cut.
#[utoipa::path(post, path = "/api/v1/query", tag = "queries", request_body = QueryInput,
    responses((status = 200, description = "The rows", content((QueryRows = "application/json"),
        (String = "text/csv"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub async fn run_query(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<QueryInput>,
) -> Result<Response, Refusal> {
    // Whole files leave the installation: they need the permission to export.
    let export = input.format.is_file();
    let ask = Ask { export, ..Ask::new(input.sql, input.project) };
    let answer = run::run(&web.app, &auth.caller, &ask, input.format.format(input.exact)).await?;
    send(answer, &auth, export.then(|| input.format.file_name()))
}

/// Streams rows, as a file if a name is given.
pub(super) fn send(rows: run::Answer, auth: &Known, file: Option<&str>) -> Result<Response, Refusal> {
    let request_id = auth.caller.request_id.clone();
    let body = rows.body.inspect_err(move |fault| {
        tracing::warn!(request_id, code = fault.code.as_str(), cause = ?fault.cause, "a result was cut off");
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(rows.media_type));
    headers.insert(QUERY_ID, HeaderValue::from_str(&rows.id.to_string()).map_err(Fault::internal)?);
    if let Some(name) = file {
        let disposition = format!("attachment; filename=\"{name}\"");
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Fault::internal)?);
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    }
    Ok(response)
}

/// A column of a result.
#[derive(Debug, Serialize, ToSchema)]
pub struct ColumnShape {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
    numeric: bool,
    /// Cells of some rows are withheld, or went into it as NULL.
    partial: bool,
    /// Something shows instead of the values, or that went into it.
    masked: bool,
}

impl From<ResultColumn> for ColumnShape {
    fn from(column: ResultColumn) -> Self {
        let ResultColumn { name, column_type, numeric, partial, masked } = column;
        Self { name, column_type, numeric, partial, masked }
    }
}

/// One execution of a query.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueryShape {
    id: Uuid,
    project_id: Option<Uuid>,
    sql: String,
    #[schema(value_type = String)]
    state: QueryState,
    /// Why it failed, as a stable word.
    code: Option<String>,
    message: Option<String>,
    row_count: i64,
    scanned_bytes: i64,
    elapsed_ms: i64,
    columns: Option<Vec<ColumnShape>>,
    /// Bytes of the kept result.
    result_bytes: i64,
    /// Until when the result is kept; null if it is not.
    result_until: Option<DateTime<Utc>>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<QueryRun> for QueryShape {
    fn from(run: QueryRun) -> Self {
        Self {
            id: run.id.into(),
            project_id: run.project_id.map(Into::into),
            sql: run.sql_text,
            state: run.state,
            code: run.code,
            message: run.message,
            row_count: run.row_count,
            scanned_bytes: run.scanned_bytes,
            elapsed_ms: run.elapsed_ms,
            columns: run.columns.map(|columns| columns.into_iter().map(Into::into).collect()),
            result_bytes: run.result_bytes,
            result_until: run.result_until,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// Lists the caller's own queries, the newest first.
#[utoipa::path(get, path = "/api/v1/queries", tag = "queries", params(PageParams),
    responses((status = 200, body = PageOf<QueryShape>)))]
pub async fn list_queries(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<QueryShape>>, Refusal> {
    paged!(web, auth, params, "queries".to_owned(), |page| history::list(&web.app, &auth.caller, page))
}

/// Shows one of the caller's own queries.
#[utoipa::path(get, path = "/api/v1/queries/{query}", tag = "queries", params(("query" = Uuid, Path)),
    responses((status = 200, body = QueryShape)))]
pub async fn show_query(
    State(web): State<Web>,
    auth: Known,
    Path(query): Path<QueryId>,
) -> Result<Answer<QueryShape>, Refusal> {
    Ok(Answer(history::get(&web.app, &auth.caller, query).await?.into()))
}

/// Whether something was under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledShape {
    /// False if the query had ended already.
    cancelled: bool,
}

/// Cancels one of the caller's running queries.
#[utoipa::path(post, path = "/api/v1/queries/{query}/cancel", tag = "queries", params(("query" = Uuid, Path)),
    responses((status = 200, body = CancelledShape)))]
pub async fn cancel_query(
    State(web): State<Web>,
    auth: Known,
    Path(query): Path<QueryId>,
) -> Result<Answer<CancelledShape>, Refusal> {
    let cancelled = run::cancel(&web.app, &auth.caller, query).await?;
    Ok(Answer(CancelledShape { cancelled }))
}
