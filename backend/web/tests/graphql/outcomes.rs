//! Outcomes: payloads of changes, nulls with codes of look-ups.

use axum::http::StatusCode;
use lakegate_model::words::ProductRole;
use serde_json::{Value, json};

use crate::support::{Person, Site};

const CREATE: &str = "mutation ($input: CreateProjectInput!) {
    createProject(input: $input) { ok problem { code field message fix } project { id name role domain { name } } }
}";

async fn create(site: &Site, person: &Person, domain: impl Into<uuid::Uuid>, name: &str) -> Value {
    let input = json!({ "domain": domain.into(), "name": name });
    site.data(person, CREATE, json!({ "input": input })).await["createProject"].clone()
}

#[tokio::test]
async fn a_change_tells_its_value_or_its_problem() {
    let site = Site::new().await;
    let olga = site.person("olga", &[]).await;
    let sales = site.domain("Sales").await;
    let made = create(&site, &olga, sales, "Producer").await;
    assert_eq!((&made["ok"], &made["problem"]), (&json!(true), &Value::Null));
    assert_eq!(made["project"]["role"], "OWNER");
    assert_eq!(made["project"]["domain"]["name"], "Sales");

    let again = create(&site, &olga, sales, "Producer").await;
    assert_eq!((&again["ok"], &again["project"]), (&json!(false), &Value::Null));
    assert_eq!(again["problem"]["code"], "conflict");
    assert_eq!(again["problem"]["field"], "name");

    let nowhere = create(&site, &olga, uuid::Uuid::nil(), "Elsewhere").await;
    assert_eq!((&nowhere["ok"], &nowhere["problem"]["code"]), (&json!(false), &json!("not_found")));
    let nameless = create(&site, &olga, sales, " ").await;
    assert_eq!((&nameless["problem"]["code"], &nameless["problem"]["field"]), (&json!("invalid"), &json!("name")));

    let mine = site.data(&olga, "{ projects { nodes { name } } }", json!({})).await;
    assert_eq!(mine["projects"]["nodes"], json!([{ "name": "Producer" }]));
}

#[tokio::test]
async fn what_one_may_not_do_is_a_problem_and_changes_nothing() {
    let site = Site::new().await;
    let ann = site.person("ann", &[]).await;
    let query = "mutation { createDomain(input: { name: \"Mine\", discover: OPEN }) { ok problem { code } } }";
    let refused = site.data(&ann, query, json!({})).await;
    assert_eq!(refused["createDomain"], json!({ "ok": false, "problem": { "code": "forbidden" } }));
    assert_eq!(site.data(&ann, "{ domains { depth } }", json!({})).await["domains"], json!([]));
}

#[tokio::test]
async fn hidden_and_absent_are_one_and_leave_their_neighbours() {
    let site = Site::new().await;
    let olga = site.person("olga", &[]).await;
    let ann = site.person("ann", &[]).await;
    let domain = site.domain("Sales").await;
    let made = create(&site, &olga, domain, "Producer").await;
    let query = "query ($id: ID!) { me { name } project(id: $id) { name } }";
    let ask = |id: Value| json!({ "query": query, "variables": { "id": id } });
    let hidden = site.post(&ann, &ask(made["project"]["id"].clone())).await;
    let absent = site.post(&ann, &ask(json!(uuid::Uuid::nil()))).await;
    for answer in [&hidden, &absent] {
        let body = answer.json();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(body["data"], json!({ "me": { "name": "ann" }, "project": null }));
        assert_eq!(body["errors"][0]["extensions"]["code"], "not_found");
        assert_eq!(body["errors"][0]["path"], json!(["project"]));
    }
    assert_eq!(hidden.text, absent.text);
}

#[tokio::test]
async fn ended_tokens_are_errors() {
    let site = Site::new().await;
    let ann = site.person("ann", &[]).await;
    let tokens = site.data(&ann, "{ apiTokens { id scopes } }", json!({})).await;
    let id = &tokens["apiTokens"][0]["id"];
    let revoke = "mutation ($id: ID!) { revokeApiToken(id: $id) { ok } }";
    assert_eq!(site.data(&ann, revoke, json!({ "id": id })).await["revokeApiToken"]["ok"], true);
    let after = site.post(&ann, &json!({ "query": "{ me { name } }" })).await;
    let code = after.json()["errors"][0]["extensions"]["code"].clone();
    assert!(after.status == StatusCode::UNAUTHORIZED || code == "unauthenticated", "{}", after.text);
}

#[tokio::test]
async fn the_project_to_act_in_is_an_argument_or_a_header() {
    let site = Site::new().await;
    let olga = site.person("olga", &[]).await;
    let domain = site.domain("Sales").await;
    let project = create(&site, &olga, domain, "Producer").await["project"]["id"].clone();
    let tables = "query ($project: ID) { tables(project: $project) { name } }";
    let within = site.data(&olga, tables, json!({ "project": project })).await;
    assert_eq!(within["tables"], json!([]));
    let nowhere = site.post(&olga, &json!({ "query": tables })).await.json();
    assert_eq!(nowhere["data"]["tables"], Value::Null);
    assert_ne!(nowhere["errors"][0]["extensions"]["code"], Value::Null);
}

#[tokio::test]
async fn searching_finds_what_was_just_made() {
    let site = Site::new().await;
    let stella = site.person("stella", &[ProductRole::Administrator]).await;
    let olga = site.person("olga", &[]).await;
    let domain = site.domain("Sales").await;
    create(&site, &olga, domain, "Quarterly figures").await;
    let search = "{ search(text: \"quarterly\", facets: [KIND]) {
        total nodes { kind title highlights { field pieces { text marked } } } facets { facet values { value count } }
    } suggest(typed: \"quart\") { kind text { pieces { text marked } } } }";
    let found = site.data(&olga, search, json!({})).await;
    assert_eq!(found["search"]["total"], 1);
    assert_eq!(found["search"]["nodes"][0]["kind"], "project");
    assert_eq!(found["search"]["nodes"][0]["title"], "Quarterly figures");
    let pieces = json!([{ "text": "Quarterly", "marked": true }, { "text": " figures", "marked": false }]);
    assert_eq!(found["search"]["nodes"][0]["highlights"][0]["pieces"], pieces);
    assert_eq!(found["search"]["facets"][0]["values"], json!([{ "value": "project", "count": 1 }]));
    assert_eq!(found["suggest"][0]["kind"], "project");
    let stranger = site.data(&stella, search, json!({})).await;
    assert_eq!((&stranger["search"]["total"], &stranger["suggest"]), (&json!(0), &json!([])));
}
