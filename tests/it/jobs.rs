//! Work that is done later: watched, mended, tried again, planned, held up.

use lakegate_tests::{
    Client, Database, Options, Server, Value, both,
    command::command,
    files::write,
    story::{self, Team, folder_uri},
    wait::eventually,
};
use serde_json::json;
use std::{
    fs,
    path::PathBuf,
    process::{Child, Stdio},
};

const RUN: &str = "query ($id: ID!) { jobRun(id: $id) { id kind title state subject projectName error errorCode trigger
    startedBy attempt tries maxTries deadLetter canAct output replayOf progress { phase unit done total percent } } }";
const LOG: &str = "query ($run: ID!) { jobLog(run: $run) { number level message } }";
const RETRY: &str = "mutation ($id: ID!) { retryJobRun(id: $id) { ok problem { code message } run { id replayOf } } }";
const DISCARD: &str =
    "mutation ($id: ID!) { discardJobRun(id: $id) { ok problem { code message } run { deadLetter } } }";
const CANCEL: &str = "mutation ($id: ID!) { cancelJobRun(id: $id) { ok problem { code message } run { state } } }";
const SCHEDULE: &str =
    "mutation ($source: ID!, $timing: TimingInput!) { scheduleDataSource(source: $source, timing: $timing) {
    ok problem { code field message } schedule { id words coming everySeconds cron version } } }";
const PAUSE: &str = "mutation ($kind: String!) { pauseJobs(kind: $kind, reason: \"The disk is looked after\") { ok problem { code field } } }";
const RESUME: &str = "mutation ($kind: String!) { resumeJobs(kind: $kind) { ok problem { code field } } }";
const QUEUE: &str =
    "{ jobQueue { paused { reason pausedBy } kinds { kind waiting running deadLetters refused paused { reason } }
    workers { name lightSlots holds { id } } } }";

async fn team(app: &Server) -> (Team, String, PathBuf) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let folder = app.files().join("prices");
    fs::create_dir_all(&folder).unwrap();
    let source = story::source(&team, "prices", &folder_uri(&folder)).await;
    (team, source, folder)
}

/// The value of the one field that a document asks for.
async fn ask(client: &Client, text: &str, variables: Value) -> Value {
    client.data(text, variables).await.as_object().unwrap().values().next().unwrap().clone()
}

/// The code with which the one field is refused.
async fn code(client: &Client, text: &str, variables: Value) -> Value {
    client.graphql(text, variables).await.json()["errors"][0]["extensions"]["code"].clone()
}

async fn ended(client: &Client, id: &str) -> Value {
    eventually("the end of a run", async || {
        let run = ask(client, RUN, json!({ "id": id })).await;
        ["succeeded", "failed", "cancelled"]
            .contains(&run["state"].as_str().unwrap().to_lowercase().as_str())
            .then_some(run)
    })
    .await
}

