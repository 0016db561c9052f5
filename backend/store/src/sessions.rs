//! Browser sessions, refresh tokens, links that work once, and failed sign-ins.

use lakegate_model::{
    Timestamp,
    ids::{ProjectId, SessionId, UserId},
    people::{OneTimeLink, Session},
    words::LinkPurpose,
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO sessions (id, user_id, token_hash, csrf_token, project_id, agent, created_at, seen_at, expires_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    BY_TOKEN = "SELECT id, user_id, csrf_token, project_id, role, purpose_id, agent, created_at, seen_at, expires_at, confirmed_at, ended_at FROM sessions WHERE token_hash = $1";
    BY_ID = "SELECT id, user_id, csrf_token, project_id, role, purpose_id, agent, created_at, seen_at, expires_at, confirmed_at, ended_at FROM sessions WHERE id = $1";
    LIVE_OF = "SELECT id, user_id, csrf_token, project_id, role, purpose_id, agent, created_at, seen_at, expires_at, confirmed_at, ended_at FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY seen_at DESC";
    TOUCH = "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL";
    SET_PROJECT = "UPDATE sessions SET project_id = $2, purpose_id = NULL WHERE id = $1";
    CONFIRM = "UPDATE sessions SET confirmed_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_ALL = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL";
    LAST_PROJECT = "SELECT project_id FROM sessions WHERE user_id = $1 AND project_id IS NOT NULL ORDER BY created_at DESC LIMIT 1";
    REFRESH_INSERT = "INSERT INTO refresh_tokens (id, family_id, user_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    REFRESH_FIND = "SELECT id, family_id, user_id, created_at, expires_at, used_at, revoked_at FROM refresh_tokens WHERE token_hash = $1";
    REFRESH_USE = "UPDATE refresh_tokens SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
    REFRESH_REVOKE_FAMILY = "UPDATE refresh_tokens SET revoked_at = $2 WHERE family_id = $1 AND revoked_at IS NULL";
    REFRESH_REVOKE_USER = "UPDATE refresh_tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    FAMILY_LIVE = "SELECT COUNT(*) FROM refresh_tokens WHERE family_id = $1 AND user_id = $2 AND revoked_at IS NULL";
    LINK_INSERT = "INSERT INTO one_time_links (token_hash, purpose, user_id, created_at, expires_at, asked_by, waits) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LINK_FIND = "SELECT purpose, user_id, expires_at, used_at, asked_by, waits FROM one_time_links WHERE token_hash = $1";
    LINK_WAITING = "SELECT purpose, user_id, expires_at, used_at, asked_by, waits FROM one_time_links WHERE user_id = $1 AND waits AND used_at IS NULL AND expires_at > $2 ORDER BY created_at DESC LIMIT 1";
    LINK_CONFIRM = "UPDATE one_time_links SET waits = FALSE, expires_at = $2 WHERE user_id = $1 AND waits AND used_at IS NULL";
    LINKS_WAITING_VOID = "UPDATE one_time_links SET used_at = $2 WHERE user_id = $1 AND waits AND used_at IS NULL";
    LINK_USE = "UPDATE one_time_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL";
    LINK_EXPIRE = "UPDATE one_time_links SET used_at = $2 WHERE purpose = $1 AND used_at IS NULL";
    LINK_EXPIRE_OF = "UPDATE one_time_links SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL";
    FAILURES = "SELECT failures, last_at, blocked_until FROM sign_in_failures WHERE key = $1";
    FAILURES_SET = "INSERT INTO sign_in_failures (key, failures, last_at, blocked_until) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, blocked_until = excluded.blocked_until";
    FAILURES_CLEAR = "DELETE FROM sign_in_failures WHERE key = $1";
}

/// Starts a session; `token_hash` is all that is kept of its token.
pub async fn session_insert(tx: &mut WriteTx, session: &Session, token_hash: &str) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        session.id,
        session.user_id,
        token_hash,
        &session.csrf_token,
        session.project_id,
        &session.agent,
        session.created_at,
        session.seen_at,
        session.expires_at,
        session.confirmed_at
    )
}

/// The session of a token, also an ended one.
pub async fn session_by_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Session>, StoreError> {
    fetch_optional!(tx, Session, BY_TOKEN, token_hash)
}

/// The session of an id, also an ended one.
pub async fn session_find(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, StoreError> {
    fetch_optional!(tx, Session, BY_ID, id)
}

/// The sessions of a user that have not ended, the last used first.
pub async fn sessions_live(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    fetch_all!(tx, Session, LIVE_OF, user, now)
}

/// Notes that a session was used.
pub async fn session_touch(tx: &mut WriteTx, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, TOUCH, id, now).map(|_| ())
}

/// Sets the project a session acts in.
pub async fn session_set_project(
    tx: &mut WriteTx,
    id: SessionId,
    project: Option<ProjectId>,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_PROJECT, id, project)
}

