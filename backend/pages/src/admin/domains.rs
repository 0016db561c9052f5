//! The tree of business areas, and the stewards who look after them.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::places::domains::{self, DomainChange, DomainView, NewDomain};
use lakegate_model::{
    Fault,
    ids::{DomainId, UserId},
    people::User,
    words::{Discover, ProductRole},
};
use serde::Deserialize;

use super::{PersonForm, tabs};
use crate::{
    flash::done,
    glossary::stewards,
    kit::{Choice, Crumb, Tab, Who, Wrong, address, again, back, crumbs, people, person_meant},
    projects::domain_choices,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
    markdown,
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/domains", get(tree).post(create))
        .route("/admin/domains", get(tree))
        .route("/domains/new", get(new_form))
        .route("/domains/{domain}", get(detail))
        .route("/domains/{domain}/edit", get(edit_form).post(update))
        .route("/domains/{domain}/stewards", post(add_steward))
        .route("/domains/{domain}/stewards/{user}/remove", post(remove_steward))
}

struct Node {
    name: String,
    description: String,
    discover: &'static str,
    depth: usize,
    href: String,
}

#[derive(Template)]
#[template(path = "admin/domains.html")]
struct TreePage {
    shell: Shell,
    /// Empty for those who do not look after the installation.
    tabs: Vec<Tab>,
    nodes: Vec<Node>,
    may_add_root: bool,
}

async fn tree(State(web): State<Web>, framed: Framed) -> Result<Response, Refusal> {
    let administers = framed.me.roles.contains(&ProductRole::Administrator);
    let nodes = domains::tree(&web.app, &framed.reader.caller).await?;
    let node = |node: domains::DomainNode| Node {
        href: format!("/domains/{}", node.domain.id),
        description: markdown::plain(&node.domain.description, 160),
        discover: discover_text(node.domain.discover),
        name: node.domain.name,
        depth: node.depth,
    };
    let page = TreePage {
        shell: framed.shell,
        tabs: if administers { tabs("Domains") } else { Vec::new() },
        nodes: nodes.into_iter().map(node).collect(),
        may_add_root: administers,
    };
    show(StatusCode::OK, &page)
}

/// What outsiders find of the assets, in a few words.
fn discover_text(level: Discover) -> &'static str {
    match level {
        Discover::Hidden => "Hidden",
        Discover::Listed => "Listed, no requests",
        Discover::Requestable => "Can be requested",
        Discover::Open => "Open within the domain",
    }
}

fn discover_choices() -> Vec<Choice> {
    let meaning = |level| match level {
        Discover::Hidden => "Hidden: only the owning project finds them",
        Discover::Listed => "Listed: found and described, but not requested",
        Discover::Requestable => "Requestable: found, and access can be requested",
        Discover::Open => "Open: requests from within the domain need no approval",
    };
    Discover::ALL.iter().map(|level| Choice::new(level.as_str(), meaning(*level))).collect()
}

struct Steward {
    who: Who,
    username: String,
    /// Empty for one that is named further up, and for readers who may not.
    remove: String,
}

#[derive(Template)]
#[template(path = "admin/domain.html")]
struct DomainPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    /// Sanitised.
    description: String,
    discover: &'static str,
    own: Vec<Steward>,
    inherited: Vec<Steward>,
    below: Vec<(String, String)>,
    may_manage: bool,
    base: String,
    /// The new domain below this one.
    add: String,
    search: String,
    terms: String,
    people: Vec<Choice>,
    person: String,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, id: DomainId, person: String, wrong: Wrong) -> Result<DomainPage, Refusal> {
    let view = domains::get(&web.app, &framed.reader.caller, id).await?;
    let tree = domains::tree(&web.app, &framed.reader.caller).await?;
    let below = tree.into_iter().filter(|node| node.domain.parent_id == Some(id));
    let below = below.map(|node| (node.domain.name, format!("/domains/{}", node.domain.id))).collect();
    let may_manage = manages(&framed, &view);
    let people = if may_manage { people(web, &framed.reader).await? } else { Vec::new() };
    let base = format!("/domains/{id}");
    let steward = |user: User, own: bool| Steward {
        who: Who::named(&user.display_name),
        remove: if own && may_manage { format!("{base}/stewards/{}/remove", user.id) } else { String::new() },
        username: user.username,
    };
    Ok(DomainPage {
        crumbs: crumbs(&[("Domains", "/domains"), (&view.domain.name, "")]),
        description: markdown::html(&view.domain.description),
        discover: discover_text(view.domain.discover),
        own: view.stewards.into_iter().map(|user| steward(user, true)).collect(),
        inherited: view.inherited_stewards.into_iter().map(|user| steward(user, false)).collect(),
        add: address("/domains/new", &[("parent", &id.to_string())]),
        search: address("/search", &[("domain", &id.to_string())]),
        terms: address("/glossary", &[("domain", &id.to_string())]),
        shell: framed.shell,
        name: view.domain.name,
        below,
        may_manage,
        base,
        people,
        person,
        wrong,
    })
}

