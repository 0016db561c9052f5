//! Running queries, and keeping them under a name.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::query::{Ask, kept, run, saved};
use lakegate_model::{
    Fault,
    access::QueryRun,
    ids::{ProjectId, QueryId},
    words::QueryState,
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    query::run::{ROWS, rows},
    scalars::Id,
    types::query::{SavedQuery, StartedQuery},
};

payloads! {
    /// A query that was started.
    RunQueryPayload { query: StartedQuery }
    /// Whether a query was still running and is cancelled now.
    CancelQueryPayload { cancelled: bool }
    /// A kept query after a change.
    SavedQueryPayload { saved_query: SavedQuery }
}

/// Longest that a caller may wait for first rows, in milliseconds.
const LONGEST_WAIT: i32 = 10_000;
/// Between two looks at a running query: short at first, then longer.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A query to be kept under a name.
#[derive(Debug, InputObject)]
pub struct SavedQueryInput {
    name: String,
    #[graphql(default)]
    description: String,
    sql: String,
}

impl From<SavedQueryInput> for saved::SavedInput {
    fn from(input: SavedQueryInput) -> Self {
        Self { name: input.name, description: input.description, sql: input.sql }
    }
}

/// Starts a query and waits a little for its end.
async fn start(at: &At, ask: &Ask, wait_ms: i32) -> Result<StartedQuery, Fault> {
    let wait = u64::try_from(wait_ms).ok().filter(|_| wait_ms <= LONGEST_WAIT);
    let wait = wait.ok_or_else(|| Fault::invalid("waitMs", format!("one may wait 0 to {LONGEST_WAIT} ms")))?;
    let deadline = Instant::now() + Duration::from_millis(wait);
    let id = kept::start(at.app(), &at.caller, ask).await?;
    let run = settle(at, id, deadline).await?;
    let first_rows = match run.state {
        QueryState::Succeeded if wait > 0 => Some(rows(at, id, 0, ROWS).await?),
        _ => None,
    };
    Ok(StartedQuery { run: run.into(), first_rows })
}

/// The query once it ended, or as it stands at the deadline.
async fn settle(at: &At, id: QueryId, deadline: Instant) -> Result<QueryRun, Fault> {
    let mut pause = FIRST_PAUSE;
    loop {
        let run = kept::status(at.app(), &at.caller, id).await?;
        let now = Instant::now();
        if run.state != QueryState::Running || now >= deadline {
            return Ok(run);
        }
        sleep_until(deadline.min(now + pause)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Changes of queries.
#[derive(Debug, Default)]
pub struct RunMutation;

#[Object]
impl RunMutation {
    /// Starts a query whose result is kept for 24 hours. With `waitMs` up to 10,000 its end is waited for, and the
    /// first rows come at once; otherwise follow it with `query` and read it with `queryResult`.
    async fn run_query(
        &self,
        ctx: &Context<'_>,
        sql: String,
        project: Option<Id>,
        #[graphql(default)] wait_ms: i32,
    ) -> Maybe<RunQueryPayload> {
        let at = At::acting_in(ctx, project);
        let ask = Ask::new(sql, project.map(ProjectId::from).or(at.caller.project));
        outcome(&at, start(&at, &ask, wait_ms).await)
    }

    /// Cancels a running query of the caller.
    async fn cancel_query(&self, ctx: &Context<'_>, id: Id) -> Maybe<CancelQueryPayload> {
        let at = At::of(ctx);
        outcome(&at, run::cancel(at.app(), &at.caller, id.into()).await)
    }

    /// Deletes a kept result of the caller; the query stays in his history.
    async fn delete_result(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, kept::delete(at.app(), &at.caller, id.into()).await)
    }

    /// Keeps a query under a name in a project.
    async fn save_query(&self, ctx: &Context<'_>, project: Id, input: SavedQueryInput) -> Maybe<SavedQueryPayload> {
        let at = At::of(ctx);
        outcome(&at, saved::create(at.app(), &at.caller, project.into(), &input.into()).await)
    }

    /// Changes a kept query.
    async fn update_saved_query(&self, ctx: &Context<'_>, id: Id, input: SavedQueryInput) -> Maybe<SavedQueryPayload> {
        let at = At::of(ctx);
        outcome(&at, saved::update(at.app(), &at.caller, id.into(), &input.into()).await)
    }

    /// Deletes a kept query.
    async fn delete_saved_query(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, saved::delete(at.app(), &at.caller, id.into()).await)
    }
}
