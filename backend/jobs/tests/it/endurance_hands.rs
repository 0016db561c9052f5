//! Workers that can be killed, and the database that they share, with all that can happen to it.

use lakegate_jobs::{KindSpec, Pool, PoolSettings, Queue, Registry, Worker};
use lakegate_model::clock::ManualClock;
use lakegate_store::Db;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    bench_kind::{Bench, Counted},
    endurance_kind::{LEDGER, STEP, Sink, Step},
};

/// A worker on a thread of its own, with connections of its own, as a process is.
pub struct Hand {
    kill: Arc<Notify>,
    stop: CancellationToken,
    thread: JoinHandle<()>,
    db: Db,
}

impl Hand {
    /// Starts one; the database has to be there.
    pub async fn start(bench: &Bench, sink: &Sink) -> Self {
        let (kill, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let (clock, sink, place) = (bench.clock.clone(), sink.clone(), bench.fresh.place.clone());
        let (ready, is_ready) = mpsc::channel();
        let (killed, stopped) = (kill.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let db = place.open().await;
                ready.send(db.clone()).unwrap();
                tokio::select! {
                    () = killed.notified() => {}
                    () = work(db, clock, sink, stopped) => {}
                }
            });
            // All that it had begun is dropped where it stands.
            drop(runtime);
        });
        let db = tokio::task::spawn_blocking(move || is_ready.recv().unwrap()).await.unwrap();
        Self { kill, stop, thread, db }
    }

    /// Ends it as the death of a process does.
    pub async fn kill(self) {
        self.kill.notify_one();
        self.join().await;
    }

    /// Lets it end in order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.join().await;
    }

    async fn join(self) {
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await.unwrap();
        assert!(joined.is_ok(), "a worker panicked");
    }
}

/// The queue of another process.
pub fn queue(db: Db, clock: ManualClock) -> Queue {
    static KINDS: &[&KindSpec] = &[&STEP];
    Queue::new(db, Arc::new(clock), Arc::new(Counted), KINDS)
}

async fn work(db: Db, clock: ManualClock, sink: Sink, stop: CancellationToken) {
    let shared = matches!(db, Db::Postgres { .. });
    let settings = PoolSettings {
        per_project: 1_000,
        // By the database's clock leases end in real time, and by the test's in its own.
        lease: Duration::from_secs(if shared { 3 } else { 30 }),
        grace: Duration::from_millis(200),
        poll: Duration::from_millis(25),
        database_clock: shared,
        ..PoolSettings::default()
    };
    let queue = queue(db.clone(), clock);
    let registry = Registry::default().with(Step { db, sink });
    Pool::new(Worker::new(queue, registry, settings)).work(stop).await;
}

/// Makes the ledger.
pub async fn prepare(db: &Db) {
    for sql in LEDGER {
        tell(db, sql).await;
    }
}

/// The number that a text asks for.
pub async fn count(db: &Db, sql: &'static str) -> i64 {
    let (count,): (i64,) = match db {
        Db::Sqlite { readers, .. } => sqlx::query_as(sql).fetch_one(readers).await.unwrap(),
        Db::Postgres { pool, .. } => sqlx::query_as(sql).fetch_one(pool).await.unwrap(),
    };
    count
}

async fn tell(db: &Db, sql: &'static str) {
    match db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(|_| ()).unwrap(),
        Db::Postgres { pool, .. } => sqlx::query(sql).execute(pool).await.map(|_| ()).unwrap(),
    }
}

/// The database is away for a while: on PostgreSQL it hangs up and takes no connection, on SQLite somebody else writes
/// for longer than others wait for him.
pub async fn away(bench: &Bench) {
    match bench.db() {
        Db::Sqlite { .. } => {
            let other = bench.fresh.second_server().await;
            let tx = other.begin_write().await.unwrap();
            pass(bench, Duration::from_millis(10_500)).await;
            drop(tx);
            other.close().await;
        }
        Db::Postgres { pool, .. } => {
            let (name,): (String,) = sqlx::query_as("SELECT current_database()").fetch_one(pool).await.unwrap();
            let mut admin = PgConnection::connect(&std::env::var("LAKEGATE_TEST_POSTGRES").unwrap()).await.unwrap();
            let hang_up = format!(
                "ALTER DATABASE {name} ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            sqlx::raw_sql(AssertSqlSafe(hang_up)).execute(&mut admin).await.unwrap();
            pass(bench, Duration::from_millis(1_500)).await;
            let back = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
            sqlx::raw_sql(AssertSqlSafe(back)).execute(&mut admin).await.unwrap();
            while sqlx::query("SELECT 1").execute(pool).await.is_err() {
                pass(bench, Duration::from_millis(10)).await;
            }
        }
    }
}

/// The disk has no space until somebody has noticed. PostgreSQL's cannot be filled from here.
///
/// Effects are held up until the limit stands, and again if all of them found a way around it: a connection that ran into
/// the limit is closed, and the next one of its worker has none.
pub async fn full(bench: &Bench, hands: &[Hand], sink: &Sink) {
    let before = sink.seen().full;
    let begun = Instant::now();
    while sink.seen().full == before && begun.elapsed() < Duration::from_secs(20) {
        hold(bench, sink).await;
        for hand in hands {
            limit(&hand.db, "PRAGMA max_page_count = 1").await;
        }
        sink.seen().held = false;
        pass(bench, Duration::from_millis(50)).await;
    }
    for hand in hands {
        limit(&hand.db, "PRAGMA max_page_count = 1073741823").await;
    }
}

/// Holds effects up, until one waits.
async fn hold(bench: &Bench, sink: &Sink) {
    let waited = sink.seen().waiting;
    let begun = Instant::now();
    sink.seen().held = true;
    while sink.seen().waiting == waited && begun.elapsed() < Duration::from_secs(2) {
        pass(bench, Duration::from_millis(5)).await;
    }
}

async fn limit(db: &Db, sql: &'static str) {
    if let Db::Sqlite { writer, .. } = db {
        // A connection that is not to be had in time is at work and without the limit.
        let _ = sqlx::query(sql).execute(writer).await;
    }
}

/// Time passes, for the test's clock ten times as fast.
pub async fn pass(bench: &Bench, span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        tokio::time::sleep(Duration::from_millis(5)).await;
        bench.wait(chrono::TimeDelta::milliseconds(50));
    }
}
