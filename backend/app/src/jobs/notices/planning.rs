//! Writing down what is to be told, in the transaction in which it happens.

use chrono::TimeDelta;
use lakegate_jobs::{
    Queue, Submission,
    watch::{Asked, Happened, News, Watch, WatchFuture, WorkflowHappened},
    workflows::START,
};
use lakegate_model::{
    Fault, Timestamp,
    ids::ProjectId,
    jobs::{JobRun, SYSTEM},
    run_notices::{About, RunDelivery, RunWatch},
    words::{DeliveryState, JobState, RunNews, WorkflowState},
    workflows::WorkflowRun,
};
use lakegate_store::{WriteTx, in_queue, in_read, job_runs, run_notices as store};
use serde_json::json;
use uuid::Uuid;

use super::NOTIFY;
use crate::jobs::workflows;

/// Late runs that one transaction tells of.
const BATCH: i64 = 200;

/// Hears of what happens to runs, and says what workflows may have done.
#[derive(Debug)]
pub struct Planner;

impl Watch for Planner {
    fn told<'a>(&'a self, queue: &'a Queue, tx: &'a mut WriteTx, news: &'a [News]) -> WatchFuture<'a> {
        Box::pin(told(queue, tx, news))
    }

    fn told_of_workflow<'a>(
        &'a self,
        queue: &'a Queue,
        tx: &'a mut WriteTx,
        run: &'a WorkflowRun,
        happened: WorkflowHappened,
    ) -> WatchFuture<'a> {
        Box::pin(told_of_workflow(queue, tx, run, happened))
    }

    fn vouch<'a>(&'a self, _queue: &'a Queue, tx: &'a mut WriteTx, asked: &'a Asked<'a>) -> WatchFuture<'a> {
        Box::pin(workflows::vouch(tx, asked))
    }

    fn look<'a>(&'a self, queue: &'a Queue) -> WatchFuture<'a> {
        Box::pin(look(queue))
    }
}

/// What notices are about, and by what their watches are found.
#[derive(Debug, Clone, Copy)]
struct Subject {
    about: About,
    project: ProjectId,
    /// What is worked on.
    to: Option<Uuid>,
}

impl Subject {
    fn of_run(run: &JobRun) -> Self {
        Self { about: About::Run(run.id), project: run.project_id, to: run.subject_id }
    }

    /// What a run of the queue has started is told of as that run: for it the schedule has ticked.
    fn of_workflow(run: &WorkflowRun) -> Self {
        let about = run.cause_id.map_or(About::Workflow(run.id), About::Run);
        Self { about, project: run.project_id, to: Some(run.workflow_id.into()) }
    }
}

async fn told(queue: &Queue, tx: &mut WriteTx, news: &[News]) -> Result<(), Fault> {
    if !store::any_watch(tx).await? {
        return Ok(());
    }
    for news in news {
        let Some(run) = job_runs::run_find(tx, news.run).await? else { continue };
        match news.happened {
            // Of sending notices there are no notices.
            Happened::Ended if run.kind == NOTIFY.name => sending_ended(tx, &run, queue.now()).await?,
            _ if run.kind == NOTIFY.name => {}
            // That a workflow has begun is no end; when that ends is told then.
            Happened::Ended if run.kind == START.name && run.state == JobState::Succeeded => {}
            // What was begun is told once, not at each attempt.
            Happened::Started if run.attempt == 1 => {
                let at = run.started_at.unwrap_or_else(|| queue.now());
                announce(queue, tx, Subject::of_run(&run), (RunNews::Started, at)).await?;
            }
            Happened::Started => {}
            Happened::Ended => ended(queue, tx, &run).await?,
            Happened::Ticked(tick) => expect(tx, Subject::of_run(&run), tick).await?,
        }
    }
    Ok(())
}

/// A notice that could not be sent is looked after by whom it was for, not by whoever looks after the queue.
async fn sending_ended(tx: &mut WriteTx, run: &JobRun, now: Timestamp) -> Result<(), Fault> {
    if run.state == JobState::Succeeded {
        return Ok(());
    }
    job_runs::run_resolve(tx, run.id, now).await?;
    if let Some(delivery) = run.subject_id {
        store::delivery_ended(tx, delivery.into(), DeliveryState::Failed, "it could not be sent").await?;
    }
    Ok(())
}

async fn ended(queue: &Queue, tx: &mut WriteTx, run: &JobRun) -> Result<(), Fault> {
    let subject = Subject::of_run(run);
    store::timers_stop(tx, subject.about, queue.now()).await?;
    match news_of(run) {
        Some(news) => announce(queue, tx, subject, (news, run.ended_at.unwrap_or_else(|| queue.now()))).await,
        None => Ok(()),
    }
}

