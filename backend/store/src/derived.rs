//! Tables that queries make: their definitions, what they were read from, what is left of earlier results.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    derived::{DerivedSource, DerivedTable, DerivedVersion},
    ids::{ColumnId, ConnectionId, DerivedTableId, ProjectId, ServiceAccountId, TableId},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// A [`DerivedTable`] and where its parts stand.
macro_rules! derived_select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.project_id, d.environment_id, d.name, d.version, v.sql_text, v.service_account_id, s.name AS service_account_name, d.created_by, d.created_at, d.changed_at, d.table_id, a.id AS asset_id, d.built_at, d.built_version FROM derived_tables d JOIN derived_versions v ON v.derived_id = d.id AND v.number = d.version JOIN service_accounts s ON s.id = v.service_account_id LEFT JOIN assets a ON a.table_id = d.table_id WHERE ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO derived_tables (id, project_id, environment_id, name, version, created_by, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_VERSION = "INSERT INTO derived_versions (derived_id, number, sql_text, service_account_id, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    RAISE = "UPDATE derived_tables SET version = version + 1, changed_at = $3 WHERE id = $1 AND version = $2";
    BUILT = "UPDATE derived_tables SET table_id = $2, built_at = $3, built_version = $4 WHERE id = $1";
    BY_ID = derived_select!("d.id = $1");
    BY_TABLE = derived_select!("d.table_id = $1");
    OF_PROJECT = derived_select!("d.project_id = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3");
    VERSIONS = "SELECT v.derived_id, v.number, v.sql_text, v.service_account_id, s.name AS service_account_name, v.created_by, v.created_at FROM derived_versions v JOIN service_accounts s ON s.id = v.service_account_id WHERE v.derived_id = $1 AND v.number < $2 ORDER BY v.number DESC LIMIT $3";
    DELETE_VERSIONS = "DELETE FROM derived_versions WHERE derived_id = $1";
    DELETE = "DELETE FROM derived_tables WHERE id = $1";
    SOURCES = "SELECT source_id, owner_id, service_account_id, project_id, columns, sight FROM derived_sources WHERE table_id = $1 ORDER BY source_id";
    SOURCES_FORGET = "DELETE FROM derived_sources WHERE table_id = $1";
    SOURCE_INSERT = "INSERT INTO derived_sources (table_id, source_id, owner_id, service_account_id, project_id, columns, sight) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    IS_DERIVED = "SELECT 1 FROM derived_tables WHERE table_id = $1 UNION ALL SELECT 1 FROM derived_sources WHERE table_id = $1 LIMIT 1";
    MARKS = "SELECT column_id, mark FROM derived_marks WHERE table_id = $1";
    MARK = "INSERT INTO derived_marks (table_id, column_id, mark) VALUES ($1, $2, $3)";
    LEAVE = "INSERT INTO derived_leftovers (id, table_id, path, replaced_at) VALUES ($1, $2, $3, $4)";
    LEFTOVERS = "SELECT l.id, t.connection_id, t.location, l.path FROM derived_leftovers l JOIN tables t ON t.id = l.table_id WHERE l.replaced_at <= $1 ORDER BY l.replaced_at, l.id LIMIT $2";
    LEFTOVER_GONE = "DELETE FROM derived_leftovers WHERE id = $1";
}

/// Keeps a new derived table with its first definition. The use case has decided on its project.
pub async fn derived_insert(tx: &mut WriteTx, derived: &DerivedTable, by: &str) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        derived.id,
        derived.project_id,
        derived.environment_id,
        &derived.name,
        derived.version,
        derived.created_by,
        derived.created_at,
        derived.changed_at
    )?;
    version_insert(tx, derived, (&derived.sql_text, derived.service_account_id), by).await
}

async fn version_insert(
    tx: &mut WriteTx,
    derived: &DerivedTable,
    (sql, account): (&str, ServiceAccountId),
    by: &str,
) -> Result<(), StoreError> {
    execute_one!(tx, INSERT_VERSION, derived.id, derived.version, sql, account, by, derived.changed_at)
}

