//! Whatever ends, dies, is cancelled or forgotten: what follows comes once.

use chrono::TimeDelta;
use lakegate_jobs::workflows;
use lakegate_model::{
    Code,
    ids::WorkflowRunId,
    words::{JobState, StepState, WorkflowState},
};
use lakegate_store::{Db, in_queue, in_write, job_runs};
use serde_json::{Value, json};

use crate::{
    bench_kind::project,
    workflow_bench::{End, FlowBench, step, with},
};

use StepState::{Cancelled, Failed, Running, Skipped, Succeeded, Waiting};

/// So many parts, and a step behind them.
fn fan(count: usize) -> Value {
    let items: Vec<usize> = (0..count).collect();
    let input = json!({ "key": "part", "part": { "from": "item" }, "give": { "from": "item" } });
    let sum = json!({ "key": "sum", "all": { "from": "steps.each.output" } });
    json!([
        with(step("each", &[]), json!({ "for_each": items, "input": input })),
        with(step("sum", &["each"]), json!({ "input": sum }))
    ])
}

#[tokio::test]
async fn two_servers_end_parts_at_once_and_what_follows_comes_once() {
    for bench in FlowBench::each().await {
        let workflow = bench.define("Both", fan(30)).await;
        let mut runs = Vec::new();
        for _ in 0..4 {
            runs.push(bench.start(workflow.id, json!({})).await);
        }
        let other = bench.second().await;
        let (one, two) = (bench.worker_of(&bench.queue, 5), bench.worker_of(&other, 5));
        let (one, two) = tokio::join!(one.work_off(), two.work_off());
        // One may have found nothing while the other had the last parts.
        let rest = bench.work_off().await;
        assert_eq!(one.unwrap() + two.unwrap() + rest, 4 * 31, "{}", bench.db().kind());
        for run in &runs {
            assert_eq!(bench.state(*run).await, WorkflowState::Succeeded);
        }
        let worked = bench.worked();
        assert!(worked.iter().all(|(_, count)| *count == 4) && worked.len() == 31, "{worked:?}");
    }
}

#[tokio::test]
async fn the_last_two_parts_end_in_two_transactions_at_once() {
    for bench in FlowBench::each().await {
        for round in 0..10 {
            let run = bench.begin(&format!("Race {round}"), fan(2)).await;
            let parts = bench.parts(run, "each").await;
            let (first, second) =
                (bench.take(parts[0].run_id.unwrap()).await, bench.take(parts[1].run_id.unwrap()).await);
            let other = bench.second().await;
            let end = async |queue: &lakegate_jobs::Queue, run| {
                in_queue!(queue.db(), |tx| { bench.end_in(queue, tx, run, &End::Ok(json!(1))).await })
            };
            let (one, two) = tokio::join!(end(&bench.queue, &first), end(&other, &second));
            assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
            assert_eq!(bench.parts(run, "sum").await.len(), 1);
            assert_eq!(bench.states(run).await, [Succeeded, Running]);
        }
        bench.work_off().await;
        assert_eq!(bench.worked()["sum"], 10);
    }
}

#[tokio::test]
async fn a_death_between_the_end_of_a_part_and_what_follows_loses_neither() {
    for bench in FlowBench::each().await {
        let run = bench.begin("Death", fan(1)).await;
        let job = bench.take(bench.parts(run, "each").await[0].run_id.unwrap()).await;
        let mut tx = bench.db().begin_queue().await.unwrap();
        bench.end_in(&bench.queue, &mut tx, &job, &End::Ok(json!("never"))).await.unwrap();
        drop(tx);
        assert_eq!(bench.job(job.id).await.state, JobState::Running);
        assert_eq!(bench.states(run).await, [Running, Waiting]);
        bench.wait(TimeDelta::seconds(31));
        bench.work_off().await;
        assert_eq!(bench.state(run).await, WorkflowState::Succeeded);
        assert_eq!((bench.worked()["part0"], bench.worked()["sum"]), (1, 1));
        assert_eq!(bench.inputs("sum")[0]["all"], json!([0]));
        // The same end told once more changes nothing.
        in_queue!(bench.db(), |tx| { bench.queue.tell(tx, &[lakegate_jobs::watch::News::ended(job.id)]).await })
            .unwrap();
        assert_eq!(bench.work_off().await, 0);
    }
}

