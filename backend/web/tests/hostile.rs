//! Bodies, documents, query strings and cursors from anywhere: an answer or a refusal, never a 500. The inputs are the
//! kept ones of `tests/fixtures/corpus` and random changes of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mod.rs"]
mod support;

use axum::{
    body::Body,
    http::{Request, Uri, header},
};
use lakegate_model::words::ProductRole;
use lakegate_tests::mutate::{Mixer, shown};
use serde_json::{Value, json};
use support::{Answer, Person, Site};
use url::form_urlencoded;

/// Lists by REST, each with its own parameters.
const LISTS: &[&str] = &[
    "/api/v1/projects",
    "/api/v1/domains",
    "/api/v1/terms",
    "/api/v1/groups",
    "/api/v1/people",
    "/api/v1/notices",
    "/api/v1/requests",
    "/api/v1/subscriptions",
    "/api/v1/audit",
    "/api/v1/users",
    "/api/v1/search",
    "/api/v1/queries",
    "/api/v1/tokens",
];

/// Neither the status nor an error inside the body says that the program failed.
fn accept(answer: &Answer, what: &str, seed: u64, input: &[u8]) {
    let shown = || format!("LAKEGATE_TEST_SEED={seed}: {what}: {} {}\n{}", answer.status, answer.text, shown(input));
    assert!(answer.status.as_u16() < 500, "{}", shown());
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    assert!(errors.iter().all(|error| error["extensions"]["code"] != "internal"), "{}", shown());
}

async fn get(site: &Site, person: &Person, path: &str, query: &str) -> Option<Answer> {
    let uri: Uri = format!("{path}?{query}").parse().ok()?;
    let request = Request::get(uri).header(header::AUTHORIZATION, &person.bearer).body(Body::empty());
    Some(site.send(request.unwrap()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_documents() {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new("graphql", false, seed);
    let site = Site::new().await;
    let person = site.person("ann", &[]).await;
    for _ in 0..mixer.count(200) {
        let input = mixer.next_bytes();
        let request = Request::post("/graphql")
            .header(header::AUTHORIZATION, &person.bearer)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(input.clone()));
        accept(&site.send(request.unwrap()).await, "POST", seed, &input);
        let query: String = form_urlencoded::byte_serialize(&input).collect();
        if let Some(answer) = get(&site, &person, "/graphql", &format!("query={query}")).await {
            accept(&answer, "GET", seed, &input);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn query_strings_of_lists() {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new("lists", true, seed);
    let site = Site::new().await;
    let person = site.person("ann", &[]).await;
    for _ in 0..mixer.count(60) {
        let input = mixer.next_bytes();
        // As it is where an address may hold it, else with its bytes escaped: those of an input that has grown too long
        // for any address are cut.
        let escaped: String = form_urlencoded::byte_serialize(&input[..input.len().min(5_000)]).collect();
        for path in LISTS {
            let answer = match get(&site, &person, path, &String::from_utf8_lossy(&input)).await {
                Some(answer) => answer,
                None => get(&site, &person, path, &format!("after={escaped}&q={escaped}")).await.unwrap(),
            };
            assert_ne!(answer.status, 404, "{path} is not there");
            accept(&answer, path, seed, &input);
        }
    }
}

/// Cursors that we gave, changed: refused as no cursor of this list, whatever was changed.
#[tokio::test(flavor = "multi_thread")]
async fn changed_cursors() {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new("lists", true, seed);
    let site = Site::new().await;
    let person = site.person("ann", &[ProductRole::Auditor]).await;
    let query =
        "query ($after: String) { auditEvents(first: 1, after: $after) { pageInfo { endCursor hasNextPage } } }";
    let data = site.data(&person, query, json!({})).await;
    let cursor = data["auditEvents"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    for _ in 0..mixer.count(100) {
        let noise = mixer.next_text();
        let at = noise.len() % cursor.len();
        let changed = [&cursor[..at], noise.as_str(), &cursor[at..]].concat();
        if changed == cursor {
            continue;
        }
        let body = json!({ "query": query, "variables": { "after": changed } });
        let answer = site.post(&person, &body).await;
        accept(&answer, "cursor", seed, changed.as_bytes());
        let code = &answer.json()["errors"][0]["extensions"]["code"];
        assert_eq!(code, "invalid", "LAKEGATE_TEST_SEED={seed}: {changed:?}: {}", answer.text);
    }
}
