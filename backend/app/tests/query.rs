//! Governed queries: what is recorded, what ends them, what is kept; on every database there is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "catalog/stage.rs"]
#[allow(dead_code)]
mod stage;
#[path = "access/story.rs"]
#[allow(dead_code)]
mod story;
mod support;

use chrono::TimeDelta;
use lakegate_app::{
    App, Caller,
    access::subscriptions,
    accounts::{api_tokens, users},
    audit::{AuditFilter, read},
    places::members,
    query::{Ask, history, kept, preview, run, saved, schema},
};
use lakegate_engine::encode::{Format, JsonOptions};
use lakegate_model::{
    Code, Fault, PageRequest,
    access::QueryRun,
    audit::AuditEvent,
    ids::QueryId,
    words::{QueryState, TokenScope},
};
use story::{Story, TABLE, read as body, rows, token};
use support::{anonymous, refused};

const CSV: Format = Format::Csv { spreadsheet_safe: false };

async fn events(app: &App, caller: &Caller, action: &str) -> Vec<AuditEvent> {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    read::events(app, caller, &filter, &PageRequest::default()).await.unwrap().items
}

/// Waits until a kept query has ended.
async fn ended(app: &App, caller: &Caller, id: QueryId) -> QueryRun {
    loop {
        let run = kept::status(app, caller, id).await.unwrap();
        if run.state != QueryState::Running {
            return run;
        }
        tokio::task::yield_now().await;
    }
}

async fn page(app: &App, caller: &Caller, id: QueryId) -> Result<usize, Fault> {
    Ok(kept::page(app, caller, id, 0, 100, JsonOptions { exact: true }).await?.rows.len())
}

#[tokio::test]
async fn a_query_is_recorded_before_its_first_row_and_after_its_last() {
    for story in Story::each().await {
        let (app, carl) = (story.app(), &story.carl.caller);
        story.subscribed(None, None).await;
        let sql = format!("select quantity from {TABLE} where order_number = 146776932 -- a secret");
        let answer = run::run(app, carl, &story.asked(&sql), CSV).await.unwrap();
        let (system, id) = (Caller::system("test"), answer.id);
        let start = &events(app, &system, "query.start").await[0];
        assert_eq!((start.subject_id, start.outcome.as_str()), (Some(id.into()), "allowed"));
        assert!(events(app, &system, "query.end").await.is_empty());
        let read = &events(app, story.owner(), "asset.read").await[0];
        assert_eq!((read.subject_id, read.actor_name.as_str()), (Some(story.asset.into()), "carl"));
        assert_eq!(body(answer).await.unwrap(), "quantity\r\n23\r\n");
        assert_eq!(events(app, &system, "query.end").await.len(), 1);
        // The asker sees his own text; others see it without what it was about.
        let own = &events(app, carl, "query.start").await[0];
        assert!(own.detail.contains("146776932 -- a secret"), "{}", own.detail);
        for text in [&start.detail, &own.detail] {
            assert!(!text.contains("sealed"), "{text}");
        }
        assert!(start.detail.contains("order_number = ?") && !start.detail.contains("secret"), "{}", start.detail);
        assert_eq!(history::list(app, carl, &PageRequest::default()).await.unwrap().items[0].id, id);
        refused(history::get(app, &story.mara.caller, id).await, Code::NotFound, None);
    }
}

#[tokio::test]
async fn refusals_are_recorded_and_bad_texts_refused() {
    for story in Story::each().await {
        let (app, carl) = (story.app(), &story.carl.caller);
        for sql in ["select 1\0", "drop table x", "select * from nowhere", "copy x to 'y'", ""] {
            let fault = story.query(carl, sql).await.unwrap_err();
            assert!([400, 422].contains(&fault.code.status()), "{sql:?}: {fault:?}");
        }
        let denied = events(app, &Caller::system("test"), "query.start").await;
        assert_eq!(denied.iter().filter(|event| event.outcome.as_str() == "denied").count(), 5);
        refused(rows(app, &anonymous(), &story.asked("select 1")).await, Code::Unauthenticated, None);
        let nobody = anonymous().acting_in(Some(story.consumer));
        refused(schema::tables(app, &nobody).await, Code::Unauthenticated, None);
        refused(
            rows(app, carl, &Ask::new("select 1", Some(story.stage.project))).await,
            Code::NotFound,
            Some("project"),
        );
        assert_eq!(app.queries.count(), 0, "no refused query keeps its place");
    }
}

