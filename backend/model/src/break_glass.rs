//! Emergency access: somebody opened a table for himself, and a second person says what he thinks of it.

use crate::{
    Timestamp,
    ids::{AssetId, GrantId, ProjectId, UserId},
    words::BreakGlassVerdict,
};

/// A table that an administrator opened for himself in an emergency. Its id is that of the grant behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct BreakGlass {
    pub id: GrantId,
    pub asset_id: AssetId,
    /// The project that owns the table.
    pub project_id: ProjectId,
    /// Who opened it, for himself.
    pub user_id: UserId,
    pub reason: String,
    pub opened_at: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// When it was ended before, or was found to have run out.
    pub ended_at: Option<Timestamp>,
    /// Who ended it; nobody where it ran out.
    pub ended_by: Option<UserId>,
    /// What the second person said; none while the review waits.
    pub verdict: Option<BreakGlassVerdict>,
    /// What he wrote.
    pub note: String,
    pub reviewed_by: Option<UserId>,
    pub reviewed_at: Option<Timestamp>,
}

impl BreakGlass {
    /// Whether it opens the table now.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.until
    }
}
