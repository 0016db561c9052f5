//! Bad input: every refusal is a problem document that names the input.

use lakegate_model::words::ProductRole;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Person, Site};

const KIND: &str = "application/json";

/// A site, an administrator and the id of a project of his.
async fn place() -> (Site, Person, String) {
    let site = Site::new().await;
    let ada = site.person("ada", &[ProductRole::Administrator]).await;
    let domain = Uuid::from(site.domain("Sales").await);
    let made = site.good(&ada, "POST /api/v1/projects", json!({ "domain_id": domain, "name": "Producer" })).await;
    let project = made["id"].as_str().unwrap().to_owned();
    (site, ada, project)
}

#[tokio::test]
async fn bodies_that_do_not_fit_name_the_member() {
    let (site, ada, project) = place().await;
    let saved = format!("POST /api/v1/projects/{project}/saved-queries");
    let cases = [
        (saved.as_str(), json!({}), "name"),
        (&saved, json!({ "name": "a", "sql": 5 }), "sql"),
        (&saved, json!({ "name": "a", "sql": " " }), "sql"),
        (&saved, json!({ "name": "a", "sql": "select 1", "owner": "me" }), "owner"),
        (&saved, json!({ "name": " ", "sql": "select 1" }), "name"),
        ("POST /api/v1/queries", json!({ "sequel": "select 1" }), "sequel"),
        ("POST /api/v1/queries", json!({ "sql": "select 1", "project": "x" }), "project"),
        ("POST /api/v1/query", json!({ "sql": "select 1", "format": "xml" }), "format"),
        ("POST /api/v1/query", json!({ "sql": "select 1", "exact": "yes" }), "exact"),
        ("POST /api/v1/requests", json!({ "project": project, "assets": ["x"], "reason": "r" }), "assets[0]"),
        ("POST /api/v1/requests", json!({ "project": project, "assets": 1, "reason": "r" }), "assets"),
        (
            "POST /api/v1/data-sources",
            json!({ "name": "a", "location": "file:///x/", "interval_seconds": "1" }),
            "interval_seconds",
        ),
        ("PATCH /api/v1/me/profile", json!({ "display_name": "" }), "display_name"),
        ("POST /api/v1/tokens", json!({ "name": "a", "scopes": ["everything"], "days": 1 }), "scopes[0]"),
        ("POST /api/v1/tokens", json!({ "name": "a", "scopes": ["read"], "days": 9000 }), "days"),
        ("POST /api/v1/users", json!({ "username": "A b", "display_name": "A" }), "username"),
    ];
    for (call, body, field) in cases {
        let answer = site.call(&ada, call, body.clone()).await;
        assert_eq!(answer.problem(400, "invalid"), field, "{call} {body}: {}", answer.text);
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_name_the_body_or_the_header() {
    let (site, ada, project) = place().await;
    let calls = [
        format!("POST /api/v1/projects/{project}/saved-queries"),
        format!("PUT /api/v1/saved-queries/{}", Uuid::nil()),
        format!("PATCH /api/v1/projects/{project}"),
        "POST /api/v1/queries".to_owned(),
        "POST /api/v1/query".to_owned(),
        "POST /api/v1/requests".to_owned(),
        format!("POST /api/v1/requests/{}/approve", Uuid::nil()),
        format!("POST /api/v1/subscriptions/{}/revoke", Uuid::nil()),
        format!("POST /api/v1/assets/{}/publish", Uuid::nil()),
        "POST /api/v1/terms".to_owned(),
        "POST /api/v1/auth/token".to_owned(),
        "PATCH /api/v1/me/profile".to_owned(),
    ];
    for call in &calls {
        for text in ["", "{", "nothing", "{} {}"] {
            let field = site.raw(&ada, call, KIND, text).await.problem(400, "invalid");
            assert!(field == "body" || text == "{} {}", "{call} {text}: {field}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            let field = site.raw(&ada, call, kind, "{}").await.problem(415, "unsupported_media");
            assert_eq!(field, "Content-Type", "{call} {kind}");
        }
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
        assert_eq!(site.raw(&ada, call, KIND, large).await.problem(413, "too_large"), "body", "{call}");
    }
}

#[tokio::test]
async fn ids_that_are_none_name_the_part_of_the_address() {
    let (site, ada, _) = place().await;
    for (call, field) in [
        ("GET /api/v1/projects/x", "project"),
        ("GET /api/v1/assets/x", "asset"),
        ("GET /api/v1/assets/x/revisions", "asset"),
        ("GET /api/v1/assets/%FF/preview", "asset"),
        ("GET /api/v1/requests/REQ-x", "request"),
        ("GET /api/v1/requests/x/preview", "request"),
        ("GET /api/v1/queries/x/rows", "query"),
        ("DELETE /api/v1/queries/x/result", "query"),
        ("GET /api/v1/saved-queries/x", "saved_query"),
        ("POST /api/v1/notices/x/read", "notice"),
        ("GET /api/v1/users/x", "user"),
        ("GET /api/v1/runs/x", "run"),
        ("PUT /api/v1/groups/00000000-0000-0000-0000-000000000000/members/x", "user"),
    ] {
        let answer = site.call(&ada, call, Value::Null).await;
        assert_eq!(answer.problem(400, "invalid"), field, "{call}: {}", answer.text);
    }
}

#[tokio::test]
async fn ids_of_nothing_are_not_found() {
    let (site, ada, _) = place().await;
    let none = Uuid::nil();
    for call in [
        format!("GET /api/v1/assets/{none}/revisions"),
        format!("GET /api/v1/assets/{none}/revisions/diff?from=1&to=2"),
        format!("GET /api/v1/assets/{none}/preview"),
        format!("GET /api/v1/requests/{none}/preview"),
        format!("GET /api/v1/queries/{none}/rows"),
        format!("GET /api/v1/queries/{none}/download"),
        format!("DELETE /api/v1/queries/{none}/result"),
        format!("GET /api/v1/projects/{none}/saved-queries"),
        format!("GET /api/v1/saved-queries/{none}"),
        format!("DELETE /api/v1/saved-queries/{none}"),
        format!("POST /api/v1/notices/{none}/read"),
        format!("GET /api/v1/users/{none}"),
    ] {
        site.call(&ada, &call, Value::Null).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_named() {
    let (site, ada, project) = place().await;
    let none = Uuid::nil();
    for (call, field) in [
        ("GET /api/v1/notices?first=0".to_owned(), "first"),
        ("GET /api/v1/notices?first=x".to_owned(), "first"),
        ("GET /api/v1/notices?after=made-up".to_owned(), "after"),
        ("GET /api/v1/notices?frist=1".to_owned(), "frist"),
        (format!("GET /api/v1/projects/{project}/saved-queries?first=201"), "first"),
        (format!("GET /api/v1/assets/{none}/revisions/diff?from=1"), "to"),
        (format!("GET /api/v1/assets/{none}/revisions/diff?from=x&to=1"), "from"),
        (format!("GET /api/v1/queries/{none}/rows?offset=-1"), "offset"),
        (format!("GET /api/v1/queries/{none}/rows?count=0"), "count"),
        (format!("GET /api/v1/queries/{none}/rows?count=1001"), "count"),
        (format!("GET /api/v1/queries/{none}/download?format=xml"), "format"),
        ("GET /api/v1/requests?side=left".to_owned(), "side"),
        ("GET /api/v1/subscriptions?project=x".to_owned(), "project"),
        (format!("POST /api/v1/environments/{none}/uploads"), "table"),
    ] {
        let answer = site.call(&ada, &call, Value::Null).await;
        assert_eq!(answer.problem(400, "invalid"), field, "{call}: {}", answer.text);
    }
}
