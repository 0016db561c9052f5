//! The first administrator, and links that work once.

use lakegate_model::{
    Code, Fault,
    ids::UserId,
    people::{OneTimeLink, User},
    text,
    words::{LinkPurpose, ProductRole},
};
use lakegate_policy::{Actor, actor::Principal};
use lakegate_store::{
    WriteTx, in_read, in_write, sessions,
    tokens::tokens_revoke_of_user,
    users::{self, NewUser},
};

use super::{LINK_LIFE, new_secret};
use crate::{
    App, Caller,
    audit::{self, Event},
    keys::token_hash,
};

/// Whether nobody can sign in yet.
pub async fn is_needed(app: &App) -> Result<bool, Fault> {
    in_read!(&app.db, |tx, _scope| { Ok(users::user_count(tx).await? == 0) })
}

/// Makes the secret of a set-up link, for printing; older ones become void. `None` once there is a user.
pub async fn new_link(app: &App) -> Result<Option<String>, Fault> {
    let secret = new_secret(app);
    in_write!(&app.db, |tx, _scope| {
        if users::user_count(tx).await? > 0 {
            return Ok(None);
        }
        sessions::links_void(tx, LinkPurpose::SetUp, app.now()).await?;
        let link = OneTimeLink {
            purpose: LinkPurpose::SetUp,
            user_id: None,
            expires_at: app.now() + LINK_LIFE,
            used_at: None,
            asked_by: None,
            waits: false,
        };
        sessions::link_insert(tx, &token_hash(&secret), &link, app.now()).await?;
        Ok(Some(secret.clone()))
    })
}

/// Checks that a link would work, without using it.
pub async fn check_link(app: &App, secret: &str, purpose: LinkPurpose) -> Result<OneTimeLink, Fault> {
    let hash = token_hash(secret);
    let link = in_read!(&app.db, |tx, _scope| { Ok(sessions::link_find(tx, &hash).await?) })?;
    usable(app, link, purpose)
}

fn usable(app: &App, link: Option<OneTimeLink>, purpose: LinkPurpose) -> Result<OneTimeLink, Fault> {
    let link = link.filter(|link| link.purpose == purpose && link.used_at.is_none() && link.expires_at > app.now());
    let link = link.ok_or_else(|| {
        Fault::new(Code::Gone, "this link was used, or has ended")
            .fix("ask for a new one; for set-up, restart the server")
    })?;
    if link.waits {
        return Err(Fault::new(Code::Forbidden, "this link waits for a second administrator")
            .fix("ask another administrator to confirm it, then open it again"));
    }
    Ok(link)
}

/// Creates the first administrator with the secret of a set-up link.
pub async fn set_up(app: &App, caller: &Caller, secret: &str, username: &str, password: &str) -> Result<User, Fault> {
    let username = text::identifier("username", username)?;
    // Nobody without the link makes the server compute.
    check_link(app, secret, LinkPurpose::SetUp).await?;
    let password_hash = app.passwords.hash(&username, password).await?;
    let hash = token_hash(secret);
    let id: UserId = app.new_id();
    in_write!(&app.db, |tx, _scope| {
        usable(app, sessions::link_find(tx, &hash).await?, LinkPurpose::SetUp)?;
        if users::user_count(tx).await? > 0 {
            return Err(Fault::new(Code::Conflict, "Lakegate is set up already"));
        }
        sessions::link_use(tx, &hash, app.now()).await?;
        let user = NewUser {
            id,
            username: username.clone(),
            display_name: username.clone(),
            email: None,
            password_hash: Some(password_hash.clone()),
            external: None,
            created_at: app.now(),
        };
        users::user_insert(tx, &user).await?;
        users::roles_set(tx, id, ProductRole::ALL).await?;
        audit::record(app, tx, caller, &Actor::system(), Event::on("user.create", "user", id)).await?;
        users::user_find(tx, id).await?.ok_or_else(|| Fault::internal("the new user is absent"))
    })
}

/// Sets a new password with the secret of a reset link. All sessions and tokens of the user end.
pub async fn reset_password(app: &App, caller: &Caller, secret: &str, password: &str) -> Result<(), Fault> {
    let link = check_link(app, secret, LinkPurpose::ResetPassword).await?;
    let id = link.user_id.ok_or_else(|| Fault::internal("a reset link without a user"))?;
    let user = in_read!(&app.db, |tx, _scope| { Ok(users::user_find(tx, id).await?) })?;
    let user = user.ok_or_else(|| Fault::not_found("user"))?;
    let password_hash = app.passwords.hash(&user.username, password).await?;
    let hash = token_hash(secret);
    in_write!(&app.db, |tx, _scope| {
        usable(app, sessions::link_find(tx, &hash).await?, LinkPurpose::ResetPassword)?;
        sessions::link_use(tx, &hash, app.now()).await?;
        replace_password(app, tx, id, &password_hash).await?;
        audit::record(app, tx, caller, &Actor::anonymous(), Event::on("user.reset_password", "user", id)).await
    })?;
    app.queries.cancel_of_principal(Principal::User(id));
    Ok(())
}

/// Sets a password and ends whatever the old one had opened: sessions, tokens, links.
pub(super) async fn replace_password(app: &App, tx: &mut WriteTx, id: UserId, hash: &str) -> Result<(), Fault> {
    users::password_set(tx, id, hash).await?;
    sessions::sessions_end_all(tx, id, app.now()).await?;
    sessions::links_void_of(tx, id, app.now()).await?;
    tokens_revoke_of_user(tx, id, app.now()).await?;
    Ok(())
}
