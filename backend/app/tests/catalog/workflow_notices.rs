//! Notices of workflows, however they are started: one for each of their runs, whatever parts they have.

use chrono::TimeDelta;
use lakegate_app::{
    access::notices,
    jobs::{
        health,
        notices::{
            deliveries,
            seen::Seen,
            watches::{self, NewWatch, Wish},
        },
        workflows::{self, Days},
    },
    sources::crawling::CRAWL,
};
use lakegate_jobs::{Submission, workflows::START};
use lakegate_model::{
    Code, PageRequest,
    ids::WorkflowRunId,
    words::{DeliveryState, NoticeWay, RunNews, WatchScope, WorkflowState},
    workflows::{Definition, Workflow},
};
use lakegate_store::in_write;
use serde_json::json;
use std::fs;

use crate::{
    run_notices::{lasting, sent, told_to},
    stage::Stage,
    support::Person,
};

/// A workflow of two parts: one looks through a source, the other does so again behind it.
async fn workflow(stage: &Stage) -> Workflow {
    stage.write("prices/prices.csv", "id,price\n1,2.5\n");
    let source = stage.source("prices", None).await;
    let steps = json!({ "steps": [
        { "name": "look", "kind": "crawl", "subject": source.id, "tries": 1 },
        { "name": "again", "kind": "crawl", "subject": source.id, "tries": 1, "after": [{ "step": "look" }] },
    ] });
    let definition: Definition = serde_json::from_value(steps).unwrap();
    workflows::create(stage.app(), &lasting(&stage.owner), (stage.project, "Nightly"), &definition).await.unwrap()
}

async fn watch(stage: &Stage, person: &Person, scope: WatchScope, workflow: Option<&Workflow>, wish: Wish) {
    let target = workflow.map(|workflow| workflow.id.into());
    let new = NewWatch { scope, target, wish, way: NoticeWay::Portal, address: None };
    watches::create(stage.app(), &lasting(person), &new).await.unwrap();
}

async fn watch_it(stage: &Stage, workflow: &Workflow, wish: Wish) {
    watch(stage, &stage.owner, WatchScope::Workflow, Some(workflow), wish).await;
}

async fn start(stage: &Stage, workflow: &Workflow) -> WorkflowRunId {
    let view = workflows::start(stage.app(), &lasting(&stage.owner), (workflow.id, None), &json!({})).await.unwrap();
    view.run.id
}

async fn state(stage: &Stage, run: WorkflowRunId) -> WorkflowState {
    workflows::get_run(stage.app(), &lasting(&stage.owner), run).await.unwrap().run.state
}

fn ends() -> Wish {
    Wish { started: true, succeeded: true, failed: true, ..Wish::default() }
}

#[tokio::test]
async fn a_run_started_by_hand_is_told_of_once_whatever_parts_it_has() {
    for stage in Stage::each().await {
        let workflow = workflow(&stage).await;
        watch_it(&stage, &workflow, ends()).await;
        let run = start(&stage, &workflow).await;
        stage.work_off().await;
        assert_eq!(state(&stage, run).await, WorkflowState::Succeeded);
        // At one moment of the clock there is no order.
        let mut told = told_to(&stage, &stage.owner).await;
        told.sort();
        assert_eq!(told, ["Workflow: Nightly has started", "Workflow: Nightly succeeded"]);
        let page = deliveries::list(stage.app(), &lasting(&stage.owner), None, &PageRequest::default()).await.unwrap();
        for view in &page.items {
            let Some(Seen::Workflow(seen)) = &view.about else { panic!("{view:?}") };
            assert_eq!((seen.run.id, seen.name.as_deref(), seen.inside), (run, Some("Nightly"), true));
            assert_eq!(view.delivery.state, DeliveryState::Delivered);
        }
        let inbox = notices::list(stage.app(), &lasting(&stage.owner), &PageRequest::default()).await.unwrap();
        let path = format!("/projects/{}/workflows/{}/runs/{run}", stage.project, workflow.id);
        assert_eq!(inbox.items[0].link, path);
    }
}

#[tokio::test]
async fn what_fails_twice_is_told_once_and_then_how_it_succeeded() {
    for stage in Stage::each().await {
        let workflow = workflow(&stage).await;
        watch_it(&stage, &workflow, Wish { started: false, ..ends() }).await;
        let everything = Wish { failed: true, ..Wish::default() };
        watch(&stage, &stage.admin, WatchScope::Everything, None, everything).await;
        let (folder, aside) = (stage.world.folder("in").join("prices"), stage.world.folder("in").join("aside"));
        fs::rename(&folder, &aside).unwrap();
        let run = start(&stage, &workflow).await;
        stage.work_off().await;
        let again = async || {
            workflows::retry(stage.app(), &lasting(&stage.owner), run).await.unwrap();
            stage.work_off().await;
        };
        again().await;
        assert_eq!(state(&stage, run).await, WorkflowState::Failed);
        assert_eq!(told_to(&stage, &stage.owner).await, ["Workflow: Nightly failed"]);
        // Who runs the installation is told that something failed, and not what.
        let told = told_to(&stage, &stage.admin).await;
        assert_eq!(told.iter().filter(|title| *title == "Workflow failed").count(), 1, "{told:?}");
        assert!(!format!("{told:?}").contains("Nightly"), "{told:?}");
        fs::rename(&aside, &folder).unwrap();
        stage.world.wait(TimeDelta::seconds(1));
        again().await;
        assert_eq!(told_to(&stage, &stage.owner).await, ["Workflow: Nightly succeeded", "Workflow: Nightly failed"]);
        // A cancelled one is passed over.
        let stopped = start(&stage, &workflow).await;
        workflows::cancel(stage.app(), &lasting(&stage.owner), stopped).await.unwrap();
        stage.work_off().await;
        assert_eq!(state(&stage, stopped).await, WorkflowState::Cancelled);
        assert_eq!(told_to(&stage, &stage.owner).await.len(), 2);
    }
}

