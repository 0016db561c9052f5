//! Steps of workflows' runs and the parts they are divided into. Whoever changes them has locked the run.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{BackfillId, RunId, WorkflowId, WorkflowRunId},
    words::StepState,
    workflows::{WorkflowPart, WorkflowStep},
};
use serde_json::Value;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`WorkflowPart`].
macro_rules! part_columns {
    () => {
        "step, number, state, subject_id, input, run_id, runs, output, error, ended_at"
    };
}

statements! {
    INSERT_STEP = "INSERT INTO workflow_steps (workflow_run_id, name, state, parts) VALUES ($1, $2, $3, 0)";
    STEPS = "SELECT name, state, parts, error, started_at, ended_at FROM workflow_steps WHERE workflow_run_id = $1 ORDER BY name";
    BEGIN_STEP = "UPDATE workflow_steps SET state = 'running', parts = $3, started_at = $4 WHERE workflow_run_id = $1 AND name = $2";
    END_STEP = "UPDATE workflow_steps SET state = $3, error = $4, ended_at = $5 WHERE workflow_run_id = $1 AND name = $2";
    REOPEN_DIVIDED = "UPDATE workflow_steps SET state = 'running', error = NULL, ended_at = NULL WHERE workflow_run_id = $1 AND parts > 0 AND state IN ('failed', 'cancelled')";
    REOPEN_OTHERS = "UPDATE workflow_steps SET state = 'waiting', error = NULL, started_at = NULL, ended_at = NULL WHERE workflow_run_id = $1 AND parts = 0 AND state IN ('failed', 'skipped', 'cancelled')";
    INSERT_PART = "INSERT INTO workflow_parts (workflow_run_id, step, number, state, subject_id, input, runs) VALUES ($1, $2, $3, $4, $5, $6, 0)";
    COUNTS = "SELECT step, state, COUNT(*) FROM workflow_parts WHERE workflow_run_id = $1 GROUP BY step, state";
    PARTS = concat!("SELECT ", part_columns!(), " FROM workflow_parts WHERE workflow_run_id = $1 AND step = $2 AND number > $3 ORDER BY number LIMIT $4");
    WAITING = concat!("SELECT ", part_columns!(), " FROM workflow_parts WHERE workflow_run_id = $1 AND step = $2 AND state = 'waiting' ORDER BY number LIMIT $3");
    OUTPUTS = "SELECT number, output FROM workflow_parts WHERE workflow_run_id = $1 AND step = $2 AND state = 'succeeded' ORDER BY number";
    OF_PART = "SELECT r.workflow_id, r.id FROM workflow_parts p JOIN workflow_runs r ON r.id = p.workflow_run_id WHERE p.run_id = $1";
    OF_RUN = "SELECT p.workflow_run_id, r.backfill_id FROM workflow_parts p JOIN workflow_runs r ON r.id = p.workflow_run_id WHERE p.run_id = $1 AND p.state = 'running'";
    PUT_IN = "UPDATE workflow_parts SET state = 'running', run_id = $4, runs = runs + 1 WHERE workflow_run_id = $1 AND step = $2 AND number = $3";
    REFUSE = "UPDATE workflow_parts SET state = 'failed', error = $4, ended_at = $5 WHERE workflow_run_id = $1 AND step = $2 AND number = $3";
    END = "UPDATE workflow_parts SET state = $2, output = $3, error = $4, ended_at = $5 WHERE run_id = $1 AND state = 'running'";
    AT_WORK = "SELECT run_id FROM workflow_parts WHERE workflow_run_id = $1 AND state = 'running' AND run_id IS NOT NULL ORDER BY run_id";
    CANCEL_WAITING = "UPDATE workflow_parts SET state = 'cancelled', ended_at = $2 WHERE workflow_run_id = $1 AND state = 'waiting'";
    NOT_DONE = "SELECT run_id FROM workflow_parts WHERE workflow_run_id = $1 AND state IN ('failed', 'cancelled') AND run_id IS NOT NULL ORDER BY run_id";
    REOPEN_PARTS = "UPDATE workflow_parts SET state = 'waiting', error = NULL, ended_at = NULL WHERE workflow_run_id = $1 AND state IN ('failed', 'cancelled')";
    UNTOLD = "SELECT p.run_id FROM workflow_parts p LEFT JOIN job_runs j ON j.id = p.run_id WHERE p.state = 'running' AND p.run_id IS NOT NULL AND (j.id IS NULL OR j.ended_at IS NOT NULL) ORDER BY p.run_id LIMIT $1";
}

/// A part that is to be worked on.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPart {
    pub subject: Option<Uuid>,
    pub input: Value,
}

/// How many parts of a step are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartCounts {
    pub waiting: i64,
    pub running: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub cancelled: i64,
}

impl PartCounts {
    /// Parts that nothing more is done about.
    pub fn ended(&self) -> i64 {
        self.succeeded + self.failed + self.cancelled
    }
}

/// Keeps a step that waits.
pub async fn step_insert(tx: &mut WriteTx, run: WorkflowRunId, name: &str) -> Result<(), StoreError> {
    execute_one!(tx, INSERT_STEP, run, name, StepState::Waiting)
}

/// The steps of a run, by name.
pub async fn steps(tx: &mut Tx, run: WorkflowRunId) -> Result<Vec<WorkflowStep>, StoreError> {
    fetch_all!(tx, WorkflowStep, STEPS, run)
}

