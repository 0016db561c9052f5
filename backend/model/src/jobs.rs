//! Work that is done later: runs, their attempts and logs, schedules, workers.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{
    Timestamp,
    ids::{ProjectId, RunId, ScheduleId, WorkerId},
    words::{AttemptOutcome, CatchUp, JobState, LogLevel},
};

/// Whose work it is that belongs to no project: the installation's own.
pub const SYSTEM: ProjectId = ProjectId(Uuid::nil());

/// How urgent a run is: smaller goes first, among all projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
pub struct Priority(pub i64);

impl Priority {
    /// Somebody waits for it.
    pub const URGENT: Self = Self(0);
    /// Ordinary work.
    pub const NORMAL: Self = Self(1);
    /// Whenever there is nothing better to do.
    pub const BACKGROUND: Self = Self(2);
}

/// One execution of a kind of work.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobRun {
    pub id: RunId,
    /// Which kind of work, such as `crawl`.
    pub kind: String,
    /// Whose work it is; [`SYSTEM`] for the installation's own.
    pub project_id: ProjectId,
    /// What is worked on, such as a data source.
    pub subject_id: Option<Uuid>,
    pub schedule_id: Option<ScheduleId>,
    /// The failed run that this one tries anew.
    pub replay_of: Option<RunId>,
    pub state: JobState,
    pub priority: Priority,
    /// When it may start.
    pub run_at: Timestamp,
    /// `manual`, `schedule`, `event` or `replay`.
    pub trigger_kind: String,
    pub started_by: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub input: Value,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub progress: JobProgress,
    #[cfg_attr(feature = "sqlx", sqlx(json(nullable)))]
    pub output: Option<Value>,
    /// Raised by each claim: a worker that lost its run no longer writes.
    pub attempt: i64,
    /// Attempts that failed, or whose worker died.
    pub tries: i64,
    pub max_tries: i64,
    pub worker_id: Option<WorkerId>,
    pub lease_until: Option<Timestamp>,
    pub cancel_requested: bool,
    pub error_code: Option<String>,
    /// What went wrong, in words for people; holds no cell data.
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub beat_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// When a failed run was replayed or discarded.
    pub resolved_at: Option<Timestamp>,
}

impl JobRun {
    /// Whether this failed run still waits for somebody to replay or discard it.
    pub fn is_dead_letter(&self) -> bool {
        self.state == JobState::Failed && self.resolved_at.is_none()
    }

    /// Whether it will not change any more.
    pub fn is_ended(&self) -> bool {
        self.state.is_final()
    }

    /// How long its last attempts worked in all, until `now` if it works still.
    pub fn duration(&self, now: Timestamp) -> Option<TimeDelta> {
        Some(self.ended_at.unwrap_or(now) - self.started_at?)
    }
}

impl JobState {
    /// Whether a run in it will not change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// How far a run has come, in its kind's own units.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobProgress {
    /// What it does just now; empty before it started.
    #[serde(default)]
    pub phase: String,
    /// What is counted, such as `tables`.
    #[serde(default)]
    pub unit: String,
    #[serde(default)]
    pub done: i64,
    /// How many there are in all, once that is known.
    #[serde(default)]
    pub total: Option<i64>,
    /// Whatever else the kind counts, by name.
    #[serde(default)]
    pub counts: BTreeMap<String, i64>,
}

impl JobProgress {
    /// The share that is done, in percent, where the whole is known.
    pub fn percent(&self) -> Option<i64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.done.clamp(0, total) * 100) / total)
    }

    /// How long the rest will take, if it goes on as it did in the time since `started`.
    pub fn remaining(&self, started: Timestamp, now: Timestamp) -> Option<TimeDelta> {
        let total = self.total.filter(|total| *total > self.done && self.done > 0)?;
        let spent = (now - started).num_milliseconds().max(0);
        Some(TimeDelta::milliseconds(spent / self.done * (total - self.done)))
    }
}

