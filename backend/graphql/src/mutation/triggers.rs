//! What starts work when something happens: made, changed, removed.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::jobs::{
    Target,
    triggers::{self, NewTrigger},
};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Happening, Id, JobState, Long},
    types::triggers::{JobTrigger, MadeTrigger},
};

payloads! {
    /// A trigger after a change.
    JobTriggerPayload { trigger: JobTrigger }
    /// A trigger with what its calls are signed with.
    MadeTriggerPayload {
        /// The secret in it is shown this once.
        made: MadeTrigger
    }
}

/// What a trigger waits for, and when it starts a run.
#[derive(Debug, InputObject)]
pub struct TriggerInput {
    name: String,
    happening: Happening,
    /// The data source or workflow whose run ends, or the asset; anything in the project without it.
    watched: Option<Id>,
    /// How the run has to have ended: `SUCCEEDED` or `FAILED`; any way without it.
    outcome: Option<JobState>,
    /// Where objects count; the data source's location without it.
    prefix: Option<String>,
    /// Addresses below the prefix where they do not.
    #[graphql(default)]
    excluded: Vec<String>,
    /// Seconds between two listings of the prefix, for stores that do not tell of new objects.
    list_seconds: Option<Long>,
    /// A run starts when so many events have gathered, 1 to 1,000,
    #[graphql(default_with = "Long(1)")]
    batch_events: Long,
    /// or so many seconds after the first of them, up to a day.
    #[graphql(default_with = "Long(0)")]
    batch_seconds: Long,
    #[graphql(default = true)]
    enabled: bool,
}

impl From<TriggerInput> for NewTrigger {
    fn from(input: TriggerInput) -> Self {
        Self {
            name: input.name,
            happening: input.happening.into(),
            watched: input.watched.map(|id| id.0),
            outcome: input.outcome.map(Into::into),
            prefix: input.prefix,
            excluded: input.excluded,
            list_seconds: input.list_seconds.map(|seconds| seconds.0),
            batch_events: input.batch_events.0,
            batch_seconds: input.batch_seconds.0,
            enabled: input.enabled,
        }
    }
}

/// Changes of triggers.
#[derive(Debug, Default)]
pub struct TriggersMutation;

#[Object]
impl TriggersMutation {
    /// Makes a trigger that starts runs of a data source.
    async fn create_job_trigger(
        &self,
        ctx: &Context<'_>,
        source: Id,
        input: TriggerInput,
    ) -> Maybe<MadeTriggerPayload> {
        let at = At::of(ctx);
        let of = Target::Source(source.into());
        outcome(&at, triggers::create(at.app(), &at.caller, of, &input.into()).await)
    }

    /// Makes a trigger that starts a workflow; its input names the trigger, as `trigger`.
    async fn create_workflow_trigger(
        &self,
        ctx: &Context<'_>,
        workflow: Id,
        input: TriggerInput,
    ) -> Maybe<MadeTriggerPayload> {
        let at = At::of(ctx);
        let of = Target::Workflow(workflow.into());
        outcome(&at, triggers::create(at.app(), &at.caller, of, &input.into()).await)
    }

    /// Changes a trigger; what it waits for stays, and so does what has gathered.
    async fn update_job_trigger(&self, ctx: &Context<'_>, id: Id, input: TriggerInput) -> Maybe<JobTriggerPayload> {
        let at = At::of(ctx);
        outcome(&at, triggers::update(at.app(), &at.caller, id.into(), &input.into()).await)
    }

    /// Gives a trigger another secret: calls signed with the one before are refused from now on.
    async fn renew_trigger_secret(&self, ctx: &Context<'_>, id: Id) -> Maybe<MadeTriggerPayload> {
        let at = At::of(ctx);
        outcome(&at, triggers::renew_secret(at.app(), &at.caller, id.into()).await)
    }

    /// Removes a trigger with what it has gathered; the runs that it started stay.
    async fn delete_job_trigger(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, triggers::remove(at.app(), &at.caller, id.into()).await)
    }
}
