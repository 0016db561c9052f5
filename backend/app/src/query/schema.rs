//! What the caller may name in SQL: for completion, the schema tree and GraphQL's `table`.

use lakegate_model::{
    Fault,
    catalog::Column,
    columns::ColumnType,
    ids::{AssetId, ColumnId, TableId},
    words::{ColumnState, TokenScope},
};
use lakegate_store::readable;

use super::resolve::{access, acting, nameable, takes_away};
use crate::{App, Caller, caller::known};

/// A table with its readable columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadableTable {
    pub table: TableId,
    pub database: String,
    pub name: String,
    pub asset: Option<AssetId>,
    pub columns: Vec<ReadableColumn>,
    /// Whether columns of the table are left out.
    pub partial: bool,
    pub export: bool,
}

/// A readable column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadableColumn {
    pub id: ColumnId,
    pub name: String,
    pub column_type: ColumnType,
    pub description: String,
}

/// Every table the caller may read, acting in a project, in order of database and name.
pub async fn tables(app: &App, caller: &Caller) -> Result<Vec<ReadableTable>, Fault> {
    look!(app, caller, "query.schema", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let mut tables = Vec::new();
        for named in nameable(tx, actor, acting(actor)?).await? {
            let Some(access) = access(app, tx, actor, named.table_id, named.owner_id).await? else { continue };
            let known = readable::table_columns(tx, named.table_id).await?;
            // Of columns that are not to be found, not even their number is told.
            let listed = |column: &&Column| column.state == ColumnState::Active && !column.unlisted;
            let partial = known.iter().filter(listed).any(|column| !access.columns.contains(&column.id));
            let columns = known.into_iter().filter(|column| access.columns.contains(&column.id));
            let columns = columns.map(|column| ReadableColumn {
                id: column.id,
                name: column.name,
                column_type: column.column_type,
                description: column.description,
            });
            tables.push(ReadableTable {
                table: named.table_id,
                database: named.database_name,
                name: named.name,
                asset: named.asset_id,
                columns: columns.collect(),
                partial,
                export: access.export && takes_away(actor),
            });
        }
        tables.sort_by(|a, b| (&a.database, &a.name).cmp(&(&b.database, &b.name)));
        Ok(tables)
    })
}

/// One table the caller may read, by database and name.
///
/// # Errors
/// `not_found`, alike for a hidden and for an unknown name.
pub async fn table(app: &App, caller: &Caller, database: &str, name: &str) -> Result<ReadableTable, Fault> {
    let found = tables(app, caller).await?.into_iter().find(|table| table.database == database && table.name == name);
    found.ok_or_else(|| Fault::not_found("table"))
}
