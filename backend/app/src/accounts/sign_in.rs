//! Signing in and out of the browser.

use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, SessionId, UserId},
    people::{Session, User},
};
use lakegate_policy::Actor;
use lakegate_store::{WriteTx, actors, in_read, in_write, purposes, sessions, users};
use serde_json::json;

use super::{SESSION_MAX, new_secret, throttle};
use crate::{
    App, Caller, Identity,
    audit::{self, Event},
    caller::person,
    keys::token_hash,
    lens,
};
use lakegate_model::words::{Outcome, TokenScope};

/// A session just started; the token goes into the cookie and is kept nowhere else.
#[derive(Debug)]
pub struct Started {
    pub session: Session,
    pub token: String,
    pub user: User,
}

/// Checks user name and password, with equal time for unknown users.
///
/// The throttle is asked in the same turn in which a failure is counted, so that a burst of guesses is no way round it.
///
/// # Errors
/// `unauthenticated`, or `throttled` after too many failures.
pub async fn check_password(app: &App, caller: &Caller, username: &str, password: &str) -> Result<User, Fault> {
    // No name holds control characters, and not every database could look for them.
    let username = &username.replace(char::is_control, "\u{FFFD}");
    let keys = throttle::keys(username, caller.address);
    in_read!(&app.db, |tx, _scope| { throttle::check(tx, &keys, app.now()).await })?;
    let turn = app.passwords.turn().await?;
    let (user, hash) = in_read!(&app.db, |tx, _scope| {
        throttle::check(tx, &keys, app.now()).await?;
        let user = users::user_by_name(tx, username).await?;
        let hash = match &user {
            Some(user) => users::password_hash(tx, user.id).await?,
            None => None,
        };
        Ok((user, hash))
    })?;
    let matches = turn.matches(hash, password).await?;
    match user.filter(|user| matches && !user.disabled) {
        Some(user) => {
            in_write!(&app.db, |tx, _scope| { throttle::succeeded(tx, &keys).await })?;
            Ok(user)
        }
        None => {
            note_failure(app, caller, &keys, username).await?;
            Err(Fault::new(Code::Unauthenticated, "user name or password is wrong"))
        }
    }
}

async fn note_failure(app: &App, caller: &Caller, keys: &[(String, i64)], username: &str) -> Result<(), Fault> {
    let name: String = username.chars().take(60).collect();
    in_write!(&app.db, |tx, _scope| {
        throttle::failed(tx, keys, app.now()).await?;
        let event = Event {
            action: "session.start",
            subject_kind: "user",
            subject_id: None,
            owner_project: None,
            detail: json!({ "username": name }),
        };
        audit::append(app, tx, caller, &Actor::anonymous(), event, Outcome::Denied).await
    })
}

/// Signs in with user name and password.
pub async fn sign_in(
    app: &App,
    caller: &Caller,
    username: &str,
    password: &str,
    agent: &str,
) -> Result<Started, Fault> {
    let user = check_password(app, caller, username, password).await?;
    start_session(app, caller, user, agent).await
}

/// Signs one of the demo's invented people in, by a click. Exists in the demo alone.
pub async fn demo_sign_in(app: &App, caller: &Caller, username: &str, agent: &str) -> Result<Started, Fault> {
    if !app.settings.demo {
        return Err(Fault::not_found("page"));
    }
    let user = in_read!(&app.db, |tx, _scope| { Ok(users::user_by_name(tx, username).await?) })?;
    let user = user.filter(|user| !user.disabled).ok_or_else(|| Fault::not_found("user"))?;
    start_session(app, caller, user, agent).await
}

/// Starts a session for a user whose identity was proved.
pub(crate) async fn start_session(app: &App, caller: &Caller, user: User, agent: &str) -> Result<Started, Fault> {
    let token = new_secret(app);
    let csrf_token = new_secret(app);
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(120).collect();
    let session = in_write!(&app.db, |tx, _scope| {
        let now = app.now();
        let actor = actors::user_actor(tx, user.id).await?.ok_or_else(|| Fault::not_found("user"))?;
        let session = Session {
            id: app.new_id(),
            user_id: user.id,
            csrf_token: csrf_token.clone(),
            project_id: first_project(tx, &actor, user.id).await?,
            role: None,
            purpose_id: None,
            agent: agent.clone(),
            created_at: now,
            seen_at: now,
            expires_at: now + SESSION_MAX,
            confirmed_at: now,
            ended_at: None,
        };
        sessions::session_insert(tx, &session, &token_hash(&token)).await?;
        audit::record(app, tx, caller, &actor, Event::on("session.start", "user", user.id)).await?;
        Ok(session)
    })?;
    Ok(Started { session, token, user })
}

