//! Tables with their columns and files.

use lakegate_model::{
    Timestamp,
    catalog::{Column, Table},
    columns::ColumnType,
    ids::{ColumnId, ConnectionId, DataSourceId, DatabaseId, EnvironmentId, TableId},
    storage::{DataFile, FileFormat},
    words::ColumnState,
};
use lakegate_policy::{
    Granted,
    action::{Contribute, EditAsset},
    resource::{AssetFacts, ProjectFacts},
};
use sqlx::types::Json;
use std::collections::{BTreeMap, HashMap};

use crate::{StoreError, Tx, WriteTx, assets::ChangesAsset};

macro_rules! columns_in {
    ($rows:expr) => { concat!("SELECT id, table_id, name, ordinal, column_type, nullable, is_partition, state, unlisted, title, description FROM columns WHERE table_id ", $rows, " ORDER BY table_id, ordinal, id") };
}

set_statements! {
    COLUMNS_IN = columns_in!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
}

statements! {
    INSERT = "INSERT INTO tables (id, database_id, name, found_name, location, connection_id, format, data_version, managed, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    UPDATE = "UPDATE tables SET found_name = $2, format = $3, data_version = $4, connection_id = $5, updated_at = $6 WHERE id = $1";
    BY_ID = "SELECT id, database_id, name, location, connection_id, format, data_version, managed, created_at, updated_at FROM tables WHERE id = $1";
    BY_NAME = "SELECT id, database_id, name, location, connection_id, format, data_version, managed, created_at, updated_at FROM tables WHERE database_id = $1 AND name = $2";
    BY_FOUND = "SELECT id, database_id, name, location, connection_id, format, data_version, managed, created_at, updated_at FROM tables WHERE database_id = $1 AND location = $2 AND found_name = $3 AND NOT managed ORDER BY id";
    AT = "SELECT id, database_id, name, location, connection_id, format, data_version, managed, created_at, updated_at FROM tables WHERE database_id = $1 AND location = $2 AND NOT managed ORDER BY id";
    OF_DATABASE = "SELECT id, database_id, name, location, connection_id, format, data_version, managed, created_at, updated_at FROM tables WHERE database_id = $1 ORDER BY name";
    OF_SOURCE = "SELECT t.id, t.name FROM tables t JOIN assets a ON a.table_id = t.id WHERE a.source_id = $1 ORDER BY t.name";
    COLUMNS = "SELECT id, table_id, name, ordinal, column_type, nullable, is_partition, state, unlisted, title, description FROM columns WHERE table_id = $1 ORDER BY ordinal, id";
    COLUMN_INSERT = "INSERT INTO columns (id, table_id, name, ordinal, column_type, nullable, is_partition, state, unlisted, title, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    COLUMN_SHAPE = "UPDATE columns SET name = $3, ordinal = $4, column_type = $5, nullable = $6, is_partition = $7, state = $8 WHERE id = $1 AND table_id = $2";
    COLUMN_WORDS = "UPDATE columns SET title = $3, description = $4, unlisted = $5 WHERE id = $1 AND table_id = $2";
    COLUMN_STATE = "UPDATE columns SET state = $3 WHERE id = $1 AND table_id = $2 AND state = $4";
    FILES = "SELECT path, size, etag, modified_at, partitions FROM data_files WHERE table_id = $1 ORDER BY path";
    FILE_SET = "INSERT INTO data_files (table_id, path, size, etag, modified_at, partitions) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (table_id, path) DO UPDATE SET size = excluded.size, etag = excluded.etag, modified_at = excluded.modified_at, partitions = excluded.partitions";
    FILE_DELETE = "DELETE FROM data_files WHERE table_id = $1 AND path = $2";
    FILE_KNOWN = "SELECT 1 FROM data_files f JOIN tables t ON t.id = f.table_id WHERE t.location = $1 AND f.path = $2";
    FILE_SUM = "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM data_files WHERE table_id = $1";
    PARTITIONS = "SELECT COUNT(*) FROM (SELECT DISTINCT partitions FROM data_files WHERE table_id = $1) AS distinct_partitions";
    MANAGED_FILES = "SELECT t.location, f.path FROM data_files f JOIN tables t ON t.id = f.table_id JOIN databases d ON d.id = t.database_id JOIN environments e ON e.id = d.environment_id WHERE t.managed AND e.id = $1 UNION ALL SELECT t.location, l.path FROM derived_leftovers l JOIN tables t ON t.id = l.table_id JOIN databases d ON d.id = t.database_id WHERE d.environment_id = $1";
}

