//! Operations that carry a noun through its life.

use axum::http::StatusCode;
use lakegate_app::query::kept;
use lakegate_model::words::ProductRole;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Person, Site};

const ROWS: &str = "id,name\n1,Ada\n2,Bob\n3,Cem\n";

/// A project of Olga's with an uploaded table `people`.
struct Place {
    site: Site,
    olga: Person,
    project: String,
    asset: String,
}

impl Place {
    async fn new() -> Self {
        let site = Site::new().await;
        // As at the start of a server: makes the folder of kept results.
        kept::recover(&site.app).await.unwrap();
        let olga = site.person("olga", &[]).await;
        let domain = Uuid::from(site.domain("Sales").await);
        let made = site.good(&olga, "POST /api/v1/projects", json!({ "domain_id": domain, "name": "Producer" })).await;
        let project = text(&made["id"]);
        let path = format!("POST /api/v1/projects/{project}/environments");
        let environment = site.good(&olga, &path, json!({ "name": "lake" })).await;
        let path = format!("POST /api/v1/environments/{}/uploads?table=people", text(&environment["id"]));
        let uploaded = site.raw(&olga, &path, "text/csv", ROWS).await;
        assert_eq!(uploaded.status, StatusCode::CREATED, "{}", uploaded.text);
        assert_eq!(uploaded.json()["rows"], 3);
        let asset = text(&uploaded.json()["asset_id"]);
        Self { site, olga, project, asset }
    }

    /// Starts a query and waits until it ended.
    async fn ended(&self, sql: &str) -> Value {
        let started =
            self.site.good(&self.olga, "POST /api/v1/queries", json!({ "sql": sql, "project": self.project })).await;
        let path = format!("GET /api/v1/queries/{}", text(&started["id"]));
        for _ in 0..100_000 {
            let run = self.site.good(&self.olga, &path, Value::Null).await;
            if run["state"] != "running" {
                return run;
            }
            tokio::task::yield_now().await;
        }
        panic!("the query never ended");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_result_is_kept_read_taken_along_and_deleted() {
    let place = Place::new().await;
    let (site, olga) = (&place.site, &place.olga);
    let run = place.ended("select id, name from people order by id").await;
    assert_eq!((&run["state"], &run["row_count"]), (&json!("succeeded"), &json!(3)), "{run:#}");
    assert_ne!(run["result_until"], Value::Null);
    let id = text(&run["id"]);

    let rows = format!("GET /api/v1/queries/{id}/rows");
    let page = site.good(olga, &format!("{rows}?offset=1&count=1&exact=true"), Value::Null).await;
    assert_eq!(page["rows"], json!([["2", "Bob"]]));
    assert_eq!((&page["row_count"], &page["offset"]), (&json!(3), &json!(1)));
    assert_eq!(page["columns"][1]["name"], "name");
    let quota = site.good(olga, "GET /api/v1/me/results", Value::Null).await;
    assert_eq!(quota["used"], run["result_bytes"]);

    let file = site.call(olga, &format!("GET /api/v1/queries/{id}/download?format=csv"), Value::Null).await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.text);
    assert_eq!(file.text, ROWS.replace('\n', "\r\n"));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"result.csv\"");

    let mark = site.person("mark", &[]).await;
    site.call(&mark, &rows, Value::Null).await.problem(404, "not_found");
    site.call(&mark, &format!("GET /api/v1/queries/{id}/download"), Value::Null).await.problem(404, "not_found");
    site.good(olga, &format!("DELETE /api/v1/queries/{id}/result"), Value::Null).await;
    site.call(olga, &rows, Value::Null).await.problem(410, "gone");
    site.call(olga, &format!("DELETE /api/v1/queries/{id}/result"), Value::Null).await.problem(410, "gone");
}

