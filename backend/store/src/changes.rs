//! What changed and must reach the search index, numbered in commit order.

use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

statements! {
    NEXT = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value";
    LAST = "SELECT value FROM counters WHERE name = $1";
    INSERT = "INSERT INTO changes (number, entity, entity_id) VALUES ($1, $2, $3)";
    SINCE = "SELECT number, entity, entity_id FROM changes WHERE number > $1 ORDER BY number LIMIT $2";
    OLDEST = "SELECT COALESCE(MIN(number), 0) FROM changes";
    FORGET = "DELETE FROM changes WHERE number <= $1";
}

/// A thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Change {
    /// Position in the one order of the installation; later commits have higher numbers.
    pub number: i64,
    /// `asset`, `term`, `project`, `domain`, or `user` for the name of an owner.
    pub entity: String,
    pub entity_id: Uuid,
}

/// The next number of a counter. The counter's row stays locked until the commit, so numbers come in commit order:
/// take it last.
pub(crate) async fn next(tx: &mut WriteTx, counter: &str) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), NEXT, counter).map(|row| row.0)
}

/// Records that a thing changed.
pub async fn change_record(tx: &mut WriteTx, entity: &str, id: Uuid) -> Result<i64, StoreError> {
    let number = next(tx, "change").await?;
    execute_one!(tx, INSERT, number, entity, id)?;
    Ok(number)
}

/// The next number for requests.
pub async fn request_number(tx: &mut WriteTx) -> Result<i64, StoreError> {
    next(tx, "request").await
}

/// The last number that a counter gave.
pub(crate) async fn last(tx: &mut Tx, counter: &str) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), LAST, counter).map(|row| row.0)
}

/// The number of the last change.
pub async fn change_last(tx: &mut Tx) -> Result<i64, StoreError> {
    last(tx, "change").await
}

/// The changes after a position, in order.
pub async fn changes_since(tx: &mut Tx, position: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
    fetch_all!(tx, Change, SINCE, position, limit)
}

/// The oldest change still kept, 0 if none: an index further behind has to be rebuilt.
pub async fn change_oldest(tx: &mut Tx) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), OLDEST).map(|row| row.0)
}

/// Forgets changes up to a position. An index that stands before it has to be rebuilt.
pub async fn changes_forget(tx: &mut WriteTx, up_to: i64) -> Result<u64, StoreError> {
    execute!(tx, FORGET, up_to)
}
