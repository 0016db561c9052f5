//! Who may act as a service account: have work done under its name (access rule 23).
//!
//! Owners of its project may, since they make its tokens; contributors are named by them, one by one. Whoever edits work
//! that is done as an account has to act as it, at each edit.

use lakegate_model::{
    Code, Fault,
    derived::AccountActor,
    ids::{ProjectId, ServiceAccountId, UserId},
    people::ServiceAccount,
    words::ProjectRole,
};
use lakegate_policy::{Actor, Scope, action, decide};
use lakegate_store::{Tx, account_actors as store, projects, tokens};
use serde_json::json;

use super::api_tokens::account_proof;
use crate::{
    App, Caller,
    audit::{self, Event},
    places::inside_proof,
};

/// Who is named for an account, in order of their names: for members of its project.
pub async fn list(app: &App, caller: &Caller, account: ServiceAccountId) -> Result<Vec<AccountActor>, Fault> {
    look!(app, caller, "service_account.list_actors", |tx, scope, actor| {
        account_proof::<action::ViewProject>(tx, scope, actor, account).await.map(drop)?;
        Ok(store::actor_list(tx, account).await?)
    })
}

/// Names a member of the project for an account. Naming him again changes nothing.
///
/// # Errors
/// `invalid` on `user` for somebody who is no member; `conflict` if too many are named.
pub async fn add(app: &App, caller: &Caller, account: ServiceAccountId, user: UserId) -> Result<(), Fault> {
    change!(app, caller, "service_account.add_actor", |tx, scope, actor| {
        let proof = account_proof::<action::ManageProject>(tx, scope, actor, account).await?;
        let project = proof.on().id;
        if !projects::people_of(tx, project).await?.contains(&user) {
            return Err(Fault::invalid("user", "this is no member of the account's project"));
        }
        if i64::try_from(store::actor_list(tx, account).await?.len()).is_ok_and(|named| named >= store::MOST) {
            return Err(Fault::new(Code::Conflict, format!("{} people are named", store::MOST)).on("user"));
        }
        store::actor_add(tx, &proof, (account, user), app.now()).await?;
        audit::record(app, tx, caller, actor, event("service_account.add_actor", account, project, user)).await
    })
}

/// Takes somebody's name off an account. What he has edited goes on.
///
/// # Errors
/// `not_found` for somebody who is not named.
pub async fn remove(app: &App, caller: &Caller, account: ServiceAccountId, user: UserId) -> Result<(), Fault> {
    change!(app, caller, "service_account.remove_actor", |tx, scope, actor| {
        let proof = account_proof::<action::ManageProject>(tx, scope, actor, account).await?;
        if !store::actor_remove(tx, &proof, (account, user)).await? {
            return Err(Fault::not_found("user"));
        }
        let event = event("service_account.remove_actor", account, proof.on().id, user);
        audit::record(app, tx, caller, actor, event).await
    })
}

fn event(action: &'static str, account: ServiceAccountId, project: ProjectId, user: UserId) -> Event {
    Event::on(action, "service_account", account).owned_by(project).with(json!({ "user": user }))
}

/// Demands that the actor acts as an account of a project that does work there: one that is enabled, and more than a viewer
/// (access rule 14).
///
/// # Errors
/// `not_found` for an account of another project, `forbidden` for who may not act as it, `invalid` on `account` for one
/// that does no work.
pub(crate) async fn need_act_as(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    project: ProjectId,
    account: ServiceAccountId,
) -> Result<ServiceAccount, Fault> {
    inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
    let absent = || Fault::not_found("service account").on("account");
    let facts = store::account_facts(tx, actor, account).await?.filter(|facts| facts.project == project);
    decide::<action::ActAs, _>(scope, actor, facts.ok_or_else(absent)?).map(drop).map_err(|f| f.on("account"))?;
    let account = tokens::account_find(tx, account).await?.ok_or_else(absent)?;
    if account.disabled || account.role < ProjectRole::Contributor {
        return Err(Fault::invalid("account", "work is done by an account that is enabled and a contributor")
            .fix("enable it, or make one that is a contributor"));
    }
    Ok(account)
}
