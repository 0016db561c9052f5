//! Putting work into the queue.

use chrono::TimeDelta;
use lakegate_model::{
    Clock, Code, Fault, Random, Timestamp,
    ids::{ProjectId, RunId, ScheduleId},
    jobs::{JobRun, Priority},
    random::new_id,
};
use lakegate_store::{Db, WriteTx, in_queue, job_runs as store, job_runs::NewRun};
use serde_json::Value;
use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{KindSpec, watch::Watch};

/// Seconds after which a refused submission may be worth another try.
const TRY_AGAIN: u32 = 30;

/// The queue of a process: cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue(Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// The kinds that this program knows.
    specs: &'static [&'static KindSpec],
    /// Who hears of what happens to runs.
    pub watch: Option<&'static dyn Watch>,
    /// Whether something was put in since workers were last woken.
    fresh: AtomicBool,
    wake: Notify,
    /// Runs of this process that somebody cancelled just now.
    cancelled: std::sync::Mutex<Vec<RunId>>,
    /// When this process last looked for ends that nobody told of.
    swept: std::sync::Mutex<Option<Timestamp>>,
}

/// Work to be done.
#[derive(Debug, Clone)]
pub struct Submission {
    pub project: ProjectId,
    /// What is worked on, such as a data source.
    pub subject: Option<Uuid>,
    pub input: Value,
    pub priority: Priority,
    /// Attempts before it counts as failed; `None` is as many as its kind has.
    pub max_tries: Option<i64>,
    /// Not before; `None` is at once.
    pub run_at: Option<Timestamp>,
    /// At most one of the kind that has not started carries it.
    pub queued_key: Option<String>,
    /// At most one of the kind that has not ended carries it.
    pub open_key: Option<String>,
    /// At most one of the kind that is at work carries it.
    pub serial_key: Option<String>,
    pub trigger: &'static str,
    /// The name of who wanted it.
    pub by: String,
    pub schedule: Option<ScheduleId>,
    pub replay_of: Option<RunId>,
}

impl Submission {
    /// Ordinary work at once, wanted by a person.
    pub fn manual(project: ProjectId, by: impl Into<String>, input: Value) -> Self {
        Self {
            project,
            subject: None,
            input,
            priority: Priority::NORMAL,
            max_tries: None,
            run_at: None,
            queued_key: None,
            open_key: None,
            serial_key: None,
            trigger: "manual",
            by: by.into(),
            schedule: None,
            replay_of: None,
        }
    }
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq)]
pub enum Submitted {
    /// A new run.
    New(RunId),
    /// A run that holds one of its keys already.
    Open(Box<JobRun>),
}

impl Submitted {
    /// The run that does the work.
    pub fn id(&self) -> RunId {
        match self {
            Self::New(id) => *id,
            Self::Open(run) => run.id,
        }
    }
}

