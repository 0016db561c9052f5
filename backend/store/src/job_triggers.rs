//! What starts work when something happens, and what has happened.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ProjectId, RunId, TriggerId},
    triggers::{JobTrigger, NewEvent, TriggerEvent},
    words::Happening,
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`JobTrigger`].
macro_rules! trigger_columns {
    () => {
        "id, project_id, kind, subject_id, name, happening, watched_id, outcome, prefix, excluded, list_seconds, batch_events, batch_seconds, enabled, secret_id, gathered, due_at, last_event, last_at, version, created_by, created_at, changed_at"
    };
}

statements! {
    INSERT = "INSERT INTO job_triggers (id, project_id, kind, subject_id, name, happening, watched_id, outcome, prefix, excluded, list_seconds, batch_events, batch_seconds, enabled, secret_id, gathered, last_event, version, created_by, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, 1, $16, $17, $17)";
    UPDATE = "UPDATE job_triggers SET name = $3, watched_id = $4, outcome = $5, prefix = $6, excluded = $7, list_seconds = $8, batch_events = $9, batch_seconds = $10, enabled = $11, secret_id = $12, version = version + 1, changed_at = $13 WHERE id = $1 AND version = $2";
    DELETE_OBJECTS = "DELETE FROM job_trigger_objects WHERE trigger_id = $1";
    DELETE_CALLS = "DELETE FROM job_trigger_calls WHERE trigger_id = $1";
    DELETE_EVENTS = "DELETE FROM job_trigger_events WHERE trigger_id = $1";
    DELETE = "DELETE FROM job_triggers WHERE id = $1";
    BY_ID = concat!("SELECT ", trigger_columns!(), " FROM job_triggers WHERE id = $1");
    LOCK = concat!("UPDATE job_triggers SET last_event = last_event + $2, last_at = COALESCE($3, last_at) WHERE id = $1 RETURNING ", trigger_columns!());
    OF_SUBJECT = concat!("SELECT ", trigger_columns!(), " FROM job_triggers WHERE kind = $1 AND subject_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
    WATCHING = concat!("SELECT ", trigger_columns!(), " FROM job_triggers WHERE project_id = $1 AND happening = $2 AND enabled = $3 AND (watched_id IS NULL OR watched_id = $4) ORDER BY id");
    ANY_OF_RUNS = "SELECT 1 FROM job_triggers WHERE happening = 'run_ended' LIMIT 1";
    WAITING_FOR = "SELECT name FROM job_triggers WHERE watched_id = $1 AND happening = 'run_ended' ORDER BY name LIMIT 1";
    EDGES = "SELECT watched_id, subject_id FROM job_triggers WHERE project_id = $1 AND happening = 'run_ended' AND id <> $2 AND watched_id IS NOT NULL";
    ADD = "INSERT INTO job_trigger_events (trigger_id, number, event_key, about, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    GATHERED = "SELECT COUNT(*), MIN(at) FROM job_trigger_events WHERE trigger_id = $1 AND run_id IS NULL";
    TAKE = "UPDATE job_trigger_events SET run_id = $2 WHERE trigger_id = $1 AND run_id IS NULL AND number IN (SELECT e.number FROM job_trigger_events e WHERE e.trigger_id = $1 AND e.run_id IS NULL ORDER BY e.number LIMIT $3)";
    SETTLE = "UPDATE job_triggers SET gathered = $2, due_at = $3 WHERE id = $1";
    DUE = "SELECT id FROM job_triggers WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY id LIMIT $2";
    NEXT_DUE = "SELECT MIN(due_at) FROM job_triggers WHERE due_at IS NOT NULL";
    EVENTS = "SELECT number, about, at, run_id FROM job_trigger_events WHERE trigger_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
    EVENTS_OF_RUN = "SELECT number, about, at, run_id FROM job_trigger_events WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    CALLED = "INSERT INTO job_trigger_calls (trigger_id, nonce, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    FORGET_CALLS = "DELETE FROM job_trigger_calls WHERE at < $1";
    FORGET_EVENTS = "DELETE FROM job_trigger_events WHERE at < $1 AND run_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job_runs r WHERE r.id = job_trigger_events.run_id)";
    MET = "INSERT INTO job_trigger_objects (trigger_id, path, version) VALUES ($1, $2, $3) ON CONFLICT (trigger_id, path) DO UPDATE SET version = $3";
    KNOWN = "SELECT path, version FROM job_trigger_objects WHERE trigger_id = $1 ORDER BY path";
    UNMET = "DELETE FROM job_trigger_objects WHERE trigger_id = $1 AND path = $2";
}

/// Keeps a new trigger. The use case has decided on its project.
pub async fn trigger_insert(tx: &mut WriteTx, trigger: &JobTrigger) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        trigger.id,
        trigger.project_id,
        &trigger.kind,
        trigger.subject_id,
        &trigger.name,
        trigger.happening,
        trigger.watched_id,
        trigger.outcome,
        &trigger.prefix,
        Json(&trigger.excluded),
        trigger.list_seconds,
        trigger.batch_events,
        trigger.batch_seconds,
        trigger.enabled,
        trigger.secret_id,
        &trigger.created_by,
        trigger.created_at
    )
}

