//! Who may act as a service account beside the owners of its project.

use lakegate_model::{
    Timestamp,
    derived::AccountActor,
    ids::{ServiceAccountId, UserId},
};
use lakegate_policy::{
    Actor, Granted,
    action::ManageProject,
    resource::{AccountFacts, ProjectFacts},
};

use crate::{StoreError, Tx, WriteTx, tokens};

/// Most people who act as one account.
pub const MOST: i64 = 200;

statements! {
    ADD = "INSERT INTO service_account_actors (service_account_id, user_id, added_by, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT (service_account_id, user_id) DO NOTHING";
    REMOVE = "DELETE FROM service_account_actors WHERE service_account_id = $1 AND user_id = $2";
    LIST = "SELECT a.user_id, u.display_name AS user_name, a.added_by, a.added_at FROM service_account_actors a JOIN users u ON u.id = a.user_id WHERE a.service_account_id = $1 ORDER BY u.username_key LIMIT $2";
    IS_NAMED = "SELECT 1 FROM service_account_actors WHERE service_account_id = $1 AND user_id = $2";
}

/// The facts of a service account for a decision about an actor.
pub async fn account_facts(
    tx: &mut Tx,
    actor: &Actor,
    id: ServiceAccountId,
) -> Result<Option<AccountFacts>, StoreError> {
    let Some(account) = tokens::account_find(tx, id).await? else { return Ok(None) };
    let named = match actor.user() {
        Some(user) => fetch_optional!(tx, (i32,), IS_NAMED, id, user)?.is_some(),
        None => false,
    };
    Ok(Some(AccountFacts { id, project: account.project_id, named }))
}

/// Names somebody as acting as an account of the project of the proof. Whoever is named already stays so.
pub async fn actor_add(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    (id, user): (ServiceAccountId, UserId),
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(tx, ADD, id, user, proof.by(), at).map(|_| ())
}

/// Takes somebody's name off again. Returns whether it stood there.
pub async fn actor_remove(
    tx: &mut WriteTx,
    _proof: &Granted<'_, ProjectFacts, ManageProject>,
    (id, user): (ServiceAccountId, UserId),
) -> Result<bool, StoreError> {
    Ok(execute!(tx, REMOVE, id, user)? == 1)
}

/// Who is named, in order of their names, at most [`MOST`]. The use case has decided on the account's project.
pub async fn actor_list(tx: &mut Tx, id: ServiceAccountId) -> Result<Vec<AccountActor>, StoreError> {
    fetch_all!(tx, AccountActor, LIST, id, MOST)
}
