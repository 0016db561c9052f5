//! Data sources and their runs.

use async_graphql::{Context, Object};
use lakegate_app::sources::{manage, runs};

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::Id,
    types::sources::{DataSource, SourceRun},
};

/// Queries about data sources.
#[derive(Debug, Default)]
pub struct SourcesQuery;

#[Object]
impl SourcesQuery {
    /// The data sources of a project.
    async fn data_sources(
        &self,
        ctx: &Context<'_>,
        project: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DataSource>> {
        let at = At::of(ctx);
        let name = format!("data sources {}", project.0);
        list!(at, first, after, name, |page| manage::list(at.app(), &at.caller, project.into(), page))
    }

    /// A data source.
    async fn data_source(&self, ctx: &Context<'_>, id: Id) -> Maybe<DataSource> {
        let at = At::of(ctx);
        answer(&at, manage::get(at.app(), &at.caller, id.into()).await)
    }

    /// The runs of a data source, the newest first.
    async fn source_runs(
        &self,
        ctx: &Context<'_>,
        source: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<SourceRun>> {
        let at = At::of(ctx);
        let name = format!("source runs {}", source.0);
        list!(at, first, after, name, |page| runs::list(at.app(), &at.caller, source.into(), page))
    }

    /// A run of a data source.
    async fn source_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<SourceRun> {
        let at = At::of(ctx);
        answer(&at, runs::get(at.app(), &at.caller, id.into()).await)
    }
}
