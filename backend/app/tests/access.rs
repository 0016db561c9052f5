//! Asking for access, deciding, using it, and its end; on every database there is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "access/break_glass.rs"]
mod break_glass;
#[path = "access/reviews.rs"]
mod reviews;
#[path = "catalog/stage.rs"]
#[allow(dead_code)]
mod stage;
#[path = "access/story.rs"]
#[allow(dead_code)]
mod story;
mod support;

use chrono::TimeDelta;
use lakegate_app::{
    access::{
        decisions::{self, Approval},
        expiry,
        requests::{self, Edit, Wish},
        subscriptions, views,
    },
    catalog::edit::{AssetEdit, ColumnEdit},
    places::{domains, members},
    query::{preview, schema},
};
use lakegate_model::{
    Code, PageRequest,
    words::{Discover, ProjectRole, RequestState, SubscriptionState, TokenScope},
};
use story::{Story, TABLE, token};
use support::refused;

fn reason(text: &str) -> Approval {
    Approval { reason: text.into(), ..Approval::default() }
}

#[tokio::test]
async fn the_whole_story() {
    for story in Story::each().await {
        let (app, carl) = (story.app(), &story.carl.caller);
        let all = format!("select count(*) as n, sum(quantity) as q from {TABLE}");
        let before = refused(story.query(carl, &all).await, Code::Unprocessable, Some("sql"));
        refused(
            preview::of_asset(app, &carl.clone().acting_in(Some(story.consumer)), story.asset).await,
            Code::Forbidden,
            None,
        );

        let request = story.ask(&story.carl, &story.wish()).await;
        let tasks = views::tasks(app, story.owner(), &PageRequest::default()).await.unwrap().items;
        assert_eq!(tasks.iter().map(|task| task.request.id).collect::<Vec<_>>(), [request]);
        assert_eq!((tasks[0].requester_name.as_str(), tasks[0].request.reference().as_str()), ("carl", "REQ-000001"));
        refused(story.query(carl, &all).await, Code::Unprocessable, Some("sql"));
        let subscription = story.approve(request, &reason("fits the purpose")).await;
        assert_eq!(story.query(carl, &all).await.unwrap(), "n,q\r\n11,363\r\n");
        assert_eq!(story.subscription(subscription).await.tables, [TABLE]);
        assert_eq!(story.told(&story.carl).await, ["REQ-000001 was approved: Catalog Sales Data"]);

        // Another project stays out.
        let other = story.stage.world.project(&story.stage.outsider, story.stage.domain, "Third").await;
        let third = story.stage.outsider.caller.clone().acting_in(Some(other));
        refused(
            story::rows(app, &third, &lakegate_app::query::Ask::new(all.as_str(), Some(other))).await,
            Code::Unprocessable,
            Some("sql"),
        );

        subscriptions::revoke(app, story.owner(), subscription, "the campaign is over").await.unwrap();
        let after = refused(story.query(carl, &all).await, Code::Unprocessable, Some("sql"));
        assert_eq!(after.to_string(), before.to_string(), "after the revocation as if there had never been one");
        let unknown =
            refused(story.query(carl, &all.replace("sales", "salez")).await, Code::Unprocessable, Some("sql"));
        assert_eq!(after.to_string(), unknown.to_string().replace("salez", "sales"), "hidden and unknown are one");
        assert_eq!(story.subscription(subscription).await.subscription.state, SubscriptionState::Revoked);
        refused(subscriptions::revoke(app, story.owner(), subscription, "again").await, Code::Conflict, None);
    }
}

#[tokio::test]
async fn exactly_the_granted_columns_exist() {
    for story in Story::each().await {
        let carl = &story.carl.caller;
        let columns = story.columns(&["quantity", "sales_price", "discount"]).await;
        let request = story.ask(&story.carl, &Wish { columns: Some(columns.clone()), ..story.wish() }).await;
        let wide = Approval { columns: Some(story.columns(&["list_price"]).await), ..reason("more") };
        refused(decisions::approve(story.app(), story.owner(), request, &wide).await, Code::Invalid, Some("columns"));
        story.approve(request, &Approval { columns: Some(columns[..2].to_vec()), ..reason("less") }).await;
        let head = story.query(carl, &format!("select * from {TABLE} limit 1")).await.unwrap();
        assert_eq!(head.lines().next(), Some("quantity,sales_price"));
        let hidden = story.query(carl, &format!("select discount from {TABLE}")).await;
        let unknown = story.query(carl, &format!("select discoumt from {TABLE}")).await;
        let (hidden, unknown) =
            (refused(hidden, Code::Unprocessable, Some("sql")), refused(unknown, Code::Unprocessable, Some("sql")));
        assert_eq!(hidden.to_string(), unknown.to_string().replace("discoumt", "discount"));
        let tables = schema::tables(story.app(), &carl.clone().acting_in(Some(story.consumer))).await.unwrap();
        assert_eq!((tables.len(), tables[0].columns.len(), tables[0].partial), (1, 2, true));
    }
}