#[tokio::test]
async fn tables_and_previews_show_what_one_may_read() {
    let place = Place::new().await;
    let (site, olga) = (&place.site, &place.olga);
    let acting = async |person: &Person, path: &str| -> Answer {
        let request = axum::http::Request::get(path)
            .header("authorization", &person.bearer)
            .header("lakegate-project", &place.project);
        site.send(request.body(axum::body::Body::empty()).unwrap()).await
    };
    let tables = acting(olga, "/api/v1/tables").await.json();
    assert_eq!((&tables[0]["name"], &tables[0]["database"]), (&json!("people"), &json!("lake_pub")), "{tables:#}");
    assert_eq!(tables[0]["columns"][0]["name"], "id");
    let preview = acting(olga, &format!("/api/v1/assets/{}/preview", place.asset)).await.json();
    assert_eq!(preview["rows"].as_array().unwrap().len(), 3, "{preview:#}");
    assert_eq!(preview["columns"][0]["name"], "id");

    let mark = site.person("mark", &[]).await;
    let hidden = site.call(&mark, &format!("GET /api/v1/assets/{}/preview", place.asset), Value::Null).await;
    hidden.problem(404, "not_found");
    acting(&mark, "/api/v1/tables").await.problem(404, "not_found");
}

#[tokio::test]
async fn the_history_of_an_asset_tells_what_changed() {
    let place = Place::new().await;
    let (site, olga) = (&place.site, &place.olga);
    let path = format!("/api/v1/assets/{}", place.asset);
    let before = site.good(olga, &format!("GET {path}"), Value::Null).await["revision"].clone();
    let change = json!({ "revision": before, "title": "People" });
    let after = site.good(olga, &format!("PATCH {path}"), change).await["revision"].clone();
    let kept = site.good(olga, &format!("GET {path}/revisions?first=1"), Value::Null).await;
    assert_eq!(kept["items"][0]["revision"], after);
    assert_ne!(kept["next"], Value::Null);
    let diff = format!("GET {path}/revisions/diff?from={before}&to={after}");
    let lines = site.good(olga, &diff, Value::Null).await;
    assert_eq!((&lines[0]["field"], &lines[0]["after"]), (&json!("title"), &json!("People")), "{lines:#}");
    let mark = site.person("mark", &[]).await;
    site.call(&mark, &diff, Value::Null).await.problem(404, "not_found");
    site.call(olga, &format!("GET {path}/revisions/diff?from=1&to=99"), Value::Null).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_saved_query_lives_in_its_project() {
    let place = Place::new().await;
    let (site, olga) = (&place.site, &place.olga);
    let list = format!("/api/v1/projects/{}/saved-queries", place.project);
    let made = site.good(olga, &format!("POST {list}"), json!({ "name": "All", "sql": "select 1" })).await;
    let one = format!("/api/v1/saved-queries/{}", text(&made["id"]));
    let next = json!({ "name": "Everybody", "description": "Once", "sql": "select 2" });
    let changed = site.good(olga, &format!("PUT {one}"), next).await;
    assert_eq!((&changed["name"], &changed["sql"]), (&json!("Everybody"), &json!("select 2")));
    let listed = site.good(olga, &format!("GET {list}"), Value::Null).await;
    assert_eq!(listed["items"], json!([changed]));

    let mark = site.person("mark", &[ProductRole::Administrator]).await;
    for call in [format!("GET {one}"), format!("DELETE {one}"), format!("GET {list}")] {
        site.call(&mark, &call, Value::Null).await.problem(404, "not_found");
    }
    assert_eq!(site.good(olga, &format!("GET {one}"), Value::Null).await, changed);
    site.good(olga, &format!("DELETE {one}"), Value::Null).await;
    site.call(olga, &format!("GET {one}"), Value::Null).await.problem(404, "not_found");
}

#[tokio::test]
async fn notices_are_read_by_whom_they_were_sent_to() {
    let place = Place::new().await;
    let (site, olga) = (&place.site, &place.olga);
    let mark = site.person("mark", &[]).await;
    let invite = format!("POST /api/v1/projects/{}/invitations", place.project);
    site.good(olga, &invite, json!({ "user": mark.id.to_string(), "role": "viewer" })).await;
    let unread = async || site.good(&mark, "GET /api/v1/notices/unread", Value::Null).await["unread"].clone();
    assert_eq!(unread().await, 1);
    let notices = site.good(&mark, "GET /api/v1/notices", Value::Null).await;
    assert_eq!(notices["items"][0]["read_at"], Value::Null);
    let read = format!("POST /api/v1/notices/{}/read", text(&notices["items"][0]["id"]));
    site.call(olga, &read, Value::Null).await.problem(404, "not_found");
    assert_eq!(unread().await, 1);
    site.good(&mark, &read, Value::Null).await;
    site.good(&mark, &read, Value::Null).await;
    assert_eq!(unread().await, 0);
    site.good(&mark, "POST /api/v1/notices/read", Value::Null).await;
}
