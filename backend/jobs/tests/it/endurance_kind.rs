//! Work for the test of endurance, a ledger of its effects in the database, and a sink outside of it.

use lakegate_jobs::{Backoff, JobError, Kind, KindSpec, RunContext, RunFuture};
use lakegate_model::{Code, Fault, ids::RunId, words::SlotClass};
use lakegate_store::{Db, Tx, WriteTx, in_queue, job_claims::Claim};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Writes its effect once, whatever happens to its workers.
pub static STEP: KindSpec = KindSpec {
    name: "step",
    title: "step",
    class: SlotClass::Light,
    at_once: 1_000,
    bound: 1_000_000,
    max_tries: 1_000,
    deadline: Duration::from_secs(600),
    backoff: Backoff { first: Duration::from_secs(1), most: Duration::from_secs(4) },
    memory_bytes: 0,
};

/// The ledger: no key keeps an effect from standing there twice.
pub const LEDGER: [&str; 2] = [
    "CREATE TABLE ledger (run TEXT NOT NULL, attempt BIGINT NOT NULL, report TEXT NOT NULL)",
    "CREATE INDEX ledger_run ON ledger (run)",
];
const SEEN: &str = "SELECT COUNT(*) FROM ledger WHERE run = $1";
const NOTE: &str = "INSERT INTO ledger (run, attempt, report) VALUES ($1, $2, $3)";
/// Of an effect that was held up: more than what is free within the file of a database, so it needs space on the disk.
const LARGE_REPORT_BYTES: usize = 1 << 20;

/// What the world outside saw. It survives all workers.
#[derive(Debug, Default, Clone)]
pub struct Sink(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
pub struct Seen {
    /// The highest fencing number that began, by run.
    pub begun: BTreeMap<RunId, i64>,
    /// Attempts that work just now, by run.
    active: BTreeMap<RunId, BTreeSet<i64>>,
    /// When somebody was told that the run is cancelled.
    cancelled: BTreeMap<RunId, Instant>,
    /// Attempts that worked while a later one had begun.
    pub overtaken: BTreeSet<Claim>,
    /// Calls in all, and those with a fencing number that was not the highest.
    pub calls: u64,
    pub stale: u64,
    /// The longest time from a cancellation to a call, in all.
    pub latest: Duration,
    /// Effects that were written to the ledger, and those that a dead attempt had written already.
    pub effects: u64,
    pub found: u64,
    /// Effects that were refused because the run was somebody else's or cancelled.
    pub refused: u64,
    /// Effects that found no space on the disk.
    pub full: u64,
    /// Whether effects wait before they are written, and how often one has.
    pub held: bool,
    pub waiting: u64,
}

impl Sink {
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    /// A cancellation was acknowledged.
    pub fn cancelled(&self, run: RunId, at: Instant) {
        self.seen().cancelled.entry(run).or_insert(at);
    }

    /// Whether effects are held up, which is counted.
    fn waits(&self) -> bool {
        let mut seen = self.seen();
        seen.waiting += u64::from(seen.held);
        seen.held
    }

    fn begin(&self, (run, attempt): Claim) -> Active<'_> {
        let mut seen = self.seen();
        let before = seen.begun.insert(run, attempt);
        assert!(before.is_none_or(|before| before < attempt), "attempt {attempt} of {run} began after {before:?}");
        let others: Vec<Claim> = seen.active.entry(run).or_default().iter().map(|other| (run, *other)).collect();
        seen.overtaken.extend(others);
        seen.active.entry(run).or_default().insert(attempt);
        Active(self, (run, attempt))
    }

    fn call(&self, (run, attempt): Claim) {
        let mut seen = self.seen();
        seen.calls += 1;
        seen.stale += u64::from(seen.begun[&run] > attempt);
        if let Some(at) = seen.cancelled.get(&run) {
            seen.latest = seen.latest.max(at.elapsed());
        }
    }
}

/// An attempt at work; it ends with its worker, however that ends.
struct Active<'a>(&'a Sink, Claim);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        let (run, attempt) = self.1;
        self.0.seen().active.entry(run).or_default().remove(&attempt);
    }
}

/// The work: `{"do": "step" | "listen" | "deaf"}`. The last two go on until they are stopped.
#[derive(Debug)]
pub struct Step {
    pub db: Db,
    pub sink: Sink,
}

impl Step {
    async fn work(&self, run: &RunContext) -> Result<Value, JobError> {
        let _active = self.sink.begin(run.claim());
        let what = run.run().input["do"].as_str().unwrap().to_owned();
        let rounds = if what == "step" { 3 } else { u32::MAX };
        for _ in 0..rounds {
            self.sink.call(run.claim());
            if what == "listen" && run.cancelled().is_cancelled() {
                return Err(JobError::Cancelled);
            }
            tokio::time::sleep(Duration::from_millis(if what == "step" { 1 } else { 20 })).await;
        }
        let report = " ".repeat(if self.wait_while_held().await { LARGE_REPORT_BYTES } else { 0 });
        let effect = self.effect(run, &report).await;
        self.sink.seen().full += u64::from(matches!(&effect, Err(fault) if fault.code == Code::StorageFull));
        self.sink.seen().refused += u64::from(matches!(&effect, Err(fault) if fault.code == Code::Cancelled));
        let new = effect?;
        self.sink.call(run.claim());
        let mut seen = self.sink.seen();
        *(if new { &mut seen.effects } else { &mut seen.found }) += 1;
        Ok(json!({ "attempt": run.run().attempt }))
    }

    /// So that what writes meets a full disk, and not only whoever hands out work. Says whether it was held up.
    async fn wait_while_held(&self) -> bool {
        let mut waited = false;
        while self.sink.waits() {
            waited = true;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waited
    }

    /// Writes the effect, unless an attempt before has written it and died. Says whether it did.
    async fn effect(&self, run: &RunContext, report: &str) -> Result<bool, Fault> {
        let (id, attempt) = run.claim();
        in_queue!(&self.db, |tx| {
            run.hold(tx).await?;
            // The row is held: whoever is told of a cancellation from now on is told after this effect.
            let early = self.sink.seen().cancelled.contains_key(&id);
            assert!(!early, "an effect of {id} after its cancellation was acknowledged");
            note(tx, id, attempt, report).await.map_err(Fault::from)
        })
    }
}

async fn note(tx: &mut WriteTx, run: RunId, attempt: i64, report: &str) -> Result<bool, lakegate_store::StoreError> {
    let run = run.to_string();
    let (seen,): (i64,) = match &mut **tx {
        Tx::Sqlite(tx) => sqlx::query_as(SEEN).bind(&run).fetch_one(&mut **tx).await?,
        Tx::Postgres(tx) => sqlx::query_as(SEEN).bind(&run).fetch_one(&mut **tx).await?,
    };
    if seen == 0 {
        match &mut **tx {
            Tx::Sqlite(tx) => {
                sqlx::query(NOTE).bind(&run).bind(attempt).bind(report).execute(&mut **tx).await.map(|_| ())?;
            }
            Tx::Postgres(tx) => {
                sqlx::query(NOTE).bind(&run).bind(attempt).bind(report).execute(&mut **tx).await.map(|_| ())?;
            }
        }
    }
    Ok(seen == 0)
}

impl Kind for Step {
    fn spec(&self) -> &'static KindSpec {
        &STEP
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(self.work(context))
    }
}
