//! Lineage: which columns what is made comes from, as the plans say that made it.

use uuid::Uuid;

use crate::{
    Timestamp,
    ids::{ColumnId, LineageFlowId, ProjectId, ServiceAccountId, TableId, UserId},
    words::{EdgeKind, LineageOrigin, LineageTarget},
};

/// One way in which something is filled, from when until when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct LineageFlow {
    pub id: LineageFlowId,
    pub target_kind: LineageTarget,
    /// Of the table, saved query or reported dataset.
    pub target_id: Uuid,
    /// Who owns what fills it.
    pub project_id: ProjectId,
    /// The derived table, saved query or reported job that fills it.
    pub process_id: Uuid,
    /// The number of its definition; 0 for what has no numbers.
    pub version: i64,
    pub origin: LineageOrigin,
    /// The latest run that did so: of the queue, or one that was reported.
    pub run_id: Option<Uuid>,
    /// As whom, by name.
    pub made_by: String,
    /// Of sources and edges.
    pub digest: String,
    /// Edges may name more than there are.
    pub approximate: bool,
    pub began_at: Timestamp,
    /// When the latest equal plan ran.
    pub seen_at: Timestamp,
    /// When another plan took its place.
    pub ended_at: Option<Timestamp>,
}

/// A table that a flow reads, or a dataset that other programs report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct LineageLink {
    pub flow_id: LineageFlowId,
    pub source_id: Uuid,
    pub target_id: Uuid,
    /// Whether values of it stand in the target; else it only decided about them, or was counted.
    pub by_value: bool,
}

/// A column that a flow reads, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct LineageEdge {
    pub flow_id: LineageFlowId,
    pub source_id: Uuid,
    pub source_column: ColumnId,
    /// Names of fields within the column, from it inwards.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub source_path: Vec<String>,
    pub target_id: Uuid,
    /// Absent where the source decided about all rows, and for what is no table.
    pub target_column: Option<ColumnId>,
    /// What the column is called that it is read for; empty where it decided about all rows.
    pub target_name: String,
    pub kind: EdgeKind,
    /// Expressions on the way, the innermost first, with literals as their author wrote them.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub steps: Vec<String>,
}

/// A table that a query has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRead {
    pub table_id: TableId,
    /// None where only rows were counted.
    pub columns: Vec<ColumnId>,
    pub user_id: Option<UserId>,
    pub service_account_id: Option<ServiceAccountId>,
    pub project_id: ProjectId,
    /// Whether its rows left as a file.
    pub exported: bool,
    pub read_at: Timestamp,
}

/// What somebody read of a table within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Reader {
    pub user_id: Option<UserId>,
    pub service_account_id: Option<ServiceAccountId>,
    /// Name of the person or account.
    pub name: String,
    /// The project that was acted in.
    pub project_id: ProjectId,
    pub project_name: String,
    pub queries: i64,
    pub exports: i64,
    pub last_at: Timestamp,
}
