//! What a change of rules would change.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::access::simulate;

use super::{explain::Shows, filled};
use crate::scalars::{Id, Mask};

/// What a change would do. Nothing of it was done.
#[derive(Debug, Clone, SimpleObject)]
pub struct Simulation {
    /// The moment for which it was computed: now, or when a grant that is to begin later begins.
    pub at: DateTime<Utc>,
    /// One for each person (or service account), project and asset where something would change.
    pub differences: Vec<AccessDifference>,
    /// For a new grant, what those to whom it is given would read then, changed or not.
    pub holders: Vec<AccessReading>,
    /// How many pairs of somebody who acts in a project and a table were looked at, as far as the caller is told of them.
    pub compared: i32,
    /// Whether every difference is told: who does not review an asset is told nothing of others' access to it.
    pub complete: bool,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "simulate::Kind")]
pub enum ReaderKind {
    Person,
    ServiceAccount,
}

/// What happens to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "simulate::Effect")]
pub enum AccessEffect {
    /// It exists for that person then.
    Gained,
    /// It exists for that person no longer.
    Lost,
    /// Something else shows instead of its values.
    Masked,
    /// Its values show.
    Unmasked,
    /// Something else shows than what shows now.
    OtherMask,
    /// Cells of some rows show, where all do now.
    Partial,
    /// Cells of all rows show, where some do now.
    AllRows,
    /// Cells of other rows show.
    OtherRows,
}

/// Somebody who acts in a project, or several of whom the caller may not know more than how many they are.
#[derive(Debug, Clone, SimpleObject)]
pub struct AccessSubject {
    pub kind: Option<ReaderKind>,
    pub id: Option<Id>,
    /// Display name; null where it is not for the caller.
    pub name: Option<String>,
    /// The project in which that person acts, where the caller may know of it.
    pub project_id: Option<Id>,
    pub project_name: Option<String>,
    /// How many this stands for: 1, if somebody is named.
    pub count: i32,
}

/// What would change of somebody's reading of an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct AccessDifference {
    pub subject: AccessSubject,
    pub asset_id: Id,
    pub asset_name: String,
    /// In one sentence.
    pub words: String,
    pub columns: Vec<ColumnDifference>,
    /// Whether rows may leave through downloads and exports then; null if that stays as it is.
    pub export: Option<bool>,
}

/// A column before and after a change.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnDifference {
    pub id: Id,
    pub name: String,
    pub effects: Vec<AccessEffect>,
    pub before: Shows,
    pub after: Shows,
    /// What shows instead of its values then.
    pub mask: Option<Mask>,
}

/// What somebody would read of an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct AccessReading {
    pub subject: AccessSubject,
    pub asset_id: Id,
    pub asset_name: String,
    /// The columns that exist for that person then.
    pub columns: Vec<ColumnReading>,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
}

/// What would show of a column.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnReading {
    pub id: Id,
    pub name: String,
    pub shows: Shows,
    pub mask: Option<Mask>,
}

impl From<simulate::Simulation> for Simulation {
    fn from(found: simulate::Simulation) -> Self {
        Self {
            at: found.at,
            differences: found.differences.into_iter().map(Into::into).collect(),
            holders: found.holders.into_iter().map(Into::into).collect(),
            compared: count(found.compared),
            complete: found.complete,
        }
    }
}

impl From<simulate::Subject> for AccessSubject {
    fn from(subject: simulate::Subject) -> Self {
        let (kind, id) = subject.who.unzip();
        let (project_id, project_name) = subject.project.map(|(id, name)| (id.into(), name)).unzip();
        Self {
            kind: kind.map(Into::into),
            id: id.map(Id),
            name: filled(subject.name),
            project_id,
            project_name,
            count: count(subject.count),
        }
    }
}

impl From<simulate::Difference> for AccessDifference {
    fn from(found: simulate::Difference) -> Self {
        Self {
            subject: found.subject.into(),
            asset_id: found.asset.into(),
            asset_name: found.asset_name,
            words: found.words,
            columns: found.columns.into_iter().map(Into::into).collect(),
            export: found.export,
        }
    }
}

impl From<simulate::ColumnChange> for ColumnDifference {
    fn from(column: simulate::ColumnChange) -> Self {
        Self {
            id: column.id.into(),
            name: column.name,
            effects: column.effects.into_iter().map(Into::into).collect(),
            before: column.before.into(),
            after: column.after.into(),
            mask: column.mask.map(Into::into),
        }
    }
}

impl From<simulate::ColumnRead> for ColumnReading {
    fn from(column: simulate::ColumnRead) -> Self {
        Self { id: column.id.into(), name: column.name, shows: column.shows.into(), mask: column.mask.map(Into::into) }
    }
}

impl From<simulate::Reading> for AccessReading {
    fn from(found: simulate::Reading) -> Self {
        Self {
            subject: found.subject.into(),
            asset_id: found.asset.into(),
            asset_name: found.asset_name,
            columns: found.columns.into_iter().map(Into::into).collect(),
            export: found.export,
        }
    }
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
