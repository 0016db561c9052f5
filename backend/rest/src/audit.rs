//! The audit.

use axum::{Json as Answer, Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use lakegate_app::audit::{AuditFilter, read};
use lakegate_model::{audit::AuditEvent, words::Outcome};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::lists::{named, paged};
use lakegate_http::{
    Refusal, Web,
    extract::{Known, PageOf, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new().route("/api/v1/audit", get(list_audit_events))
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
    /// Id of the subject.
    subject: Option<Uuid>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
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
    let filter = AuditFilter {
        action: params.action,
        outcome: params.outcome.map(|outcome| outcome.to_string()),
        actor: params.actor,
        subject: params.subject,
        from: params.from,
        until: params.until,
    };
    paged!(web, auth, params, list, |page| read::events(&web.app, &auth.caller, &filter, page))
}
