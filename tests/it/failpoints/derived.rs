//! The query of a derived table that is cut off between its file, its table and its end.

use lakegate_tests::{Client, Value, both, story::rows, upload};
use serde_json::json;

use super::{dead, entries, here, sound, team, to_die};
use crate::derived::{Side, run};

pub(super) const DERIVED: &[&str] = &["derived.file_visible", "derived.committed"];

const RUN: &str = "mutation ($id: ID!) { runDerivedTable(id: $id) { problem { code } run { id } } }";

/// The values of the table in order.
async fn values(client: &Client, table: &str) -> Vec<Vec<Value>> {
    rows(client, &format!("select n from {table} order by n")).await
}

both!(
    lakegate_tests::Options::default().toml("[jobs]\nlease_seconds = 5"),
    async fn a_query_that_makes_a_table(app) {
        let team = team(app).await;
        let environment = team.environment.id.clone();
        let first = upload::upload(&team.owner, &environment, "numbers", "n.csv", b"n\n1\n".to_vec()).await;
        let (numbers, _) = upload::asset(first);
        let side = Side::of(team).await;
        let derived = side.derived("copied", &format!("select n from {}", side.table("numbers"))).await;
        side.built(&derived).await;
        for (n, point) in (2..).zip(DERIVED) {
            let more = upload::raw(
                &here(&side.team.owner, app),
                &format!("/api/v1/assets/{numbers}/uploads"),
                "more.csv",
                format!("n\n{n}\n"),
            );
            here(&side.team.owner, app).send(more).await.is(201);
            to_die(app, point).await;
            let client = here(&side.team.owner, app);
            // The answer and the death run side by side.
            let _either = client.try_send(client.request(reqwest::Method::POST, "/graphql").json(&json!({
                "query": RUN, "variables": { "id": derived } })))
            .await;
            dead(app, point).await;
            let client = here(&side.team.acting(), app);
            // The old table, or the new one, since the run may have been found again; and no file that nobody knows of.
            let found = values(&client, &side.table("copied")).await.len();
            let least = if *point == "derived.committed" { n } else { n - 1 };
            assert!((least..=n).contains(&found), "{point}: {found}");
            // The run is found again, and ends; or another is asked for.
            let again = run(&here(&side.team.owner, app), &derived).await;
            assert!(["succeeded", "failed"].contains(&again["state"].as_str().unwrap()), "{point}: {again}");
            let again = run(&here(&side.team.owner, app), &derived).await;
            assert_eq!(again["state"], "succeeded", "{point}: {again}");
            assert_eq!(values(&client, &side.table("copied")).await.len(), n, "{point}");
            assert_eq!(entries(&app.data_dir.join("unfinished")).len(), 0, "{point}");
            sound(app, point).await;
        }
    }
);