both!(
    async fn a_failing_run_is_read_mended_and_tried_again(app) {
        let (team, source, folder) = team(app).await;
        let aside = app.files().join("aside");
        fs::rename(&folder, &aside).unwrap();
        let failed = story::run(&team.owner, &source).await;
        let id = failed["id"].as_str().unwrap().to_owned();
        let run = ended(&team.owner, &id).await;
        assert_eq!((&run["state"], &run["deadLetter"], &run["subject"]), (&json!("FAILED"), &json!(true), &json!("prices")), "{run}");
        assert!(run["error"].as_str().is_some_and(|error| !error.is_empty()), "{run}");
        let log = ask(&team.owner, LOG, json!({ "run": id })).await;
        assert!(log.as_array().unwrap().iter().any(|line| line["level"] == "ERROR"), "{log}");
        let dead = "query { jobRuns(deadLetters: true, first: 5) { nodes { id } } }";
        assert_eq!(ask(&team.owner, dead, json!({})).await["nodes"], json!([{ "id": id }]));
        // Who runs the installation sees that it failed, and not what it read.
        let admin = app.person_with("root", &["administrator"]).await;
        let seen = ask(&admin, RUN, json!({ "id": id })).await;
        assert_eq!((&seen["state"], &seen["subject"], &seen["canAct"]), (&json!("FAILED"), &Value::Null, &json!(true)), "{seen}");
        assert!(!seen["error"].as_str().unwrap().contains("prices"), "{seen}");
        assert_eq!(code(&admin, LOG, json!({ "run": id })).await, "forbidden");
        // Strangers do not know of it.
        let stranger = app.person("sam").await;
        assert_eq!(code(&stranger, RUN, json!({ "id": id })).await, "not_found");
        assert_eq!(code(&stranger, LOG, json!({ "run": id })).await, "not_found");
        for text in [RETRY, DISCARD, CANCEL] {
            assert_eq!(ask(&stranger, text, json!({ "id": id })).await["problem"]["code"], "not_found");
        }
        assert_eq!(ask(&stranger, dead, json!({})).await["nodes"], json!([]));
        // Mended, it is tried again as a new run; the old one needs nobody any more.
        fs::rename(&aside, &folder).unwrap();
        write(&folder.join("prices.csv"), b"id,price\n1,2.50\n2,3\n");
        let again = ask(&team.owner, RETRY, json!({ "id": id })).await;
        assert_eq!(again["run"]["replayOf"], id, "{again}");
        let run = ended(&team.owner, again["run"]["id"].as_str().unwrap()).await;
        assert_eq!((&run["state"], &run["trigger"]), (&json!("SUCCEEDED"), &json!("replay")), "{run}");
        assert_eq!((&run["progress"]["done"], &run["progress"]["total"], &run["progress"]["percent"]), (&json!(1), &json!(1), &json!(100)));
        let output: Value = serde_json::from_str(run["output"].as_str().unwrap()).unwrap();
        assert_eq!(output["tables_new"], 1);
        assert_eq!(ask(&team.owner, dead, json!({})).await["nodes"], json!([]));
        for text in [RETRY, DISCARD, CANCEL] {
            assert_eq!(ask(&team.owner, text, json!({ "id": id })).await["problem"]["code"], "conflict");
        }
    }
);

both!(
    async fn a_source_is_told_to_look_elsewhere(app) {
        let (team, source, folder) = team(app).await;
        let other = app.files().join("elsewhere");
        write(&other.join("prices.csv"), b"id,price\n1,2.50\n");
        fs::remove_dir_all(&folder).unwrap();
        let failed = story::run(&team.owner, &source).await;
        let failed = ended(&team.owner, failed["id"].as_str().unwrap()).await;
        assert_eq!(failed["state"], "FAILED", "{failed}");
        let path = format!("/api/v1/data-sources/{source}");
        let to = async |location: &str| team.owner.patch(&path, json!({ "location": location })).await;
        to("s3://bucket/prices/").await.blames(400, "invalid", "location");
        to("nowhere").await.blames(400, "invalid", "location");
        let theirs = app.files().join("theirs");
        fs::create_dir_all(&theirs).unwrap();
        let neighbour = app.team("nora", &app.domain("Other").await, "Neighbour", "theirs").await;
        story::source(&neighbour, "theirs", &folder_uri(&theirs)).await;
        to(&folder_uri(&theirs)).await.blames(409, "conflict", "location");
        let admin = app.person_with("root", &["administrator"]).await;
        assert_eq!(ask(&admin, PAUSE, json!({ "kind": "crawl" })).await["ok"], true);
        let waits = team.owner.post(&format!("{path}/runs"), json!({})).await.ok();
        to(&folder_uri(&other)).await.blames(409, "conflict", "location");
        assert_eq!(ask(&team.owner, CANCEL, json!({ "id": waits["id"] })).await["ok"], true);
        assert_eq!(ask(&admin, RESUME, json!({ "kind": "crawl" })).await["ok"], true);
        assert_eq!(to(&folder_uri(&other)).await.ok()["location"], folder_uri(&other));
        let again = ask(&team.owner, RETRY, json!({ "id": failed["id"] })).await;
        let run = ended(&team.owner, again["run"]["id"].as_str().unwrap()).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
    }
);

