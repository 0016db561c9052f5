//! The reader's projects, and starting another.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::places::{
    domains, invitations,
    projects::{self, NewProject},
};
use lakegate_model::{
    Fault,
    ids::{DomainId, ProjectId},
};
use serde::Deserialize;

use super::{
    flash::done,
    kit::{After, Choice, Crumb, Pager, Place, When, Who, Wrong, again, crumbs, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/projects", get(list).post(create))
        .route("/projects/new", get(new_form))
        .route("/projects/{project}/invitation", post(answer_invitation))
}

struct Row {
    href: String,
    who: Who,
    description: String,
    domain: String,
    role: String,
    since: When,
    acting: bool,
}

struct Invited {
    action: String,
    project: String,
    role: String,
    when: When,
}

#[derive(Template)]
#[template(path = "projects/list.html")]
struct ListPage {
    shell: Shell,
    projects: Vec<Row>,
    invitations: Vec<Invited>,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<After>) -> Result<Response, Refusal> {
    let place = Place::new("/projects", &query.after);
    let page = projects::mine(&web.app, &framed.reader.caller, &place.request(&web, &framed.reader, 50)?).await?;
    let pager = place.pager(&web, &framed.reader, &page)?;
    let invitations = invitations::mine(&web.app, &framed.reader.caller).await?;
    let acting = framed.reader.session.project_id;
    let rows = page.items.into_iter().map(|view| Row {
        href: format!("/projects/{}", view.project.id),
        who: Who::named(&view.project.name),
        description: view.project.description,
        domain: view.domain_name,
        role: view.role.map(|role| spoken(role.as_str())).unwrap_or_default(),
        since: When::at(view.project.created_at),
        acting: acting == Some(view.project.id),
    });
    let invitations = invitations.into_iter().map(|invitation| Invited {
        action: format!("/projects/{}/invitation", invitation.project_id),
        project: invitation.project_name,
        role: invitation.role.to_string(),
        when: When::at(invitation.invited_at),
    });
    show(
        StatusCode::OK,
        &ListPage { shell: framed.shell, projects: rows.collect(), invitations: invitations.collect(), pager },
    )
}

#[derive(Debug, Deserialize)]
struct AnswerForm {
    answer: String,
}

async fn answer_invitation(
    State(web): State<Web>,
    framed: Framed,
    Path(project): Path<ProjectId>,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Refusal> {
    match form.answer.as_str() {
        "accept" => {
            let role = invitations::accept(&web.app, &framed.reader.caller, project).await?;
            Ok(done(&format!("/projects/{project}"), &format!("Welcome. You are a {role} of this project now.")))
        }
        "decline" => {
            invitations::decline(&web.app, &framed.reader.caller, project).await?;
            Ok(done("/projects", "Invitation declined."))
        }
        _ => Err(Fault::invalid("answer", "expected one of: accept decline").into()),
    }
}

#[derive(Debug, Default, Deserialize)]
struct ProjectForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    domain: String,
}

#[derive(Template)]
#[template(path = "projects/new.html")]
struct NewPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    form: ProjectForm,
    domains: Vec<Choice>,
    may_make_domains: bool,
    wrong: Wrong,
}

async fn new_page(web: &Web, framed: Framed, form: ProjectForm, wrong: Wrong) -> Result<NewPage, Refusal> {
    let Framed { reader, me, shell } = framed;
    let administers = me.roles.contains(&lakegate_model::words::ProductRole::Administrator);
    Ok(NewPage {
        shell,
        crumbs: crumbs(&[("Projects", "/projects"), ("New project", "")]),
        form,
        domains: domain_choices(web, &reader).await?,
        may_make_domains: administers,
        wrong,
    })
}

/// Every domain as an option, indented by its place in the tree.
pub(super) async fn domain_choices(web: &Web, reader: &SignedIn) -> Result<Vec<Choice>, Fault> {
    let tree = domains::tree(&web.app, &reader.caller).await?;
    let choice = |node: domains::DomainNode| {
        // No-break spaces: an ordinary space at the start of an option is not shown.
        let indent = "\u{a0}\u{a0}\u{a0}".repeat(node.depth);
        Choice::new(node.domain.id.to_string(), format!("{indent}{}", node.domain.name))
    };
    Ok(tree.into_iter().map(choice).collect())
}

async fn new_form(State(web): State<Web>, framed: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &new_page(&web, framed, ProjectForm::default(), Wrong::default()).await?)
}

async fn create(State(web): State<Web>, framed: Framed, Form(form): Form<ProjectForm>) -> Result<Response, Refusal> {
    match create_from(&web, &framed.reader, &form).await {
        Ok(id) => Ok(done(&format!("/projects/{id}"), "Project created. You own it.")),
        Err(fault) => again(fault, |wrong| new_page(&web, framed, form, wrong)).await,
    }
}

async fn create_from(web: &Web, reader: &SignedIn, form: &ProjectForm) -> Result<ProjectId, Fault> {
    let domain: DomainId = form.domain.parse().map_err(|_| Fault::invalid("domain", "choose a domain"))?;
    let new = NewProject { domain, name: form.name.clone(), description: form.description.clone() };
    Ok(projects::create(&web.app, &reader.caller, &new).await?.project.id)
}
