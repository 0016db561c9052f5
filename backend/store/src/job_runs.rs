//! Runs of the queue: put into it, found, listed, cancelled, resolved.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ProjectId, RunId, ScheduleId, UserId},
    jobs::{JobAttempt, JobRun, KindLoad, Priority},
    words::JobState,
};
use serde_json::Value;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`JobRun`].
macro_rules! run_columns {
    () => {
        "id, kind, project_id, subject_id, schedule_id, replay_of, state, priority, run_at, trigger_kind, started_by, input, progress, output, attempt, tries, max_tries, worker_id, lease_until, cancel_requested, error_code, error, created_at, started_at, beat_at, ended_at, resolved_at"
    };
}
pub(crate) use run_columns;

/// Leaves out runs for which a workflow's run needs them that has not ended.
macro_rules! not_needed {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM workflow_parts p JOIN workflow_runs f ON f.id = p.workflow_run_id WHERE p.run_id = job_runs.id AND f.state = 'running')"
    };
}

/// Leaves only runs that have ended, were looked after if they failed, and that no workflow needs.
macro_rules! may_go {
    () => {
        concat!(" AND ended_at IS NOT NULL AND (state <> 'failed' OR resolved_at IS NOT NULL)", not_needed!())
    };
}

statements! {
    INSERT = "INSERT INTO job_runs (id, kind, project_id, subject_id, schedule_id, replay_of, state, priority, run_at, queued_key, open_key, serial_key, trigger_kind, started_by, input, progress, attempt, tries, max_tries, cancel_requested, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 0, $17, $18, $19) ON CONFLICT DO NOTHING";
    BY_KEY = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE kind = $1 AND (queued_key = $2 OR open_key = $3) ORDER BY id LIMIT 1");
    BY_ID = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE id = $1");
    OF_SUBJECT = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE kind = $1 AND subject_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
    OPEN_OF_SUBJECT = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE kind = $1 AND subject_id = $2 AND state IN ('scheduled', 'waiting', 'held', 'running') ORDER BY id LIMIT 1");
    LIST = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE id < $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4");
    LIST_DEAD = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE state = 'failed' AND resolved_at IS NULL AND id < $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4");
    OF_PROJECT = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE project_id = $5 AND id < $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR state = $3) AND (state = 'failed' AND resolved_at IS NULL OR NOT $6) ORDER BY id DESC LIMIT $4");
    OF_MEMBER = concat!("SELECT ", run_columns!(), " FROM job_runs WHERE project_id IN (SELECT m.project_id FROM project_members m WHERE m.member_kind = 'user' AND m.member_id = $5 UNION SELECT m.project_id FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE g.user_id = $5) AND id < $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR state = $3) AND (state = 'failed' AND resolved_at IS NULL OR NOT $6) ORDER BY id DESC LIMIT $4");
    ATTEMPTS = "SELECT attempt, worker_id, started_at, ended_at, outcome, error_code, error, next_at FROM job_attempts WHERE run_id = $1 ORDER BY attempt DESC LIMIT 100";
    WAITING_OF_KIND = "SELECT COUNT(*) FROM (SELECT 1 FROM job_runs WHERE kind = $1 AND state = 'waiting' LIMIT $2) waiting";
    REFUSED = "INSERT INTO job_refusals (kind, refused, last_at) VALUES ($1, 1, $2) ON CONFLICT (kind) DO UPDATE SET refused = job_refusals.refused + 1, last_at = $2";
    REFUSALS = "SELECT kind, refused FROM job_refusals";
    CANCEL_EARLY = "UPDATE job_runs SET state = 'cancelled', cancel_requested = $2, queued_key = NULL, open_key = NULL, ended_at = $3 WHERE id = $1 AND state IN ('scheduled', 'waiting', 'held')";
    CANCEL_RUNNING = "UPDATE job_runs SET cancel_requested = $2 WHERE id = $1 AND state = 'running'";
    RESOLVE = "UPDATE job_runs SET resolved_at = $2 WHERE id = $1 AND state = 'failed' AND resolved_at IS NULL";
    LOAD = "SELECT kind, state, COUNT(*), MIN(run_at) FROM job_runs WHERE state IN ('scheduled', 'waiting', 'held', 'running') GROUP BY kind, state";
    DEAD_BY_KIND = "SELECT kind, COUNT(*) FROM job_runs WHERE state = 'failed' AND resolved_at IS NULL GROUP BY kind";
    DELETE_LOGS = "DELETE FROM job_logs WHERE run_id IN (SELECT id FROM job_runs WHERE kind = $1 AND subject_id = $2)";
    DELETE_ATTEMPTS = "DELETE FROM job_attempts WHERE run_id IN (SELECT id FROM job_runs WHERE kind = $1 AND subject_id = $2)";
    DELETE_RUNS = "DELETE FROM job_runs WHERE kind = $1 AND subject_id = $2";
    QUIET_LOGS = concat!("DELETE FROM job_logs WHERE run_id IN (SELECT id FROM job_runs WHERE kind = $1 AND state = 'succeeded' AND ended_at < $2", not_needed!(), ")");
    QUIET_ATTEMPTS = concat!("DELETE FROM job_attempts WHERE run_id IN (SELECT id FROM job_runs WHERE kind = $1 AND state = 'succeeded' AND ended_at < $2", not_needed!(), ")");
    QUIET_RUNS = concat!("DELETE FROM job_runs WHERE kind = $1 AND state = 'succeeded' AND ended_at < $2", not_needed!());
    OLD_LOGS = concat!("DELETE FROM job_logs WHERE run_id IN (SELECT id FROM job_runs WHERE ended_at IS NOT NULL AND ended_at < $1", not_needed!(), ")");
    OLD_ATTEMPTS = concat!("DELETE FROM job_attempts WHERE run_id IN (SELECT id FROM job_runs WHERE ended_at < $1", may_go!(), ")");
    OLD_RUNS = concat!("DELETE FROM job_runs WHERE ended_at < $1", may_go!());
    LATEST_BEYOND = "SELECT id FROM job_runs WHERE kind = $1 AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET $2";
    SLICE_BEYOND = concat!("SELECT id FROM (SELECT id FROM job_runs WHERE kind = $1 AND id <= $2", may_go!(), " ORDER BY id LIMIT $3) beyond ORDER BY id DESC LIMIT 1");
    BEYOND_LOGS = concat!("DELETE FROM job_logs WHERE run_id IN (SELECT id FROM job_runs WHERE kind = $1 AND id <= $2", may_go!(), ")");
    BEYOND_ATTEMPTS = concat!("DELETE FROM job_attempts WHERE run_id IN (SELECT id FROM job_runs WHERE kind = $1 AND id <= $2", may_go!(), ")");
    BEYOND_RUNS = concat!("DELETE FROM job_runs WHERE kind = $1 AND id <= $2", may_go!());
}

