//! The program dies between two durable effects, at every point that the program lists: nothing acknowledged is lost,
//! nothing half-done is seen, the doctor and the audit find nothing, and the operation can be repeated.
//!
//! Each area starts the program such that it dies at one of its points, does what passes the point, and fails unless the
//! process died right there. Start, demo, backup and restore do not depend on the database and run on SQLite alone.

use futures::channel::mpsc;
use lakegate_model::failpoint;
use lakegate_tests::{
    Client, Options, Server, both, eventually_ok,
    files::write,
    json,
    story::{self, Team, folder_uri, rows},
    upload,
};
use reqwest::{Body, Method};
use std::{
    fs,
    path::{Path, PathBuf},
};

const START: &[&str] = &["data_dir.version_staged", "start.migrated", "keys.staged", "keys.linked"];
const DEMO: &[&str] = &["demo.told"];
const ENVIRONMENT: &[&str] = &["environment.folder_made"];
const UPLOAD: &[&str] = &["upload.noted", "upload.staged", "upload.file_visible", "upload.committed"];
const REFUSED_UPLOAD: &[&str] = &["upload.refused", "upload.taken_back"];
const SOURCE: &[&str] = &["source.claimed", "source.listed", "source.table_registered", "source.registered"];
const CHANGE: &[&str] = &["change.committed"];
const AUDIT: &[&str] = &["audit.sealed", "audit.anchor_written"];
const SEARCH: &[&str] = &["search.read", "search.prepared", "search.committed"];
const INDEX: &[&str] = &["index.generation_built", "index.pointer_staged", "index.pointer_switched"];
const QUERY: &[&str] = &["query.started", "query.rows_sent"];
const KEPT: &[&str] = &["kept.staged", "kept.written"];
const DROPPED: &[&str] = &["kept.row_gone"];
const BACKUP: &[&str] = &["backup.database_copied", "backup.files_copied", "backup.described", "backup.packed"];
const RESTORE: &[&str] = &["restore.begun", "restore.files_copied", "restore.database_copied", "restore.renewed"];

#[test]
fn every_listed_point_belongs_to_one_area() {
    let areas = [
        START,
        DEMO,
        ENVIRONMENT,
        UPLOAD,
        REFUSED_UPLOAD,
        SOURCE,
        CHANGE,
        AUDIT,
        SEARCH,
        INDEX,
        QUERY,
        KEPT,
        DROPPED,
        BACKUP,
        RESTORE,
    ];
    let mut reached: Vec<&str> = areas.concat();
    let mut listed = failpoint::ALL.to_vec();
    reached.sort_unstable();
    listed.sort_unstable();
    assert_eq!(reached, listed);
}

async fn sound(app: &Server, point: &str) {
    for arguments in [["doctor", "--deep"], ["audit", "verify"]] {
        let said = app.command(&arguments).await;
        assert_eq!(said.code, Some(0), "{point}: {said:?}");
    }
}

/// Ends the server in order and starts it to die.
async fn to_die(app: &mut Server, point: &str) {
    assert_eq!(app.stop().await, Some(0), "{point}");
    app.start_to_die_at(point).await;
}

/// Asserts the death, looks at what it left, and starts again.
async fn dead(app: &mut Server, point: &str) {
    app.is_dead_at(point).await;
    sound(app, point).await;
    app.start_again().await;
    sound(app, point).await;
}

/// The same caller at the server's present address.
fn here(client: &Client, app: &Server) -> Client {
    Client { base: app.url.clone(), ..client.clone() }
}

/// Sends something that must stay without a whole answer.
async fn unanswered(client: &Client, method: Method, path: &str, body: serde_json::Value, point: &str) {
    let answer = client.try_send(client.request(method, path).json(&body)).await;
    assert!(answer.is_err(), "{point}: {}", answer.unwrap());
}

