//! Who would notice a change.

use lakegate_tests::{Client, Value, answer::id, both, story::rows};
use serde_json::json;

use super::code;
use crate::{derived::closed::Lent, workflows::ask};

const IMPACT: &str = "query ($asset: ID!, $column: String) { impact(asset: $asset, column: $column) {
    assets savedQueries nameless subscribers { projectName } graph { nodes { name kind } } } }";
const READERS: &str = "query ($asset: ID!, $column: String, $days: Int!, $first: Int, $after: String) {
    assetUsage(asset: $asset, column: $column, days: $days, first: $first, after: $after) {
        nodes { name projectName queries exports } pageInfo { hasNextPage endCursor } } }";

async fn impact(client: &Client, asset: &str, column: Option<&str>) -> Value {
    ask(client, IMPACT, json!({ "asset": asset, "column": column })).await
}

/// Name, project, queries and exports of readers, in order of names.
async fn readers(client: &Client, asset: &str, column: Option<&str>) -> Vec<(String, String, i64, i64)> {
    let found = ask(client, READERS, json!({ "asset": asset, "column": column, "days": 1 })).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| value.as_i64().unwrap();
    let reader =
        |one: &Value| (text(&one["name"]), text(&one["projectName"]), number(&one["queries"]), number(&one["exports"]));
    let mut all: Vec<_> = found["nodes"].as_array().unwrap().iter().map(reader).collect();
    all.sort();
    all
}

fn reader(name: &str, project: &str, queries: i64, exports: i64) -> (String, String, i64, i64) {
    (name.to_owned(), project.to_owned(), queries, exports)
}

both!(
    async fn those_who_use_a_column_are_named_to_its_owner(app) {
        let lent = Lent::of(app, json!({ "reason": "Agreed", "export": true })).await;
        let (owner, mark) = (&lent.producer.owner, lent.consumer.team.acting());
        let derived = lent.consumer.derived("pays", &format!("select id, pay from {}", lent.people)).await;
        lent.consumer.built(&derived).await;
        rows(&mark, &format!("select name, city from {}", lent.people)).await;
        rows(&mark, &format!("select count(*) from {}", lent.people)).await;
        mark.query_as(&format!("select name from {}", lent.people), "csv").await.is(200);
        let own = lent.producer.acting();
        rows(&own, &format!("select pay from {}.people", lent.producer.environment.published)).await;
        own.get(&format!("/api/v1/assets/{}/preview", lent.asset)).await.ok();
        let path = format!("/api/v1/projects/{}/saved-queries", lent.consumer.team.project);
        let kept = json!({ "name": "Rich", "description": "", "sql": format!("select id from {} where pay > 10", lent.people) });
        let saved = id(&mark.post(&path, kept.clone()).await.is(201).json());
        let (name, of) = (&lent.consumer.team.owner, "Consumer");
        let (mark_name, olga_name) = (own_name(name).await, own_name(owner).await);
        let olga = |queries| reader(&olga_name, "Producer", queries, 0);
        assert_eq!(
            readers(owner, &lent.asset, None).await,
            sorted(vec![reader(&mark_name, of, 3, 1), olga(2), reader("worker", of, 1, 1)])
        );
        assert_eq!(readers(owner, &lent.asset, Some("pay")).await, sorted(vec![olga(2), reader("worker", of, 1, 1)]));
        assert_eq!(readers(owner, &lent.asset, Some("city")).await, sorted(vec![reader(&mark_name, of, 1, 0), olga(1)]));
        // What is made of it: the owner is told how much, and not what.
        let whole = impact(owner, &lent.asset, None).await;
        let counts = |found: &Value| (found["assets"].clone(), found["savedQueries"].clone(), found["nameless"].clone());
        assert_eq!(counts(&whole), (json!(0), json!(0), json!(2)), "{whole}");
        assert_eq!(whole["subscribers"], json!([{ "projectName": "Consumer" }]));
        assert_eq!(counts(&impact(owner, &lent.asset, Some("pay")).await).2, 2, "one copies it, one filters by it");
        assert_eq!(counts(&impact(owner, &lent.asset, Some("name")).await).2, 0);
        // A saved query that says something else now, or is gone, notices nothing.
        let other = json!({ "name": "Rich", "description": "", "sql": format!("select city from {}", lent.people) });
        mark.put(&format!("/api/v1/saved-queries/{saved}"), other).await.ok();
        assert_eq!(counts(&impact(owner, &lent.asset, Some("pay")).await).2, 1);
        assert_eq!(counts(&impact(owner, &lent.asset, Some("city")).await).2, 1);
        mark.delete(&format!("/api/v1/saved-queries/{saved}")).await.is(204);
        assert_eq!(counts(&impact(owner, &lent.asset, Some("city")).await).2, 0);
        // It is for those who review the asset.
        let of = json!({ "asset": lent.asset, "column": null, "days": 1 });
        assert_eq!(code(name, IMPACT, json!({ "asset": lent.asset })).await, "forbidden");
        assert_eq!(code(name, READERS, of).await, "forbidden");
        assert_eq!(code(owner, READERS, json!({ "asset": lent.asset, "days": 0 })).await, "invalid");
        assert_eq!(code(owner, IMPACT, json!({ "asset": lent.asset, "column": "nothing" })).await, "not_found");
        let rest = owner.get(&format!("/api/v1/assets/{}/impact?column=pay", lent.asset)).await.ok();
        assert_eq!((&rest["nameless"], &rest["subscribers"][0]["project_name"]), (&json!(1), &json!("Consumer")));
    }
);

both!(
    async fn readers_page(app) {
        let lent = Lent::of(app, json!({ "reason": "Agreed", "export": true })).await;
        let owner = &lent.producer.owner;
        rows(&lent.consumer.team.acting(), &format!("select name from {}", lent.people)).await;
        rows(&lent.producer.acting(), &format!("select pay from {}.people", lent.producer.environment.published)).await;
        let first = ask(owner, READERS, json!({ "asset": lent.asset, "days": 1, "first": 1 })).await;
        assert_eq!((&first["nodes"][0]["projectName"], &first["pageInfo"]["hasNextPage"]), (&json!("Producer"), &json!(true)));
        let after = &first["pageInfo"]["endCursor"];
        let second = ask(owner, READERS, json!({ "asset": lent.asset, "days": 1, "first": 1, "after": after })).await;
        assert_eq!((&second["nodes"][0]["projectName"], &second["pageInfo"]["hasNextPage"]), (&json!("Consumer"), &json!(false)));
        let other = json!({ "asset": lent.asset, "days": 2, "first": 1, "after": after });
        assert_eq!(code(owner, READERS, other).await, "invalid", "a cursor is bound to its list");
    }
);

async fn own_name(client: &Client) -> String {
    let me = ask(client, "{ me { user { displayName } } }", json!({})).await;
    me["user"]["displayName"].as_str().unwrap().to_owned()
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}
