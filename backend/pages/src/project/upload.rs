//! Bringing a file in: streamed from the browser into the environment, never held whole in memory.

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Multipart, State, multipart::MultipartRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use lakegate_app::{
    catalog::assets,
    places::environments,
    sources::upload::{self, Target, Uploaded},
};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::{EnvironmentId, ProjectId},
    text,
};

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{Choice, Wrong, again, bytes, counted, whole},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, SignedIn},
};

/// Most bytes of a field that is not the file.
const FIELD_MAX: usize = 1_000;

pub(super) fn routes() -> Router<Web> {
    let upload = get(form).post(take).layer(DefaultBodyLimit::disable());
    Router::new().route("/projects/{project}/upload", upload)
}

/// What was typed beside the file.
#[derive(Debug, Default)]
struct Typed {
    environment: String,
    table: String,
    /// An asset to add the file to; empty for a new table.
    append: String,
}

#[derive(Template)]
#[template(path = "sources/upload.html")]
struct UploadPage {
    shell: Shell,
    head: Head,
    form: Typed,
    environments: Vec<Choice>,
    tables: Vec<Choice>,
    limit: String,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, id: ProjectId, form: Typed, wrong: Wrong) -> Result<UploadPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = head(web, &reader, id, Section::Sources).await?;
    let places = environments::list(&web.app, &reader.caller, id).await?;
    let places = places.into_iter().map(|view| Choice::new(view.environment.id.to_string(), view.environment.name));
    Ok(UploadPage {
        shell,
        head: head.below(Section::Sources, "Upload a file"),
        form,
        environments: places.collect(),
        tables: tables(web, &reader, id).await?,
        limit: bytes(whole(limit(web))),
        wrong,
    })
}

/// Tables that one more file may be added to; which of them take one is decided when it comes.
async fn tables(web: &Web, reader: &SignedIn, id: ProjectId) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(200), None)?;
    let found = assets::of_project(&web.app, &reader.caller, id, None, &page).await?;
    let uploaded = found.items.into_iter().filter(|asset| asset.source_id.is_none());
    let new = Choice::new("", "A new table");
    let more = uploaded.map(|asset| Choice::new(asset.id.to_string(), format!("Add rows to {}", asset.display_name())));
    Ok(std::iter::once(new).chain(more).collect())
}

fn limit(web: &Web) -> u64 {
    web.config.upload_bytes
}

async fn form(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, id, Typed::default(), Wrong::default()).await?)
}

/// Takes the file. A script that shows the progress asks for JSON and then goes on by itself.
async fn take(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let by_script =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let mut typed = Typed::default();
    let taken = match multipart {
        Ok(multipart) => receive(&web, &framed.reader, multipart, &mut typed).await,
        Err(_) => Err(Fault::invalid("file", "the file has to come as multipart/form-data")),
    };
    match taken {
        Ok(uploaded) => Ok(arrived(&uploaded, by_script)),
        Err(fault) if by_script => Err(fault.into()),
        Err(fault) => again(fault, |wrong| page(&web, framed, id, typed, wrong)).await,
    }
}

fn arrived(uploaded: &Uploaded, by_script: bool) -> Response {
    let to = format!("/assets/{}", uploaded.asset);
    let response = done(&to, &format!("Uploaded: {}.", counted(uploaded.rows, "row", "rows")));
    if !by_script {
        return response;
    }
    // The toast's cookie goes along; the address stands in the body, because a script cannot see a redirect.
    let cookies = response.headers().get(header::SET_COOKIE).cloned();
    let mut answer = axum::Json(serde_json::json!({ "href": to })).into_response();
    if let Some(cookie) = cookies {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// Reads the fields in their order; the file is the last one, and is passed on as it comes.
async fn receive(web: &Web, reader: &SignedIn, mut multipart: Multipart, typed: &mut Typed) -> Result<Uploaded, Fault> {
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let file_name = field.file_name().unwrap_or_default().to_owned();
            if file_name.is_empty() {
                return Err(Fault::invalid("file", "choose a file"));
            }
            let target = target(typed, &file_name)?;
            let uploaded = upload::upload(&web.app, &reader.caller, &target, &file_name, field).await;
            return uploaded.map_err(|fault| if fault.field.is_none() { fault.on("file") } else { fault });
        }
        let value = small(field).await?;
        match name.as_str() {
            "environment" => typed.environment = value,
            "table" => typed.table = value,
            "append" => typed.append = value,
            _ => {}
        }
    }
    Err(Fault::invalid("file", "choose a file"))
}

fn broken(error: axum::extract::multipart::MultipartError) -> Fault {
    Fault::invalid("file", "the upload broke off").fix("try it again").caused_by(error)
}

async fn small(mut field: axum::extract::multipart::Field<'_>) -> Result<String, Fault> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        value.extend_from_slice(&chunk);
        if value.len() > FIELD_MAX {
            return Err(Fault::new(Code::TooLarge, format!("a field holds at most {FIELD_MAX} bytes")));
        }
    }
    String::from_utf8(value).map_err(|_| Fault::invalid("form", "this is not text"))
}

/// Where the file goes; a new table without a name takes that of the file.
fn target(typed: &Typed, file_name: &str) -> Result<Target, Fault> {
    if !typed.append.is_empty() {
        let asset = typed.append.parse().map_err(|_| Fault::invalid("append", "choose a table"))?;
        return Ok(Target::Append { asset });
    }
    let environment: EnvironmentId =
        typed.environment.parse().map_err(|_| Fault::invalid("environment", "choose an environment"))?;
    let stem = file_name.split('.').next().unwrap_or_default();
    let table = if typed.table.trim().is_empty() { text::slug(stem) } else { typed.table.trim().to_owned() };
    Ok(Target::New { environment, table })
}
