//! What a project is and how it stands; its words; leaving it.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    access::views,
    catalog::assets,
    places::{
        environments, members,
        projects::{self, ProjectChange},
    },
};
use lakegate_model::{Fault, Page, PageRequest, ids::ProjectId, words::AssetStatus};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{Wrong, again, counted, grouped},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path},
};

/// Most things that are counted; more reads "200+".
const COUNTED: i64 = 200;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}", get(overview))
        .route("/projects/{project}/edit", get(edit_form).post(edit))
        .route("/projects/{project}/leave", post(leave))
}

/// A step of setting a project up.
struct Step {
    label: &'static str,
    text: &'static str,
    href: String,
    done: bool,
}

#[derive(Template)]
#[template(path = "project/overview.html")]
struct OverviewPage {
    shell: Shell,
    head: Head,
    published: String,
    inventory: String,
    used: String,
    given: String,
    steps: Vec<Step>,
    people: String,
    places: String,
    wrong: Wrong,
}

async fn overview(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &overview_page(&web, framed, id, Wrong::default()).await?)
}

async fn overview_page(web: &Web, framed: Framed, id: ProjectId, wrong: Wrong) -> Result<OverviewPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let reader = &reader;
    let head = head(web, reader, id, Section::Overview).await?;
    let (app, caller) = (&web.app, &reader.caller);
    let page = PageRequest::new(Some(COUNTED), None)?;
    let published = assets::of_project(app, caller, id, Some(AssetStatus::Published), &page).await?;
    let inventory = assets::of_project(app, caller, id, Some(AssetStatus::Inventory), &page).await?;
    let used = views::my_access(app, caller, Some(id), true, &page).await?;
    let given = views::given_by(app, caller, id, true, &page).await?;
    let places = environments::list(app, caller, id).await?;
    let people = members::list(app, caller, id).await?;
    let any = !published.items.is_empty() || !inventory.items.is_empty();
    let steps = steps(&head, !places.is_empty(), any, !published.items.is_empty());
    Ok(OverviewPage {
        published: count(&published),
        inventory: count(&inventory),
        used: count(&used),
        given: count(&given),
        steps,
        people: counted(people.len(), "member", "members"),
        places: counted(places.len(), "environment", "environments"),
        shell,
        head,
        wrong,
    })
}

fn count<T>(page: &Page<T>) -> String {
    let more = if page.next.is_some() { "+" } else { "" };
    format!("{}{more}", grouped(page.items.len()))
}

/// What a producing project does first; empty once it is done, and for those who do not do it.
fn steps(head: &Head, storage: bool, data: bool, published: bool) -> Vec<Step> {
    if !head.contributes || published {
        return Vec::new();
    }
    let step = |label, text, path: &str, done| Step { label, text, href: format!("{}{path}", head.base), done };
    vec![
        step(
            "Make a place for data",
            "An environment holds your tables and those you subscribe to.",
            "/environments/new",
            storage,
        ),
        step("Bring data in", "Point a source at a folder or bucket, or upload a file.", "/sources/new", data),
        step(
            "Describe and publish",
            "Accept the proposed names, add a description, let others find it.",
            "/data",
            false,
        ),
    ]
}

#[derive(Debug, Default, Deserialize)]
struct EditForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Template)]
#[template(path = "project/edit.html")]
struct EditPage {
    shell: Shell,
    head: Head,
    form: EditForm,
    wrong: Wrong,
}

/// The form with what was typed, or else with what is there.
async fn edit_page(
    web: &Web,
    framed: Framed,
    id: ProjectId,
    form: Option<EditForm>,
    wrong: Wrong,
) -> Result<EditPage, Refusal> {
    let head = head(web, &framed.reader, id, Section::Overview).await?;
    let present = || EditForm { name: head.name.clone(), description: head.view.project.description.clone() };
    let form = form.unwrap_or_else(present);
    Ok(EditPage { shell: framed.shell, head: head.below(Section::Overview, "Name and description"), form, wrong })
}

async fn edit_form(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &edit_page(&web, framed, id, None, Wrong::default()).await?)
}

async fn edit(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<EditForm>,
) -> Result<Response, Refusal> {
    let change = ProjectChange { name: Some(form.name.clone()), description: Some(form.description.clone()) };
    match projects::update(&web.app, &framed.reader.caller, id, &change).await {
        Ok(_) => Ok(done(&format!("/projects/{id}"), "Saved.")),
        Err(fault) => again(fault, |wrong| edit_page(&web, framed, id, Some(form), wrong)).await,
    }
}

#[derive(Debug, Default, Deserialize)]
struct LeaveForm {
    #[serde(default)]
    confirm: String,
}

async fn leave(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<LeaveForm>,
) -> Result<Response, Refusal> {
    let name = projects::get(&web.app, &framed.reader.caller, id).await?.project.name;
    let left = if form.confirm.trim() == name {
        members::leave(&web.app, &framed.reader.caller, id).await
    } else {
        Err(Fault::invalid("confirm", "this is not the name of the project").fix("type the name to leave"))
    };
    match left {
        Ok(departure) => Ok(done("/projects", &format!("You left {name}. {}", departure.note))),
        Err(fault) => again(fault, |wrong| overview_page(&web, framed, id, wrong)).await,
    }
}
