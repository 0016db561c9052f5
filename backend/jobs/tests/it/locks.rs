//! Who waits holds nothing that another may need: the order of locks, on the database that has locks of rows.

use chrono::TimeDelta;
use lakegate_jobs::{Submission, workflows};
use lakegate_model::{
    Fault,
    ids::{RunId, TriggerId, WorkflowId, WorkflowRunId},
    jobs::JobProgress,
    triggers::JobTrigger,
    words::{AttemptOutcome, Happening, JobState, WorkflowState},
};
use lakegate_store::{
    Db, in_queue, in_read, in_write,
    job_batches::{self, Ending},
    job_claims::{self, AttemptEnd},
    job_runs, job_triggers,
};
use serde_json::json;
use sqlx::{PgPool, Postgres, Transaction};
use std::time::Duration;
use uuid::Uuid;

use crate::{
    bench_kind::{Bench, NOTE, project},
    workflow_bench::{End, FlowBench, step},
};

/// Somebody waits for a lock in the test's own database.
const WAITING: &str = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

async fn somebody_waits(database: &PgPool) {
    let looked = tokio::time::timeout(Duration::from_secs(30), async {
        while sqlx::query(WAITING).fetch_optional(database).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    });
    looked.await.expect("nobody waits");
}

/// Whether nobody else has the row of a run of the queue.
async fn is_free(database: &PgPool, run: RunId) -> bool {
    let row = sqlx::query("SELECT id FROM job_runs WHERE id = $1 FOR UPDATE NOWAIT").bind(run.0);
    row.fetch_one(database).await.is_ok()
}

async fn gate(database: &PgPool) -> Transaction<'static, Postgres> {
    let mut holder = database.begin().await.unwrap();
    sqlx::query("UPDATE job_gate SET turns = turns + 1 WHERE id = 1").execute(&mut *holder).await.unwrap();
    holder
}

/// Waits for runs of a workflow to end.
async fn await_ends(bench: &FlowBench, workflow: WorkflowId) -> TriggerId {
    let now = bench.now();
    let trigger = JobTrigger {
        id: TriggerId(Uuid::from_u128(5)),
        project_id: project(1),
        kind: "work".into(),
        subject_id: Uuid::from_u128(900),
        name: "afterwards".into(),
        happening: Happening::RunEnded,
        watched_id: Some(workflow.into()),
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
    };
    in_write!(bench.db(), |tx, _scope| { Ok(job_triggers::trigger_insert(tx, &trigger).await?) }).unwrap();
    trigger.id
}

async fn gathered(bench: &FlowBench, trigger: TriggerId) -> i64 {
    in_read!(bench.db(), |tx, _scope| { Ok(job_triggers::gathered(tx, trigger).await?.0) }).unwrap()
}

/// A workflow whose ends are awaited, with a run of it, and the run of the queue that is its only part.
async fn awaited(bench: &FlowBench) -> (TriggerId, WorkflowRunId, RunId) {
    let workflow = bench.define("Awaited", json!([step("a", &[])])).await;
    let trigger = await_ends(bench, workflow.id).await;
    let flow = bench.start(workflow.id, json!({})).await;
    (trigger, flow, bench.parts(flow, "a").await[0].run_id.unwrap())
}

async fn cancel_part(bench: &FlowBench, job: RunId) -> Result<Option<bool>, Fault> {
    in_write!(bench.db(), |tx, _scope| { bench.queue.cancel(tx, job).await })
}

#[tokio::test]
async fn who_cancels_a_part_of_an_awaited_workflow_waits_for_the_gate_with_nothing_in_hand() {
    for bench in FlowBench::each().await {
        let (trigger, flow, job) = awaited(&bench).await;
        if let Db::Postgres { pool: database, .. } = bench.db().clone() {
            let holder = gate(&database).await;
            let looks = async {
                somebody_waits(&database).await;
                assert!(is_free(&database, job).await, "the row of the run that is cancelled");
                let row = sqlx::query("SELECT id FROM workflow_runs WHERE id = $1 FOR UPDATE NOWAIT").bind(flow.0);
                row.fetch_one(&database).await.expect("the row of the workflow's run");
                holder.commit().await.unwrap();
            };
            let (cancelled, ()) = tokio::join!(cancel_part(&bench, job), looks);
            assert_eq!(cancelled.unwrap(), Some(false));
        } else {
            assert_eq!(cancel_part(&bench, job).await.unwrap(), Some(false));
        }
        assert_eq!(bench.job(job).await.state, JobState::Cancelled);
        assert_eq!(bench.state(flow).await, WorkflowState::Failed);
        assert_eq!(gathered(&bench, trigger).await, 1, "its end was told of once");
        assert_eq!(cancel_part(&bench, job).await.unwrap(), None);
    }
}

#[tokio::test]
async fn who_tries_an_awaited_workflow_again_or_stops_it_waits_for_the_gate_with_nothing_in_hand() {
    for bench in FlowBench::each().await {
        let Db::Postgres { pool: database, .. } = bench.db().clone() else { continue };
        let (_, flow, job) = awaited(&bench).await;
        bench.end(job, End::Fail).await;
        for again in [true, false] {
            let holder = gate(&database).await;
            let looks = async {
                somebody_waits(&database).await;
                let row = sqlx::query("SELECT id FROM workflow_runs WHERE id = $1 FOR UPDATE NOWAIT").bind(flow.0);
                row.fetch_one(&database).await.expect("the row of the workflow's run");
                holder.commit().await.unwrap();
            };
            let change = async {
                in_write!(bench.db(), |tx, _scope| {
                    match again {
                        true => workflows::retry(&bench.queue, tx, flow).await,
                        false => workflows::cancel(&bench.queue, tx, flow).await.map(drop),
                    }
                })
            };
            let (done, ()) = tokio::join!(change, looks);
            done.unwrap();
        }
        assert_eq!(bench.state(flow).await, WorkflowState::Cancelled);
    }
}