/// The project of the last session, or the only one, if the user still belongs to it.
async fn first_project(tx: &mut WriteTx, actor: &Actor, user: UserId) -> Result<Option<ProjectId>, Fault> {
    let last = sessions::last_project(tx, user).await?.filter(|project| actor.role_in(*project).is_some());
    Ok(last.or_else(|| actor.projects.keys().next().copied()))
}

/// The live session of a cookie; its use is noted at most once a minute.
pub async fn session_of_cookie(app: &App, token: &str) -> Result<Option<Session>, Fault> {
    let hash = token_hash(token);
    let found = in_read!(&app.db, |tx, _scope| { Ok(sessions::session_by_token(tx, &hash).await?) })?;
    let now = app.now();
    let alive = |session: &Session| {
        session.ended_at.is_none() && session.expires_at > now && session.seen_at + super::SESSION_IDLE > now
    };
    let Some(session) = found.filter(alive) else { return Ok(None) };
    if now - session.seen_at > chrono::TimeDelta::minutes(1) {
        in_write!(&app.db, |tx, _scope| { Ok(sessions::session_touch(tx, session.id, now).await?) })?;
    }
    Ok(Some(session))
}

/// Ends a session: the caller's own current one, or another of his.
pub async fn sign_out(app: &App, caller: &Caller, session: SessionId) -> Result<(), Fault> {
    change!(app, caller, "session.end", |tx, scope, actor| {
        let user = person(actor, TokenScope::Write)?;
        let found = sessions::session_find(tx, session).await?;
        if found.is_none_or(|session| session.user_id != user) {
            return Err(Fault::not_found("session"));
        }
        sessions::session_end(tx, session, app.now()).await?;
        audit::record(app, tx, caller, actor, Event::on("session.end", "session", session)).await
    })?;
    app.queries.cancel_of_identity(Identity::Session(session));
    Ok(())
}

/// Chooses the project that the session acts in, or none.
pub async fn act_in(app: &App, caller: &Caller, project: Option<ProjectId>) -> Result<(), Fault> {
    change!(app, caller, "session.act_in", |tx, scope, actor| {
        let session = actor.session.ok_or_else(|| Fault::invalid("session", "only a browser session can switch"))?;
        if project.is_some_and(|project| actor.role_in(project).is_none()) {
            return Err(Fault::not_found("project").on("project"));
        }
        sessions::session_set_project(tx, session, project).await?;
        Ok(())
    })
}

/// Narrows the session to one group or role, and states its purpose; the empty text takes either away (access rule 22).
///
/// # Errors
/// `invalid` naming `role` or `purpose`.
pub async fn look_through(app: &App, caller: &Caller, role: &str, purpose: &str) -> Result<(), Fault> {
    change!(app, caller, "session.look_through", |tx, scope, actor| {
        let session = actor.session.ok_or_else(|| Fault::invalid("session", "only a browser session can switch"))?;
        let narrowed = lens::role_of(tx, actor, role).await?.map(|held| held.to_string());
        let purpose = lens::find(&lens::approved(tx, actor.acting).await?, purpose)?;
        purposes::session_set_lens(tx, session, narrowed.as_deref(), purpose).await?;
        let event = Event::on("session.look_through", "session", session)
            .with(json!({ "project": actor.acting, "role": narrowed, "purpose": purpose }));
        audit::record(app, tx, caller, actor, event).await
    })
}

/// Takes the password once more, for actions that need it fresh.
pub async fn confirm(app: &App, caller: &Caller, password: &str) -> Result<(), Fault> {
    let (user, session) = look!(app, caller, "session.confirm", |tx, scope, actor| {
        let id = person(actor, TokenScope::Write)?;
        let session = actor.session.ok_or_else(|| Fault::invalid("session", "only a browser session can confirm"))?;
        let user = users::user_find(tx, id).await?.ok_or_else(|| Fault::not_found("user"))?;
        Ok((user, session))
    })?;
    check_password(app, caller, &user.username, password).await?;
    in_write!(&app.db, |tx, _scope| { Ok(sessions::session_confirm(tx, session, app.now()).await?) })
}
