//! Things by their id alone, drafts, and the order of answers.

use lakegate_model::words::ProductRole;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Person, Site};

const NODE: &str = "query ($id: ID!) { me { name } node(id: $id) { __typename id ... on Project { name } ... on SavedQuery { sql } } }";

async fn node(site: &Site, person: &Person, id: &Value) -> Answer {
    site.post(person, &json!({ "query": NODE, "variables": { "id": id } })).await
}

/// Something of each of several kinds, all inside Olga's project.
async fn things(site: &Site, olga: &Person) -> Vec<(&'static str, Value)> {
    let domain = json!(Uuid::from(site.domain("Sales").await));
    let made =
        "mutation ($domain: ID!) { createProject(input: { domain: $domain, name: \"Producer\" }) { project { id } } }";
    let project = site.data(olga, made, json!({ "domain": domain })).await["createProject"]["project"]["id"].clone();
    let made = "mutation ($project: ID!) {
        createEnvironment(input: { project: $project, name: \"lake\" }) { environment { id } }
        saveQuery(project: $project, input: { name: \"All\", sql: \"select 1\" }) { savedQuery { id } }
        runQuery(project: $project, sql: \"select 1 as one\", waitMs: 10000) { query { run { id state } } }
    }";
    let inside = site.data(olga, made, json!({ "project": project })).await;
    vec![
        ("Domain", domain),
        ("Project", project),
        ("Environment", inside["createEnvironment"]["environment"]["id"].clone()),
        ("SavedQuery", inside["saveQuery"]["savedQuery"]["id"].clone()),
        ("QueryRun", inside["runQuery"]["query"]["run"]["id"].clone()),
    ]
}

#[tokio::test]
async fn a_thing_is_found_by_its_id_alone() {
    let site = Site::new().await;
    let olga = site.person("olga", &[]).await;
    for (kind, id) in things(&site, &olga).await {
        let found = node(&site, &olga, &id).await.json();
        assert_eq!(found["errors"], Value::Null, "{kind}: {found:#}");
        assert_eq!((&found["data"]["node"]["__typename"], &found["data"]["node"]["id"]), (&json!(kind), &id));
    }
}

#[tokio::test]
async fn hidden_things_are_absent_to_the_last_byte() {
    let site = Site::new().await;
    let olga = site.person("olga", &[]).await;
    // An administrator manages, but is a stranger to the project like anybody else.
    let ada = site.person("ada", &[ProductRole::Administrator]).await;
    let absent = node(&site, &ada, &json!(Uuid::from_u128(7))).await;
    assert_eq!(absent.json()["errors"][0]["extensions"]["code"], "not_found");
    for (kind, id) in things(&site, &olga).await.into_iter().filter(|(kind, _)| *kind != "Domain") {
        assert_eq!(node(&site, &ada, &id).await.text, absent.text, "{kind}");
    }
    let person = node(&site, &ada, &json!(Uuid::from(olga.id))).await;
    assert_eq!(person.text, absent.text, "kinds that have no look-up of their own");
}

#[tokio::test]
async fn a_draft_survives_and_is_its_owners_alone() {
    let site = Site::new().await;
    let (ann, bob) = (site.person("ann", &[]).await, site.person("bob", &[]).await);
    let look = "{ draft { name body } }";
    assert_eq!(site.data(&ann, look, json!({})).await, json!({ "draft": null }));
    let keep = "mutation ($body: String!) { setDraft(body: $body) { ok problem { code field } } }";
    site.data(&ann, keep, json!({ "body": "select 1" })).await;
    assert_eq!(site.data(&ann, look, json!({})).await["draft"], json!({ "name": "query", "body": "select 1" }));
    assert_eq!(site.data(&bob, look, json!({})).await, json!({ "draft": null }));
    let large = site.data(&ann, keep, json!({ "body": "x".repeat(300 * 1024) })).await;
    assert_eq!(large["setDraft"]["problem"], json!({ "code": "too_large", "field": "body" }));
    site.data(&ann, keep, json!({ "body": "" })).await;
    assert_eq!(site.data(&ann, look, json!({})).await, json!({ "draft": null }));
}

#[tokio::test]
async fn answers_have_the_order_of_their_documents() {
    let site = Site::new().await;
    let ann = site.person("ann", &[]).await;
    // The slow field comes first, the quick ones after it, and errors in between.
    let query =
        "query ($id: ID!) { apiTokens { id } nothing: project(id: $id) { id } __typename ...F me { roles name } }
        fragment F on Query { more: asset(id: $id) { id } unreadNotices }";
    let asked = json!({ "query": query, "variables": { "id": Uuid::nil() } });
    let first = site.post(&ann, &asked).await;
    let keys =
        ["\"apiTokens\"", "\"nothing\"", "\"__typename\"", "\"more\"", "\"unreadNotices\"", "\"roles\"", "\"errors\""];
    let places: Vec<usize> = keys.iter().map(|key| first.text.find(key).unwrap()).collect();
    assert!(places.is_sorted(), "{}", first.text);
    assert_eq!(first.json()["errors"][0]["path"], json!(["nothing"]));
    assert_eq!(first.json()["errors"][1]["path"], json!(["more"]));
    for _ in 0..20 {
        assert_eq!(site.post(&ann, &asked).await.text, first.text);
    }
}
