//! What other programs report of their jobs and datasets. For members of the project that it was reported to.

use async_graphql::{Context, Object};
use lakegate_app::reported;

use crate::{
    at::At,
    errors::{Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::Id,
    types::reported::{ReportedDataset, ReportedEvent, ReportedJob, ReportedRule, ReportedRun},
};

/// Queries about reported lineage.
#[derive(Debug, Default)]
pub struct ReportedQuery;

#[Object]
impl ReportedQuery {
    /// The jobs that were reported to a project, the latest known first.
    async fn reported_jobs(
        &self,
        ctx: &Context<'_>,
        project: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<ReportedJob>> {
        let at = At::of(ctx);
        let name = format!("reported jobs of {}", project.0);
        list!(at, first, after, name, |page| reported::jobs(at.app(), &at.caller, project.into(), page))
    }

    /// A job that was reported.
    async fn reported_job(&self, ctx: &Context<'_>, id: Id) -> Maybe<ReportedJob> {
        let at = At::of(ctx);
        answer(&at, reported::job(at.app(), &at.caller, id.into()).await)
    }

    /// A dataset that was reported.
    async fn reported_dataset(&self, ctx: &Context<'_>, id: Id) -> Maybe<ReportedDataset> {
        let at = At::of(ctx);
        answer(&at, reported::dataset_of(at.app(), &at.caller, id.into()).await)
    }

    /// The runs of a reported job, the latest known first.
    async fn reported_runs(
        &self,
        ctx: &Context<'_>,
        job: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<ReportedRun>> {
        let at = At::of(ctx);
        let name = format!("reported runs of {}", job.0);
        list!(at, first, after, name, |page| reported::runs(at.app(), &at.caller, job.into(), page))
    }

    /// The events of a reported run as they came, the latest first.
    async fn reported_events(
        &self,
        ctx: &Context<'_>,
        run: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<ReportedEvent>> {
        let at = At::of(ctx);
        let name = format!("reported events of {}", run.0);
        list!(at, first, after, name, |page| reported::events(at.app(), &at.caller, run.into(), page))
    }

    /// The datasets that were reported to a project, the latest known first: all, or those of which nobody knows what they
    /// are.
    async fn reported_datasets(
        &self,
        ctx: &Context<'_>,
        project: Id,
        #[graphql(desc = "Those alone of which nobody knows what they are.", default = false)] unmatched: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<ReportedDataset>> {
        let at = At::of(ctx);
        let name = format!("reported datasets of {} {unmatched}", project.0);
        let of = (project.into(), unmatched);
        list!(at, first, after, name, |page| reported::datasets(at.app(), &at.caller, of, page))
    }

    /// The rules of a project by which reported names are tables.
    async fn reported_rules(&self, ctx: &Context<'_>, project: Id) -> Maybe<Vec<ReportedRule>> {
        let at = At::of(ctx);
        answer_all(&at, reported::rules(at.app(), &at.caller, project.into()).await)
    }
}
