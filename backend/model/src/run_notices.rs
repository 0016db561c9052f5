//! Notices of runs: what somebody wants to be told, and what became of it.

use uuid::Uuid;

use crate::{
    Timestamp,
    ids::{RunDeliveryId, RunId, RunWatchId, SecretId, UserId, WorkflowRunId},
    words::{DeliveryState, NoticeWay, RunNews, WatchScope},
};

/// What somebody wants to be told of runs, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct RunWatch {
    pub id: RunWatchId,
    pub user_id: UserId,
    pub scope: WatchScope,
    /// The data source, workflow or project; `None` for everything.
    pub target_id: Option<Uuid>,
    pub started: bool,
    pub succeeded: bool,
    pub partly: bool,
    pub failed: bool,
    /// Minutes after a schedule's tick, or the start of a workflow, within which its run has to end.
    pub late_minutes: Option<i64>,
    pub way: NoticeWay,
    /// Where a webhook goes.
    pub address: Option<String>,
    /// What a webhook is signed with.
    pub secret_id: Option<SecretId>,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

impl RunWatch {
    /// Whether it asks for news of a sort.
    pub fn wants(&self, news: RunNews) -> bool {
        match news {
            RunNews::Started => self.started,
            RunNews::Succeeded => self.succeeded,
            RunNews::Partly => self.partly,
            RunNews::Failed => self.failed,
            RunNews::Late => self.late_minutes.is_some(),
            RunNews::Test => true,
        }
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Run(RunId),
    Workflow(WorkflowRunId),
}

impl About {
    /// Its id, and whether it is the run of a workflow.
    pub fn parts(self) -> (Uuid, bool) {
        match self {
            Self::Run(run) => (run.into(), false),
            Self::Workflow(run) => (run.into(), true),
        }
    }

    /// The inverse of [`About::parts`].
    pub fn of((id, of_workflow): (Uuid, bool)) -> Self {
        if of_workflow { Self::Workflow(id.into()) } else { Self::Run(id.into()) }
    }
}

/// One notice on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct RunDelivery {
    pub id: RunDeliveryId,
    pub watch_id: RunWatchId,
    pub user_id: UserId,
    /// The run of the queue, or of a workflow; `None` where somebody only tries.
    pub run_id: Option<Uuid>,
    pub of_workflow: bool,
    pub news: RunNews,
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: i64,
    /// What a webhook's receiver answered last.
    pub status: Option<i64>,
    /// Why it did not arrive.
    pub error: Option<String>,
    /// When what it tells happened; of a late run, the tick or start from which it was awaited.
    pub happened_at: Timestamp,
    pub created_at: Timestamp,
    pub tried_at: Option<Timestamp>,
}

impl RunDelivery {
    /// What it is about; `None` where somebody only tries.
    pub fn about(&self) -> Option<About> {
        self.run_id.map(|id| About::of((id, self.of_workflow)))
    }
}
