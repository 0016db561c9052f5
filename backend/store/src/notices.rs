//! Messages to people in the portal.

use lakegate_model::{Page, PageRequest, Timestamp, access::Notice, ids::NoticeId, ids::UserId};

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO notices (id, user_id, kind, title, body, link, once_key, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    LIST = "SELECT id, user_id, kind, title, body, link, created_at, read_at FROM notices WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    UNREAD = "SELECT COUNT(*) FROM notices WHERE user_id = $1 AND read_at IS NULL";
    SENT = "SELECT COUNT(*) FROM notices WHERE user_id = $1 AND once_key = $2";
    READ = "UPDATE notices SET read_at = $3 WHERE id = $1 AND user_id = $2 AND read_at IS NULL";
    MINE = "SELECT COUNT(*) FROM notices WHERE id = $1 AND user_id = $2";
    READ_ALL = "UPDATE notices SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL";
}

/// Keeps a message for a person. With a `once_key`, a second one under the same key is dropped.
pub async fn notice_insert(tx: &mut WriteTx, notice: &Notice, once_key: Option<&str>) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        INSERT,
        notice.id,
        notice.user_id,
        &notice.kind,
        &notice.title,
        &notice.body,
        &notice.link,
        once_key,
        notice.created_at
    )?;
    Ok(rows == 1)
}

/// Whether a person was sent a message under a `once_key`.
pub async fn notice_was_sent(tx: &mut Tx, user: UserId, once_key: &str) -> Result<bool, StoreError> {
    Ok(fetch_one!(tx, (i64,), SENT, user, once_key)?.0 > 0)
}

/// The messages of a person, the newest first.
pub async fn notice_list(tx: &mut Tx, user: UserId, page: &PageRequest) -> Result<Page<Notice>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(uuid::Uuid::max());
    let rows = fetch_all!(tx, Notice, LIST, user, before, page.fetch())?;
    Ok(Page::cut(rows, page, |notice| notice.id.to_string()))
}

/// How many messages a person has not read.
pub async fn notices_unread(tx: &mut Tx, user: UserId) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), UNREAD, user).map(|row| row.0)
}

/// Marks a message of a person as read. Returns whether it was unread.
pub async fn notice_read(tx: &mut WriteTx, id: NoticeId, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, READ, id, user, now)? == 1)
}

/// Whether a person has a message.
pub async fn notice_is_of(tx: &mut Tx, id: NoticeId, user: UserId) -> Result<bool, StoreError> {
    Ok(fetch_one!(tx, (i64,), MINE, id, user)?.0 > 0)
}

/// Marks all messages of a person as read.
pub async fn notices_read_all(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, READ_ALL, user, now)
}
