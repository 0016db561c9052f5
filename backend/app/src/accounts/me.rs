//! One's own account.

use lakegate_model::{
    Code, Fault,
    people::{Session, User},
    places::Project,
    text,
    words::{ProductRole, ProjectRole, Theme},
};
use lakegate_policy::Actor;
use lakegate_store::{drafts, projects, sessions, tokens, users};

use crate::{
    App, Caller,
    accounts::sign_in,
    audit::{self, Event},
};

/// Who the caller is, and what he may do where.
#[derive(Debug, Clone)]
pub struct Me {
    /// The user; `None` for service accounts.
    pub user: Option<User>,
    /// User name, or name of the service account.
    pub name: String,
    pub roles: Vec<ProductRole>,
    pub projects: Vec<(Project, ProjectRole)>,
    /// The project the caller acts in.
    pub acting: Option<Project>,
    pub is_steward: bool,
}

fn person(actor: &Actor) -> Result<lakegate_model::ids::UserId, Fault> {
    actor.user().ok_or_else(|| Fault::new(Code::Unauthenticated, "sign in first"))
}

/// Who the caller is.
pub async fn me(app: &App, caller: &Caller) -> Result<Me, Fault> {
    look!(app, caller, "account.view", |tx, scope, actor| {
        if !actor.is_known() {
            return Err(Fault::new(Code::Unauthenticated, "sign in first"));
        }
        let user = match actor.user() {
            Some(id) => users::user_find(tx, id).await?,
            None => None,
        };
        let mut listed = Vec::new();
        for (id, role) in &actor.projects {
            let Some(facts) = projects::project_facts(tx, *id).await? else { continue };
            let proof = lakegate_policy::decide(scope, actor, facts)?;
            listed.push((projects::project_get(tx, &proof).await?, *role));
        }
        listed.sort_by_key(|(project, _)| text::fold(&project.name));
        let acting =
            listed.iter().map(|(project, _)| project).find(|project| Some(project.id) == actor.acting).cloned();
        Ok(Me {
            user,
            name: actor.name.clone(),
            roles: actor.roles.iter().copied().collect(),
            projects: listed,
            acting,
            is_steward: !actor.stewarded.is_empty(),
        })
    })
}

/// Changes the password. All other sessions, and all tokens, end.
pub async fn change_password(app: &App, caller: &Caller, current: &str, new: &str) -> Result<(), Fault> {
    let user = look!(app, caller, "account.password", |tx, scope, actor| {
        users::user_find(tx, person(actor)?).await?.ok_or_else(|| Fault::not_found("user"))
    })?;
    sign_in::check_password(app, caller, &user.username, current).await.map_err(|fault| match fault.code {
        Code::Unauthenticated => Fault::invalid("current_password", "this is not your present password"),
        _ => fault,
    })?;
    let hash = app.passwords.hash(&user.username, new).await.map_err(|fault| fault.on("new_password"))?;
    change!(app, caller, "account.password", |tx, scope, actor| {
        users::password_set(tx, user.id, &hash).await?;
        sessions::sessions_end_all(tx, user.id, app.now()).await?;
        tokens::tokens_revoke_of_user(tx, user.id, app.now()).await?;
        audit::record(app, tx, caller, actor, Event::on("account.password", "user", user.id)).await
    })
}

/// Changes display name and address.
pub async fn set_profile(app: &App, caller: &Caller, display_name: &str, email: Option<&str>) -> Result<(), Fault> {
    let name = text::name("display_name", display_name)?;
    let email = email.filter(|email| !email.is_empty()).map(|email| text::line("email", email, 254)).transpose()?;
    change!(app, caller, "account.profile", |tx, scope, actor| {
        let id = person(actor)?;
        users::profile_set(tx, id, &name, email.as_deref()).await?;
        audit::record(app, tx, caller, actor, Event::on("account.profile", "user", id)).await
    })
}

/// The caller's live sessions.
pub async fn sessions(app: &App, caller: &Caller) -> Result<Vec<Session>, Fault> {
    look!(app, caller, "session.list", |tx, scope, actor| {
        Ok(sessions::sessions_live(tx, person(actor)?, app.now()).await?)
    })
}

/// Chooses light, dark, or what the system says.
pub async fn set_theme(app: &App, caller: &Caller, theme: Theme) -> Result<(), Fault> {
    change!(app, caller, "account.theme", |tx, scope, actor| { Ok(users::theme_set(tx, person(actor)?, theme).await?) })
}

/// A draft the caller keeps under a name.
pub async fn draft(app: &App, caller: &Caller, name: &str) -> Result<Option<String>, Fault> {
    look!(app, caller, "draft.view", |tx, scope, actor| { Ok(drafts::draft_get(tx, person(actor)?, name).await?) })
}

/// Longest draft, in bytes.
pub const DRAFT_MAX: usize = 256 * 1024;

/// Keeps a draft; an empty one is forgotten.
pub async fn set_draft(app: &App, caller: &Caller, name: &str, body: &str) -> Result<(), Fault> {
    let name = text::line("name", name, 60)?;
    if body.len() > DRAFT_MAX {
        return Err(Fault::new(Code::TooLarge, format!("a draft holds at most {DRAFT_MAX} bytes")).on("body"));
    }
    if body.contains('\0') {
        return Err(Fault::invalid("body", "NUL is not allowed"));
    }
    change!(app, caller, "draft.set", |tx, scope, actor| {
        Ok(drafts::draft_set(tx, person(actor)?, &name, body, app.now()).await?)
    })
}
