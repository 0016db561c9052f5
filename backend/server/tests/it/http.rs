//! The doors of HTTP.

use crate::support::{PASSWORD, Server, program};
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::{Value, json};

fn browser() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap()
}

/// Signs in with the form; gives the token of the page it then shows.
async fn sign_in(client: &Client, server: &Server, username: &str) -> String {
    let form = [("username", username), ("password", PASSWORD), ("next", "https://evil.example/")];
    let request = client.post(format!("{}/sign-in", server.url)).header("origin", &server.url).form(&form);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/", "a foreign place to go to is not gone to");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let page = client.get(format!("{}/confirm", server.url)).send().await.unwrap().text().await.unwrap();
    page.split("name=\"csrf-token\" content=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn changes_by_cookie_need_origin_and_token() {
    let server = Server::start("demo");
    let client = browser();
    let token = sign_in(&client, &server, "ann").await;
    assert!(!token.is_empty());
    let change = |origin: &str, csrf: &str| {
        let mut request = client.patch(format!("{}/api/v1/me/profile", server.url));
        if !origin.is_empty() {
            request = request.header("origin", origin);
        }
        if !csrf.is_empty() {
            request = request.header("x-csrf-token", csrf);
        }
        request.json(&json!({ "display_name": "Ann A." })).send()
    };
    for (origin, csrf) in
        [("", token.as_str()), (&server.url, ""), ("https://evil.example", &token), (&server.url, "AAAA")]
    {
        assert_eq!(change(origin, csrf).await.unwrap().status(), 403, "{origin} {csrf}");
    }
    let me = |client: Client, url: String| async move {
        client.get(format!("{url}/api/v1/me")).send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(me(client.clone(), server.url.clone()).await["user"]["display_name"], "Ann Analyst");
    assert_eq!(change(&server.url, &token).await.unwrap().status(), 204);
    assert_eq!(me(client.clone(), server.url.clone()).await["user"]["display_name"], "Ann A.");
    assert!(server.end());
}

#[tokio::test]
async fn a_foreign_host_name_reaches_nothing() {
    let server = Server::start("serve");
    for path in ["/healthz", "/api/v1/me", "/sign-in"] {
        let request = Client::new().get(format!("{}{path}", server.url)).header("host", "rebound.example");
        assert_eq!(request.send().await.unwrap().status(), 421, "{path}");
    }
    assert!(server.end());
}

#[tokio::test]
async fn every_documented_operation_is_served_and_refuses_strangers() {
    let server = Server::start("serve");
    let document = program().args(["schema", "openapi"]).output().unwrap();
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    let mut served = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled: String = path
            .split('/')
            .map(|part| match part {
                "{kind}" => "user".to_owned(),
                part if part.starts_with('{') => "01a1fb98-a8ed-7955-bf3b-660e615b40eb".to_owned(),
                part => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("/");
        for (method, operation) in item.as_object().unwrap() {
            let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = Client::new().request(method.clone(), format!("{}{filled}", server.url)).json(&json!({}));
            let answer = request.send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            let open = operation["security"] == json!([{}]);
            let refused = [400, 401].contains(&status.as_u16());
            assert!(refused || (open && status == 200), "{method} {path}: {status} {text}");
            served += 1;
        }
    }
    assert!(served > 100, "{served}");
    assert!(server.end());
}

#[tokio::test]
async fn a_granted_query_streams_in_every_format() {
    let server = Server::start("demo");
    let token = server.token("ann").await;
    let client = Client::new();
    let get = client.get(format!("{}/api/v1/me", server.url)).bearer_auth(&token);
    let me: Value = get.send().await.unwrap().json().await.unwrap();
    let project = me["projects"][0]["project"]["id"].as_str().unwrap();
    let ask = |sql: &str, format: &str| {
        let body = json!({ "sql": sql, "project": project, "format": format });
        client.post(format!("{}/api/v1/query", server.url)).bearer_auth(&token).json(&body).send()
    };
    let rows: Value = ask("select count(*) as n from companies", "json").await.unwrap().json().await.unwrap();
    assert_eq!(rows["rows"][0][0].to_string().trim_matches('"'), "2266");
    for (format, media) in [("csv", "text/csv"), ("arrow", "vnd.apache.arrow"), ("parquet", "vnd.apache.parquet")] {
        let answer = ask("select company_id from companies order by company_id limit 3", format).await.unwrap();
        assert_eq!(answer.status(), 200, "{format}");
        assert!(answer.headers()["content-type"].to_str().unwrap().contains(media));
        assert_eq!(answer.headers().contains_key("content-disposition"), format != "arrow", "{format}");
        assert!(!answer.bytes().await.unwrap().is_empty());
    }
    let hidden = ask("select * from catalog_sales", "json").await.unwrap();
    let absent = ask("select * from no_such_table", "json").await.unwrap();
    assert_eq!(
        (hidden.status(), absent.status()),
        (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNPROCESSABLE_ENTITY)
    );
    assert!(server.end());
}