#[tokio::test]
async fn an_amendment_replaces_the_grant() {
    for story in Story::each().await {
        let first = story.subscribed(Some(&["quantity"]), None).await;
        let columns = story.columns(&["discount"]).await;
        let request = story.ask(&story.carl, &Wish { columns: Some(columns), ..story.wish() }).await;
        assert_eq!(story.approve(request, &reason("instead")).await, first, "one subscription, amended");
        let head = story.query(&story.carl.caller, &format!("select * from {TABLE} limit 1")).await.unwrap();
        assert_eq!(head.lines().next(), Some("discount"));
        // An amendment of what was taken back meanwhile begins anew, with its table.
        let request = story.ask(&story.carl, &story.wish()).await;
        subscriptions::revoke(story.app(), story.owner(), first, "over").await.unwrap();
        let second = story.approve(request, &reason("again")).await;
        assert_ne!(second, first);
        assert_eq!(story.subscription(second).await.tables, [TABLE]);
        assert!(story.subscription(first).await.grant.is_none());
        let n = story.query(&story.carl.caller, &format!("select count(*) as n from {TABLE}")).await.unwrap();
        assert_eq!(n, "n\r\n11\r\n");
    }
}

#[tokio::test]
async fn nobody_approves_his_own_wish() {
    for story in Story::each().await {
        let (app, world) = (story.app(), &story.stage.world);
        // Carl owns the producing project too, through a group; Mara does by herself.
        let group = world.group("owners", &[&story.carl]).await;
        let member = (lakegate_model::words::MemberKind::Group, group.into());
        members::add(app, story.owner(), story.stage.project, member, ProjectRole::Owner).await.unwrap();
        world.join(&story.stage.owner, story.stage.project, &story.mara, ProjectRole::Owner).await;
        let columns = story.columns(&["quantity"]).await;
        let request = story.ask(&story.carl, &Wish { columns: Some(columns), ..story.wish() }).await;
        refused(decisions::approve(app, &story.carl.caller, request, &reason("mine")).await, Code::Forbidden, None);
        let edit = Edit { reason: "all of it".into(), columns: None, until: None };
        requests::edit(app, &story.mara.caller, request, &edit).await.unwrap();
        refused(decisions::approve(app, &story.mara.caller, request, &reason("ours")).await, Code::Forbidden, None);
        refused(decisions::approve(app, &story.vera.caller, request, &reason("?")).await, Code::Forbidden, None);
        refused(
            decisions::approve(app, &story.stage.outsider.caller, request, &reason("?")).await,
            Code::NotFound,
            None,
        );
        story.approve(request, &reason("seen by another")).await;
    }
}

#[tokio::test]
async fn governed_data_need_an_approver_outside_the_asking_project() {
    for story in Story::each().await {
        let (app, world) = (story.app(), &story.stage.world);
        let tagged =
            AssetEdit { tags: Some(vec!["PII".into()]), discover: Some(Some(Discover::Open)), ..AssetEdit::default() };
        story.stage.edit(story.asset, &tagged).await;
        world.join(&story.stage.owner, story.stage.project, &story.mara, ProjectRole::Owner).await;
        let request = story.ask(&story.carl, &story.wish()).await;
        let state = views::get(app, story.owner(), views::RequestKey::Id(request)).await.unwrap().view.request.state;
        assert_eq!(state, RequestState::Pending, "open, but not for governed data");
        refused(decisions::approve(app, &story.mara.caller, request, &reason("ours")).await, Code::Forbidden, None);
        story.approve(request, &reason("from outside")).await;
    }
}

