//! Purposes: what data is used for, and which projects may use it so (access rule 22).

use crate::{
    Timestamp,
    ids::{ProjectId, ProjectPurposeId, PurposeId, UserId},
    words::PurposeState,
};

/// A purpose of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Purpose {
    pub id: PurposeId,
    /// Unique without regard to case.
    pub name: String,
    pub description: String,
    /// What allows it: `contract`, `consent`, a section of a law.
    pub legal_basis: String,
    pub created_by: UserId,
    pub created_at: Timestamp,
    /// Nobody states it after that.
    pub ended_at: Option<Timestamp>,
}

/// A purpose that a project asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ProjectPurpose {
    pub id: ProjectPurposeId,
    pub project_id: ProjectId,
    pub purpose_id: PurposeId,
    pub state: PurposeState,
    /// Why the project asked.
    pub reason: String,
    pub asked_by: UserId,
    pub asked_at: Timestamp,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
    /// What was said to the decision.
    pub decision: String,
    pub ended_at: Option<Timestamp>,
}
