//! What is sealed under a master key: the keys of query texts in the audit, and moving all sealed values to another master.

use lakegate_model::{
    Timestamp,
    ids::{QueryId, SecretId},
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

statements! {
    SQL_KEY_INSERT = "INSERT INTO sql_keys (query_id, actor_id, key_id, sealed, created_at) VALUES ($1, $2, $3, $4, $5)";
    SQL_KEY_BY_ID = "SELECT sealed FROM sql_keys WHERE query_id = $1";
    SQL_KEYS_ERASE = "DELETE FROM sql_keys WHERE created_at < $1";
    SQL_KEYS_ERASE_OF = "DELETE FROM sql_keys WHERE actor_id = $1 AND created_at < $2";
    TEXTS_ERASE = "UPDATE queries SET sql_text = $2, columns = NULL, message = NULL, result_until = CASE WHEN result_until IS NULL THEN NULL ELSE started_at END WHERE started_at < $1 AND state <> 'running'";
    TEXTS_ERASE_OF = "UPDATE queries SET sql_text = $3, columns = NULL, message = NULL, result_until = CASE WHEN result_until IS NULL THEN NULL ELSE started_at END WHERE (user_id = $1 OR service_account_id = $1) AND started_at < $2 AND state <> 'running'";
    OLD_SECRETS = "SELECT id, sealed FROM secrets WHERE key_id <> $1 ORDER BY id LIMIT $2";
    OLD_SQL_KEYS = "SELECT query_id, sealed FROM sql_keys WHERE key_id <> $1 ORDER BY query_id LIMIT $2";
    SECRET_RESEAL = "UPDATE secrets SET key_id = $2, sealed = $3 WHERE id = $1";
    SQL_KEY_RESEAL = "UPDATE sql_keys SET key_id = $2, sealed = $3 WHERE query_id = $1";
}

/// Keeps the sealed key of a query's text. `actor` is the person or service account that asked.
pub async fn sql_key_insert(
    tx: &mut WriteTx,
    query: QueryId,
    actor: Option<Uuid>,
    key_id: &str,
    sealed: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, SQL_KEY_INSERT, query, actor, key_id, sealed, now)
}

/// The sealed key of a query's text, unless it was erased.
pub async fn sql_key_find(tx: &mut Tx, query: Uuid) -> Result<Option<String>, StoreError> {
    let found = fetch_optional!(tx, (String,), SQL_KEY_BY_ID, query)?;
    Ok(found.map(|(sealed,)| sealed))
}

/// Erases keys of query texts that are older than `before`, of everybody or of one person or service account. Returns how
/// many.
pub async fn sql_keys_erase(tx: &mut WriteTx, actor: Option<Uuid>, before: Timestamp) -> Result<u64, StoreError> {
    match actor {
        Some(actor) => execute!(tx, SQL_KEYS_ERASE_OF, actor, before),
        None => execute!(tx, SQL_KEYS_ERASE, before),
    }
}

/// Puts `instead` in the place of the texts of ended queries in the history, and takes away what repeats parts of them:
/// names of columns, messages, kept results. Returns how many.
pub async fn query_texts_erase(
    tx: &mut WriteTx,
    actor: Option<Uuid>,
    before: Timestamp,
    instead: &str,
) -> Result<u64, StoreError> {
    match actor {
        Some(actor) => execute!(tx, TEXTS_ERASE_OF, actor, before, instead),
        None => execute!(tx, TEXTS_ERASE, before, instead),
    }
}

/// Secrets that are sealed under another master than `key_id`.
pub async fn secrets_of_other_keys(
    tx: &mut Tx,
    key_id: &str,
    limit: i64,
) -> Result<Vec<(SecretId, String)>, StoreError> {
    fetch_all!(tx, (SecretId, String), OLD_SECRETS, key_id, limit)
}

/// Keys of query texts that are sealed under another master than `key_id`.
pub async fn sql_keys_of_other_keys(
    tx: &mut Tx,
    key_id: &str,
    limit: i64,
) -> Result<Vec<(QueryId, String)>, StoreError> {
    fetch_all!(tx, (QueryId, String), OLD_SQL_KEYS, key_id, limit)
}

/// Replaces a sealed secret by itself under another master.
pub async fn secret_reseal(tx: &mut WriteTx, id: SecretId, key_id: &str, sealed: &str) -> Result<(), StoreError> {
    execute_one!(tx, SECRET_RESEAL, id, key_id, sealed)
}

/// Replaces the sealed key of a query's text by itself under another master.
pub async fn sql_key_reseal(tx: &mut WriteTx, id: QueryId, key_id: &str, sealed: &str) -> Result<(), StoreError> {
    execute_one!(tx, SQL_KEY_RESEAL, id, key_id, sealed)
}