#[tokio::test]
async fn a_run_that_takes_too_long_since_its_start_is_late_once() {
    for stage in Stage::each().await {
        let workflow = workflow(&stage).await;
        watch_it(&stage, &workflow, Wish { late_minutes: Some(10), ..Wish::default() }).await;
        health::pause(stage.app(), &lasting(&stage.admin), CRAWL.name, "To be late").await.unwrap();
        start(&stage, &workflow).await;
        let given_up = start(&stage, &workflow).await;
        workflows::cancel(stage.app(), &lasting(&stage.owner), given_up).await.unwrap();
        // One that a trigger or a call has put into the queue begins by itself.
        let work = Submission {
            subject: Some(workflow.id.into()),
            trigger: "event",
            ..Submission::manual(stage.project, "trigger Arrivals", json!({}))
        };
        let queue = &stage.app().queue;
        in_write!(queue.db(), |tx, _scope| { queue.enqueue(tx, &START, work.clone()).await }).unwrap();
        stage.work_off().await;
        stage.world.wait(TimeDelta::minutes(9));
        stage.work_off().await;
        assert!(told_to(&stage, &stage.owner).await.is_empty(), "none is late yet");
        stage.world.wait(TimeDelta::minutes(1));
        stage.work_off().await;
        stage.world.wait(TimeDelta::hours(1));
        stage.work_off().await;
        assert_eq!(told_to(&stage, &stage.owner).await, ["Workflow: Nightly is late"; 2]);
        let inbox = notices::list(stage.app(), &lasting(&stage.owner), &PageRequest::default()).await.unwrap();
        assert!(inbox.items.iter().all(|notice| notice.body.contains("It was started at ")), "{inbox:?}");
        health::resume(stage.app(), &lasting(&stage.admin), CRAWL.name).await.unwrap();
        stage.work_off().await;
        // The next one ends in time.
        start(&stage, &workflow).await;
        stage.work_off().await;
        stage.world.wait(TimeDelta::hours(1));
        stage.work_off().await;
        let late: Vec<_> = sent(&stage).await.into_iter().map(|one| (one.news, one.state)).collect();
        assert_eq!(late, [(RunNews::Late, DeliveryState::Delivered); 2]);
    }
}

#[tokio::test]
async fn each_day_of_a_backfill_is_told_of_once() {
    for stage in Stage::each().await {
        let workflow = workflow(&stage).await;
        watch_it(&stage, &workflow, Wish { succeeded: true, ..Wish::default() }).await;
        let days =
            Days { first: "2026-05-03".into(), last: "2026-05-05".into(), at_most: 2, anew: false, input: json!({}) };
        for _ in 0..2 {
            // The second time all days are covered.
            workflows::backfill(stage.app(), &lasting(&stage.owner), workflow.id, &days).await.unwrap();
            stage.work_off().await;
        }
        let inbox = notices::list(stage.app(), &lasting(&stage.owner), &PageRequest::default()).await.unwrap();
        let mut bodies: Vec<_> = inbox.items.iter().map(|notice| notice.body.clone()).collect();
        bodies.sort();
        assert_eq!(bodies.len(), 3, "{bodies:?}");
        for (body, day) in bodies.iter().zip(["2026-05-03", "2026-05-04", "2026-05-05"]) {
            assert!(body.contains(&format!("For {day}.")), "{body}");
        }
    }
}

#[tokio::test]
async fn whoever_does_not_see_the_project_is_told_nothing() {
    for stage in Stage::each().await {
        let workflow = workflow(&stage).await;
        let new = NewWatch {
            scope: WatchScope::Workflow,
            target: Some(workflow.id.into()),
            wish: ends(),
            way: NoticeWay::Portal,
            address: None,
        };
        let refused = watches::create(stage.app(), &lasting(&stage.outsider), &new).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (Code::NotFound, Some("target")));
        // She is a member when the workflow is watched, and none when it ends.
        let role = lakegate_model::words::ProjectRole::Viewer;
        stage.world.join(&stage.owner, stage.project, &stage.outsider, role).await;
        watches::create(stage.app(), &lasting(&stage.outsider), &new).await.unwrap();
        let (kind, id) = stage.outsider.member();
        start(&stage, &workflow).await;
        lakegate_app::places::members::remove(stage.app(), &lasting(&stage.owner), stage.project, (kind, id))
            .await
            .unwrap();
        stage.work_off().await;
        assert!(told_to(&stage, &stage.outsider).await.is_empty());
        let page =
            deliveries::list(stage.app(), &lasting(&stage.outsider), None, &PageRequest::default()).await.unwrap();
        assert!(page.items.is_empty(), "what she was to be told names a run that she does not see: {page:?}");
    }
}