impl Queue {
    /// The queue in a database, for the kinds that the program knows.
    pub fn new(db: Db, clock: Arc<dyn Clock>, random: Arc<dyn Random>, specs: &'static [&'static KindSpec]) -> Self {
        Self::watched(db, clock, random, specs, None)
    }

    /// [`Queue::new`], with somebody who hears of what happens to runs.
    pub fn watched(
        db: Db,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        specs: &'static [&'static KindSpec],
        watch: Option<&'static dyn Watch>,
    ) -> Self {
        let (cancelled, swept, fresh) =
            (std::sync::Mutex::default(), std::sync::Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Parts { db, clock, random, specs, watch, fresh, wake: Notify::new(), cancelled, swept }))
    }

    /// What is known of a kind.
    pub fn spec(&self, name: &str) -> Option<&'static KindSpec> {
        self.0.specs.iter().find(|spec| spec.name == name).copied()
    }

    /// All kinds that the program knows.
    pub fn specs(&self) -> &'static [&'static KindSpec] {
        self.0.specs
    }

    /// Puts work into the queue, as part of the transaction of the change that wants it. Call [`Queue::wake`] once that
    /// is committed.
    ///
    /// # Errors
    /// `unavailable` if too much of the kind waits already; see [`Queue::note_refused`].
    pub async fn enqueue(&self, tx: &mut WriteTx, spec: &KindSpec, work: Submission) -> Result<Submitted, Fault> {
        if self.room(tx, spec).await? < 1 {
            return Err(Self::full(spec));
        }
        self.put(tx, spec, work).await
    }

    /// How many runs of a kind may still be put in.
    pub(crate) async fn room(&self, tx: &mut WriteTx, spec: &KindSpec) -> Result<i64, Fault> {
        Ok(spec.bound - store::waiting_of_kind(tx, spec.name, spec.bound).await?)
    }

    /// As [`Queue::enqueue`], without asking for room: where the caller has seen that there is some, and for work that
    /// follows from what has happened already and cannot be refused any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn put(&self, tx: &mut WriteTx, spec: &KindSpec, work: Submission) -> Result<Submitted, Fault> {
        let run = self.new_run(spec, work);
        if store::run_insert(tx, &run).await? {
            self.0.fresh.store(true, Ordering::Release);
            lakegate_store::job_listen::signal(tx).await?;
            return Ok(Submitted::New(run.id));
        }
        let open = store::run_of_key(tx, &run).await?;
        let open = open.ok_or_else(|| Fault::internal("a run was refused by a key that no run holds"))?;
        Ok(Submitted::Open(Box::new(open)))
    }

    fn full(spec: &KindSpec) -> Fault {
        Fault::new(Code::Unavailable, format!("{} runs of the kind {} wait already", spec.bound, spec.name))
            .fix("try again when some of them have ended, or ask who runs the installation for more workers")
            .retry_after(TRY_AGAIN)
    }

    fn new_run(&self, spec: &KindSpec, work: Submission) -> NewRun {
        let now = self.now();
        NewRun {
            id: new_id(self.0.random.as_ref(), now),
            kind: spec.name,
            project_id: work.project,
            subject_id: work.subject,
            schedule_id: work.schedule,
            replay_of: work.replay_of,
            priority: work.priority,
            run_at: work.run_at.unwrap_or(now),
            queued_key: work.queued_key,
            open_key: work.open_key,
            serial_key: work.serial_key,
            trigger_kind: work.trigger,
            started_by: work.by,
            input: work.input,
            max_tries: work.max_tries.unwrap_or(spec.max_tries),
            created_at: now,
        }
    }

    /// Whether a fault says that too much of a kind waits, and not that the database is busy.
    pub fn is_full(fault: &Fault) -> bool {
        fault.code == Code::Unavailable && fault.retry_after == Some(TRY_AGAIN) && fault.cause.is_none()
    }

    /// Counts a submission that was refused for want of room: the refusal undid its own transaction.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note_refused(&self, spec: &KindSpec) -> Result<(), Fault> {
        in_queue!(&self.0.db, |tx| { Ok(store::note_refused(tx, spec.name, self.now()).await?) })
    }

    /// Wakes the workers of this process, if anything was put in since the last time.
    pub fn wake(&self) {
        if self.0.fresh.swap(false, Ordering::AcqRel) {
            self.0.wake.notify_one();
        }
    }

    /// Wakes the workers of this process in any case.
    pub fn wake_now(&self) {
        self.0.wake.notify_one();
    }

    /// Tells the workers of this process that a run was cancelled, so that they need not wait for their next beat.
    pub fn tell_cancelled(&self, id: RunId) {
        self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        self.wake_now();
    }

    pub(crate) fn take_cancelled(&self) -> Vec<RunId> {
        std::mem::take(&mut self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether so much time has passed since this was last answered with yes.
    pub(crate) fn is_sweep_due(&self, now: Timestamp, every: TimeDelta) -> bool {
        let mut swept = self.0.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let due = swept.is_none_or(|at| now - at >= every);
        if due {
            *swept = Some(now);
        }
        due
    }

    pub(crate) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// The database that it is in.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// A new id.
    pub fn new_id<I: From<Uuid>>(&self) -> I {
        new_id(self.0.random.as_ref(), self.now())
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// Now, by the injected clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}
