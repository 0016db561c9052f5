//! Requests and subscriptions.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::access::views::{RequestDetail as Detail, RequestView, SubscriptionView};
use lakegate_model::access;

use super::{assets::ColumnBrief, filled, ids};
use crate::scalars::{Id, RequestState, SubscriptionState};

/// A project's wish to use an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct Request {
    pub id: Id,
    /// The number people quote: `REQ-000123`.
    pub reference: String,
    pub state: RequestState,
    pub asset_id: Id,
    pub asset_name: String,
    /// The asking project.
    pub project_id: Id,
    pub project_name: String,
    /// The project that owns the asset.
    pub producer_id: Id,
    pub producer_name: String,
    pub requester_id: Id,
    pub requester_name: String,
    pub reason: String,
    /// Wished columns; null for all.
    pub column_ids: Option<Vec<Id>>,
    pub wanted_until: Option<DateTime<Utc>>,
    /// The live subscription that this request asks to change.
    pub amends_id: Option<Id>,
    pub decider_name: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_reason: Option<String>,
    /// Whether the caller may approve or reject it.
    pub can_decide: bool,
    /// Whether the caller may edit or withdraw it.
    pub can_edit: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<RequestView> for Request {
    fn from(view: RequestView) -> Self {
        let request = view.request;
        Self {
            id: request.id.into(),
            reference: request.reference(),
            state: request.state.into(),
            asset_id: request.asset_id.into(),
            asset_name: view.asset_name,
            project_id: request.project_id.into(),
            project_name: view.project_name,
            producer_id: view.producer.into(),
            producer_name: view.producer_name,
            requester_id: request.requester_id.into(),
            requester_name: view.requester_name,
            reason: request.reason,
            column_ids: request.columns.map(ids),
            wanted_until: request.wanted_until,
            amends_id: request.amends_id.map(Into::into),
            decider_name: view.decider_name,
            decided_at: request.decided_at,
            decision_reason: request.decision_reason,
            can_decide: view.can_decide,
            can_edit: view.can_edit,
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

/// A request with its thread and the columns it is about.
#[derive(Debug, Clone, SimpleObject)]
pub struct RequestDetail {
    pub request: Request,
    pub thread: Vec<RequestEntry>,
    /// The wished columns, or all released ones.
    pub columns: Vec<ColumnBrief>,
    /// The columns of the table that were not asked for.
    pub not_wished: Vec<ColumnBrief>,
}

impl From<Detail> for RequestDetail {
    fn from(detail: Detail) -> Self {
        Self {
            request: detail.view.into(),
            thread: detail.thread.into_iter().map(Into::into).collect(),
            columns: detail.columns.into_iter().map(Into::into).collect(),
            not_wished: detail.not_wished.into_iter().map(Into::into).collect(),
        }
    }
}

/// One entry of a request's thread.
#[derive(Debug, Clone, SimpleObject)]
pub struct RequestEntry {
    /// `requested`, `edited`, `question`, `answer`, `approved`, `rejected`, `withdrawn`, …
    pub kind: String,
    pub author_name: Option<String>,
    pub body: String,
    pub created_at: DateTime<Utc>,
}

impl From<access::RequestEntry> for RequestEntry {
    fn from(entry: access::RequestEntry) -> Self {
        Self { kind: entry.kind, author_name: entry.author_name, body: entry.body, created_at: entry.created_at }
    }
}

/// A project's approved use of an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct Subscription {
    pub id: Id,
    pub state: SubscriptionState,
    pub asset_id: Id,
    pub asset_name: String,
    /// The using project.
    pub project_id: Id,
    pub project_name: String,
    /// The project that owns the asset.
    pub producer_id: Id,
    pub producer_name: String,
    pub request_id: Id,
    /// The number of its request, for those who may see that.
    pub request_reference: Option<String>,
    /// The live permission; null once the subscription ended.
    pub grant: Option<Grant>,
    /// The condition under which rows are open, for those who may revoke; null for all rows.
    pub row_filter: Option<String>,
    /// The granted columns by name; null for all released ones.
    pub columns: Option<Vec<String>>,
    /// Where the table stands: `database.table`.
    pub tables: Vec<String>,
    /// Whether the caller may give it back.
    pub can_cancel: bool,
    /// Whether the caller may take it back.
    pub can_revoke: bool,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<String>,
}

impl From<SubscriptionView> for Subscription {
    fn from(view: SubscriptionView) -> Self {
        let subscription = view.subscription;
        Self {
            id: subscription.id.into(),
            state: subscription.state.into(),
            asset_id: subscription.asset_id.into(),
            asset_name: view.asset_name,
            project_id: subscription.project_id.into(),
            project_name: view.project_name,
            producer_id: view.producer.into(),
            producer_name: view.producer_name,
            request_id: subscription.request_id.into(),
            request_reference: filled(view.request_reference),
            row_filter: view.grant.as_ref().filter(|_| view.can_revoke).and_then(|grant| grant.row_filter.clone()),
            grant: view.grant.map(Into::into),
            columns: view.columns,
            tables: view.tables,
            can_cancel: view.can_cancel,
            can_revoke: view.can_revoke,
            created_at: subscription.created_at,
            ended_at: subscription.ended_at,
            end_reason: subscription.end_reason,
        }
    }
}

/// The permission that a subscription gives on its table.
#[derive(Debug, Clone, SimpleObject)]
pub struct Grant {
    pub id: Id,
    /// Every released column, also those to come; otherwise exactly the listed ones.
    pub all_columns: bool,
    /// Whether rows may leave through downloads and exports.
    pub can_export: bool,
    /// Whether it opens some rows only. Which ones is told to those who may revoke it.
    pub some_rows: bool,
    pub reason: String,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
}

impl From<access::Grant> for Grant {
    fn from(grant: access::Grant) -> Self {
        Self {
            id: grant.id.into(),
            all_columns: grant.all_columns,
            can_export: grant.can_export,
            some_rows: grant.row_filter.is_some(),
            reason: grant.reason,
            valid_from: grant.valid_from,
            valid_until: grant.valid_until,
        }
    }
}
