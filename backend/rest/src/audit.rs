//! The audit.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use lakegate_app::{
    access::explain::RuleKind,
    audit::{
        AuditFilter,
        event::{self, EventView},
        read, table,
    },
};
use lakegate_model::{audit::AuditEvent, words::Outcome};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::lists::{named, paged};
use lakegate_http::{
    Refusal, Web,
    extract::{Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/audit", get(list_audit_events))
        .route("/api/v1/audit.csv", get(export_audit_events))
        .route("/api/v1/audit/{number}", get(get_audit_event))
}

/// Which events are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditParams {
    /// Action or its beginning, such as `subscription`.
    action: Option<String>,
    /// `allowed`, `denied` or `failed`.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
    /// Part of an actor's name.
    actor: Option<String>,
    /// Id of an actor.
    actor_id: Option<Uuid>,
    /// Id of the subject.
    subject: Option<Uuid>,
    /// What kind of thing the subject is, such as `asset`.
    subject_kind: Option<String>,
    /// The request with this number: 123 for `REQ-000123`.
    request_number: Option<i64>,
    /// Id of a project in which somebody acted, or that owns the subject.
    project: Option<Uuid>,
    /// Id of a query: its start, its end, and what it read.
    query: Option<Uuid>,
    /// The request that caused it.
    request_id: Option<String>,
    /// A text in the further facts.
    words: Option<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

impl AuditParams {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            action: self.action.clone(),
            outcome: self.outcome.map(|outcome| outcome.to_string()),
            actor: self.actor.clone(),
            subject: self.subject,
            subject_kind: self.subject_kind.clone(),
            request_number: self.request_number,
            actor_id: self.actor_id,
            project: self.project.map(Into::into),
            query: self.query,
            request_id: self.request_id.clone(),
            words: self.words.clone(),
            from: self.from,
            until: self.until,
        }
    }
}

/// One thing that happened, or was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventShape {
    /// Position in the one order of the installation.
    number: i64,
    id: Uuid,
    at: DateTime<Utc>,
    /// `user`, `service_account`, `system` or `anonymous`.
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: String,
    /// The project the actor acted in.
    project_id: Option<Uuid>,
    action: String,
    #[schema(value_type = String)]
    outcome: Outcome,
    subject_kind: String,
    subject_id: Option<Uuid>,
    request_id: String,
    /// Further facts.
    detail: serde_json::Value,
}

impl From<AuditEvent> for AuditEventShape {
    fn from(event: AuditEvent) -> Self {
        Self {
            number: event.number,
            id: event.id.into(),
            at: event.at,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id,
            actor_name: event.actor_name,
            project_id: event.project_id.map(Into::into),
            action: event.action,
            outcome: event.outcome,
            subject_kind: event.subject_kind,
            subject_id: event.subject_id,
            request_id: event.request_id,
            detail: serde_json::from_str(&event.detail).unwrap_or_default(),
        }
    }
}

/// Lists the events that the caller may see, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = PageOf<AuditEventShape>)))]
pub async fn list_audit_events(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<AuditParams>,
) -> Result<Answer<PageOf<AuditEventShape>>, Refusal> {
    let list = named("audit", &params);
    let filter = params.filter();
    paged!(web, auth, params, list, |page| read::events(&web.app, &auth.caller, &filter, page))
}

/// Everything that the same parameters find, as a file.
#[utoipa::path(get, path = "/api/v1/audit.csv", tag = "audit", params(AuditParams),
    responses((status = 200, description = "One event a line, the newest first", content((String = "text/csv")))))]
pub async fn export_audit_events(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<AuditParams>,
) -> Result<Response, Refusal> {
    let csv = table::csv(&web.app, &auth.caller, &params.filter()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// An event with what it points at, as far as the caller may know of that.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventView {
    event: AuditEventShape,
    /// The asset that it is about, where the caller finds it.
    asset: Option<Uuid>,
    asset_name: Option<String>,
    /// Names of the columns that were read, those that the caller may know of.
    columns: Vec<String>,
    /// How many were read besides.
    other_columns: usize,
    rules: Vec<AuditRuleShape>,
    /// Names the access under which was read: equal ones see equal cells of an equal data version.
    fingerprint: Option<String>,
    query: Option<Uuid>,
}

/// A grant or restriction under which somebody read.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditRuleShape {
    /// `subscription`, `direct_grant` or `restriction`.
    kind: &'static str,
    id: Uuid,
    /// For who reviews the asset, and for him who read.
    words: String,
}

impl From<EventView> for AuditEventView {
    fn from(view: EventView) -> Self {
        let (asset, asset_name) = view.asset.map(|(id, name)| (id.into(), name)).unzip();
        let rule = |rule: event::EventRule| AuditRuleShape {
            kind: match rule.kind {
                RuleKind::Membership => "membership",
                RuleKind::Subscription => "subscription",
                RuleKind::DirectGrant => "direct_grant",
                RuleKind::BreakGlass => "break_glass",
                RuleKind::CoarseRight => "coarse_right",
                RuleKind::Restriction => "restriction",
            },
            id: rule.id,
            words: rule.words,
        };
        Self {
            asset,
            asset_name,
            columns: view.columns,
            other_columns: view.other_columns,
            rules: view.rules.into_iter().map(rule).collect(),
            fingerprint: view.fingerprint,
            query: view.query.map(Into::into),
            event: view.event.into(),
        }
    }
}

/// One event by its number, with what it points at.
#[utoipa::path(get, path = "/api/v1/audit/{number}", tag = "audit", params(("number" = i64, Path,)),
    responses((status = 200, body = AuditEventView)))]
pub async fn get_audit_event(
    State(web): State<Web>,
    auth: Known,
    Path(number): Path<i64>,
) -> Result<Answer<AuditEventView>, Refusal> {
    Ok(Answer(event::get(&web.app, &auth.caller, number).await?.into()))
}
