//! What somebody may read, and who sees a column how.

use async_graphql::SimpleObject;
use lakegate_app::access::explore::{column, person, tag};

use super::{
    explain::{AccessExplanation, DecidingRule, Shows},
    reviews::ReadsThrough,
    simulate::AccessSubject,
};
use crate::scalars::{Id, Mask};

/// A table of which somebody reads something.
#[derive(Debug, Clone, SimpleObject)]
pub struct PersonAccess {
    pub asset_id: Id,
    pub asset_name: String,
    /// Different from one project to the other, where there are several.
    pub readings: Vec<PersonReading>,
}

/// What somebody reads of a table where he acts.
#[derive(Debug, Clone, SimpleObject)]
pub struct PersonReading {
    /// Names of the projects in which he reads so, as far as the caller may know of them.
    pub projects: Vec<String>,
    pub explanation: AccessExplanation,
    /// The grants and restrictions that decide, each once.
    pub rules: Vec<DecidingRule>,
}

/// Who sees a column: as it is, in some rows, masked, not at all.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnReaders {
    pub asset_id: Id,
    pub asset_name: String,
    pub column_id: Id,
    pub column_name: String,
    /// Everybody who reads something of the table.
    pub readers: Vec<ColumnReader>,
}

/// Somebody who reads a table, at one of its columns.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnReader {
    pub subject: AccessSubject,
    pub shows: Shows,
    pub mask: Option<Mask>,
    pub through: Vec<ReadsThrough>,
}

/// A table with how many see its columns how.
#[derive(Debug, Clone, SimpleObject)]
pub struct TableTally {
    pub asset_id: Id,
    pub asset_name: String,
    /// Whether the whole table is meant.
    pub whole: bool,
    pub columns: Vec<ColumnTally>,
    /// Why nobody was counted; null if everybody was.
    pub left_out: Option<String>,
}

/// A column, with how many see it how. Somebody counts once for each project in which he reads the table.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnTally {
    pub id: Id,
    pub name: String,
    pub whole: i32,
    pub partial: i32,
    pub masked: i32,
    pub nothing: i32,
}

impl From<person::PersonTable> for PersonAccess {
    fn from(table: person::PersonTable) -> Self {
        let rule = |rule: lakegate_app::access::explain::DecidingRule| DecidingRule {
            kind: rule.kind.into(),
            id: rule.id.map(Id),
            words: rule.words,
        };
        let reading = |reading: person::PersonReading| PersonReading {
            projects: reading.projects,
            explanation: reading.explained.into(),
            rules: reading.rules.into_iter().map(rule).collect(),
        };
        Self {
            asset_id: table.asset.into(),
            asset_name: table.asset_name,
            readings: table.readings.into_iter().map(reading).collect(),
        }
    }
}

impl From<column::ColumnReaders> for ColumnReaders {
    fn from(found: column::ColumnReaders) -> Self {
        let reader = |reader: column::ColumnReader| ColumnReader {
            subject: reader.subject.into(),
            shows: reader.shows.into(),
            mask: reader.mask.map(Into::into),
            through: reader.through.into_iter().map(Into::into).collect(),
        };
        Self {
            asset_id: found.asset.into(),
            asset_name: found.asset_name,
            column_id: found.column.into(),
            column_name: found.column_name,
            readers: found.readers.into_iter().map(reader).collect(),
        }
    }
}

impl From<tag::TableTally> for TableTally {
    fn from(table: tag::TableTally) -> Self {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let column = |column: tag::ColumnTally| ColumnTally {
            id: column.id.into(),
            name: column.name,
            whole: count(column.tally.whole),
            partial: count(column.tally.partial),
            masked: count(column.tally.masked),
            nothing: count(column.tally.nothing),
        };
        Self {
            asset_id: table.asset.into(),
            asset_name: table.asset_name,
            whole: table.whole,
            columns: table.columns.into_iter().map(column).collect(),
            left_out: super::filled(table.left_out),
        }
    }
}
