//! Eight workers under everything that goes wrong at once: they die at any point, the clock jumps, the database goes away,
//! the disk is full, people cancel. No run is lost, none is at work twice at once, each effect stands once.
//!
//! 500 runs, `LAKEGATE_TEST_SCALE` times.

use chrono::TimeDelta;
use lakegate_jobs::Submission;
use lakegate_model::{ids::RunId, words::AttemptOutcome, words::JobState};
use lakegate_store::{in_read, in_write, job_runs};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    bench_kind::{Bench, project},
    databases::Fresh,
    endurance_hands::{Hand, away, count, full, pass, prepare},
    endurance_kind::{STEP, Sink},
};

const WORKERS: usize = 8;
/// Runs that are open at once.
const OPEN: i64 = 250;
/// The longest that work goes on outside the database after somebody was told that it is cancelled.
const LATE: Duration = Duration::from_secs(5);

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// What went wrong, and how often.
#[derive(Debug, Default)]
struct Done {
    kills: u64,
    forward: u64,
    back: u64,
    away: u64,
    full: u64,
}

struct Trial {
    bench: Bench,
    sink: Sink,
    hands: Vec<Hand>,
    dice: Dice,
    /// What goes wrong, whatever else was drawn: how often somebody cancels depends on how fast the machine is.
    misfortune: Dice,
    done: Done,
    submitted: Vec<RunId>,
    /// Those that go on until they are stopped, and others that somebody does not want any more.
    unwanted: BTreeSet<RunId>,
    cancelled: BTreeSet<RunId>,
}

impl Trial {
    async fn new(fresh: Fresh, seed: u64) -> Self {
        let bench = Bench::over(fresh);
        prepare(bench.db()).await;
        let sink = Sink::default();
        let mut hands = Vec::new();
        for _ in 0..WORKERS {
            hands.push(Hand::start(&bench, &sink).await);
        }
        let (submitted, unwanted, cancelled) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Self {
            bench,
            sink,
            hands,
            dice: Dice(seed),
            misfortune: Dice(!seed),
            done: Done::default(),
            submitted,
            unwanted,
            cancelled,
        }
    }

    async fn run(&mut self, runs: usize) {
        let (mut ended, mut still) = (self.ended(self.open().await), 0);
        loop {
            let open = self.open().await;
            let now_ended = self.ended(open);
            if self.submitted.len() < runs && open < OPEN {
                self.submit(50.min(runs - self.submitted.len())).await;
            } else if open == 0 && self.submitted.len() == runs {
                return;
            }
            still = if now_ended > ended { 0 } else { still + 1 };
            assert!(still < 3_000, "nothing has ended for long, and {open} runs are open");
            self.cancel_some().await;
            // As often on a machine where many end between two looks.
            for _ in ended / 20..now_ended / 20 {
                self.disturb().await;
            }
            if still % 200 == 199 {
                // Leases of the dead end some time.
                self.bench.wait(TimeDelta::seconds(900));
            }
            // A thousand of them take minutes.
            if now_ended / 1_000 > ended / 1_000 {
                eprintln!("{}: {now_ended} of {runs} runs have ended", self.bench.db().kind());
            }
            ended = now_ended;
            pass(&self.bench, Duration::from_millis(5)).await;
        }
    }

    fn ended(&self, open: i64) -> i64 {
        self.submitted.len() as i64 - open
    }

    async fn open(&self) -> i64 {
        count(self.bench.db(), "SELECT COUNT(*) FROM job_runs WHERE ended_at IS NULL").await
    }

    async fn submit(&mut self, runs: usize) {
        let works: Vec<(&str, Submission)> = (0..runs)
            .map(|_| {
                let what = match self.dice.below(60) {
                    0 => "listen",
                    1 => "deaf",
                    _ => "step",
                };
                let work =
                    Submission::manual(project(1 + u128::from(self.dice.below(7))), "ann", json!({ "do": what }));
                let key = self.dice.below(40);
                let serial_key = (key < 3 && what == "step").then(|| format!("key {key}"));
                (what, Submission { serial_key, ..work })
            })
            .collect();
        let ids = in_write!(self.bench.db(), |tx, _scope| {
            let mut ids = Vec::new();
            for (_, work) in &works {
                ids.push(self.bench.queue.enqueue(tx, &STEP, work.clone()).await?.id());
            }
            Ok(ids)
        })
        .unwrap();
        for (id, (what, _)) in ids.iter().zip(&works) {
            if *what != "step" || self.dice.below(20) == 0 {
                self.unwanted.insert(*id);
            }
        }
        self.submitted.extend(ids);
    }

