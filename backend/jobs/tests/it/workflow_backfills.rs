//! A workflow over many days: each once, so many at a time.

use chrono::NaiveDate;
use lakegate_jobs::workflows::{self, Range};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::{BackfillId, WorkflowId},
    jobs::Priority,
    words::WorkflowState,
    workflows::{Backfill, BackfillProgress, WorkflowRun},
};
use lakegate_store::{in_read, in_write, workflow_backfills, workflow_runs};
use serde_json::{Value, json};

use crate::workflow_bench::{End, FlowBench, step, with};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Two steps that say which day they work on.
fn daily() -> Value {
    let of_day = |name: &str| json!({ "input": { "key": name, "part": { "from": "input.day" }, "more": { "from": "input.more" } } });
    json!([with(step("load", &[]), of_day("load ")), with(step("sum", &["load"]), of_day("sum "))])
}

fn range(workflow: WorkflowId, first: &str, last: &str, at_most: i64) -> Range {
    let (days, input) = ((day(first), day(last)), json!({ "more": 7 }));
    Range { workflow, days, at_most, anew: false, input, by: "ann".into() }
}

async fn request(bench: &FlowBench, range: &Range) -> Result<Backfill, Fault> {
    in_write!(bench.db(), |tx, _scope| { workflows::request_backfill(&bench.queue, tx, range).await })
}

async fn progress(bench: &FlowBench, id: BackfillId) -> BackfillProgress {
    let progress = in_read!(bench.db(), |tx, _scope| { workflows::backfill_progress(tx, id).await }).unwrap();
    let p = progress;
    assert_eq!(p.days, p.covered + p.waiting + p.running + p.succeeded + p.failed + p.cancelled, "{p:?}");
    progress
}

async fn found(bench: &FlowBench, id: BackfillId) -> Backfill {
    in_read!(bench.db(), |tx, _scope| { Ok(workflow_backfills::backfill_find(tx, id).await?) }).unwrap().unwrap()
}

async fn runs(bench: &FlowBench, id: BackfillId) -> Vec<WorkflowRun> {
    let page = PageRequest { size: 1_000, after: None };
    in_read!(bench.db(), |tx, _scope| { Ok(workflow_runs::flow_list_of_backfill(tx, id, &page).await?.items) }).unwrap()
}

#[tokio::test]
async fn thirty_days_three_at_once_and_again() {
    for bench in FlowBench::each().await {
        let workflow = bench.define("Daily", daily()).await;
        let wanted = range(workflow.id, "2026-04-15", "2026-05-14", 3);
        let (one, two) = tokio::join!(request(&bench, &wanted), request(&bench, &wanted));
        let backfill = one.unwrap();
        assert_eq!(two.unwrap().id, backfill.id, "asked twice, begun once");
        *bench.shared.days.lock().unwrap() = (Some(backfill.id), 0);
        let begun = progress(&bench, backfill.id).await;
        assert_eq!((begun.days, begun.running, begun.waiting), (30, 3, 27));
        let first =
            bench.job(bench.parts(runs(&bench, backfill.id).await[0].id, "load").await[0].run_id.unwrap()).await;
        assert_eq!(first.priority, Priority::BACKGROUND);
        let other = bench.second().await;
        let (mine, theirs) = (bench.worker_of(&bench.queue, 8), bench.worker_of(&other, 8));
        for _ in 0..3 {
            let (one, two) = tokio::join!(mine.work_off(), theirs.work_off());
            assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        }
        assert_eq!(bench.shared.days.lock().unwrap().1, 3, "never more than three days at work, and not fewer");
        let done = progress(&bench, backfill.id).await;
        assert_eq!(
            (done.succeeded, done.waiting, found(&bench, backfill.id).await.state),
            (30, 0, WorkflowState::Succeeded)
        );
        let worked = bench.worked();
        assert!(worked.len() == 60 && worked.values().all(|count| *count == 1), "{worked:?}");
        assert_eq!(bench.inputs("load 2026-05-03")[0]["more"], json!(7));
        let days: Vec<_> = runs(&bench, backfill.id).await.into_iter().map(|run| run.day.unwrap()).collect();
        assert_eq!((days.len(), days[0].as_str(), days[16].as_str()), (30, "2026-04-15", "2026-05-01"));
        // Again: nothing is left to do.
        let again = request(&bench, &wanted).await.unwrap();
        assert_ne!(again.id, backfill.id);
        assert_eq!((again.state, progress(&bench, again.id).await.covered), (WorkflowState::Succeeded, 30));
        assert_eq!(bench.work_off().await, 0);
    }
}

