//! Work that is done later, over REST: runs and what they say, schedules, the queue.

use lakegate_tests::{
    Server, Value, both, eventually,
    files::write,
    story::{self, Team, folder_uri},
};
use serde_json::json;
use std::fs;

const RUNS: &str = "/api/v1/jobs/runs";

async fn team(app: &Server) -> (Team, String) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let folder = app.files().join("prices");
    write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
    let source = story::source(&team, "prices", &folder_uri(&folder)).await;
    (team, source)
}

both!(
    async fn a_run_is_read_tried_again_and_put_away(app) {
        let (team, source) = team(app).await;
        let folder = app.files().join("prices");
        let aside = app.files().join("aside");
        fs::rename(&folder, &aside).unwrap();
        let failed = story::run(&team.owner, &source).await["id"].as_str().unwrap().to_owned();
        let at = format!("{RUNS}/{failed}");
        let run = team.owner.get(&at).await.ok();
        let seen = (&run["state"], &run["kind"], &run["subject"], &run["dead_letter"], &run["can_act"]);
        assert_eq!(seen, (&json!("failed"), &json!("crawl"), &json!("prices"), &json!(true), &json!(true)), "{run}");
        let log = team.owner.get(&format!("{at}/log")).await.ok();
        let lines = log.as_array().unwrap();
        assert!(lines.iter().any(|line| line["level"] == "error"), "{log}");
        let last = lines.last().unwrap()["number"].as_i64().unwrap();
        assert_eq!(team.owner.get(&format!("{at}/log?behind={last}")).await.ok(), json!([]));
        let attempts = team.owner.get(&format!("{at}/attempts")).await.ok();
        assert_eq!(attempts[0]["outcome"], "failed", "{attempts}");
        let dead = team.owner.all(&format!("{RUNS}?dead_letters=true&project={}", team.project), 50).await;
        assert_eq!(dead.iter().map(|run| &run["id"]).collect::<Vec<_>>(), [&json!(failed)]);

        // Administrators see that it failed; strangers nothing.
        let admin = app.person_with("root", &["administrator"]).await;
        let outside = admin.get(&at).await.ok();
        assert_eq!((&outside["state"], &outside["subject"], &outside["output"]), (&json!("failed"), &Value::Null, &Value::Null));
        assert!(!outside["error"].as_str().unwrap().contains("prices"), "{outside}");
        admin.get(&format!("{at}/log")).await.is(403);
        let stranger = app.person("sam").await;
        for part in ["", "/log", "/attempts"] {
            stranger.get(&format!("{at}{part}")).await.is(404);
        }
        for verb in ["cancel", "retry", "discard"] {
            stranger.post(&format!("{at}/{verb}"), json!({})).await.is(404);
        }
        assert_eq!(stranger.all(RUNS, 50).await, [Value::Null; 0]);
        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        viewer.get(&at).await.ok();
        viewer.post(&format!("{at}/retry"), json!({})).await.is(403);

        // Mended, it is tried again.
        fs::rename(&aside, &folder).unwrap();
        let again = team.owner.post(&format!("{at}/retry"), json!({})).await.is(202).json();
        assert_eq!(again["replay_of"], failed.as_str(), "{again}");
        story::ended(&team.owner, again["id"].as_str().unwrap()).await;
        let done = team.owner.get(&format!("{RUNS}/{}", again["id"].as_str().unwrap())).await.ok();
        assert_eq!((&done["state"], &done["output"]["tables_new"], &done["progress"]["percent"]), (&json!("succeeded"), &json!(1), &json!(100)), "{done}");
        for verb in ["cancel", "retry", "discard"] {
            team.owner.post(&format!("{at}/{verb}"), json!({})).await.is(409);
        }
        let ended = team.owner.all(&format!("{RUNS}?state=succeeded&kind=crawl"), 50).await;
        assert_eq!(ended.len(), 1, "{ended:?}");
        // A page at a time.
        assert_eq!(team.owner.all(RUNS, 1).await.len(), 2);
        team.owner.get(&format!("{RUNS}?state=nothing")).await.is(400);
    }
);

