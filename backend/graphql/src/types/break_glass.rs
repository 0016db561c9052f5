//! Emergency access.

use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::access::break_glass::{NewBreakGlass, views::BreakGlassView};

use crate::scalars::{BreakGlassVerdict, Id};

/// A table that an administrator opened for himself in an emergency.
#[derive(Debug, Clone, SimpleObject)]
pub struct BreakGlass {
    /// Also the id of the grant behind it; every read through it carries it in the audit.
    pub id: Id,
    pub asset_id: Id,
    pub asset_name: String,
    /// The project that owns the table.
    pub project_id: Id,
    pub project_name: String,
    /// Who opened it.
    pub user_id: Id,
    /// Display name.
    pub user_name: String,
    pub reason: String,
    pub opened_at: DateTime<Utc>,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
    /// Whether it opens the table now.
    pub open: bool,
    pub ended_at: Option<DateTime<Utc>>,
    /// Display name of who ended it before its time.
    pub ended_by: Option<String>,
    /// How often the table was read through it.
    pub reads: i32,
    pub last_read: Option<DateTime<Utc>>,
    /// The columns that were read through it.
    pub columns: Vec<String>,
    /// What the second person said; null while that waits.
    pub verdict: Option<BreakGlassVerdict>,
    pub note: String,
    /// Display name.
    pub reviewed_by: Option<String>,
    pub reviewed_at: Option<DateTime<Utc>>,
    pub may_end: bool,
    pub may_review: bool,
}

impl From<BreakGlassView> for BreakGlass {
    fn from(view: BreakGlassView) -> Self {
        let glass = view.glass;
        Self {
            id: glass.id.into(),
            asset_id: glass.asset_id.into(),
            asset_name: view.asset,
            project_id: glass.project_id.into(),
            project_name: view.project,
            user_id: glass.user_id.into(),
            user_name: view.person,
            reason: glass.reason,
            opened_at: glass.opened_at,
            until: glass.until,
            open: view.open,
            ended_at: glass.ended_at,
            ended_by: view.ended_by,
            reads: i32::try_from(view.reads).unwrap_or(i32::MAX),
            last_read: view.last_read,
            columns: view.columns,
            verdict: glass.verdict.map(Into::into),
            note: glass.note,
            reviewed_by: view.reviewed_by,
            reviewed_at: glass.reviewed_at,
            may_end: view.may_end,
            may_review: view.may_review,
        }
    }
}

/// An emergency access to be opened.
#[derive(Debug, InputObject)]
pub struct BreakGlassInput {
    pub asset: Id,
    /// What happened, and why it cannot wait for an approval: at least 20 characters.
    pub reason: String,
    /// When it ends by itself; as the installation is configured, if nothing is said.
    pub minutes: Option<i32>,
}

impl From<BreakGlassInput> for NewBreakGlass {
    fn from(input: BreakGlassInput) -> Self {
        Self { asset: input.asset.into(), reason: input.reason, minutes: input.minutes.map(Into::into) }
    }
}
