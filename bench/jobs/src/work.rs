//! A process that works: says `ready`, begins at the line `go`, ends at the line `stop` and says what it did.

use anyhow::{Context, Result};
use lakegate_jobs::{
    Backoff, JobError, Kind, KindSpec, Pool, PoolSettings, Queue, Registry, RunContext, RunFuture, Worker,
};
use lakegate_model::{Random, clock::SystemClock, words::SlotClass};
use lakegate_store::{Db, job_listen::Listener};
use rand::RngCore;
use serde_json::Value;
use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;

use crate::place;

/// Does nothing but note that it ran.
pub static NOOP: KindSpec = KindSpec {
    name: "noop",
    title: "Nothing",
    class: SlotClass::Light,
    at_once: 1_000_000,
    bound: 100_000_000,
    max_tries: 3,
    deadline: Duration::from_secs(60),
    backoff: Backoff { first: Duration::from_secs(1), most: Duration::from_secs(1) },
    memory_bytes: 0,
};

/// Random bytes as the program takes them.
#[derive(Debug)]
pub struct Dice;

impl Random for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        rand::thread_rng().fill_bytes(buffer);
    }
}

/// The numbers of the runs that ran, and when, in microseconds since 1970.
pub type Ran = Arc<Mutex<Vec<(u32, u64)>>>;

/// The work.
#[derive(Debug)]
struct Noop {
    ran: Ran,
    tell: Option<mpsc::Sender<(u32, u64)>>,
}

impl Noop {
    fn note(&self, run: &RunContext) -> Result<Value, JobError> {
        let number = run.run().input["n"].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX);
        let note = (number, micros());
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        if let Some(tell) = &self.tell {
            // Nobody listens only at the end.
            let _ = tell.send(note);
        }
        Ok(Value::Null)
    }
}

impl Kind for Noop {
    fn spec(&self) -> &'static KindSpec {
        &NOOP
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(async { self.note(context) })
    }
}

/// Microseconds since 1970, the same for all processes.
pub fn micros() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The queue of this process.
pub fn queue(db: &Db) -> Queue {
    static KINDS: &[&KindSpec] = &[&NOOP];
    Queue::new(db.clone(), Arc::new(SystemClock), Arc::new(Dice), KINDS)
}

/// A pool that works on a queue, with as many slots.
pub fn pool(queue: Queue, slots: i64, ran: &Ran, tell: Option<mpsc::Sender<(u32, u64)>>) -> Pool {
    let database_clock = matches!(queue.db(), Db::Postgres { .. });
    let registry = Registry::default().with(Noop { ran: ran.clone(), tell });
    let settings =
        PoolSettings { light_slots: slots, per_project: i64::MAX, database_clock, ..PoolSettings::default() };
    Pool::new(Worker::new(queue, registry, settings))
}

/// `work ADDRESS POOLS SLOTS TELL`: with `stamps` each start is told at once, with `counts` their number now and then.
pub async fn run(arguments: &[String]) -> Result<()> {
    let [address, pools, slots, tell] = arguments else { anyhow::bail!("work ADDRESS POOLS SLOTS TELL") };
    let (pools, slots): (usize, i64) = (pools.parse().context("POOLS")?, slots.parse().context("SLOTS")?);
    let db = place::open(address).await?;
    let (ran, stop) = (Ran::default(), CancellationToken::new());
    say("ready")?;
    order()?;
    let (stamp, stamps) = mpsc::channel();
    let stamp = (tell == "stamps").then_some(stamp);
    let working: Vec<_> =
        (0..pools).map(|_| tokio::spawn(work(db.clone(), slots, ran.clone(), stamp.clone(), stop.clone()))).collect();
    let (telling, counting) = (ran.clone(), tell == "counts");
    std::thread::spawn(move || if counting { tell_counts(&telling) } else { tell_stamps(&stamps) });
    tokio::task::spawn_blocking(order).await??;
    stop.cancel();
    for work in working {
        work.await??;
    }
    let ran = ran.lock().unwrap_or_else(PoisonError::into_inner);
    let numbers: Vec<String> = ran.iter().map(|(number, _)| number.to_string()).collect();
    say(&format!("effects {}", numbers.join(",")))?;
    // The threads that tell have nothing to end for.
    std::process::exit(0)
}

/// One pool, woken as the server's is.
async fn work(
    db: Db,
    slots: i64,
    ran: Ran,
    stamp: Option<mpsc::Sender<(u32, u64)>>,
    stop: CancellationToken,
) -> Result<()> {
    let queue = queue(&db);
    let pool = pool(queue.clone(), slots, &ran, stamp);
    tokio::select! {
        () = pool.work(stop) => Ok(()),
        heard = hear(&db, &queue) => heard,
    }
}

async fn hear(db: &Db, queue: &Queue) -> Result<()> {
    let Some(mut listener) = Listener::open(db).await? else { return std::future::pending().await };
    loop {
        listener.heard().await?;
        queue.wake_now();
    }
}

fn tell_counts(ran: &Ran) {
    let mut said = 0;
    loop {
        std::thread::sleep(Duration::from_millis(5));
        let count = ran.lock().unwrap_or_else(PoisonError::into_inner).len();
        if count != said && say(&format!("count {count}")).is_err() {
            return;
        }
        said = count;
    }
}

fn tell_stamps(stamps: &mpsc::Receiver<(u32, u64)>) {
    for (number, at) in stamps {
        if say(&format!("started {number} {at}")).is_err() {
            return;
        }
    }
}

/// Waits for the next line.
fn order() -> Result<()> {
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
