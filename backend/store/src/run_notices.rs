//! Notices of runs: who wants which, which runs are awaited, what is on its way.
//!
//! What is wanted belongs to a person: whoever asks for it names him, and the texts keep to what is his.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ProjectId, RunDeliveryId, RunWatchId, UserId},
    run_notices::{About, RunDelivery, RunWatch},
    words::{DeliveryState, WatchScope},
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a [`RunWatch`].
macro_rules! watch_columns {
    () => {
        "id, user_id, scope, target_id, started, succeeded, partly, failed, late_minutes, way, address, secret_id, created_at, changed_at"
    };
}
/// The columns of a [`RunDelivery`].
macro_rules! delivery_columns {
    () => {
        "id, watch_id, user_id, run_id, of_workflow, news, state, attempts, status, error, happened_at, created_at, tried_at"
    };
}

statements! {
    WATCH_INSERT = concat!("INSERT INTO run_watches (", watch_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");
    WATCH_UPDATE = "UPDATE run_watches SET started = $3, succeeded = $4, partly = $5, failed = $6, late_minutes = $7, address = $8, changed_at = $9 WHERE id = $1 AND user_id = $2";
    WATCH_DELETE = "DELETE FROM run_watches WHERE id = $1";
    WATCH_TIMERS_DELETE = "DELETE FROM run_watch_timers WHERE watch_id = $1";
    WATCH_DELIVERIES_DELETE = "DELETE FROM run_deliveries WHERE watch_id = $1";
    WATCH_BY_ID = concat!("SELECT ", watch_columns!(), " FROM run_watches WHERE id = $1");
    WATCHES_OF_USER = concat!("SELECT ", watch_columns!(), " FROM run_watches WHERE user_id = $1 ORDER BY id DESC");
    WATCHES_OF_TARGET = concat!("SELECT ", watch_columns!(), " FROM run_watches WHERE scope = $1 AND target_id = $2 ORDER BY id");
    ANY_WATCH = "SELECT 1 FROM run_watches LIMIT 1";
    WATCHES_FOR = concat!("SELECT ", watch_columns!(), " FROM run_watches WHERE scope = 'everything' OR (scope = 'project' AND target_id = $1) OR (scope IN ('source', 'workflow') AND target_id = $2) ORDER BY id");
    TIMER_INSERT = "INSERT INTO run_watch_timers (watch_id, run_id, of_workflow, tick_at, due_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    TIMERS_STOP = "DELETE FROM run_watch_timers WHERE run_id = $1 AND due_at > $2";
    TIMER_DELETE = "DELETE FROM run_watch_timers WHERE watch_id = $1 AND run_id = $2";
    TIMERS_DUE = "SELECT watch_id, run_id, of_workflow, tick_at FROM run_watch_timers WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    NEXT_TIMER = "SELECT MIN(due_at) FROM run_watch_timers";
    DELIVERY_INSERT = concat!("INSERT INTO run_deliveries (", delivery_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING");
    DELIVERY_BY_ID = concat!("SELECT ", delivery_columns!(), " FROM run_deliveries WHERE id = $1");
    DELIVERIES_OF_USER = concat!("SELECT ", delivery_columns!(), " FROM run_deliveries WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    DELIVERIES_OF_WATCH = concat!("SELECT ", delivery_columns!(), " FROM run_deliveries WHERE watch_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    WAITING_OF_WATCH = "SELECT COUNT(*) FROM run_deliveries WHERE watch_id = $1 AND state = 'waiting'";
    TRIED = "UPDATE run_deliveries SET state = $2, attempts = attempts + 1, status = $3, error = $4, tried_at = $5 WHERE id = $1";
    ENDED = "UPDATE run_deliveries SET state = $2, error = COALESCE(error, $3) WHERE id = $1 AND state = 'waiting'";
    AGAIN = "UPDATE run_deliveries SET state = 'waiting', status = NULL, error = NULL WHERE id = $1 AND state <> 'waiting'";
    OLD_DELIVERIES = "DELETE FROM run_deliveries WHERE created_at < $1 AND state <> 'waiting'";
}

/// Keeps what somebody wants to be told.
pub async fn watch_insert(tx: &mut WriteTx, watch: &RunWatch) -> Result<(), StoreError> {
    execute_one!(
        tx,
        WATCH_INSERT,
        watch.id,
        watch.user_id,
        watch.scope,
        watch.target_id,
        watch.started,
        watch.succeeded,
        watch.partly,
        watch.failed,
        watch.late_minutes,
        watch.way,
        watch.address.as_deref(),
        watch.secret_id,
        watch.created_at,
        watch.changed_at
    )
}

/// Changes what its owner wants to be told.
pub async fn watch_update(tx: &mut WriteTx, watch: &RunWatch) -> Result<(), StoreError> {
    execute_one!(
        tx,
        WATCH_UPDATE,
        watch.id,
        watch.user_id,
        watch.started,
        watch.succeeded,
        watch.partly,
        watch.failed,
        watch.late_minutes,
        watch.address.as_deref(),
        watch.changed_at
    )
}

/// Forgets a watch with all that it brought, its secret included.
pub async fn watch_delete(tx: &mut WriteTx, watch: &RunWatch) -> Result<(), StoreError> {
    execute!(tx, WATCH_TIMERS_DELETE, watch.id)?;
    execute!(tx, WATCH_DELIVERIES_DELETE, watch.id)?;
    execute_one!(tx, WATCH_DELETE, watch.id)?;
    match watch.secret_id {
        Some(secret) => crate::environments::secret_delete(tx, secret).await,
        None => Ok(()),
    }
}

/// A watch; whoever asks sees to it that it is the caller's.
pub async fn watch_find(tx: &mut Tx, id: RunWatchId) -> Result<Option<RunWatch>, StoreError> {
    fetch_optional!(tx, RunWatch, WATCH_BY_ID, id)
}

/// What a person wants to be told, the latest first.
pub async fn watches_of_user(tx: &mut Tx, user: UserId) -> Result<Vec<RunWatch>, StoreError> {
    fetch_all!(tx, RunWatch, WATCHES_OF_USER, user)
}

/// Forgets all watches of one data source or workflow, which goes itself.
pub async fn watches_of_delete(tx: &mut WriteTx, scope: WatchScope, target: Uuid) -> Result<(), StoreError> {
    for watch in fetch_all!(tx, RunWatch, WATCHES_OF_TARGET, scope, target)? {
        watch_delete(tx, &watch).await?;
    }
    Ok(())
}

/// Whether anybody wants to be told anything.
pub async fn any_watch(tx: &mut Tx) -> Result<bool, StoreError> {
    Ok(fetch_optional!(tx, (i32,), ANY_WATCH)?.is_some())
}

/// The watches that a run of a project over a subject falls under.
pub async fn watches_for(tx: &mut Tx, project: ProjectId, subject: Option<Uuid>) -> Result<Vec<RunWatch>, StoreError> {
    fetch_all!(tx, RunWatch, WATCHES_FOR, project, subject)
}

/// Awaits the end of a run until `due`; one tick of those that a run stands for is enough.
pub async fn timer_insert(
    tx: &mut WriteTx,
    watch: RunWatchId,
    run: About,
    (tick, due): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    let (id, of_workflow) = run.parts();
    execute!(tx, TIMER_INSERT, watch, id, of_workflow, tick, due).map(|_| ())
}

/// Awaits a run no longer that has ended in time.
pub async fn timers_stop(tx: &mut WriteTx, run: About, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, TIMERS_STOP, run.parts().0, now).map(|_| ())
}

/// Takes one timer away. Returns whether it was there: another process may have been first.
pub async fn timer_delete(tx: &mut WriteTx, watch: RunWatchId, run: About) -> Result<bool, StoreError> {
    Ok(execute!(tx, TIMER_DELETE, watch, run.parts().0)? == 1)
}

/// Runs that did not end in time: who watches, which run, and its tick or start.
pub async fn timers_due(
    tx: &mut Tx,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(RunWatchId, About, Timestamp)>, StoreError> {
    let rows = fetch_all!(tx, (RunWatchId, Uuid, bool, Timestamp), TIMERS_DUE, now, limit)?;
    Ok(rows.into_iter().map(|(watch, id, of_workflow, tick)| (watch, About::of((id, of_workflow)), tick)).collect())
}

/// When the next awaited run becomes late.
pub async fn next_timer(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    Ok(fetch_one!(tx, (Option<Timestamp>,), NEXT_TIMER)?.0)
}

/// Keeps a notice to be sent. Returns whether it is new: the same news of a run is told once.
pub async fn delivery_insert(tx: &mut WriteTx, delivery: &RunDelivery) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        DELIVERY_INSERT,
        delivery.id,
        delivery.watch_id,
        delivery.user_id,
        delivery.run_id,
        delivery.of_workflow,
        delivery.news,
        delivery.state,
        delivery.attempts,
        delivery.status,
        delivery.error.as_deref(),
        delivery.happened_at,
        delivery.created_at,
        delivery.tried_at
    )?;
    Ok(rows == 1)
}

/// A notice; whoever asks sees to it that it is the caller's.
pub async fn delivery_find(tx: &mut Tx, id: RunDeliveryId) -> Result<Option<RunDelivery>, StoreError> {
    fetch_optional!(tx, RunDelivery, DELIVERY_BY_ID, id)
}

/// The notices of a person, the latest first, or those of one of his watches.
pub async fn delivery_list(
    tx: &mut Tx,
    user: UserId,
    watch: Option<RunWatchId>,
    page: &PageRequest,
) -> Result<Page<RunDelivery>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(RunDeliveryId(Uuid::max()));
    let rows = match watch {
        Some(watch) => fetch_all!(tx, RunDelivery, DELIVERIES_OF_WATCH, watch, before, page.fetch())?,
        None => fetch_all!(tx, RunDelivery, DELIVERIES_OF_USER, user, before, page.fetch())?,
    };
    Ok(Page::cut(rows, page, |delivery| delivery.id.to_string()))
}