/// Begins a step with its parts, which wait.
pub async fn step_begin(
    tx: &mut WriteTx,
    run: WorkflowRunId,
    name: &str,
    parts: &[NewPart],
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, BEGIN_STEP, run, name, i64::try_from(parts.len()).unwrap_or(i64::MAX), now)?;
    for (number, part) in (0_i64..).zip(parts) {
        let input = Json(&part.input);
        execute_one!(tx, INSERT_PART, run, name, number, StepState::Waiting, part.subject, input)?;
    }
    Ok(())
}

/// Ends a step.
pub async fn step_end(
    tx: &mut WriteTx,
    run: WorkflowRunId,
    name: &str,
    (state, error): (StepState, Option<&str>),
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, END_STEP, run, name, state, error, now)
}

/// How many parts each step of a run has in which state.
pub async fn part_counts(tx: &mut Tx, run: WorkflowRunId) -> Result<BTreeMap<String, PartCounts>, StoreError> {
    let mut counts: BTreeMap<String, PartCounts> = BTreeMap::new();
    for (step, state, count) in fetch_all!(tx, (String, StepState, i64), COUNTS, run)? {
        let of = counts.entry(step).or_default();
        match state {
            StepState::Waiting => of.waiting = count,
            StepState::Running => of.running = count,
            StepState::Succeeded => of.succeeded = count,
            StepState::Failed => of.failed = count,
            StepState::Cancelled | StepState::Skipped => of.cancelled = count,
        }
    }
    Ok(counts)
}

/// The parts of a step, in order.
pub async fn part_list(
    tx: &mut Tx,
    run: WorkflowRunId,
    step: &str,
    page: &PageRequest,
) -> Result<Page<WorkflowPart>, StoreError> {
    let after = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(-1_i64);
    let rows = fetch_all!(tx, WorkflowPart, PARTS, run, step, after, page.fetch())?;
    Ok(Page::cut(rows, page, |part| part.number.to_string()))
}

/// The first parts of a step that wait.
pub async fn parts_waiting(
    tx: &mut Tx,
    run: WorkflowRunId,
    step: &str,
    limit: i64,
) -> Result<Vec<WorkflowPart>, StoreError> {
    fetch_all!(tx, WorkflowPart, WAITING, run, step, limit)
}

/// What the parts of a step gave that succeeded, by number.
pub async fn part_outputs(tx: &mut Tx, run: WorkflowRunId, step: &str) -> Result<Vec<(i64, Value)>, StoreError> {
    let rows = fetch_all!(tx, (i64, Option<Json<Value>>), OUTPUTS, run, step)?;
    Ok(rows.into_iter().map(|(number, output)| (number, output.map_or(Value::Null, |json| json.0))).collect())
}

/// The workflow and its run of which a run of the queue is a part: the latest run that worked on that.
pub async fn flow_of_part(tx: &mut Tx, run: RunId) -> Result<Option<(WorkflowId, WorkflowRunId)>, StoreError> {
    fetch_optional!(tx, (WorkflowId, WorkflowRunId), OF_PART, run)
}

/// Which workflow's run, and which backfill, a run of the queue works for; `None` if for none that waits for it.
pub async fn flow_of_run(tx: &mut Tx, run: RunId) -> Result<Option<(WorkflowRunId, Option<BackfillId>)>, StoreError> {
    fetch_optional!(tx, (WorkflowRunId, Option<BackfillId>), OF_RUN, run)
}

/// Notes which run of the queue works on a part from now on.
pub async fn part_put_in(
    tx: &mut WriteTx,
    run: WorkflowRunId,
    (step, number): (&str, i64),
    job: RunId,
) -> Result<(), StoreError> {
    execute_one!(tx, PUT_IN, run, step, number, job)
}

/// Ends a part that cannot be put into the queue.
pub async fn part_refuse(
    tx: &mut WriteTx,
    run: WorkflowRunId,
    (step, number): (&str, i64),
    error: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, REFUSE, run, step, number, error, now)
}

/// Ends the part that a run of the queue works on. Returns whether it was at work: the same end told twice counts once.
pub async fn part_end(
    tx: &mut WriteTx,
    job: RunId,
    state: StepState,
    (output, error): (Option<&Value>, Option<&str>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, END, job, state, output.map(Json), error, now)? == 1)
}

/// The runs of the queue that work for a workflow's run.
pub async fn parts_at_work(tx: &mut Tx, run: WorkflowRunId) -> Result<Vec<RunId>, StoreError> {
    Ok(fetch_all!(tx, (RunId,), AT_WORK, run)?.into_iter().map(|(id,)| id).collect())
}

/// Ends the parts that are not in the queue.
pub async fn parts_cancel_waiting(tx: &mut WriteTx, run: WorkflowRunId, now: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, CANCEL_WAITING, run, now)
}

/// Lets what did not succeed wait again: parts, steps that could not begin, and steps that were skipped. Returns the runs
/// of the queue that had worked on these parts.
pub async fn parts_reopen(tx: &mut WriteTx, run: WorkflowRunId) -> Result<Vec<RunId>, StoreError> {
    let before = fetch_all!(tx, (RunId,), NOT_DONE, run)?;
    execute!(tx, REOPEN_PARTS, run)?;
    execute!(tx, REOPEN_DIVIDED, run)?;
    execute!(tx, REOPEN_OTHERS, run)?;
    Ok(before.into_iter().map(|(id,)| id).collect())
}

/// Runs of the queue that have ended, or are gone, while parts wait for them still.
pub async fn parts_untold(tx: &mut Tx, limit: i64) -> Result<Vec<RunId>, StoreError> {
    Ok(fetch_all!(tx, (RunId,), UNTOLD, limit)?.into_iter().map(|(id,)| id).collect())
}
