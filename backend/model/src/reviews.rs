//! Campaigns that review who has access.

use crate::{
    Timestamp,
    ids::{AssetId, DomainId, GrantId, ProjectId, ReviewId, ReviewItemId, SubscriptionId, UserId},
    words::{ReviewDecision, ReviewScope},
};

/// A campaign: every grant on what it is over, to be kept, taken back or narrowed until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Review {
    pub id: ReviewId,
    pub title: String,
    pub scope: ReviewScope,
    pub asset_id: Option<AssetId>,
    pub project_id: Option<ProjectId>,
    pub domain_id: Option<DomainId>,
    pub started_by: UserId,
    pub started_at: Timestamp,
    pub due_at: Timestamp,
    /// When those who run it were told of what was undecided on its day.
    pub reminded_at: Option<Timestamp>,
    pub closed_by: Option<UserId>,
    pub closed_at: Option<Timestamp>,
}

/// One grant in a campaign, as it was when the campaign began, and what was decided of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReviewItem {
    pub id: ReviewItemId,
    pub review_id: ReviewId,
    pub grant_id: GrantId,
    /// The subscription that it belongs to; none for a grant that came without a request.
    pub subscription_id: Option<SubscriptionId>,
    /// The asset that it opens; none for one on a database or a tag.
    pub asset_id: Option<AssetId>,
    /// The name of what it opens.
    pub opens: String,
    /// Who holds it, by name.
    pub holder: String,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// Who approved or gave it, by name.
    pub approved_by: String,
    pub reason: String,
    /// The columns that it opens, in words.
    pub columns: String,
    pub last_used: Option<Timestamp>,
    /// The names of the columns that were read under it.
    pub used_columns: String,
    /// Whether everything that was read under it was looked at.
    pub usage_complete: bool,
    pub decision: Option<ReviewDecision>,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
    pub note: String,
    /// The grant that stands in its place since it was narrowed.
    pub replaced_by: Option<GrantId>,
}
