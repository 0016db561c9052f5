//! Links with which a person sets a new password.
//!
//! Whoever holds such a link can become the person. So a link to somebody else's account waits until a second
//! administrator agrees; where there is only one, that is marked in the audit (access rule 11).

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault, Timestamp,
    ids::UserId,
    people::{OneTimeLink, User},
    words::{LinkPurpose, ProductRole},
};
use lakegate_policy::{Actor, action, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx, sessions,
    users::{self, holders_of},
};
use serde_json::json;

use super::{LINK_LIFE, has_colleague, need_confirmed, new_secret};
use crate::{
    App, Caller,
    access::notices::{Message, notify},
    audit::{self, Event},
    keys::token_hash,
};

/// A link that nobody confirmed ends after this long.
pub const WAIT: TimeDelta = TimeDelta::hours(24);

/// A link just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLink {
    /// Shown this once.
    pub secret: String,
    /// Whether it works only after another administrator confirmed it.
    pub waits: bool,
}

/// A link that waits for a second administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingLink {
    pub asked_by: String,
    pub until: Timestamp,
    /// Whether the caller asked for it himself, and so cannot confirm it.
    pub own: bool,
}

/// A link that works at once for a user who has no password yet and holds nothing.
pub(super) fn first_link(user: UserId, now: Timestamp) -> OneTimeLink {
    OneTimeLink {
        purpose: LinkPurpose::ResetPassword,
        user_id: Some(user),
        expires_at: now + LINK_LIFE,
        used_at: None,
        asked_by: None,
        waits: false,
    }
}

/// Makes a link with which a user sets a new password. One for somebody else waits for another administrator; an
/// earlier one that still waits becomes void.
///
/// # Errors
/// `conflict` for a user who signs in elsewhere.
pub async fn ask(app: &App, caller: &Caller, id: UserId) -> Result<PasswordLink, Fault> {
    let secret = new_secret(app);
    let waits = change!(app, caller, "user.password_link", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        need_confirmed(actor, app.now())?;
        let user = resettable(tx, id).await?;
        let alone = !has_colleague(tx, actor).await?;
        let waits = !alone && actor.user() != Some(id);
        sessions::links_waiting_void(tx, id, app.now()).await?;
        let expires_at = app.now() + if waits { WAIT } else { LINK_LIFE };
        let link = OneTimeLink { asked_by: actor.user(), waits, expires_at, ..first_link(id, app.now()) };
        sessions::link_insert(tx, &token_hash(&secret), &link, app.now()).await?;
        if waits {
            tell_others(app, tx, actor, &user).await?;
        }
        let event =
            Event::on("user.password_link", "user", id).with(json!({ "single_administrator": alone, "waits": waits }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(waits)
    })?;
    Ok(PasswordLink { secret, waits })
}

async fn resettable(tx: &mut Tx, id: UserId) -> Result<User, Fault> {
    let user = users::user_find(tx, id).await?.ok_or_else(|| Fault::not_found("user"))?;
    if user.issuer.is_some() {
        return Err(Fault::new(Code::Conflict, "this user signs in through the identity provider"));
    }
    Ok(user)
}

async fn tell_others(app: &App, tx: &mut WriteTx, actor: &Actor, user: &User) -> Result<(), Fault> {
    let mut others = holders_of(tx, ProductRole::Administrator).await?;
    others.retain(|holder| actor.user() != Some(*holder));
    let message = Message {
        kind: "user.password_link",
        title: format!("A password link for {} waits for you", user.display_name),
        body: format!(
            "{} asks for it. Whoever holds the link becomes this person: confirm it if you agree.",
            actor.name
        ),
        link: format!("/admin/users/{}", user.id),
        once_key: None,
    };
    notify(app, tx, others, &message).await
}

/// The link of a user that waits for a second administrator, if there is one.
pub async fn waiting(app: &App, caller: &Caller, id: UserId) -> Result<Option<WaitingLink>, Fault> {
    look!(app, caller, "user.get", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        let Some(link) = sessions::link_waiting(tx, id, app.now()).await? else { return Ok(None) };
        let asked_by = match link.asked_by {
            Some(by) => users::user_find(tx, by).await?.map(|user| user.display_name),
            None => None,
        };
        let own = link.asked_by == actor.user();
        Ok(Some(WaitingLink { asked_by: asked_by.unwrap_or_default(), until: link.expires_at, own }))
    })
}

/// Lets the waiting link of a user work, for the usual time from now.
///
/// # Errors
/// `not_found` if none waits, `forbidden` to whoever asked for it.
pub async fn confirm(app: &App, caller: &Caller, id: UserId) -> Result<(), Fault> {
    change!(app, caller, "user.confirm_password_link", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        need_confirmed(actor, app.now())?;
        let link = sessions::link_waiting(tx, id, app.now()).await?;
        let link = link.ok_or_else(|| Fault::not_found("waiting password link"))?;
        if actor.user().is_none() || actor.user() == link.asked_by {
            return Err(
                Fault::new(Code::Forbidden, "a second person confirms the link").fix("ask another administrator")
            );
        }
        sessions::link_confirm(tx, id, app.now() + LINK_LIFE).await?;
        let event = Event::on("user.confirm_password_link", "user", id).with(json!({ "asked_by": link.asked_by }));
        audit::record(app, tx, caller, actor, event).await
    })
}
