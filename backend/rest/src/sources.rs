//! Bringing data in: data sources, their runs, uploads.

use axum::{
    Json as Answer, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State},
    http::{HeaderMap, StatusCode, header},
    routing::{get, post},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, future::BoxFuture, stream::BoxStream};
use lakegate_app::{
    App, Caller,
    sources::{
        manage::{self, NewSource, SourceChange},
        runs,
        upload::{self, Target, Uploaded},
    },
};
use lakegate_model::{
    Code, Fault,
    catalog::{DataSource, SourceRun},
    ids::{AssetId, ConnectionId, DataSourceId, EnvironmentId, ProjectId, RunId},
    words::RunState,
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::DONE;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// Names the file of a raw body, percent-encoded.
const FILE_NAME: &str = "x-file-name";

/// The addresses of these nouns.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/data-sources", get(list_sources))
        .route("/api/v1/data-sources", post(create_source))
        .route("/api/v1/data-sources/{source}", get(show_source).patch(change_source).delete(remove_source))
        .route("/api/v1/data-sources/{source}/runs", get(list_runs).post(start_run))
        .route("/api/v1/runs/{run}", get(show_run))
        .route("/api/v1/runs/{run}/cancel", post(cancel_run))
        .merge(uploads())
}

/// Uploads count their own bytes while they stream.
fn uploads() -> Router<Web> {
    Router::new()
        .route("/api/v1/environments/{environment}/uploads", post(upload_table))
        .route("/api/v1/assets/{asset}/uploads", post(upload_more))
        .layer(DefaultBodyLimit::disable())
}

/// A place from which tables are discovered.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceShape {
    id: Uuid,
    project_id: Uuid,
    environment_id: Uuid,
    connection_id: Option<Uuid>,
    name: String,
    location: String,
    /// Seconds between runs; null runs on demand only.
    interval_seconds: Option<i64>,
    next_run_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<DataSource> for SourceShape {
    fn from(source: DataSource) -> Self {
        Self {
            id: source.id.into(),
            project_id: source.project_id.into(),
            environment_id: source.environment_id.into(),
            connection_id: source.connection_id.map(Into::into),
            name: source.name,
            location: source.location,
            interval_seconds: source.interval_seconds,
            next_run_at: source.next_run_at,
            created_at: source.created_at,
        }
    }
}

/// Lists the data sources of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/data-sources", tag = "data sources",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<SourceShape>)))]
pub async fn list_sources(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<SourceShape>>, Refusal> {
    let list = format!("data sources of {project}");
    let page = params.request(&web, &auth, &list)?;
    let found = manage::list(&web.app, &auth.caller, project, &page).await?;
    Ok(Answer(PageOf::new(&web, &auth, &list, found)?))
}

/// A data source to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSourceInput {
    #[schema(value_type = Uuid)]
    environment: EnvironmentId,
    name: String,
    /// `file:///folder/` or `s3://bucket/prefix/`.
    location: String,
    /// For S3.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    connection: Option<ConnectionId>,
    /// Seconds between runs; absent runs on demand only.
    #[serde(default)]
    interval_seconds: Option<i64>,
}

/// Makes a data source.
#[utoipa::path(post, path = "/api/v1/data-sources", tag = "data sources", request_body = NewSourceInput,
    responses((status = 201, body = SourceShape)))]
pub async fn create_source(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewSourceInput>,
) -> Result<(StatusCode, Answer<SourceShape>), Refusal> {
    let NewSourceInput { environment, name, location, connection, interval_seconds } = input;
    let new = NewSource { environment, name, location, connection, interval_seconds };
    let source = manage::create(&web.app, &auth.caller, &new).await?;
    Ok((StatusCode::CREATED, Answer(source.into())))
}

/// Shows a data source.
#[utoipa::path(get, path = "/api/v1/data-sources/{source}", tag = "data sources", params(("source" = Uuid, Path)),
    responses((status = 200, body = SourceShape)))]
pub async fn show_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
) -> Result<Answer<SourceShape>, Refusal> {
    Ok(Answer(manage::get(&web.app, &auth.caller, source).await?.into()))
}

/// Tells null, which takes a value away, from absence, which leaves it.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(reader).map(Some)
}

/// What to change of a data source; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceChangeInput {
    #[serde(default)]
    name: Option<String>,
    /// Null runs on demand only.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    interval_seconds: Option<Option<i64>>,
}

/// Changes a data source.
#[utoipa::path(patch, path = "/api/v1/data-sources/{source}", tag = "data sources", params(("source" = Uuid, Path)),
    request_body = SourceChangeInput, responses((status = 200, body = SourceShape)))]
