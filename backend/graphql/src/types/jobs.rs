//! Work that is done later, as clients read it.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::jobs::{
    health::{self, KindHealth, WorkerHealth},
    runs::RunView,
    schedules::ScheduleView,
};
use lakegate_model::jobs::{self, JobLogLine};

use crate::scalars::{AttemptOutcome, CatchUp, Id, JobState, LogLevel, Long};

/// One execution of a kind of work.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobRun {
    pub id: Id,
    /// Which kind of work, such as `crawl`.
    pub kind: String,
    /// What the kind is called.
    pub title: String,
    /// Whose work it is; null for the installation's own.
    pub project_id: Option<Id>,
    pub project_name: Option<String>,
    /// What is worked on, such as a data source; for members of the project.
    pub subject_id: Option<Id>,
    pub subject: Option<String>,
    pub schedule_id: Option<Id>,
    /// The failed run that this one tries anew.
    pub replay_of: Option<Id>,
    pub state: JobState,
    /// When it may start, or is tried again.
    pub run_at: DateTime<Utc>,
    /// `manual`, `schedule`, `event` or `replay`.
    pub trigger: String,
    pub started_by: String,
    pub progress: JobProgress,
    /// What came of it, as JSON text; for members of the project.
    pub output: Option<String>,
    pub attempt: Long,
    /// Attempts that failed.
    pub tries: Long,
    pub max_tries: Long,
    pub cancel_requested: bool,
    pub error_code: Option<String>,
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether it failed and nobody has looked after it.
    pub dead_letter: bool,
    /// Whether the caller may cancel it, try it anew and put it away.
    pub can_act: bool,
}

impl From<RunView> for JobRun {
    fn from(view: RunView) -> Self {
        let run = view.run;
        let started = run.started_at.unwrap_or(view.at);
        Self {
            dead_letter: run.is_dead_letter(),
            progress: JobProgress::of(&run.progress, started, view.at),
            title: view.title,
            project_id: (!run.project_id.0.is_nil()).then(|| run.project_id.into()),
            project_name: view.project_name,
            subject_id: view.subject.is_some().then_some(run.subject_id).flatten().map(Into::into),
            subject: view.subject,
            can_act: view.can_act,
            id: run.id.into(),
            kind: run.kind,
            schedule_id: run.schedule_id.map(Into::into),
            replay_of: run.replay_of.map(Into::into),
            state: run.state.into(),
            run_at: run.run_at,
            trigger: run.trigger_kind,
            started_by: run.started_by,
            output: run.output.map(|output| output.to_string()),
            attempt: run.attempt.into(),
            tries: run.tries.into(),
            max_tries: run.max_tries.into(),
            cancel_requested: run.cancel_requested,
            error_code: run.error_code,
            error: run.error,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// How far a run has come, in its kind's own units.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobProgress {
    pub phase: String,
    /// What is counted, such as `tables`.
    pub unit: String,
    pub done: Long,
    /// How many there are in all, once that is known.
    pub total: Option<Long>,
    pub percent: Option<Long>,
    /// How long the rest takes, if it goes on as it did.
    pub remaining_seconds: Option<Long>,
}

impl JobProgress {
    fn of(progress: &jobs::JobProgress, started: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            percent: progress.percent().map(Into::into),
            remaining_seconds: progress.remaining(started, now).map(|left| left.num_seconds().into()),
            phase: progress.phase.clone(),
            unit: progress.unit.clone(),
            done: progress.done.into(),
            total: progress.total.map(Into::into),
        }
    }
}

/// One attempt at a run.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobAttempt {
    pub attempt: Long,
    pub worker_id: Id,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: Option<AttemptOutcome>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// When it is tried again.
    pub next_at: Option<DateTime<Utc>>,
}

impl From<jobs::JobAttempt> for JobAttempt {
    fn from(attempt: jobs::JobAttempt) -> Self {
        Self {
            attempt: attempt.attempt.into(),
            worker_id: attempt.worker_id.into(),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            outcome: attempt.outcome.map(Into::into),
            error_code: attempt.error_code,
            error: attempt.error,
            next_at: attempt.next_at,
        }
    }
}

/// A line of what a run said.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobLog {
    /// Ask for lines after this one.
    pub number: Long,
    pub attempt: Long,
    pub at: DateTime<Utc>,
    pub level: LogLevel,
    pub message: String,
}

impl From<JobLogLine> for JobLog {
    fn from(line: JobLogLine) -> Self {
        Self {
            number: line.number.into(),
            attempt: line.attempt.into(),
            at: line.at,
            level: line.level.into(),
            message: line.message,
        }
    }
}

