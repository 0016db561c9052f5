//! The program dies between two durable effects, at every point that the program lists: nothing acknowledged is lost,
//! nothing half-done is seen, the doctor and the audit find nothing, and the operation can be repeated.
//!
//! Each area starts the program such that it dies at one of its points, does what passes the point, and fails unless the
//! process died right there. Start, demo, backup and restore do not depend on the database and run on SQLite alone.

mod access;
mod audit;
mod backup;
mod derived;
mod environment;
mod notices;
mod query;
mod search;
mod sources;
mod start;
mod upload;

use lakegate_model::failpoint;
use lakegate_tests::{Client, Server, story::Team};
use reqwest::Method;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_listed_point_belongs_to_one_area() {
    let areas = [
        start::START,
        start::DEMO,
        environment::ENVIRONMENT,
        upload::UPLOAD,
        upload::REFUSED_UPLOAD,
        sources::SOURCE,
        derived::DERIVED,
        access::CHANGE,
        notices::NOTICE,
        audit::AUDIT,
        search::SEARCH,
        search::INDEX,
        query::QUERY,
        query::KEPT,
        query::DROPPED,
        backup::BACKUP,
        backup::RESTORE,
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

/// The rows of a team's published table; `None` where its name means nothing.
async fn count(app: &Server, team: &Team, table: &str) -> Option<i64> {
    let client = here(&team.owner, app).acting(&team.project);
    let answer = client.query(&format!("select count(*) from {}.{table}", team.environment.published)).await;
    if !answer.status.is_success() {
        return None;
    }
    answer.ok()["rows"][0][0].as_i64()
}