/// What a file list amounts to. Counts of a table are read rights, not discover rights (access rule 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileTotals {
    pub files: i64,
    pub bytes: i64,
    /// Distinct combinations of partition values.
    pub partitions: i64,
}

/// How a file list changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileChanges {
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
}

#[derive(sqlx::FromRow)]
struct FileRow {
    path: String,
    size: i64,
    etag: Option<String>,
    modified_at: Timestamp,
    #[sqlx(json)]
    partitions: BTreeMap<String, Option<String>>,
}

impl From<FileRow> for DataFile {
    fn from(row: FileRow) -> Self {
        Self {
            path: row.path,
            size: u64::try_from(row.size).unwrap_or_default(),
            etag: row.etag,
            modified: row.modified_at,
            partitions: row.partitions,
        }
    }
}

/// Creates a table in a database of the project of the proof. `found_name` is the name that discovery gave it.
pub async fn table_insert(
    tx: &mut WriteTx,
    _proof: &Granted<'_, ProjectFacts, Contribute>,
    table: &Table,
    found_name: &str,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        table.id,
        table.database_id,
        &table.name,
        found_name,
        &table.location,
        table.connection_id,
        Json(&table.format),
        &table.data_version,
        table.managed,
        table.created_at,
        table.updated_at
    )
}

/// What a run or an upload may change of a table.
#[derive(Debug, Clone)]
pub struct TableState<'a> {
    pub found_name: &'a str,
    pub format: &'a FileFormat,
    pub data_version: &'a str,
    pub connection_id: Option<ConnectionId>,
    pub updated_at: Timestamp,
}

/// Changes what the files say of the table whose asset the proof is about.
pub async fn table_update(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, EditAsset>,
    id: TableId,
    state: &TableState<'_>,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        UPDATE,
        id,
        state.found_name,
        Json(state.format),
        state.data_version,
        state.connection_id,
        state.updated_at
    )
}

/// The table of an id; what a caller may see of it is decided on its asset.
pub async fn table_find(tx: &mut Tx, id: TableId) -> Result<Option<Table>, StoreError> {
    fetch_optional!(tx, Table, BY_ID, id)
}

/// The table of a name in a database.
pub async fn table_by_name(tx: &mut Tx, database: DatabaseId, name: &str) -> Result<Option<Table>, StoreError> {
    fetch_optional!(tx, Table, BY_NAME, database, name)
}

/// The discovered tables that were found at a location under a name: usually one.
pub async fn tables_found_as(
    tx: &mut Tx,
    database: DatabaseId,
    location: &str,
    found_name: &str,
) -> Result<Vec<Table>, StoreError> {
    fetch_all!(tx, Table, BY_FOUND, database, location, found_name)
}

/// The discovered tables at exactly a location.
pub async fn tables_at(tx: &mut Tx, database: DatabaseId, location: &str) -> Result<Vec<Table>, StoreError> {
    fetch_all!(tx, Table, AT, database, location)
}

/// The tables of a database in order of names.
pub async fn tables_of(tx: &mut Tx, database: DatabaseId) -> Result<Vec<Table>, StoreError> {
    fetch_all!(tx, Table, OF_DATABASE, database)
}

/// Ids and names of the tables that a data source found.
pub async fn tables_of_source(tx: &mut Tx, source: DataSourceId) -> Result<Vec<(TableId, String)>, StoreError> {
    fetch_all!(tx, (TableId, String), OF_SOURCE, source)
}

/// The columns of a table in table order, dropped ones too; who may see which is decided by the caller of this.
pub async fn columns_of(tx: &mut Tx, table: TableId) -> Result<Vec<Column>, StoreError> {
    fetch_all!(tx, Column, COLUMNS, table)
}

/// The columns of tables, each in table order, dropped ones too; who may see which is decided by the caller of this.
pub async fn columns_of_tables(tx: &mut Tx, tables: &[TableId]) -> Result<Vec<Column>, StoreError> {
    Ok(fetch_sets!(tx, Column, COLUMNS_IN, (), tables, |id| id.0))
}

