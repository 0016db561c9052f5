//! Purposes, and the register of what data is used for.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::access::{purposes::ProjectPurposeView, register};
use lakegate_model::purposes;

use crate::scalars::{Id, PurposeState};

/// What data may be used for.
#[derive(Debug, Clone, SimpleObject)]
pub struct Purpose {
    pub id: Id,
    pub name: String,
    pub description: String,
    /// What allows it: `contract`, `consent`, a section of a law.
    pub legal_basis: String,
    pub created_at: DateTime<Utc>,
    /// Nobody states it after that.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<purposes::Purpose> for Purpose {
    fn from(purpose: purposes::Purpose) -> Self {
        Self {
            id: purpose.id.into(),
            name: purpose.name,
            description: purpose.description,
            legal_basis: purpose.legal_basis,
            created_at: purpose.created_at,
            ended_at: purpose.ended_at,
        }
    }
}

/// A purpose that a project asked for.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProjectPurpose {
    pub id: Id,
    pub project_id: Id,
    pub project_name: String,
    pub purpose: Purpose,
    pub state: PurposeState,
    /// Why the project asked.
    pub reason: String,
    /// Display name.
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    /// Display name.
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said to the decision.
    pub decision: String,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<ProjectPurposeView> for ProjectPurpose {
    fn from(view: ProjectPurposeView) -> Self {
        Self {
            id: view.asked.id.into(),
            project_id: view.asked.project_id.into(),
            project_name: view.project,
            purpose: view.purpose.into(),
            state: view.asked.state.into(),
            reason: view.asked.reason,
            asked_by: view.asked_by,
            asked_at: view.asked.asked_at,
            decided_by: view.decided_by,
            decided_at: view.asked.decided_at,
            decision: view.asked.decision,
            ended_at: view.asked.ended_at,
        }
    }
}

/// A line of the register of processing activities: a project's use of data for a purpose.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProcessingActivity {
    pub used: ProjectPurpose,
    /// Names of the assets that grants open for it.
    pub assets: Vec<String>,
    /// The governed tags on them.
    pub categories: Vec<String>,
}

impl From<register::Activity> for ProcessingActivity {
    fn from(activity: register::Activity) -> Self {
        Self {
            used: activity.used.into(),
            assets: activity.assets.into_iter().map(|(_, name)| name).collect(),
            categories: activity.categories,
        }
    }
}
