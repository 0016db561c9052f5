//! Many runs in one statement: each is judged by itself.

use chrono::TimeDelta;
use lakegate_jobs::{PoolSettings, Submission};
use lakegate_model::{
    ids::{ProjectId, RunId},
    jobs::{JobProgress, JobRun, Priority},
    words::{AttemptOutcome, JobState},
};
use lakegate_store::{
    in_queue, in_read, in_write,
    job_batches::{self, Ending},
    job_claims::{AttemptEnd, Claim},
    job_lanes::{self, Search},
    job_runs,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;
use std::collections::BTreeMap;

use crate::bench_kind::{Bench, NOTE, project};

/// More than a handful, and no multiple of it.
const MANY: usize = 21;
const LEASE: TimeDelta = TimeDelta::seconds(30);

async fn taken(bench: &Bench, ids: &[RunId], worker: u128) -> Vec<JobRun> {
    let lease = (bench.now(), bench.now() + LEASE);
    let worker = uuid::Uuid::from_u128(worker).into();
    in_queue!(bench.db(), |tx| { Ok(job_batches::take_all(tx, ids, worker, lease).await?) }).unwrap()
}

async fn many(bench: &Bench) -> Vec<RunId> {
    let mut ids = Vec::new();
    for _ in 0..MANY {
        ids.push(bench.put(project(1), "ok").await);
    }
    ids
}

/// One of several ways to end, by a number.
fn ending(number: usize, now: lakegate_model::Timestamp) -> AttemptEnd {
    let (state, outcome) = match number % 4 {
        0 => (JobState::Succeeded, AttemptOutcome::Succeeded),
        1 => (JobState::Failed, AttemptOutcome::Failed),
        2 => (JobState::Scheduled, AttemptOutcome::Failed),
        _ => (JobState::Waiting, AttemptOutcome::HandedBack),
    };
    let progress = JobProgress { done: i64::try_from(number).unwrap(), ..JobProgress::default() };
    AttemptEnd {
        state,
        outcome,
        progress: (!number.is_multiple_of(3)).then_some(progress),
        output: (state == JobState::Succeeded).then(|| json!({ "number": number })),
        error: (outcome == AttemptOutcome::Failed).then(|| ("invalid".into(), format!("it broke at {number}"))),
        next_at: (state == JobState::Scheduled).then(|| now + TimeDelta::seconds(number.try_into().unwrap())),
        counts: outcome == AttemptOutcome::Failed,
    }
}

#[tokio::test]
async fn a_batch_of_ends_says_of_each_run_what_became_of_it() {
    for bench in Bench::each().await {
        let ids = many(&bench).await;
        let runs = taken(&bench, &ids, 7).await;
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), ids, "in the order that was asked for");
        assert!(runs.iter().all(|run| run.state == JobState::Running && run.attempt == 1));
        // One is cancelled meanwhile that was to be handed back, and one that has succeeded.
        let now = bench.now();
        for cancelled in [ids[3], ids[4]] {
            in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, cancelled, now).await?) }).unwrap();
        }
        let ends: Vec<_> = (0..MANY).map(|number| ending(number, now)).collect();
        let endings: Vec<_> = ids.iter().zip(&ends).map(|(id, end)| Ending { claim: (*id, 1), end }).collect();
        let ended = in_queue!(bench.db(), |tx| { Ok(job_batches::end_all(tx, &endings, now).await?) }).unwrap();
        let states: BTreeMap<Claim, JobState> = ended.into_iter().collect();
        assert_eq!(states.len(), MANY);
        for (number, (id, end)) in ids.iter().zip(&ends).enumerate() {
            let run = bench.run(*id).await;
            let state = if number == 3 { JobState::Cancelled } else { end.state };
            assert_eq!((run.state, states[&(*id, 1)]), (state, state), "{number}");
            assert_eq!((&run.output, run.tries), (&end.output, i64::from(end.counts)), "{number}");
            assert_eq!(run.progress.done, end.progress.as_ref().map_or(0, |progress| progress.done), "{number}");
            assert_eq!(run.error, end.error.as_ref().map(|(_, words)| words.clone()), "{number}");
            assert_eq!(run.run_at, end.next_at.unwrap_or(runs[number].run_at), "{number}");
            assert_eq!(run.ended_at.is_some(), state.is_final(), "{number}");
            assert!(run.worker_id.is_none() && run.lease_until.is_none());
            let tries = in_read!(bench.db(), |tx, _scope| { Ok(job_runs::attempts(tx, *id).await?) }).unwrap();
            assert_eq!((tries.len(), tries[0].outcome, tries[0].next_at), (1, Some(end.outcome), end.next_at));
            assert_eq!((tries[0].error.as_deref(), tries[0].ended_at), (run.error.as_deref(), Some(now)));
        }
    }
}