    /// Somebody cancels, from a process that does no work: mostly what has begun.
    async fn cancel_some(&mut self) {
        let wanted: Vec<RunId> = {
            let seen = self.sink.seen();
            self.unwanted.iter().filter(|id| seen.begun.contains_key(id)).copied().take(3).collect()
        };
        for id in wanted {
            if self.dice.below(8) > 0 {
                continue;
            }
            self.unwanted.remove(&id);
            let now = self.bench.now();
            let told = in_write!(self.bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) });
            if told.unwrap().is_some() {
                self.sink.cancelled(id, Instant::now());
                self.cancelled.insert(id);
            }
        }
    }

    async fn disturb(&mut self) {
        match self.misfortune.below(30) {
            0 => {
                self.bench.wait(TimeDelta::seconds(-600));
                self.done.back += 1;
            }
            1..6 => {
                let seconds = 20 + self.misfortune.below(200) as i64;
                self.bench.wait(TimeDelta::seconds(seconds));
                self.done.forward += 1;
            }
            6..8 => self.fill().await,
            _ => self.kill().await,
        }
    }

    async fn kill(&mut self) {
        let which = self.misfortune.below(WORKERS as u64) as usize;
        self.hands.swap_remove(which).kill().await;
        self.hands.push(Hand::start(&self.bench, &self.sink).await);
        self.done.kills += 1;
    }

    async fn fill(&mut self) {
        if matches!(self.bench.db(), lakegate_store::Db::Sqlite { .. }) {
            full(&self.bench, &self.hands, &self.sink).await;
            self.done.full += 1;
        }
    }

    async fn lose_database(&mut self) {
        away(&self.bench).await;
        self.done.away += 1;
    }

    /// Ends the workers, then compares what the queue, the ledger and the sink say.
    async fn judge(mut self) {
        for hand in self.hands.drain(..) {
            hand.stop().await;
        }
        let effects = self.effects().await;
        for id in &self.submitted {
            self.judge_run(*id, effects.get(id).copied().unwrap_or_default()).await;
        }
        let seen = self.sink.seen();
        eprintln!(
            "{}: {} runs, {} cancelled; {:?}; outside: {} calls, {} stale, {} attempts overtaken, the last {:?} after a cancellation; effects: {} written, {} found, {} refused, {} without space",
            self.bench.db().kind(),
            self.submitted.len(),
            self.cancelled.len(),
            self.done,
            seen.calls,
            seen.stale,
            seen.overtaken.len(),
            seen.latest,
            seen.effects,
            seen.found,
            seen.refused,
            seen.full,
        );
        assert!(seen.latest <= LATE, "work went on for {:?} after its cancellation", seen.latest);
        assert_eq!(self.done.full > 0, seen.full > 0, "the disk was full, and nobody noticed");
        assert!(self.done.kills > 5 && self.done.away > 0, "too little went wrong: {:?}", self.done);
    }

    async fn judge_run(&self, id: RunId, effects: usize) {
        let run = self.bench.run(id).await;
        match run.state {
            JobState::Succeeded => assert_eq!(effects, 1, "{run:?}"),
            JobState::Cancelled if self.cancelled.contains(&id) => assert!(effects <= 1, "{run:?}"),
            state => panic!("a run is left {state}: {run:?}"),
        }
        let attempts = in_read!(self.bench.db(), |tx, _scope| { Ok(job_runs::attempts(tx, id).await?) }).unwrap();
        // The latest stands first: each number once, and only the last may have ended well.
        let numbers: Vec<i64> = attempts.iter().rev().map(|attempt| attempt.attempt).collect();
        assert_eq!(numbers, (1..=run.attempt).collect::<Vec<_>>(), "{run:?}");
        let good = |outcome| matches!(outcome, Some(AttemptOutcome::Succeeded | AttemptOutcome::Cancelled));
        assert!(attempts.iter().all(|attempt| attempt.outcome.is_some()), "{attempts:?}");
        assert!(attempts.iter().skip(1).all(|attempt| !good(attempt.outcome)), "{attempts:?}");
        // Who was overtaken had lost the run before another began.
        for attempt in attempts.iter().filter(|attempt| self.sink.seen().overtaken.contains(&(id, attempt.attempt))) {
            assert_eq!(attempt.outcome, Some(AttemptOutcome::Lost), "{attempts:?}");
        }
    }

    /// How many effects each run has in the ledger.
    async fn effects(&self) -> BTreeMap<RunId, usize> {
        let sql = "SELECT run FROM ledger";
        let rows: Vec<(String,)> = match self.bench.db() {
            lakegate_store::Db::Sqlite { readers, .. } => sqlx::query_as(sql).fetch_all(readers).await.unwrap(),
            lakegate_store::Db::Postgres { pool, .. } => sqlx::query_as(sql).fetch_all(pool).await.unwrap(),
        };
        let mut effects = BTreeMap::new();
        for (run,) in rows {
            *effects.entry(run.parse::<uuid::Uuid>().unwrap().into()).or_default() += 1;
        }
        effects
    }
}

async fn endure(fresh: Fresh) {
    let scale: usize = std::env::var("LAKEGATE_TEST_SCALE").ok().and_then(|scale| scale.parse().ok()).unwrap_or(1);
    let runs = 500 * scale;
    let mut trial = Trial::new(fresh, 0x5EED_0001).await;
    // The database goes away five times in all, at most; on SQLite that takes ten seconds each.
    let parts = scale.min(5);
    for part in 1..=parts {
        trial.run(runs * part / parts - 100).await;
        trial.submit(100).await;
        trial.fill().await;
        trial.lose_database().await;
        trial.kill().await;
    }
    trial.run(runs).await;
    trial.judge().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_endure_on_sqlite() {
    endure(Fresh::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_endure_on_postgres() {
    if let Some(fresh) = Fresh::postgres().await {
        endure(fresh).await;
    }
}
