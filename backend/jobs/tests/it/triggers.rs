//! Triggers gather what happens, and start work when there is enough of it or the first has waited long enough.

use chrono::TimeDelta;
use lakegate_jobs::{
    Queue, Submission,
    triggers::{self, Happened, MOST_GATHERED},
};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::TriggerId,
    jobs::JobRun,
    triggers::{JobTrigger, NewEvent},
    words::{Happening, JobState},
};
use lakegate_store::{in_queue, in_read, in_write, job_claims, job_runs, job_triggers};
use serde_json::json;
use uuid::Uuid;

use crate::bench_kind::{Bench, NARROW, NOTE, project};

/// Starts work on a subject after a hundred events, or five minutes after the first.
fn trigger(bench: &Bench, number: u128) -> JobTrigger {
    let now = bench.now();
    JobTrigger {
        id: TriggerId(Uuid::from_u128(number)),
        project_id: project(1),
        kind: "note".into(),
        subject_id: Uuid::from_u128(900 + number),
        name: format!("trigger {number}"),
        happening: Happening::Webhook,
        watched_id: None,
        outcome: None,
        prefix: String::new(),
        excluded: Vec::new(),
        list_seconds: None,
        batch_events: 100,
        batch_seconds: 300,
        enabled: true,
        secret_id: None,
        gathered: 0,
        due_at: None,
        last_event: 0,
        last_at: None,
        version: 1,
        created_by: "ann".into(),
        created_at: now,
        changed_at: now,
    }
}

async fn keep(bench: &Bench, trigger: &JobTrigger) {
    in_write!(bench.db(), |tx, _scope| { Ok(job_triggers::trigger_insert(tx, trigger).await?) }).unwrap();
}

fn events(from: i64, count: i64) -> Vec<NewEvent> {
    (from..from + count)
        .map(|number| NewEvent { key: format!("object {number}"), about: format!("s3://b/{number}") })
        .collect()
}

async fn add(bench: &Bench, queue: &Queue, trigger: &JobTrigger, events: &[NewEvent]) -> Result<i64, Fault> {
    in_write!(bench.db(), |tx, _scope| { triggers::add(queue, tx, trigger.id, events).await })
}

/// The runs with the number of events of each, in the order they were put in.
async fn runs(bench: &Bench) -> Vec<(JobRun, usize)> {
    let page = PageRequest { size: 1_000, after: None };
    let mut found = in_read!(bench.db(), |tx, _scope| {
        let runs = job_runs::run_list(tx, &job_runs::RunFilter::default(), &page).await?.items;
        let mut counted = Vec::new();
        for run in runs {
            let events = job_triggers::events_of_run(tx, run.id, &page).await?.items.len();
            counted.push((run, events));
        }
        Ok(counted)
    })
    .unwrap();
    found.reverse();
    found
}

async fn sizes(bench: &Bench) -> Vec<usize> {
    runs(bench).await.into_iter().map(|(_, events)| events).collect()
}

async fn found(bench: &Bench, trigger: &JobTrigger) -> JobTrigger {
    in_read!(bench.db(), |tx, _scope| { Ok(job_triggers::trigger_find(tx, trigger.id).await?) }).unwrap().unwrap()
}

