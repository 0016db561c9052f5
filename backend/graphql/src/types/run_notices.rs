//! Notices of runs, as clients read them.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::jobs::notices::{
    deliveries::DeliveryView,
    seen::Seen,
    watches::{MadeWatch, WatchView},
};

use crate::{
    scalars::{DeliveryState, Id, Long, NoticeWay, RunNews, WatchScope},
    types::{jobs::JobRun, workflows::WorkflowRun},
};

/// What somebody wants to be told of runs, and how.
#[derive(Debug, Clone, SimpleObject)]
pub struct RunWatch {
    pub id: Id,
    pub scope: WatchScope,
    /// The data source, workflow or project; null for everything.
    pub target_id: Option<Id>,
    /// Its name, while the caller sees it.
    pub target: Option<String>,
    pub started: bool,
    pub succeeded: bool,
    /// Runs that succeeded and could not do all of it.
    pub partly: bool,
    /// Runs that failed for good.
    pub failed: bool,
    /// Minutes after a schedule's tick, or the start of a workflow, within which its run has to end.
    pub late_minutes: Option<Long>,
    pub way: NoticeWay,
    /// Where a webhook goes.
    pub address: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl From<WatchView> for RunWatch {
    fn from(view: WatchView) -> Self {
        let watch = view.watch;
        Self {
            id: watch.id.into(),
            scope: watch.scope.into(),
            target_id: watch.target_id.map(Into::into),
            target: view.target,
            started: watch.started,
            succeeded: watch.succeeded,
            partly: watch.partly,
            failed: watch.failed,
            late_minutes: watch.late_minutes.map(Into::into),
            way: watch.way.into(),
            address: watch.address,
            created_at: watch.created_at,
        }
    }
}

/// A watch just made.
#[derive(Debug, Clone, SimpleObject)]
pub struct MadeRunWatch {
    pub watch: RunWatch,
    /// What a webhook is signed with; shown this once.
    pub secret: Option<String>,
}

impl From<MadeWatch> for MadeRunWatch {
    fn from(made: MadeWatch) -> Self {
        Self { watch: made.view.into(), secret: made.secret }
    }
}

/// A notice, sent or to be sent.
#[derive(Debug, Clone, SimpleObject)]
pub struct RunDelivery {
    /// The receiver reads it too: a repeated notice has the same one.
    pub id: Id,
    pub watch_id: Id,
    pub news: RunNews,
    pub way: NoticeWay,
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: Long,
    /// What a webhook's receiver answered last.
    pub status: Option<Long>,
    /// Why it did not arrive.
    pub error: Option<String>,
    /// When what it tells happened; of a late run, the tick or start since when it was awaited.
    pub happened_at: DateTime<Utc>,
    pub tried_at: Option<DateTime<Utc>>,
    /// The run of the queue; null for a trial, and if a workflow was started by hand or for a backfill.
    pub run: Option<JobRun>,
    /// The run of a workflow that was started by hand or for a backfill, for members of its project.
    pub workflow_run: Option<WorkflowRun>,
}

impl From<DeliveryView> for RunDelivery {
    fn from(view: DeliveryView) -> Self {
        let delivery = view.delivery;
        let (run, workflow_run) = match view.about {
            Some(Seen::Run(run)) => (Some((*run).into()), None),
            Some(Seen::Workflow(seen)) if seen.inside => (None, Some(seen.run.into())),
            Some(Seen::Workflow(_)) | None => (None, None),
        };
        Self {
            id: delivery.id.into(),
            watch_id: delivery.watch_id.into(),
            news: delivery.news.into(),
            way: view.way.into(),
            state: delivery.state.into(),
            attempts: delivery.attempts.into(),
            status: delivery.status.map(Into::into),
            error: delivery.error,
            happened_at: delivery.happened_at,
            tried_at: delivery.tried_at,
            run,
            workflow_run,
        }
    }
}
