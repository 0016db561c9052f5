//! Tokens for programs: of a person, or of a service account of a project.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault,
    ids::{ApiTokenId, ProjectId, ServiceAccountId},
    people::{ApiToken, ServiceAccount},
    text,
    words::{ProjectRole, TokenScope},
};
use lakegate_policy::{Actor, Granted, Scope, action, actor::Principal, resource::ProjectFacts};
use lakegate_store::{Tx, in_read, in_write, tokens};
use serde_json::json;

use super::{need_confirmed, new_secret};
use crate::{
    App, Caller, Identity,
    audit::{self, Event},
    caller::{known, person},
    keys::token_hash,
    places::{inside_proof, project_proof},
};

/// Marks a text as an API token of Lakegate, so that scanners find leaked ones.
pub const PREFIX: &str = "lgt_";
/// Longest life of a token, in days.
pub const MAX_DAYS: i64 = 366;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<TokenScope>,
    pub days: i64,
    /// Whose token; `None` makes one of the caller himself.
    pub account: Option<ServiceAccountId>,
}

/// A token just made. `secret` is shown this once.
#[derive(Debug)]
pub struct MadeToken {
    pub token: ApiToken,
    pub secret: String,
}

/// Most living tokens of one holder.
pub const MAX_LIVE: i64 = 100;

/// Makes a token. Needs a fresh password, and cannot hold more than the caller's own scopes. API tokens make none: a
/// leaked one could not be got rid of.
pub async fn create(app: &App, caller: &Caller, new: &NewToken) -> Result<MadeToken, Fault> {
    let name = text::name("name", &new.name)?;
    if !(1..=MAX_DAYS).contains(&new.days) {
        return Err(Fault::invalid("days", format!("a token lives 1 to {MAX_DAYS} days")));
    }
    if new.scopes.is_empty() {
        return Err(Fault::invalid("scopes", "choose at least one of: read, query, write"));
    }
    if matches!(caller.identity, Identity::ApiToken(_)) {
        return Err(Fault::new(Code::Forbidden, "a token does not make tokens").fix("sign in to make one"));
    }
    let secret = format!("{PREFIX}{}", new_secret(app));
    let prefix: String = secret.chars().take(12).collect();
    let token = change!(app, caller, "token.create", |tx, scope, actor| {
        need_confirmed(actor, app.now())?;
        if let Some(scope) = new.scopes.iter().find(|scope| !actor.scopes.contains(scope)) {
            return Err(Fault::new(Code::Forbidden, format!("your own token lacks the scope {scope}")).on("scopes"));
        }
        let (user_id, project) = match new.account {
            None => (Some(person(actor, TokenScope::Write)?), None),
            Some(account) => {
                let proof = account_proof::<action::ManageProject>(tx, scope, actor, account).await?;
                (None, Some(proof.on().id))
            }
        };
        let now = app.now();
        if tokens::tokens_live(tx, user_id, new.account, now).await? >= MAX_LIVE {
            return Err(Fault::new(Code::Conflict, format!("{MAX_LIVE} tokens are alive")).fix("revoke one first"));
        }
        let token = ApiToken {
            id: app.new_id(),
            user_id,
            service_account_id: new.account,
            name: name.clone(),
            prefix: prefix.clone(),
            scopes: new.scopes.clone(),
            created_at: now,
            expires_at: now + TimeDelta::days(new.days),
            last_used_at: None,
            revoked_at: None,
        };
        tokens::token_insert(tx, &token, &token_hash(&secret)).await?;
        let mut event = Event::on("token.create", "token", token.id)
            .with(json!({ "name": token.name, "scopes": token.scopes, "until": token.expires_at }));
        event.owner_project = project;
        audit::record(app, tx, caller, actor, event).await?;
        Ok(token)
    })?;
    Ok(MadeToken { token, secret })
}

/// The caller's own tokens, or those of a service account of a project he may see.
pub async fn list(app: &App, caller: &Caller, account: Option<ServiceAccountId>) -> Result<Vec<ApiToken>, Fault> {
    look!(app, caller, "token.list", |tx, scope, actor| {
        match account {
            None => {
                let user = person(actor, TokenScope::Read)?;
                Ok(tokens::tokens_of_user(tx, user).await?)
            }
            Some(account) => {
                let _proof = account_proof::<action::ViewProject>(tx, scope, actor, account).await?;
                Ok(tokens::tokens_of_account(tx, account).await?)
            }
        }
    })
}