both!(
    async fn a_schedule_starts_runs_by_itself(app) {
        let (team, source, folder) = team(app).await;
        write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
        let wrong = json!({ "source": source, "timing": { "cron": "61 * * * *" } });
        assert_eq!(ask(&team.owner, SCHEDULE, wrong).await["problem"]["field"], "cron");
        let wrong = json!({ "source": source, "timing": { "cron": "0 6 * * *", "zone": "Mars/Base" } });
        assert_eq!(ask(&team.owner, SCHEDULE, wrong).await["problem"]["field"], "zone");
        let both = json!({ "source": source, "timing": { "cron": "0 6 * * *", "everySeconds": 60 } });
        assert_eq!(ask(&team.owner, SCHEDULE, both).await["problem"]["field"], "schedule");
        let daily = json!({ "source": source, "timing": { "cron": "0 6 * * 1-5", "zone": "Europe/Berlin" } });
        let daily = ask(&team.owner, SCHEDULE, daily).await["schedule"].clone();
        assert_eq!(daily["words"], "At 06:00, on Monday, Tuesday, Wednesday, Thursday, and Friday (Europe/Berlin)", "{daily}");
        assert_eq!(daily["coming"].as_array().unwrap().len(), 5);
        let often = json!({ "source": source, "timing": { "cron": "* * * * * *" } });
        let often = ask(&team.owner, SCHEDULE, often).await["schedule"].clone();
        assert_eq!((&often["id"], &often["version"]), (&daily["id"], &json!(2)), "one schedule a source");
        let runs = format!("query {{ jobRuns(project: \"{}\", first: 50) {{ nodes {{ id trigger state }} }} }}", team.project);
        let by_itself = async || {
            let found = ask(&team.owner, &runs, json!({})).await["nodes"].as_array().unwrap().clone();
            found.iter().filter(|run| run["trigger"] == "schedule" && run["state"] == "SUCCEEDED").count()
        };
        eventually("two runs by schedule", async || (by_itself().await >= 2).then_some(())).await;
        let schedules = format!("query {{ jobSchedules(project: \"{}\") {{ nodes {{ id }} }} }}", team.project);
        assert_eq!(ask(&team.owner, &schedules, json!({})).await["nodes"].as_array().unwrap().len(), 1);
        let stranger = app.person("sam").await;
        assert_eq!(code(&stranger, &schedules, json!({})).await, "not_found");
        let remove = "mutation ($id: ID!) { deleteJobSchedule(id: $id) { ok problem { code } } }";
        assert_eq!(ask(&stranger, remove, json!({ "id": often["id"] })).await["problem"]["code"], "not_found");
        assert_eq!(ask(&team.owner, remove, json!({ "id": often["id"] })).await["ok"], true);
        assert_eq!(ask(&team.owner, &schedules, json!({})).await["nodes"], json!([]));
    }
);

