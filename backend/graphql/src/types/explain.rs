//! Why somebody reads what he reads.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::access::explain;

use super::filled;
use crate::scalars::{Id, Mask};

/// What shows of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "explain::Shows")]
pub enum Shows {
    /// Every cell as it is.
    Whole,
    /// Some rows' cells.
    Partial,
    /// Something else instead of the values.
    Masked,
    /// Nothing: for that person the column does not exist.
    Nothing,
}

/// What kind of rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "explain::RuleKind")]
pub enum RuleKind {
    /// Being a member of the project that owns the table.
    Membership,
    /// The grant of a subscription.
    Subscription,
    /// A grant that came without a request.
    DirectGrant,
    /// A grant that its holder gave to himself in an emergency.
    BreakGlass,
    /// A right on the whole database.
    CoarseRight,
    Restriction,
}

/// Why somebody reads what he reads of an asset's table.
#[derive(Debug, Clone, SimpleObject)]
pub struct AccessExplanation {
    /// Display name of whose reading it is.
    pub person: String,
    /// The project that he acts in.
    pub project_id: Option<Id>,
    pub project_name: Option<String>,
    /// In one sentence.
    pub words: String,
    /// Which model decides, coarse rights or fine grants, and what says so; null where fine grants alone count.
    pub model: Option<String>,
    pub columns: Vec<ColumnExplanation>,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
    /// When the access changes by itself.
    pub valid_until: Option<DateTime<Utc>>,
    /// Names of purposes of which grants demand one that is not stated.
    pub demanding: Vec<String>,
    /// Equal fingerprints see equal cells of an equal data version; null where nothing is read.
    pub fingerprint: Option<String>,
}

/// What shows of a column, and why.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnExplanation {
    pub id: Id,
    pub name: String,
    pub shows: Shows,
    pub mask: Option<Mask>,
    pub words: String,
    /// Without all of these it would read otherwise; without any other rule it would read the same.
    pub rules: Vec<DecidingRule>,
}

/// A rule that decides about a column.
#[derive(Debug, Clone, SimpleObject)]
pub struct DecidingRule {
    pub kind: RuleKind,
    pub id: Option<Id>,
    /// Reasons and conditions stand here for reviewers of the asset.
    pub words: String,
}

impl From<explain::Explained> for AccessExplanation {
    fn from(explained: explain::Explained) -> Self {
        let (project_id, project_name) = explained.project.map(|(id, name)| (id.into(), name)).unzip();
        Self {
            person: explained.person,
            project_id,
            project_name,
            words: explained.words,
            model: filled(explained.model),
            columns: explained.columns.into_iter().map(Into::into).collect(),
            export: explained.export,
            valid_until: explained.valid_until,
            demanding: explained.demanding,
            fingerprint: explained.fingerprint,
        }
    }
}

impl From<explain::ColumnExplained> for ColumnExplanation {
    fn from(column: explain::ColumnExplained) -> Self {
        let rule = |rule: explain::DecidingRule| DecidingRule {
            kind: rule.kind.into(),
            id: rule.id.map(Id),
            words: rule.words,
        };
        Self {
            id: column.id.into(),
            name: column.name,
            shows: column.shows.into(),
            mask: column.mask.map(Into::into),
            words: column.words,
            rules: column.rules.into_iter().map(rule).collect(),
        }
    }
}
