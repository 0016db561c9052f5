//! Groups of users.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::accounts::{groups, users};
use lakegate_model::{
    Fault,
    ids::{GroupId, UserId},
};
use serde::Deserialize;

use super::{ListQuery, PersonForm, tabs};
use crate::{
    flash::done,
    kit::{Choice, Crumb, Pager, Place, Tab, When, Who, Wrong, address, again, back, crumbs, people, person_meant},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/groups", get(list).post(create))
        .route("/admin/groups/{group}", get(detail).post(add))
        .route("/admin/groups/{group}/members/{user}/remove", post(remove))
}

struct Row {
    name: String,
    description: String,
    external: bool,
    since: When,
    href: String,
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Template)]
#[template(path = "admin/groups.html")]
struct GroupsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    groups: Vec<Row>,
    search: String,
    pager: Pager,
    form: Typed,
    wrong: Wrong,
}

async fn page(
    web: &Web,
    framed: Framed,
    query: ListQuery,
    (form, wrong): (Typed, Wrong),
) -> Result<GroupsPage, Refusal> {
    let reader = &framed.reader;
    // Anybody may look groups up; this page is for those who change them.
    let one = lakegate_model::PageRequest::new(Some(1), None)?;
    users::list(&web.app, &reader.caller, "", &one).await?;
    let place = Place::new(address("/admin/groups", &[("q", &query.q)]), &query.after);
    let page = groups::list(&web.app, &reader.caller, query.q.trim(), &place.request(web, reader, 50)?).await?;
    let pager = place.pager(web, reader, &page)?;
    let row = |group: lakegate_model::people::Group| Row {
        href: format!("/admin/groups/{}", group.id),
        name: group.name,
        description: group.description,
        external: group.issuer.is_some(),
        since: When::at(group.created_at),
    };
    let groups = page.items.into_iter().map(row).collect();
    Ok(GroupsPage { shell: framed.shell, tabs: tabs("Groups"), groups, search: query.q, pager, form, wrong })
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<ListQuery>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, query, (Typed::default(), Wrong::default())).await?)
}

async fn create(State(web): State<Web>, framed: Framed, Form(form): Form<Typed>) -> Result<Response, Refusal> {
    match groups::create(&web.app, &framed.reader.caller, &form.name, &form.description).await {
        Ok(group) => Ok(done(&format!("/admin/groups/{}", group.id), "Group created. Add its people.")),
        Err(fault) => again(fault, |wrong| page(&web, framed, ListQuery::default(), (form, wrong))).await,
    }
}

struct Member {
    who: Who,
    username: String,
    disabled: bool,
    remove: String,
}

#[derive(Template)]
#[template(path = "admin/group.html")]
struct GroupPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    description: String,
    external: bool,
    members: Vec<Member>,
    people: Vec<Choice>,
    base: String,
    person: String,
    wrong: Wrong,
}

async fn group_page(
    web: &Web,
    framed: Framed,
    id: GroupId,
    person: String,
    wrong: Wrong,
) -> Result<GroupPage, Refusal> {
    let (group, members) = groups::get(&web.app, &framed.reader.caller, id).await?;
    let base = format!("/admin/groups/{id}");
    let member = |user: lakegate_model::people::User| Member {
        who: Who::named(&user.display_name),
        remove: format!("{base}/members/{}/remove", user.id),
        username: user.username,
        disabled: user.disabled,
    };
    Ok(GroupPage {
        crumbs: crumbs(&[("Groups", "/admin/groups"), (&group.name, "")]),
        members: members.into_iter().map(member).collect(),
        people: people(web, &framed.reader).await?,
        external: group.issuer.is_some(),
        shell: framed.shell,
        name: group.name,
        description: group.description,
        base,
        person,
        wrong,
    })
}

async fn detail(State(web): State<Web>, framed: Framed, Path(id): Path<GroupId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &group_page(&web, framed, id, String::new(), Wrong::default()).await?)
}

async fn add(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<GroupId>,
    Form(form): Form<PersonForm>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let person = person_meant(&web, &framed.reader, "person", &form.person).await?;
        groups::set_member(&web.app, &framed.reader.caller, id, person.id, true).await?;
        Ok::<_, Fault>(format!("{} is in the group now.", person.display_name))
    };
    match outcome.await {
        Ok(text) => Ok(done(&format!("/admin/groups/{id}"), &text)),
        Err(fault) => again(fault, |wrong| group_page(&web, framed, id, form.person, wrong)).await,
    }
}

async fn remove(
    State(web): State<Web>,
    framed: Framed,
    Path((id, user)): Path<(GroupId, UserId)>,
) -> Result<Response, Refusal> {
    let outcome = groups::set_member(&web.app, &framed.reader.caller, id, user, false).await;
    back(&format!("/admin/groups/{id}"), outcome.map(|()| "Taken out of the group.".to_owned()))
}
