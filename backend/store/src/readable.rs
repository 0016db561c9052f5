//! Tables as a project may name them in SQL: its own, and those it subscribed to.

use lakegate_model::{
    catalog::{Column, Table},
    ids::{AssetId, ConnectionId, ProjectId, TableId},
    storage::{DataFile, FileFormat},
};
use sqlx::types::Json;
use std::collections::BTreeMap;

use crate::{StoreError, Tx};

statements! {
    NAMED = "SELECT t.id AS table_id, d.name AS database_name, t.name AS name, e.project_id AS owner_id, a.id AS asset_id FROM tables t JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id LEFT JOIN assets a ON a.table_id = t.id WHERE e.project_id = $1 UNION ALL SELECT t.id AS table_id, d.name AS database_name, l.name, oe.project_id AS owner_id, a.id AS asset_id FROM table_links l JOIN tables t ON t.id = l.table_id JOIN databases d ON d.id = l.database_id JOIN environments e ON e.id = d.environment_id JOIN databases od ON od.id = t.database_id JOIN environments oe ON oe.id = od.environment_id LEFT JOIN assets a ON a.table_id = t.id WHERE e.project_id = $1 ORDER BY database_name, name";
    TABLE = "SELECT id, database_id, name, location, connection_id, format, data_version, managed, created_at, updated_at FROM tables WHERE id = $1";
    COLUMNS = "SELECT id, table_id, name, ordinal, column_type, nullable, is_partition, state, unlisted, title, description FROM columns WHERE table_id = $1 AND state <> 'dropped' ORDER BY is_partition, ordinal";
    FILES = "SELECT path, size, etag, modified_at, partitions FROM data_files WHERE table_id = $1 ORDER BY path";
}

/// A table under the name by which a project may ask for it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NamedTable {
    pub table_id: TableId,
    pub database_name: String,
    pub name: String,
    /// The project that owns the table.
    pub owner_id: ProjectId,
    pub asset_id: Option<AssetId>,
}

/// What a query needs of a table beside its access.
#[derive(Debug, Clone)]
pub struct TableData {
    pub location: String,
    pub connection_id: Option<ConnectionId>,
    pub format: FileFormat,
    pub data_version: String,
    pub columns: Vec<Column>,
    pub files: Vec<DataFile>,
}

#[derive(sqlx::FromRow)]
struct FileRow {
    path: String,
    size: i64,
    etag: Option<String>,
    modified_at: lakegate_model::Timestamp,
    partitions: Json<BTreeMap<String, Option<String>>>,
}

/// Every table that sessions acting in a project may name, in order of database and name.
pub async fn named_tables(tx: &mut Tx, project: ProjectId) -> Result<Vec<NamedTable>, StoreError> {
    fetch_all!(tx, NamedTable, NAMED, project)
}

/// The columns of a table that are in its files, partition columns last.
pub async fn table_columns(tx: &mut Tx, table: TableId) -> Result<Vec<Column>, StoreError> {
    fetch_all!(tx, Column, COLUMNS, table)
}

/// Files and columns of a table whose access was compiled.
pub async fn table_data(tx: &mut Tx, access: &lakegate_policy::access::TableAccess) -> Result<TableData, StoreError> {
    let table = fetch_one!(tx, Table, TABLE, access.table)?;
    let files: Vec<FileRow> = fetch_all!(tx, FileRow, FILES, access.table)?;
    Ok(TableData {
        location: table.location,
        connection_id: table.connection_id,
        format: table.format,
        data_version: table.data_version,
        columns: table_columns(tx, access.table).await?,
        files: files.into_iter().map(data_file).collect(),
    })
}

fn data_file(row: FileRow) -> DataFile {
    DataFile {
        path: row.path,
        size: u64::try_from(row.size).unwrap_or_default(),
        etag: row.etag,
        modified: row.modified_at,
        partitions: row.partitions.0,
    }
}
