//! The demo: everything is there, and stays.

use lakegate_tests::{
    Browser, Client, Options, Server, command,
    story::{self, rows},
    wait::within,
};
use serde_json::json;
use std::time::Duration;

async fn token(app: &Server, username: &str) -> Client {
    let body = json!({ "username": username, "password": "walk along the lake" });
    let answer = app.anonymous().post("/api/v1/auth/token", body).await.ok();
    app.anonymous().with_token(answer["access_token"].as_str().unwrap())
}

async fn project(client: &Client, name: &str) -> String {
    let all = client.all("/api/v1/projects", 50).await;
    lakegate_tests::answer::id(all.iter().find(|project| project["name"] == name).unwrap())
}

#[tokio::test]
async fn the_demo_is_seeded_and_continues_where_it_was() {
    let mut app = Server::start(Options::default().demo()).await;
    let said = app.said();
    assert!(said.contains(&app.url) && said.contains("walk along the lake"), "{said}");
    for username in ["ann", "olga", "mark", "stella", "ada", "aud"] {
        token(&app, username).await.get("/api/v1/me").await.ok();
        let browser = Browser::new(&app.url);
        browser.submit_bare("/demo/sign-in", &[("username", username), ("next", "/")]).await.is(303);
        browser.open("/").await.is(200);
    }
    let browser = Browser::new(&app.url);
    browser.submit_bare("/demo/sign-in", &[("username", "nobody"), ("next", "/")]).await.is(404);

    let olga = token(&app, "olga").await;
    let sales = olga.acting(&project(&olga, "Sales producer project").await);
    let found = story::finds(&sales, "catalog sales", 1).await;
    assert_eq!(found["hits"][0]["payload"]["title"], "Catalog Sales Data", "{found}");
    let waiting = olga.get("/api/v1/tasks").await.ok();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1, "{waiting}");
    let request = lakegate_tests::answer::id(&waiting["items"][0]);
    olga.post(&format!("/api/v1/requests/{request}/approve"), json!({ "reason": "Welcome" })).await.ok();

    let assets = async |app: &Server| {
        let olga = token(app, "olga").await;
        let project = project(&olga, "Sales producer project").await;
        olga.all(&format!("/api/v1/projects/{project}/assets"), 50).await.len()
    };
    let before = assets(&app).await;
    app.restart().await;
    assert_eq!(assets(&app).await, before, "a second start seeds again");
    let waiting = token(&app, "olga").await.get("/api/v1/tasks").await.ok();
    assert_eq!(waiting["items"], json!([]), "the decided request waits again");
    let mark = token(&app, "mark").await;
    let mark = mark.acting(&project(&mark, "Marketing consumer project").await);
    assert_eq!(rows(&mark, "select count(*) from catalog_sales").await, [[json!(11)]]);
    app.finish().await;
}

/// Killed while it seeds, the next start finishes it.
#[tokio::test]
async fn a_demo_that_is_killed_while_it_seeds_is_finished_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data_text = data.to_str().unwrap().to_owned();
    for size in [300_000, 600_000] {
        let mut command = command::command(&["demo", "--listen", "127.0.0.1:0", "--data-dir", &data_text]);
        command.current_dir(folder.path()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        // As soon as this much is written it dies.
        within(Duration::from_secs(60), "a database that grows", async || {
            let grown = ["lakegate.db", "lakegate.db-wal"]
                .iter()
                .filter_map(|name| std::fs::metadata(data.join(name)).ok())
                .map(|file| file.len())
                .sum::<u64>();
            (grown > size || child.try_wait().unwrap().is_some()).then_some(())
        })
        .await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let app = Server::start(Options::default().demo().data_dir(&data)).await;
    let olga = token(&app, "olga").await;
    story::finds(&olga, "catalog sales", 1).await;
    assert_eq!(olga.get("/api/v1/tasks").await.ok()["items"].as_array().unwrap().len(), 1);
    app.command(&["doctor", "--deep"]).await.ok();
    app.finish().await;
}

#[tokio::test]
async fn the_demo_listens_on_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let mut command = command::command(&["demo", "--listen", address]);
        command.current_dir(folder.path());
        let said = command::run(command, "").await.refused();
        assert!(said.contains("server.listen"), "{address}: {said}");
        assert!(!folder.path().join("lakegate-data").exists(), "{address}: something was made before the refusal");
    }
    let mut command = command::command(&["serve", "--listen", "0.0.0.0:0"]);
    command.current_dir(folder.path());
    assert!(command::run(command, "").await.refused().contains("server.trusted_proxies"));
}
