//! What has to hold when all has ended: of runs, of their attempts, and of what the dead held.

use chrono::TimeDelta;
use lakegate_tests::{Server, eventually};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;

use crate::{
    LEASE, Plan,
    hand::Hand,
    judge_starts,
    kills::Kill,
    load::Said,
    processes::Fleet,
    rows::{Attempt, Rows, Run},
    world::World,
};

/// How often workers look for what was lost.
const LOOK: Duration = Duration::from_secs(1);
/// What a machine may add that has other things to do: the look itself, its turn, and the start of a process.
const SLOWNESS: Duration = Duration::from_secs(15);
/// Until when what a dead process held has to be found again, and a tick to be noticed.
pub const IN_TIME: TimeDelta = TimeDelta::seconds((LEASE.as_secs() + LOOK.as_secs() + SLOWNESS.as_secs()) as i64);

/// What a run that was found again may wait for its turn: a slot, a place of its project, another run of its source.
const TURN: TimeDelta = TimeDelta::seconds(30);

const QUEUE: &str = "{ jobQueue { paused { reason } kinds { kind waiting running deadLetters refused }
    workers { name holds { id } } } }";

/// What the test has seen itself.
#[derive(Debug)]
pub struct Evidence {
    pub seed: u64,
    pub plan: Plan,
    pub ledger: Said,
    pub kills: Vec<Kill>,
    pub drained: Duration,
}

/// What was found again, and when.
#[derive(Debug, Default)]
struct Found {
    /// Attempts whose worker was killed.
    lost: usize,
    /// From the kill until the loss was noticed, and until the run was begun anew.
    noticed: TimeDelta,
    begun: TimeDelta,
    /// Attempts that lost their lease although nobody killed them: the machine was slow.
    late: usize,
}

/// Judges the rows that all has left, and what the living say.
pub async fn judge(app: &Server, world: &World, fleet: &Fleet, evidence: &Evidence) {
    let rows = Rows::read(app.database_url().unwrap()).await;
    rows_are_right(&rows, world, evidence);
    every_table_stands_once(fleet, world, &evidence.ledger).await;
    nothing_is_stuck(fleet).await;
    fleet.made_no_mistakes();
}

fn rows_are_right(rows: &Rows, world: &World, evidence: &Evidence) {
    let found = found_again(rows, &evidence.kills);
    tell(rows, evidence, &found);
    assert!(evidence.kills.len() >= 3, "too little went wrong: {} kills", evidence.kills.len());
    acknowledged_runs_are_there(rows, &evidence.ledger);
    runs_ended_well(rows, &evidence.ledger);
    for run in rows.runs.values() {
        attempts_follow_each_other(run, rows.attempts_at(run.id));
    }
    what_was_held_is_found(rows, &evidence.kills, &found);
    judge_starts::judge(rows, world, &evidence.ledger);
}

/// One line of what was done.
fn tell(rows: &Rows, evidence: &Evidence, found: &Found) {
    let mut killed = BTreeMap::new();
    for kill in &evidence.kills {
        *killed.entry(kill.role).or_insert(0) += 1;
    }
    let held: usize = evidence.kills.iter().map(|kill| kill.held.len()).sum();
    let state = |state: &str| rows.runs.values().filter(|run| run.state == state).count();
    eprintln!(
        "fleet: {:?} of load, {} runs ({} succeeded, {} cancelled), {} workflows, {} events, {} tables; {} requests unanswered; kills: {killed:?} with {held} runs in hand; {} attempts lost by them, noticed {} ms after the kill at the latest and begun anew after {} ms; {} leases lost otherwise; {} attempts failed and were made again; {} deadlocks; drained in {:?}; seed {}",
        evidence.plan.load,
        rows.runs.len(),
        state("succeeded"),
        state("cancelled"),
        rows.flows.len(),
        rows.events.len(),
        evidence.ledger.tables.len(),
        evidence.ledger.unanswered,
        found.lost,
        found.noticed.num_milliseconds(),
        found.begun.num_milliseconds(),
        found.late,
        rows.attempts.values().flatten().filter(|attempt| failed(attempt)).count(),
        rows.deadlocks,
        evidence.drained,
        evidence.seed,
    );
}

fn acknowledged_runs_are_there(rows: &Rows, ledger: &Said) {
    let runs: BTreeSet<&Uuid> = ledger.crawls.iter().filter(|id| !rows.runs.contains_key(id)).collect();
    assert!(runs.is_empty(), "acknowledged and gone: {runs:?}");
    let flows: BTreeSet<&Uuid> = ledger.flows.iter().filter(|id| !rows.flows.contains_key(id)).collect();
    assert!(flows.is_empty(), "acknowledged workflows are gone: {flows:?}");
}

/// Nothing here fails by itself, and nothing is cancelled that nobody asked to cancel.
fn runs_ended_well(rows: &Rows, ledger: &Said) {
    let of_flow: BTreeMap<Uuid, Uuid> =
        rows.parts.iter().filter_map(|part| Some((part.run_id?, part.workflow_run_id))).collect();
    for run in rows.runs.values() {
        let flow = of_flow.get(&run.id);
        let unwanted =
            ledger.unwanted_runs.contains(&run.id) || flow.is_some_and(|flow| ledger.unwanted_flows.contains(flow));
        let well = run.state == "succeeded" || run.state == "cancelled" && unwanted;
        assert!(well, "a run is left {}: {run:?}\n{:?}", run.state, rows.attempts_at(run.id));
    }
}