#[tokio::test]
async fn viewers_look_and_take_nothing_away() {
    let story = Story::sqlite().await;
    let (app, vera) = (story.app(), &story.vera.caller);
    story.subscribed(None, None).await;
    let ask = story.asked(&format!("select quantity from {TABLE}"));
    assert_eq!(rows(app, vera, &ask).await.unwrap().lines().count(), 12);
    let export = Ask { export: true, ..ask.clone() };
    refused(rows(app, vera, &export).await, Code::Forbidden, None);
    assert_eq!(rows(app, &story.carl.caller, &export).await.unwrap().lines().count(), 12);
    let denied = events(app, &Caller::system("test"), "query.start").await;
    assert_eq!(denied.iter().filter(|event| event.outcome.as_str() == "denied").count(), 1);
    let input = saved::SavedInput { name: "q".into(), description: String::new(), sql: ask.sql.clone() };
    refused(saved::create(app, vera, story.consumer, &input).await, Code::Forbidden, None);
    let kept = saved::create(app, &story.carl.caller, story.consumer, &input).await.unwrap();
    assert_eq!(saved::get(app, vera, kept.id).await.unwrap().sql_text, ask.sql);
    refused(saved::delete(app, vera, kept.id).await, Code::Forbidden, None);
    let hidden = refused(saved::delete(app, &story.stage.outsider.caller, kept.id).await, Code::NotFound, None);
    let absent = saved::delete(app, &story.stage.outsider.caller, uuid::Uuid::nil().into()).await;
    assert_eq!(hidden.to_string(), refused(absent, Code::NotFound, None).to_string());
    let tables = schema::tables(app, &vera.clone().acting_in(Some(story.consumer))).await.unwrap();
    assert!(!tables[0].export);
}

#[tokio::test]
async fn rows_take_a_token_that_may_query() {
    let story = Story::sqlite().await;
    let app = story.app();
    story.subscribed(None, None).await;
    let sql = format!("select quantity from {TABLE}");
    let reader = token(app, &story.carl, &[TokenScope::Read, TokenScope::Write]).await;
    let reader_in = reader.clone().acting_in(Some(story.consumer));
    refused(story.query(&reader, &sql).await, Code::Forbidden, None);
    refused(preview::of_asset(app, &reader_in, story.asset).await, Code::Forbidden, None);
    refused(history::list(app, &reader, &PageRequest::default()).await, Code::Forbidden, None);
    assert_eq!(schema::tables(app, &reader_in).await.unwrap().len(), 1);
    let asker = token(app, &story.carl, &[TokenScope::Query]).await;
    assert_eq!(story.query(&asker, &sql).await.unwrap().lines().count(), 12);
    refused(schema::tables(app, &asker.acting_in(Some(story.consumer))).await, Code::Forbidden, None);
}

/// Each way to lose access while rows are on their way.
#[tokio::test]
async fn a_running_query_ends_with_the_access_it_began_with() {
    for way in ["revoke", "cancel", "member", "disable", "sign out", "token", "clock", "other server"] {
        let story = Story::sqlite().await;
        let (app, world) = (story.app(), &story.stage.world);
        let subscription = story.subscribed(None, Some(1)).await;
        let caller = match way {
            "token" => token(app, &story.carl, &[TokenScope::Query]).await,
            _ => story.carl.caller.clone(),
        };
        let answer = run::run(app, &caller, &story.asked(&format!("select * from {TABLE}")), CSV).await.unwrap();
        let owner = story.owner();
        match way {
            "revoke" => subscriptions::revoke(app, owner, subscription, "over").await.unwrap(),
            "cancel" => subscriptions::cancel(app, &story.mara.caller, subscription, "over").await.unwrap(),
            "member" => {
                drop(members::remove(app, &story.mara.caller, story.consumer, story.carl.member()).await.unwrap())
            }
            "disable" => drop(users::set_disabled(app, &story.stage.admin.caller, story.carl.id, true).await.unwrap()),
            "sign out" => {
                let lakegate_app::Identity::Session(id) = caller.identity else { panic!("a session") };
                lakegate_app::accounts::sign_in::sign_out(app, &caller, id).await.unwrap();
            }
            "token" => {
                let lakegate_app::Identity::ApiToken(id) = caller.identity else { panic!("a token") };
                api_tokens::revoke(app, &story.carl.caller, id).await.unwrap();
            }
            "clock" => world.wait(TimeDelta::days(1) - TimeDelta::microseconds(1)),
            _ => subscriptions::revoke(&world.again(), owner, subscription, "over").await.unwrap(),
        }
        // What this process did not do itself is seen at the next look.
        if ["clock", "other server"].contains(&way) {
            world.wait(TimeDelta::seconds(1));
        }
        let id = answer.id;
        refused(body(answer).await, Code::Cancelled, None);
        let ends = events(app, &Caller::system("test"), "query.end").await;
        assert_eq!((ends.len(), ends[0].subject_id), (1, Some(id.into())), "{way}");
        assert!(ends[0].detail.contains("cancelled"), "{way}: {}", ends[0].detail);
        assert_eq!(app.queries.count(), 0, "{way}");
    }
}