/// Access rule 16: a steward decides where no owner may, and only there.
#[tokio::test]
async fn the_steward_is_the_fallback() {
    for story in Story::each().await {
        let (app, world, owner) = (story.app(), &story.stage.world, &story.stage.owner);
        let stella = world.person("stella").await;
        domains::add_steward(app, &story.stage.admin.caller, story.stage.domain, stella.id).await.unwrap();
        let tasks = async |person: &support::Person| {
            let listed = views::tasks(app, &person.caller, &PageRequest::default()).await.unwrap().items.len();
            let counted = views::task_count(app, &person.caller).await.unwrap();
            assert_eq!(i64::try_from(listed).unwrap(), counted);
            listed
        };
        let request = story.ask(&story.carl, &story.wish()).await;
        assert_eq!((tasks(owner).await, tasks(&stella).await), (1, 0));
        refused(decisions::approve(app, &stella.caller, request, &reason("mine?")).await, Code::Forbidden, None);
        refused(preview::of_request(app, &stella.caller, request).await, Code::Forbidden, None);

        // Governed data, and the only owner joins the asking project: nobody is left but the steward.
        world.join(&story.mara, story.consumer, owner, ProjectRole::Viewer).await;
        assert_eq!(tasks(&stella).await, 0, "free data");
        let tagged = AssetEdit { tags: Some(vec!["pii: name".into()]), ..AssetEdit::default() };
        story.stage.edit(story.asset, &tagged).await;
        assert_eq!(tasks(&stella).await, 1);
        refused(decisions::approve(app, story.owner(), request, &reason("ours")).await, Code::Forbidden, None);
        decisions::approve(app, &stella.caller, request, &reason("from outside")).await.unwrap();
        story.query(&story.carl.caller, &format!("select count(*) from {TABLE}")).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_by_the_only_owner_goes_to_the_steward() {
    for story in Story::each().await {
        let (app, world, owner) = (story.app(), &story.stage.world, &story.stage.owner);
        let stella = world.person("stella").await;
        domains::add_steward(app, &story.stage.admin.caller, story.stage.domain, stella.id).await.unwrap();
        world.join(&story.mara, story.consumer, owner, ProjectRole::Contributor).await;
        let request = story.ask(owner, &story.wish()).await;
        refused(decisions::approve(app, story.owner(), request, &reason("mine")).await, Code::Forbidden, None);
        assert!(story.told(&stella).await[0].starts_with("REQ-000001: access to"));
        // A second owner takes the decision back to the project.
        let second = world.person("second").await;
        world.join(owner, story.stage.project, &second, ProjectRole::Owner).await;
        refused(decisions::approve(app, &stella.caller, request, &reason("?")).await, Code::Forbidden, None);
        decisions::approve(app, &second.caller, request, &reason("fine")).await.unwrap();
    }
}

#[tokio::test]
async fn an_open_asset_is_given_at_once_in_the_name_of_its_owner() {
    for story in Story::each().await {
        let open = AssetEdit { discover: Some(Some(Discover::Open)), ..AssetEdit::default() };
        story.stage.edit(story.asset, &open).await;
        let request = story.ask(&story.carl, &story.wish()).await;
        let detail = views::get(story.app(), &story.carl.caller, views::RequestKey::Number(1)).await.unwrap();
        assert_eq!((detail.view.request.id, detail.view.request.state), (request, RequestState::Approved));
        assert_eq!(detail.view.request.decided_by, Some(story.stage.owner.id));
        assert!(
            story.told(&story.stage.owner).await.iter().all(|title| !title.starts_with("REQ-")),
            "nothing to decide"
        );
        story.query(&story.carl.caller, &format!("select * from {TABLE}")).await.unwrap();
    }
}

#[tokio::test]
async fn viewers_neither_request_nor_comment_nor_give_back() {
    let story = Story::sqlite().await;
    let (app, vera) = (story.app(), &story.vera.caller);
    refused(requests::request(app, vera, &story.wish()).await, Code::Forbidden, Some("project"));
    let request = story.ask(&story.carl, &story.wish()).await;
    refused(requests::comment(app, vera, request, "hm").await, Code::Forbidden, None);
    refused(requests::withdraw(app, vera, request).await, Code::Forbidden, None);
    let reader = token(app, &story.carl, &[TokenScope::Read]).await;
    refused(requests::comment(app, &reader, request, "hm").await, Code::Forbidden, None);
    let subscription = story.approve(request, &reason("fits")).await;
    refused(subscriptions::cancel(app, vera, subscription, "").await, Code::Forbidden, None);
    subscriptions::cancel(app, &story.carl.caller, subscription, "done").await.unwrap();
    assert_eq!(story.subscription(subscription).await.subscription.state, SubscriptionState::Cancelled);
}

#[tokio::test]
async fn a_question_gives_the_turn_away_and_an_answer_takes_it_back() {
    let story = Story::sqlite().await;
    let app = story.app();
    let request = story.ask(&story.carl, &story.wish()).await;
    let state =
        async || views::get(app, story.owner(), views::RequestKey::Id(request)).await.unwrap().view.request.state;
    requests::comment(app, story.owner(), request, "What for?").await.unwrap();
    assert_eq!(state().await, RequestState::NeedsInformation);
    requests::comment(app, &story.carl.caller, request, "For a model.").await.unwrap();
    assert_eq!(state().await, RequestState::Pending);
    requests::withdraw(app, &story.carl.caller, request).await.unwrap();
    refused(decisions::approve(app, story.owner(), request, &reason("late")).await, Code::Conflict, None);
}

#[tokio::test]
async fn whoever_left_the_project_has_no_part_in_its_requests() {
    for story in Story::each().await {
        let app = story.app();
        let request = story.ask(&story.carl, &story.wish()).await;
        members::remove(app, &story.mara.caller, story.consumer, story.carl.member()).await.unwrap();
        refused(requests::withdraw(app, &story.carl.caller, request).await, Code::NotFound, None);
        let filter = lakegate_store::requests::RequestFilter {
            side: lakegate_store::requests::Side::Both,
            open_only: false,
            project: None,
            asset: None,
        };
        assert!(views::list(app, &story.carl.caller, filter, &PageRequest::default()).await.unwrap().items.is_empty());
        assert_eq!(views::list(app, &story.mara.caller, filter, &PageRequest::default()).await.unwrap().items.len(), 1);
    }
}

#[tokio::test]
async fn unlisted_columns_are_shown_to_deciders_alone() {
    let story = Story::sqlite().await;
    let app = story.app();
    let id = story.columns(&["discount"]).await[0];
    let hide = ColumnEdit { unlisted: Some(true), ..ColumnEdit::of(id) };
    story.stage.edit(story.asset, &AssetEdit { columns: vec![hide], ..AssetEdit::default() }).await;
    let request = story.ask(&story.carl, &story.wish()).await;
    let key = views::RequestKey::Id(request);
    let named = |detail: &views::RequestDetail| detail.not_wished.iter().any(|column| column.id == id);
    assert!(!named(&views::get(app, &story.carl.caller, key).await.unwrap()));
    assert!(named(&views::get(app, story.owner(), key).await.unwrap()));
    let shown = preview::of_request(app, story.owner(), request).await.unwrap();
    assert_eq!((shown.columns.len(), shown.rows.len()), (11, 11), "what the asking project would get");
    let wide = Approval { columns: Some(vec![id]), ..reason("take this") };
    refused(decisions::approve(app, story.owner(), request, &wide).await, Code::Invalid, Some("columns"));
    story.approve(request, &reason("all")).await;
    let tables = schema::tables(app, &story.carl.caller.clone().acting_in(Some(story.consumer))).await.unwrap();
    assert_eq!(
        (tables[0].columns.len(), tables[0].partial),
        (11, false),
        "not even the number of the unlisted is told"
    );
}

#[tokio::test]
async fn access_ends_by_the_clock_and_is_announced_once() {
    for story in Story::each().await {
        let (app, world) = (story.app(), &story.stage.world);
        let subscription = story.subscribed(None, Some(20)).await;
        let sql = format!("select count(*) as n from {TABLE}");
        for (days, notices) in [(5, 0), (1, 1), (6, 1), (1, 2), (5, 2), (1, 3)] {
            world.wait(TimeDelta::days(days));
            for _ in 0..2 {
                assert_eq!(expiry::run(app).await.unwrap(), 0);
            }
            let vera = world.sign_in("vera").await;
            let vera = support::Person { id: story.vera.id, caller: vera };
            let told = story.told(&vera).await;
            assert_eq!(told.iter().filter(|title| title.contains(" ends ")).count(), notices, "{told:?}");
        }
        let carl = world.sign_in("carl").await;
        world.wait(TimeDelta::hours(11));
        story.query(&carl, &sql).await.unwrap();
        world.wait(TimeDelta::days(1) - TimeDelta::hours(11) - TimeDelta::microseconds(1));
        let carl = world.sign_in("carl").await;
        story.query(&carl, &sql).await.unwrap();
        world.wait(TimeDelta::microseconds(1));
        refused(story.query(&carl, &sql).await, Code::Unprocessable, Some("sql"));
        assert_eq!(expiry::run(app).await.unwrap(), 1);
        assert_eq!(expiry::run(app).await.unwrap(), 0);
        let mara = world.sign_in("mara").await;
        let view = views::subscription(app, &mara, subscription).await.unwrap();
        assert_eq!((view.subscription.state, view.grant), (SubscriptionState::Expired, None));
    }
}

#[tokio::test]
async fn an_end_that_passed_meanwhile_cannot_be_approved() {
    let story = Story::sqlite().await;
    let until = Some(story.app().now() + TimeDelta::hours(1));
    let request = story.ask(&story.carl, &Wish { until, ..story.wish() }).await;
    story.stage.world.wait(TimeDelta::hours(1));
    let owner = story.stage.world.sign_in("olga").await;
    refused(decisions::approve(story.app(), &owner, request, &reason("late")).await, Code::Conflict, Some("until"));
    let far = Some(story.app().now() + TimeDelta::days(365_000));
    let edit = Edit { reason: "longer".into(), columns: None, until: far };
    let carl = story.stage.world.sign_in("carl").await;
    refused(requests::edit(story.app(), &carl, request, &edit).await, Code::Invalid, Some("until"));
}
