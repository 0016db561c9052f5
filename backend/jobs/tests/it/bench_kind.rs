//! Kinds of work for tests, and a queue to put them in.

use chrono::TimeDelta;
use lakegate_jobs::{
    Backoff, JobError, Kind, KindSpec, PoolSettings, Queue, Registry, RunContext, RunFuture, Submission, Submitted,
    Worker,
};
use lakegate_model::{
    Code, Fault, Random, Timestamp,
    clock::ManualClock,
    ids::{ProjectId, RunId},
    jobs::JobRun,
    words::SlotClass,
};
use lakegate_store::{Db, in_read, in_write, job_runs};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::databases::Fresh;

const fn spec(name: &'static str, class: SlotClass) -> KindSpec {
    KindSpec {
        name,
        title: name,
        class,
        at_once: 1_000,
        bound: 1_000_000,
        max_tries: 3,
        deadline: Duration::from_secs(600),
        backoff: Backoff { first: Duration::from_secs(10), most: Duration::from_secs(60) },
        memory_bytes: 0,
    }
}

/// Writes down that it ran, and does what its input says.
pub static NOTE: KindSpec = spec("note", SlotClass::Light);
/// The same, for the heavy slots.
pub static HEAVY: KindSpec = KindSpec { memory_bytes: 100, ..spec("heavy", SlotClass::Heavy) };
/// The same, two at work and five waiting at most.
pub static NARROW: KindSpec = KindSpec { at_once: 2, bound: 5, ..spec("narrow", SlotClass::Light) };

/// Numbers that look random, and differ between all queues of a test.
#[derive(Debug, Default)]
pub struct Counted;

static COUNTED: AtomicU64 = AtomicU64::new(0);

impl Random for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(8) {
            let mut x = COUNTED.fetch_add(1, Ordering::Relaxed).wrapping_add(0x9E37_79B9_7F4A_7C15);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let bytes = (x ^ (x >> 31)).to_le_bytes();
            part.copy_from_slice(&bytes[..part.len()]);
        }
    }
}

/// What ran: the run and its attempt, in order.
pub type Ledger = Arc<Mutex<Vec<(RunId, i64)>>>;

/// The work: `{"then": "ok" | "retry" | "final" | "panic" | "listen" | "tell" | "hang"}`; `retry` succeeds at the third attempt.
#[derive(Debug)]
struct Note {
    spec: &'static KindSpec,
    ledger: Ledger,
    /// Told when a run has begun that waits to be stopped.
    begun: Arc<tokio::sync::Notify>,
}

impl Note {
    async fn work(&self, run: &RunContext) -> Result<Value, JobError> {
        self.ledger.lock().unwrap().push(run.claim());
        let fault = |code| Fault::new(code, "as the input wants");
        match run.run().input["then"].as_str().unwrap_or("ok") {
            "retry" if run.run().tries < 2 => Err(JobError::from(fault(Code::Dependency))),
            "final" => Err(JobError::from(fault(Code::Invalid))),
            "panic" => panic!("as the input wants"),
            "listen" => {
                self.begun.notify_one();
                run.cancelled().cancelled().await;
                Err(JobError::Cancelled)
            }
            "tell" => {
                self.begun.notify_one();
                run.cancelled().cancelled().await;
                self.begun.notify_one();
                Err(JobError::Cancelled)
            }
            "hang" => {
                self.begun.notify_one();
                std::future::pending().await
            }
            _ => Ok(json!({ "attempt": run.run().attempt })),
        }
    }
}

impl Kind for Note {
    fn spec(&self) -> &'static KindSpec {
        self.spec
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(self.work(context))
    }
}

/// A queue on one database, with a clock that a test moves.
pub struct Bench {
    pub fresh: Fresh,
    pub queue: Queue,
    pub clock: ManualClock,
    pub ledger: Ledger,
    pub begun: Arc<tokio::sync::Notify>,
}

impl Bench {
    pub async fn each() -> Vec<Self> {
        Fresh::each().await.into_iter().map(Self::over).collect()
    }

    pub fn over(fresh: Fresh) -> Self {
        let clock = ManualClock::at("2026-03-01T00:00:00Z".parse().unwrap());
        let queue = Self::queue_on(fresh.db().clone(), &clock);
        Self { fresh, queue, clock, ledger: Ledger::default(), begun: Arc::default() }
    }

    /// The queue of another server on the same database.
    pub fn queue_of(&self, db: Db) -> Queue {
        Self::queue_on(db, &self.clock)
    }

    fn queue_on(db: Db, clock: &ManualClock) -> Queue {
        static KINDS: &[&KindSpec] = &[&NOTE, &HEAVY, &NARROW];
        Queue::new(db, Arc::new(clock.clone()), Arc::new(Counted), KINDS)
    }

    pub fn db(&self) -> &Db {
        self.fresh.db()
    }

    pub fn now(&self) -> Timestamp {
        use lakegate_model::Clock;
        self.clock.now()
    }

    pub fn wait(&self, span: TimeDelta) {
        self.clock.advance(span);
    }

    pub fn registry(&self) -> Registry {
        let kind = |spec| Note { spec, ledger: self.ledger.clone(), begun: self.begun.clone() };
        Registry::default().with(kind(&NOTE)).with(kind(&HEAVY)).with(kind(&NARROW))
    }

    pub fn worker(&self, settings: PoolSettings) -> Worker {
        Worker::new(self.queue.clone(), self.registry(), settings)
    }

    /// A worker with so many light slots.
    pub fn slots(&self, light_slots: i64) -> Worker {
        self.worker(PoolSettings { light_slots, per_project: 1_000, ..PoolSettings::default() })
    }

    pub async fn submit(&self, spec: &KindSpec, work: Submission) -> Result<Submitted, Fault> {
        in_write!(self.db(), |tx, _scope| { self.queue.enqueue(tx, spec, work.clone()).await })
    }

    pub async fn put(&self, project: ProjectId, then: &str) -> RunId {
        let work = Submission::manual(project, "ann", json!({ "then": then }));
        self.submit(&NOTE, work).await.unwrap().id()
    }

    pub async fn run(&self, id: RunId) -> JobRun {
        in_read!(self.db(), |tx, _scope| { Ok(job_runs::run_find(tx, id).await?) }).unwrap().unwrap()
    }

    pub fn ran(&self) -> Vec<RunId> {
        self.ledger.lock().unwrap().iter().map(|(id, _)| *id).collect()
    }
}

/// A project whose id sorts by its number.
pub fn project(number: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(number))
}

/// A token that is never cancelled by itself.
pub fn token() -> CancellationToken {
    CancellationToken::new()
}
