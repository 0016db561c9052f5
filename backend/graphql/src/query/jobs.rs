//! Work that is done later: runs, logs, schedules, the queue.

use async_graphql::{Context, Object};
use lakegate_app::jobs::{
    health,
    runs::{self, Wanted},
    schedules,
};

use crate::{
    at::At,
    errors::{Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::{Id, JobState, Long},
    types::jobs::{JobAttempt, JobLog, JobQueue, JobRun, JobSchedule},
};

/// Queries about work that is done later.
#[derive(Debug, Default)]
pub struct JobsQuery;

#[Object]
impl JobsQuery {
    /// Runs, the latest first: of one project, or of all that the caller is a member of; of everything for
    /// administrators.
    #[allow(clippy::too_many_arguments)]
    async fn job_runs(
        &self,
        ctx: &Context<'_>,
        project: Option<Id>,
        kind: Option<String>,
        state: Option<JobState>,
        #[graphql(default = false, desc = "Only failed runs that nobody has looked after.")] dead_letters: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<JobRun>> {
        let at = At::of(ctx);
        let wanted = Wanted { project: project.map(Into::into), kind, state: state.map(Into::into), dead_letters };
        let name = format!("job runs {wanted:?}");
        list!(at, first, after, name, |page| runs::list(at.app(), &at.caller, &wanted, page))
    }

    /// A run.
    async fn job_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobRun> {
        let at = At::of(ctx);
        answer(&at, runs::get(at.app(), &at.caller, id.into()).await)
    }

    /// The attempts at a run, the latest first, a hundred at most.
    async fn job_attempts(&self, ctx: &Context<'_>, run: Id) -> Maybe<Vec<JobAttempt>> {
        let at = At::of(ctx);
        answer_all(&at, runs::attempts(at.app(), &at.caller, run.into()).await)
    }

    /// What a run said, in order, 500 lines at most: those behind the number `after`. For members of its project.
    async fn job_log(&self, ctx: &Context<'_>, run: Id, after: Option<Long>) -> Maybe<Vec<JobLog>> {
        let at = At::of(ctx);
        let after = after.map_or(0, |after| after.0);
        answer_all(&at, runs::log(at.app(), &at.caller, run.into(), after).await)
    }

    /// The schedules of a project; all of them for administrators.
    async fn job_schedules(
        &self,
        ctx: &Context<'_>,
        project: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<JobSchedule>> {
        let at = At::of(ctx);
        let project = project.map(Into::into);
        let name = format!("job schedules {project:?}");
        list!(at, first, after, name, |page| schedules::list(at.app(), &at.caller, project, page))
    }

    /// A schedule.
    async fn job_schedule(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobSchedule> {
        let at = At::of(ctx);
        answer(&at, schedules::get(at.app(), &at.caller, id.into()).await)
    }

    /// How the queue is: what waits, who works, what is held up. For administrators.
    async fn job_queue(&self, ctx: &Context<'_>) -> Maybe<JobQueue> {
        let at = At::of(ctx);
        answer(&at, health::get(at.app(), &at.caller).await)
    }
}
