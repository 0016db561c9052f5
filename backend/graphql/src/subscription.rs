//! What goes on, told as it changes.

use async_graphql::{Context, Subscription};
use futures::{Stream, stream};
use lakegate_app::jobs::runs;
use lakegate_model::{
    ids::RunId,
    jobs::{JobProgress, JobRun as Run},
    words::JobState,
};
use std::time::Duration;

use crate::{
    at::At,
    errors::{Maybe, answer},
    scalars::Id,
    types::jobs::JobRun,
};

/// Time between two looks at what is followed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Following what goes on: sent by POST or GET with `Accept: text/event-stream`, answered by events `next`, each with an
/// answer, and at last `complete`.
#[derive(Debug, Default)]
pub struct Following;

#[Subscription]
impl Following {
    /// A run: at once, again whenever it has got further, and for the last time when it has ended. Who may see it is
    /// asked anew each time.
    async fn job_run(&self, ctx: &Context<'_>, id: Id) -> impl Stream<Item = Maybe<JobRun>> + use<> {
        let watched = Watched { at: At::of(ctx), id: id.into(), seen: None, over: false };
        stream::unfold(watched, Watched::next)
    }
}

/// A run that somebody follows.
struct Watched {
    at: At,
    id: RunId,
    seen: Option<Seen>,
    over: bool,
}

/// What of a run is worth telling when it changes.
#[derive(PartialEq)]
struct Seen(JobState, i64, i64, bool, JobProgress);

impl Seen {
    fn of(run: &Run) -> Self {
        Self(run.state, run.attempt, run.tries, run.cancel_requested, run.progress.clone())
    }
}

impl Watched {
    async fn next(mut self) -> Option<(Maybe<JobRun>, Self)> {
        while !self.over {
            if self.seen.is_some() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            let found = runs::get(self.at.app(), &self.at.caller, self.id).await;
            let seen = found.as_ref().ok().map(|view| Seen::of(&view.run));
            self.over = found.as_ref().map_or(true, |view| view.run.is_ended());
            if self.over || seen != self.seen {
                self.seen = seen;
                return Some((answer(&self.at, found), self));
            }
        }
        None
    }
}
