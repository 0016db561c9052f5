//! The first start of an installation, and of one with a demo.

use lakegate_tests::{Options, Server, json};
use std::fs;

use super::sound;

pub(super) const START: &[&str] = &["data_dir.version_staged", "start.migrated", "keys.staged", "keys.linked"];
pub(super) const DEMO: &[&str] = &["demo.told"];

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
