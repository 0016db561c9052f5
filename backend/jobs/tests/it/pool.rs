//! A pool at work: woken, stopped by people, stopped as a whole.

use lakegate_jobs::{Pool, PoolSettings, Submission};
use lakegate_model::words::{AttemptOutcome, JobState};
use lakegate_store::{Db, in_read, in_write, job_runs, job_workers};
use serde_json::json;
use std::time::Duration;

use crate::bench_kind::{Bench, HEAVY, project, token};

/// Short waits, so that a test ends; nothing it asserts hangs on their length.
pub fn quick() -> PoolSettings {
    PoolSettings { grace: Duration::from_millis(50), poll: Duration::from_millis(20), ..PoolSettings::default() }
}

/// Asks until the answer is there.
pub async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn it_works_off_what_comes_in_and_says_who_it_is() {
    for bench in Bench::each().await {
        let stop = token();
        let pool = Pool::new(bench.worker(PoolSettings { name: "a test".into(), ..quick() }));
        let working = tokio::spawn({
            let stop = stop.clone();
            async move { pool.work(stop).await }
        });
        let mut ids = Vec::new();
        for number in 0..40 {
            ids.push(bench.put(project(number % 3 + 1), "ok").await);
            bench.queue.wake();
        }
        for id in &ids {
            until(async || (bench.run(*id).await.state == JobState::Succeeded).then_some(())).await;
        }
        assert_eq!(bench.ran().len(), 40);
        let workers = async || in_read!(bench.db(), |tx, _scope| { Ok(job_workers::workers(tx).await?) }).unwrap();
        assert_eq!(until(async || workers().await.pop()).await.name, "a test");
        stop.cancel();
        working.await.unwrap();
        assert!(workers().await.is_empty());
    }
}

#[tokio::test]
async fn work_that_listens_stops_and_work_that_does_not_is_dropped() {
    for bench in Bench::each().await {
        let stop = token();
        let pool = Pool::new(bench.worker(quick()));
        let working = tokio::spawn({
            let stop = stop.clone();
            async move { pool.work(stop).await }
        });
        for then in ["listen", "hang"] {
            let id = bench.put(project(1), then).await;
            bench.queue.wake();
            bench.begun.notified().await;
            until(async || (bench.run(id).await.state == JobState::Running).then_some(())).await;
            let now = bench.now();
            let told = in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) }).unwrap();
            assert_eq!(told, Some(true));
            bench.queue.tell_cancelled(id);
            until(async || (bench.run(id).await.state == JobState::Cancelled).then_some(())).await;
            let log = in_read!(bench.db(), |tx, _scope| { Ok(lakegate_store::job_logs::after(tx, id, 0, 10).await?) })
                .unwrap();
            assert_eq!(log.iter().any(|line| line.message.contains("dropped")), then == "hang", "{log:?}");
        }
        stop.cancel();
        working.await.unwrap();
    }
}

#[tokio::test]
async fn what_does_not_end_in_time_is_handed_back() {
    for bench in Bench::each().await {
        let stop = token();
        let pool = Pool::new(bench.worker(quick()));
        let light = bench.put(project(1), "listen").await;
        let work = Submission::manual(project(2), "ann", json!({ "then": "hang" }));
        let heavy = bench.submit(&HEAVY, work).await.unwrap().id();
        let working = tokio::spawn({
            let stop = stop.clone();
            async move { pool.work(stop).await }
        });
        for id in [light, heavy] {
            until(async || (bench.run(id).await.state == JobState::Running).then_some(())).await;
        }
        stop.cancel();
        working.await.unwrap();
        for id in [light, heavy] {
            let run = bench.run(id).await;
            assert_eq!((run.state, run.tries), (JobState::Waiting, 0));
            let attempts = in_read!(bench.db(), |tx, _scope| { Ok(job_runs::attempts(tx, id).await?) }).unwrap();
            assert_eq!(attempts[0].outcome, Some(AttemptOutcome::HandedBack));
        }
    }
}

/// Whoever has the gate may wait for a run that ends just now, so whoever ends it must not wait for the gate with its row in
/// hand.
#[tokio::test]
async fn who_waits_for_the_gate_has_no_run_in_hand() {
    for bench in Bench::each().await {
        let Db::Postgres { pool: database, .. } = bench.db().clone() else { continue };
        let stop = token();
        // Another run waits for its turn in the project, and nobody looks but when a run ends.
        let hour = Duration::from_secs(3_600);
        let pool = Pool::new(bench.worker(PoolSettings { per_project: 1, poll: hour, ..quick() }));
        let working = tokio::spawn({
            let stop = stop.clone();
            async move { pool.work(stop).await }
        });
        let id = bench.put(project(1), "listen").await;
        bench.queue.wake();
        bench.begun.notified().await;
        let next = bench.put(project(1), "ok").await;
        let mut gate = database.begin().await.unwrap();
        sqlx::query("UPDATE job_gate SET turns = turns + 1 WHERE id = 1").execute(&mut *gate).await.unwrap();
        let now = bench.now();
        in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) }).unwrap();
        let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(async || sqlx::query(waiting).fetch_optional(&database).await.unwrap()).await;
        let held = sqlx::query("SELECT id FROM job_runs WHERE id = $1 FOR UPDATE NOWAIT").bind(id.0);
        held.fetch_one(&mut *gate).await.expect("the row of a run whose end waits for the gate");
        gate.commit().await.unwrap();
        until(async || (bench.run(next).await.state == JobState::Succeeded).then_some(())).await;
        assert_eq!(bench.run(id).await.state, JobState::Cancelled);
        stop.cancel();
        working.await.unwrap();
    }
}
