//! Work that is done later, as REST tells it.

use chrono::{DateTime, Utc};
use lakegate_app::jobs::{
    health::{Health, KindHealth, WorkerHealth},
    runs::RunView,
    schedules::{ScheduleView, Timing},
};
use lakegate_model::{
    jobs,
    words::{AttemptOutcome, CatchUp, JobState, LogLevel},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far a run has come, in its kind's own units.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobProgressShape {
    phase: String,
    /// What is counted, such as `tables`.
    unit: String,
    done: i64,
    /// How many there are in all, once that is known.
    total: Option<i64>,
    percent: Option<i64>,
    /// How long the rest takes, if it goes on as it did.
    remaining_seconds: Option<i64>,
}

/// One execution of a kind of work.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobRunShape {
    id: Uuid,
    /// Which kind of work, such as `crawl`.
    kind: String,
    title: String,
    /// Whose work it is; null for the installation's own.
    project_id: Option<Uuid>,
    project_name: Option<String>,
    /// What is worked on, such as a data source; for members of the project.
    subject_id: Option<Uuid>,
    subject: Option<String>,
    schedule_id: Option<Uuid>,
    /// The failed run that this one tries anew.
    replay_of: Option<Uuid>,
    #[schema(value_type = String)]
    state: JobState,
    /// When it may start, or is tried again.
    run_at: DateTime<Utc>,
    /// `manual`, `schedule`, `event` or `replay`.
    trigger: String,
    started_by: String,
    progress: JobProgressShape,
    /// What came of it; for members of the project.
    #[schema(value_type = Option<Object>)]
    output: Option<Value>,
    attempt: i64,
    /// Attempts that failed.
    tries: i64,
    max_tries: i64,
    cancel_requested: bool,
    error_code: Option<String>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// Whether it failed and nobody has looked after it.
    dead_letter: bool,
    /// Whether the caller may cancel it, try it anew and put it away.
    can_act: bool,
}

impl From<RunView> for JobRunShape {
    fn from(view: RunView) -> Self {
        let run = view.run;
        let begun = run.started_at.unwrap_or(view.at);
        Self {
            dead_letter: run.is_dead_letter(),
            progress: JobProgressShape {
                percent: run.progress.percent(),
                remaining_seconds: run.progress.remaining(begun, view.at).map(|left| left.num_seconds()),
                phase: run.progress.phase,
                unit: run.progress.unit,
                done: run.progress.done,
                total: run.progress.total,
            },
            title: view.title,
            project_id: (!run.project_id.0.is_nil()).then(|| run.project_id.into()),
            project_name: view.project_name,
            subject_id: view.subject.is_some().then_some(run.subject_id).flatten(),
            subject: view.subject,
            can_act: view.can_act,
            id: run.id.into(),
            kind: run.kind,
            schedule_id: run.schedule_id.map(Into::into),
            replay_of: run.replay_of.map(Into::into),
            state: run.state,
            run_at: run.run_at,
            trigger: run.trigger_kind,
            started_by: run.started_by,
            output: run.output,
            attempt: run.attempt,
            tries: run.tries,
            max_tries: run.max_tries,
            cancel_requested: run.cancel_requested,
            error_code: run.error_code,
            error: run.error,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// One attempt at a run.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobAttemptShape {
    attempt: i64,
    worker_id: Uuid,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>)]
    outcome: Option<AttemptOutcome>,
    error_code: Option<String>,
    error: Option<String>,
    /// When it is tried again.
    next_at: Option<DateTime<Utc>>,
}

impl From<jobs::JobAttempt> for JobAttemptShape {
    fn from(attempt: jobs::JobAttempt) -> Self {
        Self {
            attempt: attempt.attempt,
            worker_id: attempt.worker_id.into(),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            outcome: attempt.outcome,
            error_code: attempt.error_code,
            error: attempt.error,
            next_at: attempt.next_at,
        }
    }
}

/// A line of what a run said.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobLogShape {
    /// Ask for lines after this one.
    number: i64,
    attempt: i64,
    at: DateTime<Utc>,
    #[schema(value_type = String)]
    level: LogLevel,
    message: String,
}

impl From<jobs::JobLogLine> for JobLogShape {
    fn from(line: jobs::JobLogLine) -> Self {
        let jobs::JobLogLine { number, attempt, at, level, message } = line;
        Self { number, attempt, at, level, message }
    }
}

/// When work begins by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobScheduleShape {
    id: Uuid,
    kind: String,
    project_id: Uuid,
    subject_id: Option<Uuid>,
    name: String,
    cron: Option<String>,
    every_seconds: Option<i64>,
    once_at: Option<DateTime<Utc>>,
    /// The time zone in which `cron` is read.
    zone: String,
    jitter_seconds: i64,
    #[schema(value_type = String)]
    catch_up: CatchUp,
    enabled: bool,
    /// When it ticks, in words.
    words: String,
    /// The next five ticks.
    coming: Vec<DateTime<Utc>>,
    last_tick: Option<DateTime<Utc>>,
    /// Raised by each change.
    version: i64,
    created_by: String,
}