/// A run to be put into the queue.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub id: RunId,
    pub kind: &'static str,
    pub project_id: ProjectId,
    pub subject_id: Option<Uuid>,
    pub schedule_id: Option<ScheduleId>,
    pub replay_of: Option<RunId>,
    pub priority: Priority,
    pub run_at: Timestamp,
    /// At most one of the kind that has not started carries it.
    pub queued_key: Option<String>,
    /// At most one of the kind that has not ended carries it.
    pub open_key: Option<String>,
    /// At most one of the kind that is at work carries it.
    pub serial_key: Option<String>,
    pub trigger_kind: &'static str,
    pub started_by: String,
    pub input: Value,
    pub max_tries: i64,
    pub created_at: Timestamp,
}

/// Which runs are listed.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub kind: Option<String>,
    pub state: Option<JobState>,
    pub project: Option<ProjectId>,
    /// Only of projects that this person is a member of.
    pub member: Option<UserId>,
    /// Only failed runs that nobody replayed or discarded.
    pub dead_letters: bool,
}

/// Puts a run into the queue. Returns whether it went in: not where its key is taken.
pub async fn run_insert(tx: &mut WriteTx, run: &NewRun) -> Result<bool, StoreError> {
    let due = run.run_at <= run.created_at;
    let state = if due { JobState::Waiting } else { JobState::Scheduled };
    let rows = execute!(
        tx,
        INSERT,
        run.id,
        run.kind,
        run.project_id,
        run.subject_id,
        run.schedule_id,
        run.replay_of,
        state,
        run.priority,
        run.run_at,
        run.queued_key.as_deref(),
        run.open_key.as_deref(),
        run.serial_key.as_deref(),
        run.trigger_kind,
        &run.started_by,
        Json(&run.input),
        Json(lakegate_model::jobs::JobProgress::default()),
        run.max_tries,
        false,
        run.created_at
    )?;
    Ok(rows == 1)
}

