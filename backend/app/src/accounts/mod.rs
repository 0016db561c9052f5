//! People and machines: signing in, sessions, tokens, users, groups.

pub mod access_tokens;
pub mod account_actors;
pub mod api_tokens;
pub mod attributes;
pub mod groups;
pub mod me;
pub mod oidc;
pub mod password_links;
pub mod passwords;
pub mod set_up;
pub mod sign_in;
pub mod throttle;
pub mod users;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use lakegate_model::{Code, Fault, Timestamp, text, words::ProductRole};
use lakegate_policy::Actor;
use lakegate_store::{Tx, users as store};

use crate::App;

/// A session ends after this long without use.
pub const SESSION_IDLE: TimeDelta = TimeDelta::hours(12);
/// A session ends after this long in any case.
pub const SESSION_MAX: TimeDelta = TimeDelta::days(7);
/// An access token is good for this long.
pub const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);
/// A refresh token is good for this long.
pub const REFRESH_TOKEN_LIFE: TimeDelta = TimeDelta::days(30);
/// A password given within this time counts as just given.
pub const CONFIRMED_FOR: TimeDelta = TimeDelta::minutes(10);
/// Set-up and reset links work for this long.
pub const LINK_LIFE: TimeDelta = TimeDelta::minutes(30);

/// 32 random bytes as text, for tokens and links.
pub(crate) fn new_secret(app: &App) -> String {
    let mut bytes = [0_u8; 32];
    app.random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Checks an e-mail address as far as its form goes.
pub(crate) fn check_email(raw: &str) -> Result<String, Fault> {
    let email = text::line("email", raw, 254)?;
    match email.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') && !email.contains(' ') => Ok(email),
        _ => Err(Fault::invalid("email", "this is not an e-mail address")),
    }
}

/// Whether somebody else could do what an administrator does: then what widens his own rights waits for that person
/// (access rule 11).
pub(crate) async fn has_colleague(tx: &mut Tx, actor: &Actor) -> Result<bool, Fault> {
    let administrators = store::holders_of(tx, ProductRole::Administrator).await?;
    Ok(administrators.into_iter().any(|holder| actor.user() != Some(holder)))
}

/// Demands a password given lately, of callers that have one (sessions); tokens were made with it.
///
/// # Errors
/// `reauthenticate`
pub(crate) fn need_confirmed(actor: &Actor, now: Timestamp) -> Result<(), Fault> {
    match actor.confirmed_at {
        Some(at) if at + CONFIRMED_FOR <= now => {
            Err(Fault::new(Code::Reauthenticate, "this needs your password again")
                .fix("confirm your password, then repeat"))
        }
        _ => Ok(()),
    }
}