both!(
    async fn work_is_held_up_and_goes_on(app) {
        let (team, source, folder) = team(app).await;
        write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
        let admin = app.person_with("root", &["administrator"]).await;
        assert_eq!(ask(&team.owner, PAUSE, json!({ "kind": "crawl" })).await["problem"]["code"], "forbidden");
        assert_eq!(code(&team.owner, QUEUE, json!({})).await, "forbidden");
        assert_eq!(ask(&admin, PAUSE, json!({ "kind": "nothing" })).await["problem"]["field"], "kind");
        assert_eq!(ask(&admin, PAUSE, json!({ "kind": "crawl" })).await["ok"], true);
        let start = "mutation ($id: ID!) { runDataSource(id: $id) { ok run { id state } } }";
        let begun = ask(&team.owner, start, json!({ "id": source })).await["run"].clone();
        let again = ask(&team.owner, start, json!({ "id": source })).await["run"].clone();
        assert_eq!(begun["id"], again["id"], "one open run a source");
        let queue = ask(&admin, QUEUE, json!({})).await;
        let crawl = queue["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "crawl").unwrap().clone();
        assert_eq!((&crawl["waiting"], &crawl["paused"]["reason"]), (&json!(1), &json!("The disk is looked after")), "{queue}");
        assert_eq!(queue["workers"].as_array().unwrap().len(), 1);
        assert_eq!(ask(&admin, RESUME, json!({ "kind": "crawl" })).await["ok"], true);
        assert_eq!(ask(&admin, RESUME, json!({ "kind": "crawl" })).await["problem"]["code"], "conflict");
        let id = begun["id"].as_str().unwrap();
        assert_eq!(ended(&team.owner, id).await["state"], "SUCCEEDED");
        // What waits is cancelled at once.
        assert_eq!(ask(&admin, PAUSE, json!({ "kind": "*" })).await["ok"], true);
        let waits = ask(&team.owner, start, json!({ "id": source })).await["run"]["id"].clone();
        let cancelled = ask(&team.owner, CANCEL, json!({ "id": waits })).await;
        assert_eq!(cancelled["run"]["state"], "CANCELLED", "{cancelled}");
        assert_eq!(ask(&admin, RESUME, json!({ "kind": "*" })).await["ok"], true);
        let told = admin.all("/api/v1/audit?action=job", 50).await;
        assert!(told.iter().any(|event| event["action"] == "job.pause"), "{told:#?}");
    }
);

both!(
    async fn a_run_has_a_page(app) {
        let (team, source, folder) = team(app).await;
        write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
        let run = story::run(&team.owner, &source).await;
        let browser = app.browser("olga").await;
        let list = browser.open("/jobs").await.text();
        assert!(list.contains("Look for tables: prices") && list.contains("Succeeded"), "{list}");
        let page = browser.open(&format!("/jobs/runs/{}", run["id"].as_str().unwrap())).await.text();
        assert!(page.contains("tables: 1, files: 1") && page.contains("Tables new"), "{page}");
    }
);

/// A worker of its own beside a server: on its configuration, with its key and a data directory apart.
fn worker(app: &Server, name: &str, failpoint: Option<&str>) -> Child {
    let folder = app.files().join(name);
    let (configuration, data_dir) = (app.configuration(), folder.display().to_string());
    let mut command = command(&["worker", "--config", configuration.to_str().unwrap(), "--data-dir", &data_dir]);
    command.env("LAKEGATE_KEYS__MASTER_KEY_FILE", app.data_dir.join("master.key"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(point) = failpoint {
        command.env("LAKEGATE_FAILPOINT", point);
    }
    command.spawn().unwrap()
}

#[tokio::test]
async fn another_worker_takes_over_from_one_that_died() {
    let Some(database) = Database::postgres(concat!(module_path!(), "_workers")) else { return };
    let options = Options::default().on(database).toml("[jobs]\nin_server = false\nlease_seconds = 5");
    let app = Server::start(options).await;
    let (team, source, folder) = team(&app).await;
    write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
    let start = "mutation ($id: ID!) { runDataSource(id: $id) { ok run { id } } }";
    let id = ask(&team.owner, start, json!({ "id": source })).await["run"]["id"].as_str().unwrap().to_owned();
    let mut first = worker(&app, "first", Some("source.listed"));
    let died = eventually("the death of the first worker", async || first.try_wait().unwrap()).await;
    assert!(!died.success());
    assert_eq!(ask(&team.owner, RUN, json!({ "id": id })).await["state"], "RUNNING", "nobody has noticed yet");
    let mut second = worker(&app, "second", None);
    let run = ended(&team.owner, &id).await;
    assert_eq!((&run["state"], &run["attempt"], &run["tries"]), (&json!("SUCCEEDED"), &json!(2), &json!(0)), "{run}");
    let attempts = "query ($run: ID!) { jobAttempts(run: $run) { outcome error } }";
    let attempts = ask(&team.owner, attempts, json!({ "run": id })).await;
    assert_eq!((&attempts[0]["outcome"], &attempts[1]["outcome"]), (&json!("SUCCEEDED"), &json!("LOST")), "{attempts}");
    lakegate_tests::server::signal(second.id(), "TERM");
    let ended = eventually("the end of the second worker", async || second.try_wait().unwrap()).await;
    assert_eq!(ended.code(), Some(0));
    let admin = app.person_with("root", &["administrator"]).await;
    let workers = ask(&admin, QUEUE, json!({})).await["workers"].clone();
    assert!(workers.as_array().unwrap().len() <= 1, "the second one said good-bye: {workers}");
    app.finish().await;
}

#[tokio::test]
async fn with_sqlite_the_server_does_all_work() {
    let app = Server::start(Options::default()).await;
    let said = app.command(&["worker"]).await.refused();
    assert!(said.contains("database.url"), "{said}");
    app.finish().await;
}