/// What locks rows of many runs.
#[derive(Debug, Clone, Copy)]
enum Batch {
    Beat,
    Look,
    End,
}

async fn change(bench: &Bench, ids: &[RunId], batch: Batch) -> Result<usize, Fault> {
    let now = bench.now();
    let lease = (now, now + TimeDelta::seconds(30));
    let end = AttemptEnd {
        state: JobState::Waiting,
        outcome: AttemptOutcome::HandedBack,
        progress: None,
        output: None,
        error: None,
        next_at: None,
        counts: false,
    };
    let beats: Vec<_> = ids.iter().map(|id| ((*id, 1), JobProgress::default())).collect();
    let ends: Vec<_> = ids.iter().map(|id| Ending { claim: (*id, 1), end: &end }).collect();
    in_queue!(bench.db(), |tx| {
        Ok(match batch {
            Batch::Beat => job_batches::beat_all(tx, &beats, lease).await?.len(),
            Batch::Look => job_batches::still_running(tx, ids).await?.len(),
            Batch::End => job_batches::end_all(tx, &ends, now).await?.len(),
        })
    })
}

#[tokio::test]
async fn rows_of_many_runs_are_locked_in_the_order_of_their_ids() {
    for bench in Bench::each().await {
        let Db::Postgres { pool: database, .. } = bench.db().clone() else { continue };
        let mut ids = Vec::new();
        for _ in 0..7 {
            ids.push(bench.put(project(1), "ok").await);
            bench.wait(TimeDelta::milliseconds(1));
        }
        // The last ones come first in the table then.
        let (worker, lease) = (Uuid::from_u128(7).into(), (bench.now(), bench.now() + TimeDelta::seconds(30)));
        for id in ids.iter().rev() {
            in_queue!(bench.db(), |tx| { Ok(job_batches::take_all(tx, &[*id], worker, lease).await?) }).unwrap();
        }
        let mixed = [ids[4], ids[1], ids[6], ids[3], ids[0], ids[5], ids[2]];
        for batch in [Batch::Beat, Batch::Look, Batch::End] {
            let mut holder = database.begin().await.unwrap();
            let row = sqlx::query("SELECT id FROM job_runs WHERE id = $1 FOR UPDATE").bind(ids[3].0);
            row.fetch_one(&mut *holder).await.unwrap();
            let looks = async {
                somebody_waits(&database).await;
                let mut free = Vec::new();
                for id in [0, 1, 2, 4, 5, 6] {
                    free.push(is_free(&database, ids[id]).await);
                }
                assert_eq!(free, [false, false, false, true, true, true], "{batch:?}");
                holder.commit().await.unwrap();
            };
            let (changed, ()) = tokio::join!(change(&bench, &mixed, batch), looks);
            assert_eq!(changed.unwrap(), 7, "{batch:?}");
        }
    }
}

/// Somebody else has changed a row that a batch waits for: it is judged as it is then.
#[tokio::test]
async fn a_run_that_is_taken_while_a_batch_waits_for_it_is_left_out() {
    for bench in Bench::each().await {
        let Db::Postgres { pool: database, .. } = bench.db().clone() else { continue };
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(bench.put(project(1), "ok").await);
        }
        let (worker, lease) = (Uuid::from_u128(7).into(), (bench.now(), bench.now() + TimeDelta::seconds(30)));
        in_queue!(bench.db(), |tx| { Ok(job_batches::take_all(tx, &ids, worker, lease).await?) }).unwrap();
        for (batch, left) in [(Batch::Beat, 3), (Batch::Look, 2), (Batch::End, 1)] {
            // One that runs until then: a batch need not wait for one that has ended before.
            let gone = ids[left];
            let mut holder = database.begin().await.unwrap();
            let row = sqlx::query("UPDATE job_runs SET state = 'cancelled', attempt = attempt + 1 WHERE id = $1");
            row.bind(gone.0).execute(&mut *holder).await.unwrap();
            let looks = async {
                somebody_waits(&database).await;
                holder.commit().await.unwrap();
            };
            let (changed, ()) = tokio::join!(change(&bench, &ids, batch), looks);
            assert_eq!(changed.unwrap(), left, "{batch:?}");
            assert_eq!(bench.run(gone).await.state, JobState::Cancelled, "{batch:?}");
        }
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_its_time_comes_stays_so() {
    for bench in Bench::each().await {
        let Db::Postgres { pool: database, .. } = bench.db().clone() else { continue };
        let run_at = Some(bench.now() + TimeDelta::seconds(60));
        let work = Submission { run_at, ..Submission::manual(project(1), "ann", json!({})) };
        let id = bench.submit(&NOTE, work).await.unwrap().id();
        bench.wait(TimeDelta::seconds(61));
        let now = bench.now();
        let mut holder = bench.db().begin_queue().await.unwrap();
        assert_eq!(job_runs::run_cancel(&mut holder, id, now).await.unwrap(), Some(false));
        let promoted = async { in_queue!(bench.db(), |tx| { Ok(job_claims::promote(tx, now, 10).await?) }) };
        let looks = async {
            somebody_waits(&database).await;
            holder.commit().await.unwrap();
        };
        let (promoted, ()) = tokio::join!(promoted, looks);
        assert_eq!((promoted.unwrap(), bench.run(id).await.state), (0, JobState::Cancelled));
    }
}