impl From<ScheduleView> for JobScheduleShape {
    fn from(view: ScheduleView) -> Self {
        let schedule = view.schedule;
        Self {
            id: schedule.id.into(),
            kind: schedule.kind,
            project_id: schedule.project_id.into(),
            subject_id: schedule.subject_id,
            name: schedule.name,
            cron: schedule.cron,
            every_seconds: schedule.every_seconds,
            once_at: schedule.once_at,
            zone: schedule.zone,
            jitter_seconds: schedule.jitter_seconds,
            catch_up: schedule.catch_up,
            enabled: schedule.enabled,
            words: view.words,
            coming: view.coming,
            last_tick: schedule.last_tick,
            version: schedule.version,
            created_by: schedule.created_by,
        }
    }
}

/// When something is to happen: exactly one of `cron`, `every_seconds` and `once_at`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimingInput {
    /// Five fields, minute hour day month weekday, or six with seconds in front: `0 6 * * MON-FRI`.
    cron: Option<String>,
    every_seconds: Option<i64>,
    once_at: Option<DateTime<Utc>>,
    /// IANA name of the time zone in which `cron` is read; `UTC` without it.
    zone: Option<String>,
    /// Runs start up to so many seconds after their tick; 0 without it.
    jitter_seconds: Option<i64>,
    /// What happens to ticks that nobody was there for: `skip`, `one` or `all`; `one` without it.
    #[schema(value_type = Option<String>)]
    catch_up: Option<CatchUp>,
    /// Whether it ticks; it does without it.
    enabled: Option<bool>,
}

impl From<TimingInput> for Timing {
    fn from(input: TimingInput) -> Self {
        Self {
            cron: input.cron,
            every_seconds: input.every_seconds,
            once_at: input.once_at,
            zone: input.zone.unwrap_or_else(|| "UTC".to_owned()),
            jitter_seconds: input.jitter_seconds.unwrap_or(0),
            catch_up: input.catch_up.unwrap_or(CatchUp::One),
            enabled: input.enabled.unwrap_or(true),
        }
    }
}

/// Why work is held up.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobPauseShape {
    reason: String,
    paused_by: String,
    paused_at: DateTime<Utc>,
}

impl From<jobs::JobPause> for JobPauseShape {
    fn from(pause: jobs::JobPause) -> Self {
        Self { reason: pause.reason, paused_by: pause.paused_by, paused_at: pause.paused_at }
    }
}

/// How a kind of work is.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobKindShape {
    kind: String,
    title: String,
    /// `light` or `heavy`.
    class: String,
    /// Runs of it at work at once.
    at_once: i64,
    /// Runs of it that may wait; what comes beyond that is refused.
    bound: i64,
    waiting: i64,
    scheduled: i64,
    /// Waiting for another run over the same thing.
    held: i64,
    running: i64,
    /// When the oldest that waits could have started.
    oldest: Option<DateTime<Utc>>,
    dead_letters: i64,
    /// Submissions refused because too much waited.
    refused: i64,
    paused: Option<JobPauseShape>,
}

impl From<KindHealth> for JobKindShape {
    fn from(kind: KindHealth) -> Self {
        Self {
            kind: kind.kind,
            title: kind.title,
            class: kind.class.to_owned(),
            at_once: kind.at_once,
            bound: kind.bound,
            waiting: kind.load.waiting,
            scheduled: kind.load.scheduled,
            held: kind.load.held,
            running: kind.load.running,
            oldest: kind.load.oldest,
            dead_letters: kind.load.dead_letters,
            refused: kind.load.refused,
            paused: kind.paused.map(Into::into),
        }
    }
}

/// A run that a worker has.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRunShape {
    id: Uuid,
    kind: String,
    started_at: Option<DateTime<Utc>>,
    /// When it was last heard of.
    beat_at: Option<DateTime<Utc>>,
}

/// A process that works.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobWorkerShape {
    id: Uuid,
    name: String,
    version: String,
    light_slots: i64,
    heavy_slots: i64,
    started_at: DateTime<Utc>,
    /// When it was last heard of.
    beat_at: DateTime<Utc>,
    stopping: bool,
    /// The runs that it has, the longest at work first.
    holds: Vec<HeldRunShape>,
}

impl From<WorkerHealth> for JobWorkerShape {
    fn from(health: WorkerHealth) -> Self {
        let worker = health.worker;
        let holds = health.holds.into_iter().map(|held| HeldRunShape {
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
            light_slots: worker.light_slots,
            heavy_slots: worker.heavy_slots,
            started_at: worker.started_at,
            beat_at: worker.beat_at,
            stopping: worker.stopping,
        }
    }
}

/// How the queue is.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobQueueShape {
    kinds: Vec<JobKindShape>,
    /// Why everything is held up, if it is.
    paused: Option<JobPauseShape>,
    workers: Vec<JobWorkerShape>,
}

impl From<Health> for JobQueueShape {
    fn from(health: Health) -> Self {
        Self {
            kinds: health.kinds.into_iter().map(Into::into).collect(),
            paused: health.paused.map(Into::into),
            workers: health.workers.into_iter().map(Into::into).collect(),
        }
    }
}
