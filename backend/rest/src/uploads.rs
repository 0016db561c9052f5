//! Bringing data in: files.

use axum::{
    Json as Answer, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, future::BoxFuture, stream::BoxStream};
use lakegate_app::{
    App, Caller,
    sources::upload::{self, Target, Uploaded},
};
use lakegate_model::{
    Code, Fault,
    ids::{AssetId, EnvironmentId},
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use lakegate_http::{
    Refusal, Web,
    extract::{Known, Path, Query},
    middleware::multipart::is_multipart,
};

/// Names the file of a raw body, percent-encoded.
const FILE_NAME: &str = "x-file-name";

/// The addresses of this noun. Uploads count their own bytes while they stream.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/environments/{environment}/uploads", post(upload_table))
        .route("/api/v1/assets/{asset}/uploads", post(upload_more))
        .layer(DefaultBodyLimit::disable())
}

/// Where an upload goes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
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
