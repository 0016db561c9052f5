//! Connections and their cursors.

use serde_json::{Value, json};

use crate::support::{Person, Site};

const PAGE: &str = "query ($first: Int, $after: String) { projects(first: $first, after: $after) {
    edges { cursor node { name } } nodes { name domain { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} }";

async fn page(site: &Site, person: &Person, first: i32, after: &Value) -> Value {
    site.data(person, PAGE, json!({ "first": first, "after": after })).await["projects"].clone()
}

fn names(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect()
}

async fn five_projects() -> (Site, Person) {
    let site = Site::new().await;
    let olga = site.person("olga", &[]).await;
    let domain = uuid::Uuid::from(site.domain("Sales").await);
    for name in ["A", "B", "C", "D", "E"] {
        let create = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { ok } }";
        let made = site.data(&olga, create, json!({ "input": { "domain": domain, "name": name } })).await;
        assert_eq!(made["createProject"]["ok"], true);
    }
    (site, olga)
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let (site, olga) = five_projects().await;
    let first = page(&site, &olga, 2, &Value::Null).await;
    assert_eq!(names(&first), ["A", "B"]);
    assert_eq!(first["nodes"][1]["domain"]["name"], "Sales");
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    assert_eq!(first["pageInfo"]["hasPreviousPage"], false);
    let second = page(&site, &olga, 2, &first["pageInfo"]["endCursor"]).await;
    assert_eq!(names(&second), ["C", "D"]);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
    let last = page(&site, &olga, 2, &second["pageInfo"]["endCursor"]).await;
    assert_eq!(names(&last), ["E"]);
    assert_eq!(last["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn every_cursor_leads_behind_its_own_item() {
    let (site, olga) = five_projects().await;
    let whole = page(&site, &olga, 5, &Value::Null).await;
    for (index, edge) in whole["edges"].as_array().unwrap().iter().enumerate() {
        let rest = page(&site, &olga, 2, &edge["cursor"]).await;
        let expected: Vec<&str> = names(&whole).into_iter().skip(index + 1).take(2).collect();
        assert_eq!(names(&rest), expected, "behind {}", edge["node"]["name"]);
    }
}

#[tokio::test]
async fn cursors_belong_to_their_list_and_their_reader() {
    let (site, olga) = five_projects().await;
    let ann = site.person("ann", &[]).await;
    let cursor = page(&site, &olga, 2, &Value::Null).await["pageInfo"]["endCursor"].clone();
    let elsewhere = "query ($after: String) { people(after: $after) { nodes { username } } }";
    for (person, query) in [(&ann, PAGE), (&olga, elsewhere)] {
        let answer = site.post(person, &json!({ "query": query, "variables": { "after": cursor } })).await.json();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "invalid", "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["field"], "after");
    }
}
