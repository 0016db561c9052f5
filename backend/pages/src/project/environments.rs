//! Where a project's data lies: environments with their databases, and what they are reached by.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::places::{
    connections,
    environments::{self, EnvironmentView, NewEnvironment},
    roots,
};
use lakegate_model::{
    Fault,
    ids::{ConnectionId, ProjectId},
    places::{Connection, ConnectionSettings},
    words::DatabaseKind,
};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{Choice, When, Wrong, again, place_text},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/environments", get(list).post(create))
        .route("/projects/{project}/environments/new", get(new_form))
}

struct Place {
    name: String,
    location: String,
    connection: String,
    published: String,
    /// Where access to all of its tables is given; empty if the reader may not.
    access_href: String,
    subscribed: String,
    since: When,
}

/// A connection as the list shows it: its secret is nowhere.
struct Reached {
    name: String,
    endpoint: String,
    region: String,
    key: String,
    href: String,
    since: When,
}

#[derive(Template)]
#[template(path = "project/environments.html")]
struct EnvironmentsPage {
    shell: Shell,
    head: Head,
    places: Vec<Place>,
    connections: Vec<Reached>,
    roots: Vec<String>,
}

async fn list(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    let head = head(&web, &framed.reader, id, Section::Storage).await?;
    let (reached, roots) = reached_by(&web, &framed.reader, id, &head).await?;
    let found = environments::list(&web.app, &framed.reader.caller, id).await?;
    let places = found.into_iter().map(|view| place(view, &reached, head.manages)).collect();
    let connections = reached.into_iter().map(|connection| shown(&head, connection)).collect();
    show(StatusCode::OK, &EnvironmentsPage { shell: framed.shell, head, places, connections, roots })
}

/// Connections and storage roots, for those who bring data in.
async fn reached_by(
    web: &Web,
    reader: &SignedIn,
    id: ProjectId,
    head: &Head,
) -> Result<(Vec<Connection>, Vec<String>), Fault> {
    if !head.contributes {
        return Ok((Vec::new(), Vec::new()));
    }
    let reached = connections::list(&web.app, &reader.caller, id).await?;
    let roots = roots::usable(&web.app, &reader.caller, id).await?;
    Ok((reached, roots.into_iter().map(|root| root.uri).collect()))
}

fn place(view: EnvironmentView, connections: &[Connection], manages: bool) -> Place {
    let named = |kind| {
        let found = view.databases.iter().find(|database| database.kind == kind);
        found.map(|database| database.name.clone()).unwrap_or_default()
    };
    let connection = connections.iter().find(|connection| Some(connection.id) == view.environment.connection_id);
    let own = view.databases.iter().find(|database| database.kind == DatabaseKind::Published);
    Place {
        access_href: own
            .filter(|_| manages)
            .map(|database| format!("/databases/{}/access", database.id))
            .unwrap_or_default(),
        published: named(DatabaseKind::Published),
        subscribed: named(DatabaseKind::Subscribed),
        connection: connection.map(|connection| connection.name.clone()).unwrap_or_default(),
        since: When::at(view.environment.created_at),
        name: view.environment.name,
        location: place_text(&view.environment.location),
    }
}

fn shown(head: &Head, connection: Connection) -> Reached {
    let ConnectionSettings::S3 { endpoint, region, access_key_id } = connection.settings;
    Reached {
        name: connection.name,
        endpoint: endpoint.unwrap_or_else(|| "Amazon S3".to_owned()),
        region,
        key: access_key_id,
        href: if head.manages { format!("{}/connections/{}", head.base, connection.id) } else { String::new() },
        since: When::at(connection.updated_at),
    }
}

#[derive(Debug, Default, Deserialize)]
struct NewForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    connection: String,
}

#[derive(Template)]
#[template(path = "project/environment_new.html")]
struct NewPage {
    shell: Shell,
    head: Head,
    form: NewForm,
    connections: Vec<Choice>,
    roots: Vec<String>,
    /// Whether an empty location takes a folder of the server's own lake.
    own_lake: bool,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, id: ProjectId, form: NewForm, wrong: Wrong) -> Result<NewPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let reader = &reader;
    let head = head(web, reader, id, Section::Storage).await?;
    let (reached, roots) = reached_by(web, reader, id, &head).await?;
    Ok(NewPage {
        shell,
        head: head.below(Section::Storage, "New environment"),
        form,
        connections: choices(reached),
        roots,
        own_lake: web.app.settings.local_lake,
        wrong,
    })
}

/// The connections as options; the first one is none.
pub(super) fn choices(connections: Vec<Connection>) -> Vec<Choice> {
    let none = Choice::new("", "None: a folder of the server");
    let named = connections.into_iter().map(|connection| Choice::new(connection.id.to_string(), connection.name));
    std::iter::once(none).chain(named).collect()
}

/// A chosen connection; an empty choice is none.
pub(super) fn chosen(text: &str) -> Result<Option<ConnectionId>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Fault::invalid("connection", "choose a connection"))
}

async fn new_form(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, id, NewForm::default(), Wrong::default()).await?)
}

async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<NewForm>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let location = Some(form.location.clone()).filter(|location| !location.trim().is_empty());
        let connection = chosen(&form.connection)?;
        let new = NewEnvironment { project: id, name: form.name.clone(), location, connection };
        environments::create(&web.app, &framed.reader.caller, &new).await
    };
    match outcome.await {
        Ok(view) => {
            let text = format!("Environment {} is ready.", view.environment.name);
            Ok(done(&format!("/projects/{id}/environments"), &text))
        }
        Err(fault) => again(fault, |wrong| page(&web, framed, id, form, wrong)).await,
    }
}
