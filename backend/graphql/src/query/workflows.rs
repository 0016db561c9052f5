//! Workflows: what they do, and what became of their runs. For members of their projects.

use async_graphql::{Context, Object};
use lakegate_app::jobs::workflows;

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::Id,
    types::workflows::{Backfill, Workflow, WorkflowPart, WorkflowRun, WorkflowRunDetail, WorkflowVersion},
};

/// Queries about workflows.
#[derive(Debug, Default)]
pub struct WorkflowsQuery;

#[Object]
impl WorkflowsQuery {
    /// The workflows of a project, the latest first.
    async fn workflows(
        &self,
        ctx: &Context<'_>,
        project: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Workflow>> {
        let at = At::of(ctx);
        let project = project.into();
        let name = format!("workflows of {project}");
        list!(at, first, after, name, |page| workflows::list(at.app(), &at.caller, project, page))
    }

    /// A workflow.
    async fn workflow(&self, ctx: &Context<'_>, id: Id) -> Maybe<Workflow> {
        let at = At::of(ctx);
        answer(&at, workflows::get(at.app(), &at.caller, id.into()).await)
    }

    /// The definitions of a workflow, the latest first.
    async fn workflow_versions(
        &self,
        ctx: &Context<'_>,
        workflow: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<WorkflowVersion>> {
        let at = At::of(ctx);
        let workflow = workflow.into();
        let name = format!("versions of workflow {workflow}");
        list!(at, first, after, name, |page| workflows::versions(at.app(), &at.caller, workflow, page))
    }

    /// The runs of a workflow, the latest first.
    async fn workflow_runs(
        &self,
        ctx: &Context<'_>,
        workflow: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<WorkflowRun>> {
        let at = At::of(ctx);
        let workflow = workflow.into();
        let name = format!("runs of workflow {workflow}");
        list!(at, first, after, name, |page| workflows::list_runs(at.app(), &at.caller, workflow, page))
    }

    /// A run of a workflow, step by step.
    async fn workflow_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<WorkflowRunDetail> {
        let at = At::of(ctx);
        answer(&at, workflows::get_run(at.app(), &at.caller, id.into()).await)
    }

    /// The parts of a step of a run, in the order of the list that it was divided by.
    async fn workflow_parts(
        &self,
        ctx: &Context<'_>,
        run: Id,
        step: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<WorkflowPart>> {
        let at = At::of(ctx);
        let run = run.into();
        let name = format!("parts of {step} of {run}");
        list!(at, first, after, name, |page| workflows::parts(at.app(), &at.caller, (run, &step), page))
    }

    /// The backfills of a workflow, the latest first.
    async fn workflow_backfills(
        &self,
        ctx: &Context<'_>,
        workflow: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Backfill>> {
        let at = At::of(ctx);
        let workflow = workflow.into();
        let name = format!("backfills of workflow {workflow}");
        list!(at, first, after, name, |page| workflows::list_backfills(at.app(), &at.caller, workflow, page))
    }

    /// A workflow over a range of days, and how far it is.
    async fn workflow_backfill(&self, ctx: &Context<'_>, id: Id) -> Maybe<Backfill> {
        let at = At::of(ctx);
        answer(&at, workflows::get_backfill(at.app(), &at.caller, id.into()).await)
    }

    /// The runs of a backfill, in the order of their days.
    async fn workflow_backfill_runs(
        &self,
        ctx: &Context<'_>,
        backfill: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<WorkflowRun>> {
        let at = At::of(ctx);
        let backfill = backfill.into();
        let name = format!("runs of backfill {backfill}");
        list!(at, first, after, name, |page| workflows::backfill_runs(at.app(), &at.caller, backfill, page))
    }
}
