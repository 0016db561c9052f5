//! Workflows do what their definitions say: order, conditions, parts, values; again and not twice.

use chrono::TimeDelta;
use lakegate_jobs::{
    Submission,
    workflows::{self, Start},
};
use lakegate_model::{
    Code, PageRequest,
    ids::{RunId, ScheduleId},
    jobs::JobSchedule,
    words::{CatchUp, StepState, WorkflowState},
};
use lakegate_store::{in_read, in_write, job_runs, job_schedules, workflow_runs, workflows as store};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use uuid::Uuid;

use crate::{
    bench_kind::project,
    workflow_bench::{End, FlowBench, ROOMY, definition, step, with},
};

use StepState::{Failed, Skipped, Succeeded};

/// Finds tables, works on batches of them, sums up.
fn by_batches() -> Value {
    json!([
        { "name": "find", "kind": "work", "input": { "key": "find", "give": { "from": "input.found" } } },
        { "name": "each", "kind": "work", "after": [{ "step": "find" }],
          "for_each": { "from": "steps.find.output.tables" }, "batch": 5, "at_most": 2,
          "input": { "key": "each", "give": { "from": "batch" } } },
        { "name": "sum", "kind": "work", "after": [{ "step": "each" }],
          "input": { "key": "sum", "all": { "from": "steps.each.output" }, "first": { "from": "steps.each.output.0.1" } } }
    ])
}

