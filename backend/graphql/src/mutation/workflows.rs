//! Workflows: made, changed, started, stopped, tried anew.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::jobs::workflows::{self, Days};
use lakegate_model::workflows::Definition;
use serde_json::json;

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, Json, Long},
    types::workflows::{Backfill, Workflow, WorkflowRunDetail},
};

payloads! {
    /// A workflow after a change.
    WorkflowPayload { workflow: Workflow }
    /// A run of a workflow after a change.
    WorkflowRunPayload { flow: WorkflowRunDetail }
    /// A backfill after a change.
    BackfillPayload { backfill: Backfill }
}

/// Which days a workflow runs for.
#[derive(Debug, InputObject)]
pub struct BackfillInput {
    /// Such as `2026-05-03`; both are included, and ten years are the most.
    first: String,
    last: String,
    /// Days at work at once, 1 to 100.
    #[graphql(default_with = "Long(1)")]
    at_most: Long,
    /// Whether days run again for which a run has succeeded.
    #[graphql(default = false)]
    anew: bool,
    /// An object: what each run gets beside `day`.
    input: Option<Json>,
}

impl From<BackfillInput> for Days {
    fn from(input: BackfillInput) -> Self {
        Self {
            first: input.first,
            last: input.last,
            at_most: input.at_most.0,
            anew: input.anew,
            input: input.input.map_or_else(|| json!({}), |input| input.0),
        }
    }
}

/// Changes of workflows.
#[derive(Debug, Default)]
pub struct WorkflowsMutation;

#[Object]
impl WorkflowsMutation {
    /// Makes a workflow. Its definition is an object with `steps`, each with `name`, `kind`, `subject`, and, if wanted,
    /// `input`, `after`, `for_each`, `batch`, `at_most` and `tries`.
    async fn create_workflow(
        &self,
        ctx: &Context<'_>,
        project: Id,
        name: String,
        definition: Json,
    ) -> Maybe<WorkflowPayload> {
        let at = At::of(ctx);
        let made = match Definition::read(definition.0) {
            Ok(definition) => workflows::create(at.app(), &at.caller, (project.into(), &name), &definition).await,
            Err(fault) => Err(fault),
        };
        outcome(&at, made)
    }

    /// Gives a workflow another definition in place of that of number `version`, its latest. Runs that have begun keep
    /// theirs.
    async fn revise_workflow(
        &self,
        ctx: &Context<'_>,
        id: Id,
        version: Long,
        definition: Json,
    ) -> Maybe<WorkflowPayload> {
        let at = At::of(ctx);
        let revised = match Definition::read(definition.0) {
            Ok(definition) => workflows::revise(at.app(), &at.caller, (id.into(), version.0), &definition).await,
            Err(fault) => Err(fault),
        };
        outcome(&at, revised)
    }

    /// Gives a workflow another name.
    async fn rename_workflow(&self, ctx: &Context<'_>, id: Id, name: String) -> Maybe<WorkflowPayload> {
        let at = At::of(ctx);
        outcome(&at, workflows::rename(at.app(), &at.caller, id.into(), &name).await)
    }

    /// Removes a workflow with its definitions, runs and backfills, none of which may be open.
    async fn delete_workflow(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, workflows::remove(at.app(), &at.caller, id.into()).await)
    }

    /// Starts a workflow with its latest definition, or that of a number; `input` is an object, which steps name.
    async fn start_workflow(
        &self,
        ctx: &Context<'_>,
        id: Id,
        version: Option<Long>,
        input: Option<Json>,
    ) -> Maybe<WorkflowRunPayload> {
        let at = At::of(ctx);
        let input = input.map_or_else(|| json!({}), |input| input.0);
        let version = version.map(|version| version.0);
        outcome(&at, workflows::start(at.app(), &at.caller, (id.into(), version), &input).await)
    }

    /// Cancels a run of a workflow: nothing of it begins any more, and what is at work is asked to stop.
    async fn cancel_workflow_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<WorkflowRunPayload> {
        let at = At::of(ctx);
        outcome(&at, workflows::cancel(at.app(), &at.caller, id.into()).await)
    }

    /// Tries anew what did not succeed in a run of a workflow; what did keeps what it gave.
    async fn retry_workflow_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<WorkflowRunPayload> {
        let at = At::of(ctx);
        outcome(&at, workflows::retry(at.app(), &at.caller, id.into()).await)
    }

    /// Starts a workflow for each day of a range, with the day as `day` in its input. Asked again while it is open, it
    /// gives the same backfill; afterwards only days without a run that succeeded.
    async fn backfill_workflow(&self, ctx: &Context<'_>, id: Id, days: BackfillInput) -> Maybe<BackfillPayload> {
        let at = At::of(ctx);
        outcome(&at, workflows::backfill(at.app(), &at.caller, id.into(), &days.into()).await)
    }

    /// Cancels a backfill with its runs.
    async fn cancel_workflow_backfill(&self, ctx: &Context<'_>, id: Id) -> Maybe<BackfillPayload> {
        let at = At::of(ctx);
        outcome(&at, workflows::cancel_backfill(at.app(), &at.caller, id.into()).await)
    }
}
