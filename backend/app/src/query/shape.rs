//! What the caller may ask of the rows of tables, column by column: what a typed schema over them is made from.

use lakegate_model::{
    Fault,
    catalog::Column,
    columns::ColumnType,
    ids::{ColumnId, TableId},
};
use lakegate_policy::access::TableAccess;
use lakegate_store::{Tx, readable};
use std::collections::BTreeSet;

use super::{
    relations::{ShownRelation, relate},
    resolve::{access, may_query, nameable},
};
use crate::{App, Caller};

/// Which tables are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    All,
    /// These alone, by the names of database and table.
    Named(BTreeSet<(String, String)>),
}

impl Wanted {
    fn holds(&self, database: &str, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(&(database.to_owned(), name.to_owned())),
        }
    }
}

/// A table with the columns that the caller may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownTable {
    pub table: TableId,
    pub database: String,
    pub name: String,
    /// In table order.
    pub columns: Vec<ShownColumn>,
    /// Names of the columns of its primary key, if each shows its values; empty for none.
    pub key: Vec<String>,
    /// In order of where they lead.
    pub relations: Vec<ShownRelation>,
    /// Equal fingerprints see equal cells of equal data.
    pub fingerprint: String,
}

/// A readable column, and what is withheld of its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownColumn {
    pub id: ColumnId,
    pub name: String,
    pub description: String,
    pub column_type: ColumnType,
    /// Whether a cell may be NULL, also because it is withheld.
    pub nullable: bool,
    /// Something shows instead of the values.
    pub masked: bool,
    /// Cells of some rows show as NULL.
    pub partial: bool,
}

/// The wanted tables that the caller may read, acting in his project, in order of database and name: what queries see at
/// this moment.
///
/// # Errors
/// Those of a query that cannot begin: `unauthenticated`, `forbidden`, `invalid` naming `project` for somebody who acts
/// in none.
pub async fn shown(app: &App, caller: &Caller, wanted: &Wanted) -> Result<Vec<ShownTable>, Fault> {
    look!(app, caller, "query.schema", |tx, scope, actor| {
        let mut tables: Vec<ShownTable> = Vec::new();
        let project = may_query(tx, actor).await?;
        for named in nameable(tx, actor, project).await? {
            let (database, name) = (named.database_name, named.name);
            if !wanted.holds(&database, &name) {
                continue;
            }
            let Some(access) = access(app, tx, actor, named.table_id, named.owner_id).await? else { continue };
            let columns = columns(tx, &access).await?;
            tables.push(ShownTable {
                table: access.table,
                database,
                name,
                columns,
                key: Vec::new(),
                relations: Vec::new(),
                fingerprint: access.fingerprint,
            });
        }
        tables.sort_by(|a, b| (&a.database, &a.name).cmp(&(&b.database, &b.name)));
        tables.dedup_by(|a, b| (&a.database, &a.name) == (&b.database, &b.name));
        relate(tx, &mut tables).await?;
        Ok(tables)
    })
}

async fn columns(tx: &mut Tx, access: &TableAccess) -> Result<Vec<ShownColumn>, Fault> {
    let all = readable::table_columns(tx, access.table).await?;
    let readable = all.into_iter().filter(|column| access.columns.contains(&column.id));
    Ok(readable.map(|column| shown_column(column, access)).collect())
}

fn shown_column(column: Column, access: &TableAccess) -> ShownColumn {
    let cell = access.cell(column.id);
    ShownColumn {
        id: column.id,
        nullable: column.nullable || cell.is_some(),
        masked: cell.is_some_and(|cell| cell.mask.is_some()),
        partial: cell.is_some_and(|cell| cell.is_partial()),
        name: column.name,
        description: column.description,
        column_type: column.column_type,
    }
}