/// Lets a run of the queue look as if more workers had died over it than may.
async fn exhaust(bench: &FlowBench, id: lakegate_model::ids::RunId) {
    const SQL: &str = "UPDATE job_runs SET attempt = 100 WHERE id = $1";
    match bench.db() {
        Db::Sqlite { writer, .. } => drop(sqlx::query(SQL).bind(id.0).execute(writer).await.unwrap()),
        Db::Postgres { pool, .. } => drop(sqlx::query(SQL).bind(id.0).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn a_part_whose_workers_all_died_moves_its_workflow_on() {
    for bench in FlowBench::each().await {
        let mend = with(step("mend", &[]), json!({ "after": [{ "step": "a", "on": "failed" }] }));
        let run = bench.begin("Lost", json!([step("a", &[]), step("b", &["a"]), mend])).await;
        let job = bench.take(bench.parts(run, "a").await[0].run_id.unwrap()).await;
        exhaust(&bench, job.id).await;
        bench.wait(TimeDelta::seconds(31));
        bench.work_off().await;
        assert_eq!(bench.job(job.id).await.state, JobState::Failed);
        assert_eq!(bench.states(run).await, [Failed, Skipped, Succeeded]);
        assert!(bench.parts(run, "a").await[0].error.as_deref().unwrap().contains("not heard of"));
        // The same where a single server starts again.
        let run = bench.begin("Restart", json!([step("a", &[])])).await;
        let job = bench.take(bench.parts(run, "a").await[0].run_id.unwrap()).await;
        exhaust(&bench, job.id).await;
        assert_eq!(bench.worker_of(&bench.queue, 1).recover().await.unwrap(), 1);
        assert_eq!(bench.state(run).await, WorkflowState::Failed);
    }
}

#[tokio::test]
async fn cancelling_ends_what_waits_and_waits_for_what_works() {
    for bench in FlowBench::each().await {
        let each = with(step("each", &["first"]), json!({ "for_each": [0, 1, 2], "at_most": 2 }));
        let each = with(each, json!({ "input": { "key": "each", "part": { "from": "item" } } }));
        let run = bench.begin("Stop", json!([step("first", &[]), each, step("last", &["each"])])).await;
        bench.end(bench.parts(run, "first").await[0].run_id.unwrap(), End::Ok(json!({}))).await;
        let parts = bench.parts(run, "each").await;
        let at_work = bench.take(parts[0].run_id.unwrap()).await;
        assert_eq!(bench.cancel(run).await.unwrap(), [at_work.id]);
        assert_eq!((bench.state(run).await, bench.flow(run).await.cancel_requested), (WorkflowState::Running, true));
        assert_eq!(bench.job(parts[1].run_id.unwrap()).await.state, JobState::Cancelled);
        let states: Vec<_> = bench.parts(run, "each").await.iter().map(|part| part.state).collect();
        assert_eq!(states, [Running, Cancelled, Cancelled]);
        assert_eq!(bench.states(run).await, [Running, Succeeded, Skipped]);
        in_queue!(bench.db(), |tx| { bench.end_in(&bench.queue, tx, &at_work, &End::Cancelled).await }).unwrap();
        assert_eq!(bench.state(run).await, WorkflowState::Cancelled);
        assert_eq!(bench.states(run).await, [Cancelled, Succeeded, Skipped]);
        assert_eq!(bench.cancel(run).await.unwrap_err().code, Code::Conflict);
        assert_eq!(bench.work_off().await, 0);
        bench.retry(run).await.unwrap();
        bench.work_off().await;
        assert_eq!(bench.state(run).await, WorkflowState::Succeeded);
        let worked = bench.worked();
        assert_eq!(
            worked.into_iter().collect::<Vec<_>>(),
            ["each0", "each1", "each2", "last"].map(|key| (key.into(), 1))
        );
    }
}

/// Cancels and retries runs while others work on them. What else than a conflict is refused is a mistake. Says how many
/// were cancelled.
async fn disturb(bench: &FlowBench, runs: &[WorkflowRunId]) -> usize {
    let mut cancelled = 0;
    for round in 0..12 {
        let run = runs[round % runs.len()];
        let stopped = bench.cancel(run).await.map(drop);
        cancelled += usize::from(stopped.is_ok());
        for done in [stopped, bench.retry(run).await] {
            assert!(done.as_ref().err().is_none_or(|fault| fault.code == Code::Conflict), "{done:?}");
        }
    }
    cancelled
}

#[tokio::test]
async fn nothing_runs_twice_while_people_cancel_and_retry() {
    for bench in FlowBench::each().await {
        let mut runs = Vec::new();
        for number in 0..3 {
            let each = json!({ "key": format!("{number} "), "part": { "from": "item" } });
            let each = with(
                step("each", &[]),
                json!({ "for_each": (0..12).collect::<Vec<_>>(), "at_most": 5, "input": each }),
            );
            runs.push(bench.begin(&format!("{number}"), json!([each, step(&format!("sum{number}"), &["each"])])).await);
        }
        let other = bench.second().await;
        let (one, two) = (bench.worker_of(&bench.queue, 3), bench.worker_of(&other, 3));
        let work = async |worker: &lakegate_jobs::Worker| {
            for _ in 0..5 {
                worker.work_off().await.unwrap();
            }
        };
        let ((), (), cancelled) = tokio::join!(work(&one), work(&two), disturb(&bench, &runs));
        assert!(cancelled > 0);
        for run in &runs {
            while bench.state(*run).await != WorkflowState::Succeeded {
                // It may have ended, or not.
                drop(bench.retry(*run).await);
                bench.work_off().await;
            }
        }
        let worked = bench.worked();
        assert!(worked.len() == 39 && worked.values().all(|count| *count == 1), "{}: {worked:?}", bench.db().kind());
    }
}

#[tokio::test]
async fn a_part_that_somebody_cancels_in_the_queue_counts_as_not_done() {
    for bench in FlowBench::each().await {
        let run = bench.begin("One part", json!([step("a", &[]), step("b", &["a"])])).await;
        let job = bench.parts(run, "a").await[0].run_id.unwrap();
        let now = bench.now();
        in_write!(bench.db(), |tx, _scope| {
            assert_eq!(job_runs::run_cancel(tx, job, now).await?, Some(false));
            bench.queue.tell(tx, &[lakegate_jobs::watch::News::ended(job)]).await
        })
        .unwrap();
        assert_eq!(
            (bench.state(run).await, bench.states(run).await),
            (WorkflowState::Failed, vec![Cancelled, Skipped])
        );
    }
}

#[tokio::test]
async fn ends_that_nobody_told_of_are_found() {
    for bench in FlowBench::each().await {
        let subject = uuid::Uuid::from_u128(77);
        let gone = with(step("gone", &[]), json!({ "subject": subject.to_string() }));
        let run = bench.begin("Untold", json!([step("a", &[]), gone])).await;
        let job = bench.parts(run, "a").await[0].run_id.unwrap();
        let now = bench.now();
        in_write!(bench.db(), |tx, _scope| {
            job_runs::run_cancel(tx, job, now).await?;
            Ok(job_runs::runs_delete(tx, "work", subject).await?)
        })
        .unwrap();
        assert_eq!(bench.states(run).await, [Running, Running]);
        assert_eq!(workflows::plan(&bench.queue).await.unwrap(), 2);
        assert_eq!((bench.state(run).await, bench.states(run).await), (WorkflowState::Failed, vec![Cancelled, Failed]));
        assert_eq!(workflows::plan(&bench.queue).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_an_open_workflow_needs_is_not_forgotten() {
    for bench in FlowBench::each().await {
        let steps = json!([step("a", &[]), step("b", &["a"])]);
        let workflow = bench.define("Long", steps).await;
        let open = bench.start(workflow.id, json!({})).await;
        let over = bench.start(workflow.id, json!({})).await;
        let first = bench.parts(open, "a").await[0].run_id.unwrap();
        let old = bench.parts(over, "a").await[0].run_id.unwrap();
        bench.end(first, End::Ok(json!(1))).await;
        bench.end(old, End::Ok(json!(1))).await;
        bench.end(bench.parts(over, "b").await[0].run_id.unwrap(), End::Ok(json!(2))).await;
        assert_eq!(bench.state(over).await, WorkflowState::Succeeded);
        bench.wait(TimeDelta::days(100));
        let forget = async || {
            let until = bench.now() - TimeDelta::days(90);
            in_write!(bench.db(), |tx, _scope| {
                Ok(job_runs::runs_forget(tx, until).await? + job_runs::quiet_forget(tx, "work", until).await?)
            })
            .unwrap()
        };
        assert_eq!(forget().await, 2, "those of the workflow that is over");
        assert_eq!(bench.job(first).await.project_id, project(1));
        assert_eq!(bench.states(over).await, []);
        bench.work_off().await;
        assert_eq!(bench.state(open).await, WorkflowState::Succeeded);
        bench.wait(TimeDelta::days(100));
        assert_eq!(forget().await, 2);
        assert_eq!(bench.states(open).await, []);
        in_write!(bench.db(), |tx, _scope| { workflows::remove(tx, workflow.id).await }).unwrap();
    }
}
