//! Notices of runs with the clock in hand: late runs, receivers that do not answer, the same news twice.

use chrono::TimeDelta;
use lakegate_app::{
    Caller, Identity,
    access::notices,
    jobs::{
        health,
        notices::{
            NOTIFY, deliveries,
            watches::{self, NewWatch, Wish},
        },
        runs::{self, Wanted},
    },
    sources::crawling::CRAWL,
};
use lakegate_model::{
    Code, PageRequest,
    catalog::DataSource,
    run_notices::RunDelivery,
    words::{DeliveryState, JobState, NoticeWay, RunNews, WatchScope},
};

use crate::{stage::Stage, support::Person};

fn of_source(source: &DataSource, wish: Wish, address: Option<&str>) -> NewWatch {
    NewWatch {
        scope: WatchScope::Source,
        target: Some(source.id.into()),
        wish,
        way: if address.is_some() { NoticeWay::Webhook } else { NoticeWay::Portal },
        address: address.map(str::to_owned),
    }
}

/// Somebody as his identity provider names him: his session ends while the clock moves.
pub fn lasting(person: &Person) -> Caller {
    Caller { identity: Identity::External(person.id), ..person.caller.clone() }
}

pub async fn sent(stage: &Stage) -> Vec<RunDelivery> {
    let page = deliveries::list(stage.app(), &lasting(&stage.owner), None, &PageRequest::default()).await.unwrap();
    page.items.into_iter().map(|view| view.delivery).collect()
}

async fn told(stage: &Stage) -> Vec<String> {
    told_to(stage, &stage.owner).await
}

/// The titles of a person's messages about runs, the latest first.
pub async fn told_to(stage: &Stage, person: &Person) -> Vec<String> {
    let page = notices::list(stage.app(), &lasting(person), &PageRequest::default()).await.unwrap();
    page.items.into_iter().filter(|notice| notice.kind == "job.run").map(|notice| notice.title).collect()
}

#[tokio::test]
async fn a_run_that_has_not_ended_in_time_is_late_once() {
    for stage in Stage::each().await {
        stage.write("prices/prices.csv", "id,price\n1,2.5\n");
        let source = stage.source("prices", Some(3_600)).await;
        let wish = Wish { late_minutes: Some(10), ..Wish::default() };
        watches::create(stage.app(), &lasting(&stage.owner), &of_source(&source, wish, None)).await.unwrap();
        health::pause(stage.app(), &lasting(&stage.admin), CRAWL.name, "To be late").await.unwrap();
        // The first tick is at once; its run waits.
        stage.work_off().await;
        stage.world.wait(TimeDelta::minutes(9));
        stage.work_off().await;
        assert_eq!(told(&stage).await, Vec::<String>::new(), "it is not late yet");
        stage.world.wait(TimeDelta::minutes(1));
        stage.work_off().await;
        assert_eq!(told(&stage).await, ["Look for tables: prices is late"]);
        // It is late at its next tick too, and told no second time.
        stage.world.wait(TimeDelta::minutes(120));
        stage.work_off().await;
        stage.world.wait(TimeDelta::minutes(11));
        stage.work_off().await;
        assert_eq!(told(&stage).await.len(), 1, "the same run stands for both ticks");
        health::resume(stage.app(), &lasting(&stage.admin), CRAWL.name).await.unwrap();
        stage.work_off().await;
        // The next one ends in time.
        stage.world.wait(TimeDelta::minutes(39));
        stage.work_off().await;
        stage.world.wait(TimeDelta::minutes(30));
        stage.work_off().await;
        let late: Vec<_> = sent(&stage).await.into_iter().map(|one| (one.news, one.state)).collect();
        assert_eq!(late, [(RunNews::Late, DeliveryState::Delivered)]);
        let done = Wanted { kind: Some(CRAWL.name.into()), state: Some(JobState::Succeeded), ..Wanted::default() };
        let runs = runs::list(stage.app(), &lasting(&stage.owner), &done, &PageRequest::default()).await.unwrap();
        assert_eq!(runs.items.len(), 2);
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_given_up_and_asked_again_on_demand() {
    for stage in Stage::each().await {
        stage.write("prices/prices.csv", "id,price\n1,2.5\n");
        let source = stage.source("prices", None).await;
        let wish = Wish { succeeded: true, ..Wish::default() };
        let new = of_source(&source, wish, Some("http://127.0.0.1:1/nobody"));
        let made = watches::create(stage.app(), &lasting(&stage.owner), &new).await.unwrap();
        assert!(made.secret.is_some_and(|secret| secret.starts_with("lgw_")));
        runs::get(stage.app(), &lasting(&stage.owner), stage.run_beside(&source).await).await.unwrap();
        for attempt in 1..=NOTIFY.max_tries {
            let found = sent(&stage).await;
            assert_eq!((found.len(), found[0].attempts, found[0].state), (1, attempt, state_after(attempt)));
            assert!(found[0].error.is_some() && found[0].status.is_none(), "{found:?}");
            stage.world.wait(TimeDelta::hours(1));
            stage.work_off().await;
        }
        let dead = Wanted { dead_letters: true, ..Wanted::default() };
        let dead = runs::list(stage.app(), &lasting(&stage.admin), &dead, &PageRequest::default()).await.unwrap();
        assert!(dead.items.is_empty(), "whoever looks after the queue has nothing to do with it");
        let id = sent(&stage).await[0].id;
        let again = deliveries::replay(stage.app(), &lasting(&stage.owner), id).await.unwrap();
        assert_eq!(again.delivery.state, DeliveryState::Waiting);
        let twice = deliveries::replay(stage.app(), &lasting(&stage.owner), id).await.unwrap_err();
        assert_eq!(twice.code, Code::Conflict);
        let others = deliveries::replay(stage.app(), &lasting(&stage.outsider), id).await.unwrap_err();
        assert_eq!(others.code, Code::NotFound);
        stage.work_off().await;
        assert_eq!(sent(&stage).await[0].attempts, NOTIFY.max_tries + 1);
        // Without the watch nothing is left of it, and what was under way sends nothing.
        watches::remove(stage.app(), &lasting(&stage.owner), made.view.watch.id).await.unwrap();
        assert!(sent(&stage).await.is_empty());
        stage.world.wait(TimeDelta::hours(1));
        stage.work_off().await;
    }
}

fn state_after(attempt: i64) -> DeliveryState {
    if attempt == NOTIFY.max_tries { DeliveryState::Failed } else { DeliveryState::Waiting }
}

#[tokio::test]
async fn a_run_with_faults_succeeds_in_part() {
    for stage in Stage::each().await {
        stage.write("mixed/prices/prices.csv", "id,price\n1,2.5\n");
        stage.write("mixed/broken/bad.csv", "a,b\n1\n");
        let source = stage.source("mixed", None).await;
        let wish = Wish { started: true, succeeded: true, partly: true, failed: true, ..Wish::default() };
        watches::create(stage.app(), &lasting(&stage.owner), &of_source(&source, wish, None)).await.unwrap();
        stage.run_beside(&source).await;
        let mut news: Vec<_> = sent(&stage).await.into_iter().map(|one| one.news).collect();
        news.sort();
        assert_eq!(news, [RunNews::Started, RunNews::Partly]);
    }
}