/// One attempt at a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobAttempt {
    pub attempt: i64,
    pub worker_id: WorkerId,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<AttemptOutcome>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// When it is tried again.
    pub next_at: Option<Timestamp>,
}

/// A line of what a run said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobLogLine {
    pub number: i64,
    pub attempt: i64,
    pub at: Timestamp,
    pub level: LogLevel,
    pub message: String,
}

/// When work of a kind begins by itself. Exactly one of `cron`, `every_seconds` and `once_at` says so.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobSchedule {
    pub id: ScheduleId,
    pub kind: String,
    pub project_id: ProjectId,
    pub subject_id: Option<Uuid>,
    pub name: String,
    pub cron: Option<String>,
    pub every_seconds: Option<i64>,
    pub once_at: Option<Timestamp>,
    /// IANA name of the zone in which `cron` is read.
    pub zone: String,
    /// Runs start up to this much after their tick.
    pub jitter_seconds: i64,
    /// What happens to ticks that nobody was there for.
    pub catch_up: CatchUp,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub input: Value,
    pub enabled: bool,
    /// The tick that comes next.
    pub next_tick: Option<Timestamp>,
    /// When its run is queued: the tick and its jitter.
    pub next_at: Option<Timestamp>,
    pub last_tick: Option<Timestamp>,
    /// Raised by each change.
    pub version: i64,
    pub created_by: String,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

impl JobSchedule {
    /// A schedule of the work on something that says of no time yet: in UTC, without jitter; of missed ticks one is
    /// caught up with.
    pub fn resting(
        id: ScheduleId,
        (kind, project_id): (&str, ProjectId),
        (subject, name): (Uuid, &str),
        (created_by, now): (&str, Timestamp),
    ) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            project_id,
            subject_id: Some(subject),
            name: name.to_owned(),
            cron: None,
            every_seconds: None,
            once_at: None,
            zone: "UTC".to_owned(),
            jitter_seconds: 0,
            catch_up: CatchUp::One,
            input: Value::Object(serde_json::Map::new()),
            enabled: true,
            next_tick: None,
            next_at: None,
            last_tick: None,
            version: 1,
            created_by: created_by.to_owned(),
            created_at: now,
            changed_at: now,
        }
    }
}

/// A process that works.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobWorker {
    pub id: WorkerId,
    /// Host and process, for people.
    pub name: String,
    pub version: String,
    pub light_slots: i64,
    pub heavy_slots: i64,
    pub started_at: Timestamp,
    pub beat_at: Timestamp,
    pub stopping: bool,
}

/// A kind of work that is held up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct JobPause {
    /// The kind, or `*` for all of them.
    pub kind: String,
    pub reason: String,
    pub paused_by: String,
    pub paused_at: Timestamp,
}

/// How much of a kind there is in each state that is not yet the end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KindLoad {
    pub waiting: i64,
    pub scheduled: i64,
    pub held: i64,
    pub running: i64,
    /// When the oldest that waits could have started.
    pub oldest: Option<Timestamp>,
    /// Failed runs that nobody replayed or discarded.
    pub dead_letters: i64,
    /// Submissions refused because too much waited.
    pub refused: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_estimates_only_what_it_knows() {
        let begun = Timestamp::UNIX_EPOCH;
        let at = begun + TimeDelta::seconds(30);
        let known = JobProgress { done: 3, total: Some(9), ..JobProgress::default() };
        assert_eq!((known.percent(), known.remaining(begun, at)), (Some(33), Some(TimeDelta::seconds(60))));
        let open = JobProgress { done: 3, ..JobProgress::default() };
        assert_eq!((open.percent(), open.remaining(begun, at)), (None, None));
        let empty = JobProgress { total: Some(0), ..JobProgress::default() };
        assert_eq!((empty.percent(), empty.remaining(begun, at)), (None, None));
    }
}
