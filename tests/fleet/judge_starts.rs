//! What has to hold of everything that started by itself: ticks, workflows and their parts, events.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::{
    judge::{IN_TIME, failed},
    load::Said,
    rows::{Event, Flow, Rows, Run, Schedule, Trigger},
    world::World,
};

pub fn judge(rows: &Rows, world: &World, ledger: &Said) {
    assert_eq!(rows.schedules.len(), 3 * world.places.len());
    for schedule in &rows.schedules {
        ticks_started_once(rows, schedule);
    }
    workflows_ended_once(rows, ledger);
    starts_lead_to_one_workflow_each(rows);
    for trigger in &rows.triggers {
        events_started_once(rows, world, ledger, trigger);
    }
    let by_event: BTreeSet<Uuid> =
        rows.runs.values().filter(|run| run.trigger_kind == "event").map(|run| run.id).collect();
    let with_events: BTreeSet<Uuid> = rows.events.iter().filter_map(|event| event.run_id).collect();
    assert_eq!(by_event, with_events, "runs that no event started, or events whose run is gone");
}

/// Each tick has at most one run; with `all` it has exactly one, and that in time.
fn ticks_started_once(rows: &Rows, schedule: &Schedule) {
    let all: Vec<&Run> = rows.runs.values().filter(|run| run.schedule_id == Some(schedule.id)).collect();
    // A run that failed and was tried again stands at the time of that, and its tick is not known any more.
    let (moved, runs): (Vec<&Run>, Vec<&Run>) =
        all.into_iter().partition(|run| rows.attempts_at(run.id).iter().any(failed));
    let mut ticks: Vec<DateTime<Utc>> = runs.iter().map(|run| run.run_at).collect();
    ticks.sort();
    assert!(!ticks.is_empty() && ticks.is_sorted_by(|a, b| a < b), "a tick started two runs: {schedule:?} {ticks:?}");
    let last = schedule.last_tick.expect("a schedule that has ticked");
    assert!(ticks.iter().all(|tick| *tick <= last) && schedule.next_tick.is_none(), "{schedule:?} {ticks:?}");
    assert!(schedule.changed_at - last <= IN_TIME, "it had ceased to tick: {schedule:?}");
    if schedule.catch_up != "all" {
        return;
    }
    let latest = runs.iter().map(|run| run.created_at - run.run_at).max().unwrap_or(TimeDelta::zero());
    assert!(latest <= IN_TIME, "a tick was noticed {latest} late: {schedule:?}");
    let period = ticks.windows(2).map(|pair| pair[1] - pair[0]).min().expect("a schedule that has ticked twice");
    let expected = expected(schedule.created_at, period, last);
    assert!(ticks.iter().all(|tick| expected.contains(tick)), "{expected:?} {ticks:?}");
    assert_eq!(expected.len(), ticks.len() + moved.len(), "a tick has no run: {schedule:?} {ticks:?} {moved:?}");
}

/// The ticks after a moment until the last one.
fn expected(after: DateTime<Utc>, period: TimeDelta, last: DateTime<Utc>) -> BTreeSet<DateTime<Utc>> {
    std::iter::successors(Some(last), |tick| Some(*tick - period)).take_while(|tick| *tick > after).collect()
}

/// Every workflow has ended, cancelled only where somebody asked for that; each part of those that succeeded did so, by
/// one run of the queue that is no other part's.
fn workflows_ended_once(rows: &Rows, ledger: &Said) {
    for flow in rows.flows.values() {
        let unwanted = flow.state == "cancelled" && ledger.unwanted_flows.contains(&flow.id);
        // What one asked to crawl may be asked to stop, but parts have runs of their own: nothing makes a workflow fail.
        assert!(flow.state == "succeeded" || unwanted, "a workflow is left {}: {flow:?}", flow.state);
        let steps: Vec<_> = rows.steps.iter().filter(|(id, ..)| *id == flow.id).collect();
        assert!(!steps.is_empty(), "{flow:?}");
        if flow.state == "succeeded" {
            assert!(steps.iter().all(|(_, _, state)| state == "succeeded"), "{flow:?} {steps:?}");
        }
    }
    let mut runs = BTreeSet::new();
    for part in &rows.parts {
        let Some(run) = part.run_id else {
            assert_eq!((part.state.as_str(), part.runs), ("cancelled", 0), "{part:?}");
            continue;
        };
        assert!(part.runs == 1 && runs.insert(run), "a part was worked on twice: {part:?}");
        assert_eq!(rows.runs[&run].state, part.state, "{part:?}");
    }
    let in_queue: BTreeSet<Uuid> =
        rows.runs.values().filter(|run| run.trigger_kind == "workflow").map(|run| run.id).collect();
    assert_eq!(runs, in_queue, "runs of the queue that belong to no part, or the other way round");
}

/// A run that starts a workflow starts one.
fn starts_lead_to_one_workflow_each(rows: &Rows) {
    let causes: Vec<Uuid> = rows.flows.values().filter_map(|flow| flow.cause_id).collect();
    let caused: BTreeSet<Uuid> = causes.iter().copied().collect();
    assert_eq!(causes.len(), caused.len(), "a start has begun two workflows");
    let starts: BTreeSet<Uuid> = rows.runs.values().filter(|run| run.kind == "workflow").map(|run| run.id).collect();
    assert_eq!(starts, caused, "starts without a workflow, or the other way round");
}

/// What a trigger waits for has happened as often as it was told, and became part of one run each time.
fn events_started_once(rows: &Rows, world: &World, ledger: &Said, trigger: &Trigger) {
    let events: Vec<&Event> = rows.events.iter().filter(|event| event.trigger_id == trigger.id).collect();
    let mut told: Vec<String> = events.iter().map(|event| told(event)).collect();
    told.sort();
    let mut happened = happened(rows, world, ledger, trigger);
    happened.sort();
    assert_eq!(told, happened, "{trigger:?}");
    for event in &events {
        let run = event.run_id.and_then(|run| rows.runs.get(&run));
        let started = run.is_some_and(|run| run.trigger_kind == "event" && run.subject_id == Some(trigger.subject_id));
        assert!(started, "an event started nothing: {event:?} {run:?}");
    }
}

/// What an event is about, without what differs each time it is told.
fn told(event: &Event) -> String {
    if event.event_key.starts_with("workflow run") {
        event.event_key.split(' ').take(3).collect::<Vec<_>>().join(" ")
    } else if event.event_key.starts_with("change") {
        event.about.clone()
    } else {
        event.event_key.clone()
    }
}

fn happened(rows: &Rows, world: &World, ledger: &Said, trigger: &Trigger) -> Vec<String> {
    if trigger.happening == "table_changed" {
        let place = world.places.iter().position(|place| place.project == trigger.project_id.to_string()).unwrap();
        let tables = ledger.tables.iter().filter(|(number, _)| *number == place);
        return tables.map(|(_, table)| format!("{table} changed")).collect();
    }
    let runs = rows.runs.values().filter(|run| run.kind == "crawl" && run.subject_id == trigger.watched_id);
    let runs = runs.filter(|run| run.state == "succeeded").map(|run| format!("run {}", run.id));
    let watched = |flow: &&Flow| Some(flow.workflow_id) == trigger.watched_id && flow.state == "succeeded";
    runs.chain(rows.flows.values().filter(watched).map(|flow| format!("workflow run {}", flow.id))).collect()
}