/// Adds a column to a table that the same transaction creates or holds a proof for.
pub async fn column_insert(tx: &mut WriteTx, column: &Column) -> Result<(), StoreError> {
    execute_one!(
        tx,
        COLUMN_INSERT,
        column.id,
        column.table_id,
        &column.name,
        column.ordinal,
        Json(&column.column_type),
        column.nullable,
        column.is_partition,
        column.state,
        column.unlisted,
        &column.title,
        &column.description
    )
}

/// What the files say of a column.
#[derive(Debug, Clone)]
pub struct ColumnShape<'a> {
    pub name: &'a str,
    pub ordinal: i64,
    pub column_type: &'a ColumnType,
    pub nullable: bool,
    pub is_partition: bool,
    pub state: ColumnState,
}

/// Changes what the files say of a column; its id and its words stay.
pub async fn column_shape(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, EditAsset>,
    table: TableId,
    id: ColumnId,
    shape: &ColumnShape<'_>,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        COLUMN_SHAPE,
        id,
        table,
        shape.name,
        shape.ordinal,
        Json(shape.column_type),
        shape.nullable,
        shape.is_partition,
        shape.state
    )
}

/// Changes what people say of a column.
pub async fn column_words(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, EditAsset>,
    column: &Column,
) -> Result<(), StoreError> {
    execute_one!(tx, COLUMN_WORDS, column.id, column.table_id, &column.title, &column.description, column.unlisted)
}

/// Moves a column from one state to another. Returns whether it was in the first.
pub async fn column_move<A: ChangesAsset>(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, A>,
    table: TableId,
    id: ColumnId,
    from: ColumnState,
    to: ColumnState,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, COLUMN_STATE, id, table, to, from)? == 1)
}

/// The files of a table's present version, in order of paths.
pub async fn files_of(tx: &mut Tx, table: TableId) -> Result<Vec<DataFile>, StoreError> {
    Ok(fetch_all!(tx, FileRow, FILES, table)?.into_iter().map(DataFile::from).collect())
}

/// Whether a table at a location has one of these files in its present version.
pub async fn path_known<'p>(
    tx: &mut Tx,
    location: &str,
    paths: impl IntoIterator<Item = &'p str>,
) -> Result<bool, StoreError> {
    for path in paths {
        if fetch_optional!(tx, (i32,), FILE_KNOWN, location, path)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Count, bytes and partitions of a table's files.
pub async fn file_totals(tx: &mut Tx, table: TableId) -> Result<FileTotals, StoreError> {
    let (files, bytes) = fetch_one!(tx, (i64, i64), FILE_SUM, table)?;
    let (partitions,) = fetch_one!(tx, (i64,), PARTITIONS, table)?;
    Ok(FileTotals { files, bytes, partitions })
}

/// Makes `files` the file list of a table, touching only what differs.
pub async fn files_replace(tx: &mut WriteTx, table: TableId, files: &[DataFile]) -> Result<FileChanges, StoreError> {
    let mut known: HashMap<String, DataFile> =
        files_of(tx, table).await?.into_iter().map(|file| (file.path.clone(), file)).collect();
    let mut changes = FileChanges::default();
    for file in files {
        match known.remove(&file.path) {
            Some(same) if same == *file => continue,
            Some(_) => changes.changed += 1,
            None => changes.added += 1,
        }
        file_set(tx, table, file).await?;
    }
    for path in known.keys() {
        execute_one!(tx, FILE_DELETE, table, path)?;
        changes.removed += 1;
    }
    Ok(changes)
}

/// Adds a file to a table, or replaces what is known of it.
pub async fn file_set(tx: &mut WriteTx, table: TableId, file: &DataFile) -> Result<(), StoreError> {
    let size = i64::try_from(file.size).unwrap_or(i64::MAX);
    execute_one!(tx, FILE_SET, table, &file.path, size, file.etag.as_deref(), file.modified, Json(&file.partitions))
}

/// Every file that Lakegate wrote for an environment and still counts, or will delete itself: location of its table, and
/// path below it.
pub async fn managed_files(tx: &mut Tx, environment: EnvironmentId) -> Result<Vec<(String, String)>, StoreError> {
    fetch_all!(tx, (String, String), MANAGED_FILES, environment)
}
