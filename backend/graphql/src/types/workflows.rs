//! Workflows, as clients read them.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::jobs::workflows::{BackfillView, FlowView};
use lakegate_model::workflows as model;

use crate::scalars::{Id, Json, Long, StepState, WorkflowState};

/// A graph of steps, each of which is work of the queue.
#[derive(Debug, Clone, SimpleObject)]
pub struct Workflow {
    pub id: Id,
    pub project_id: Id,
    pub name: String,
    /// The number of its latest definition.
    pub version: Long,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl From<model::Workflow> for Workflow {
    fn from(workflow: model::Workflow) -> Self {
        Self {
            id: workflow.id.into(),
            project_id: workflow.project_id.into(),
            name: workflow.name,
            version: workflow.version.into(),
            created_by: workflow.created_by,
            created_at: workflow.created_at,
            changed_at: workflow.changed_at,
        }
    }
}

/// A definition under its number; it never changes.
#[derive(Debug, Clone, SimpleObject)]
pub struct WorkflowVersion {
    pub number: Long,
    /// An object with `steps`.
    pub definition: Json,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

impl From<model::WorkflowVersion> for WorkflowVersion {
    fn from(version: model::WorkflowVersion) -> Self {
        Self {
            number: version.number.into(),
            // Names, numbers and JSON values always make JSON.
            definition: Json(serde_json::to_value(version.definition).unwrap_or_default()),
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

/// One execution of a workflow.
#[derive(Debug, Clone, SimpleObject)]
pub struct WorkflowRun {
    pub id: Id,
    pub workflow_id: Id,
    /// The number of the definition that it runs, whatever becomes of the workflow.
    pub version: Long,
    pub backfill_id: Option<Id>,
    /// The day of its backfill, such as `2026-05-03`.
    pub day: Option<String>,
    pub state: WorkflowState,
    pub input: Json,
    /// `manual`, `backfill`, or what else started it.
    pub trigger: String,
    pub started_by: String,
    /// Nothing of it begins any more, and it ends when what is at work has.
    pub cancel_requested: bool,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<model::WorkflowRun> for WorkflowRun {
    fn from(run: model::WorkflowRun) -> Self {
        Self {
            id: run.id.into(),
            workflow_id: run.workflow_id.into(),
            version: run.version.into(),
            backfill_id: run.backfill_id.map(Into::into),
            day: run.day,
            state: run.state.into(),
            input: Json(run.input),
            trigger: run.trigger_kind,
            started_by: run.started_by,
            cancel_requested: run.cancel_requested,
            created_at: run.created_at,
            ended_at: run.ended_at,
        }
    }
}

/// A run of a workflow, step by step.
#[derive(Debug, Clone, SimpleObject)]
pub struct WorkflowRunDetail {
    pub run: WorkflowRun,
    /// By their names.
    pub steps: Vec<WorkflowStep>,
}

impl From<FlowView> for WorkflowRunDetail {
    fn from(view: FlowView) -> Self {
        Self { run: view.run.into(), steps: view.steps.into_iter().map(Into::into).collect() }
    }
}

/// A step of a workflow's run.
#[derive(Debug, Clone, SimpleObject)]
pub struct WorkflowStep {
    pub name: String,
    pub state: StepState,
    /// How many parts it was divided into when it began.
    pub parts: Long,
    /// Why it could not begin.
    pub error: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<model::WorkflowStep> for WorkflowStep {
    fn from(step: model::WorkflowStep) -> Self {
        Self {
            name: step.name,
            state: step.state.into(),
            parts: step.parts.into(),
            error: step.error,
            started_at: step.started_at,
            ended_at: step.ended_at,
        }
    }
}

/// A part of a step: what one run of the queue works on.
#[derive(Debug, Clone, SimpleObject)]
pub struct WorkflowPart {
    pub step: String,
    /// From 0, in the order of the list.
    pub number: Long,
    pub state: StepState,
    /// What is worked on, such as a data source.
    pub subject_id: Option<Id>,
    pub input: Json,
    /// The latest run of the queue that worked on it.
    pub run_id: Option<Id>,
    /// How many runs of the queue there were.
    pub runs: Long,
    pub output: Option<Json>,
    pub error: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<model::WorkflowPart> for WorkflowPart {
    fn from(part: model::WorkflowPart) -> Self {
        Self {
            step: part.step,
            number: part.number.into(),
            state: part.state.into(),
            subject_id: part.subject_id.map(Into::into),
            input: Json(part.input),
            run_id: part.run_id.map(Into::into),
            runs: part.runs.into(),
            output: part.output.map(Json),
            error: part.error,
            ended_at: part.ended_at,
        }
    }
}

/// A workflow over a range of days: one run for each, with the day as `day` in its input.
#[derive(Debug, Clone, SimpleObject)]
pub struct Backfill {
    pub id: Id,
    pub workflow_id: Id,
    /// The number of the definition that all of its days run.
    pub version: Long,
    pub first_day: String,
    pub last_day: String,
    /// Days at work at once.
    pub at_most: Long,
    /// Whether days run again that a run has succeeded for.
    pub anew: bool,
    pub state: WorkflowState,
    pub cancel_requested: bool,
    /// Days of its range.
    pub days: Long,
    /// Days left out because a run has succeeded for them.
    pub covered: Long,
    /// Days whose run is still to begin.
    pub waiting: Long,
    pub running: Long,
    pub succeeded: Long,
    pub failed: Long,
    pub cancelled: Long,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<BackfillView> for Backfill {
    fn from(view: BackfillView) -> Self {
        let (backfill, progress) = (view.backfill, view.progress);
        Self {
            id: backfill.id.into(),
            workflow_id: backfill.workflow_id.into(),
            version: backfill.version.into(),
            first_day: backfill.first_day,
            last_day: backfill.last_day,
            at_most: backfill.at_most.into(),
            anew: backfill.anew,
            state: backfill.state.into(),
            cancel_requested: backfill.cancel_requested,
            days: progress.days.into(),
            covered: progress.covered.into(),
            waiting: progress.waiting.into(),
            running: progress.running.into(),
            succeeded: progress.succeeded.into(),
            failed: progress.failed.into(),
            cancelled: progress.cancelled.into(),
            created_by: backfill.created_by,
            created_at: backfill.created_at,
            ended_at: backfill.ended_at,
        }
    }
}
