//! Workflows: graphs of steps, each of which is work of the queue.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Fault, Timestamp,
    ids::{BackfillId, ProjectId, RunId, WorkflowId, WorkflowRunId},
    words::{StepEnd, StepState, WorkflowState},
};

mod check;
mod references;

pub use check::{MOST_STEPS, check};
pub use references::{Place, Reference, fill, references};

/// What a workflow does. [`check`] says whether it can be carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub steps: Vec<Step>,
}

impl Definition {
    /// Reads what somebody has written.
    ///
    /// # Errors
    /// `invalid` on `definition`, with what is wrong.
    pub fn read(written: Value) -> Result<Self, Fault> {
        serde_json::from_value(written).map_err(|error| {
            Fault::invalid("definition", format!("this is no definition: {error}")).fix("see docs/jobs.md")
        })
    }
}

/// One step of a workflow. Its values may hold references, `{"from": "steps.load.output.tables"}`, in whose place stands
/// what they name when the step begins; see [`Reference`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Lower-case letters, digits and `_`.
    pub name: String,
    /// A kind of work of the queue.
    pub kind: String,
    /// The id of what is worked on, such as a data source.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub subject: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// It begins when all of these are so, and is skipped when one of them cannot become so any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<After>,
    /// A list: the step is divided into a part for each of its items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Value>,
    /// A part for each so many items, and one for the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Parts at work at once; as many as there are if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
    /// Attempts at each part before it counts as failed; as many as its kind has if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<i64>,
}

/// What has to have become of another step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    pub step: String,
    #[serde(default = "succeeded")]
    pub on: StepEnd,
}

fn succeeded() -> StepEnd {
    StepEnd::Succeeded
}

/// A workflow; what it does stands in its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Workflow {
    pub id: WorkflowId,
    pub project_id: ProjectId,
    pub name: String,
    /// The number of its latest definition, raised by each change of it.
    pub version: i64,
    pub created_by: String,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

/// A definition under its number; it never changes.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct WorkflowVersion {
    pub workflow_id: WorkflowId,
    pub number: i64,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub definition: Definition,
    pub created_by: String,
    pub created_at: Timestamp,
}

/// One execution of a workflow.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct WorkflowRun {
    pub id: WorkflowRunId,
    pub workflow_id: WorkflowId,
    /// The definition that it runs, whatever becomes of the workflow.
    pub version: i64,
    pub project_id: ProjectId,
    pub backfill_id: Option<BackfillId>,
    /// The day of its backfill, such as `2026-05-03`.
    pub day: Option<String>,
    /// The run of the queue that started it.
    pub cause_id: Option<RunId>,
    pub state: WorkflowState,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub input: Value,
    /// `manual`, `backfill`, or what started the run of the queue that started it.
    pub trigger_kind: String,
    pub started_by: String,
    /// Somebody wants it to stop: nothing of it begins any more, and it ends when its parts at work have.
    pub cancel_requested: bool,
    /// When parts are put into the queue for which it had no room.
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A step of a workflow's run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct WorkflowStep {
    pub name: String,
    pub state: StepState,
    /// How many parts it was divided into when it began.
    pub parts: i64,
    /// Why it could not begin.
    pub error: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A part of a step: what one run of the queue works on.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct WorkflowPart {
    pub step: String,
    /// From 0, in the order of the list.
    pub number: i64,
    pub state: StepState,
    pub subject_id: Option<Uuid>,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub input: Value,
    /// The latest run of the queue that worked on it.
    pub run_id: Option<RunId>,
    /// How many runs of the queue there were.
    pub runs: i64,
    #[cfg_attr(feature = "sqlx", sqlx(json(nullable)))]
    pub output: Option<Value>,
    pub error: Option<String>,
    pub ended_at: Option<Timestamp>,
}

/// A workflow over a range of days: one run for each, with the day as `day` in its input.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Backfill {
    pub id: BackfillId,
    pub workflow_id: WorkflowId,
    /// The definition that all of its days run.
    pub version: i64,
    pub first_day: String,
    pub last_day: String,
    /// The day that is looked at next; behind the last one when none is left.
    pub next_day: String,
    /// Days at work at once.
    pub at_most: i64,
    /// Whether days run again that a run has succeeded for.
    pub anew: bool,
    /// Days left out because a run has succeeded for them.
    pub covered: i64,
    /// What each run gets beside its day.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub input: Value,
    pub state: WorkflowState,
    pub cancel_requested: bool,
    /// When it is looked at again by itself.
    pub due_at: Option<Timestamp>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// How far a backfill is, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BackfillProgress {
    /// Days of its range.
    pub days: i64,
    /// Left out because a run has succeeded for them.
    pub covered: i64,
    /// Whose run is still to begin.
    pub waiting: i64,
    pub running: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub cancelled: i64,
}
