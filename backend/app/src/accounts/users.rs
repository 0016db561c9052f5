//! Looking after users: an administrator's work.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    ids::{ProjectId, UserId},
    people::{Group, User, UserWithRoles},
    text,
    words::{ProductRole, ProjectRole, TokenScope},
};
use lakegate_policy::{action, actor::Principal, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx, actors, groups, projects, sessions, tokens,
    users::{self, NewUser},
};
use serde_json::json;

use super::{check_email, has_colleague, need_confirmed, new_secret, password_links::first_link};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::known,
    keys::token_hash,
};

/// A user to be created by an administrator or on the command line.
#[derive(Debug, Clone)]
pub struct UserInput {
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    /// `None` gives a link with which the user chooses one.
    pub password: Option<String>,
    pub roles: Vec<ProductRole>,
}

/// A user just created, with the secret of the link to choose a password, if he has none.
#[derive(Debug)]
pub struct Created {
    pub user: User,
    pub link_secret: Option<String>,
}

/// Creates a user.
pub async fn create(app: &App, caller: &Caller, input: &UserInput) -> Result<Created, Fault> {
    let username = text::identifier("username", &input.username)?;
    let display_name = text::name("display_name", &input.display_name)?;
    let email = input.email.as_deref().filter(|email| !email.is_empty()).map(check_email).transpose()?;
    let password_hash = match &input.password {
        Some(password) => Some(app.passwords.hash(&username, password).await?),
        None => None,
    };
    let id: UserId = app.new_id();
    let link_secret = input.password.is_none().then(|| new_secret(app));
    let user = change!(app, caller, "user.create", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        if !input.roles.is_empty() {
            need_confirmed(actor, app.now())?;
        }
        let new = NewUser {
            id,
            username: username.clone(),
            display_name: display_name.clone(),
            email: email.clone(),
            password_hash: password_hash.clone(),
            external: None,
            created_at: app.now(),
        };
        users::user_insert(tx, &new).await?;
        users::roles_set(tx, id, &input.roles).await?;
        if let Some(secret) = &link_secret {
            let link = first_link(id, app.now());
            sessions::link_insert(tx, &token_hash(secret), &link, app.now()).await?;
        }
        let event = Event::on("user.create", "user", id).with(json!({ "username": username, "roles": input.roles }));
        audit::record(app, tx, caller, actor, event).await?;
        users::user_find(tx, id).await?.ok_or_else(|| Fault::internal("the new user is absent"))
    })?;
    Ok(Created { user, link_secret })
}

/// Users in order of names, with their roles.
pub async fn list(app: &App, caller: &Caller, search: &str, page: &PageRequest) -> Result<Page<UserWithRoles>, Fault> {
    look!(app, caller, "user.list", |tx, scope, actor| {
        let proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        let users = users::user_list(tx, &proof, search, page).await?;
        let mut items = Vec::with_capacity(users.items.len());
        for user in users.items {
            let roles = users::roles_of(tx, user.id).await?;
            items.push(UserWithRoles { user, roles });
        }
        Ok(Page { items, next: users.next })
    })
}

/// Colleagues by name, for choosing one: any signed-in person may look.
pub async fn search(app: &App, caller: &Caller, text: &str, page: &PageRequest) -> Result<Page<User>, Fault> {
    look!(app, caller, "user.search", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let found = users::people_search(tx, text, page).await?;
        Ok(Page { items: found.items.into_iter().filter(|user| !user.disabled).collect(), next: found.next })
    })
}

/// What disabling a user does to what he holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consequences {
    pub sessions_ended: u64,
    pub tokens_revoked: u64,
    /// Projects that keep no enabled owner: their names.
    pub projects_without_owner: Vec<String>,
    /// Grants belong to projects: none is lost with a person.
    pub grants_lost: u64,
}

/// A user with his roles.
pub async fn get(app: &App, caller: &Caller, id: UserId) -> Result<UserWithRoles, Fault> {
    look!(app, caller, "user.get", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        let user = users::user_find(tx, id).await?.ok_or_else(|| Fault::not_found("user"))?;
        Ok(UserWithRoles { user, roles: users::roles_of(tx, id).await? })
    })
}

/// What disabling a user would do at this moment, to be said before it is done.
pub async fn consequences(app: &App, caller: &Caller, id: UserId) -> Result<Consequences, Fault> {
    look!(app, caller, "user.disable", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        let now = app.now();
        let live = sessions::sessions_live(tx, id, now).await?.len();
        let owned = owned_by(tx, id).await?;
        Ok(Consequences {
            sessions_ended: u64::try_from(live).unwrap_or(u64::MAX),
            tokens_revoked: u64::try_from(tokens::tokens_live(tx, Some(id), None, now).await?).unwrap_or_default(),
            projects_without_owner: without_owner(tx, id, &owned).await?,
            grants_lost: 0,
        })
    })
}