/// Gives a derived table another definition, under the next number, if nobody else did since it was read.
pub async fn derived_revise(
    tx: &mut WriteTx,
    derived: &DerivedTable,
    definition: (&str, ServiceAccountId),
    (by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    execute_one!(tx, RAISE, derived.id, derived.version, at)?;
    let next = DerivedTable { version: derived.version + 1, changed_at: at, ..derived.clone() };
    version_insert(tx, &next, definition, by).await
}

/// Notes which table stands there now, made when and by which definition.
pub async fn derived_built(
    tx: &mut WriteTx,
    id: DerivedTableId,
    table: TableId,
    (at, version): (Timestamp, i64),
) -> Result<(), StoreError> {
    execute_one!(tx, BUILT, id, table, at, version)
}

/// The derived table of an id; what a caller may see of it is decided on its project.
pub async fn derived_find(tx: &mut Tx, id: DerivedTableId) -> Result<Option<DerivedTable>, StoreError> {
    fetch_optional!(tx, DerivedTable, BY_ID, id)
}

/// What makes a table, if a query does.
pub async fn derived_of_table(tx: &mut Tx, table: TableId) -> Result<Option<DerivedTable>, StoreError> {
    fetch_optional!(tx, DerivedTable, BY_TABLE, table)
}

/// The derived tables of a project, which the caller may know, the latest first.
pub async fn derived_list(
    tx: &mut Tx,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<DerivedTable>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(DerivedTableId(Uuid::max()));
    let rows = fetch_all!(tx, DerivedTable, OF_PROJECT, project, before, page.fetch())?;
    Ok(Page::cut(rows, page, |derived| derived.id.to_string()))
}

/// The definitions of a derived table, the latest first.
pub async fn version_list(
    tx: &mut Tx,
    id: DerivedTableId,
    page: &PageRequest,
) -> Result<Page<DerivedVersion>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = fetch_all!(tx, DerivedVersion, VERSIONS, id, before, page.fetch())?;
    Ok(Page::cut(rows, page, |version| version.number.to_string()))
}

/// Deletes a definition with its versions. The table that it made stays, and what that was read from stays known.
pub async fn derived_delete(tx: &mut WriteTx, id: DerivedTableId) -> Result<(), StoreError> {
    execute!(tx, DELETE_VERSIONS, id)?;
    execute_one!(tx, DELETE, id)
}

/// What the rows of a table were read from; nothing for a table that no query made.
pub async fn sources_of(tx: &mut Tx, table: TableId) -> Result<Vec<DerivedSource>, StoreError> {
    fetch_all!(tx, DerivedSource, SOURCES, table)
}

/// Replaces what the rows of a table were read from.
pub async fn sources_replace(tx: &mut WriteTx, table: TableId, sources: &[DerivedSource]) -> Result<(), StoreError> {
    execute!(tx, SOURCES_FORGET, table)?;
    for source in sources {
        execute_one!(
            tx,
            SOURCE_INSERT,
            table,
            source.source_id,
            source.owner_id,
            source.service_account_id,
            source.project_id,
            Json(&source.columns),
            &source.sight
        )?;
    }
    Ok(())
}

/// Whether a query made a table.
pub async fn is_derived(tx: &mut Tx, table: TableId) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), IS_DERIVED, table)?.is_some())
}

/// What the columns of a table have inherited once.
pub async fn marks_of(tx: &mut Tx, table: TableId) -> Result<Vec<(ColumnId, String)>, StoreError> {
    fetch_all!(tx, (ColumnId, String), MARKS, table)
}

/// Notes that a column has inherited something.
pub async fn mark(tx: &mut WriteTx, table: TableId, column: ColumnId, mark: &str) -> Result<(), StoreError> {
    execute_one!(tx, MARK, table, column, mark)
}

/// A file of an earlier result.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Leftover {
    pub id: Uuid,
    /// How its storage is reached.
    pub connection_id: Option<ConnectionId>,
    /// Of its table.
    pub location: String,
    /// Below the location.
    pub path: String,
}

/// Notes a file that a table has now, to be deleted once it was replaced long ago.
pub async fn leave(
    tx: &mut WriteTx,
    id: Uuid,
    (table, path): (TableId, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, LEAVE, id, table, path, at)
}

/// Files that were replaced by a time, the oldest first.
pub async fn leftovers(tx: &mut Tx, replaced_by: Timestamp, most: i64) -> Result<Vec<Leftover>, StoreError> {
    fetch_all!(tx, Leftover, LEFTOVERS, replaced_by, most)
}

/// Forgets a file that was deleted.
pub async fn leftover_gone(tx: &mut WriteTx, id: Uuid) -> Result<(), StoreError> {
    execute!(tx, LEFTOVER_GONE, id).map(|_| ())
}