/// The run that holds one of a new run's keys.
pub async fn run_of_key(tx: &mut Tx, run: &NewRun) -> Result<Option<JobRun>, StoreError> {
    fetch_optional!(tx, JobRun, BY_KEY, run.kind, run.queued_key.as_deref(), run.open_key.as_deref())
}

/// The run of an id; what a caller may see of it is decided on its project.
pub async fn run_find(tx: &mut Tx, id: RunId) -> Result<Option<JobRun>, StoreError> {
    fetch_optional!(tx, JobRun, BY_ID, id)
}

/// The runs over one thing, the latest first.
pub async fn runs_of_subject(
    tx: &mut Tx,
    kind: &str,
    subject: Uuid,
    page: &PageRequest,
) -> Result<Page<JobRun>, StoreError> {
    let rows = fetch_all!(tx, JobRun, OF_SUBJECT, kind, subject, before(page), page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}

/// The run over one thing that has not ended.
pub async fn run_open(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<Option<JobRun>, StoreError> {
    fetch_optional!(tx, JobRun, OPEN_OF_SUBJECT, kind, subject)
}

/// Runs, the latest first. Whoever asks has seen to it that the caller may know of what the filter lets through.
pub async fn run_list(tx: &mut Tx, filter: &RunFilter, page: &PageRequest) -> Result<Page<JobRun>, StoreError> {
    let kind = filter.kind.as_deref().unwrap_or_default();
    let state = filter.state.map(JobState::as_str).unwrap_or_default();
    let (dead, rows) = (filter.dead_letters, page.fetch());
    let rows = match (filter.project, filter.member) {
        (Some(project), _) => fetch_all!(tx, JobRun, OF_PROJECT, before(page), kind, state, rows, project, dead)?,
        (None, Some(member)) => fetch_all!(tx, JobRun, OF_MEMBER, before(page), kind, state, rows, member, dead)?,
        (None, None) if dead => fetch_all!(tx, JobRun, LIST_DEAD, before(page), kind, state, rows)?,
        (None, None) => fetch_all!(tx, JobRun, LIST, before(page), kind, state, rows)?,
    };
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}

fn before(page: &PageRequest) -> RunId {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(RunId(Uuid::max()))
}

/// The latest hundred attempts at a run, the latest first.
pub async fn attempts(tx: &mut Tx, id: RunId) -> Result<Vec<JobAttempt>, StoreError> {
    fetch_all!(tx, JobAttempt, ATTEMPTS, id)
}

/// How many runs of a kind wait, counted up to `bound`.
pub async fn waiting_of_kind(tx: &mut Tx, kind: &str, bound: i64) -> Result<i64, StoreError> {
    Ok(fetch_one!(tx, (i64,), WAITING_OF_KIND, kind, bound)?.0)
}

/// Counts a submission that was refused because too much of its kind waits.
pub async fn note_refused(tx: &mut WriteTx, kind: &str, now: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, REFUSED, kind, now)
}

/// Ends a run that has not started at once; asks one at work to stop. Returns whether it had started, or `None` if it
/// has ended already.
pub async fn run_cancel(tx: &mut WriteTx, id: RunId, now: Timestamp) -> Result<Option<bool>, StoreError> {
    if execute!(tx, CANCEL_EARLY, id, true, now)? == 1 {
        return Ok(Some(false));
    }
    Ok((execute!(tx, CANCEL_RUNNING, id, true)? == 1).then_some(true))
}

/// Takes a failed run from the dead letters. Returns whether it was one.
pub async fn run_resolve(tx: &mut WriteTx, id: RunId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, RESOLVE, id, now)? == 1)
}

