//! Starts runs when their schedules tick. Whoever plans holds the queue's gate, so that no tick starts two.

use chrono::TimeDelta;
use lakegate_model::{
    Fault, Timestamp,
    jobs::{JobSchedule, Priority},
    words::CatchUp,
};
use lakegate_store::{Tx, WriteTx, in_queue, in_read, job_claims, job_schedules as store, job_triggers, workflow_runs};
use std::{collections::HashMap, time::Duration};
use tokio_util::sync::CancellationToken;

use crate::{
    KindSpec, Queue, Submission,
    ticks::{self, Ticks},
    triggers,
    watch::News,
    workflows,
};

/// Schedules that one transaction plans.
const BATCH: u16 = 500;
/// The longest and the shortest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// When a schedule is looked at again whose kind has no room.
const NO_ROOM: TimeDelta = TimeDelta::seconds(30);

/// Checks when a schedule ticks and sets its next tick after `now`; a disabled one has none.
///
/// # Errors
/// As [`Ticks::of`].
pub fn arm(queue: &Queue, schedule: &mut JobSchedule, now: Timestamp) -> Result<(), Fault> {
    let ticks = Ticks::of(schedule)?;
    schedule.next_tick = if schedule.enabled { ticks.after(now) } else { None };
    schedule.next_at = schedule.next_tick.map(|tick| tick + jitter(queue, schedule.jitter_seconds));
    Ok(())
}

/// Plans until `shutdown`.
pub(crate) async fn keep_planning(queue: &Queue, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(fault) = plan_all(queue).await {
            tracing::error!(error = ?fault, "schedules, triggers and workflows could not be planned; it is tried again");
        }
        let pause = pause(queue).await;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Starts what is due by schedules and by triggers, and moves workflows on.
pub(crate) async fn plan_all(queue: &Queue) -> Result<(), Fault> {
    plan(queue).await?;
    triggers::plan(queue).await?;
    workflows::plan(queue).await.map(drop)
}

/// When something is due next.
pub(crate) async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, Fault> {
    let (schedule, trigger) = (store::next_schedule(tx).await?, job_triggers::next_due(tx).await?);
    let workflow = workflow_runs::next_due(tx).await?;
    Ok([schedule, trigger, workflow].into_iter().flatten().min())
}

/// Until something is due next, within bounds.
async fn pause(queue: &Queue) -> Duration {
    let (shortest, longest) = PAUSES;
    let due = in_read!(&queue.parts().db, |tx, _scope| { next_due(tx).await });
    let wait = due.ok().flatten().and_then(|due| (due - queue.now()).to_std().ok());
    wait.unwrap_or(longest).clamp(shortest, longest)
}

/// Starts what is due. Returns how many runs were started.
///
/// # Errors
/// What the database says.
pub async fn plan(queue: &Queue) -> Result<usize, Fault> {
    let mut planned = Planned::default();
    while is_due(queue).await? && planned.add(plan_batch(queue).await?) {}
    Ok(planned.wake(queue))
}

/// What one transaction planned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    /// Whether it looked at as much as it may.
    pub(crate) full: bool,
    /// Runs that it started.
    pub(crate) started: usize,
}

/// Runs started by one batch after the other.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    started: usize,
}

impl Planned {
    /// Adds a batch. Whether more may be due.
    pub(crate) fn add(&mut self, batch: Batch) -> bool {
        self.started += batch.started;
        batch.full
    }

    /// Wakes the workers if there is work for them. Returns how many runs were started.
    pub(crate) fn wake(self, queue: &Queue) -> usize {
        if self.started > 0 {
            queue.wake();
        }
        self.started
    }
}

/// A look first: an idle server takes no write lock.
async fn is_due(queue: &Queue) -> Result<bool, Fault> {
    let now = queue.now();
    in_read!(&queue.parts().db, |tx, _scope| { Ok(store::next_schedule(tx).await?.is_some_and(|due| due <= now)) })
}