/// How many notices of a watch are still to be sent.
pub async fn deliveries_waiting(tx: &mut Tx, watch: RunWatchId) -> Result<i64, StoreError> {
    Ok(fetch_one!(tx, (i64,), WAITING_OF_WATCH, watch)?.0)
}

/// What came of an attempt to send a notice: what its receiver answered, and why it did not arrive.
pub async fn delivery_tried(
    tx: &mut WriteTx,
    id: RunDeliveryId,
    state: DeliveryState,
    (status, error): (Option<i64>, Option<&str>),
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(tx, TRIED, id, state, status, error, now).map(|_| ())
}

/// Ends a notice that is not sent any more; `why` stands if nothing was said before.
pub async fn delivery_ended(
    tx: &mut WriteTx,
    id: RunDeliveryId,
    state: DeliveryState,
    why: &str,
) -> Result<(), StoreError> {
    execute!(tx, ENDED, id, state, why).map(|_| ())
}

/// Lets a notice be sent once more. Returns whether it had ended.
pub async fn delivery_again(tx: &mut WriteTx, id: RunDeliveryId) -> Result<bool, StoreError> {
    Ok(execute!(tx, AGAIN, id)? == 1)
}

/// Forgets notices that were made before `until` and have ended.
pub async fn deliveries_forget(tx: &mut WriteTx, until: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, OLD_DELIVERIES, until)
}
