//! Queries kept in a project under a name.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::query::saved::{self, SavedInput};
use lakegate_model::{
    Fault,
    access::SavedQuery,
    ids::{ProjectId, SavedQueryId},
};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{After, Pager, Place, When, Who, Wrong, again, back},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/queries", get(list).post(create))
        .route("/projects/{project}/queries/new", post(new_form))
        .route("/projects/{project}/queries/{query}", get(edit_form).post(update))
        .route("/projects/{project}/queries/{query}/remove", post(remove))
}

struct Row {
    name: String,
    description: String,
    sql: String,
    open: String,
    edit: String,
    /// Where its result is made a table of its own; empty for readers who may not.
    store: String,
    owner: Who,
    updated: When,
}

#[derive(Template)]
#[template(path = "project/queries.html")]
struct QueriesPage {
    shell: Shell,
    head: Head,
    queries: Vec<Row>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let head = head(&web, reader, id, Section::Queries).await?;
    let place = Place::new(format!("{}/queries", head.base), &query.after);
    let page = saved::list(&web.app, &reader.caller, id, &place.request(&web, reader, 25)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let queries = page.items.into_iter().map(|query| row(&head, query)).collect();
    show(StatusCode::OK, &QueriesPage { shell: framed.shell, head, queries, pager })
}

fn row(head: &Head, query: SavedQuery) -> Row {
    let edit = format!("{}/queries/{}", head.base, query.id);
    Row {
        open: format!("/query/saved/{}", query.id),
        edit: if head.contributes { edit } else { String::new() },
        store: if head.contributes { store_path(head, query.id) } else { String::new() },
        owner: Who::named(&query.owner_name),
        updated: When::at(query.updated_at),
        name: query.name,
        description: query.description,
        sql: query.sql_text,
    }
}

fn store_path(head: &Head, query: SavedQueryId) -> String {
    format!("{}/derived/new?query={query}", head.base)
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    sql: String,
}

impl Typed {
    fn input(&self) -> SavedInput {
        SavedInput { name: self.name.clone(), description: self.description.clone(), sql: self.sql.clone() }
    }
}

#[derive(Template)]
#[template(path = "project/query_edit.html")]
struct EditPage {
    shell: Shell,
    head: Head,
    title: String,
    action: String,
    /// Where the query is opened, made a table and removed; all empty for one that is not kept yet.
    open: String,
    store: String,
    remove: String,
    form: Typed,
    wrong: Wrong,
}

async fn edit_page(
    web: &Web,
    framed: Framed,
    project: ProjectId,
    known: Option<&SavedQuery>,
    (form, wrong): (Typed, Wrong),
) -> Result<EditPage, Refusal> {
    let head = head(web, &framed.reader, project, Section::Queries).await?;
    let title = known.map_or_else(|| "Keep a query".to_owned(), |query| query.name.clone());
    let list = format!("{}/queries", head.base);
    let store = known.map(|query| store_path(&head, query.id)).unwrap_or_default();
    let (action, open, remove) = match known {
        Some(query) => {
            let own = format!("{list}/{}", query.id);
            (own.clone(), format!("/query/saved/{}", query.id), format!("{own}/remove"))
        }
        None => (list, String::new(), String::new()),
    };
    let head = head.below(Section::Queries, &title);
    Ok(EditPage { shell: framed.shell, head, title, action, open, store, remove, form, wrong })
}

/// Opens the form with the text from the editor, which may be too long for an address.
async fn new_form(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &edit_page(&web, framed, id, None, (form, Wrong::default())).await?)
}

async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    match saved::create(&web.app, &framed.reader.caller, id, &form.input()).await {
        Ok(query) => {
            Ok(done(&format!("/query/saved/{}", query.id), &format!("{} is kept for your project.", query.name)))
        }
        Err(fault) => again(fault, |wrong| edit_page(&web, framed, id, None, (form, wrong))).await,
    }
}

/// A query of this project; one of another project is absent here.
async fn find(web: &Web, reader: &SignedIn, project: ProjectId, id: SavedQueryId) -> Result<SavedQuery, Fault> {
    let query = saved::get(&web.app, &reader.caller, id).await?;
    if query.project_id == project { Ok(query) } else { Err(Fault::not_found("saved query")) }
}

async fn edit_form(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, SavedQueryId)>,
) -> Result<Response, Refusal> {
    let known = find(&web, &framed.reader, project, id).await?;
    let form = Typed { name: known.name.clone(), description: known.description.clone(), sql: known.sql_text.clone() };
    show(StatusCode::OK, &edit_page(&web, framed, project, Some(&known), (form, Wrong::default())).await?)
}

async fn update(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, SavedQueryId)>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let known = find(&web, &framed.reader, project, id).await?;
    match saved::update(&web.app, &framed.reader.caller, id, &form.input()).await {
        Ok(query) => Ok(done(&format!("/projects/{project}/queries"), &format!("{} saved.", query.name))),
        Err(fault) => again(fault, |wrong| edit_page(&web, framed, project, Some(&known), (form, wrong))).await,
    }
}

async fn remove(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, SavedQueryId)>,
) -> Result<Response, Refusal> {
    let known = find(&web, &reader, project, id).await?;
    let removed = saved::delete(&web.app, &reader.caller, id).await;
    back(&format!("/projects/{project}/queries"), removed.map(|()| format!("{} is gone.", known.name)))
}
