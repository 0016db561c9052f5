//! What starts work when something happens.

use uuid::Uuid;

use crate::{
    Timestamp,
    ids::{ProjectId, RunId, SecretId, TriggerId},
    words::{Happening, JobState},
};

/// Waits for something to happen, gathers it, and starts work when there is enough of it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobTrigger {
    pub id: TriggerId,
    pub project_id: ProjectId,
    /// Which kind of work it starts, such as `crawl`.
    pub kind: String,
    /// What is worked on, such as a data source.
    pub subject_id: Uuid,
    pub name: String,
    pub happening: Happening,
    /// What the run worked on, or the asset; anything in the project if `None`.
    pub watched_id: Option<Uuid>,
    /// How a run has to have ended; any way if `None`.
    pub outcome: Option<JobState>,
    /// Where objects count: the address that theirs begin with.
    pub prefix: String,
    /// Addresses below the prefix where they do not.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub excluded: Vec<String>,
    /// Seconds between two listings of the prefix; `None` where objects are only told of.
    pub list_seconds: Option<i64>,
    /// Work starts when so many have gathered,
    pub batch_events: i64,
    /// or so many seconds after the first of them.
    pub batch_seconds: i64,
    pub enabled: bool,
    /// What calls are signed with; `None` where nobody calls.
    pub secret_id: Option<SecretId>,
    /// What has gathered and is not part of a run yet.
    pub gathered: i64,
    /// When that becomes a run at the latest.
    pub due_at: Option<Timestamp>,
    /// The number of its last event.
    pub last_event: i64,
    pub last_at: Option<Timestamp>,
    pub version: i64,
    pub created_by: String,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

impl JobTrigger {
    /// Whether an object of this address counts.
    pub fn covers(&self, object: &str) -> bool {
        object.starts_with(&self.prefix) && !self.excluded.iter().any(|prefix| object.starts_with(prefix.as_str()))
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct TriggerEvent {
    /// Within its trigger, in the order they were noticed.
    pub number: i64,
    /// What it is about, such as the address of an object.
    pub about: String,
    pub at: Timestamp,
    /// The run that it is part of; `None` while it waits for others.
    pub run_id: Option<RunId>,
}

/// Something to be remembered as an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The same key is the same event, told again.
    pub key: String,
    pub about: String,
}
