//! What is taken when, and what becomes of it.

use chrono::TimeDelta;
use lakegate_jobs::{PoolSettings, Queue, Submission};
use lakegate_model::{
    Code, PageRequest,
    jobs::{JobPause, Priority, SYSTEM},
    words::{AttemptOutcome, JobState},
};
use lakegate_policy::{Actor, Scope, action::ManageJobs, decide, resource::Platform};
use lakegate_store::{in_queue, in_read, in_write, job_claims, job_runs, job_workers};
use serde_json::json;

use crate::bench_kind::{Bench, HEAVY, NARROW, NOTE, project};

#[tokio::test]
async fn a_full_project_delays_the_first_of_another_by_one_slot() {
    for bench in Bench::each().await {
        let (busy, quiet) = (project(1), project(2));
        for _ in 0..300 {
            bench.put(busy, "ok").await;
        }
        let worker = bench.slots(1);
        let late = bench.put(quiet, "ok").await;
        worker.work_off().await.unwrap();
        let at = bench.ran().iter().position(|id| *id == late).unwrap();
        assert!(at <= 1, "the quiet project waited for {at} others");
        assert_eq!(bench.ran().len(), 301);
    }
}

#[tokio::test]
async fn projects_take_turns_and_the_urgent_goes_first() {
    for bench in Bench::each().await {
        let mut wanted = Vec::new();
        for number in [3, 1, 2] {
            for _ in 0..2 {
                wanted.push((number, bench.put(project(number), "ok").await));
            }
        }
        let urgent = Submission { priority: Priority::URGENT, ..Submission::manual(project(9), "ann", json!({})) };
        let urgent = bench.submit(&NOTE, urgent).await.unwrap().id();
        bench.slots(1).work_off().await.unwrap();
        let ran = bench.ran();
        assert_eq!(ran[0], urgent);
        let owners: Vec<u128> = ran[1..].iter().map(|id| wanted.iter().find(|(_, run)| run == id).unwrap().0).collect();
        assert_eq!(owners, [1, 2, 3, 1, 2, 3]);
    }
}

#[tokio::test]
async fn keys_keep_one_waiting_one_open_and_one_at_work() {
    for bench in Bench::each().await {
        let work = Submission::manual(project(1), "ann", json!({}));
        let queued = Submission { queued_key: Some("k".into()), ..work.clone() };
        let first = bench.submit(&NOTE, queued.clone()).await.unwrap().id();
        assert_eq!(bench.submit(&NOTE, queued.clone()).await.unwrap().id(), first);
        assert_ne!(bench.submit(&HEAVY, queued.clone()).await.unwrap().id(), first, "keys belong to a kind");
        let open = Submission { open_key: Some("o".into()), ..work.clone() };
        let opened = bench.submit(&NOTE, open.clone()).await.unwrap().id();
        assert_eq!(bench.submit(&NOTE, open.clone()).await.unwrap().id(), opened);
        bench.slots(8).work_off().await.unwrap();
        assert_ne!(bench.submit(&NOTE, queued).await.unwrap().id(), first, "it has begun");
        assert_ne!(bench.submit(&NOTE, open).await.unwrap().id(), opened, "it has ended");
        let serial = Submission { serial_key: Some("s".into()), ..work };
        let mut ids = Vec::new();
        for _ in 0..3 {
            bench.wait(TimeDelta::milliseconds(1));
            ids.push(bench.submit(&NOTE, serial.clone()).await.unwrap().id());
        }
        bench.ledger.lock().unwrap().clear();
        let worker = bench.slots(8);
        worker.work_off().await.unwrap();
        let ran: Vec<_> = bench.ran().into_iter().filter(|id| ids.contains(id)).collect();
        assert_eq!(ran, ids, "one after the other, in order");
    }
}

#[tokio::test]
async fn failures_are_tried_again_later_and_end_as_dead_letters() {
    for bench in Bench::each().await {
        let worker = bench.slots(4);
        let retry = bench.put(SYSTEM, "retry").await;
        let hopeless = bench.put(SYSTEM, "final").await;
        let broken = bench.put(SYSTEM, "panic").await;
        worker.work_off().await.unwrap();
        let run = bench.run(retry).await;
        assert_eq!((run.state, run.tries), (JobState::Scheduled, 1));
        let wait = run.run_at - bench.now();
        assert!(wait >= TimeDelta::seconds(5) && wait <= TimeDelta::seconds(10), "{wait}");
        assert_eq!(
            (bench.run(hopeless).await.state, bench.run(hopeless).await.error_code),
            (JobState::Failed, Some("invalid".into()))
        );
        assert_eq!(worker.work_off().await.unwrap(), 0, "not before its time");
        for _ in 0..3 {
            bench.wait(TimeDelta::minutes(2));
            worker.work_off().await.unwrap();
        }
        assert_eq!((bench.run(retry).await.state, bench.run(retry).await.attempt), (JobState::Succeeded, 3));
        let run = bench.run(broken).await;
        assert_eq!((run.state, run.attempt, run.error_code.as_deref()), (JobState::Failed, 3, Some("internal")));
        let (dead, attempts) = in_read!(bench.db(), |tx, _scope| {
            let filter = job_runs::RunFilter { dead_letters: true, ..job_runs::RunFilter::default() };
            let dead = job_runs::run_list(tx, &filter, &PageRequest::default()).await?;
            Ok((dead.items, job_runs::attempts(tx, broken).await?))
        })
        .unwrap();
        let mut dead: Vec<_> = dead.iter().map(|run| run.id).collect();
        dead.sort();
        let mut wanted = [broken, hopeless];
        wanted.sort();
        assert_eq!(dead, wanted);
        assert_eq!(attempts.len(), 3);
        assert!(
            attempts[0].next_at.is_none()
                && attempts[1].next_at.is_some()
                && attempts[1].outcome == Some(AttemptOutcome::Failed)
        );
    }
}

