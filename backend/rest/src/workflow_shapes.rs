//! Workflows, their runs and backfills, as they stand in answers.

use chrono::{DateTime, Utc};
use lakegate_app::jobs::workflows::{BackfillView, FlowView};
use lakegate_model::{
    words::{StepState, WorkflowState},
    workflows as model,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A graph of steps, each of which is work of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowShape {
    id: Uuid,
    project_id: Uuid,
    name: String,
    /// The number of its latest definition.
    version: i64,
    created_by: String,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

impl From<model::Workflow> for WorkflowShape {
    fn from(workflow: model::Workflow) -> Self {
        Self {
            id: workflow.id.into(),
            project_id: workflow.project_id.into(),
            name: workflow.name,
            version: workflow.version,
            created_by: workflow.created_by,
            created_at: workflow.created_at,
            changed_at: workflow.changed_at,
        }
    }
}

/// A definition under its number; it never changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowVersionShape {
    number: i64,
    /// An object with `steps`.
    #[schema(value_type = Value)]
    definition: model::Definition,
    created_by: String,
    created_at: DateTime<Utc>,
}

impl From<model::WorkflowVersion> for WorkflowVersionShape {
    fn from(version: model::WorkflowVersion) -> Self {
        Self {
            number: version.number,
            definition: version.definition,
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

/// One execution of a workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowRunShape {
    id: Uuid,
    workflow_id: Uuid,
    /// The number of the definition that it runs, whatever becomes of the workflow.
    version: i64,
    backfill_id: Option<Uuid>,
    /// The day of its backfill, such as `2026-05-03`.
    day: Option<String>,
    #[schema(value_type = String)]
    state: WorkflowState,
    input: Value,
    /// `manual`, `schedule`, `event` or `backfill`.
    trigger: String,
    started_by: String,
    /// Nothing of it begins any more, and it ends when what is at work has.
    cancel_requested: bool,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<model::WorkflowRun> for WorkflowRunShape {
    fn from(run: model::WorkflowRun) -> Self {
        Self {
            id: run.id.into(),
            workflow_id: run.workflow_id.into(),
            version: run.version,
            backfill_id: run.backfill_id.map(Into::into),
            day: run.day,
            state: run.state,
            input: run.input,
            trigger: run.trigger_kind,
            started_by: run.started_by,
            cancel_requested: run.cancel_requested,
            created_at: run.created_at,
            ended_at: run.ended_at,
        }
    }
}

/// A run of a workflow, step by step.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowRunDetailShape {
    run: WorkflowRunShape,
    /// By their names.
    steps: Vec<WorkflowStepShape>,
}

impl From<FlowView> for WorkflowRunDetailShape {
    fn from(view: FlowView) -> Self {
        Self { run: view.run.into(), steps: view.steps.into_iter().map(Into::into).collect() }
    }
}

/// A step of a workflow's run.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowStepShape {
    name: String,
    #[schema(value_type = String)]
    state: StepState,
    /// How many parts it was divided into when it began.
    parts: i64,
    /// Why it could not begin.
    error: Option<String>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<model::WorkflowStep> for WorkflowStepShape {
    fn from(step: model::WorkflowStep) -> Self {
        Self {
            name: step.name,
            state: step.state,
            parts: step.parts,
            error: step.error,
            started_at: step.started_at,
            ended_at: step.ended_at,
        }
    }
}

/// A part of a step: what one run of the queue works on.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowPartShape {
    step: String,
    /// From 0, in the order of the list.
    number: i64,
    #[schema(value_type = String)]
    state: StepState,
    /// What is worked on, such as a data source.
    subject_id: Option<Uuid>,
    input: Value,
    /// The latest run of the queue that worked on it.
    run_id: Option<Uuid>,
    /// How many runs of the queue there were.
    runs: i64,
    output: Option<Value>,
    error: Option<String>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<model::WorkflowPart> for WorkflowPartShape {
    fn from(part: model::WorkflowPart) -> Self {
        Self {
            step: part.step,
            number: part.number,
            state: part.state,
            subject_id: part.subject_id,
            input: part.input,
            run_id: part.run_id.map(Into::into),
            runs: part.runs,
            output: part.output,
            error: part.error,
            ended_at: part.ended_at,
        }
    }
}

/// A workflow over a range of days: one run for each, with the day as `day` in its input.
#[derive(Debug, Serialize, ToSchema)]
pub struct BackfillShape {
    id: Uuid,
    workflow_id: Uuid,
    /// The number of the definition that all of its days run.
    version: i64,
    first_day: String,
    last_day: String,
    /// Days at work at once.
    at_most: i64,
    /// Whether days run again that a run has succeeded for.
    anew: bool,
    #[schema(value_type = String)]
    state: WorkflowState,
    cancel_requested: bool,
    /// Days of its range.
    days: i64,
    /// Days left out because a run has succeeded for them.
    covered: i64,
    /// Days whose run is still to begin.
    waiting: i64,
    running: i64,
    succeeded: i64,
    failed: i64,
    cancelled: i64,
    created_by: String,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<BackfillView> for BackfillShape {
    fn from(view: BackfillView) -> Self {
        let (backfill, progress) = (view.backfill, view.progress);
        Self {
            id: backfill.id.into(),
            workflow_id: backfill.workflow_id.into(),
            version: backfill.version,
            first_day: backfill.first_day,
            last_day: backfill.last_day,
            at_most: backfill.at_most,
            anew: backfill.anew,
            state: backfill.state,
            cancel_requested: backfill.cancel_requested,
            days: progress.days,
            covered: progress.covered,
            waiting: progress.waiting,
            running: progress.running,
            succeeded: progress.succeeded,
            failed: progress.failed,
            cancelled: progress.cancelled,
            created_by: backfill.created_by,
            created_at: backfill.created_at,
            ended_at: backfill.ended_at,
        }
    }
}