#[tokio::test]
async fn a_lease_that_was_overtaken_is_refused_alone() {
    for bench in Bench::each().await {
        let ids = many(&bench).await;
        taken(&bench, &ids, 7).await;
        let lost = ids[10];
        let now = bench.now();
        let back = AttemptEnd { next_at: None, ..ending(3, now) };
        let back = [Ending { claim: (lost, 1), end: &back }];
        in_queue!(bench.db(), |tx| { Ok(job_batches::end_all(tx, &back, now).await?) }).unwrap();
        assert_eq!(taken(&bench, &[lost], 8).await[0].attempt, 2);
        let mut others: Vec<Claim> = ids.iter().filter(|id| **id != lost).map(|id| (*id, 1)).collect();
        others.sort();

        bench.wait(TimeDelta::seconds(1));
        let far = JobProgress { done: 5, ..JobProgress::default() };
        let beats: Vec<_> = ids.iter().map(|id| ((*id, 1), far.clone())).collect();
        let lease = (bench.now(), bench.now() + LEASE);
        let own = in_queue!(bench.db(), |tx| { Ok(job_batches::beat_all(tx, &beats, lease).await?) }).unwrap();
        let mut own: Vec<Claim> = own.into_iter().map(|(claim, _)| claim).collect();
        own.sort();
        assert_eq!(own, others);
        assert_eq!((bench.run(lost).await.beat_at, bench.run(lost).await.progress.done), (Some(now), 0));
        assert_eq!((bench.run(ids[0]).await.beat_at, bench.run(ids[0]).await.progress.done), (Some(lease.0), 5));

        let end = ending(0, now);
        let endings: Vec<_> = ids.iter().map(|id| Ending { claim: (*id, 1), end: &end }).collect();
        let ended = in_queue!(bench.db(), |tx| { Ok(job_batches::end_all(tx, &endings, now).await?) }).unwrap();
        let mut ended: Vec<Claim> = ended.into_iter().map(|(claim, _)| claim).collect();
        ended.sort();
        assert_eq!(ended, others);
        let run = bench.run(lost).await;
        assert_eq!((run.state, run.attempt, run.output), (JobState::Running, 2, None));
        let tries = in_read!(bench.db(), |tx, _scope| { Ok(job_runs::attempts(tx, lost).await?) }).unwrap();
        let outcomes: Vec<_> = tries.iter().map(|attempt| attempt.outcome).collect();
        assert_eq!(outcomes, [None, Some(AttemptOutcome::HandedBack)]);
    }
}

#[tokio::test]
async fn what_waits_no_more_is_left_out_of_a_batch() {
    for bench in Bench::each().await {
        let ids = many(&bench).await;
        let now = bench.now();
        taken(&bench, &ids[2..3], 8).await;
        in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, ids[5], now).await?) }).unwrap();
        let runs = taken(&bench, &ids, 7).await;
        assert_eq!(runs.len(), MANY - 2);
        assert!(runs.iter().all(|run| run.id != ids[2] && run.id != ids[5] && run.attempt == 1));
        assert_eq!((bench.run(ids[2]).await.attempt, bench.run(ids[5]).await.attempt), (1, 0));
    }
}

#[tokio::test]
async fn many_keys_end_together_and_each_lets_its_next_one_go() {
    for bench in Bench::each().await {
        let mut ids = Vec::new();
        for number in 0..3 * MANY {
            bench.wait(TimeDelta::milliseconds(1));
            let key = Some(format!("key {}", number % MANY));
            let work = Submission { serial_key: key, ..Submission::manual(project(1), "ann", json!({})) };
            ids.push(bench.submit(&NOTE, work).await.unwrap().id());
        }
        let worker = bench.slots(i64::try_from(2 * MANY).unwrap());
        worker.work_off().await.unwrap();
        let ran = bench.ran();
        let at = |id: &RunId| ran.iter().position(|ran| ran == id).unwrap();
        assert_eq!(ran.len(), 3 * MANY);
        for number in 0..MANY {
            let [first, second, third] = [0, MANY, 2 * MANY].map(|behind| at(&ids[number + behind]));
            assert!(first < second && second < third, "key {number} ran as {first}, {second}, {third}");
        }
    }
}

