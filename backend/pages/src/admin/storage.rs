//! Storage roots: the places below which projects may keep and find data.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::places::{projects, roots};
use lakegate_model::{
    Fault, PageRequest,
    ids::{ProjectId, RootId},
};
use serde::Deserialize;

use super::tabs;
use crate::{
    flash::done,
    kit::{Choice, Tab, When, Wrong, again, back},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/storage", get(list).post(assign))
        .route("/admin/storage/{root}/withdraw", post(withdraw))
}

struct Row {
    uri: String,
    project: String,
    since: When,
    withdraw: String,
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    project: String,
}

#[derive(Template)]
#[template(path = "admin/storage.html")]
struct StoragePage {
    shell: Shell,
    tabs: Vec<Tab>,
    roots: Vec<Row>,
    projects: Vec<Choice>,
    /// Whether projects that name no place get a folder of this server.
    own_lake: bool,
    form: Typed,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, form: Typed, wrong: Wrong) -> Result<StoragePage, Refusal> {
    let projects = projects(web, &framed.reader).await?;
    let row = |root: lakegate_model::places::StorageRoot| Row {
        project: root.project_id.map_or_else(|| "All projects".to_owned(), |id| project_name(&projects, id)),
        since: When::at(root.created_at),
        withdraw: format!("/admin/storage/{}/withdraw", root.id),
        uri: root.uri,
    };
    let roots = roots::list(&web.app, &framed.reader.caller).await?.into_iter().map(row).collect();
    let own_lake = web.app.settings.local_lake;
    Ok(StoragePage { shell: framed.shell, tabs: tabs("Storage"), roots, projects, own_lake, form, wrong })
}

/// The reader's own projects: the inside of others, even their names, is not an administrator's business.
async fn projects(web: &Web, reader: &SignedIn) -> Result<Vec<Choice>, Fault> {
    let page = projects::mine(&web.app, &reader.caller, &PageRequest::new(Some(200), None)?).await?;
    let own = page.items.into_iter().map(|view| Choice::new(view.project.id.to_string(), view.project.name));
    Ok(std::iter::once(Choice::new("", "All projects")).chain(own).collect())
}

fn project_name(projects: &[Choice], id: ProjectId) -> String {
    let wanted = id.to_string();
    let found = projects.iter().find(|choice| choice.value == wanted);
    found.map_or_else(|| "Another project".to_owned(), |choice| choice.label.clone())
}

async fn list(State(web): State<Web>, framed: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, Typed::default(), Wrong::default()).await?)
}

async fn assign(State(web): State<Web>, framed: Framed, Form(form): Form<Typed>) -> Result<Response, Refusal> {
    let outcome = async {
        let project: Option<ProjectId> = match form.project.trim() {
            "" => None,
            id => Some(id.parse().map_err(|_| Fault::invalid("project", "choose a project"))?),
        };
        roots::assign(&web.app, &framed.reader.caller, &form.uri, project).await
    };
    match outcome.await {
        Ok(root) => Ok(done("/admin/storage", &format!("{} may be used now.", root.uri))),
        Err(fault) => again(fault, |wrong| page(&web, framed, form, wrong)).await,
    }
}

async fn withdraw(State(web): State<Web>, reader: SignedIn, Path(id): Path<RootId>) -> Result<Response, Refusal> {
    let outcome = roots::withdraw(&web.app, &reader.caller, id).await;
    back(
        "/admin/storage",
        outcome.map(|()| "Taken back. Nothing new is placed there; what lies there stays.".to_owned()),
    )
}
