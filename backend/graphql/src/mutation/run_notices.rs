//! Notices of runs: asked for, changed, ended, tried, sent once more.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::jobs::notices::{
    deliveries,
    watches::{self, NewWatch, Wish},
};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, Long, NoticeWay, WatchScope},
    types::run_notices::{MadeRunWatch, RunDelivery, RunWatch},
};

payloads! {
    /// Notices just asked for.
    WatchRunsPayload { made: MadeRunWatch }
    /// What somebody wants to be told, after a change.
    RunWatchPayload { watch: RunWatch }
    /// A notice that is sent once more.
    RunDeliveryPayload { delivery: RunDelivery }
}

/// What is to be told of runs: at least one thing.
#[derive(Debug, InputObject)]
pub struct RunWishInput {
    #[graphql(default = false)]
    started: bool,
    #[graphql(default = false)]
    succeeded: bool,
    /// Runs that succeeded and could not do all of it.
    #[graphql(default = false)]
    partly: bool,
    /// Runs that failed for good.
    #[graphql(default = false)]
    failed: bool,
    /// Minutes after a schedule's tick, or the start of a workflow, within which its run has to end, 1 to 43200.
    late_minutes: Option<Long>,
}

impl From<RunWishInput> for Wish {
    fn from(input: RunWishInput) -> Self {
        Self {
            started: input.started,
            succeeded: input.succeeded,
            partly: input.partly,
            failed: input.failed,
            late_minutes: input.late_minutes.map(|minutes| minutes.0),
        }
    }
}

/// Of which runs is told what, and how.
#[derive(Debug, InputObject)]
pub struct WatchRunsInput {
    scope: WatchScope,
    /// The data source or project; null for everything, which is for administrators.
    target: Option<Id>,
    news: RunWishInput,
    way: NoticeWay,
    /// Where a webhook goes, by https.
    address: Option<String>,
}

impl From<WatchRunsInput> for NewWatch {
    fn from(input: WatchRunsInput) -> Self {
        Self {
            scope: input.scope.into(),
            target: input.target.map(|target| target.0),
            wish: input.news.into(),
            way: input.way.into(),
            address: input.address,
        }
    }
}

/// Changes of notices of runs.
#[derive(Debug, Default)]
pub struct RunNoticesMutation;

#[Object]
impl RunNoticesMutation {
    /// Asks for notices of runs. The secret of a webhook is shown this once.
    async fn watch_runs(&self, ctx: &Context<'_>, input: WatchRunsInput) -> Maybe<WatchRunsPayload> {
        let at = At::of(ctx);
        outcome(&at, watches::create(at.app(), &at.caller, &input.into()).await)
    }

    /// Changes what is told; of which runs and how stays.
    async fn change_run_watch(&self, ctx: &Context<'_>, id: Id, news: RunWishInput) -> Maybe<RunWatchPayload> {
        let at = At::of(ctx);
        outcome(&at, watches::change(at.app(), &at.caller, id.into(), &news.into()).await)
    }

    /// Ends notices, and forgets those that were sent.
    async fn remove_run_watch(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, watches::remove(at.app(), &at.caller, id.into()).await)
    }

    /// Sends a notice of nothing, to see whether notices arrive.
    async fn test_run_watch(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, deliveries::test(at.app(), &at.caller, id.into()).await)
    }

    /// Sends a notice once more, under the same id.
    async fn replay_run_delivery(&self, ctx: &Context<'_>, id: Id) -> Maybe<RunDeliveryPayload> {
        let at = At::of(ctx);
        outcome(&at, deliveries::replay(at.app(), &at.caller, id.into()).await)
    }
}
