//! How a pool holds on to its runs, and how it lets go of them, when clocks and the database do not behave.

use chrono::TimeDelta;
use lakegate_jobs::{Pool, PoolSettings};
use lakegate_model::{ids::RunId, words::JobState};
use lakegate_store::{Db, in_queue, in_write, job_claims, job_runs};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    bench_kind::{Bench, project, token},
    pool::{quick, until},
};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(8);

fn start(bench: &Bench, settings: PoolSettings) -> (CancellationToken, JoinHandle<()>) {
    let (stop, pool) = (token(), Pool::new(bench.worker(settings)));
    let stopped = stop.clone();
    (stop, tokio::spawn(async move { pool.work(stopped).await }))
}

/// Work that says nothing, and whose lease was renewed once.
async fn quiet_run(bench: &Bench, then: &str) -> RunId {
    let id = bench.put(project(1), then).await;
    bench.queue.wake();
    bench.begun.notified().await;
    // Over a third of the lease: it is renewed now, whether or not it was just before.
    bench.wait(TimeDelta::seconds(11));
    renewed(bench, id).await;
    id
}

async fn renewed(bench: &Bench, id: RunId) {
    let beat = until(async || (bench.run(id).await.beat_at == Some(bench.now())).then_some(()));
    assert!(tokio::time::timeout(LONG, beat).await.is_ok(), "the lease was not renewed");
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_takes_no_run_from_the_one_who_works_on_it() {
    for bench in Bench::each().await {
        let (stop, working) = start(&bench, quick());
        let id = quiet_run(&bench, "listen").await;
        for _ in 0..3 {
            bench.wait(TimeDelta::minutes(5));
            let other = bench.put(project(1), "ok").await;
            bench.queue.wake();
            until(async || (bench.run(other).await.state == JobState::Succeeded).then_some(())).await;
            assert_eq!((bench.run(id).await.state, bench.run(id).await.attempt), (JobState::Running, 1));
        }
        stop.cancel();
        working.await.unwrap();
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_renewals() {
    for bench in Bench::each().await {
        let (stop, working) = start(&bench, quick());
        let id = quiet_run(&bench, "listen").await;
        bench.wait(TimeDelta::hours(-1));
        renewed(&bench, id).await;
        stop.cancel();
        working.await.unwrap();
    }
}

#[tokio::test]
async fn a_cancellation_in_another_process_is_heard_soon() {
    for bench in Bench::each().await {
        let (stop, working) = start(&bench, quick());
        let id = quiet_run(&bench, "hang").await;
        let now = bench.now();
        in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) }).unwrap();
        // The clock stands still, so that no lease is renewed.
        let cancelled = until(async || (bench.run(id).await.state == JobState::Cancelled).then_some(()));
        assert!(tokio::time::timeout(LONG, cancelled).await.is_ok(), "nobody told the work");
        stop.cancel();
        working.await.unwrap();
    }
}

#[tokio::test]
async fn work_whose_lease_cannot_be_renewed_is_stopped_before_it_ends() {
    for bench in Bench::each().await {
        // On SQLite nobody else could take it.
        let Db::Postgres { .. } = bench.db() else { continue };
        let settings = PoolSettings { lease: Duration::from_secs(2), database_clock: true, ..quick() };
        let (stop, working) = start(&bench, settings);
        let id = bench.put(project(1), "tell").await;
        bench.queue.wake();
        bench.begun.notified().await;
        let run = bench.run(id).await;
        let other = bench.fresh.second_server().await;
        let mut tx = other.begin_queue().await.unwrap();
        assert!(job_claims::holds(&mut tx, (id, run.attempt), bench.now()).await.unwrap());
        // The row cannot be written as long as this transaction lasts.
        let stopped = tokio::time::timeout(LONG, bench.begun.notified()).await;
        assert!(stopped.is_ok(), "work went on beyond its lease");
        drop(tx);
        stop.cancel();
        working.await.unwrap();
    }
}

#[tokio::test]
async fn a_cancelled_run_whose_worker_died_is_not_begun_again() {
    for bench in Bench::each().await {
        let id = bench.put(project(1), "ok").await;
        let (now, lease) = (bench.now(), TimeDelta::seconds(30));
        let other = uuid::Uuid::from_u128(77).into();
        in_queue!(bench.db(), |tx| { Ok(job_claims::take(tx, id, other, (now, now + lease)).await?) }).unwrap();
        in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) }).unwrap();
        bench.wait(lease + TimeDelta::seconds(1));
        bench.slots(4).work_off().await.unwrap();
        let run = bench.run(id).await;
        assert_eq!((run.state, run.attempt, run.ended_at), (JobState::Cancelled, 1, Some(bench.now())));
        assert!(bench.ran().is_empty() && run.error.is_none());
    }
}
