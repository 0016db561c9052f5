//! Users: making them, their roles, disabling them, a link for a new password.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::accounts::{
    password_links::{self, PasswordLink, WaitingLink},
    users::{self, Consequences, UserInput},
};
use lakegate_model::{Fault, ids::UserId, people::UserWithRoles, words::ProductRole};
use serde::Deserialize;

use super::{ListQuery, tabs};
use crate::{
    flash::done,
    kit::{
        Crumb, Pager, Place, Tab, When, Who, Wrong, address, again, again_with, confirm_first, counted, crumbs, spoken,
    },
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/users", get(list).post(create))
        .route("/admin/users/new", get(new_form))
        .route("/admin/users/{user}", get(detail))
        .route("/admin/users/{user}/roles", post(set_roles))
        .route("/admin/users/{user}/state", post(set_state))
        .route("/admin/users/{user}/link", post(password_link))
        .route("/admin/users/{user}/link/confirm", post(confirm_link))
}

struct Row {
    who: Who,
    username: String,
    email: String,
    roles: String,
    external: bool,
    disabled: bool,
    since: When,
    href: String,
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage {
    shell: Shell,
    tabs: Vec<Tab>,
    users: Vec<Row>,
    search: String,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<ListQuery>) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let place = Place::new(address("/admin/users", &[("q", &query.q)]), &query.after);
    let page = users::list(&web.app, &reader.caller, query.q.trim(), &place.request(&web, reader, 50)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let users = page.items.into_iter().map(row).collect();
    show(StatusCode::OK, &UsersPage { shell: framed.shell, tabs: tabs("Users"), users, search: query.q, pager })
}

fn row(found: UserWithRoles) -> Row {
    let roles: Vec<String> = found.roles.iter().map(|role| spoken(role.as_str())).collect();
    Row {
        who: Who::named(&found.user.display_name),
        href: format!("/admin/users/{}", found.user.id),
        username: found.user.username,
        email: found.user.email.unwrap_or_default(),
        roles: roles.join(", "),
        external: found.user.issuer.is_some(),
        disabled: found.user.disabled,
        since: When::at(found.user.created_at),
    }
}

/// What was typed for a user; `role` as often as one is ticked.
#[derive(Debug, Default)]
struct Typed {
    username: String,
    display_name: String,
    email: String,
    roles: Vec<ProductRole>,
}

impl Typed {
    fn of(pairs: &[(String, String)]) -> Result<Self, Fault> {
        let text = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let roles = pairs.iter().filter(|(name, _)| name == "role").map(|(_, value)| value.parse());
        Ok(Self {
            username: text("username").unwrap_or_default(),
            display_name: text("display_name").unwrap_or_default(),
            email: text("email").unwrap_or_default(),
            roles: roles.collect::<Result<_, Fault>>().map_err(|fault| fault.on("roles"))?,
        })
    }

    fn input(&self) -> UserInput {
        UserInput {
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            email: Some(self.email.trim().to_owned()).filter(|email| !email.is_empty()),
            password: None,
            roles: self.roles.clone(),
        }
    }
}

struct RoleChoice {
    value: &'static str,
    label: String,
    help: &'static str,
    chosen: bool,
}

fn role_choices(chosen: &[ProductRole]) -> Vec<RoleChoice> {
    let help = |role| match role {
        ProductRole::Administrator => "Users, groups, domains, storage roots. Does not read data by this role.",
        ProductRole::SecurityAdministrator => "Rules that bind data.",
        ProductRole::Auditor => "Reads the whole audit.",
        ProductRole::DataProtectionOfficer => "Second approver for personal data.",
    };
    let choice = |role: &ProductRole| RoleChoice {
        value: role.as_str(),
        label: spoken(role.as_str()),
        help: help(*role),
        chosen: chosen.contains(role),
    };
    ProductRole::ALL.iter().map(choice).collect()
}

#[derive(Template)]
#[template(path = "admin/user_new.html")]
struct NewPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    form: Typed,
    roles: Vec<RoleChoice>,
    wrong: Wrong,
}

fn new_page(framed: Framed, form: Typed, wrong: Wrong) -> NewPage {
    let crumbs = crumbs(&[("Users", "/admin/users"), ("New user", "")]);
    NewPage { shell: framed.shell, crumbs, roles: role_choices(&form.roles), form, wrong }
}

async fn new_form(framed: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &new_page(framed, Typed::default(), Wrong::default()))
}

/// A link that is shown this once.
#[derive(Template)]
#[template(path = "admin/user_link.html")]
struct LinkPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    /// Path of the page; the script completes it with the server's address.
    link: String,
    user: String,
    fresh: bool,
    /// Whether another administrator has to confirm it first.
    waits: bool,
}

fn link_page(framed: Framed, id: UserId, name: &str, made: &PasswordLink, fresh: bool) -> LinkPage {
    LinkPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Users", "/admin/users"), (name, &format!("/admin/users/{id}")), ("Password link", "")]),
        name: name.to_owned(),
        link: format!("/reset-password/{}", made.secret),
        user: format!("/admin/users/{id}"),
        fresh,
        waits: made.waits,
    }
}

