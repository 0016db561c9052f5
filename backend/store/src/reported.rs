//! Jobs, runs and events that other programs report.

use lakegate_model::{
    Page, PageRequest,
    ids::{ProjectId, ReportedDatasetId, ReportedJobId, ReportedRunId},
    reported::{ReportedEvent, ReportedJob, ReportedRun},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

macro_rules! jobs {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, namespace, name, facets, drawn_run, first_at, last_at FROM reported_jobs WHERE ",
            $rest
        )
    };
}
macro_rules! runs {
    ($rest:literal) => { concat!("SELECT id, project_id, job_id, run_id, state, started_at, ended_at, last_at, shape FROM reported_runs WHERE ", $rest) };
}

statements! {
    EVENT_INSERT = "INSERT INTO reported_events (id, project_id, run_id, digest, event_at, received_at, sent_by, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    EVENT_KNOWN = "SELECT 1 FROM reported_events WHERE project_id = $1 AND digest = $2";
    EVENTS = "SELECT id, project_id, run_id, digest, event_at, received_at, sent_by, body FROM reported_events WHERE run_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    JOB_SET = "INSERT INTO reported_jobs (id, project_id, namespace, name, facets, drawn_run, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET facets = excluded.facets, drawn_run = excluded.drawn_run, last_at = excluded.last_at";
    JOB_BY_NAME = jobs!("project_id = $1 AND namespace = $2 AND name = $3");
    JOB_BY_ID = jobs!("id = $1");
    JOBS = jobs!("project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    JOBS_USING = jobs!("id IN (SELECT u.job_id FROM reported_uses u WHERE u.dataset_id = $1) ORDER BY id");
    RUN_SET = "INSERT INTO reported_runs (id, project_id, job_id, run_id, state, started_at, ended_at, last_at, shape) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET state = excluded.state, started_at = excluded.started_at, ended_at = excluded.ended_at, last_at = excluded.last_at, shape = excluded.shape";
    RUN_BY_NAME = runs!("project_id = $1 AND job_id = $2 AND run_id = $3");
    RUN_BY_ID = runs!("id = $1");
    RUNS = runs!("job_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    USE_SET = "INSERT INTO reported_uses (dataset_id, job_id) VALUES ($1, $2) ON CONFLICT (dataset_id, job_id) DO NOTHING";
}

/// Keeps an event. The use case has decided on its project.
pub async fn event_insert(tx: &mut WriteTx, event: &ReportedEvent) -> Result<(), StoreError> {
    execute_one!(
        tx,
        EVENT_INSERT,
        event.id,
        event.project_id,
        event.run_id,
        &event.digest,
        event.event_at,
        event.received_at,
        &event.sent_by,
        &event.body
    )
}

/// Whether an event of this digest came before.
pub async fn event_known(tx: &mut Tx, project: ProjectId, digest: &str) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), EVENT_KNOWN, project, digest)?.is_some())
}

/// The events of a run, the latest first.
pub async fn events_of(tx: &mut Tx, run: ReportedRunId, page: &PageRequest) -> Result<Page<ReportedEvent>, StoreError> {
    let rows = fetch_all!(tx, ReportedEvent, EVENTS, run, before(page), page.fetch())?;
    Ok(Page::cut(rows, page, |event| event.id.to_string()))
}

/// The place in a list that goes from the latest to the earliest.
fn before(page: &PageRequest) -> Uuid {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(Uuid::max())
}

/// Keeps a job, a new one or with what is new of it.
pub async fn job_set(tx: &mut WriteTx, job: &ReportedJob) -> Result<(), StoreError> {
    execute_one!(
        tx,
        JOB_SET,
        job.id,
        job.project_id,
        &job.namespace,
        &job.name,
        Json(&job.facets),
        job.drawn_run,
        job.first_at,
        job.last_at
    )
}

/// The job that a project's events call so.
pub async fn job_by_name(
    tx: &mut Tx,
    project: ProjectId,
    (namespace, name): (&str, &str),
) -> Result<Option<ReportedJob>, StoreError> {
    fetch_optional!(tx, ReportedJob, JOB_BY_NAME, project, namespace, name)
}

/// The job of an id; what a caller may see of it is decided on its project.
pub async fn job_find(tx: &mut Tx, id: ReportedJobId) -> Result<Option<ReportedJob>, StoreError> {
    fetch_optional!(tx, ReportedJob, JOB_BY_ID, id)
}

/// The jobs of a project, which the caller may know, the latest known first.
pub async fn jobs_of(tx: &mut Tx, project: ProjectId, page: &PageRequest) -> Result<Page<ReportedJob>, StoreError> {
    let rows = fetch_all!(tx, ReportedJob, JOBS, project, before(page), page.fetch())?;
    Ok(Page::cut(rows, page, |job| job.id.to_string()))
}

/// The jobs that speak of a dataset.
pub async fn jobs_using(tx: &mut Tx, dataset: ReportedDatasetId) -> Result<Vec<ReportedJob>, StoreError> {
    fetch_all!(tx, ReportedJob, JOBS_USING, dataset)
}

/// Notes that a job speaks of a dataset.
pub async fn use_set(tx: &mut WriteTx, dataset: ReportedDatasetId, job: ReportedJobId) -> Result<(), StoreError> {
    execute!(tx, USE_SET, dataset, job).map(|_| ())
}

/// Keeps a run, a new one or with what is new of it.
pub async fn run_set(tx: &mut WriteTx, run: &ReportedRun) -> Result<(), StoreError> {
    execute_one!(
        tx,
        RUN_SET,
        run.id,
        run.project_id,
        run.job_id,
        run.run_id,
        run.state,
        run.started_at,
        run.ended_at,
        run.last_at,
        Json(&run.shape)
    )
}

/// The run of a job that its producer calls so.
pub async fn run_by_name(tx: &mut Tx, job: &ReportedJob, run: Uuid) -> Result<Option<ReportedRun>, StoreError> {
    fetch_optional!(tx, ReportedRun, RUN_BY_NAME, job.project_id, job.id, run)
}

/// The run of an id; what a caller may see of it is decided on its project.
pub async fn run_find(tx: &mut Tx, id: ReportedRunId) -> Result<Option<ReportedRun>, StoreError> {
    fetch_optional!(tx, ReportedRun, RUN_BY_ID, id)
}

/// The runs of a job, the latest first.
pub async fn runs_of(tx: &mut Tx, job: ReportedJobId, page: &PageRequest) -> Result<Page<ReportedRun>, StoreError> {
    let rows = fetch_all!(tx, ReportedRun, RUNS, job, before(page), page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}
