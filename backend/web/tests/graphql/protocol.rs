//! GraphQL over HTTP.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};

use crate::support::{Answer, HOST, Person, Site};

const OWN: &str = "application/graphql-response+json";
const PLAIN: &str = "application/json";

async fn post_as(site: &Site, person: &Person, accept: &str, content_type: &str, body: &str) -> Answer {
    let mut request = Request::post("/graphql").header(header::AUTHORIZATION, &person.bearer).header("accept", accept);
    if !content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    site.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn get(site: &Site, person: &Person, query: &str) -> Answer {
    let request = Request::get(format!("/graphql?{query}")).header(header::AUTHORIZATION, &person.bearer);
    site.send(request.header("accept", OWN).body(Body::empty()).unwrap()).await
}

/// Asserts a request error: the code, and no data.
#[track_caller]
fn refused(answer: &Answer, status: StatusCode, code: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(body.get("data"), None, "{body}");
    assert_eq!(body["errors"][0]["extensions"]["code"], code, "{body}");
}

#[tokio::test]
async fn both_forms_of_answers_are_spoken() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    let me = json!({ "query": "{ me { name } }" }).to_string();
    for (accept, form) in [(OWN, OWN), (PLAIN, PLAIN), ("*/*", PLAIN)] {
        let answer = post_as(&site, &ada, accept, PLAIN, &me).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("content-type").starts_with(form), "{accept}");
        assert_eq!(answer.json(), json!({ "data": { "me": { "name": "ada" } } }));
    }
    assert_eq!(post_as(&site, &ada, "text/html", PLAIN, &me).await.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    let me = json!({ "query": "{ me { name } }" }).to_string();
    for kind in [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/graphql",
    ] {
        refused(&post_as(&site, &ada, OWN, kind, &me).await, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media");
    }
}

#[tokio::test]
async fn malformed_requests_are_bad_requests_in_both_forms() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    for body in [
        "{",
        "\"text\"",
        "[]",
        r#"[{"query":"{ me { name } }"}]"#,
        "{}",
        r#"{"query":5}"#,
        r#"{"query":"{ me { name } }","variables":[]}"#,
        r#"{"query":"{ me { name } }","operationName":5}"#,
        r#"{"query":"{ me { name } }","extensions":"x"}"#,
    ] {
        for accept in [OWN, PLAIN] {
            let answer = post_as(&site, &ada, accept, PLAIN, body).await;
            refused(&answer, StatusCode::BAD_REQUEST, "invalid");
            assert!(answer.header("content-type").starts_with(accept), "{body}");
        }
    }
}

#[tokio::test]
async fn documents_that_cannot_be_executed_are_errors_of_the_request() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    for query in [
        "{",
        "{ nothing }",
        "{ me { name { x } } }",
        "query A { me { name } } query B { me { name } }",
        "{ ...F }",
        "query ($a: [[Nothing!]!]! = [[1]]) { me { name } }",
        "query ($a: Project = {}) { me { name } }",
    ] {
        let body = json!({ "query": query }).to_string();
        refused(&post_as(&site, &ada, OWN, PLAIN, &body).await, StatusCode::BAD_REQUEST, "invalid");
        refused(&post_as(&site, &ada, PLAIN, PLAIN, &body).await, StatusCode::OK, "invalid");
    }
    let wrong = json!({ "query": "query ($id: ID!) { project(id: $id) { name } }", "variables": { "id": "x" } });
    let answer = site.post(&ada, &wrong).await;
    refused(&answer, StatusCode::BAD_REQUEST, "invalid");
}

#[tokio::test]
async fn operations_over_a_limit_are_refused_before_they_run() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    let deep = format!("{{ me {{ {} name {} }} }}", "user { ".repeat(12), "}".repeat(12));
    let dear = "{ search(first: 200) { nodes { highlights { pieces { text } } } } }";
    let aliases: String = (0..51).map(|n| format!("a{n}: taskCount ")).collect();
    for query in [deep.as_str(), dear, &format!("{{ {aliases} }}")] {
        refused(&site.post(&ada, &json!({ "query": query })).await, StatusCode::BAD_REQUEST, "limit_exceeded");
    }
    let wide = json!({ "query": "{ projects(first: 201) { nodes { id } } }" });
    refused(&site.post(&ada, &wide).await, StatusCode::BAD_REQUEST, "invalid");
    let long = json!({ "query": format!("{{ me {{ name }} }} # {}", "x".repeat(70_000)) });
    refused(&site.post(&ada, &long).await, StatusCode::PAYLOAD_TOO_LARGE, "too_large");
}

