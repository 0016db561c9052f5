//! What the keepers of an installation need: backup, restore, doctor.

use chrono::{DateTime, NaiveDateTime, Utc};
use lakegate_model::{Timestamp, audit::AuditEvent};
use uuid::Uuid;

use crate::{Db, StoreError, Tx, WriteTx};

statements! {
    LEFTOVERS = "SELECT t.location, l.path FROM derived_leftovers l JOIN tables t ON t.id = l.table_id";
    FILES = "SELECT t.name, t.location, t.managed, t.connection_id IS NOT NULL, f.path, f.size FROM data_files f JOIN tables t ON t.id = f.table_id ORDER BY t.location, f.path";
    LOCATIONS = "SELECT uri FROM locations ORDER BY uri";
    ENVIRONMENT_LOCATIONS = "SELECT location FROM environments WHERE connection_id IS NULL ORDER BY location";
    INDEXED = "SELECT id FROM assets ORDER BY id";
    RESTAMP = "UPDATE data_files SET etag = NULL, modified_at = $1 WHERE path = $2 AND table_id IN (SELECT id FROM tables WHERE location = $3)";
    END_SESSIONS = "UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL";
    END_TOKENS = "UPDATE api_tokens SET revoked_at = $1 WHERE revoked_at IS NULL";
    END_REFRESH = "UPDATE refresh_tokens SET revoked_at = $1 WHERE revoked_at IS NULL";
    END_LINKS = "UPDATE one_time_links SET used_at = $1 WHERE used_at IS NULL";
    NARROWED = "SELECT number, id, at, actor_kind, actor_id, actor_name, project_id, action, outcome, subject_kind, subject_id, owner_project_id, request_id, detail FROM audit_events WHERE at > $1 AND outcome = 'allowed' AND action IN ('subscription.revoke', 'subscription.cancel', 'subscription.expire', 'user.disable', 'user.set_roles', 'member.remove', 'member.set_role', 'token.revoke', 'service_account.disable', 'group.set_member', 'account.password', 'user.reset_password') ORDER BY number LIMIT 1000";
}

/// A file that a table consists of.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TableFile {
    pub table: String,
    /// The table's location.
    pub location: String,
    /// Whether Lakegate wrote it.
    pub managed: bool,
    /// Whether it lies in a store behind a connection.
    pub remote: bool,
    /// Path below the location.
    pub path: String,
    /// Bytes.
    pub size: i64,
}

/// Files of earlier results, which the server will delete: location of their table, and path below it.
pub async fn all_leftovers(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    fetch_all!(tx, (String, String), LEFTOVERS)
}

/// Every file of every table.
pub async fn all_files(tx: &mut Tx) -> Result<Vec<TableFile>, StoreError> {
    let rows = fetch_all!(tx, (String, String, bool, bool, String, i64), FILES)?;
    let file =
        |(table, location, managed, remote, path, size)| TableFile { table, location, managed, remote, path, size };
    Ok(rows.into_iter().map(file).collect())
}

/// Takes a copy of a file for the file itself: a copy has another time, and another tag.
pub async fn restamp(tx: &mut WriteTx, file: &TableFile, modified: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, RESTAMP, modified, &file.path, &file.location)
}

/// Every location that belongs to an environment.
pub async fn all_locations(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    Ok(fetch_all!(tx, (String,), LOCATIONS)?.into_iter().map(|row| row.0).collect())
}

/// Storage of the environments that lie on this machine.
pub async fn local_environments(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    Ok(fetch_all!(tx, (String,), ENVIRONMENT_LOCATIONS)?.into_iter().map(|row| row.0).collect())
}

/// Ids of all assets.
pub async fn all_assets(tx: &mut Tx) -> Result<Vec<Uuid>, StoreError> {
    Ok(fetch_all!(tx, (Uuid,), INDEXED)?.into_iter().map(|row| row.0).collect())
}

