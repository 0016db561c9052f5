//! What starts work when something happens.

use async_graphql::{Context, Object};
use lakegate_app::jobs::{Target, triggers};

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::Id,
    types::triggers::{JobTrigger, TriggerEvent},
};

/// Queries about triggers.
#[derive(Debug, Default)]
pub struct TriggersQuery;

#[Object]
impl TriggersQuery {
    /// A trigger, for members of its project.
    async fn job_trigger(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobTrigger> {
        let at = At::of(ctx);
        answer(&at, triggers::get(at.app(), &at.caller, id.into()).await)
    }

    /// The triggers of a data source, the latest first.
    async fn job_triggers(
        &self,
        ctx: &Context<'_>,
        source: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<JobTrigger>> {
        let at = At::of(ctx);
        let name = format!("job triggers {}", source.0);
        let of = Target::Source(source.into());
        list!(at, first, after, name, |page| triggers::list(at.app(), &at.caller, of, page))
    }

    /// The triggers of a workflow, the latest first.
    async fn workflow_triggers(
        &self,
        ctx: &Context<'_>,
        workflow: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<JobTrigger>> {
        let at = At::of(ctx);
        let name = format!("workflow triggers {}", workflow.0);
        let of = Target::Workflow(workflow.into());
        list!(at, first, after, name, |page| triggers::list(at.app(), &at.caller, of, page))
    }

    /// What has happened to a trigger, the latest first.
    async fn trigger_events(
        &self,
        ctx: &Context<'_>,
        trigger: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<TriggerEvent>> {
        let at = At::of(ctx);
        let trigger = trigger.into();
        let name = format!("trigger events {trigger}");
        list!(at, first, after, name, |page| triggers::events(at.app(), &at.caller, trigger, page))
    }

    /// What started a run, in the order it happened. For members of its project.
    async fn job_run_events(
        &self,
        ctx: &Context<'_>,
        run: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<TriggerEvent>> {
        let at = At::of(ctx);
        let run = run.into();
        let name = format!("run events {run}");
        list!(at, first, after, name, |page| triggers::events_of_run(at.app(), &at.caller, run, page))
    }
}