/// Revokes a token: one's own, or one of a service account of a project one manages.
pub async fn revoke(app: &App, caller: &Caller, id: ApiTokenId) -> Result<(), Fault> {
    change!(app, caller, "token.revoke", |tx, scope, actor| {
        known(actor, TokenScope::Write)?;
        let token = tokens::token_find(tx, id).await?.ok_or_else(|| Fault::not_found("token"))?;
        let mut event = Event::on("token.revoke", "token", id);
        match token.service_account_id {
            Some(account) => {
                let project = tokens::account_find(tx, account).await?.map(|account| account.project_id);
                let proof = inside_proof::<action::ManageProject>(tx, scope, actor, project, "token").await?;
                event.owner_project = Some(proof.on().id);
            }
            None if token.user_id.is_some() && token.user_id == actor.user() => {}
            None => return Err(Fault::not_found("token")),
        }
        tokens::token_revoke(tx, id, app.now()).await?;
        audit::record(app, tx, caller, actor, event).await
    })?;
    app.queries.cancel_of_identity(Identity::ApiToken(id));
    Ok(())
}

/// Makes a service account in a project.
pub async fn create_account(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    name: &str,
    role: ProjectRole,
) -> Result<ServiceAccount, Fault> {
    let name = text::name("name", name)?;
    if role == ProjectRole::Owner {
        return Err(Fault::invalid("role", "a service account is a viewer or a contributor"));
    }
    change!(app, caller, "service_account.create", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        let created_by = person(actor, TokenScope::Write)?;
        let account = ServiceAccount {
            id: app.new_id(),
            project_id: project,
            name: name.clone(),
            role,
            disabled: false,
            purpose_id: None,
            created_by,
            created_at: app.now(),
        };
        tokens::account_insert(tx, &proof, &account).await?;
        let event = Event::on("service_account.create", "service_account", account.id).owned_by(project);
        audit::record(app, tx, caller, actor, event.with(json!({ "name": account.name, "role": role }))).await?;
        Ok(account)
    })
}

/// The service accounts of a project.
pub async fn accounts(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<ServiceAccount>, Fault> {
    look!(app, caller, "service_account.list", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, project).await?;
        Ok(tokens::accounts_of(tx, &proof).await?)
    })
}

/// Disables or enables a service account: its tokens stop or work again with the next request.
pub async fn set_account_disabled(
    app: &App,
    caller: &Caller,
    account: ServiceAccountId,
    disabled: bool,
) -> Result<(), Fault> {
    change!(app, caller, "service_account.disable", |tx, scope, actor| {
        let proof = account_proof::<action::ManageProject>(tx, scope, actor, account).await?;
        tokens::account_set_disabled(tx, &proof, account, disabled).await?;
        let event = Event::on("service_account.disable", "service_account", account).owned_by(proof.on().id);
        audit::record(app, tx, caller, actor, event.with(json!({ "disabled": disabled }))).await
    })?;
    if disabled {
        app.queries.cancel_of_principal(Principal::ServiceAccount(account));
    }
    Ok(())
}

/// The proof for the project of a service account; a stranger is told what he is told of an absent account.
pub(super) async fn account_proof<'s, A: action::Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    account: ServiceAccountId,
) -> Result<Granted<'s, ProjectFacts, A>, Fault> {
    let project = tokens::account_find(tx, account).await?.map(|account| account.project_id);
    inside_proof(tx, scope, actor, project, "service account").await
}

/// Who an API token belongs to, if it is alive; its use is noted at most once a minute.
///
/// # Errors
/// `unauthenticated`.
pub async fn verify(app: &App, secret: &str) -> Result<Identity, Fault> {
    let wrong = || Fault::new(Code::Unauthenticated, "this token is not valid, or has ended").fix("make a new one");
    let hash = token_hash(secret);
    let now = app.now();
    let token = in_read!(&app.db, |tx, _scope| { Ok(tokens::token_by_hash(tx, &hash).await?) })?;
    let token = token.filter(|t| t.revoked_at.is_none() && t.expires_at > now).ok_or_else(wrong)?;
    if token.last_used_at.is_none_or(|used| now - used > TimeDelta::minutes(1)) {
        in_write!(&app.db, |tx, _scope| { Ok(tokens::token_used(tx, token.id, now).await?) })?;
    }
    Ok(Identity::ApiToken(token.id))
}