#[tokio::test]
async fn a_longer_query_goes_on_while_its_access_holds() {
    let story = Story::sqlite().await;
    story.subscribed(None, Some(1)).await;
    let ask = story.asked(&format!("select quantity from {TABLE}"));
    let answer = run::run(story.app(), &story.carl.caller, &ask, CSV).await.unwrap();
    story.stage.world.wait(TimeDelta::minutes(5));
    assert_eq!(body(answer).await.unwrap().lines().count(), 12);
}

#[tokio::test]
async fn a_kept_result_is_gone_once_the_access_changed() {
    for story in Story::each().await {
        let (app, carl) = (story.app(), &story.carl.caller);
        kept::recover(app).await.unwrap();
        let subscription = story.subscribed(None, None).await;
        let id = kept::start(app, carl, &story.asked(&format!("select * from {TABLE}"))).await.unwrap();
        assert_eq!(ended(app, carl, id).await.state, QueryState::Succeeded);
        assert_eq!(page(app, carl, id).await.unwrap(), 11);
        refused(page(app, &story.mara.caller, id).await, Code::NotFound, None);
        assert!(kept::quota(app, carl).await.unwrap().used > 0);
        subscriptions::revoke(app, story.owner(), subscription, "over").await.unwrap();
        refused(page(app, carl, id).await, Code::Gone, None);
        members::remove(app, &story.mara.caller, story.consumer, story.carl.member()).await.unwrap();
        refused(page(app, carl, id).await, Code::Gone, None);
        kept::delete(app, carl, id).await.unwrap();
        assert_eq!(kept::quota(app, carl).await.unwrap().used, 0);
        refused(kept::delete(app, carl, id).await, Code::Gone, None);
    }
}

#[tokio::test]
async fn kept_results_end_with_the_day_and_with_the_server() {
    let story = Story::sqlite().await;
    let (app, world) = (story.app(), &story.stage.world);
    kept::recover(app).await.unwrap();
    story.subscribed(None, None).await;
    let ask = story.asked(&format!("select * from {TABLE}"));
    let files = || std::fs::read_dir(app.settings.data_dir.join("results")).unwrap().count();
    let first = kept::start(app, &story.carl.caller, &ask).await.unwrap();
    ended(app, &story.carl.caller, first).await;
    assert_eq!(files(), 1);
    world.wait(kept::KEPT_FOR);
    let carl = world.sign_in("carl").await;
    refused(page(app, &carl, first).await, Code::Gone, None);
    assert_eq!((kept::sweep(app).await.unwrap(), files()), (1, 0));
    let second = kept::start(app, &carl, &ask).await.unwrap();
    ended(app, &carl, second).await;
    assert_eq!(page(app, &carl, second).await.unwrap(), 11);
    kept::recover(&world.again()).await.unwrap();
    assert_eq!(files(), 0);
    refused(page(app, &carl, second).await, Code::Gone, None);
    assert_eq!(kept::quota(app, &carl).await.unwrap().used, 0);
}

#[tokio::test]
async fn a_query_that_a_stopped_server_left_is_ended_and_recorded() {
    let story = Story::sqlite().await;
    let (app, world) = (story.app(), &story.stage.world);
    story.subscribed(None, None).await;
    let answer = run::run(app, &story.carl.caller, &story.asked(&format!("select * from {TABLE}")), CSV).await.unwrap();
    let again = world.again();
    kept::recover(&again).await.unwrap();
    let run = history::get(&again, &story.carl.caller, answer.id).await.unwrap();
    assert_eq!((run.state, run.code.as_deref()), (QueryState::Failed, Some("unavailable")));
    assert_eq!(events(&again, &Caller::system("test"), "query.end").await.len(), 1);
}
