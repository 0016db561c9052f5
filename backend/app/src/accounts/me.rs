//! One's own account.

use lakegate_model::{
    Code, Fault,
    grants::Grantee,
    people::{Session, User},
    places::Project,
    purposes::Purpose,
    text,
    words::{
        ProductRole, ProjectRole, Theme,
        TokenScope::{Read, Write},
    },
};
use lakegate_policy::{Actor, actor::Principal};
use lakegate_store::{Tx, changes, drafts, groups, projects, sessions, users};

use super::{SESSION_IDLE, check_email, set_up, sign_in};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::person,
    lens,
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
    /// The group or role that he is narrowed to.
    pub narrowed: Option<Narrowing>,
    /// What he may narrow himself to.
    pub narrowings: Vec<Narrowing>,
    /// The purpose that he states.
    pub purpose: Option<Purpose>,
    /// What he may state where he acts.
    pub purposes: Vec<Purpose>,
    pub is_steward: bool,
}

/// A group or role whose rights alone may be used (access rule 22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// `group:0190…`, `role:auditor`.
    pub key: String,
    /// As people call it.
    pub name: String,
}

async fn narrowings(tx: &mut Tx, actor: &Actor) -> Result<Vec<Narrowing>, Fault> {
    let Some(user) = actor.user().filter(|_| actor.narrowings().next().is_some()) else { return Ok(Vec::new()) };
    let groups = groups::groups_of(tx, user).await?;
    let named = |held: Grantee| {
        let group = groups.iter().find(|group| held == Grantee::Group(group.id)).map(|group| group.name.clone());
        let role = || held.role().map(|role| role.as_str().replace('_', " ")).unwrap_or_default();
        Narrowing { key: held.to_string(), name: group.unwrap_or_else(role) }
    };
    Ok(actor.narrowings().map(named).collect())
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
        let narrowings = narrowings(tx, actor).await?;
        let narrowed = actor.narrowed.map(|held| held.to_string());
        let purposes = lens::approved(tx, actor.acting).await?;
        Ok(Me {
            narrowed: narrowed.and_then(|key| narrowings.iter().find(|one| one.key == key).cloned()),
            narrowings,
            purpose: purposes.iter().find(|purpose| Some(purpose.id) == actor.purpose).cloned(),
            purposes,
            user,
            name: actor.name.clone(),
            roles: actor.roles.iter().copied().collect(),
            projects: listed,
            acting,
            is_steward: !actor.stewarded.is_empty(),
        })
    })
}

/// Changes the password. All sessions (this one too), tokens, links and running queries end.
pub async fn change_password(app: &App, caller: &Caller, current: &str, new: &str) -> Result<(), Fault> {
    let user = look!(app, caller, "account.password", |tx, scope, actor| {
        users::user_find(tx, person(actor, Write)?).await?.ok_or_else(|| Fault::not_found("user"))
    })?;
    sign_in::check_password(app, caller, &user.username, current).await.map_err(|fault| match fault.code {
        Code::Unauthenticated => Fault::invalid("current_password", "this is not your present password"),
        _ => fault,
    })?;
    let hash = app.passwords.hash(&user.username, new).await.map_err(|fault| fault.on("new_password"))?;
    change!(app, caller, "account.password", |tx, scope, actor| {
        set_up::replace_password(app, tx, user.id, &hash).await?;
        audit::record(app, tx, caller, actor, Event::on("account.password", "user", user.id)).await
    })?;
    app.queries.cancel_of_principal(Principal::User(user.id));
    Ok(())
}

/// Changes display name and address.
pub async fn set_profile(app: &App, caller: &Caller, display_name: &str, email: Option<&str>) -> Result<(), Fault> {
    let name = text::name("display_name", display_name)?;
    let email = email.filter(|email| !email.is_empty()).map(check_email).transpose()?;
    change!(app, caller, "account.profile", |tx, scope, actor| {
        let id = person(actor, Write)?;
        let before = users::user_find(tx, id).await?.map(|user| user.display_name);
        users::profile_set(tx, id, &name, email.as_deref()).await?;
        if before.as_ref() != Some(&name) {
            // Search shows the owners of assets by name.
            changes::change_record(tx, "user", id.into()).await?;
        }
        audit::record(app, tx, caller, actor, Event::on("account.profile", "user", id)).await
    })
}

/// The caller's live sessions.
pub async fn sessions(app: &App, caller: &Caller) -> Result<Vec<Session>, Fault> {
    look!(app, caller, "session.list", |tx, scope, actor| {
        let mut live = sessions::sessions_live(tx, person(actor, Read)?, app.now()).await?;
        live.retain(|session| session.seen_at + SESSION_IDLE > app.now());
        Ok(live)
    })
}

/// Chooses light, dark, or what the system says.
pub async fn set_theme(app: &App, caller: &Caller, theme: Theme) -> Result<(), Fault> {
    change!(app, caller, "account.theme", |tx, scope, actor| {
        Ok(users::theme_set(tx, person(actor, Write)?, theme).await?)
    })
}

/// A draft the caller keeps under a name.
pub async fn draft(app: &App, caller: &Caller, name: &str) -> Result<Option<String>, Fault> {
    let name = text::line("name", name, DRAFT_NAME_MAX)?;
    look!(app, caller, "draft.view", |tx, scope, actor| {
        Ok(drafts::draft_get(tx, person(actor, Read)?, &name).await?)
    })
}

/// Longest name of a draft, in characters.
const DRAFT_NAME_MAX: usize = 60;
/// Longest draft, in bytes.
pub const DRAFT_MAX: usize = 256 * 1024;

/// Keeps a draft; an empty one is forgotten.
pub async fn set_draft(app: &App, caller: &Caller, name: &str, body: &str) -> Result<(), Fault> {
    let name = text::line("name", name, DRAFT_NAME_MAX)?;
    if body.len() > DRAFT_MAX {
        return Err(Fault::new(Code::TooLarge, format!("a draft holds at most {DRAFT_MAX} bytes")).on("body"));
    }
    if body.contains('\0') {
        return Err(Fault::invalid("body", "NUL is not allowed"));
    }
    change!(app, caller, "draft.set", |tx, scope, actor| {
        Ok(drafts::draft_set(tx, person(actor, Write)?, &name, body, app.now()).await?)
    })
}