#[tokio::test]
async fn ninety_nine_then_silence_start_one_run_when_the_window_ends() {
    for bench in Bench::each().await {
        let trigger = trigger(&bench, 1);
        keep(&bench, &trigger).await;
        for number in 0..99 {
            assert_eq!(add(&bench, &bench.queue, &trigger, &events(number, 1)).await.unwrap(), 1);
            bench.wait(TimeDelta::seconds(1));
        }
        bench.wait(TimeDelta::seconds(200));
        assert_eq!(triggers::plan(&bench.queue).await.unwrap(), 0, "299 s after the first");
        assert_eq!(found(&bench, &trigger).await.gathered, 99);
        // What has gathered is in the database: another server, started later, finds it.
        let other = bench.queue_of(bench.fresh.second_server().await);
        bench.wait(TimeDelta::seconds(1));
        let (one, two) = tokio::join!(triggers::plan(&bench.queue), triggers::plan(&other));
        assert_eq!(one.unwrap() + two.unwrap(), 1);
        let runs = runs(&bench).await;
        assert_eq!(runs.iter().map(|(_, events)| *events).collect::<Vec<_>>(), [99]);
        let run = &runs[0].0;
        assert_eq!((run.subject_id, run.trigger_kind.as_str()), (Some(trigger.subject_id), "event"));
        let rested = found(&bench, &trigger).await;
        assert_eq!((rested.gathered, rested.due_at), (0, None));
        bench.wait(TimeDelta::days(1));
        assert_eq!(triggers::plan(&bench.queue).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn two_hundred_and_fifty_at_once_start_two_runs_and_one_at_the_window() {
    for bench in Bench::each().await {
        let trigger = trigger(&bench, 1);
        keep(&bench, &trigger).await;
        assert_eq!(add(&bench, &bench.queue, &trigger, &events(0, 250)).await.unwrap(), 250);
        assert_eq!(sizes(&bench).await, [100, 100]);
        bench.wait(TimeDelta::seconds(299));
        assert_eq!(triggers::plan(&bench.queue).await.unwrap(), 0);
        bench.wait(TimeDelta::seconds(1));
        assert_eq!(triggers::plan(&bench.queue).await.unwrap(), 1);
        assert_eq!(sizes(&bench).await, [100, 100, 50]);
        // They work on one thing: one after the other.
        let worker = bench.slots(8);
        assert_eq!(worker.work_off().await.unwrap(), 3);
        assert_eq!(bench.ran(), runs(&bench).await.into_iter().map(|(run, _)| run.id).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_is_told_twice_counts_once() {
    for bench in Bench::each().await {
        let trigger = JobTrigger { batch_events: 3, ..trigger(&bench, 1) };
        keep(&bench, &trigger).await;
        assert_eq!(add(&bench, &bench.queue, &trigger, &events(0, 2)).await.unwrap(), 2);
        assert_eq!(add(&bench, &bench.queue, &trigger, &events(0, 2)).await.unwrap(), 0);
        assert_eq!(sizes(&bench).await, [0_usize; 0]);
        assert_eq!(add(&bench, &bench.queue, &trigger, &events(1, 2)).await.unwrap(), 1);
        assert_eq!(sizes(&bench).await, [3]);
        assert_eq!(add(&bench, &bench.queue, &trigger, &events(2, 1)).await.unwrap(), 0, "also after its run began");
    }
}

#[tokio::test]
async fn events_that_many_servers_tell_at_once_are_each_part_of_one_run() {
    for bench in Bench::each().await {
        let trigger = JobTrigger { batch_events: 10, ..trigger(&bench, 1) };
        keep(&bench, &trigger).await;
        let mut queues = vec![bench.queue.clone()];
        for _ in 0..3 {
            queues.push(bench.queue_of(bench.fresh.second_server().await));
        }
        let told = (0..).zip(&queues).map(|(server, queue)| {
            let (bench, trigger) = (&bench, &trigger);
            async move {
                for number in 0..25 {
                    add(bench, queue, trigger, &events(server * 25 + number, 1)).await.unwrap();
                }
            }
        });
        futures::future::join_all(told).await;
        assert_eq!(sizes(&bench).await, [10; 10]);
    }
}

#[tokio::test]
async fn a_full_queue_keeps_events_and_a_full_trigger_refuses_them() {
    for bench in Bench::each().await {
        let trigger = JobTrigger { kind: NARROW.name.into(), batch_events: 1, ..trigger(&bench, 1) };
        keep(&bench, &trigger).await;
        add(&bench, &bench.queue, &trigger, &events(0, 8)).await.unwrap();
        assert_eq!(sizes(&bench).await, [1; 5], "as many as may wait");
        assert_eq!(found(&bench, &trigger).await.gathered, 3);
        bench.slots(8).work_off().await.unwrap();
        bench.wait(TimeDelta::seconds(30));
        assert_eq!(triggers::plan(&bench.queue).await.unwrap(), 3);
        assert_eq!(sizes(&bench).await, [1; 8]);
        let full = add(&bench, &bench.queue, &trigger, &events(8, MOST_GATHERED + 1)).await.unwrap_err();
        assert_eq!(full.code, Code::Unavailable);
        assert_eq!(found(&bench, &trigger).await.gathered, 0, "a refusal leaves nothing behind");
    }
}

async fn change(bench: &Bench, trigger: &JobTrigger) {
    in_write!(bench.db(), |tx, _scope| {
        job_triggers::trigger_update(tx, trigger).await?;
        triggers::reconsider(&bench.queue, tx, trigger.id).await
    })
    .unwrap();
}

#[tokio::test]
async fn one_that_is_off_keeps_what_it_has_and_a_changed_one_counts_anew() {
    for bench in Bench::each().await {
        let trigger = trigger(&bench, 1);
        keep(&bench, &trigger).await;
        add(&bench, &bench.queue, &trigger, &events(0, 5)).await.unwrap();
        change(&bench, &JobTrigger { enabled: false, ..found(&bench, &trigger).await }).await;
        bench.wait(TimeDelta::days(1));
        assert_eq!(triggers::plan(&bench.queue).await.unwrap(), 0);
        let off = found(&bench, &trigger).await;
        assert_eq!((off.gathered, off.due_at), (5, None));
        let on = JobTrigger { enabled: true, batch_seconds: 86_400 * 2, ..off };
        change(&bench, &on).await;
        assert_eq!(sizes(&bench).await, [0_usize; 0], "it waits for longer now");
        change(&bench, &JobTrigger { batch_events: 2, ..found(&bench, &trigger).await }).await;
        assert_eq!(sizes(&bench).await, [2, 2], "as many as are enough now");
        assert_eq!(found(&bench, &trigger).await.gathered, 1);
    }
}

#[tokio::test]
async fn the_end_of_a_run_starts_another_and_never_itself() {
    for bench in Bench::each().await {
        let first = Uuid::from_u128(500);
        let after = JobTrigger {
            happening: Happening::RunEnded,
            watched_id: Some(first),
            outcome: Some(JobState::Succeeded),
            batch_events: 1,
            ..trigger(&bench, 1)
        };
        // Nothing keeps somebody from watching what he starts; the end of that is no event.
        let itself =
            JobTrigger { id: TriggerId(Uuid::from_u128(2)), watched_id: Some(after.subject_id), ..after.clone() };
        let elsewhere = JobTrigger { id: TriggerId(Uuid::from_u128(3)), project_id: project(2), ..after.clone() };
        for trigger in [&after, &itself, &elsewhere] {
            keep(&bench, trigger).await;
        }
        let work = |then: &str| Submission {
            subject: Some(first),
            ..Submission::manual(project(1), "ann", json!({ "then": then }))
        };
        bench.submit(&NOTE, work("final")).await.unwrap();
        assert_eq!(bench.slots(4).work_off().await.unwrap(), 1, "a failure is not what it waits for");
        bench.submit(&NOTE, work("ok")).await.unwrap();
        assert_eq!(bench.slots(4).work_off().await.unwrap(), 2);
        let mut sizes = sizes(&bench).await;
        sizes.sort_unstable();
        assert_eq!(sizes, [0, 0, 1]);
    }
}

#[tokio::test]
async fn only_those_who_watch_are_told() {
    for bench in Bench::each().await {
        let asset = Uuid::from_u128(7);
        let any = JobTrigger { happening: Happening::AssetPublished, batch_events: 1, ..trigger(&bench, 1) };
        let other = JobTrigger { watched_id: Some(Uuid::from_u128(8)), ..JobTrigger { ..any.clone() } };
        let other = JobTrigger { id: TriggerId(Uuid::from_u128(2)), ..other };
        let off = JobTrigger { id: TriggerId(Uuid::from_u128(3)), enabled: false, ..any.clone() };
        for trigger in [&any, &other, &off] {
            keep(&bench, trigger).await;
        }
        let happened = Happened {
            project: project(1),
            happening: Happening::AssetPublished,
            to: asset,
            outcome: None,
            by: None,
            event: NewEvent { key: "asset 7 revision 2".into(), about: "Prices".into() },
        };
        in_write!(bench.db(), |tx, _scope| { triggers::tell(&bench.queue, tx, &happened).await }).unwrap();
        let runs = runs(&bench).await;
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].0.input["trigger"], json!(any.id.to_string()));
    }
}

#[tokio::test]
async fn a_run_that_every_worker_dies_over_is_told_of_as_failed() {
    for bench in Bench::each().await {
        let subject = Uuid::from_u128(77);
        let outcome = Some(JobState::Failed);
        let happening = Happening::RunEnded;
        let waits = JobTrigger { happening, watched_id: Some(subject), outcome, ..trigger(&bench, 1) };
        keep(&bench, &waits).await;
        let work = Submission {
            subject: Some(subject),
            max_tries: Some(1),
            ..Submission::manual(project(1), "ann", json!({}))
        };
        let id = bench.submit(&NOTE, work).await.unwrap().id();
        let (worker, dead) = (bench.slots(1), Uuid::from_u128(7).into());
        for attempt in 1..=21 {
            let lease = (bench.now(), bench.now() + TimeDelta::seconds(30));
            let taken = in_queue!(bench.db(), |tx| { Ok(job_claims::take(tx, id, dead, lease).await?) }).unwrap();
            assert_eq!(taken.unwrap().attempt, attempt);
            assert_eq!(found(&bench, &waits).await.gathered, 0, "it is taken up again");
            // As a server that starts finds it; the last time its lease ends.
            if attempt < 21 {
                assert_eq!(worker.recover().await.unwrap(), 1);
            }
        }
        bench.wait(TimeDelta::seconds(31));
        assert_eq!(worker.work_off().await.unwrap(), 0);
        assert_eq!(bench.run(id).await.state, JobState::Failed);
        assert_eq!(found(&bench, &waits).await.gathered, 1);
    }
}
