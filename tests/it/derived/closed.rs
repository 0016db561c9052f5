//! A result is for those who see as much of what it was made from as its maker saw (access rule 18).

use lakegate_tests::{
    Client, Server, Value, both,
    people::Person,
    story::{self, Team, rows},
    upload,
};
use serde_json::json;

use super::{Side, ask, named, run};

/// A table of people that a producer has published, and a project that subscribed to it.
pub(crate) struct Lent {
    pub producer: Team,
    pub consumer: Side,
    pub asset: String,
    pub subscription: String,
    /// The table as the consumer writes it.
    pub people: String,
}

impl Lent {
    /// `with` is what the approval narrows.
    pub async fn of(app: &Server, with: Value) -> Self {
        let domain = app.domain("Market").await;
        let producer = app.team("olga", &domain, "Producer", "lake").await;
        let people = "id,name,city,pay\n1,Ann,Oslo,10\n2,Bo,Rome,20\n3,Cy,Oslo,30\n".into();
        let answer = upload::upload(&producer.owner, &producer.environment.id, "people", "people.csv", people).await;
        let asset = upload::asset(answer).0;
        story::publish(&producer.owner, &asset, "All people").await;
        let consumer = Side::of(app.team("mark", &domain, "Consumer", "studio").await).await;
        let wish = story::ask(&consumer.team.owner, &consumer.team.project, &asset, "To plan").await;
        let subscription = story::approve(&producer.owner, &wish, with).await;
        let people = format!("{}.people", consumer.team.environment.subscribed);
        Self { producer, consumer, asset, subscription, people }
    }

    pub async fn give(&self, asset: &str, giver: &Client, to: &Person, filter: Option<&str>) {
        let text = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) { ok problem { message } } }";
        let mut input =
            json!({ "asset": asset, "to": { "kind": "USER", "id": to.id }, "export": true, "reason": "To read" });
        if let Some(filter) = filter {
            input["rowFilter"] = json!(filter);
        }
        let made = ask(giver, text, json!({ "input": input })).await;
        assert_eq!(made["ok"], true, "{made}");
    }

    async fn asset_of(&self, derived: &str) -> String {
        let shown = ask(&self.consumer.team.owner, super::SHOW, json!({ "id": derived })).await;
        shown["assetId"].as_str().unwrap().to_owned()
    }
}

async fn unknown(client: &Client, sql: &str) {
    client.query(sql).await.problem(422, "unprocessable");
}

both!(
    async fn a_result_is_closed_to_whom_its_sources_are_closed(app) {
        let lent = Lent::of(app, json!({ "reason": "Agreed", "export": true })).await;
        let (mark, consumer) = (lent.consumer.team.acting(), &lent.consumer);
        let derived = consumer.derived("cities", &format!("select id, city from {}", lent.people)).await;
        consumer.built(&derived).await;
        let text = format!("select id, city from {} order by id", consumer.table("cities"));
        assert_eq!(rows(&mark, &text).await.len(), 3);
        // Somebody else is given the result: it opens nothing that the source does not open to her.
        let side = app.team("ana", &app.domain("Side").await, "Side", "side").await;
        let (ana, made) = (side.acting(), lent.asset_of(&derived).await);
        lent.give(&made, &consumer.team.owner, &side.owner, None).await;
        unknown(&ana, &text).await;
        let why = "query ($asset: ID!, $project: ID!) { explainAccess(asset: $asset, project: $project) {
            columns { name shows words } } }";
        let explained = ask(&side.owner, why, json!({ "asset": made, "project": side.project })).await;
        assert_eq!(explained["columns"][0]["shows"], "NOTHING", "{explained}");
        assert!(explained["columns"][0]["words"].as_str().unwrap().contains("as much as its maker"), "{explained}");
        // Rows that her filter withholds stand in the result.
        lent.give(&lent.asset, &lent.producer.owner, &side.owner, Some("city = 'Oslo'")).await;
        unknown(&ana, &text).await;
        lent.give(&lent.asset, &lent.producer.owner, &side.owner, None).await;
        assert_eq!(rows(&ana, &text).await.len(), 3);
        // It is not the project's to publish.
        story::accept_names(&consumer.team.owner, &made).await;
        let ready = consumer.team.owner.get(&format!("/api/v1/assets/{made}/readiness")).await.ok();
        let missing = ready["missing"].as_array().unwrap();
        assert!(missing.iter().any(|missing| missing["field"] == "sources"), "{ready}");
        // The end of the grant closes the result to all whom it served, and nothing is read any more.
        story::revoke(&lent.producer.owner, &lent.subscription, "It is over").await;
        unknown(&mark, &text).await;
        unknown(&ana, &text).await;
        let view = consumer.team.owner.get(&format!("/api/v1/assets/{made}")).await.ok();
        assert_eq!((&view["files"], &view["bytes"]), (&Value::Null, &Value::Null), "counts are read");
        let failed = run(&consumer.team.owner, &derived).await;
        assert_eq!((&failed["state"], &failed["error_code"]), (&json!("failed"), &json!("unprocessable")), "{failed}");
        assert!(!failed.to_string().contains("people"), "{failed}");
    }
);

both!(
    async fn what_the_maker_may_not_see_is_in_no_result(app) {
        let narrowed = json!({ "reason": "Agreed", "export": true, "row_filter": "city = 'Oslo'" });
        let lent = Lent::of(app, narrowed).await;
        let (mark, consumer) = (lent.consumer.team.acting(), &lent.consumer);
        let derived = consumer.derived("pays", &format!("select name, pay from {}", lent.people)).await;
        consumer.built(&derived).await;
        let text = format!("select name, pay from {} order by name", consumer.table("pays"));
        assert_eq!(rows(&mark, &text).await, [[json!("Ann"), json!(10)], [json!("Cy"), json!(30)]]);
        // The same filter sees the same; a rule that comes later closes the result until it is made anew.
        let whole = story::asset(&lent.producer.owner, &lent.asset).await;
        let input = json!({ "asset": lent.asset, "effect": "MASK", "mask": "REPLACE_WITH_NULL",
            "columns": [story::column(&whole, "pay")], "reason": "Nobody's business" });
        let restrict = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) {
            ok problem { message } } }";
        let made = ask(&lent.producer.owner, restrict, json!({ "input": input })).await;
        assert_eq!(made["ok"], true, "{made}");
        unknown(&mark, &text).await;
        consumer.built(&derived).await;
        assert_eq!(rows(&mark, &text).await, [[json!("Ann"), Value::Null], [json!("Cy"), Value::Null]]);
    }
);

both!(
    async fn what_may_not_leave_is_not_stored(app) {
        let lent = Lent::of(app, json!({ "reason": "Look", "export": false })).await;
        let sql = format!("select id from {}", lent.people);
        assert_eq!(rows(&lent.consumer.team.acting(), &sql).await.len(), 3);
        let refused = lent.consumer.try_derived(&lent.consumer.team.owner, "ids", &sql, &lent.consumer.account).await;
        assert_eq!(named(&refused["problem"]), ("forbidden", "account"), "{refused}");
    }
);