/// Changes a trigger, if nobody else did since it was read.
pub async fn trigger_update(tx: &mut WriteTx, trigger: &JobTrigger) -> Result<(), StoreError> {
    execute_one!(
        tx,
        UPDATE,
        trigger.id,
        trigger.version,
        &trigger.name,
        trigger.watched_id,
        trigger.outcome,
        &trigger.prefix,
        Json(&trigger.excluded),
        trigger.list_seconds,
        trigger.batch_events,
        trigger.batch_seconds,
        trigger.enabled,
        trigger.secret_id,
        trigger.changed_at
    )
}

/// Ends a trigger with all that it has gathered.
pub async fn trigger_delete(tx: &mut WriteTx, id: TriggerId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OBJECTS, id)?;
    execute!(tx, DELETE_CALLS, id)?;
    execute!(tx, DELETE_EVENTS, id)?;
    execute_one!(tx, DELETE, id)
}

/// A trigger.
pub async fn trigger_find(tx: &mut Tx, id: TriggerId) -> Result<Option<JobTrigger>, StoreError> {
    fetch_optional!(tx, JobTrigger, BY_ID, id)
}

/// Locks a trigger for a change of what it has gathered, and keeps numbers for `events` that happened at `at`. Gives it
/// as it is then: its numbers end with `last_event`.
pub async fn trigger_lock(
    tx: &mut WriteTx,
    id: TriggerId,
    events: i64,
    at: Option<Timestamp>,
) -> Result<Option<JobTrigger>, StoreError> {
    fetch_optional!(tx, JobTrigger, LOCK, id, events, at)
}

/// The triggers that start work on something, the latest first.
pub async fn triggers_of(
    tx: &mut Tx,
    kind: &str,
    subject: Uuid,
    page: &PageRequest,
) -> Result<Page<JobTrigger>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(TriggerId(Uuid::max()));
    let rows = fetch_all!(tx, JobTrigger, OF_SUBJECT, kind, subject, before, page.fetch())?;
    Ok(Page::cut(rows, page, |trigger| trigger.id.to_string()))
}

/// The triggers of a project that wait for something to happen to `watched`.
pub async fn triggers_watching(
    tx: &mut Tx,
    project: ProjectId,
    happening: Happening,
    watched: Option<Uuid>,
) -> Result<Vec<JobTrigger>, StoreError> {
    fetch_all!(tx, JobTrigger, WATCHING, project, happening, true, watched)
}

/// Whether any trigger waits for runs to end.
pub async fn any_of_runs(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), ANY_OF_RUNS)?.is_some())
}

/// The name of a trigger that waits for the runs over something.
pub async fn trigger_waiting_for(tx: &mut Tx, watched: Uuid) -> Result<Option<String>, StoreError> {
    Ok(fetch_optional!(tx, (String,), WAITING_FOR, watched)?.map(|(name,)| name))
}