/// Administrators and the domain's stewards.
fn manages(framed: &Framed, view: &DomainView) -> bool {
    framed.me.roles.contains(&ProductRole::Administrator) || stewards(view, framed.reader.session.user_id)
}

async fn detail(State(web): State<Web>, framed: Framed, Path(id): Path<DomainId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, id, String::new(), Wrong::default()).await?)
}

async fn add_steward(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<DomainId>,
    Form(form): Form<PersonForm>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let person = person_meant(&web, &framed.reader, "person", &form.person).await?;
        domains::add_steward(&web.app, &framed.reader.caller, id, person.id).await?;
        Ok::<_, Fault>(format!("{} looks after this domain now.", person.display_name))
    };
    match outcome.await {
        Ok(text) => Ok(done(&format!("/domains/{id}"), &text)),
        Err(fault) => again(fault, |wrong| page(&web, framed, id, form.person, wrong)).await,
    }
}

async fn remove_steward(
    State(web): State<Web>,
    framed: Framed,
    Path((id, user)): Path<(DomainId, UserId)>,
) -> Result<Response, Refusal> {
    let outcome = domains::remove_steward(&web.app, &framed.reader.caller, id, user).await;
    back(&format!("/domains/{id}"), outcome.map(|()| "This steward's office has ended.".to_owned()))
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    parent: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    discover: String,
}

impl Typed {
    fn level(&self) -> Result<Discover, Fault> {
        self.discover.parse().map_err(|fault: Fault| fault.on("discover"))
    }
}

#[derive(Template)]
#[template(path = "admin/domain_edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    title: String,
    action: String,
    back: String,
    /// Where a new domain may stand; empty for one that is there.
    parents: Vec<Choice>,
    levels: Vec<Choice>,
    form: Typed,
    wrong: Wrong,
}

async fn new_page(web: &Web, framed: Framed, form: Typed, wrong: Wrong) -> Result<EditPage, Refusal> {
    let mut parents = domain_choices(web, &framed.reader).await?;
    parents.insert(0, Choice::new("", "None: a root of the tree"));
    Ok(EditPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Domains", "/domains"), ("New domain", "")]),
        title: "New domain".to_owned(),
        action: "/domains".to_owned(),
        back: "/domains".to_owned(),
        parents,
        levels: discover_choices(),
        form,
        wrong,
    })
}

async fn new_form(State(web): State<Web>, framed: Framed, Query(form): Query<Typed>) -> Result<Response, Refusal> {
    let form = Typed { discover: Discover::Requestable.to_string(), ..form };
    show(StatusCode::OK, &new_page(&web, framed, form, Wrong::default()).await?)
}

async fn create(State(web): State<Web>, framed: Framed, Form(form): Form<Typed>) -> Result<Response, Refusal> {
    let outcome = async {
        let parent = match form.parent.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| Fault::invalid("parent", "choose a domain"))?),
        };
        let discover = form.level()?;
        let new = NewDomain { parent, name: form.name.clone(), description: form.description.clone(), discover };
        domains::create(&web.app, &framed.reader.caller, &new).await
    };
    match outcome.await {
        Ok(domain) => Ok(done(&format!("/domains/{}", domain.id), "Domain created. Name its stewards.")),
        Err(fault) => again(fault, |wrong| new_page(&web, framed, form, wrong)).await,
    }
}

async fn edit_page(
    web: &Web,
    framed: Framed,
    id: DomainId,
    form: Option<Typed>,
    wrong: Wrong,
) -> Result<EditPage, Refusal> {
    let domain = domains::get(&web.app, &framed.reader.caller, id).await?.domain;
    let own = format!("/domains/{id}");
    let present = || Typed {
        parent: String::new(),
        name: domain.name.clone(),
        description: domain.description.clone(),
        discover: domain.discover.to_string(),
    };
    Ok(EditPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Domains", "/domains"), (&domain.name, &own), ("Edit", "")]),
        title: format!("Edit {}", domain.name),
        action: format!("{own}/edit"),
        back: own,
        parents: Vec::new(),
        levels: discover_choices(),
        form: form.unwrap_or_else(present),
        wrong,
    })
}

async fn edit_form(State(web): State<Web>, framed: Framed, Path(id): Path<DomainId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &edit_page(&web, framed, id, None, Wrong::default()).await?)
}

async fn update(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<DomainId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let discover = Some(form.level()?);
        let change =
            DomainChange { name: Some(form.name.clone()), description: Some(form.description.clone()), discover };
        domains::update(&web.app, &framed.reader.caller, id, &change).await
    };
    match outcome.await {
        Ok(_) => Ok(done(&format!("/domains/{id}"), "Domain saved.")),
        Err(fault) => again(fault, |wrong| edit_page(&web, framed, id, Some(form), wrong)).await,
    }
}