pub async fn change_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Json(input): Json<SourceChangeInput>,
) -> Result<Answer<SourceShape>, Refusal> {
    let SourceChangeInput { name, interval_seconds } = input;
    let change = SourceChange { name, interval_seconds };
    Ok(Answer(manage::update(&web.app, &auth.caller, source, &change).await?.into()))
}

/// Removes a data source; its tables stay.
#[utoipa::path(delete, path = "/api/v1/data-sources/{source}", tag = "data sources",
    params(("source" = Uuid, Path)), responses((status = 204, description = "Removed")))]
pub async fn remove_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
) -> Result<StatusCode, Refusal> {
    manage::remove(&web.app, &auth.caller, source).await?;
    Ok(DONE)
}

/// What a run found.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeShape {
    tables_new: i64,
    tables_changed: i64,
    tables_same: i64,
    files: i64,
    bytes: i64,
    /// Files and tables left out, each with the reason.
    skipped: Vec<String>,
}

/// One execution of a data source.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunShape {
    id: Uuid,
    source_id: Uuid,
    #[schema(value_type = String)]
    state: RunState,
    /// `manual` or `interval`.
    trigger: String,
    started_by: String,
    phase: String,
    files_seen: i64,
    tables_done: i64,
    tables_total: i64,
    outcome: Option<OutcomeShape>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<SourceRun> for RunShape {
    fn from(run: SourceRun) -> Self {
        let outcome = run.outcome.map(|found| OutcomeShape {
            tables_new: found.tables_new,
            tables_changed: found.tables_changed,
            tables_same: found.tables_same,
            files: found.files,
            bytes: found.bytes,
            skipped: found.skipped,
        });
        Self {
            id: run.id.into(),
            source_id: run.source_id.into(),
            state: run.state,
            trigger: run.trigger_kind,
            started_by: run.started_by,
            phase: run.progress.phase,
            files_seen: run.progress.files_seen,
            tables_done: run.progress.tables_done,
            tables_total: run.progress.tables_total,
            outcome,
            error: run.error,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// Lists the runs of a data source, the newest first.
#[utoipa::path(get, path = "/api/v1/data-sources/{source}/runs", tag = "data sources",
    params(("source" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<RunShape>)))]
pub async fn list_runs(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<RunShape>>, Refusal> {
    let list = format!("runs of {source}");
    let page = params.request(&web, &auth, &list)?;
    let found = runs::list(&web.app, &auth.caller, source, &page).await?;
    Ok(Answer(PageOf::new(&web, &auth, &list, found)?))
}

/// Runs a data source; while a run is open, gives that one.
#[utoipa::path(post, path = "/api/v1/data-sources/{source}/runs", tag = "data sources",
    params(("source" = Uuid, Path)), responses((status = 202, body = RunShape)))]
pub async fn start_run(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
) -> Result<(StatusCode, Answer<RunShape>), Refusal> {
    let run = runs::start(&web.app, &auth.caller, source).await?;
    Ok((StatusCode::ACCEPTED, Answer(run.into())))
}

/// Shows a run.
#[utoipa::path(get, path = "/api/v1/runs/{run}", tag = "data sources", params(("run" = Uuid, Path)),
    responses((status = 200, body = RunShape)))]
pub async fn show_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<RunShape>, Refusal> {
    Ok(Answer(runs::get(&web.app, &auth.caller, run).await?.into()))
}

/// Cancels a run; what it registered until then stays.
#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", tag = "data sources", params(("run" = Uuid, Path)),
    responses((status = 200, body = RunShape)))]
pub async fn cancel_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<RunShape>, Refusal> {
    Ok(Answer(runs::cancel(&web.app, &auth.caller, run).await?.into()))
}

/// Where an upload goes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadParams {
    /// Name of the new table.
    table: String,
}

/// An upload that is durable and in the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadedShape {
    asset_id: Uuid,
    /// Rows of this file.
    rows: u64,
}

impl From<Uploaded> for UploadedShape {
    fn from(uploaded: Uploaded) -> Self {
        Self { asset_id: uploaded.asset.into(), rows: uploaded.rows }
    }
}

/// Takes a file in as a new table: a raw body with the header `X-File-Name`, or one file of a multipart form.
#[utoipa::path(post, path = "/api/v1/environments/{environment}/uploads", tag = "data sources",
    params(("environment" = Uuid, Path), UploadParams,
        ("x-file-name" = Option<String>, Header, description = "Name of a raw body's file, percent-encoded")),
    request_body(content((Vec<u8> = "application/octet-stream"), (String = "multipart/form-data"))),
    responses((status = 201, body = UploadedShape)))]