async fn create(
    State(web): State<Web>,
    framed: Framed,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let form = Typed::of(&pairs)?;
    match users::create(&web.app, &framed.reader.caller, &form.input()).await {
        Ok(made) => {
            let link = PasswordLink { secret: made.link_secret.unwrap_or_default(), waits: false };
            show(StatusCode::CREATED, &link_page(framed, made.user.id, &made.user.display_name, &link, true))
        }
        Err(fault) => again_with(fault, |wrong| new_page(framed, form, wrong)),
    }
}

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    who: Who,
    username: String,
    email: String,
    issuer: String,
    disabled: bool,
    oneself: bool,
    since: When,
    groups: Vec<(String, String)>,
    roles: Vec<RoleChoice>,
    base: String,
    /// What disabling would do, a sentence each.
    consequences: Vec<String>,
    ownerless: Vec<String>,
    waiting: Option<WaitingLink>,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, id: UserId, wrong: Wrong) -> Result<UserPage, Refusal> {
    let caller = &framed.reader.caller;
    let found = users::get(&web.app, caller, id).await?;
    let groups = users::groups_of(&web.app, caller, id).await?;
    let consequences = users::consequences(&web.app, caller, id).await?;
    let waiting = password_links::waiting(&web.app, caller, id).await?;
    let user = found.user;
    Ok(UserPage {
        crumbs: crumbs(&[("Users", "/admin/users"), (&user.display_name, "")]),
        who: Who::named(&user.display_name),
        since: When::at(user.created_at),
        oneself: framed.reader.session.user_id == id,
        groups: groups.into_iter().map(|group| (group.name, format!("/admin/groups/{}", group.id))).collect(),
        roles: role_choices(&found.roles),
        base: format!("/admin/users/{id}"),
        consequences: said(&consequences),
        ownerless: consequences.projects_without_owner,
        waiting,
        shell: framed.shell,
        username: user.username,
        email: user.email.unwrap_or_default(),
        issuer: user.issuer.unwrap_or_default(),
        disabled: user.disabled,
        wrong,
    })
}

fn said(consequences: &Consequences) -> Vec<String> {
    let mut said = vec!["Signing in is refused.".to_owned()];
    if consequences.sessions_ended > 0 {
        said.push(format!("{} at once.", counted(consequences.sessions_ended, "session ends", "sessions end")));
    }
    if consequences.tokens_revoked > 0 {
        said.push(format!(
            "{} for good.",
            counted(consequences.tokens_revoked, "token is revoked", "tokens are revoked")
        ));
    }
    said.push("Grants, requests and saved queries belong to projects and stay.".to_owned());
    said
}

async fn detail(State(web): State<Web>, framed: Framed, Path(id): Path<UserId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, id, Wrong::default()).await?)
}

/// Ends a change of a user: back to him, to the password form, or the page again with what was wrong.
async fn end(web: &Web, framed: Framed, id: UserId, outcome: Result<String, Fault>) -> Result<Response, Refusal> {
    let here = format!("/admin/users/{id}");
    match outcome {
        Ok(text) => Ok(done(&here, &text)),
        Err(fault) => match confirm_first(fault, &here) {
            Ok(response) => Ok(response),
            Err(fault) => again(fault, |wrong| page(web, framed, id, wrong)).await,
        },
    }
}

async fn set_roles(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<UserId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let form = Typed::of(&pairs)?;
    let outcome = users::set_roles(&web.app, &framed.reader.caller, id, &form.roles).await;
    end(&web, framed, id, outcome.map(|()| "Roles saved. They count from the next request.".to_owned())).await
}

#[derive(Debug, Default, Deserialize)]
struct StateForm {
    #[serde(default)]
    disabled: String,
}

async fn set_state(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<UserId>,
    Form(form): Form<StateForm>,
) -> Result<Response, Refusal> {
    let disabled = form.disabled == "yes";
    let outcome = users::set_disabled(&web.app, &framed.reader.caller, id, disabled).await;
    let outcome = outcome.map(|consequences| if disabled { told(&consequences) } else { "Enabled again.".to_owned() });
    end(&web, framed, id, outcome).await
}

fn told(consequences: &Consequences) -> String {
    let mut text = format!("Disabled. {}", said(consequences).join(" "));
    if !consequences.projects_without_owner.is_empty() {
        text = format!("{text} Without an owner now: {}.", consequences.projects_without_owner.join(", "));
    }
    text
}

async fn password_link(State(web): State<Web>, framed: Framed, Path(id): Path<UserId>) -> Result<Response, Refusal> {
    match password_links::ask(&web.app, &framed.reader.caller, id).await {
        Ok(made) => {
            let name = users::get(&web.app, &framed.reader.caller, id).await?.user.display_name;
            show(StatusCode::CREATED, &link_page(framed, id, &name, &made, false))
        }
        Err(fault) => end(&web, framed, id, Err(fault)).await,
    }
}

async fn confirm_link(State(web): State<Web>, framed: Framed, Path(id): Path<UserId>) -> Result<Response, Refusal> {
    let outcome = password_links::confirm(&web.app, &framed.reader.caller, id).await;
    end(&web, framed, id, outcome.map(|()| "Confirmed. The link works for 30 minutes.".to_owned())).await
}
