//! What somebody could read on an earlier day.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::access::past;

use super::{
    reviews::ReadsThrough,
    simulate::{AccessDifference, AccessSubject, ColumnReading},
};

/// What a person could read of an asset at a moment.
#[derive(Debug, Clone, SimpleObject)]
pub struct PastReading {
    pub at: DateTime<Utc>,
    pub subject: AccessSubject,
    /// The columns that existed for that person.
    pub columns: Vec<ColumnReading>,
    /// Whether rows could leave through downloads and exports.
    pub export: bool,
    /// The grants that gave it.
    pub through: Vec<ReadsThrough>,
    /// What is taken for granted, because nothing keeps how it was.
    pub assumes: Vec<String>,
}

/// What changed of a person's reading of an asset between two moments.
#[derive(Debug, Clone, SimpleObject)]
pub struct PastDifference {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// Null if nothing changed.
    pub difference: Option<AccessDifference>,
    /// What is taken for granted, because nothing keeps how it was.
    pub assumes: Vec<String>,
}

impl From<past::PastReading> for PastReading {
    fn from(found: past::PastReading) -> Self {
        Self {
            at: found.at,
            subject: found.subject.into(),
            columns: found.columns.into_iter().map(Into::into).collect(),
            export: found.export,
            through: found.through.into_iter().map(Into::into).collect(),
            assumes: found.assumes,
        }
    }
}

impl From<past::PastDifference> for PastDifference {
    fn from(found: past::PastDifference) -> Self {
        Self {
            from: found.from,
            until: found.until,
            difference: found.difference.map(Into::into),
            assumes: found.assumes,
        }
    }
}