#[tokio::test]
async fn eighteen_tables_in_batches_of_five() {
    for bench in FlowBench::each().await {
        let tables: Vec<String> = (1..=18).map(|number| format!("t{number}")).collect();
        let workflow = bench.define("Tables", by_batches()).await;
        let run = bench.start(workflow.id, json!({ "found": { "tables": tables } })).await;
        bench.work_off().await;
        assert_eq!(bench.state(run).await, WorkflowState::Succeeded);
        let parts = bench.parts(run, "each").await;
        let sizes: Vec<_> = parts.iter().map(|part| part.input["give"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [5, 5, 5, 3]);
        assert_eq!(bench.shared.peak.load(Ordering::SeqCst), 2, "two batches at once");
        for (number, part) in (0..).zip(&parts) {
            let job = bench.job(part.run_id.unwrap()).await;
            assert_eq!((part.number, part.runs, part.state), (number, 1, Succeeded));
            assert_eq!((job.trigger_kind.as_str(), job.output), ("workflow", part.output.clone()));
        }
        let sums = bench.inputs("sum");
        assert_eq!(sums.len(), 1);
        let all: Vec<&Value> = sums[0]["all"].as_array().unwrap().iter().flat_map(|b| b.as_array().unwrap()).collect();
        assert_eq!(all, tables.iter().map(|table| json!(table)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
        assert_eq!(sums[0]["first"], json!("t2"));
    }
}

#[tokio::test]
async fn outputs_stand_in_the_order_of_the_list_whoever_ended_first() {
    for bench in FlowBench::each().await {
        let each = with(step("each", &[]), json!({ "for_each": ["a", "b", "c"], "input": { "from": "item" } }));
        let sum = json!({ "name": "sum", "kind": "work", "after": [{ "step": "each", "on": "ended" }],
            "input": { "from": "steps.each.output" } });
        let run = bench.begin("Order", json!([each, sum])).await;
        let parts = bench.parts(run, "each").await;
        bench.end(parts[2].run_id.unwrap(), End::Ok(json!("third"))).await;
        bench.end(parts[0].run_id.unwrap(), End::Ok(json!("first"))).await;
        assert!(bench.parts(run, "sum").await.is_empty(), "not before all have ended");
        bench.end(parts[1].run_id.unwrap(), End::Fail).await;
        assert_eq!(bench.parts(run, "sum").await[0].input, json!(["first", null, "third"]));
        bench.work_off().await;
        assert_eq!(bench.states(run).await, [Failed, Succeeded]);
        assert_eq!(bench.state(run).await, WorkflowState::Succeeded, "the failure was seen to");
    }
}

#[tokio::test]
async fn conditions_begin_and_skip_steps() {
    for bench in FlowBench::each().await {
        let on = |name: &str, after: &[(&str, &str)]| {
            let after: Vec<Value> = after.iter().map(|(step, on)| json!({ "step": step, "on": on })).collect();
            with(step(name, &[]), json!({ "after": after }))
        };
        let steps = json!([
            on("a", &[]),
            on("b", &[("a", "succeeded")]),
            on("c", &[("a", "failed")]),
            on("d", &[("b", "ended")]),
            on("e", &[("c", "succeeded"), ("b", "succeeded")]),
            on("f", &[("b", "failed")]),
        ]);
        bench.fail(&["a"]);
        let failed = bench.begin("One", steps.clone()).await;
        bench.work_off().await;
        assert_eq!(bench.states(failed).await, [Failed, Skipped, Succeeded, Succeeded, Skipped, Skipped]);
        assert_eq!(bench.state(failed).await, WorkflowState::Succeeded, "c was there for the failure of a");
        assert_eq!(bench.parts(failed, "a").await[0].error.as_deref(), Some("as the test wants"));
        bench.fail(&["a", "c"]);
        let both = bench.begin("Two", steps.clone()).await;
        bench.work_off().await;
        assert_eq!(bench.state(both).await, WorkflowState::Failed, "nothing was there for the failure of c");
        bench.fail(&[]);
        let well = bench.begin("Three", steps).await;
        bench.work_off().await;
        assert_eq!(bench.states(well).await, [Succeeded, Succeeded, Skipped, Succeeded, Skipped, Skipped]);
        assert_eq!(bench.state(well).await, WorkflowState::Succeeded);
    }
}

#[tokio::test]
async fn only_what_did_not_succeed_runs_again() {
    for bench in FlowBench::each().await {
        let input = json!({ "key": "each", "part": { "from": "item" }, "give": { "from": "item" } });
        let each = with(step("each", &[]), json!({ "for_each": [0, 1, 2, 3], "input": input }));
        let sum =
            with(step("sum", &["each"]), json!({ "input": { "key": "sum", "all": { "from": "steps.each.output" } } }));
        let workflow = bench.define("Again", json!([each, sum])).await;
        bench.fail(&["each1", "each3"]);
        let run = bench.start(workflow.id, json!({})).await;
        bench.work_off().await;
        assert_eq!((bench.state(run).await, bench.states(run).await), (WorkflowState::Failed, vec![Failed, Skipped]));
        let before = bench.parts(run, "each").await;
        // Meanwhile the workflow does something else; this run does not.
        let other = definition(json!([step("other", &[])]));
        in_write!(bench.db(), |tx, _scope| {
            workflows::revise(&bench.queue, tx, (workflow.id, 1), &other, "bob").await
        })
        .unwrap();
        bench.fail(&[]);
        bench.retry(run).await.unwrap();
        bench.work_off().await;
        assert_eq!(bench.state(run).await, WorkflowState::Succeeded);
        let worked = bench.worked();
        let counts = ["each0", "each1", "each2", "each3", "sum"].map(|key| worked[key]);
        assert_eq!(counts, [1, 2, 1, 2, 1]);
        assert_eq!(bench.inputs("sum")[0]["all"], json!([0, 1, 2, 3]));
        let after = bench.parts(run, "each").await;
        assert_eq!((after[0].run_id, after[2].run_id), (before[0].run_id, before[2].run_id));
        assert_eq!((after[1].runs, bench.job(after[1].run_id.unwrap()).await.replay_of), (2, before[1].run_id));
        assert!(!bench.job(before[1].run_id.unwrap()).await.is_dead_letter(), "somebody has looked after it");
        assert_eq!(bench.retry(run).await.unwrap_err().code, Code::Conflict);
    }
}

#[tokio::test]
async fn a_full_queue_lets_parts_wait() {
    for bench in FlowBench::each().await {
        let each = json!({ "name": "each", "kind": "tight", "for_each": [0, 1, 2, 3, 4, 5, 6, 7],
            "input": { "key": "each", "part": { "from": "item" } } });
        let run = bench.begin("Tight", json!([each, step("after", &["each"])])).await;
        let waiting = async || {
            let parts = bench.parts(run, "each").await;
            parts.iter().filter(|part| part.state == StepState::Waiting).count()
        };
        assert_eq!(waiting().await, 5, "three may wait in the queue");
        assert_eq!(bench.flow(run).await.due_at, Some(bench.now() + TimeDelta::seconds(30)));
        let load = in_read!(bench.db(), |tx, _scope| { Ok(job_runs::load(tx).await?) }).unwrap();
        assert_eq!((load["tight"].waiting, load["tight"].refused), (3, 1));
        // Somebody else's work leaves the queue: nothing tells of it, but time passes.
        for part in bench.parts(run, "each").await.iter().take(2) {
            bench.take(part.run_id.unwrap()).await;
        }
        let other = bench.second().await;
        assert_eq!(workflows::plan(&other).await.unwrap(), 0, "not yet");
        bench.wait(TimeDelta::seconds(30));
        let (one, two) = tokio::join!(workflows::plan(&bench.queue), workflows::plan(&other));
        assert!(one.unwrap() + two.unwrap() >= 1);
        assert_eq!(waiting().await, 3);
        for _ in 0..4 {
            bench.wait(TimeDelta::seconds(60));
            bench.work_off().await;
        }
        assert_eq!(bench.state(run).await, WorkflowState::Succeeded);
        assert!(bench.worked().values().all(|count| *count == 1) && bench.worked().len() == 9);
    }
}

#[tokio::test]
async fn workflows_leave_room_to_others() {
    for bench in FlowBench::each().await {
        let items: Vec<usize> = (0..30).collect();
        let run = bench.begin("Roomy", json!([{ "name": "each", "kind": "roomy", "for_each": items }])).await;
        let parts = bench.parts(run, "each").await;
        assert_eq!(parts.iter().filter(|part| part.state == StepState::Running).count(), 18, "a tenth is left");
        let work = Submission::manual(project(1), "ann", json!({}));
        let put = async || in_write!(bench.db(), |tx, _scope| { bench.queue.enqueue(tx, &ROOMY, work.clone()).await });
        assert!(put().await.is_ok() && put().await.is_ok() && put().await.is_err());
    }
}

#[tokio::test]
async fn values_that_are_not_there_fail_their_step_in_words() {
    for bench in FlowBench::each().await {
        let from = |name: &str, more: Value| with(step(name, &[]), more);
        let steps = json!([
            from("deep", json!({ "input": { "x": [{ "from": "input.deep" }] } })),
            from("empty", json!({ "for_each": { "from": "input.none" }, "input": { "from": "item" } })),
            from("list", json!({ "for_each": { "from": "input.text" } })),
            from("many", json!({ "for_each": { "from": "input.many" } })),
            from("subject", json!({ "subject": { "from": "input.text" } })),
            from("value", json!({ "input": { "x": { "from": "input.absent.y" } } })),
            with(step("z", &["empty"]), json!({ "input": { "key": "z", "all": { "from": "steps.empty.output" } } })),
        ]);
        let workflow = bench.define("Values", steps).await;
        let many: Vec<i32> = (0..2_001).collect();
        let deep = (0..99).fold(json!(1), |inner, _| json!([inner]));
        let run = bench.start(workflow.id, json!({ "none": [], "text": "no list", "many": many, "deep": deep })).await;
        bench.work_off().await;
        let steps = bench.steps(run).await;
        assert_eq!(bench.states(run).await, [Failed, Succeeded, Failed, Failed, Failed, Failed, Succeeded]);
        let words = [
            ("deep", "nested"),
            ("list", "a list is expected"),
            ("many", "2001"),
            ("subject", "36"),
            ("value", "input.absent.y"),
        ];
        for (step, said) in words {
            assert!(steps[step].error.as_deref().unwrap().contains(said), "{:?}", steps[step]);
        }
        assert_eq!(bench.inputs("z")[0]["all"], json!([]));
        assert_eq!(bench.state(run).await, WorkflowState::Failed);
    }
}

#[tokio::test]
async fn definitions_are_checked_and_kept_by_number() {
    for bench in FlowBench::each().await {
        let fault =
            bench.try_define("A", json!([with(step("a", &[]), json!({ "kind": "workflow" }))])).await.unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (Code::Invalid, Some("steps[0].kind")));
        let workflow = bench.define("Days", json!([step("a", &[])])).await;
        let taken = bench.try_define("days", json!([step("a", &[])])).await.unwrap_err();
        assert_eq!((taken.code, taken.field.as_deref()), (Code::Conflict, Some("name")));
        let next = definition(json!([step("b", &[])]));
        let revise = async |version| {
            let change = (workflow.id, version);
            in_write!(bench.db(), |tx, _scope| { workflows::revise(&bench.queue, tx, change, &next, "bob").await })
        };
        let first = bench.start(workflow.id, json!({})).await;
        assert_eq!(revise(1).await.unwrap().version, 2);
        assert_eq!(revise(1).await.unwrap_err().code, Code::Conflict);
        let second = bench.start(workflow.id, json!({})).await;
        assert_eq!((bench.flow(first).await.version, bench.flow(second).await.version), (1, 2));
        let remove = async || in_write!(bench.db(), |tx, _scope| { workflows::remove(tx, workflow.id).await });
        assert_eq!(remove().await.unwrap_err().code, Code::Conflict, "two runs are open");
        bench.work_off().await;
        assert_eq!(bench.worked().into_iter().collect::<Vec<_>>(), [("a".into(), 1), ("b".into(), 1)]);
        let versions = in_read!(bench.db(), |tx, _scope| {
            Ok(store::version_list(tx, workflow.id, &PageRequest::default()).await?.items)
        })
        .unwrap();
        let kept: Vec<_> =
            versions.iter().map(|v| (v.number, v.created_by.as_str(), v.definition.steps[0].name.as_str())).collect();
        assert_eq!(kept, [(2, "bob", "b"), (1, "ann", "a")]);
        remove().await.unwrap();
        assert!(
            in_read!(bench.db(), |tx, _scope| { Ok(store::workflow_find(tx, workflow.id).await?) }).unwrap().is_none()
        );
    }
}

#[tokio::test]
async fn a_schedule_starts_it_once_a_tick() {
    for bench in FlowBench::each().await {
        let workflow = bench.define("Hourly", json!([step("a", &[])])).await;
        let now = bench.now();
        let schedule = JobSchedule {
            id: ScheduleId(Uuid::from_u128(1)),
            kind: "workflow".into(),
            project_id: project(1),
            subject_id: Some(workflow.id.0),
            name: "hourly".into(),
            cron: None,
            every_seconds: Some(3_600),
            once_at: None,
            zone: "UTC".into(),
            jitter_seconds: 0,
            catch_up: CatchUp::One,
            input: json!({ "where": "here" }),
            enabled: true,
            next_tick: Some(now + TimeDelta::hours(1)),
            next_at: Some(now + TimeDelta::hours(1)),
            last_tick: None,
            version: 1,
            created_by: "ann".into(),
            created_at: now,
            changed_at: now,
        };
        // Whoever names a workflow of another project gets nothing of it.
        let foreign = JobSchedule { id: ScheduleId(Uuid::from_u128(2)), project_id: project(2), ..schedule.clone() };
        let foreign = JobSchedule { subject_id: Some(workflow.id.0), kind: "workflow".into(), ..foreign };
        in_write!(bench.db(), |tx, _scope| { Ok(job_schedules::schedule_insert(tx, &schedule).await?) }).unwrap();
        for _ in 0..2 {
            bench.wait(TimeDelta::hours(1));
            bench.work_off().await;
        }
        let flows = async || {
            let page = PageRequest::default();
            in_read!(bench.db(), |tx, _scope| { Ok(workflow_runs::flow_list(tx, workflow.id, &page).await?.items) })
                .unwrap()
        };
        let begun = flows().await;
        assert_eq!((begun.len(), bench.worked()["a"]), (2, 2));
        assert_eq!((begun[0].trigger_kind.as_str(), &begun[0].input), ("schedule", &json!({ "where": "here" })));
        let again = Start {
            workflow: workflow.id,
            version: None,
            input: json!({}),
            trigger: "schedule".into(),
            by: "ann".into(),
            cause: begun[0].cause_id,
        };
        let same = in_write!(bench.db(), |tx, _scope| { workflows::start(&bench.queue, tx, &again).await }).unwrap();
        assert_eq!(same, begun[0].id, "a worker that died behind it does not start it again");
        let work =
            Submission { subject: foreign.subject_id, ..Submission::manual(foreign.project_id, "eve", json!({})) };
        let job: RunId = in_write!(bench.db(), |tx, _scope| {
            Ok(bench.queue.enqueue(tx, &workflows::START, work.clone()).await?.id())
        })
        .unwrap();
        bench.work_off().await;
        assert_eq!(bench.job(job).await.error_code.as_deref(), Some("not_found"));
        assert_eq!(flows().await.len(), 2);
    }
}

#[tokio::test]
async fn what_nobody_vouches_for_is_refused() {
    for bench in FlowBench::each().await {
        let mend = with(step("mend", &[]), json!({ "after": [{ "step": "a", "on": "failed" }] }));
        let workflow = bench.define("Refused", json!([step("a", &[]), mend])).await;
        let run = bench.start_on(&bench.deaf(), workflow.id, json!({})).await;
        assert_eq!((bench.state(run).await, bench.states(run).await), (WorkflowState::Failed, vec![Failed, Failed]));
        assert!(bench.parts(run, "a").await[0].error.as_deref().unwrap().contains("may not use"));
        assert_eq!(bench.work_off().await, 0);
    }
}