async fn team(app: &Server) -> Team {
    let domain = app.domain("Points").await;
    app.team("olga", &domain, "Producer", "lake").await
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_first_start() {
    for point in START {
        let mut app = Server::prepare(Options::default()).await;
        app.start_to_die_at(point).await;
        app.is_dead_at(point).await;
        app.start_again().await;
        app.set_up().await;
        app.domain("Points").await;
        sound(&app, point).await;
        assert!(!app.data_dir.join("master.new").exists(), "{point}");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_demo_that_is_told_twice() {
    for point in DEMO {
        let mut app = Server::prepare(Options::default().demo()).await;
        app.start_to_die_at(point).await;
        app.is_dead_at(point).await;
        app.start_again().await;
        let login = json!({ "username": "olga", "password": "walk along the lake" });
        let tokens = app.anonymous().post("/api/v1/auth/token", login).await.ok();
        let olga = app.anonymous().with_token(tokens["access_token"].as_str().unwrap());
        let projects = olga.all("/api/v1/projects", 50).await;
        let named = projects.iter().filter(|project| project["name"] == "Sales producer project").count();
        assert_eq!(named, 1, "{projects:?}");
        assert_eq!(fs::read_to_string(app.data_dir.join("demo")).unwrap(), "ready\n");
        sound(&app, point).await;
        app.finish().await;
    }
}

both!(
    async fn an_environment_that_is_made(app) {
        let team = team(app).await;
        for point in ENVIRONMENT {
            let path = format!("/api/v1/projects/{}/environments", team.project);
            to_die(app, point).await;
            unanswered(&here(&team.owner, app), Method::POST, &path, json!({ "name": "second" }), point).await;
            dead(app, point).await;
            let client = here(&team.owner, app);
            let made = client.get(&path).await.ok();
            assert!(!made.to_string().contains("\"second\""), "{point}: {made}");
            story::environment_of(&client, &team.project, json!({ "name": "second" })).await;
            sound(app, point).await;
        }
    }
);

async fn count(app: &Server, team: &Team, table: &str) -> Option<i64> {
    let client = here(&team.owner, app).acting(&team.project);
    let answer = client.query(&format!("select count(*) from {}.{table}", team.environment.published)).await;
    if !answer.status.is_success() {
        return None;
    }
    answer.ok()["rows"][0][0].as_i64()
}

/// What an upload left after a start: rows under its name, and no note.
async fn assert_uploaded(app: &Server, team: &Team, table: &str, rows: Option<i64>) {
    assert_eq!(count(app, team, table).await, rows, "{table}");
    let assets = here(&team.owner, app).all(&format!("/api/v1/projects/{}/assets", team.project), 200).await;
    let named = assets.iter().filter(|asset| asset["name"] == table).count();
    assert_eq!(named, usize::from(rows.is_some()), "{table}: {assets:?}");
    assert_eq!(entries(&app.data_dir.join("unfinished")), [""; 0].map(PathBuf::from), "{table}");
    assert_eq!(entries(&app.data_dir.join("uploads")), [""; 0].map(PathBuf::from), "{table}");
}

both!(
    async fn an_upload(app) {
        let team = team(app).await;
        let environment = &team.environment.id;
        upload::asset(upload::upload(&team.owner, environment, "kept", "a.csv", b"id\n1\n".to_vec()).await);
        for point in UPLOAD {
            let table = point.replace('.', "_");
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let request = upload::request(&client, environment, &table, "a.csv", "id\n1\n2\n");
            assert!(client.try_send(request).await.is_err(), "{point}");
            dead(app, point).await;
            let committed = (*point == "upload.committed").then_some(2);
            assert_uploaded(app, &team, &table, committed).await;
            assert_eq!(count(app, &team, "kept").await, Some(1), "{point}");
            let client = here(&team.owner, app);
            let again = upload::upload(&client, environment, &table, "a.csv", b"id\n1\n2\n".to_vec()).await;
            again.is(if committed.is_some() { 409 } else { 201 });
            assert_uploaded(app, &team, &table, Some(2)).await;
            sound(app, point).await;
        }
    }
);

both!(
    async fn an_upload_whose_name_was_taken_meanwhile(app) {
        let team = team(app).await;
        let environment = &team.environment.id;
        for point in REFUSED_UPLOAD {
            let table = point.replace('.', "_");
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let (bytes, body) = mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
            bytes.unbounded_send(Ok(b"id\n1\n".to_vec())).unwrap();
            let slow = upload::request(&client, environment, &table, "a.csv", Body::wrap_stream(body));
            let slow = tokio::spawn({
                let client = client.clone();
                async move { client.try_send(slow).await.is_err() }
            });
            // Its name was free, and its bytes are taken; now another takes the name.
            eventually_ok("the slow upload", async || entries(&app.data_dir.join("uploads")).len() == 1).await;
            upload::asset(upload::upload(&client, environment, &table, "a.csv", b"id\n7\n8\n".to_vec()).await);
            drop(bytes);
            assert!(slow.await.unwrap(), "{point}");
            dead(app, point).await;
            assert_uploaded(app, &team, &table, Some(2)).await;
        }
    }
);

both!(
    async fn a_run_of_a_data_source(app) {
        let team = team(app).await;
        let folder = app.files().join("points");
        for n in 0..3 {
            write(&folder.join(format!("t{n}/t{n}.csv")), b"id\n1\n");
        }
        let source = story::source(&team, "points", &folder_uri(&folder)).await;
        // On PostgreSQL another server may have the run: it is taken up after half a minute of silence, so once is enough.
        let points = if app.database_url().is_some() { &SOURCE[2..3] } else { SOURCE };
        for (n, point) in points.iter().enumerate() {
            write(&folder.join(format!("more{n}/more{n}.csv")), b"id\n1\n");
            to_die(app, point).await;
            let client = here(&team.owner, app);
            // The answer and the death run side by side.
            let start = client.request(Method::POST, &format!("/api/v1/data-sources/{source}/runs")).json(&json!({}));
            let _either = client.try_send(start).await;
            dead(app, point).await;
            let client = here(&team.owner, app);
            story::crawl(&client, &source).await;
            let all = client.all(&format!("/api/v1/projects/{}/assets", team.project), 200).await;
            assert_eq!(all.len(), 3 + n + 1, "{point}: a table is missing or doubled");
            for table in ["t0".to_owned(), format!("more{n}")] {
                assert_eq!(count(app, &team, &table).await, Some(1), "{point}");
            }
            sound(app, point).await;
        }
    }
);

both!(
    async fn a_grant_and_its_end(app) {
        let sales = app.published_sales().await;
        let request = story::ask(&sales.consumer.owner, &sales.consumer.project, &sales.asset, "Use").await;
        let sql = format!("select count(*) from {}", sales.granted());
        for point in CHANGE {
            let path = format!("/api/v1/requests/{request}");
            to_die(app, point).await;
            let owner = here(&sales.producer.owner, app);
            unanswered(&owner, Method::POST, &format!("{path}/approve"), json!({ "reason": "Fine" }), point).await;
            dead(app, point).await;
            let (owner, user) = (here(&sales.producer.owner, app), here(&sales.consumer.acting(), app));
            let request = owner.get(&path).await.ok();
            assert_eq!(request["state"], "approved", "{request}");
            assert_eq!(rows(&user, &sql).await, [[json!(11)]]);
            owner.post(&format!("{path}/approve"), json!({ "reason": "Fine" })).await.is(409);

            let all = user.get("/api/v1/subscriptions").await.ok();
            let subscription = all["items"][0]["id"].as_str().unwrap_or_else(|| panic!("no subscription: {all}"));
            let path = format!("/api/v1/subscriptions/{subscription}/revoke");
            to_die(app, point).await;
            let owner = here(&sales.producer.owner, app);
            unanswered(&owner, Method::POST, &path, json!({ "reason": "Enough" }), point).await;
            dead(app, point).await;
            let (owner, user) = (here(&sales.producer.owner, app), here(&sales.consumer.acting(), app));
            assert!(user.query(&sql).await.status.is_client_error());
            owner.post(&path, json!({ "reason": "Enough" })).await.is(409);
        }
    }
);

both!(
    async fn a_batch_of_the_audit(app) {
        for point in AUDIT {
            to_die(app, point).await;
            let made = app.admin.client.clone();
            // The answer comes before the sealing or is cut off by it.
            let request = made.request(Method::POST, "/api/v1/domains").json(&json!({ "name": point }));
            let acknowledged = made.try_send(request).await.is_ok_and(|answer| answer.status.is_success());
            dead(app, point).await;
            let domains = app.admin.get("/api/v1/domains").await.ok();
            let there = domains.as_array().unwrap().iter().any(|domain| domain["name"] == *point);
            assert!(there || !acknowledged, "{point}: {domains}");
            app.domain(&format!("{point} again")).await;
            sound(app, point).await;
        }
    }
);

/// Tables that are ready to be published.
async fn ready(app: &Server, count: usize) -> (Team, Vec<String>) {
    let team = team(app).await;
    let mut assets = Vec::new();
    for n in 0..count {
        let table = format!("t{n}");
        let made = upload::upload(&team.owner, &team.environment.id, &table, "a.csv", b"id\n1\n".to_vec()).await;
        let (asset, _) = upload::asset(made);
        let before = story::asset(&team.owner, &asset).await;
        let edit = json!({
            "revision": before["revision"], "title": format!("Ready number {n}"), "description": "Ready.",
            "owner": team.owner.id,
        });
        team.owner.patch(&format!("/api/v1/assets/{asset}"), edit).await.ok();
        assets.push(asset);
    }
    (team, assets)
}

async fn published(client: &Client, assets: &[String]) -> i64 {
    let mut published = 0;
    for asset in assets {
        published += i64::from(story::asset(client, asset).await["status"] == "published");
    }
    published
}

both!(
    async fn a_change_that_search_takes_up(app) {
        let (team, assets) = ready(app, SEARCH.len()).await;
        let sven = app.person("sven").await;
        for (point, asset) in SEARCH.iter().zip(&assets) {
            let before = story::asset(&here(&team.owner, app), asset).await;
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let publish = client.request(Method::POST, &format!("/api/v1/assets/{asset}/publish"));
            // Where the index was behind already, the server died before it listened.
            let _either = client.try_send(publish.json(&json!({ "revision": before["revision"] }))).await;
            dead(app, point).await;
            let client = here(&team.owner, app);
            if story::asset(&client, asset).await["status"] != "published" {
                client.post(&format!("/api/v1/assets/{asset}/publish"), json!({ "revision": before["revision"] })).await.ok();
            }
            let total = published(&client, &assets).await;
            story::finds(&here(&sven, app), "ready number", total).await;
        }
        assert_eq!(published(&here(&team.owner, app), &assets).await, 3);
        assert_eq!(app.stop().await, Some(0));
        // Nobody has the index open now: its entries are compared too.
        sound(app, "search").await;
    }
);

both!(
    async fn an_index_that_is_built_anew(app) {
        let (team, assets) = ready(app, 2).await;
        for asset in &assets {
            let before = story::asset(&team.owner, asset).await;
            team.owner.post(&format!("/api/v1/assets/{asset}/publish"), json!({ "revision": before["revision"] })).await.ok();
        }
        let sven = app.person("sven").await;
        story::finds(&sven, "ready number", 2).await;
        for point in INDEX {
            to_die(app, point).await;
            app.command(&["reindex"]).await.refused();
            dead(app, point).await;
            story::finds(&here(&sven, app), "ready number", 2).await;
            app.command(&["reindex"]).await.ok();
            story::finds(&here(&sven, app), "ready number", 2).await;
            let generations = entries(&app.data_dir.join("index")).into_iter().filter(|entry| entry.is_dir()).count();
            assert_eq!(generations, 1, "{point}");
        }
        assert_eq!(app.stop().await, Some(0));
        sound(app, "index").await;
    }
);

both!(
    async fn a_query(app) {
        let team = team(app).await;
        upload::asset(upload::upload(&team.owner, &team.environment.id, "t", "a.csv", b"id\n1\n".to_vec()).await);
        let sql = format!("select id from {}.t", team.environment.published);
        for point in QUERY {
            to_die(app, point).await;
            let client = here(&team.owner, app).acting(&team.project);
            let body = json!({ "sql": sql, "project": team.project, "format": "json" });
            unanswered(&client, Method::POST, "/api/v1/query", body, point).await;
            dead(app, point).await;
            let client = here(&team.owner, app).acting(&team.project);
            let history = client.all("/api/v1/queries", 50).await;
            // Other servers of a PostgreSQL database leave it alone until no query can run for so long.
            let cut_off = if app.database_url().is_some() { "running" } else { "failed" };
            assert_eq!(history[0]["state"], cut_off, "{point}: {history:?}");
            assert_eq!(rows(&client, &sql).await, [[json!(1)]]);
        }
    }
);

const RUN: &str = "mutation($sql: String!, $project: ID!) { runQuery(sql: $sql, project: $project, waitMs: 10000) \
                   { ok problem { code } query { run { id } } } }";
const SHOW: &str = "query($id: ID!) { query(id: $id) { state } }";
const PAGE: &str = "query($id: ID!) { queryResult(id: $id) { rowCount } }";
const DELETE: &str = "mutation($id: ID!) { deleteResult(id: $id) { ok problem { code } } }";

/// Runs a query whose result is kept; gives its id.
async fn keep(client: &Client, team: &Team) -> String {
    let sql = format!("select id from {}.t", team.environment.published);
    let ran = client.data(RUN, json!({ "sql": sql, "project": team.project })).await;
    let id = ran["runQuery"]["query"]["run"]["id"].as_str().unwrap_or_else(|| panic!("{ran}")).to_owned();
    let page = client.data(PAGE, json!({ "id": id })).await;
    assert_eq!(page["queryResult"]["rowCount"].to_string().trim_matches('"'), "1", "{page}");
    id
}

both!(
    async fn a_result_that_is_kept(app) {
        let team = team(app).await;
        upload::asset(upload::upload(&team.owner, &team.environment.id, "t", "a.csv", b"id\n1\n".to_vec()).await);
        for point in KEPT {
            to_die(app, point).await;
            let client = here(&team.owner, app).acting(&team.project);
            let sql = format!("select id from {}.t", team.environment.published);
            let body = json!({ "query": RUN, "variables": { "sql": sql, "project": team.project } });
            unanswered(&client, Method::POST, "/graphql", body, point).await;
            dead(app, point).await;
            assert_eq!(entries(&app.data_dir.join("results")), [""; 0].map(PathBuf::from), "{point}");
            let client = here(&team.owner, app).acting(&team.project);
            let id = client.all("/api/v1/queries", 50).await[0]["id"].as_str().unwrap().to_owned();
            let shown = client.data(SHOW, json!({ "id": id })).await;
            assert_eq!(shown["query"]["state"], "FAILED", "{point}");
            keep(&client, &team).await;
            sound(app, point).await;
        }
    }
);

both!(
    async fn a_result_that_is_dropped(app) {
        let team = team(app).await;
        upload::asset(upload::upload(&team.owner, &team.environment.id, "t", "a.csv", b"id\n1\n".to_vec()).await);
        for point in DROPPED {
            to_die(app, point).await;
            let client = here(&team.owner, app).acting(&team.project);
            let deleted = keep(&client, &team).await;
            let body = json!({ "query": DELETE, "variables": { "id": deleted } });
            unanswered(&client, Method::POST, "/graphql", body, point).await;
            dead(app, point).await;
            let client = here(&team.owner, app).acting(&team.project);
            assert_dropped(app, &client, &deleted).await;

            // Every start drops what is kept.
            let kept = keep(&client, &team).await;
            to_die(app, point).await;
            dead(app, point).await;
            let client = here(&team.owner, app).acting(&team.project);
            assert_dropped(app, &client, &kept).await;
            keep(&client, &team).await;
        }
    }
);

/// A result is in no file and no book.
async fn assert_dropped(app: &Server, client: &Client, id: &str) {
    assert_eq!(entries(&app.data_dir.join("results")), [""; 0].map(PathBuf::from));
    let answer = client.graphql(PAGE, json!({ "id": id })).await.json();
    assert!(answer.to_string().to_lowercase().contains("\"gone\""), "{answer}");
    let again = client.data(DELETE, json!({ "id": id })).await;
    assert_eq!(again["deleteResult"]["ok"], false, "{again}");
}

/// A server with one table of its own and a subscription.
async fn with_data() -> (Server, story::Sales) {
    let app = Server::start(Options::default()).await;
    let sales = app.published_sales().await;
    sales.subscribe().await;
    let environment = &sales.producer.environment.id;
    upload::asset(upload::upload(&sales.producer.owner, environment, "notes", "a.csv", b"id\n1\n2\n".to_vec()).await);
    (app, sales)
}

#[tokio::test]
async fn a_backup() {
    let (app, _) = with_data().await;
    for ending in ["folder", "tar.gz"] {
        for point in BACKUP.iter().filter(|point| ending == "tar.gz" || **point != "backup.packed") {
            let place = app.folder.path().join(point);
            fs::create_dir(&place).unwrap();
            let target = place.join(format!("copy.{ending}"));
            let arguments = ["backup", target.to_str().unwrap()];
            app.command_dies_at(&arguments, point).await;
            assert!(!target.exists(), "{point}: half a backup stands under its name");
            sound(&app, point).await;
            app.command(&arguments).await.ok();
            assert_eq!(entries(&place), [target], "{point}: something was left beside");
            fs::remove_dir_all(&place).unwrap();
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_restore() {
    let (mut app, sales) = with_data().await;
    let archive = app.folder.path().join("copy.tar.gz");
    app.command(&["backup", archive.to_str().unwrap()]).await.ok();
    assert_eq!(app.stop().await, Some(0));
    let key = app.data_dir.join("master.key");
    for point in RESTORE {
        app.data_dir = app.folder.path().join(point);
        let arguments = ["restore", archive.to_str().unwrap()];
        app.command_dies_at(&arguments, point).await;
        for refusing in ["serve", "doctor"] {
            let said = app.command(&[refusing]).await.refused();
            assert!(said.contains("cut off"), "{point}: {said}");
        }
        app.command(&arguments).await.ok();
        fs::copy(&key, app.data_dir.join("master.key")).unwrap();
        app.start_again().await;
        let olga = app.signed_in("olga").await.acting(&sales.producer.project);
        let notes = format!("select count(*) from {}.notes", sales.producer.environment.published);
        assert_eq!(rows(&olga, &notes).await, [[json!(2)]], "{point}");
        let mark = app.signed_in("mark").await.acting(&sales.consumer.project);
        assert_eq!(rows(&mark, &format!("select count(*) from {}", sales.granted())).await, [[json!(11)]], "{point}");
        here(&sales.producer.owner, &app).get("/api/v1/me").await.is(401);
        sound(&app, point).await;
        assert_eq!(app.stop().await, Some(0));
        let left = ["half-restored", "restore.unpacked"].map(|name| app.data_dir.join(name).exists());
        assert_eq!(left, [false, false], "{point}");
    }
    app.finish().await;
}