pub async fn upload_table(
    State(web): State<Web>,
    auth: Known,
    Path(environment): Path<EnvironmentId>,
    Query(params): Query<UploadParams>,
    request: Request,
) -> Result<(StatusCode, Answer<UploadedShape>), Refusal> {
    take(&web, &auth, &Target::New { environment, table: params.table }, request).await
}

/// Adds a file to a table that was uploaded before.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/uploads", tag = "data sources",
    params(("asset" = Uuid, Path),
        ("x-file-name" = Option<String>, Header, description = "Name of a raw body's file, percent-encoded")),
    request_body(content((Vec<u8> = "application/octet-stream"), (String = "multipart/form-data"))),
    responses((status = 201, body = UploadedShape)))]
pub async fn upload_more(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    request: Request,
) -> Result<(StatusCode, Answer<UploadedShape>), Refusal> {
    take(&web, &auth, &Target::Append { asset }, request).await
}

async fn take(
    web: &Web,
    auth: &Known,
    target: &Target,
    request: Request,
) -> Result<(StatusCode, Answer<UploadedShape>), Refusal> {
    check_length(web, request.headers())?;
    let uploaded = if is_multipart(request.headers()) {
        take_form(web, auth, target, request).await?
    } else {
        let name = raw_name(request.headers())?;
        let stream = Body::into_data_stream(request.into_body());
        store(web.app.clone(), auth.caller.clone(), target.clone(), name, stream.boxed()).await?
    };
    Ok((StatusCode::CREATED, Answer(uploaded.into())))
}

async fn take_form(web: &Web, auth: &Known, target: &Target, request: Request) -> Result<Uploaded, Fault> {
    let form = Multipart::from_request(request, web).await;
    let form = form.map_err(|_| Fault::invalid("body", "this is not a multipart form"))?;
    let (names, mut named) = mpsc::channel(1);
    let mut file = file_of(form, names).boxed();
    // The first item comes once the file's name is known: nothing is read ahead of it.
    let first = file.next().await.ok_or_else(|| Fault::invalid("file", "the form holds no file"))?;
    let first = first.map_err(|_| Fault::invalid("body", "this is not a whole multipart form"))?;
    let name = named.recv().await.ok_or_else(|| Fault::invalid("file", "the form holds no file"))?;
    let whole = futures::stream::once(async { Ok(first) }).chain(file).boxed();
    store(web.app.clone(), auth.caller.clone(), target.clone(), name, whole).await
}

/// The bytes of the first file of a form; its name goes ahead of them.
fn file_of(mut form: Multipart, names: mpsc::Sender<String>) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
    async_stream::try_stream! {
        while let Some(mut field) = form.next_field().await.map_err(axum::Error::new)? {
            let Some(name) = field.file_name().map(str::to_owned) else { continue };
            // Whoever waits for the name waits for the bytes too.
            let _gone = names.send(name).await;
            yield Bytes::new();
            while let Some(chunk) = field.chunk().await.map_err(axum::Error::new)? {
                yield chunk;
            }
            break;
        }
    }
}

/// Everything owned, so that the work can move between threads.
fn store(
    app: App,
    caller: Caller,
    target: Target,
    name: String,
    bytes: BoxStream<'static, Result<Bytes, axum::Error>>,
) -> BoxFuture<'static, Result<Uploaded, Fault>> {
    Box::pin(async move { upload::upload(&app, &caller, &target, &name, bytes).await })
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("multipart/form-data")
}

/// A body that says itself that it is too large is refused before its first byte.
fn check_length(web: &Web, headers: &HeaderMap) -> Result<(), Fault> {
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let limit = web.config.upload_bytes;
    match stated.and_then(|text| text.parse::<u64>().ok()) {
        // A multipart form has some bytes around the file.
        Some(length) if length > limit.saturating_add(64 * 1024) => {
            Err(Fault::new(Code::TooLarge, format!("an upload holds at most {limit} bytes")).on("body"))
        }
        _ => Ok(()),
    }
}

fn raw_name(headers: &HeaderMap) -> Result<String, Fault> {
    let wrong = || Fault::invalid("X-File-Name", "name the file, percent-encoded, such as sales.csv");
    let text = headers.get(FILE_NAME).and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    let name = percent_decode_str(text).decode_utf8().map_err(|_| wrong())?;
    lakegate_model::text::line("X-File-Name", &name, 255)
}
