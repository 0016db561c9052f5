//! Requests, subscriptions, grants and the messages around them.

use crate::ids::{QueryId, SavedQueryId};
use crate::{
    Timestamp,
    ids::{
        AssetId, ColumnId, DatabaseId, GrantId, NoticeId, ProjectId, RequestId, ServiceAccountId, SubscriptionId,
        TableId, UserId,
    },
    words::{QueryState, RequestState, SubscriptionState},
};
use serde::{Deserialize, Serialize};

/// A project's wish to use an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Request {
    pub id: RequestId,
    /// The number people quote: `REQ-000123`.
    pub number: i64,
    pub project_id: ProjectId,
    pub asset_id: AssetId,
    pub requester_id: UserId,
    pub reason: String,
    /// Wished columns; `None` for all.
    #[cfg_attr(feature = "sqlx", sqlx(json(nullable)))]
    pub columns: Option<Vec<ColumnId>>,
    pub wanted_until: Option<Timestamp>,
    /// The live subscription that this request asks to change.
    pub amends_id: Option<SubscriptionId>,
    pub state: RequestState,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
    pub decision_reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Request {
    /// The number as people quote it.
    pub fn reference(&self) -> String {
        format!("REQ-{:06}", self.number)
    }
}

/// One entry of a request's thread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct RequestEntry {
    pub request_id: RequestId,
    /// `requested`, `edited`, `question`, `answer`, `approved`, `rejected`, `withdrawn`, …
    pub kind: String,
    pub author_id: Option<UserId>,
    /// Display name of the author.
    pub author_name: Option<String>,
    pub body: String,
    pub created_at: Timestamp,
}

/// A project's approved use of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Subscription {
    pub id: SubscriptionId,
    pub project_id: ProjectId,
    pub asset_id: AssetId,
    pub request_id: RequestId,
    pub state: SubscriptionState,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<UserId>,
    pub end_reason: Option<String>,
}

/// The permission that a subscription gives on its table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Grant {
    pub id: GrantId,
    pub subscription_id: SubscriptionId,
    pub project_id: ProjectId,
    pub table_id: TableId,
    /// Every released column, also those to come; otherwise exactly the listed ones.
    pub all_columns: bool,
    pub can_export: bool,
    /// Only rows for which this is true; none for all rows.
    pub row_filter: Option<String>,
    pub reason: String,
    pub granted_by: UserId,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A granted table as it stands in a consumer's sub database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct TableLink {
    pub database_id: DatabaseId,
    pub table_id: TableId,
    pub subscription_id: SubscriptionId,
    pub name: String,
}

/// A message to a person in the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Notice {
    pub id: NoticeId,
    pub user_id: UserId,
    pub kind: String,
    pub title: String,
    pub body: String,
    /// Path inside the portal.
    pub link: String,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

/// One execution of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct QueryRun {
    pub id: QueryId,
    pub user_id: Option<UserId>,
    pub service_account_id: Option<ServiceAccountId>,
    pub project_id: Option<ProjectId>,
    pub sql_text: String,
    pub state: QueryState,
    pub code: Option<String>,
    pub message: Option<String>,
    pub row_count: i64,
    pub scanned_bytes: i64,
    pub elapsed_ms: i64,
    /// Fingerprint of the access under which it ran.
    pub fingerprint: Option<String>,
    #[cfg_attr(feature = "sqlx", sqlx(json(nullable)))]
    pub columns: Option<Vec<ResultColumn>>,
    pub result_bytes: i64,
    /// Until when the result is kept; `None` if it is not.
    pub result_until: Option<Timestamp>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: String,
    pub numeric: bool,
    /// Cells of some rows are withheld, or went into it as NULL (access rule 2).
    #[serde(default)]
    pub partial: bool,
    /// Something shows instead of the values, or that went into it.
    #[serde(default)]
    pub masked: bool,
}

/// A query kept under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct SavedQuery {
    pub id: SavedQueryId,
    pub project_id: ProjectId,
    pub owner_id: UserId,
    pub owner_name: String,
    pub name: String,
    pub description: String,
    pub sql_text: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
