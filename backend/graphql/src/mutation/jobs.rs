//! Work that is done later: cancelled, tried anew, scheduled, held up.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use lakegate_app::jobs::{
    Target, health, runs,
    schedules::{self, Timing},
};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{CatchUp, Id, Long},
    types::jobs::{JobRun, JobSchedule},
};

payloads! {
    /// A run after a change.
    JobRunPayload { run: JobRun }
    /// A schedule after a change.
    JobSchedulePayload { schedule: JobSchedule }
}

/// When something is to happen: exactly one of `cron`, `everySeconds` and `onceAt`.
#[derive(Debug, InputObject)]
pub struct TimingInput {
    /// Five fields, minute hour day month weekday, or six with seconds in front: `0 6 * * MON-FRI`.
    cron: Option<String>,
    every_seconds: Option<Long>,
    once_at: Option<DateTime<Utc>>,
    /// IANA name of the time zone in which `cron` is read.
    #[graphql(default_with = "\"UTC\".to_owned()")]
    zone: String,
    /// Runs start up to so many seconds after their tick.
    #[graphql(default_with = "Long(0)")]
    jitter_seconds: Long,
    /// What happens to ticks that nobody was there for.
    #[graphql(default_with = "CatchUp::One")]
    catch_up: CatchUp,
    /// Whether it ticks.
    #[graphql(default = true)]
    enabled: bool,
}

impl From<TimingInput> for Timing {
    fn from(input: TimingInput) -> Self {
        Self {
            cron: input.cron,
            every_seconds: input.every_seconds.map(|seconds| seconds.0),
            once_at: input.once_at,
            zone: input.zone,
            jitter_seconds: input.jitter_seconds.0,
            catch_up: input.catch_up.into(),
            enabled: input.enabled,
        }
    }
}

/// Changes of work that is done later.
#[derive(Debug, Default)]
pub struct JobsMutation;

#[Object]
impl JobsMutation {
    /// Cancels a run: at once if it has not started, within seconds if it works. What it did until then stays.
    async fn cancel_job_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobRunPayload> {
        let at = At::of(ctx);
        outcome(&at, runs::cancel(at.app(), &at.caller, id.into()).await)
    }

    /// Tries a failed or cancelled run anew, as a new run with the same input.
    async fn retry_job_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobRunPayload> {
        let at = At::of(ctx);
        outcome(&at, runs::retry(at.app(), &at.caller, id.into()).await)
    }

    /// Takes a failed run from those that somebody has to look after.
    async fn discard_job_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobRunPayload> {
        let at = At::of(ctx);
        outcome(&at, runs::discard(at.app(), &at.caller, id.into()).await)
    }

    /// Sets when a data source is looked through, in place of what was said before.
    async fn schedule_data_source(
        &self,
        ctx: &Context<'_>,
        source: Id,
        timing: TimingInput,
    ) -> Maybe<JobSchedulePayload> {
        let at = At::of(ctx);
        let of = Target::Source(source.into());
        outcome(&at, schedules::set(at.app(), &at.caller, of, &timing.into()).await)
    }

    /// Sets when a workflow is started, in place of what was said before; its input is `{}`.
    async fn schedule_workflow(
        &self,
        ctx: &Context<'_>,
        workflow: Id,
        timing: TimingInput,
    ) -> Maybe<JobSchedulePayload> {
        let at = At::of(ctx);
        let of = Target::Workflow(workflow.into());
        outcome(&at, schedules::set(at.app(), &at.caller, of, &timing.into()).await)
    }

    /// Ends a schedule; its runs stay.
    async fn delete_job_schedule(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, schedules::remove(at.app(), &at.caller, id.into()).await)
    }

    /// Holds up a kind of work, or `*` for all: nothing of it is begun, what is at work goes on. For administrators.
    async fn pause_jobs(&self, ctx: &Context<'_>, kind: String, reason: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, health::pause(at.app(), &at.caller, &kind, &reason).await)
    }

    /// Lets a kind of work go on, or `*` for what is held up as a whole. For administrators.
    async fn resume_jobs(&self, ctx: &Context<'_>, kind: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, health::resume(at.app(), &at.caller, &kind).await)
    }
}
