//! A table as one caller may read it.

use lakegate_model::{
    columns::ColumnType,
    ids::{ColumnId, TableId},
    storage::{DataFile, FileFormat, StorageAccess},
};
use lakegate_policy::access::TableAccess;

/// A column of the table, visible or not: text files are read by position, so the reader needs all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    pub id: ColumnId,
    /// The name as the catalog and the files write it.
    pub name: String,
    pub column_type: ColumnType,
    pub nullable: bool,
    /// Whether the value comes from the path and not from the file.
    pub partition: bool,
}

/// One version of a table, with what the caller may read of it.
#[derive(Debug, Clone)]
pub struct GovernedTable {
    /// The database that holds it for this caller; a table may be given under several.
    pub database: String,
    pub name: String,
    pub table: TableId,
    /// `file:///folder/` or `s3://bucket/prefix/`.
    pub location: String,
    pub storage: StorageAccess,
    pub format: FileFormat,
    /// The version: exactly these files, each pinned by size and entity tag or time of change.
    pub files: Vec<DataFile>,
    /// Every column, in table order.
    pub columns: Vec<TableColumn>,
    /// What the caller may read. Under rules on cells the table is read behind the barrier.
    pub access: TableAccess,
    /// Names the version; equal versions hold equal cells.
    pub data_version: String,
}

impl GovernedTable {
    /// The visible columns, in table order.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &TableColumn> {
        self.columns.iter().filter(|column| self.access.columns.contains(&column.id))
    }
    /// The name for error texts: `database.table`.
    pub(crate) fn label(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }
}
