//! What is known of people for row filters: `session_attribute('region')`. Administrators set it, and nobody his own
//! (access rules 11 and 21).

use lakegate_model::{Code, Fault, ids::UserId, text};
use lakegate_policy::{action, decide, resource::UserFacts};
use lakegate_store::{restrictions as store, users};
use serde_json::json;
use std::collections::BTreeMap;

use super::{has_colleague, need_confirmed};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// Most attributes of one person.
const COUNT_MAX: usize = 50;
/// Longest value, in characters.
const VALUE_MAX: usize = 200;

/// The attributes of a user, by name.
pub async fn of(app: &App, caller: &Caller, user: UserId) -> Result<BTreeMap<String, String>, Fault> {
    look!(app, caller, "user.attributes", |tx, scope, actor| {
        if actor.user() != Some(user) {
            let _proof = decide::<action::ManageUsers, _>(scope, actor, UserFacts { id: user })?;
        }
        users::user_find(tx, user).await?.ok_or_else(|| Fault::not_found("user"))?;
        Ok(store::attributes_of(tx, user).await?)
    })
}

/// Replaces the attributes of a user. Queries that run for him end within a second, if a filter depends on what changed.
///
/// # Errors
/// `forbidden` for one's own, unless the installation has a single administrator: that is marked in the audit.
pub async fn set(app: &App, caller: &Caller, user: UserId, attributes: &BTreeMap<String, String>) -> Result<(), Fault> {
    let attributes = check(attributes)?;
    change!(app, caller, "user.set_attributes", |tx, scope, actor| {
        let proof = decide::<action::ManageUsers, _>(scope, actor, UserFacts { id: user })?;
        need_confirmed(actor, app.now())?;
        users::user_find(tx, user).await?.ok_or_else(|| Fault::not_found("user"))?;
        let alone = !has_colleague(tx, actor).await?;
        if actor.user() == Some(user) && !alone {
            return Err(Fault::new(Code::Forbidden, "nobody sets his own attributes: row filters depend on them")
                .fix("ask another administrator"));
        }
        let before = store::attributes_of(tx, user).await?;
        store::attributes_set(tx, &proof, &attributes).await?;
        let event = Event::on("user.set_attributes", "user", user)
            .with(json!({ "before": before, "after": attributes, "single_administrator": alone }));
        audit::record(app, tx, caller, actor, event).await
    })
}

fn check(attributes: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    if attributes.len() > COUNT_MAX {
        return Err(Fault::invalid("attributes", format!("a person has at most {COUNT_MAX} attributes")));
    }
    attributes.iter().map(|(name, value)| checked(name, value)).collect()
}

fn checked(name: &str, value: &str) -> Result<(String, String), Fault> {
    let name = text::identifier("attributes", name)?;
    if value.chars().count() > VALUE_MAX || value.chars().any(char::is_control) {
        return Err(Fault::invalid("attributes", format!("{name} is a line of at most {VALUE_MAX} characters")));
    }
    Ok((name, value.to_owned()))
}
