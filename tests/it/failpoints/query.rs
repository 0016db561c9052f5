//! A query that runs, and results that are kept and dropped.

use lakegate_tests::{
    Client, Server, both, json,
    story::{Team, rows},
    upload,
};
use reqwest::Method;
use std::path::PathBuf;

use super::{dead, entries, here, sound, team, to_die, unanswered};

pub(super) const QUERY: &[&str] = &["query.started", "query.rows_sent"];
pub(super) const KEPT: &[&str] = &["kept.staged", "kept.written"];
pub(super) const DROPPED: &[&str] = &["kept.row_gone"];

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
