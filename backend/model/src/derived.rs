//! Tables that queries make: what is kept of a result under a name, made anew whenever its query runs.

use crate::{
    Timestamp,
    ids::{AssetId, ColumnId, DerivedTableId, EnvironmentId, ProjectId, ServiceAccountId, TableId, UserId},
};

/// A query whose result is a table of its project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct DerivedTable {
    pub id: DerivedTableId,
    pub project_id: ProjectId,
    /// Where the table is kept.
    pub environment_id: EnvironmentId,
    /// What the table is called, an SQL identifier.
    pub name: String,
    /// The number of its latest definition.
    pub version: i64,
    pub sql_text: String,
    /// Whose rights the query has.
    pub service_account_id: ServiceAccountId,
    pub service_account_name: String,
    /// Who answers for the table.
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    /// The table, once its query has run well.
    pub table_id: Option<TableId>,
    pub asset_id: Option<AssetId>,
    /// When the rows that stand there were read, and by which definition.
    pub built_at: Option<Timestamp>,
    pub built_version: Option<i64>,
}

/// A definition under its number; it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct DerivedVersion {
    pub derived_id: DerivedTableId,
    pub number: i64,
    pub sql_text: String,
    pub service_account_id: ServiceAccountId,
    pub service_account_name: String,
    pub created_by: String,
    pub created_at: Timestamp,
}

/// A table from which the rows of a derived table were read, and what its maker saw of it then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct DerivedSource {
    pub source_id: TableId,
    /// The project that owns the source.
    pub owner_id: ProjectId,
    /// The maker, and where it acted.
    pub service_account_id: ServiceAccountId,
    pub project_id: ProjectId,
    /// The columns that were read.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub columns: Vec<ColumnId>,
    /// Digest of what of these columns the maker saw, and in which rows.
    pub sight: String,
}

/// Somebody who may act as a service account, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct AccountActor {
    pub user_id: UserId,
    pub user_name: String,
    pub added_by: String,
    pub added_at: Timestamp,
}
