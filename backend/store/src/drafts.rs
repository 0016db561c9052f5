//! Drafts of the portal: what a person has typed and not sent, kept across sign-out.

use lakegate_model::{Timestamp, ids::UserId};

use crate::{StoreError, Tx, WriteTx};

statements! {
    GET = "SELECT body FROM drafts WHERE user_id = $1 AND name = $2";
    SET = "INSERT INTO drafts (user_id, name, body, updated_at) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, name) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at";
    DELETE = "DELETE FROM drafts WHERE user_id = $1 AND name = $2";
}

/// The draft that a user keeps under a name.
pub async fn draft_get(tx: &mut Tx, user: UserId, name: &str) -> Result<Option<String>, StoreError> {
    Ok(fetch_optional!(tx, (String,), GET, user, name)?.map(|row| row.0))
}

/// Keeps a draft; an empty one is forgotten.
pub async fn draft_set(
    tx: &mut WriteTx,
    user: UserId,
    name: &str,
    body: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if body.is_empty() {
        return execute!(tx, DELETE, user, name).map(|_| ());
    }
    execute_one!(tx, SET, user, name, body, now)
}