#[tokio::test]
async fn a_full_kind_refuses_its_own_and_no_other() {
    for bench in Bench::each().await {
        let work = Submission::manual(project(1), "ann", json!({}));
        for _ in 0..5 {
            bench.submit(&NARROW, work.clone()).await.unwrap();
        }
        let refused = bench.submit(&NARROW, work.clone()).await.unwrap_err();
        assert!(
            Queue::is_full(&refused) && refused.code == Code::Unavailable && refused.retry_after.is_some(),
            "{refused:?}"
        );
        bench.queue.note_refused(&NARROW).await.unwrap();
        bench.submit(&NOTE, work.clone()).await.unwrap();
        let load = in_read!(bench.db(), |tx, _scope| { Ok(job_runs::load(tx).await?) }).unwrap();
        assert_eq!((load["narrow"].waiting, load["narrow"].refused, load["note"].waiting), (5, 1, 1));
        assert_eq!(load["narrow"].oldest, Some(bench.now()));
        bench.slots(8).work_off().await.unwrap();
        bench.submit(&NARROW, work).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_held_up_waits_and_the_rest_goes_on() {
    for bench in Bench::each().await {
        let worker = bench.worker(PoolSettings { memory_bytes: 100, ..PoolSettings::default() });
        let work = Submission::manual(project(1), "ann", json!({}));
        let heavy = bench.submit(&HEAVY, work).await.unwrap().id();
        let light = bench.put(project(1), "ok").await;
        pause(&bench, "heavy").await;
        worker.work_off().await.unwrap();
        assert_eq!(
            (bench.run(heavy).await.state, bench.run(light).await.state),
            (JobState::Waiting, JobState::Succeeded)
        );
        pause(&bench, "*").await;
        let light = bench.put(project(1), "ok").await;
        assert_eq!(worker.work_off().await.unwrap(), 0);
        for kind in ["*", "heavy"] {
            let scope = Scope::begin();
            let proof = decide::<ManageJobs, _>(&scope, &Actor::system(), Platform).unwrap();
            assert!(in_write!(bench.db(), |tx, _scope| { Ok(job_workers::resume(tx, &proof, kind).await?) }).unwrap());
        }
        worker.work_off().await.unwrap();
        assert_eq!(
            (bench.run(heavy).await.state, bench.run(light).await.state),
            (JobState::Succeeded, JobState::Succeeded)
        );
        // What needs more memory than there is in all is not begun.
        let work = Submission::manual(project(1), "ann", json!({}));
        bench.submit(&HEAVY, work).await.unwrap();
        let small = bench.worker(PoolSettings { memory_bytes: 99, ..PoolSettings::default() });
        assert_eq!(small.work_off().await.unwrap(), 0);
    }
}

async fn pause(bench: &Bench, kind: &str) {
    let pause =
        JobPause { kind: kind.into(), reason: "a look".into(), paused_by: "ada".into(), paused_at: bench.now() };
    let scope = Scope::begin();
    let proof = decide::<ManageJobs, _>(&scope, &Actor::system(), Platform).unwrap();
    in_write!(bench.db(), |tx, _scope| { Ok(job_workers::pause(tx, &proof, &pause).await?) }).unwrap();
}

#[tokio::test]
async fn a_worker_that_lost_its_run_changes_nothing() {
    for bench in Bench::each().await {
        let id = bench.put(project(1), "ok").await;
        let lease = TimeDelta::seconds(30);
        let now = bench.now();
        let other = uuid::Uuid::from_u128(77).into();
        let first = in_queue!(bench.db(), |tx| { Ok(job_claims::take(tx, id, other, (now, now + lease)).await?) });
        let first = first.unwrap().unwrap();
        let worker = bench.slots(4);
        assert_eq!(worker.work_off().await.unwrap(), 0, "its worker may still live");
        bench.wait(lease + TimeDelta::seconds(1));
        assert_eq!(worker.work_off().await.unwrap(), 1);
        assert_eq!((bench.run(id).await.state, bench.run(id).await.attempt), (JobState::Succeeded, 2));
        let claim = (first.id, first.attempt);
        let late = in_queue!(bench.db(), |tx| {
            let holds = job_claims::holds(tx, claim, bench.now()).await?;
            let beat = job_claims::beat(tx, claim, &first.progress, (bench.now(), bench.now() + lease)).await?;
            Ok((holds, beat))
        });
        assert_eq!(late.unwrap(), (false, None));
        let attempts = in_read!(bench.db(), |tx, _scope| { Ok(job_runs::attempts(tx, id).await?) }).unwrap();
        let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome.unwrap()).collect();
        assert_eq!(outcomes, [AttemptOutcome::Succeeded, AttemptOutcome::Lost]);
    }
}

#[tokio::test]
async fn cancelled_before_it_began() {
    for bench in Bench::each().await {
        let id = bench.put(project(1), "ok").await;
        let now = bench.now();
        let cancel =
            async || in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) }).unwrap();
        assert_eq!(cancel().await, Some(false));
        assert_eq!(cancel().await, None);
        assert_eq!(bench.slots(4).work_off().await.unwrap(), 0);
        assert_eq!(bench.run(id).await.state, JobState::Cancelled);
    }
}