/// Ends every session, token and link: after a restore nobody is who he was.
pub async fn end_all_access(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    let sessions = execute!(tx, END_SESSIONS, now)?;
    let tokens = execute!(tx, END_TOKENS, now)?;
    let refresh = execute!(tx, END_REFRESH, now)?;
    let links = execute!(tx, END_LINKS, now)?;
    Ok(sessions + tokens + refresh + links)
}

/// Events after a point in time that took rights away, at most 1,000.
pub async fn narrowed_since(tx: &mut Tx, since: Timestamp) -> Result<Vec<AuditEvent>, StoreError> {
    fetch_all!(tx, AuditEvent, NARROWED, since)
}

/// Rows that refer to rows which do not exist: table and number of rows. PostgreSQL never lets them come to be.
pub async fn orphan_rows(tx: &mut Tx) -> Result<Vec<(String, i64)>, StoreError> {
    let Tx::Sqlite(transaction) = tx else { return Ok(Vec::new()) };
    let text = "SELECT \"table\", COUNT(*) FROM pragma_foreign_key_check GROUP BY \"table\" ORDER BY \"table\"";
    Ok(sqlx::query_as::<_, (String, i64)>(text).fetch_all(&mut **transaction).await?)
}

/// Whether the pages of a SQLite file are sound: `ok`, or what is wrong. PostgreSQL looks after its own.
pub async fn soundness(tx: &mut Tx) -> Result<String, StoreError> {
    let Tx::Sqlite(transaction) = tx else { return Ok("ok".to_owned()) };
    let rows = sqlx::query_as::<_, (String,)>("PRAGMA quick_check(5)").fetch_all(&mut **transaction).await?;
    Ok(rows.into_iter().map(|row| row.0).collect::<Vec<_>>().join("; "))
}

/// The database's own clock.
pub async fn database_time(db: &Db) -> Result<Timestamp, StoreError> {
    match db {
        Db::Sqlite { readers, .. } => {
            let text = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')";
            let (now,) = sqlx::query_as::<_, (String,)>(text).fetch_one(readers).await?;
            let now = NaiveDateTime::parse_from_str(&now, "%Y-%m-%d %H:%M:%S%.f");
            now.map(|now| now.and_utc()).map_err(|_| StoreError::Unsupported("reading the database's clock"))
        }
        Db::Postgres { pool, .. } => {
            let (now,) = sqlx::query_as::<_, (DateTime<Utc>,)>("SELECT clock_timestamp()").fetch_one(pool).await?;
            Ok(now)
        }
    }
}

/// Moves every location below `from` to below `to`, in a database that was restored to another folder.
///
/// # Errors
/// An unsupported operation on PostgreSQL, which is not restored from here.
pub async fn relocate(tx: &mut WriteTx, from: &str, to: &str) -> Result<u64, StoreError> {
    let tx: &mut Tx = tx;
    let Tx::Sqlite(transaction) = tx else { return Err(StoreError::Unsupported("moving locations on PostgreSQL")) };
    let mut moved = 0;
    for text in [
        "UPDATE tables SET location = $2 || SUBSTR(location, LENGTH($1) + 1) WHERE SUBSTR(location, 1, LENGTH($1)) = $1",
        "UPDATE environments SET location = $2 || SUBSTR(location, LENGTH($1) + 1) WHERE SUBSTR(location, 1, LENGTH($1)) = $1",
        "UPDATE data_sources SET location = $2 || SUBSTR(location, LENGTH($1) + 1) WHERE SUBSTR(location, 1, LENGTH($1)) = $1",
        "UPDATE locations SET uri = $2 || SUBSTR(uri, LENGTH($1) + 1) WHERE SUBSTR(uri, 1, LENGTH($1)) = $1",
        "UPDATE storage_roots SET uri = $2 || SUBSTR(uri, LENGTH($1) + 1) WHERE SUBSTR(uri, 1, LENGTH($1)) = $1",
    ] {
        moved += sqlx::query(text).bind(from).bind(to).execute(&mut **transaction).await?.rows_affected();
    }
    Ok(moved)
}