/// Disables a user with the next request, or enables him again. Ends his sessions, tokens, links and running queries.
pub async fn set_disabled(app: &App, caller: &Caller, id: UserId, disabled: bool) -> Result<Consequences, Fault> {
    let consequences = change!(app, caller, "user.disable", |tx, scope, actor| {
        let proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        if disabled && actor.user() == Some(id) {
            return Err(Fault::new(Code::Conflict, "you cannot disable yourself").fix("ask another administrator"));
        }
        users::user_find(tx, id).await?.ok_or_else(|| Fault::not_found("user"))?;
        let owned = owned_by(tx, id).await?;
        users::user_set_disabled(tx, &proof, id, disabled).await?;
        let consequences = if disabled { depart(app, tx, id, &owned).await? } else { Consequences::default() };
        let event = Event::on("user.disable", "user", id).with(json!({
            "disabled": disabled, "sessions": consequences.sessions_ended, "tokens": consequences.tokens_revoked,
        }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(consequences)
    })?;
    if disabled {
        app.queries.cancel_of_principal(Principal::User(id));
    }
    Ok(consequences)
}

/// The projects that an enabled user owns, by himself or through a group.
async fn owned_by(tx: &mut Tx, user: UserId) -> Result<Vec<ProjectId>, Fault> {
    let Some(actor) = actors::user_actor(tx, user).await? else { return Ok(Vec::new()) };
    let owned = actor.projects.into_iter().filter(|(_, role)| *role == ProjectRole::Owner);
    Ok(owned.map(|(project, _)| project).collect())
}

async fn depart(app: &App, tx: &mut WriteTx, user: UserId, owned: &[ProjectId]) -> Result<Consequences, Fault> {
    sessions::links_void_of(tx, user, app.now()).await?;
    Ok(Consequences {
        sessions_ended: sessions::sessions_end_all(tx, user, app.now()).await?,
        tokens_revoked: tokens::tokens_revoke_of_user(tx, user, app.now()).await?,
        projects_without_owner: without_owner(tx, user, owned).await?,
        grants_lost: 0,
    })
}

/// The names of those projects that nobody who is enabled owns beside a user.
async fn without_owner(tx: &mut Tx, user: UserId, owned: &[ProjectId]) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for project in owned {
        if projects::owners_of(tx, *project).await?.iter().all(|owner| *owner == user) {
            names.extend(projects::project_label(tx, *project).await?.map(|(name, _)| name));
        }
    }
    Ok(names)
}

/// Replaces the roles of a user. An administrator who widens himself without a second person is marked (access rule 11).
pub async fn set_roles(app: &App, caller: &Caller, id: UserId, roles: &[ProductRole]) -> Result<(), Fault> {
    change!(app, caller, "user.set_roles", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        need_confirmed(actor, app.now())?;
        users::user_find(tx, id).await?.ok_or_else(|| Fault::not_found("user"))?;
        let before = users::roles_of(tx, id).await?;
        let others = users::holders_of(tx, ProductRole::Administrator).await?.into_iter().any(|holder| holder != id);
        if !roles.contains(&ProductRole::Administrator) && before.contains(&ProductRole::Administrator) && !others {
            return Err(Fault::new(Code::Conflict, "the installation would have no administrator left"));
        }
        let widens = roles.iter().any(|role| !before.contains(role));
        let alone = !has_colleague(tx, actor).await?;
        if actor.user() == Some(id) && widens && !alone {
            return Err(Fault::new(Code::Forbidden, "nobody gives himself a role").fix("ask another administrator"));
        }
        users::roles_set(tx, id, roles).await?;
        let event = Event::on("user.set_roles", "user", id)
            .with(json!({ "before": before, "after": roles, "single_administrator": alone }));
        audit::record(app, tx, caller, actor, event).await
    })
}

/// Creates a user from the command line: whoever may run it on the server's data is trusted.
pub async fn create_from_command_line(app: &App, input: &UserInput) -> Result<Created, Fault> {
    create(app, &Caller::system("command line"), input).await
}

/// A user with the groups he is in.
pub async fn groups_of(app: &App, caller: &Caller, id: UserId) -> Result<Vec<Group>, Fault> {
    look!(app, caller, "user.groups", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        if actor.user() != Some(id) {
            let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        }
        Ok(groups::groups_of(tx, id).await?)
    })
}