/// When work begins by itself.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobSchedule {
    pub id: Id,
    pub kind: String,
    pub project_id: Id,
    pub subject_id: Option<Id>,
    pub name: String,
    pub cron: Option<String>,
    pub every_seconds: Option<Long>,
    pub once_at: Option<DateTime<Utc>>,
    /// The time zone in which `cron` is read.
    pub zone: String,
    pub jitter_seconds: Long,
    pub catch_up: CatchUp,
    pub enabled: bool,
    /// When it ticks, in words.
    pub words: String,
    /// The next five ticks.
    pub coming: Vec<DateTime<Utc>>,
    pub last_tick: Option<DateTime<Utc>>,
    /// Raised by each change.
    pub version: Long,
    pub created_by: String,
}

impl From<ScheduleView> for JobSchedule {
    fn from(view: ScheduleView) -> Self {
        let schedule = view.schedule;
        Self {
            id: schedule.id.into(),
            kind: schedule.kind,
            project_id: schedule.project_id.into(),
            subject_id: schedule.subject_id.map(Into::into),
            name: schedule.name,
            cron: schedule.cron,
            every_seconds: schedule.every_seconds.map(Into::into),
            once_at: schedule.once_at,
            zone: schedule.zone,
            jitter_seconds: schedule.jitter_seconds.into(),
            catch_up: schedule.catch_up.into(),
            enabled: schedule.enabled,
            words: view.words,
            coming: view.coming,
            last_tick: schedule.last_tick,
            version: schedule.version.into(),
            created_by: schedule.created_by,
        }
    }
}

/// How the queue is.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobQueue {
    pub kinds: Vec<JobKind>,
    /// Why everything is held up, if it is.
    pub paused: Option<JobPause>,
    pub workers: Vec<JobWorker>,
}

impl From<health::Health> for JobQueue {
    fn from(health: health::Health) -> Self {
        Self {
            kinds: health.kinds.into_iter().map(Into::into).collect(),
            paused: health.paused.map(Into::into),
            workers: health.workers.into_iter().map(Into::into).collect(),
        }
    }
}

/// How a kind of work is.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobKind {
    pub kind: String,
    pub title: String,
    /// Which slots it takes: `light` or `heavy`.
    pub class: String,
    /// Runs of it at work at once.
    pub at_once: Long,
    /// Runs of it that may wait; what comes beyond that is refused.
    pub bound: Long,
    pub waiting: Long,
    pub scheduled: Long,
    /// Waiting for another run over the same thing.
    pub held: Long,
    pub running: Long,
    /// When the oldest that waits could have started.
    pub oldest: Option<DateTime<Utc>>,
    pub dead_letters: Long,
    /// Submissions refused because too much waited.
    pub refused: Long,
    pub paused: Option<JobPause>,
}

impl From<KindHealth> for JobKind {
    fn from(kind: KindHealth) -> Self {
        Self {
            kind: kind.kind,
            title: kind.title,
            class: kind.class.to_owned(),
            at_once: kind.at_once.into(),
            bound: kind.bound.into(),
            waiting: kind.load.waiting.into(),
            scheduled: kind.load.scheduled.into(),
            held: kind.load.held.into(),
            running: kind.load.running.into(),
            oldest: kind.load.oldest,
            dead_letters: kind.load.dead_letters.into(),
            refused: kind.load.refused.into(),
            paused: kind.paused.map(Into::into),
        }
    }
}

/// Why work is held up.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobPause {
    pub reason: String,
    pub paused_by: String,
    pub paused_at: DateTime<Utc>,
}

impl From<jobs::JobPause> for JobPause {
    fn from(pause: jobs::JobPause) -> Self {
        Self { reason: pause.reason, paused_by: pause.paused_by, paused_at: pause.paused_at }
    }
}

/// A process that works.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobWorker {
    pub id: Id,
    pub name: String,
    pub version: String,
    pub light_slots: Long,
    pub heavy_slots: Long,
    pub started_at: DateTime<Utc>,
    /// When it was last heard of.
    pub beat_at: DateTime<Utc>,
    pub stopping: bool,
    /// The runs that it has, the longest at work first.
    pub holds: Vec<HeldRun>,
}

impl From<WorkerHealth> for JobWorker {
    fn from(health: WorkerHealth) -> Self {
        let worker = health.worker;
        let holds = health.holds.into_iter().map(|held| HeldRun {
            id: held.id.into(),
            kind: held.kind,
            started_at: held.started_at,
            beat_at: held.beat_at,
        });
        Self {
            holds: holds.collect(),
            id: worker.id.into(),
            name: worker.name,
            version: worker.version,
            light_slots: worker.light_slots.into(),
            heavy_slots: worker.heavy_slots.into(),
            started_at: worker.started_at,
            beat_at: worker.beat_at,
            stopping: worker.stopping,
        }
    }
}

/// A run that a worker has.
#[derive(Debug, Clone, SimpleObject)]
pub struct HeldRun {
    pub id: Id,
    pub kind: String,
    pub started_at: Option<DateTime<Utc>>,
    /// When it was last heard of.
    pub beat_at: Option<DateTime<Utc>>,
}