/// What waits and runs, by kind.
pub async fn load(tx: &mut Tx) -> Result<BTreeMap<String, KindLoad>, StoreError> {
    let mut loads: BTreeMap<String, KindLoad> = BTreeMap::new();
    for (kind, state, count, oldest) in fetch_all!(tx, (String, JobState, i64, Option<Timestamp>), LOAD)? {
        let load = loads.entry(kind).or_default();
        match state {
            JobState::Waiting => (load.waiting, load.oldest) = (count, oldest),
            JobState::Scheduled => load.scheduled = count,
            JobState::Held => load.held = count,
            _ => load.running = count,
        }
    }
    for (kind, count) in fetch_all!(tx, (String, i64), DEAD_BY_KIND)? {
        loads.entry(kind).or_default().dead_letters = count;
    }
    for (kind, count) in fetch_all!(tx, (String, i64), REFUSALS)? {
        loads.entry(kind).or_default().refused = count;
    }
    Ok(loads)
}

/// Deletes the runs over a thing that is deleted itself. None of them is at work.
pub async fn runs_delete(tx: &mut WriteTx, kind: &str, subject: Uuid) -> Result<(), StoreError> {
    execute!(tx, DELETE_LOGS, kind, subject)?;
    execute!(tx, DELETE_ATTEMPTS, kind, subject)?;
    execute!(tx, DELETE_RUNS, kind, subject).map(|_| ())
}

/// Deletes runs that ended before `until`, but for failed ones that nobody looked after and those of workflows at work;
/// and runs of workflows that ended before it. Returns how many runs of the queue.
pub async fn runs_forget(tx: &mut WriteTx, until: Timestamp) -> Result<u64, StoreError> {
    crate::workflow_runs::flows_forget(tx, until).await?;
    execute!(tx, OLD_LOGS, until)?;
    execute!(tx, OLD_ATTEMPTS, until)?;
    execute!(tx, OLD_RUNS, until)
}

/// Deletes runs of a kind that succeeded before `until`. Returns how many.
pub async fn quiet_forget(tx: &mut WriteTx, kind: &str, until: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, QUIET_LOGS, kind, until)?;
    execute!(tx, QUIET_ATTEMPTS, kind, until)?;
    execute!(tx, QUIET_RUNS, kind, until)
}

/// Whether more ended runs of a kind stand there than `kept` and those that nobody looked after.
pub async fn has_beyond(tx: &mut Tx, kind: &str, kept: i64) -> Result<bool, StoreError> {
    let Some((latest,)) = fetch_optional!(tx, (RunId,), LATEST_BEYOND, kind, kept)? else { return Ok(false) };
    Ok(fetch_optional!(tx, (RunId,), SLICE_BEYOND, kind, latest, 1_i64)?.is_some())
}

/// Deletes ended runs of a kind but for the latest `kept` of them and failed ones that nobody looked after, the oldest
/// first and at most `slice` at once. Returns how many.
pub async fn runs_forget_beyond(tx: &mut WriteTx, kind: &str, kept: i64, slice: i64) -> Result<u64, StoreError> {
    let Some((latest,)) = fetch_optional!(tx, (RunId,), LATEST_BEYOND, kind, kept)? else { return Ok(0) };
    let Some((last,)) = fetch_optional!(tx, (RunId,), SLICE_BEYOND, kind, latest, slice)? else { return Ok(0) };
    execute!(tx, BEYOND_LOGS, kind, last)?;
    execute!(tx, BEYOND_ATTEMPTS, kind, last)?;
    execute!(tx, BEYOND_RUNS, kind, last)
}
