//! The caller's own queries.

use lakegate_model::{Fault, Page, PageRequest, access::QueryRun, ids::QueryId, words::TokenScope};
use lakegate_policy::{Actor, actor::Principal};
use lakegate_store::{Tx, queries};

use crate::{
    App, Caller,
    caller::{known, person},
};

/// A query that the actor asked; others' do not exist for him.
pub(super) async fn own(tx: &mut Tx, actor: &Actor, id: QueryId) -> Result<QueryRun, Fault> {
    known(actor, TokenScope::Query)?;
    let run = queries::query_find(tx, id).await?;
    let his = |run: &QueryRun| match actor.principal {
        Principal::User(user) => run.user_id == Some(user),
        Principal::ServiceAccount(account) => run.service_account_id == Some(account),
        Principal::System | Principal::Anonymous => false,
    };
    run.filter(his).ok_or_else(|| Fault::not_found("query"))
}

/// The caller's queries, the newest first.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<QueryRun>, Fault> {
    look!(app, caller, "query.history", |tx, scope, actor| {
        let user = person(actor, TokenScope::Query)?;
        Ok(queries::query_history(tx, user, page).await?)
    })
}

/// One of the caller's queries.
pub async fn get(app: &App, caller: &Caller, id: QueryId) -> Result<QueryRun, Fault> {
    super::kept::status(app, caller, id).await
}
