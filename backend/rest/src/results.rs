//! Results kept for a day: started, read in pages, taken along as files, deleted.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{delete, get, post},
};
use lakegate_app::query::{Ask, JsonOptions, kept};
use lakegate_model::ids::{ProjectId, QueryId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    done,
    queries::{FormatWord, QueryShape, send},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/queries", post(start_query))
        .route("/api/v1/queries/{query}/rows", get(list_rows))
        .route("/api/v1/queries/{query}/download", get(download_result))
        .route("/api/v1/queries/{query}/result", delete(delete_result))
        .route("/api/v1/me/results", get(show_result_quota))
}

/// A query whose result is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartInput {
    #[schema(example = "select count(*) from catalog_sales")]
    sql: String,
    /// The project whose rights are used; absent takes that of the header `Lakegate-Project`, or of the session.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    project: Option<ProjectId>,
}

/// Starts a query whose result is kept for 24 hours. It goes on when the caller leaves: look at it again until its state
/// is no longer `running`.
#[utoipa::path(post, path = "/api/v1/queries", tag = "queries", request_body = StartInput,
    responses((status = 202, body = QueryShape)))]
pub async fn start_query(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<StartInput>,
) -> Result<(StatusCode, Answer<QueryShape>), Refusal> {
    let id = kept::start(&web.app, &auth.caller, &Ask::new(input.sql, input.project)).await?;
    let run = kept::status(&web.app, &auth.caller, id).await?;
    Ok((StatusCode::ACCEPTED, Answer(run.into())))
}

/// Which rows are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RowParams {
    /// Rows to leave out.
    #[serde(default)]
    offset: u64,
    /// Rows to give, 1 to 1,000; 100 if absent.
    count: Option<usize>,
    /// 64-bit integers and decimals as strings, because many readers round them.
    #[serde(default)]
    exact: bool,
}

/// Rows of a page if nothing is said.
const ROWS: usize = 100;

/// Some rows of a kept result.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowsShape {
    columns: Vec<NamedColumn>,
    /// Rows of values in the order of the columns.
    rows: Vec<Vec<serde_json::Value>>,
    /// Rows of the whole result.
    row_count: u64,
    offset: u64,
}

/// A column of a kept result.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedColumn {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
}

/// Shows rows of a kept result. The access is compiled again: 410 once it or the data changed, 409 while the query runs.
#[utoipa::path(get, path = "/api/v1/queries/{query}/rows", tag = "queries",
    params(("query" = Uuid, Path), RowParams), responses((status = 200, body = RowsShape)))]
pub async fn list_rows(
    State(web): State<Web>,
    auth: Known,
    Path(query): Path<QueryId>,
    Query(params): Query<RowParams>,
) -> Result<Answer<RowsShape>, Refusal> {
    let RowParams { offset, count, exact } = params;
    let options = JsonOptions { exact };
    let page = kept::page(&web.app, &auth.caller, query, offset, count.unwrap_or(ROWS), options).await?;
    let columns = page.columns.into_iter();
    Ok(Answer(RowsShape {
        columns: columns.map(|column| NamedColumn { name: column.name, column_type: column.type_name }).collect(),
        rows: page.rows,
        row_count: page.row_count,
        offset,
    }))
}

/// How a result is taken along.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DownloadParams {
    /// `json`, `csv`, `arrow` or `parquet`; CSV if absent.
    #[param(value_type = Option<String>)]
    format: Option<FormatWord>,
    /// In JSON: 64-bit integers and decimals as strings, because many readers round them.
    #[serde(default)]
    exact: bool,
}

/// Sends the result of one of the caller's queries as a file; needs the permission to export. The query runs again, so
/// that the rows are those of this moment's access.
#[utoipa::path(get, path = "/api/v1/queries/{query}/download", tag = "queries",
    params(("query" = Uuid, Path), DownloadParams),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/json"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")))))]
pub async fn download_result(
    State(web): State<Web>,
    auth: Known,
    Path(query): Path<QueryId>,
    Query(params): Query<DownloadParams>,
) -> Result<Response, Refusal> {
    let format = params.format.unwrap_or(FormatWord::Csv);
    let answer = kept::download(&web.app, &auth.caller, query, format.format(params.exact)).await?;
    send(answer, &auth, Some(format.file_name()))
}

/// Deletes a kept result; the query stays in the caller's history.
#[utoipa::path(delete, path = "/api/v1/queries/{query}/result", tag = "queries", params(("query" = Uuid, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete_result(
    State(web): State<Web>,
    auth: Known,
    Path(query): Path<QueryId>,
) -> Result<StatusCode, Refusal> {
    done(kept::delete(&web.app, &auth.caller, query).await)
}

/// What kept results take up, in bytes.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotaShape {
    used: i64,
    limit: i64,
}

/// Tells what the caller's kept results take up.
#[utoipa::path(get, path = "/api/v1/me/results", tag = "queries", responses((status = 200, body = QuotaShape)))]
pub async fn show_result_quota(State(web): State<Web>, auth: Known) -> Result<Answer<QuotaShape>, Refusal> {
    let kept::Quota { used, limit } = kept::quota(&web.app, &auth.caller).await?;
    Ok(Answer(QuotaShape { used, limit }))
}