async fn told_of_workflow(
    queue: &Queue,
    tx: &mut WriteTx,
    run: &WorkflowRun,
    happened: WorkflowHappened,
) -> Result<(), Fault> {
    if !store::any_watch(tx).await? {
        return Ok(());
    }
    match happened {
        WorkflowHappened::Begun => workflow_begun(queue, tx, run).await,
        WorkflowHappened::Ended(state) => workflow_ended(queue, tx, Subject::of_workflow(run), state).await,
    }
}

/// The run of the queue that has started it was told of when it began, and is awaited since its tick if it had one.
async fn workflow_begun(queue: &Queue, tx: &mut WriteTx, run: &WorkflowRun) -> Result<(), Fault> {
    let (subject, now) = (Subject::of_workflow(run), queue.now());
    if run.cause_id.is_none() {
        announce(queue, tx, subject, (RunNews::Started, now)).await?;
    }
    expect(tx, subject, now).await
}

/// Of a cancelled workflow nothing is said.
async fn workflow_ended(queue: &Queue, tx: &mut WriteTx, subject: Subject, state: WorkflowState) -> Result<(), Fault> {
    let now = queue.now();
    store::timers_stop(tx, subject.about, now).await?;
    match state {
        WorkflowState::Succeeded => announce(queue, tx, subject, (RunNews::Succeeded, now)).await,
        WorkflowState::Failed => announce(queue, tx, subject, (RunNews::Failed, now)).await,
        WorkflowState::Running | WorkflowState::Cancelled => Ok(()),
    }
}

/// What the end of a run says; of a cancelled one nothing.
fn news_of(run: &JobRun) -> Option<RunNews> {
    match run.state {
        JobState::Failed => Some(RunNews::Failed),
        JobState::Succeeded => {
            let faults = run.output.as_ref().and_then(|output| output["faults"].as_i64()).unwrap_or_default();
            Some(if faults > 0 { RunNews::Partly } else { RunNews::Succeeded })
        }
        _ => None,
    }
}

async fn announce(
    queue: &Queue,
    tx: &mut WriteTx,
    subject: Subject,
    (news, at): (RunNews, Timestamp),
) -> Result<(), Fault> {
    for watch in store::watches_for(tx, subject.project, subject.to).await? {
        if watch.wants(news) {
            put(queue, tx, &watch, Some(subject.about), (news, at)).await?;
        }
    }
    Ok(())
}

/// Awaits the end of what a tick, or somebody, has started.
async fn expect(tx: &mut WriteTx, subject: Subject, since: Timestamp) -> Result<(), Fault> {
    for watch in store::watches_for(tx, subject.project, subject.to).await? {
        if let Some(minutes) = watch.late_minutes {
            let due = since + TimeDelta::minutes(minutes);
            store::timer_insert(tx, watch.id, subject.about, (since, due)).await?;
        }
    }
    Ok(())
}

/// Writes down what is to be sent, and puts the work of sending it into the queue.
pub(super) async fn put(
    queue: &Queue,
    tx: &mut WriteTx,
    watch: &RunWatch,
    about: Option<About>,
    (news, happened_at): (RunNews, Timestamp),
) -> Result<(), Fault> {
    let about = about.map(About::parts);
    let delivery = RunDelivery {
        id: queue.new_id(),
        watch_id: watch.id,
        user_id: watch.user_id,
        run_id: about.map(|(id, _)| id),
        of_workflow: about.is_some_and(|(_, of_workflow)| of_workflow),
        news,
        state: DeliveryState::Waiting,
        attempts: 0,
        status: None,
        error: None,
        happened_at,
        created_at: queue.now(),
        tried_at: None,
    };
    if store::delivery_insert(tx, &delivery).await? {
        enqueue(queue, tx, &delivery).await?;
    }
    Ok(())
}

/// Of one watch one notice at a time is on its way: a receiver that does not answer holds up no other.
pub(super) async fn enqueue(queue: &Queue, tx: &mut WriteTx, delivery: &RunDelivery) -> Result<(), Fault> {
    let work = Submission {
        subject: Some(delivery.id.into()),
        serial_key: Some(delivery.watch_id.to_string()),
        trigger: "event",
        ..Submission::manual(SYSTEM, "system", json!({}))
    };
    queue.put(tx, &NOTIFY, work).await.map(drop)
}

/// Tells of runs that have not ended in time.
async fn look(queue: &Queue) -> Result<(), Fault> {
    let next = in_read!(queue.db(), |tx, _scope| { Ok(store::next_timer(tx).await?) })?;
    if next.is_none_or(|due| due > queue.now()) {
        return Ok(());
    }
    in_queue!(queue.db(), |tx| {
        for (watch, run, tick) in store::timers_due(tx, queue.now(), BATCH).await? {
            let known = store::watch_find(tx, watch).await?.filter(|watch| watch.late_minutes.is_some());
            let is_mine = store::timer_delete(tx, watch, run).await?;
            if let Some(watch) = known.filter(|_| is_mine) {
                put(queue, tx, &watch, Some(run), (RunNews::Late, tick)).await?;
            }
        }
        Ok(())
    })?;
    queue.wake();
    Ok(())
}