async fn plan_batch(queue: &Queue) -> Result<Batch, Fault> {
    let now = queue.now();
    in_queue!(&queue.parts().db, |tx| {
        job_claims::gate(tx).await?;
        let due = store::schedules_due(tx, now, i64::from(BATCH)).await?;
        let (mut started, mut rooms) = (0, HashMap::new());
        for schedule in &due {
            started += plan_one(queue, tx, schedule, (now, &mut rooms)).await?;
        }
        Ok(Batch { full: due.len() >= usize::from(BATCH), started })
    })
}

/// `rooms` is how much of each kind may still be put in, counted once for all schedules of a batch.
async fn plan_one(
    queue: &Queue,
    tx: &mut WriteTx,
    schedule: &JobSchedule,
    (now, rooms): (Timestamp, &mut HashMap<&'static str, i64>),
) -> Result<usize, Fault> {
    let Some(first) = schedule.next_tick else { return Ok(0) };
    // What was checked when it was written can stop fitting only with another version of the program: it rests then.
    let (Ok(ticks), Some(spec)) = (Ticks::of(schedule), queue.spec(&schedule.kind)) else {
        tracing::error!(schedule = %schedule.id, kind = schedule.kind, "a schedule cannot be carried out and rests");
        store::schedule_ticked(tx, schedule, first, None).await?;
        return Ok(0);
    };
    let due = ticks::due(&ticks, schedule.catch_up, first, now);
    if !rooms.contains_key(spec.name) {
        rooms.insert(spec.name, queue.room(tx, spec).await?);
    }
    let wanted = i64::try_from(due.start.len()).unwrap_or(i64::MAX);
    let room = rooms.entry(spec.name).or_default();
    if *room < wanted {
        return wait_for_room(tx, spec, schedule, now).await;
    }
    *room -= wanted;
    for tick in &due.start {
        let run = queue.put(tx, spec, submission(schedule, *tick)).await?.id();
        queue.tell(tx, &[News::ticked(run, *tick)]).await?;
    }
    let next = due.next.map(|tick| (tick, tick + jitter(queue, schedule.jitter_seconds)));
    store::schedule_ticked(tx, schedule, due.last, next).await?;
    Ok(due.start.len())
}

/// The tick stays, and is looked at again later, so that schedules of other kinds come first.
async fn wait_for_room(
    tx: &mut WriteTx,
    spec: &KindSpec,
    schedule: &JobSchedule,
    now: Timestamp,
) -> Result<usize, Fault> {
    lakegate_store::job_runs::note_refused(tx, spec.name, now).await?;
    let last = schedule.last_tick.unwrap_or(schedule.created_at);
    let again = schedule.next_tick.map(|tick| (tick, now + NO_ROOM));
    store::schedule_ticked(tx, schedule, last, again).await?;
    Ok(0)
}

/// One that is still to do is not queued twice, unless every tick counts.
fn submission(schedule: &JobSchedule, tick: Timestamp) -> Submission {
    let key = schedule.subject_id.unwrap_or(schedule.id.0).to_string();
    let every = schedule.catch_up == CatchUp::All;
    Submission {
        project: schedule.project_id,
        subject: schedule.subject_id,
        input: schedule.input.clone(),
        priority: Priority::NORMAL,
        max_tries: None,
        run_at: Some(tick),
        queued_key: None,
        open_key: (!every).then(|| key.clone()),
        serial_key: Some(key),
        trigger: "schedule",
        by: schedule.created_by.clone(),
        schedule: Some(schedule.id),
        replay_of: None,
    }
}

fn jitter(queue: &Queue, seconds: i64) -> TimeDelta {
    let mut bytes = [0_u8; 4];
    queue.parts().random.fill(&mut bytes);
    let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
    // At most a day, so the product fits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    let millis = (seconds.clamp(0, 86_400) * 1_000) as f64 * share;
    TimeDelta::milliseconds(millis as i64)
}