#[tokio::test]
async fn asking_again_runs_the_days_that_did_not_succeed() {
    for bench in FlowBench::each().await {
        let workflow = bench.define("Daily", daily()).await;
        let wanted = range(workflow.id, "2026-05-01", "2026-05-06", 2);
        bench.fail(&["load 2026-05-02", "sum 2026-05-05"]);
        let first = request(&bench, &wanted).await.unwrap();
        bench.work_off().await;
        let done = progress(&bench, first.id).await;
        assert_eq!((done.succeeded, done.failed, found(&bench, first.id).await.state), (4, 2, WorkflowState::Failed));
        bench.fail(&[]);
        // One of them by hand, the other by asking again, over a longer range.
        let failed: Vec<_> =
            runs(&bench, first.id).await.into_iter().filter(|run| run.state == WorkflowState::Failed).collect();
        bench.retry(failed[0].id).await.unwrap();
        assert_eq!(found(&bench, first.id).await.state, WorkflowState::Running);
        bench.work_off().await;
        assert_eq!(
            (progress(&bench, first.id).await.succeeded, found(&bench, first.id).await.state),
            (5, WorkflowState::Failed)
        );
        let second = request(&bench, &range(workflow.id, "2026-05-01", "2026-05-07", 2)).await.unwrap();
        bench.work_off().await;
        let done = progress(&bench, second.id).await;
        assert_eq!((done.covered, done.succeeded), (5, 2));
        let worked = bench.worked();
        let counts = ["load 2026-05-01", "load 2026-05-02", "load 2026-05-05", "sum 2026-05-05", "load 2026-05-07"];
        assert_eq!(counts.map(|key| worked[key]), [1, 2, 2, 2, 1]);
        let anew = Range { anew: true, ..wanted };
        let third = request(&bench, &anew).await.unwrap();
        bench.work_off().await;
        assert_eq!(progress(&bench, third.id).await.succeeded, 6);
    }
}

#[tokio::test]
async fn open_backfills_share_no_days_and_stay_within_their_bound() {
    for bench in FlowBench::each().await {
        let workflow = bench.define("Daily", daily()).await;
        let open = request(&bench, &range(workflow.id, "2026-05-01", "2026-05-04", 1)).await.unwrap();
        let shared = request(&bench, &range(workflow.id, "2026-05-04", "2026-05-09", 1)).await.unwrap_err();
        assert_eq!((shared.code, shared.field.as_deref()), (Code::Conflict, Some("days")));
        request(&bench, &range(workflow.id, "2026-05-05", "2026-05-05", 1)).await.unwrap();
        let first = runs(&bench, open.id).await[0].clone();
        bench.end(bench.parts(first.id, "load").await[0].run_id.unwrap(), End::Fail).await;
        assert_eq!(runs(&bench, open.id).await.len(), 2, "the next day has begun");
        let full = bench.retry(first.id).await.unwrap_err();
        assert_eq!(full.code, Code::Conflict, "one day at once");
        for (wrong, field) in [
            (range(workflow.id, "2026-05-02", "2026-05-01", 1), "days"),
            (range(workflow.id, "2000-01-01", "2026-05-01", 1), "days"),
            (range(workflow.id, "2026-06-01", "2026-06-01", 0), "at_most"),
            (Range { input: json!(7), ..range(workflow.id, "2026-06-01", "2026-06-01", 1) }, "input"),
        ] {
            assert_eq!(request(&bench, &wrong).await.unwrap_err().field.as_deref(), Some(field));
        }
    }
}

#[tokio::test]
async fn a_cancelled_backfill_begins_no_other_day() {
    for bench in FlowBench::each().await {
        let workflow = bench.define("Daily", daily()).await;
        let backfill = request(&bench, &range(workflow.id, "2026-05-01", "2026-05-09", 2)).await.unwrap();
        let days = runs(&bench, backfill.id).await;
        let at_work = bench.take(bench.parts(days[0].id, "load").await[0].run_id.unwrap()).await;
        let cancel = async || {
            in_write!(bench.db(), |tx, _scope| { workflows::cancel_backfill(&bench.queue, tx, backfill.id).await })
        };
        assert_eq!(cancel().await.unwrap(), [at_work.id]);
        assert_eq!(found(&bench, backfill.id).await.state, WorkflowState::Running, "it waits for what works");
        lakegate_store::in_queue!(bench.db(), |tx| { bench.end_in(&bench.queue, tx, &at_work, &End::Cancelled).await })
            .unwrap();
        assert_eq!(found(&bench, backfill.id).await.state, WorkflowState::Cancelled);
        assert_eq!((progress(&bench, backfill.id).await.cancelled, bench.work_off().await), (9, 0));
        assert_eq!(cancel().await.unwrap_err().code, Code::Conflict);
        // A day that runs again ends the backfill as it was.
        bench.retry(days[1].id).await.unwrap();
        bench.work_off().await;
        let done = progress(&bench, backfill.id).await;
        assert_eq!(
            (done.succeeded, done.cancelled, found(&bench, backfill.id).await.state),
            (1, 8, WorkflowState::Cancelled)
        );
    }
}

#[tokio::test]
async fn days_that_end_at_once_are_looked_at_in_parts() {
    for bench in FlowBench::each().await {
        let nothing = with(step("none", &[]), json!({ "for_each": [], "input": { "from": "item" } }));
        let workflow = bench.define("Nothing", json!([nothing])).await;
        let backfill = request(&bench, &range(workflow.id, "2026-01-01", "2026-12-31", 5)).await.unwrap();
        assert_eq!((backfill.state, progress(&bench, backfill.id).await.succeeded), (WorkflowState::Running, 200));
        assert_eq!(workflows::plan(&bench.queue).await.unwrap(), 1);
        assert_eq!(
            (found(&bench, backfill.id).await.state, progress(&bench, backfill.id).await.succeeded),
            (WorkflowState::Succeeded, 365)
        );
    }
}