/// Which work is started by the end of which other, in a project, apart from one trigger: (ended, started).
pub async fn trigger_edges(tx: &mut Tx, project: ProjectId, apart: TriggerId) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    fetch_all!(tx, (Uuid, Uuid), EDGES, project, apart)
}

/// Remembers an event under a number of a locked trigger. Returns whether it is a new one.
pub async fn event_add(
    tx: &mut WriteTx,
    id: TriggerId,
    number: i64,
    event: &NewEvent,
    at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute!(tx, ADD, id, number, &event.key, &event.about, at)? == 1)
}

/// How many events of a trigger are part of no run, and when the first of them was noticed.
pub async fn gathered(tx: &mut Tx, id: TriggerId) -> Result<(i64, Option<Timestamp>), StoreError> {
    fetch_one!(tx, (i64, Option<Timestamp>), GATHERED, id)
}

/// Makes the first `count` gathered events part of a run. Returns how many there were.
pub async fn events_take(tx: &mut WriteTx, id: TriggerId, run: RunId, count: i64) -> Result<u64, StoreError> {
    execute!(tx, TAKE, id, run, count)
}

/// Notes what is left, and when it becomes a run.
pub async fn trigger_settle(
    tx: &mut WriteTx,
    id: TriggerId,
    gathered: i64,
    due_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    execute_one!(tx, SETTLE, id, gathered, due_at)
}

/// Triggers whose time has come.
pub async fn triggers_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<TriggerId>, StoreError> {
    Ok(fetch_all!(tx, (TriggerId,), DUE, now, limit)?.into_iter().map(|(id,)| id).collect())
}

/// When the next trigger is due.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    Ok(fetch_one!(tx, (Option<Timestamp>,), NEXT_DUE)?.0)
}

/// What happened to a trigger, the latest first.
pub async fn events(tx: &mut Tx, id: TriggerId, page: &PageRequest) -> Result<Page<TriggerEvent>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = fetch_all!(tx, TriggerEvent, EVENTS, id, before, page.fetch())?;
    Ok(Page::cut(rows, page, |event| event.number.to_string()))
}

/// The events that started a run, in order.
pub async fn events_of_run(tx: &mut Tx, run: RunId, page: &PageRequest) -> Result<Page<TriggerEvent>, StoreError> {
    let after = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0_i64);
    let rows = fetch_all!(tx, TriggerEvent, EVENTS_OF_RUN, run, after, page.fetch())?;
    Ok(Page::cut(rows, page, |event| event.number.to_string()))
}

/// Remembers that a call was taken. Returns whether it was not taken before.
pub async fn call_take(tx: &mut WriteTx, id: TriggerId, nonce: &str, at: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, CALLED, id, nonce, at)? == 1)
}

/// Forgets calls before `calls`, and events before `events` whose runs are forgotten. Returns how many.
pub async fn forget(tx: &mut WriteTx, calls: Timestamp, events: Timestamp) -> Result<u64, StoreError> {
    Ok(execute!(tx, FORGET_CALLS, calls)? + execute!(tx, FORGET_EVENTS, events)?)
}

/// Notes that a listing met an object. The empty path, which no object has, says that the first listing is done.
pub async fn object_met(tx: &mut WriteTx, id: TriggerId, path: &str, version: &str) -> Result<(), StoreError> {
    execute_one!(tx, MET, id, path, version)
}

/// What listings have met: paths and versions.
pub async fn objects_known(tx: &mut Tx, id: TriggerId) -> Result<Vec<(String, String)>, StoreError> {
    fetch_all!(tx, (String, String), KNOWN, id)
}

/// Forgets an object that is gone: when it comes again, it is new.
pub async fn object_gone(tx: &mut WriteTx, id: TriggerId, path: &str) -> Result<(), StoreError> {
    execute!(tx, UNMET, id, path).map(drop)
}

/// Forgets all objects of a trigger that looks elsewhere from now on.
pub async fn objects_forget(tx: &mut WriteTx, id: TriggerId) -> Result<(), StoreError> {
    execute!(tx, DELETE_OBJECTS, id).map(drop)
}
