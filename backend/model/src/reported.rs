//! Lineage that other programs report: their jobs, runs and datasets.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::{
    Timestamp,
    ids::{
        AssetId, DatabaseId, ProjectId, ReportedDatasetId, ReportedEventId, ReportedJobId, ReportedRuleId,
        ReportedRunId, TableId,
    },
    words::{ReportedMatch, ReportedState},
};
use uuid::Uuid;

/// A fact that events state again and again: the latest of them holds, in whatever order they come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Time of the event that states it.
    pub at: Timestamp,
    pub value: Value,
}

impl Register {
    /// What decides between two that state the same fact: the time, and where that is equal anything that is always the same.
    fn rank(&self) -> (Timestamp, String) {
        (self.at, self.value.to_string())
    }
}

/// Facts by their names: facets of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Registers(pub BTreeMap<String, Register>);

impl Registers {
    /// Takes in a fact, unless a later one stands there.
    pub fn put(&mut self, name: &str, new: Register) {
        match self.0.get_mut(name) {
            Some(held) if held.rank() >= new.rank() => {}
            Some(held) => *held = new,
            None => {
                self.0.insert(name.to_owned(), new);
            }
        }
    }

    /// The value of a fact that was not taken back.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|held| &held.value).filter(|value| !is_taken_back(value))
    }

    /// All facts that were not taken back.
    pub fn held(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.iter().map(|(name, held)| (name.as_str(), &held.value));
        all.filter(|(_, value)| !is_taken_back(value))
    }
}

/// Whether a facet says that an earlier one does not hold any more.
fn is_taken_back(value: &Value) -> bool {
    value.get("_deleted").and_then(Value::as_bool).unwrap_or(false)
}

/// What the events of one run have said so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunShape {
    /// When it began: the earliest time of an event that says so.
    pub started: Option<Timestamp>,
    /// When it was last seen at work.
    pub running: Option<Timestamp>,
    /// How it ended.
    pub ended: Option<Register>,
    pub facets: Registers,
    /// What it reads and writes, with the facets that are about this run alone.
    pub inputs: BTreeMap<ReportedDatasetId, Registers>,
    pub outputs: BTreeMap<ReportedDatasetId, Registers>,
}

/// A job of another program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReportedJob {
    pub id: ReportedJobId,
    pub project_id: ProjectId,
    pub namespace: String,
    pub name: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub facets: Registers,
    /// The run whose reads and writes are its lineage.
    pub drawn_run: Option<ReportedRunId>,
    /// When it was first and last heard of.
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// A run of such a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReportedRun {
    pub id: ReportedRunId,
    pub project_id: ProjectId,
    pub job_id: ReportedJobId,
    /// As its producer calls it.
    pub run_id: Uuid,
    pub state: ReportedState,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Of its latest event.
    pub last_at: Timestamp,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub shape: RunShape,
}

/// An event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReportedEvent {
    pub id: ReportedEventId,
    pub project_id: ProjectId,
    pub run_id: Option<ReportedRunId>,
    /// Of the body.
    pub digest: String,
    pub event_at: Timestamp,
    pub received_at: Timestamp,
    /// Name of who sent it.
    pub sent_by: String,
    /// JSON.
    pub body: String,
}

/// A dataset that such jobs read or write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReportedDataset {
    pub id: ReportedDatasetId,
    pub project_id: ProjectId,
    pub namespace: String,
    pub name: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub facets: Registers,
    pub matched: ReportedMatch,
    /// The table of the catalogue that it is, with its entry.
    pub table_id: Option<TableId>,
    pub asset_id: Option<AssetId>,
    /// The other dataset that it is.
    pub same_as: Option<ReportedDatasetId>,
    /// The dataset through which that is known.
    pub via: Option<ReportedDatasetId>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

impl ReportedDataset {
    /// The node of lineage that it is.
    pub fn node(&self) -> Uuid {
        let other = self.same_as.map_or(self.id.0, |other| other.0);
        self.table_id.map_or(other, |table| table.0)
    }
}

/// A column of a dataset that is no table of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReportedColumn {
    pub id: crate::ids::ColumnId,
    pub dataset_id: ReportedDatasetId,
    pub name: String,
    /// In the words of its producer; empty if it did not say.
    pub column_type: String,
}

/// What a dataset is: a table, another dataset, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Sameness {
    pub table_id: Option<TableId>,
    pub same_as: Option<ReportedDatasetId>,
}

/// Names of a namespace under a prefix are tables of a database: what follows the prefix is the table's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ReportedRule {
    pub id: ReportedRuleId,
    pub project_id: ProjectId,
    pub namespace: String,
    pub prefix: String,
    pub database_id: DatabaseId,
    pub database_name: String,
    pub created_by: String,
    pub created_at: Timestamp,
}