/// What waits and is at work: projects by number, with how many of each.
type Load = (Vec<(u128, usize)>, Vec<(u128, usize)>);

fn load() -> impl Strategy<Value = (Load, Option<u128>, i64, i64)> {
    let of = |most| prop::collection::vec((0_u128..9, 1_usize..most), 0..6);
    ((of(6), of(3)), prop::option::of(0_u128..10), 1_i64..7, 1_i64..9)
}

/// The ring as it is told: behind the one served last, then from the first one on, without those that have no place.
fn ring(load: &Load, behind: Option<u128>, lanes: i64, per_project: i64) -> Vec<u128> {
    let sum = |of: &[(u128, usize)]| {
        let mut sums = BTreeMap::<u128, i64>::new();
        of.iter().for_each(|(project, runs)| *sums.entry(*project).or_default() += i64::try_from(*runs).unwrap());
        sums
    };
    let (waiting, at_work) = (sum(&load.0), sum(&load.1));
    let crowded = |number: u128| number > 0 && at_work.get(&number).is_some_and(|runs| *runs >= per_project);
    let all: Vec<u128> = waiting.into_keys().filter(|number| !crowded(*number)).collect();
    let later = all.iter().filter(|number| behind.is_some_and(|behind| **number > behind));
    let again = all.iter().filter(|number| behind.is_none_or(|behind| **number <= behind));
    later.chain(again).copied().take(usize::try_from(lanes).unwrap()).collect()
}

#[tokio::test]
async fn heads_of_lanes_come_as_a_walk_around_the_ring_finds_them() {
    for bench in Bench::each().await {
        let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]);
        let mut runner = TestRunner::new_with_rng(config, rng);
        for _ in 0..24 {
            let (load, behind, lanes, free) = load().new_tree(&mut runner).unwrap().current();
            let queues = fill(&bench, &load).await;
            let projects = ring(&load, behind, lanes, 3);
            let count = i64::try_from(projects.len().max(1)).unwrap();
            let share = usize::try_from((free + count - 1) / count + 2).unwrap();
            let wanted = projects.iter().flat_map(|number| queues[number].iter().take(share).map(|id| (*number, *id)));
            let wanted: Vec<(ProjectId, RunId)> = wanted.map(|(number, id)| (project(number), id)).collect();
            let search = Search {
                kind: "note",
                priority: Priority::NORMAL,
                behind: behind.map(project),
                lanes,
                free,
                spare: 2,
                per_project: 3,
            };
            let found = in_read!(bench.db(), |tx, _scope| { Ok(job_lanes::heads(tx, search).await?) }).unwrap();
            let found: Vec<_> = found.into_iter().map(|head| (head.project_id, head.id)).collect();
            assert_eq!(found, wanted, "{load:?} behind {behind:?}, {lanes} lanes, {free} free");
            empty(&bench).await;
        }
    }
}

/// Puts runs in that are at work, then those that wait; gives the latter by project, in their order.
async fn fill(bench: &Bench, (waiting, at_work): &Load) -> BTreeMap<u128, Vec<RunId>> {
    let mut busy = Vec::new();
    for (number, runs) in at_work {
        for _ in 0..*runs {
            busy.push(bench.put(project(*number), "ok").await);
        }
    }
    taken(bench, &busy, 9).await;
    let mut queues = BTreeMap::<u128, Vec<RunId>>::new();
    for (number, runs) in waiting {
        for _ in 0..*runs {
            bench.wait(TimeDelta::milliseconds(1));
            queues.entry(*number).or_default().push(bench.put(project(*number), "ok").await);
        }
    }
    queues
}

/// Works everything off.
async fn empty(bench: &Bench) {
    bench.wait(LEASE + TimeDelta::seconds(1));
    let all = PoolSettings { light_slots: 100, per_project: 1_000, ..PoolSettings::default() };
    bench.worker(all).work_off().await.unwrap();
    let ready = in_read!(bench.db(), |tx, _scope| { Ok(job_lanes::ready(tx, bench.now(), Some(bench.now())).await?) });
    assert!(!ready.unwrap().any());
}
