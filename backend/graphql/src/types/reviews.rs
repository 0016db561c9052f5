//! Who can read an asset, and the campaigns that review it.

use async_graphql::{Enum, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::access::{readers, reviews};
use lakegate_model::{Fault, words};

use super::{
    explain::RuleKind,
    filled,
    simulate::{AccessSubject, ColumnReading},
};
use crate::scalars::Id;

/// Everybody who can read an asset now.
#[derive(Debug, Clone, SimpleObject)]
pub struct AssetReaders {
    pub readers: Vec<AssetReader>,
    /// Whether all reads of the asset were looked at; otherwise the latest 20,000 were, and what was used before is not known.
    pub usage_complete: bool,
}

/// Somebody who can read an asset, acting in a project.
#[derive(Debug, Clone, SimpleObject)]
pub struct AssetReader {
    pub subject: AccessSubject,
    /// The columns that exist for that person.
    pub columns: Vec<ColumnReading>,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
    pub through: Vec<ReadsThrough>,
    /// When that person read it last, in whatever project.
    pub last_read: Option<DateTime<Utc>>,
}

/// Through what somebody reads.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReadsThrough {
    pub kind: RuleKind,
    /// The grant; null for membership of the project that owns the table.
    pub id: Option<Id>,
    pub words: String,
    /// When it began; null for membership.
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Display name of who approved or gave it.
    pub approved_by: Option<String>,
    pub reason: Option<String>,
    /// When anybody read the asset under it last.
    pub last_used: Option<DateTime<Utc>>,
}

/// What a review of access is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "words::ReviewScope")]
pub enum ReviewScope {
    Asset,
    /// Every asset of it.
    Project,
    /// Every asset of its projects, those of the domains below included.
    Domain,
}

/// What a reviewer decides of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "words::ReviewDecision")]
pub enum ReviewDecision {
    Keep,
    /// Take it back.
    Revoke,
    /// Leave it what was used of it.
    Shrink,
}

/// A campaign that reviews who has access.
#[derive(Debug, Clone, SimpleObject)]
pub struct Review {
    pub id: Id,
    pub title: String,
    pub scope: ReviewScope,
    /// The name of the asset, project or domain.
    pub over: String,
    /// Display name.
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// How many grants need no decision any more.
    pub done: i32,
    pub total: i32,
    pub items: Vec<ReviewItem>,
    /// Whether the caller may decide and close.
    pub may_run: bool,
}

/// One grant in a campaign, as it was when the campaign began, and what was decided of it.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReviewItem {
    pub id: Id,
    pub grant_id: Id,
    /// The subscription that it belongs to; null for a grant that came without a request.
    pub subscription_id: Option<Id>,
    /// The name of the asset, database or tag that it opens.
    pub opens: String,
    pub holder: String,
    pub since: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    pub approved_by: String,
    pub reason: String,
    /// The columns that it opens, in words.
    pub columns: Option<String>,
    /// When anybody read under it last.
    pub last_used: Option<DateTime<Utc>>,
    /// The columns that were read under it, in words.
    pub used_columns: Option<String>,
    /// Whether everything that was read under it was looked at.
    pub usage_complete: bool,
    pub decision: Option<ReviewDecision>,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
    /// The grant that stands in its place since it was narrowed.
    pub replaced_by: Option<Id>,
    /// Whether the grant ended without a decision here.
    pub ended: bool,
}

/// A campaign to be started, over an asset, a project or a domain.
#[derive(Debug, InputObject)]
pub struct StartReviewInput {
    title: String,
    asset: Option<Id>,
    project: Option<Id>,
    domain: Option<Id>,
    due_at: DateTime<Utc>,
}

impl StartReviewInput {
    /// The campaign.
    ///
    /// # Errors
    /// `invalid` unless exactly one thing is named.
    pub fn read(self) -> Result<reviews::NewReview, Fault> {
        let over = match (self.asset, self.project, self.domain) {
            (Some(id), None, None) => reviews::Over::Asset(id.into()),
            (None, Some(id), None) => reviews::Over::Project(id.into()),
            (None, None, Some(id)) => reviews::Over::Domain(id.into()),
            _ => {
                return Err(Fault::invalid(
                    "asset",
                    "a review is over an asset, a project or a domain: name one of them",
                ));
            }
        };
        Ok(reviews::NewReview { title: self.title, over, due: self.due_at })
    }
}

/// What a reviewer decides of one grant.
#[derive(Debug, InputObject)]
pub struct ReviewDecisionInput {
    decision: ReviewDecision,
    /// Why: whoever loses something reads it. Keeping needs none.
    #[graphql(default)]
    note: String,
    /// For `SHRINK`: what was used within so many days stays; 90, if nothing is said.
    days: Option<i32>,
}

impl From<ReviewDecisionInput> for reviews::Decision {
    fn from(input: ReviewDecisionInput) -> Self {
        Self { what: input.decision.into(), note: input.note, days: input.days.map(i64::from) }
    }
}

impl From<readers::Readers> for AssetReaders {
    fn from(found: readers::Readers) -> Self {
        Self { readers: found.readers.into_iter().map(Into::into).collect(), usage_complete: found.usage_complete }
    }
}

impl From<readers::Reader> for AssetReader {
    fn from(reader: readers::Reader) -> Self {
        Self {
            subject: reader.subject.into(),
            columns: reader.columns.into_iter().map(Into::into).collect(),
            export: reader.export,
            through: reader.through.into_iter().map(Into::into).collect(),
            last_read: reader.last_read,
        }
    }
}

impl From<readers::Through> for ReadsThrough {
    fn from(through: readers::Through) -> Self {
        Self {
            kind: through.kind.into(),
            id: through.id.map(Id),
            words: through.words,
            since: through.since,
            until: through.until,
            approved_by: filled(through.approved_by),
            reason: filled(through.reason),
            last_used: through.last_used,
        }
    }
}

impl From<reviews::ReviewView> for Review {
    fn from(view: reviews::ReviewView) -> Self {
        let (done, total) = view.progress();
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            id: view.review.id.into(),
            title: view.review.title,
            scope: view.review.scope.into(),
            over: view.over,
            started_by: view.started_by,
            started_at: view.review.started_at,
            due_at: view.review.due_at,
            closed_at: view.review.closed_at,
            done: count(done),
            total: count(total),
            items: view.items.into_iter().map(Into::into).collect(),
            may_run: view.may_run,
        }
    }
}

impl From<reviews::ItemView> for ReviewItem {
    fn from(view: reviews::ItemView) -> Self {
        let item = view.item;
        Self {
            id: item.id.into(),
            grant_id: item.grant_id.into(),
            subscription_id: item.subscription_id.map(Into::into),
            opens: item.opens,
            holder: item.holder,
            since: item.since,
            until: item.until,
            approved_by: item.approved_by,
            reason: item.reason,
            columns: filled(item.columns),
            last_used: item.last_used,
            used_columns: filled(item.used_columns),
            usage_complete: item.usage_complete,
            decision: item.decision.map(Into::into),
            decided_by: view.decided_by,
            decided_at: item.decided_at,
            note: filled(item.note),
            replaced_by: item.replaced_by.map(Into::into),
            ended: view.ended,
        }
    }
}
