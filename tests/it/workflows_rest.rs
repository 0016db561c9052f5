//! Workflows over REST: made, started, looked at, tried again, backfilled, removed.

use lakegate_tests::{Client, Value, answer::id, both, eventually};
use serde_json::json;
use std::fs;

use crate::workflows::{crawl, team};

async fn ended(client: &Client, path: &str, state: &str) -> Value {
    eventually("the end of a workflow", async || {
        let found = client.get(path).await.ok();
        let end = if found["run"].is_object() { &found["run"] } else { &found };
        end["ended_at"].is_string().then(|| {
            assert_eq!(end["state"], state, "{found}");
            found.clone()
        })
    })
    .await
}

both!(
    async fn a_workflow_is_made_run_and_removed(app) {
        let (team, all) = team(app, &["orders", "prices"]).await;
        let (owner, home) = (&team.owner, format!("/api/v1/projects/{}/workflows", team.project));
        let definition = json!({ "steps": [crawl("orders", &all[0])] });
        owner.post(&home, json!({ "name": "Nightly", "definition": { "step": [] } })).await.problem(400, "invalid");
        let made = owner.post(&home, json!({ "name": "Nightly", "definition": definition })).await.is(201).json();
        owner.post(&home, json!({ "name": "nightly", "definition": definition })).await.problem(409, "conflict");
        let at = format!("/api/v1/workflows/{}", id(&made));
        let renamed = owner.patch(&at, json!({ "name": "Each night" })).await.ok();
        assert_eq!(renamed["name"], "Each night");
        let steps = json!({ "steps": [crawl("orders", &all[0]), crawl("prices", &all[1])] });
        let revised = json!({ "version": 1, "definition": steps });
        assert_eq!(owner.post(&format!("{at}/versions"), revised.clone()).await.is(201).json()["version"], 2);
        owner.post(&format!("{at}/versions"), revised).await.problem(409, "conflict");
        let versions = owner.all(&format!("{at}/versions"), 1).await;
        assert_eq!(versions.iter().map(|version| &version["number"]).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(versions[1]["definition"], definition);

        // What fails is tried again, and only that.
        let (folder, aside) = (app.files().join("prices"), app.files().join("aside"));
        fs::rename(&folder, &aside).unwrap();
        let begun = owner.post(&format!("{at}/runs"), json!({})).await.is(202).json();
        let run = format!("/api/v1/workflow-runs/{}", id(&begun["run"]));
        let failed = ended(owner, &run, "failed").await;
        let states: Vec<_> = failed["steps"].as_array().unwrap().iter().map(|step| &step["state"]).collect();
        assert_eq!(states, ["succeeded", "failed"]);
        let parts = owner.all(&format!("{run}/parts?step=prices"), 5).await;
        assert!(parts.len() == 1 && parts[0]["error"].is_string(), "{parts:?}");
        fs::rename(&aside, &folder).unwrap();
        owner.post(&format!("{run}/retry"), json!({})).await.is(202);
        ended(owner, &run, "succeeded").await;
        assert_eq!(owner.all(&format!("{run}/parts?step=orders"), 5).await[0]["runs"], 1);
        owner.post(&format!("{run}/retry"), json!({})).await.problem(409, "conflict");
        owner.post(&format!("{run}/cancel"), json!({})).await.problem(409, "conflict");

        let days = json!({ "first": "2026-05-03", "last": "2026-05-04", "at_most": 2 });
        let backfill = owner.post(&format!("{at}/backfills"), days).await.is(202).json();
        let backfill = format!("/api/v1/workflow-backfills/{}", id(&backfill));
        assert_eq!(ended(owner, &backfill, "succeeded").await["succeeded"], 2);
        let runs = owner.all(&format!("{backfill}/runs"), 50).await;
        assert_eq!(runs.iter().map(|run| &run["day"]).collect::<Vec<_>>(), ["2026-05-03", "2026-05-04"]);
        assert_eq!(owner.all(&format!("{at}/backfills"), 50).await.len(), 1);
        assert_eq!(owner.all(&format!("{at}/runs"), 2).await.len(), 3);

        let timing = json!({ "cron": "0 6 * * MON-FRI", "zone": "Europe/Berlin" });
        let schedule = owner.put(&format!("{at}/schedule"), timing.clone()).await.ok();
        assert_eq!((&schedule["kind"], &schedule["zone"]), (&json!("workflow"), &json!("Europe/Berlin")));
        owner.put(&format!("{at}/schedule"), json!({ "cron": "never" })).await.problem(400, "invalid");
        let of_source = owner.put(&format!("/api/v1/data-sources/{}/schedule", all[0]), timing).await.ok();
        assert_eq!(of_source["kind"], "crawl");
        let trigger = json!({ "name": "Called", "happening": "webhook" });
        let called = owner.post(&format!("{at}/triggers"), trigger).await.is(201).json();
        assert_eq!(called["trigger"]["workflow_id"], id(&made).as_str(), "{called}");
        assert!(called["secret"].is_string());
        assert_eq!(owner.all(&format!("{at}/triggers"), 50).await.len(), 1);

        // Members look, contributors change, for all others it is not there.
        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        let stranger = app.person("sam").await;
        for path in [&at, &run, &backfill, &home] {
            viewer.get(path).await.ok();
            stranger.get(path).await.is(404);
        }
        for path in [format!("{at}/runs"), format!("{run}/retry"), format!("{backfill}/cancel")] {
            viewer.post(&path, json!({})).await.is(403);
            stranger.post(&path, json!({})).await.is(404);
        }
        viewer.delete(&at).await.is(403);
        owner.delete(&at).await.is(204);
        owner.get(&at).await.is(404);
        owner.get(&run).await.is(404);
    }
);
