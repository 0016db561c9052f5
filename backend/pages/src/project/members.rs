//! Who is in a project: inviting, groups, roles, removing, handing over.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    accounts::groups,
    places::{invitations, members},
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{ProjectId, UserId},
    places::ProjectMember,
    words::{MemberKind, ProjectRole},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{Choice, When, Who, Wrong, again, people, person_meant, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/members", get(list))
        .route("/projects/{project}/members/invite", post(invite))
        .route("/projects/{project}/members/group", post(add_group))
        .route("/projects/{project}/members/transfer", post(transfer))
        .route("/projects/{project}/invitations/{user}/withdraw", post(withdraw))
        .route("/projects/{project}/members/{kind}/{member}/role", post(set_role))
        .route("/projects/{project}/members/{kind}/{member}/remove", get(remove_form).post(remove))
}

/// A project and a member of it, from the path.
type MemberPath = (ProjectId, String, Uuid);

struct Row {
    who: Who,
    group: bool,
    role: String,
    role_label: String,
    since: When,
    /// Path of the member; empty if the reader may not change him.
    href: String,
    oneself: bool,
}

struct Invited {
    who: Who,
    role: String,
    when: When,
    withdraw: String,
}

/// What was typed into the forms of the page.
#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    person: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    role: String,
}

#[derive(Template)]
#[template(path = "project/members.html")]
struct MembersPage {
    shell: Shell,
    head: Head,
    members: Vec<Row>,
    invitations: Vec<Invited>,
    people: Vec<Choice>,
    groups: Vec<Choice>,
    /// Members who could own the project.
    heirs: Vec<Choice>,
    roles: Vec<Choice>,
    form: Typed,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, id: ProjectId, form: Typed, wrong: Wrong) -> Result<MembersPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let reader = &reader;
    let head = head(web, reader, id, Section::Members).await?;
    let listed = members::list(&web.app, &reader.caller, id).await?;
    let invited = invitations::into_project(&web.app, &reader.caller, id).await?;
    let (people, groups) = if head.manages {
        (people(web, reader).await?, group_choices(web, reader, &listed).await?)
    } else {
        (Vec::new(), Vec::new())
    };
    let own = reader.session.user_id;
    let invitations = invited.into_iter().map(|invitation| Invited {
        who: Who::named(&invitation.user_name),
        role: spoken(invitation.role.as_str()),
        when: When::at(invitation.invited_at),
        withdraw: format!("{}/invitations/{}/withdraw", head.base, invitation.user_id),
    });
    Ok(MembersPage {
        invitations: invitations.collect(),
        heirs: heirs(&listed, own),
        members: listed.iter().map(|member| row(&head, member, own)).collect(),
        roles: roles(),
        people,
        groups,
        shell,
        head,
        form,
        wrong,
    })
}

fn row(head: &Head, member: &ProjectMember, own: UserId) -> Row {
    let path = format!("{}/members/{}/{}", head.base, member.member_kind, member.member_id);
    Row {
        who: Who::named(&member.name),
        group: member.member_kind == MemberKind::Group,
        role: member.role.to_string(),
        role_label: spoken(member.role.as_str()),
        since: When::at(member.added_at),
        href: if head.manages { path } else { String::new() },
        oneself: member.member_id == Uuid::from(own),
    }
}

fn roles() -> Vec<Choice> {
    ProjectRole::ALL.iter().map(|role| Choice::new(role.as_str(), spoken(role.as_str()))).collect()
}

/// Other people who are members by themselves.
fn heirs(listed: &[ProjectMember], own: UserId) -> Vec<Choice> {
    let others =
        listed.iter().filter(|member| member.member_kind == MemberKind::User && member.member_id != Uuid::from(own));
    others.map(|member| Choice::new(member.member_id.to_string(), member.name.clone())).collect()
}

/// The groups that are not members yet.
async fn group_choices(web: &Web, reader: &SignedIn, listed: &[ProjectMember]) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(200), None)?;
    let found = groups::list(&web.app, &reader.caller, "", &page).await?;
    let is_member = |id: Uuid| listed.iter().any(|member| member.member_id == id);
    let free = found.items.into_iter().filter(|group| !is_member(group.id.into()));
    Ok(free.map(|group| Choice::new(group.id.to_string(), group.name)).collect())
}

