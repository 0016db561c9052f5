//! Tokens for the API, and the machine identities that hold them.

use lakegate_model::{
    Timestamp,
    ids::{ApiTokenId, ProjectId, ServiceAccountId, UserId},
    people::{ApiToken, ServiceAccount},
    text,
};
use lakegate_policy::{
    Granted,
    action::{ManageProject, ViewProject},
    resource::ProjectFacts,
};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx};

/// Most tokens of one holder that are listed.
pub const LISTED: i64 = 200;

statements! {
    INSERT = "INSERT INTO api_tokens (id, user_id, service_account_id, name, prefix, token_hash, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_HASH = "SELECT id, user_id, service_account_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_tokens WHERE token_hash = $1";
    BY_ID = "SELECT id, user_id, service_account_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_tokens WHERE id = $1";
    OF_USER = "SELECT id, user_id, service_account_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_tokens WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    OF_ACCOUNT = "SELECT id, user_id, service_account_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_tokens WHERE service_account_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    USED = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1";
    REVOKE = "UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_OF_USER = "UPDATE api_tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    LIVE = "SELECT COUNT(*) FROM api_tokens WHERE (user_id = $1 OR service_account_id = $2) AND revoked_at IS NULL AND expires_at > $3";
    ACCOUNT_INSERT = "INSERT INTO service_accounts (id, project_id, name, name_key, role, disabled, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ACCOUNT_BY_ID = "SELECT id, project_id, name, role, disabled, purpose_id, created_by, created_at FROM service_accounts WHERE id = $1";
    ACCOUNTS = "SELECT id, project_id, name, role, disabled, purpose_id, created_by, created_at FROM service_accounts WHERE project_id = $1 ORDER BY name_key";
    ACCOUNT_DISABLE = "UPDATE service_accounts SET disabled = $2 WHERE id = $1 AND project_id = $3";
}

/// Keeps a token; `token_hash` is all that is kept of its secret.
pub async fn token_insert(tx: &mut WriteTx, token: &ApiToken, token_hash: &str) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        token.id,
        token.user_id,
        token.service_account_id,
        &token.name,
        &token.prefix,
        token_hash,
        Json(&token.scopes),
        token.created_at,
        token.expires_at
    )
}

/// The token of a hash, also a revoked one.
pub async fn token_by_hash(tx: &mut Tx, token_hash: &str) -> Result<Option<ApiToken>, StoreError> {
    fetch_optional!(tx, ApiToken, BY_HASH, token_hash)
}

/// The token of an id.
pub async fn token_find(tx: &mut Tx, id: ApiTokenId) -> Result<Option<ApiToken>, StoreError> {
    fetch_optional!(tx, ApiToken, BY_ID, id)
}

/// The newest tokens of a user, at most [`LISTED`], the newest first.
pub async fn tokens_of_user(tx: &mut Tx, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
    fetch_all!(tx, ApiToken, OF_USER, user, LISTED)
}

/// The newest tokens of a service account, at most [`LISTED`], the newest first.
pub async fn tokens_of_account(tx: &mut Tx, account: ServiceAccountId) -> Result<Vec<ApiToken>, StoreError> {
    fetch_all!(tx, ApiToken, OF_ACCOUNT, account, LISTED)
}

/// How many tokens of a user or a service account are alive.
pub async fn tokens_live(
    tx: &mut Tx,
    user: Option<UserId>,
    account: Option<ServiceAccountId>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), LIVE, user, account, now).map(|row| row.0)
}

/// Notes the use of a token.
pub async fn token_used(tx: &mut WriteTx, id: ApiTokenId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, USED, id, now).map(|_| ())
}

/// Revokes a token. Returns whether it was alive.
pub async fn token_revoke(tx: &mut WriteTx, id: ApiTokenId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, REVOKE, id, now)? == 1)
}

/// Revokes all tokens of a user. Returns how many were alive.
pub async fn tokens_revoke_of_user(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, REVOKE_OF_USER, user, now)
}

/// Creates a service account in the project of the proof.
pub async fn account_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    account: &ServiceAccount,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        ACCOUNT_INSERT,
        account.id,
        proof.on().id,
        &account.name,
        text::fold(&account.name),
        account.role,
        account.disabled,
        account.created_by,
        account.created_at
    )
}

/// The service account of an id.
pub async fn account_find(tx: &mut Tx, id: ServiceAccountId) -> Result<Option<ServiceAccount>, StoreError> {
    fetch_optional!(tx, ServiceAccount, ACCOUNT_BY_ID, id)
}

/// The service accounts of a project.
pub async fn accounts_of(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
) -> Result<Vec<ServiceAccount>, StoreError> {
    let project: ProjectId = proof.on().id;
    fetch_all!(tx, ServiceAccount, ACCOUNTS, project)
}

/// Disables or enables a service account of the project of the proof.
pub async fn account_set_disabled(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    id: ServiceAccountId,
    disabled: bool,
) -> Result<(), StoreError> {
    execute_one!(tx, ACCOUNT_DISABLE, id, disabled, proof.on().id)
}
