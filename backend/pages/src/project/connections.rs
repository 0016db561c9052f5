//! Connections to S3-compatible stores. A secret is typed in and never shown again.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::places::connections::{self, NewConnection, S3Settings, SecretText};
use lakegate_model::{
    Fault,
    ids::{ConnectionId, ProjectId},
    places::{Connection, ConnectionSettings},
};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{Wrong, again},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/connections", post(create))
        .route("/projects/{project}/connections/new", get(new_form))
        .route("/projects/{project}/connections/{connection}", get(edit_form).post(update))
        .route("/projects/{project}/connections/{connection}/test", post(test))
}

/// What was typed. `Debug` is not derived: it would show the secret.
#[derive(Default, Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    access_key_id: String,
    #[serde(default)]
    secret_access_key: String,
    #[serde(default)]
    location: String,
}

impl Typed {
    fn of(connection: &Connection) -> Self {
        let ConnectionSettings::S3 { endpoint, region, access_key_id } = connection.settings.clone();
        Self {
            name: connection.name.clone(),
            endpoint: endpoint.unwrap_or_default(),
            region,
            access_key_id,
            ..Self::default()
        }
    }

    fn settings(&self) -> S3Settings {
        let endpoint = Some(self.endpoint.clone()).filter(|endpoint| !endpoint.trim().is_empty());
        S3Settings { endpoint, region: self.region.clone(), access_key_id: self.access_key_id.clone() }
    }
}

#[derive(Template)]
#[template(path = "project/connection.html")]
struct ConnectionPage {
    shell: Shell,
    head: Head,
    form: Typed,
    title: String,
    /// Where the form goes.
    action: String,
    /// Where a test goes; empty for a connection that is not there yet.
    test: String,
    wrong: Wrong,
}

async fn page(
    web: &Web,
    framed: Framed,
    id: ProjectId,
    known: Option<&Connection>,
    form: Typed,
    wrong: Wrong,
) -> Result<ConnectionPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let reader = &reader;
    let head = head(web, reader, id, Section::Storage).await?;
    let title = known.map_or_else(|| "New connection".to_owned(), |connection| connection.name.clone());
    let action = match known {
        Some(connection) => format!("{}/connections/{}", head.base, connection.id),
        None => format!("{}/connections", head.base),
    };
    let test = if known.is_some() { format!("{action}/test") } else { String::new() };
    let head = head.below(Section::Storage, &title);
    Ok(ConnectionPage { shell, head, form, title, action, test, wrong })
}

async fn new_form(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    let form = Typed { region: "us-east-1".to_owned(), ..Typed::default() };
    show(StatusCode::OK, &page(&web, framed, id, None, form, Wrong::default()).await?)
}

async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let new = NewConnection {
        project: id,
        name: form.name.clone(),
        settings: form.settings(),
        secret_access_key: SecretText::new(form.secret_access_key.clone()),
    };
    match connections::create(&web.app, &framed.reader.caller, &new).await {
        Ok(made) => {
            Ok(done(&format!("/projects/{id}/connections/{}", made.id), "Connection created. Try it on a bucket."))
        }
        Err(fault) => again(fault, |wrong| page(&web, framed, id, None, form, wrong)).await,
    }
}

async fn find(web: &Web, reader: &SignedIn, project: ProjectId, id: ConnectionId) -> Result<Connection, Fault> {
    let listed = connections::list(&web.app, &reader.caller, project).await?;
    listed.into_iter().find(|connection| connection.id == id).ok_or_else(|| Fault::not_found("connection"))
}

async fn edit_form(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, ConnectionId)>,
) -> Result<Response, Refusal> {
    let known = find(&web, &framed.reader, project, id).await?;
    let form = Typed::of(&known);
    show(StatusCode::OK, &page(&web, framed, project, Some(&known), form, Wrong::default()).await?)
}

async fn update(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, ConnectionId)>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let known = find(&web, &framed.reader, project, id).await?;
    let secret = Some(&form.secret_access_key).filter(|secret| !secret.is_empty()).map(SecretText::new);
    match connections::update(&web.app, &framed.reader.caller, id, &form.settings(), secret.as_ref()).await {
        Ok(_) => Ok(done(&format!("/projects/{project}/connections/{id}"), "Connection saved.")),
        Err(fault) => again(fault, |wrong| page(&web, framed, project, Some(&known), form, wrong)).await,
    }
}

async fn test(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, ConnectionId)>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let known = find(&web, &framed.reader, project, id).await?;
    match connections::test(&web.app, &framed.reader.caller, id, &form.location).await {
        Ok(()) => {
            Ok(done(&format!("/projects/{project}/connections/{id}"), "The connection works: it may list that place."))
        }
        Err(fault) => {
            let typed = Typed { location: form.location, ..Typed::of(&known) };
            again(fault, |wrong| page(&web, framed, project, Some(&known), typed, wrong)).await
        }
    }
}