async fn list(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    let form = Typed { role: ProjectRole::Viewer.to_string(), ..Typed::default() };
    show(StatusCode::OK, &page(&web, framed, id, form, Wrong::default()).await?)
}

/// Ends a change of the members: back to the page, or the page again with what was wrong.
async fn end(
    web: &Web,
    framed: Framed,
    id: ProjectId,
    form: Typed,
    outcome: Result<String, Fault>,
) -> Result<Response, Refusal> {
    match outcome {
        Ok(text) => Ok(done(&format!("/projects/{id}/members"), &text)),
        Err(fault) => again(fault, |wrong| page(web, framed, id, form, wrong)).await,
    }
}

fn role_of(form: &Typed) -> Result<ProjectRole, Fault> {
    form.role.parse().map_err(|fault: Fault| fault.on("role"))
}

async fn invite(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let role = role_of(&form)?;
        let person = person_meant(&web, &framed.reader, "person", &form.person).await?;
        let invited = invitations::invite(&web.app, &framed.reader.caller, id, person.id, role).await;
        invited.map_err(|fault| if fault.field.as_deref() == Some("user") { fault.on("person") } else { fault })?;
        Ok(format!("{} was invited and finds it under Projects.", person.display_name))
    }
    .await;
    end(&web, framed, id, form, outcome).await
}

async fn add_group(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let role = role_of(&form)?;
        let group = Uuid::parse_str(&form.group).map_err(|_| Fault::invalid("group", "choose a group"))?;
        let member = members::add(&web.app, &framed.reader.caller, id, (MemberKind::Group, group), role).await?;
        Ok(format!("Everybody in {} is a {role} now.", member.name))
    }
    .await;
    end(&web, framed, id, form, outcome).await
}

async fn transfer(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let to: UserId = form.to.parse().map_err(|_| Fault::invalid("to", "choose a member"))?;
        members::transfer(&web.app, &framed.reader.caller, id, to).await?;
        Ok("The project has a new owner. You are a contributor now.".to_owned())
    }
    .await;
    end(&web, framed, id, form, outcome).await
}

async fn withdraw(
    State(web): State<Web>,
    framed: Framed,
    Path((id, user)): Path<(ProjectId, UserId)>,
) -> Result<Response, Refusal> {
    let outcome = invitations::withdraw(&web.app, &framed.reader.caller, id, user).await;
    end(&web, framed, id, Typed::default(), outcome.map(|()| "Invitation taken back.".to_owned())).await
}

async fn set_role(
    State(web): State<Web>,
    framed: Framed,
    Path((id, kind, member)): Path<MemberPath>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let role = role_of(&form)?;
        let kind: MemberKind = kind.parse()?;
        members::set_role(&web.app, &framed.reader.caller, id, (kind, member), role).await?;
        Ok(format!("Role changed to {role}."))
    }
    .await;
    end(&web, framed, id, Typed::default(), outcome).await
}

#[derive(Template)]
#[template(path = "project/member_remove.html")]
struct RemovePage {
    shell: Shell,
    head: Head,
    name: String,
    group: bool,
    action: String,
}

async fn remove_form(
    State(web): State<Web>,
    framed: Framed,
    Path((id, kind, member)): Path<MemberPath>,
) -> Result<Response, Refusal> {
    let kind: MemberKind = kind.parse()?;
    let head = head(&web, &framed.reader, id, Section::Members).await?;
    let listed = members::list(&web.app, &framed.reader.caller, id).await?;
    let found = listed.into_iter().find(|found| (found.member_kind, found.member_id) == (kind, member));
    let found = found.ok_or_else(|| Fault::not_found("member"))?;
    let action = format!("{}/members/{kind}/{member}/remove", head.base);
    let head = head.below(Section::Members, &format!("Remove {}", found.name));
    show(
        StatusCode::OK,
        &RemovePage { shell: framed.shell, head, name: found.name, group: kind == MemberKind::Group, action },
    )
}

async fn remove(
    State(web): State<Web>,
    framed: Framed,
    Path((id, kind, member)): Path<MemberPath>,
) -> Result<Response, Refusal> {
    let kind: MemberKind = kind.parse()?;
    let outcome = members::remove(&web.app, &framed.reader.caller, id, (kind, member)).await;
    end(&web, framed, id, Typed::default(), outcome.map(|departure| format!("Removed. {}", departure.note))).await
}