#[tokio::test]
async fn queries_come_by_get_and_changes_do_not() {
    let site = Site::new().await;
    let ada = site.person("ada", &[lakegate_model::words::ProductRole::Administrator]).await;
    let answer = get(&site, &ada, "query=%7B%20me%20%7B%20name%20%7D%20%7D").await;
    assert_eq!(answer.json()["data"]["me"]["name"], "ada");
    let change = "mutation { createDomain(input: { name: \"Sales\", discover: LISTED }) { ok } }";
    let change: String = url::form_urlencoded::byte_serialize(change.as_bytes()).collect();
    let answer = get(&site, &ada, &format!("query={change}")).await;
    refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "invalid");
    assert_eq!(answer.header("allow"), "POST");
    assert_eq!(site.data(&ada, "{ domains { depth } }", json!({})).await, json!({ "domains": [] }));
}

#[tokio::test]
async fn a_cookie_counts_only_with_the_token_of_its_page() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    let origin = format!("http://{HOST}");
    let post = |token: Option<&str>, origin: &str| {
        let mut request = Request::post("/graphql")
            .header(header::COOKIE, &ada.cookie)
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, PLAIN);
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        request.body(Body::from(json!({ "query": "{ me { name } }" }).to_string())).unwrap()
    };
    let good = site.send(post(Some(&ada.csrf), &origin)).await;
    assert_eq!((good.status, good.json()["data"]["me"]["name"].clone()), (StatusCode::OK, json!("ada")));
    assert_eq!(site.send(post(None, &origin)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.send(post(Some("AAAA"), &origin)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.send(post(Some(&ada.csrf), "https://evil.example")).await.status, StatusCode::FORBIDDEN);

    let get = Request::get("/graphql?query=%7Bme%7Bname%7D%7D").header(header::COOKIE, &ada.cookie);
    assert_eq!(site.send(get.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_in_particular_gets_nothing() {
    let site = Site::new().await;
    for query in ["{ __typename }", "{ __schema { types { name } } }", "{ me { name } }"] {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, PLAIN);
        let body = Body::from(json!({ "query": query }).to_string());
        let answer = site.send(request.body(body).unwrap()).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn tools_can_read_the_schema() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    let of = "ofType { kind name ".repeat(7);
    let query = format!(
        "{{ __schema {{ queryType {{ name }} types {{ kind name fields {{ name args {{ name type {{ kind name {of} {} }} }} }} }} }} }}",
        "}".repeat(7)
    );
    let schema = site.data(&ada, &query, json!({})).await;
    let types = schema["__schema"]["types"].as_array().unwrap();
    let named = |name: &str| types.iter().find(|known| known["name"] == name).unwrap();
    let fields = |name: &str| -> Vec<Value> {
        named(name)["fields"].as_array().unwrap().iter().map(|field| field["name"].clone()).collect()
    };
    assert!(fields("Query").contains(&json!("whoHasAccess")));
    assert!(fields("Mutation").contains(&json!("approveSubscription")));
}

#[tokio::test]
async fn the_explorer_is_a_page_of_ours() {
    let site = Site::new().await;
    let ada = site.person("ada", &[]).await;
    let stranger = site.send(Request::get("/graphiql").body(Body::empty()).unwrap()).await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    let request = Request::get("/graphiql").header(header::COOKIE, &ada.cookie);
    let page = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("id=\"graphiql\" data-endpoint=\"/graphql\" data-csrf=\""));
    assert!(page.header("content-security-policy").contains("style-src 'self' 'unsafe-inline'"));
    assert!(!page.text.contains("https://"), "no outside host");
    let request = Request::get("/graphiql?over=data").header(header::COOKIE, &ada.cookie);
    let page = site.send(request.body(Body::empty()).unwrap()).await;
    assert!(page.text.contains("data-endpoint=\"/data/graphql\""), "{}", page.text);
}