/// Each number once, one after the other; only the last may have ended well. Those before were lost with their worker, or
/// failed by something that passed.
fn attempts_follow_each_other(run: &Run, attempts: &[Attempt]) {
    let numbers: Vec<i64> = attempts.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!(numbers, (1..=run.attempt).collect::<Vec<_>>(), "{run:?}");
    let Some((last, before)) = attempts.split_last() else {
        assert_eq!(run.state, "cancelled", "it never began: {run:?}");
        return;
    };
    let lost = |attempt: &Attempt| attempt.outcome.as_deref() == Some("lost");
    assert!(before.iter().all(|attempt| lost(attempt) || failed(attempt)), "{run:?} {attempts:?}");
    let well =
        last.outcome.as_deref() == Some(run.state.as_str()) || run.state == "cancelled" && (lost(last) || failed(last));
    assert!(well && attempts.iter().all(|attempt| attempt.ended_at.is_some()), "{run:?} {attempts:?}");
    // Whoever takes up what was lost begins it in the same turn, and notes the time at which that began.
    let turn = TimeDelta::seconds(LEASE.as_secs() as i64);
    for pair in attempts.windows(2) {
        let next_to = pair[0].ended_at.is_some_and(|ended| pair[1].started_at >= ended - turn);
        assert!(next_to, "an attempt began before the one before it had ended: {attempts:?}");
    }
}

/// Whether an attempt failed; its run is tried again then.
pub fn failed(attempt: &Attempt) -> bool {
    attempt.outcome.as_deref() == Some("failed")
}

fn found_again(rows: &Rows, kills: &[Kill]) -> Found {
    let died: BTreeMap<Uuid, _> = kills.iter().map(|kill| (kill.worker, kill.at)).collect();
    let mut found = Found::default();
    for attempts in rows.attempts.values() {
        for (place, lost) in
            attempts.iter().enumerate().filter(|(_, attempt)| attempt.outcome.as_deref() == Some("lost"))
        {
            let Some(at) = died.get(&lost.worker_id) else {
                found.late += 1;
                continue;
            };
            found.lost += 1;
            found.noticed = found.noticed.max(lost.ended_at.unwrap() - at);
            if let Some(next) = attempts.get(place + 1) {
                found.begun = found.begun.max(next.started_at - at);
            }
        }
    }
    found
}

/// What a dead process held was lost when its lease ended and not before, and in time; but for what it had ended in the
/// moment of its death.
fn what_was_held_is_found(rows: &Rows, kills: &[Kill], found: &Found) {
    for (kill, claim) in kills.iter().flat_map(|kill| kill.held.iter().map(move |claim| (kill, claim))) {
        let mut attempts = rows.attempts_at(claim.run_id).iter().skip_while(|attempt| attempt.attempt != claim.attempt);
        let attempt = attempts.next().unwrap_or_else(|| panic!("an attempt is gone: {claim:?}"));
        let (ended, next) = (attempt.ended_at.unwrap(), attempts.next());
        if attempt.outcome.as_deref() == Some("lost") {
            let waited = ended >= claim.lease_until && next.is_none_or(|next| next.started_at >= claim.lease_until);
            assert!(waited, "taken from a worker before its lease had ended: {claim:?} {attempt:?} {next:?}");
        } else {
            assert!(ended <= kill.at, "a dead worker has ended an attempt: {kill:?} {attempt:?}");
        }
    }
    assert!(found.noticed <= IN_TIME && found.begun <= IN_TIME + TURN, "found again too late: {found:?}");
    let held = kills.iter().any(|kill| !kill.held.is_empty());
    assert!(!held || found.lost > 0, "killed workers held runs, and none was found again");
}

/// Each table that was put under a source is in the catalog of its project, once, and nothing else is.
async fn every_table_stands_once(fleet: &Fleet, world: &World, ledger: &Said) {
    let mut hand = Hand::of(fleet, "olga");
    for (number, place) in world.places.iter().enumerate() {
        let assets = hand.all(&format!("/api/v1/projects/{}/assets", place.project)).await;
        let mut names: Vec<&str> = assets.iter().map(|asset| asset["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        let mut put: Vec<&str> =
            ledger.tables.iter().filter(|(place, _)| *place == number).map(|(_, table)| table.as_str()).collect();
        put.sort_unstable();
        assert_eq!(names, put, "the tables of a project");
    }
}

/// The queue is empty, nobody was refused, all who live work, and nobody has anything in hand, the dead included.
async fn nothing_is_stuck(fleet: &Fleet) {
    let mut hand = Hand::of(fleet, "root");
    let queue = eventually("all workers", async || {
        let queue = hand.ask(QUEUE, json!({})).await;
        (queue["workers"].as_array().unwrap().len() >= fleet.len()).then_some(queue)
    })
    .await;
    for kind in queue["kinds"].as_array().unwrap() {
        let figures = ["waiting", "running", "deadLetters", "refused"].map(|figure| &kind[figure]);
        assert!(figures.iter().all(|figure| **figure == 0), "{kind}");
    }
    assert_eq!(queue["paused"], Value::Null);
    assert!(queue["workers"].as_array().unwrap().iter().all(|worker| worker["holds"] == json!([])), "{queue}");
}
