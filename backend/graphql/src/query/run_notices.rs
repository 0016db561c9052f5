//! Notices of runs: what the caller wants to be told, and what became of it.

use async_graphql::{Context, Object};
use lakegate_app::jobs::notices::{deliveries, watches};

use crate::{
    at::At,
    errors::{Maybe, answer_all},
    lists::{Connection, list},
    scalars::Id,
    types::run_notices::{RunDelivery, RunWatch},
};

/// Queries about notices of runs.
#[derive(Debug, Default)]
pub struct RunNoticesQuery;

#[Object]
impl RunNoticesQuery {
    /// What the caller wants to be told of runs, the latest first.
    async fn run_watches(&self, ctx: &Context<'_>) -> Maybe<Vec<RunWatch>> {
        let at = At::of(ctx);
        answer_all(&at, watches::list(at.app(), &at.caller).await)
    }

    /// The caller's notices of runs, the latest first: all, or those of one watch. A page may be shorter than asked for:
    /// notices of runs that he may not see any more are left out.
    async fn run_deliveries(
        &self,
        ctx: &Context<'_>,
        watch: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<RunDelivery>> {
        let at = At::of(ctx);
        let watch = watch.map(Into::into);
        let name = format!("run deliveries {watch:?}");
        list!(at, first, after, name, |page| deliveries::list(at.app(), &at.caller, watch, page))
    }
}
