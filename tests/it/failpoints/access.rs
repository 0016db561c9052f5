//! A change of rights: in force as a whole, or not begun.

use lakegate_tests::{
    both, json,
    story::{self, rows},
};
use reqwest::Method;

use super::{dead, here, to_die, unanswered};

pub(super) const CHANGE: &[&str] = &["change.committed"];

both!(
    async fn a_grant_and_its_end(app) {
        let sales = app.published_sales().await;
        let request = story::ask(&sales.consumer.owner, &sales.consumer.project, &sales.asset, "Use").await;
        let sql = format!("select count(*) from {}", sales.granted());
        for point in CHANGE {
            let path = format!("/api/v1/requests/{request}");
            to_die(app, point).await;
            let owner = here(&sales.producer.owner, app);
            unanswered(&owner, Method::POST, &format!("{path}/approve"), json!({ "reason": "Fine" }), point).await;
            dead(app, point).await;
            let (owner, user) = (here(&sales.producer.owner, app), here(&sales.consumer.acting(), app));
            let request = owner.get(&path).await.ok();
            assert_eq!(request["state"], "approved", "{request}");
            assert_eq!(rows(&user, &sql).await, [[json!(11)]]);
            owner.post(&format!("{path}/approve"), json!({ "reason": "Fine" })).await.is(409);

            let all = user.get("/api/v1/subscriptions").await.ok();
            let subscription = all["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no subscription: {all}"));
            let path = format!("/api/v1/subscriptions/{subscription}/revoke");
            to_die(app, point).await;
            let owner = here(&sales.producer.owner, app);
            unanswered(&owner, Method::POST, &path, json!({ "reason": "Enough" }), point).await;
            dead(app, point).await;
            let (owner, user) = (here(&sales.producer.owner, app), here(&sales.consumer.acting(), app));
            assert!(user.query(&sql).await.status.is_client_error());
            owner.post(&path, json!({ "reason": "Enough" })).await.is(409);
        }
    }
);