both!(
    async fn the_queue_is_held_up_and_schedules_end(app) {
        let (team, source) = team(app).await;
        let admin = app.person_with("root", &["administrator"]).await;
        let pause = json!({ "kind": "crawl", "reason": "The disk is looked after" });
        team.owner.get("/api/v1/jobs/queue").await.is(403);
        team.owner.post("/api/v1/jobs/queue/pause", pause.clone()).await.is(403);
        admin.post("/api/v1/jobs/queue/pause", pause).await.is(204);
        let run = team.owner.post(&format!("/api/v1/data-sources/{source}/runs"), json!({})).await.ok();
        let queue = admin.get("/api/v1/jobs/queue").await.ok();
        let crawl = queue["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "crawl").unwrap().clone();
        assert_eq!((&crawl["waiting"], &crawl["paused"]["reason"]), (&json!(1), &json!("The disk is looked after")), "{queue}");
        assert_eq!(queue["workers"].as_array().unwrap().len(), 1, "{queue}");
        let at = format!("{RUNS}/{}", run["id"].as_str().unwrap());
        assert_eq!(team.owner.post(&format!("{at}/cancel"), json!({})).await.ok()["state"], "cancelled");
        let resume = json!({ "kind": "crawl" });
        admin.post("/api/v1/jobs/queue/resume", resume.clone()).await.is(204);
        admin.post("/api/v1/jobs/queue/resume", resume).await.is(409);
        let retried = team.owner.post(&format!("{at}/retry"), json!({})).await.json();
        eventually("the end of the run", async || {
            let run = team.owner.get(&format!("{RUNS}/{}", retried["id"].as_str().unwrap())).await.ok();
            (run["state"] == "succeeded").then_some(())
        })
        .await;

        let timing = "mutation ($source: ID!) { scheduleDataSource(source: $source,
            timing: { cron: \"0 6 * * 1-5\", zone: \"Europe/Berlin\" }) { schedule { id } } }";
        let made = team.owner.data(timing, json!({ "source": source })).await;
        let schedule = made["scheduleDataSource"]["schedule"]["id"].as_str().unwrap().to_owned();
        let all = team.owner.all(&format!("/api/v1/jobs/schedules?project={}", team.project), 50).await;
        assert_eq!((all.len(), &all[0]["id"], &all[0]["cron"]), (1, &json!(schedule), &json!("0 6 * * 1-5")), "{all:?}");
        assert_eq!(all[0]["coming"].as_array().unwrap().len(), 5);
        assert_eq!(admin.all("/api/v1/jobs/schedules", 50).await.len(), 1);
        team.owner.get("/api/v1/jobs/schedules").await.is(403);
        let one = format!("/api/v1/jobs/schedules/{schedule}");
        let stranger = app.person("sam").await;
        stranger.get(&one).await.is(404);
        stranger.delete(&one).await.is(404);
        assert_eq!(team.owner.get(&one).await.ok()["enabled"], true);
        team.owner.delete(&one).await.is(204);
        team.owner.get(&one).await.is(404);
    }
);

both!(
    async fn triggers_are_made_changed_and_removed(app) {
        let (team, source) = team(app).await;
        let of_source = format!("/api/v1/data-sources/{source}/triggers");
        let input = json!({ "name": "Deliveries", "happening": "webhook", "batch_events": 2, "batch_seconds": 60 });
        let stranger = app.person("sam").await;
        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        stranger.post(&of_source, input.clone()).await.is(404);
        viewer.post(&of_source, input.clone()).await.is(403);
        let made = team.owner.post(&of_source, input.clone()).await.is(201).json();
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with("lgh_"), "{made}");
        let at = format!("/api/v1/jobs/triggers/{}", made["trigger"]["id"].as_str().unwrap());
        let shown = viewer.get(&at).await.ok();
        let seen = (&shown["name"], &shown["happening"], &shown["batch_events"], &shown["enabled"], &shown["prefix"]);
        assert_eq!(seen, (&json!("Deliveries"), &json!("webhook"), &json!(2), &json!(true), &Value::Null), "{shown}");
        assert!(!shown.to_string().contains(secret), "the secret is shown once");
        stranger.get(&at).await.is(404);
        assert_eq!(viewer.all(&of_source, 50).await, [shown]);
        assert_eq!(viewer.all(&format!("{at}/events"), 50).await, [Value::Null; 0]);
        stranger.get(&format!("{at}/events")).await.is(404);

        let changed = json!({ "name": "Calls", "happening": "webhook", "enabled": false });
        viewer.put(&at, changed.clone()).await.is(403);
        let changed = team.owner.put(&at, changed).await.ok();
        let seen = (&changed["name"], &changed["batch_events"], &changed["enabled"]);
        assert_eq!(seen, (&json!("Calls"), &json!(1), &json!(false)), "{changed}");
        team.owner.put(&at, json!({ "name": "Calls", "happening": "object_created" })).await.blames(400, "invalid", "happening");
        team.owner.put(&at, json!({ "name": "", "happening": "webhook" })).await.blames(400, "invalid", "name");
        team.owner.put(&at, json!({ "name": "Calls", "happening": "nothing" })).await.is(400);
        viewer.post(&format!("{at}/secret"), json!({})).await.is(403);
        let renewed = team.owner.post(&format!("{at}/secret"), json!({})).await.ok();
        assert_ne!(renewed["secret"], secret, "{renewed}");

        viewer.delete(&at).await.is(403);
        team.owner.delete(&at).await.is(204);
        team.owner.delete(&at).await.is(404);
        assert_eq!(team.owner.all(&of_source, 50).await, [Value::Null; 0]);
    }
);

both!(
    async fn a_run_tells_which_events_started_it(app) {
        let (team, source) = team(app).await;
        let input = json!({ "name": "After files", "happening": "object_created", "list_seconds": 1 });
        let made = team.owner.post(&format!("/api/v1/data-sources/{source}/triggers"), input).await.is(201).json();
        let at = format!("/api/v1/jobs/triggers/{}", made["trigger"]["id"].as_str().unwrap());
        eventually("the first listing", async || {
            let listed = team.owner.all(&format!("{RUNS}?kind=listing&state=succeeded"), 50).await;
            (!listed.is_empty()).then_some(())
        })
        .await;
        write(&app.files().join("prices/more.csv"), b"id,price\n2,3.50\n");
        let event = eventually("the event of the new file", async || {
            let events = team.owner.all(&format!("{at}/events"), 50).await;
            events.into_iter().find(|event| event["run_id"].is_string())
        })
        .await;
        assert!(event["about"].as_str().unwrap().ends_with("prices/more.csv"), "{event}");
        let of_run = format!("{RUNS}/{}/events", event["run_id"].as_str().unwrap());
        assert_eq!(team.owner.all(&of_run, 50).await, [event]);
        app.person("sam").await.get(&of_run).await.is(404);
        story::ended(&team.owner, of_run.split('/').rev().nth(1).unwrap()).await;
    }
);