/// Notes that the password was given again.
pub async fn session_confirm(tx: &mut WriteTx, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, CONFIRM, id, now)
}

/// Ends a session. Returns whether it was alive.
pub async fn session_end(tx: &mut WriteTx, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, END, id, now)? == 1)
}

/// Ends all sessions and refresh tokens of a user. Returns how many sessions ended.
pub async fn sessions_end_all(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, REFRESH_REVOKE_USER, user, now)?;
    execute!(tx, END_ALL, user, now)
}

/// The project that the user's last session acted in.
pub async fn last_project(tx: &mut Tx, user: UserId) -> Result<Option<ProjectId>, StoreError> {
    Ok(fetch_optional!(tx, (ProjectId,), LAST_PROJECT, user)?.map(|row| row.0))
}

/// A refresh token as kept.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RefreshToken {
    pub id: Uuid,
    /// All tokens that descend from one sign-in.
    pub family_id: Uuid,
    pub user_id: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// Keeps a refresh token.
pub async fn refresh_insert(tx: &mut WriteTx, token: &RefreshToken, token_hash: &str) -> Result<(), StoreError> {
    execute_one!(
        tx,
        REFRESH_INSERT,
        token.id,
        token.family_id,
        token.user_id,
        token_hash,
        token.created_at,
        token.expires_at
    )
}

/// The refresh token of a hash, also a used one.
pub async fn refresh_find(tx: &mut Tx, token_hash: &str) -> Result<Option<RefreshToken>, StoreError> {
    fetch_optional!(tx, RefreshToken, REFRESH_FIND, token_hash)
}

/// Marks a refresh token as used.
pub async fn refresh_use(tx: &mut WriteTx, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, REFRESH_USE, id, now)
}

/// Ends every token that descends from one sign-in.
pub async fn refresh_revoke_family(tx: &mut WriteTx, family: Uuid, now: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, REFRESH_REVOKE_FAMILY, family, now)
}

/// Whether a user's family of tokens is known and was not ended.
pub async fn family_is_live(tx: &mut Tx, family: Uuid, user: UserId) -> Result<bool, StoreError> {
    Ok(fetch_one!(tx, (i64,), FAMILY_LIVE, family, user)?.0 > 0)
}

/// Keeps a link that works once.
pub async fn link_insert(
    tx: &mut WriteTx,
    token_hash: &str,
    link: &OneTimeLink,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        LINK_INSERT,
        token_hash,
        link.purpose,
        link.user_id,
        now,
        link.expires_at,
        link.asked_by,
        link.waits
    )
}

/// The link of a hash, also a used one.
pub async fn link_find(tx: &mut Tx, token_hash: &str) -> Result<Option<OneTimeLink>, StoreError> {
    fetch_optional!(tx, OneTimeLink, LINK_FIND, token_hash)
}

/// Uses a link up. Fails if it was used.
pub async fn link_use(tx: &mut WriteTx, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, LINK_USE, token_hash, now)
}

/// The unused link of a user that waits for a second person.
pub async fn link_waiting(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Option<OneTimeLink>, StoreError> {
    fetch_optional!(tx, OneTimeLink, LINK_WAITING, user, now)
}

/// Lets the waiting link of a user work until `until`. Fails if none waits.
pub async fn link_confirm(tx: &mut WriteTx, user: UserId, until: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, LINK_CONFIRM, user, until)
}

/// Makes the waiting links of a user void.
pub async fn links_waiting_void(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, LINKS_WAITING_VOID, user, now).map(|_| ())
}

/// Makes all unused links of a purpose void.
pub async fn links_void(tx: &mut WriteTx, purpose: LinkPurpose, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, LINK_EXPIRE, purpose, now).map(|_| ())
}

/// Makes all unused links of a user void.
pub async fn links_void_of(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, LINK_EXPIRE_OF, user, now).map(|_| ())
}

/// Failed sign-ins of a user name or an address.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Failures {
    pub failures: i64,
    pub last_at: Timestamp,
    pub blocked_until: Option<Timestamp>,
}

/// The failures counted under a key.
pub async fn failures_find(tx: &mut Tx, key: &str) -> Result<Option<Failures>, StoreError> {
    fetch_optional!(tx, Failures, FAILURES, key)
}

/// Keeps the failures counted under a key.
pub async fn failures_set(tx: &mut WriteTx, key: &str, failures: &Failures) -> Result<(), StoreError> {
    execute_one!(tx, FAILURES_SET, key, failures.failures, failures.last_at, failures.blocked_until)
}

/// Forgets the failures counted under a key.
pub async fn failures_clear(tx: &mut WriteTx, key: &str) -> Result<(), StoreError> {
    execute!(tx, FAILURES_CLEAR, key).map(|_| ())
}
