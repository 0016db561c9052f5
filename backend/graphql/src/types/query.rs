//! Readable tables, queries and their results.

use async_graphql::{ComplexObject, Context, Error, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::query::{kept, preview, schema};
use lakegate_model::{access, ids::ProjectId};

use crate::{
    names::{Named, named},
    scalars::{Id, Long, QueryState, Row},
};

/// A table with the columns that the caller may read.
#[derive(Debug, Clone, SimpleObject)]
pub struct Table {
    pub id: Id,
    pub database: String,
    pub name: String,
    pub asset_id: Option<Id>,
    pub columns: Vec<TableColumn>,
    /// Whether columns of the table are left out.
    pub partial: bool,
    /// Whether rows may leave through downloads and exports.
    pub can_export: bool,
}

impl From<schema::ReadableTable> for Table {
    fn from(table: schema::ReadableTable) -> Self {
        Self {
            id: table.table.into(),
            database: table.database,
            name: table.name,
            asset_id: table.asset.map(Into::into),
            columns: table.columns.into_iter().map(Into::into).collect(),
            partial: table.partial,
            can_export: table.export,
        }
    }
}

/// A column that the caller may read.
#[derive(Debug, Clone, SimpleObject)]
pub struct TableColumn {
    pub id: Id,
    pub name: String,
    /// The type as SQL people write it.
    #[graphql(name = "type")]
    pub column_type: String,
    pub description: String,
}

impl From<schema::ReadableColumn> for TableColumn {
    fn from(column: schema::ReadableColumn) -> Self {
        Self {
            id: column.id.into(),
            name: column.name,
            column_type: column.column_type.to_string(),
            description: column.description,
        }
    }
}

/// One execution of a query by the caller.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct QueryRun {
    pub id: Id,
    pub sql: String,
    pub state: QueryState,
    /// Why it failed, as a stable word.
    pub code: Option<String>,
    /// Why it failed, one sentence.
    pub message: Option<String>,
    pub row_count: Long,
    pub scanned_bytes: Long,
    pub elapsed_ms: Long,
    /// Known once it ended well.
    pub columns: Option<Vec<ResultColumn>>,
    pub result_bytes: Long,
    /// Until when the result is kept; null if it is not.
    pub result_until: Option<DateTime<Utc>>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    #[graphql(skip)]
    pub project_id: Option<ProjectId>,
}

#[ComplexObject]
impl QueryRun {
    /// The project in which it ran.
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, self.project_id).await
    }
}

impl From<access::QueryRun> for QueryRun {
    fn from(run: access::QueryRun) -> Self {
        Self {
            id: run.id.into(),
            sql: run.sql_text,
            state: run.state.into(),
            code: run.code,
            message: run.message,
            row_count: run.row_count.into(),
            scanned_bytes: run.scanned_bytes.into(),
            elapsed_ms: run.elapsed_ms.into(),
            columns: run.columns.map(|columns| columns.into_iter().map(Into::into).collect()),
            result_bytes: run.result_bytes.into(),
            result_until: run.result_until,
            started_at: run.started_at,
            ended_at: run.ended_at,
            project_id: run.project_id,
        }
    }
}

/// A column of a result.
#[derive(Debug, Clone, SimpleObject)]
pub struct ResultColumn {
    pub name: String,
    #[graphql(name = "type")]
    pub column_type: String,
    /// Cells of some rows are withheld, or went into it as NULL.
    pub partial: bool,
    /// Something shows instead of the values, or that went into it.
    pub masked: bool,
}

impl From<access::ResultColumn> for ResultColumn {
    fn from(column: access::ResultColumn) -> Self {
        let access::ResultColumn { name, column_type, partial, masked, .. } = column;
        Self { name, column_type, partial, masked }
    }
}

/// Some rows of a kept result.
#[derive(Debug, Clone, SimpleObject)]
pub struct ResultPage {
    pub columns: Vec<ResultColumn>,
    pub rows: Vec<Row>,
    /// Rows of the whole result.
    pub row_count: Long,
    pub offset: Long,
}

/// Some rows of a table, to look at.
#[derive(Debug, Clone, SimpleObject)]
pub struct Preview {
    pub columns: Vec<ResultColumn>,
    pub rows: Vec<Row>,
}

impl From<preview::Preview> for Preview {
    fn from(preview: preview::Preview) -> Self {
        Self {
            columns: preview.columns.into_iter().map(Into::into).collect(),
            rows: preview.rows.into_iter().map(Row).collect(),
        }
    }
}

/// What the caller's kept results take up, in bytes.
#[derive(Debug, Clone, SimpleObject)]
pub struct ResultQuota {
    pub used: Long,
    pub limit: Long,
}

impl From<kept::Quota> for ResultQuota {
    fn from(quota: kept::Quota) -> Self {
        Self { used: quota.used.into(), limit: quota.limit.into() }
    }
}

/// A query that was started, and its first rows if it ended while the caller waited.
#[derive(Debug, Clone, SimpleObject)]
pub struct StartedQuery {
    pub run: QueryRun,
    pub first_rows: Option<ResultPage>,
}

/// A query kept under a name.
#[derive(Debug, Clone, SimpleObject)]
pub struct SavedQuery {
    pub id: Id,
    pub project_id: Id,
    /// Who saved it.
    pub owner: Named,
    pub name: String,
    pub description: String,
    pub sql: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<access::SavedQuery> for SavedQuery {
    fn from(saved: access::SavedQuery) -> Self {
        Self {
            id: saved.id.into(),
            project_id: saved.project_id.into(),
            owner: Named { id: saved.owner_id.into(), name: saved.owner_name },
            name: saved.name,
            description: saved.description,
            sql: saved.sql_text,
            created_at: saved.created_at,
            updated_at: saved.updated_at,
        }
    }
}
