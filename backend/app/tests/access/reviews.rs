//! The day of a review, and how long ago counts as lately.

use chrono::TimeDelta;
use lakegate_app::{
    App, Caller,
    access::{
        expiry, notices,
        reviews::{self, Decision, NewReview, Over},
    },
};
use lakegate_model::{Code, PageRequest, words::ReviewDecision};

use crate::{
    reason,
    story::{Story, TABLE},
    support::refused,
};

/// What somebody was told of undecided grants.
async fn undecided(app: &App, caller: &Caller) -> Vec<String> {
    let told = notices::list(app, caller, &PageRequest::default()).await.unwrap().items;
    told.into_iter().map(|notice| notice.title).filter(|title| title.contains("undecided")).collect()
}

#[tokio::test]
async fn those_who_run_a_review_are_told_once_on_its_day_of_what_is_undecided() {
    for story in Story::each().await {
        let (app, world) = (story.app(), &story.stage.world);
        let request = story.ask(&story.carl, &story.wish()).await;
        story.approve(request, &reason("agreed")).await;
        let due = app.now() + TimeDelta::days(10);
        let new = NewReview { title: "First quarter".into(), over: Over::Asset(story.asset), due };
        let begun = reviews::start(app, story.owner(), &new).await.unwrap();
        assert_eq!(begun.progress(), (0, 1));
        expiry::run(app).await.unwrap();
        assert_eq!(undecided(app, story.owner()).await, Vec::<String>::new(), "its day has not come");
        world.wait(TimeDelta::days(11));
        let owner = world.sign_in("olga").await;
        expiry::run(app).await.unwrap();
        expiry::run(app).await.unwrap();
        assert_eq!(undecided(app, &owner).await, ["1 of 1 grants are undecided: First quarter"]);
        // It stays open, and what is decided late is decided.
        let keep = Decision { what: ReviewDecision::Keep, note: String::new(), days: None };
        let view = reviews::decide(app, &owner, begun.items[0].item.id, &keep).await.unwrap();
        assert_eq!(view.progress(), (1, 1));
        assert!(view.review.closed_at.is_none() && view.review.reminded_at.is_some());
    }
}

#[tokio::test]
async fn what_was_used_long_ago_is_not_what_was_used_lately() {
    for story in Story::each().await {
        let (app, world) = (story.app(), &story.stage.world);
        let request = story.ask(&story.carl, &story.wish()).await;
        story.approve(request, &reason("agreed")).await;
        story.query(&story.carl.caller, &format!("select sum(quantity) from {TABLE}")).await.unwrap();
        let due = app.now() + TimeDelta::days(200);
        let new = NewReview { title: "Later".into(), over: Over::Asset(story.asset), due };
        let begun = reviews::start(app, story.owner(), &new).await.unwrap();
        let item = begun.items[0].item.clone();
        assert_eq!(item.used_columns, "quantity");
        world.wait(TimeDelta::days(40));
        let owner = world.sign_in("olga").await;
        let shrink = |days| Decision { what: ReviewDecision::Shrink, note: "less".into(), days: Some(days) };
        let fault = refused(reviews::decide(app, &owner, item.id, &shrink(30)).await, Code::Conflict, None);
        assert_eq!(fault.message, "nothing was used of it in that time");
        refused(reviews::decide(app, &owner, item.id, &shrink(0)).await, Code::Invalid, Some("days"));
        let view = reviews::decide(app, &owner, item.id, &shrink(90)).await.unwrap();
        assert_eq!(view.items[0].item.decision, Some(ReviewDecision::Shrink));
    }
}
