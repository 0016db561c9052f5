//! When work begins by itself.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ProjectId, ScheduleId},
    jobs::JobSchedule,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`JobSchedule`].
macro_rules! schedule_columns {
    () => {
        "id, kind, project_id, subject_id, name, cron, every_seconds, once_at, zone, jitter_seconds, catch_up, input, enabled, next_tick, next_at, last_tick, version, created_by, created_at, changed_at"
    };
}

statements! {
    INSERT = "INSERT INTO job_schedules (id, kind, project_id, subject_id, name, cron, every_seconds, once_at, zone, jitter_seconds, catch_up, input, enabled, next_tick, next_at, version, created_by, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, $16, $17, $17)";
    UPDATE = "UPDATE job_schedules SET name = $3, cron = $4, every_seconds = $5, once_at = $6, zone = $7, jitter_seconds = $8, catch_up = $9, input = $10, enabled = $11, next_tick = $12, next_at = $13, version = version + 1, changed_at = $14 WHERE id = $1 AND version = $2";
    DELETE = "DELETE FROM job_schedules WHERE id = $1";
    BY_ID = concat!("SELECT ", schedule_columns!(), " FROM job_schedules WHERE id = $1");
    OF_SUBJECT = concat!("SELECT ", schedule_columns!(), " FROM job_schedules WHERE kind = $1 AND subject_id = $2");
    OF_PROJECT = concat!("SELECT ", schedule_columns!(), " FROM job_schedules WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    ALL = concat!("SELECT ", schedule_columns!(), " FROM job_schedules WHERE id < $1 ORDER BY id DESC LIMIT $2");
    DUE = concat!("SELECT ", schedule_columns!(), " FROM job_schedules WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, id LIMIT $2");
    NEXT_DUE = "SELECT MIN(next_at) FROM job_schedules WHERE next_at IS NOT NULL";
    TICKED = "UPDATE job_schedules SET last_tick = $3, next_tick = $4, next_at = $5 WHERE id = $1 AND next_tick = $2";
}

/// Keeps a new schedule. The use case has decided on its project.
pub async fn schedule_insert(tx: &mut WriteTx, schedule: &JobSchedule) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        schedule.id,
        &schedule.kind,
        schedule.project_id,
        schedule.subject_id,
        &schedule.name,
        schedule.cron.as_deref(),
        schedule.every_seconds,
        schedule.once_at,
        &schedule.zone,
        schedule.jitter_seconds,
        schedule.catch_up,
        Json(&schedule.input),
        schedule.enabled,
        schedule.next_tick,
        schedule.next_at,
        &schedule.created_by,
        schedule.created_at
    )
}

/// Changes a schedule, if nobody else did since it was read.
pub async fn schedule_update(tx: &mut WriteTx, schedule: &JobSchedule) -> Result<(), StoreError> {
    execute_one!(
        tx,
        UPDATE,
        schedule.id,
        schedule.version,
        &schedule.name,
        schedule.cron.as_deref(),
        schedule.every_seconds,
        schedule.once_at,
        &schedule.zone,
        schedule.jitter_seconds,
        schedule.catch_up,
        Json(&schedule.input),
        schedule.enabled,
        schedule.next_tick,
        schedule.next_at,
        schedule.changed_at
    )
}

/// Deletes a schedule; its runs stay.
pub async fn schedule_delete(tx: &mut WriteTx, id: ScheduleId) -> Result<(), StoreError> {
    execute_one!(tx, DELETE, id)
}

/// The schedule of an id; what a caller may see of it is decided on its project.
pub async fn schedule_find(tx: &mut Tx, id: ScheduleId) -> Result<Option<JobSchedule>, StoreError> {
    fetch_optional!(tx, JobSchedule, BY_ID, id)
}

/// The schedule over one thing.
pub async fn schedule_of(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<Option<JobSchedule>, StoreError> {
    fetch_optional!(tx, JobSchedule, OF_SUBJECT, kind, subject)
}

/// Schedules, the latest first: of one project, which the caller may know, or all.
pub async fn schedule_list(
    tx: &mut Tx,
    project: Option<ProjectId>,
    page: &PageRequest,
) -> Result<Page<JobSchedule>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(ScheduleId(Uuid::max()));
    let rows = match project {
        Some(project) => fetch_all!(tx, JobSchedule, OF_PROJECT, project, before, page.fetch())?,
        None => fetch_all!(tx, JobSchedule, ALL, before, page.fetch())?,
    };
    Ok(Page::cut(rows, page, |schedule| schedule.id.to_string()))
}

/// Schedules whose time has come, the longest due first.
pub async fn schedules_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<JobSchedule>, StoreError> {
    fetch_all!(tx, JobSchedule, DUE, now, limit)
}

/// When the next schedule is due.
pub async fn next_schedule(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    Ok(fetch_one!(tx, (Option<Timestamp>,), NEXT_DUE)?.0)
}

/// Moves a schedule on after its tick. Returns whether the tick was still to come.
pub async fn schedule_ticked(
    tx: &mut WriteTx,
    schedule: &JobSchedule,
    last: Timestamp,
    next: Option<(Timestamp, Timestamp)>,
) -> Result<bool, StoreError> {
    let (tick, at) = next.unzip();
    Ok(execute!(tx, TICKED, schedule.id, schedule.next_tick, last, tick, at)? == 1)
}
