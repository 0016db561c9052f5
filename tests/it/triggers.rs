//! Runs that begin by themselves: somebody calls, a file arrives, another run has ended.

use hmac::{Hmac, Mac};
use lakegate_tests::{
    Client, Server, Value,
    answer::{Answer, id},
    both,
    files::write,
    story::{self, Team, folder_uri},
    wait::eventually,
};
use serde_json::json;
use sha2::Sha256;
use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

const CREATE: &str =
    "mutation ($source: ID!, $input: TriggerInput!) { createJobTrigger(source: $source, input: $input) {
    ok problem { code field message } made { secret trigger { id address enabled prefix } } } }";
const UPDATE: &str = "mutation ($id: ID!, $input: TriggerInput!) { updateJobTrigger(id: $id, input: $input) {
    ok problem { code field message } trigger { id enabled } } }";
const RENEW: &str = "mutation ($id: ID!) { renewTriggerSecret(id: $id) { ok problem { code } made { secret } } }";
const REMOVE: &str = "mutation ($id: ID!) { deleteJobTrigger(id: $id) { ok problem { code } } }";
const TRIGGER: &str = "query ($id: ID!) { jobTrigger(id: $id) { id gathered dueAt lastAt } }";
const EVENTS: &str = "query ($id: ID!) { triggerEvents(trigger: $id, first: 50) { nodes { about runId } } }";
const RUNS: &str = "query ($project: ID!) { jobRuns(project: $project, kind: \"crawl\", first: 50) { nodes { id trigger state startedBy } } }";

async fn team(app: &Server) -> (Team, String, PathBuf) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let folder = app.files().join("prices");
    write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
    let source = story::source(&team, "prices", &folder_uri(&folder)).await;
    (team, source, folder)
}

/// The value of the one field that a document asks for.
async fn ask(client: &Client, text: &str, variables: Value) -> Value {
    client.data(text, variables).await.as_object().unwrap().values().next().unwrap().clone()
}

async fn refusal(client: &Client, text: &str, variables: Value) -> (Value, Value) {
    let problem = ask(client, text, variables).await["problem"].clone();
    (problem["code"].clone(), problem["field"].clone())
}

/// Makes a trigger; gives its id and secret.
pub(super) async fn made(client: &Client, source: &str, input: Value) -> (String, String) {
    let made = ask(client, CREATE, json!({ "source": source, "input": input })).await;
    assert_eq!(made["ok"], true, "{made}");
    (id(&made["made"]["trigger"]), made["made"]["secret"].as_str().unwrap_or_default().to_owned())
}

/// The runs of a project that something started.
pub(super) async fn started(team: &Team) -> Vec<Value> {
    let runs = ask(&team.owner, RUNS, json!({ "project": team.project })).await["nodes"].as_array().unwrap().clone();
    runs.into_iter().filter(|run| run["trigger"] == "event").collect()
}

pub(super) async fn all_succeeded(team: &Team, count: usize) {
    eventually("the runs that something started", async || {
        let runs = started(team).await;
        (runs.len() == count && runs.iter().all(|run| run["state"] == "SUCCEEDED")).then_some(())
    })
    .await;
}

/// A call that can be made again, or be tampered with.
#[derive(Clone)]
pub(super) struct Call {
    trigger: String,
    secret: String,
    time: i64,
    nonce: String,
    pub body: String,
}

impl Call {
    pub fn new(trigger: &str, secret: &str, nonce: &str) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap();
        Self { trigger: trigger.into(), secret: secret.into(), time, nonce: nonce.into(), body: "{}".into() }
    }

    fn signature(&self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(format!("{}.{}.{}", self.time, self.nonce, self.body).as_bytes());
        format!("v1={}", hex::encode(mac.finalize().into_bytes()))
    }

    pub async fn send(&self, app: &Server) -> Answer {
        self.send_signed(app, &self.signature()).await
    }

    async fn send_signed(&self, app: &Server, signature: &str) -> Answer {
        let anybody = app.anonymous();
        let request = anybody.request(reqwest::Method::POST, &format!("/api/v1/hooks/{}", self.trigger));
        let request = request.header("lakegate-timestamp", self.time).header("lakegate-nonce", &self.nonce);
        anybody.send(request.header("lakegate-signature", signature).body(self.body.clone())).await
    }
}

both!(
    async fn a_signed_call_starts_a_run_once(app) {
        let (team, source, _) = team(app).await;
        let input = json!({ "name": "Deliveries", "happening": "WEBHOOK" });
        let (trigger, secret) = made(&team.owner, &source, input.clone()).await;
        let call = Call::new(&trigger, &secret, "first-call");
        assert_eq!(call.send(app).await.is(202).json()["events"], 1);
        all_succeeded(&team, 1).await;
        let run = started(&team).await.remove(0);
        assert_eq!(run["startedBy"], "trigger Deliveries");
        let events = "query ($run: ID!) { jobRunEvents(run: $run) { nodes { about } } }";
        assert_eq!(ask(&team.owner, events, json!({ "run": run["id"] })).await["nodes"], json!([{ "about": "A call" }]));
        // Sent again by whoever listened, it is taken no second time.
        call.send(app).await.problem(409, "conflict");
        // Whatever is wrong, the answer is the one for a trigger that does not exist.
        let nowhere = Call { trigger: "018f0000-0000-7000-8000-000000000000".into(), ..call.clone() };
        let told = nowhere.send(app).await.problem(401, "unauthenticated")["detail"].clone();
        let next = Call { nonce: "second-call".into(), ..call.clone() };
        let wrong = [
            Call { secret: "another".into(), ..next.clone() }.send(app).await,
            Call { body: "{ }".into(), ..next.clone() }.send_signed(app, &next.signature()).await,
            Call { nonce: "third-call".into(), ..next.clone() }.send_signed(app, &next.signature()).await,
            Call { time: next.time + 1, ..next.clone() }.send_signed(app, &next.signature()).await,
            Call { time: next.time - 301, ..next.clone() }.send(app).await,
            Call { time: next.time + 360, ..next.clone() }.send(app).await,
            Call { nonce: "short".into(), ..next.clone() }.send(app).await,
            next.send_signed(app, "").await,
            next.send_signed(app, "v1=00").await,
        ];
        for answer in wrong {
            assert_eq!(answer.problem(401, "unauthenticated")["detail"], told);
        }
        // With another secret the one before is worth nothing.
        let renewed = ask(&team.owner, RENEW, json!({ "id": trigger })).await["made"]["secret"].clone();
        next.send(app).await.problem(401, "unauthenticated");
        let next = Call { secret: renewed.as_str().unwrap().into(), ..next };
        // Off, it takes nothing.
        let off = json!({ "name": "Deliveries", "happening": "WEBHOOK", "enabled": false });
        assert_eq!(ask(&team.owner, UPDATE, json!({ "id": trigger, "input": off })).await["ok"], true);
        next.send(app).await.problem(409, "conflict");
        assert_eq!(ask(&team.owner, UPDATE, json!({ "id": trigger, "input": input })).await["ok"], true);
        assert_eq!(next.send(app).await.is(202).json()["events"], 1);
        all_succeeded(&team, 2).await;
        assert_eq!(ask(&team.owner, REMOVE, json!({ "id": trigger })).await["ok"], true);
        Call { nonce: "last-call".into(), ..next }.send(app).await.problem(401, "unauthenticated");
    }
);

both!(
    async fn the_secret_outlives_a_master_key(app) {
        let (mut team, source, _) = team(app).await;
        let input = json!({ "name": "Deliveries", "happening": "WEBHOOK" });
        let (trigger, secret) = made(&team.owner, &source, input).await;
        app.command(&["keys", "rotate"]).await.ok();
        app.restart().await;
        app.restart().await;
        app.stop().await;
        app.command(&["keys", "retire"]).await.ok();
        app.start_again().await;
        Call::new(&trigger, &secret, "after-the-rotation").send(app).await.is(202);
        team.owner.client = app.signed_in("olga").await;
        all_succeeded(&team, 1).await;
    }
);

both!(
    async fn triggers_are_for_members_and_made_by_contributors(app) {
        let (team, source, _) = team(app).await;
        let input = json!({ "name": "Deliveries", "happening": "WEBHOOK" });
        let (trigger, _) = made(&team.owner, &source, input.clone()).await;
        let (viewer, stranger) = (app.person("vera").await, app.person("sam").await);
        team.join(&viewer, "viewer").await;
        assert_eq!(ask(&viewer, TRIGGER, json!({ "id": trigger })).await["id"], trigger);
        let create = json!({ "source": source, "input": input });
        let update = json!({ "id": trigger, "input": input });
        for (who, code) in [(&viewer, "forbidden"), (&stranger, "not_found")] {
            assert_eq!(refusal(who, CREATE, create.clone()).await.0, code);
            assert_eq!(refusal(who, UPDATE, update.clone()).await.0, code);
            assert_eq!(refusal(who, RENEW, update.clone()).await.0, code);
            assert_eq!(refusal(who, REMOVE, json!({ "id": trigger })).await.0, code);
        }
        for text in [TRIGGER, EVENTS] {
            let answer = stranger.graphql(text, json!({ "id": trigger })).await.json();
            assert_eq!(answer["errors"][0]["extensions"]["code"], "not_found", "{answer}");
        }
        // What a trigger is about belongs to its own project.
        let other = app.team("otto", &app.domain("Other").await, "Other", "other").await;
        fs::create_dir_all(app.files().join("theirs")).unwrap();
        let theirs = story::source(&other, "theirs", &folder_uri(&app.files().join("theirs"))).await;
        for input in [
            json!({ "name": "x", "happening": "RUN_ENDED", "watched": theirs }),
            json!({ "name": "x", "happening": "RUN_ENDED" }),
            json!({ "name": "x", "happening": "ASSET_PUBLISHED", "watched": theirs }),
        ] {
            assert_eq!(refusal(&team.owner, CREATE, json!({ "source": source, "input": input })).await.1, "watched");
        }
        for (input, field) in [
            (json!({ "name": "", "happening": "WEBHOOK" }), "name"),
            (json!({ "name": "x", "happening": "WEBHOOK", "batchEvents": 0 }), "batchEvents"),
            (json!({ "name": "x", "happening": "WEBHOOK", "batchSeconds": 86_401 }), "batchSeconds"),
            (json!({ "name": "x", "happening": "WEBHOOK", "prefix": "s3://bucket/" }), "happening"),
            (json!({ "name": "x", "happening": "WEBHOOK", "outcome": "FAILED" }), "outcome"),
            (json!({ "name": "x", "happening": "OBJECT_CREATED", "prefix": "file:///etc/" }), "prefix"),
            (json!({ "name": "x", "happening": "OBJECT_CREATED", "excluded": ["file:///etc/"] }), "excluded"),
            (json!({ "name": "x", "happening": "OBJECT_CREATED", "listSeconds": 0 }), "listSeconds"),
        ] {
            let variables = json!({ "source": source, "input": input });
            assert_eq!(refusal(&team.owner, CREATE, variables).await, (json!("invalid"), json!(field)), "{input}");
        }
        let told = app.admin.all("/api/v1/audit?action=job", 50).await;
        assert!(told.iter().any(|event| event["action"] == "job.create_trigger"), "{told:#?}");
    }
);

both!(
    async fn a_file_that_arrives_is_noticed_and_its_new_column_stays_closed(app) {
        let (team, source, folder) = team(app).await;
        story::crawl(&team.owner, &source).await;
        let asset = id(&story::asset_named(&team.owner, &team.project, "prices").await);
        story::publish(&team.owner, &asset, "Prices").await;
        let columns = async || {
            let asset = story::asset(&team.owner, &asset).await;
            let columns = asset["columns"].as_array().unwrap().iter();
            columns.map(|column| (column["name"].clone(), column["state"].clone())).collect::<Vec<_>>()
        };
        let before = columns().await;
        fs::create_dir_all(folder.join("out")).unwrap();
        let out = folder_uri(&folder.join("out"));
        let input = json!({ "name": "Arrivals", "happening": "OBJECT_CREATED", "listSeconds": 1, "excluded": [out] });
        let (trigger, _) = made(&team.owner, &source, input).await;
        let listings = "query ($project: ID!) { jobRuns(project: $project, kind: \"listing\", first: 1) { nodes { state } } }";
        eventually("the first listing", async || {
            let runs = ask(&team.owner, listings, json!({ "project": team.project })).await;
            (runs["nodes"][0]["state"] == "SUCCEEDED").then_some(())
        })
        .await;
        assert_eq!(ask(&team.owner, EVENTS, json!({ "id": trigger })).await["nodes"], json!([]), "it was there before");
        write(&folder.join("out/result.csv"), b"id\n1\n");
        write(&folder.join("_temporary/part.csv"), b"id\n1\n");
        write(&folder.join("prices-2.csv"), b"id,price,margin\n2,3.50,0.1\n");
        all_succeeded(&team, 1).await;
        let events = ask(&team.owner, EVENTS, json!({ "id": trigger })).await["nodes"].clone();
        assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
        assert!(events[0]["about"].as_str().unwrap().ends_with("/prices-2.csv"), "{events}");
        let after = columns().await;
        let come: Vec<_> = after.iter().filter(|column| !before.contains(column)).collect();
        assert_eq!(come, [&(json!("margin"), json!("pending"))]);
        // What takes its place is another state of it, and an event.
        write(&folder.join("prices-2.csv"), b"id,price,margin\n2,3.75,0.1\n3,1,0.2\n");
        all_succeeded(&team, 2).await;
    }
);

both!(
    async fn notifications_of_a_store_are_read_and_only_listed_from(app) {
        let (team, source, _) = team(app).await;
        let (trigger, secret) = made(&team.owner, &source, json!({ "name": "Store", "happening": "OBJECT_CREATED" })).await;
        let call = |nonce: &str, body: Value| Call { body: body.to_string(), ..Call::new(&trigger, &secret, nonce) };
        assert_eq!(call("test-event", json!({ "Event": "s3:TestEvent" })).send(app).await.is(202).json()["events"], 0);
        // Somebody else's bucket starts nothing here, whoever signs.
        let elsewhere = json!({ "Records": [{ "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": "elsewhere" }, "object": { "key": "a.csv", "sequencer": "1" } } }] });
        assert_eq!(call("elsewhere", elsewhere).send(app).await.is(202).json()["events"], 0);
        call("no-records", json!({ "hello": 1 })).send(app).await.blames(400, "invalid", "body");
        // A refused call is not used up: mended, it is sent under its nonce.
        assert_eq!(call("no-records", json!({ "Records": [] })).send(app).await.is(202).json()["events"], 0);
        assert_eq!(started(&team).await.len(), 0);
    }
);

both!(
    async fn gathered_events_survive_a_restart(app) {
        let (mut team, source, _) = team(app).await;
        let input = json!({ "name": "Batches", "happening": "WEBHOOK", "batchEvents": 3, "batchSeconds": 86_400 });
        let (trigger, secret) = made(&team.owner, &source, input).await;
        for nonce in ["call-one", "call-two"] {
            Call::new(&trigger, &secret, nonce).send(app).await.is(202);
        }
        app.kill9();
        app.start_again().await;
        team.owner.client = app.signed_in("olga").await;
        let waits = ask(&team.owner, TRIGGER, json!({ "id": trigger })).await;
        assert_eq!(waits["gathered"], 2, "{waits}");
        assert!(waits["dueAt"].is_string(), "{waits}");
        assert_eq!(started(&team).await.len(), 0);
        Call::new(&trigger, &secret, "call-three").send(app).await.is(202);
        all_succeeded(&team, 1).await;
        let rested = ask(&team.owner, TRIGGER, json!({ "id": trigger })).await;
        assert_eq!((&rested["gathered"], &rested["dueAt"]), (&json!(0), &Value::Null));
    }
);

both!(
    async fn one_run_starts_another_and_never_in_a_circle(app) {
        let (team, first, _) = team(app).await;
        let folder = app.files().join("orders");
        fs::create_dir_all(&folder).unwrap();
        write(&folder.join("orders.csv"), b"id\n1\n");
        let second = story::source(&team, "orders", &folder_uri(&folder)).await;
        let input = json!({ "name": "After prices", "happening": "RUN_ENDED", "watched": first, "outcome": "SUCCEEDED" });
        made(&team.owner, &second, input).await;
        let circle = json!({ "source": first,
            "input": { "name": "After orders", "happening": "RUN_ENDED", "watched": second } });
        assert_eq!(refusal(&team.owner, CREATE, circle).await, (json!("conflict"), json!("watched")));
        let itself = json!({ "source": first,
            "input": { "name": "After itself", "happening": "RUN_ENDED", "watched": first } });
        assert_eq!(refusal(&team.owner, CREATE, itself).await, (json!("conflict"), json!("watched")));
        story::crawl(&team.owner, &first).await;
        all_succeeded(&team, 1).await;
        team.owner.delete(&format!("/api/v1/data-sources/{first}")).await.problem(409, "conflict");
        team.owner.delete(&format!("/api/v1/data-sources/{second}")).await.is(204);
        team.owner.delete(&format!("/api/v1/data-sources/{first}")).await.is(204);
    }
);

both!(
    async fn a_table_that_changes_starts_a_run_of_another_source(app) {
        let (team, first, folder) = team(app).await;
        let other = app.files().join("orders");
        write(&other.join("orders.csv"), b"id\n1\n");
        let second = story::source(&team, "orders", &folder_uri(&other)).await;
        made(&team.owner, &second, json!({ "name": "Any table", "happening": "TABLE_CHANGED" })).await;
        story::crawl(&team.owner, &first).await;
        // The run that it starts finds a new table itself: that is no reason for another.
        all_succeeded(&team, 1).await;
        story::crawl(&team.owner, &first).await;
        all_succeeded(&team, 1).await;
        write(&folder.join("more.csv"), b"id,price\n2,3.50\n");
        story::crawl(&team.owner, &first).await;
        all_succeeded(&team, 2).await;
    }
);

both!(
    async fn a_trigger_has_pages(app) {
        let (team, source, _) = team(app).await;
        let browser = app.browser("olga").await;
        let base = format!("/projects/{}/sources/{source}", team.project);
        for kind in ["object_created", "table_changed", "run_ended", "asset_published", "webhook"] {
            let form = browser.open(&format!("{base}/triggers/new?on={kind}")).await.is(200).text();
            assert!(form.contains("Create trigger"), "{form}");
        }
        browser.open(&format!("{base}/triggers/new?on=nothing")).await.is(400);
        let fields = [("on", "webhook"), ("name", ""), ("batch_events", "1"), ("batch_seconds", "0"), ("enabled", "yes")];
        assert!(browser.submit(&format!("{base}/triggers"), &fields).await.is(422).text().contains("name"));
        let fields = [("on", "webhook"), ("name", "Calls"), ("batch_events", "2"), ("batch_seconds", "60"), ("enabled", "yes")];
        let made = browser.submit(&format!("{base}/triggers"), &fields).await.is(201).text();
        assert!(made.contains("lgh_") && made.contains("openssl dgst"), "{made}");
        let list = browser.open(&base).await.text();
        assert!(list.contains("Somebody calls; a run starts with 2 of them"), "{list}");
        let (_, after) = list.split_once("/triggers/0").unwrap();
        let page = format!("/projects/{}/triggers/0{}", team.project, after.split('"').next().unwrap());
        let shown = browser.open(&page).await.is(200).text();
        assert!(shown.contains("Calls go to") && !shown.contains("lgh_"), "the secret is shown once: {shown}");
        let renewed = browser.submit(&format!("{page}/secret"), &[]).await.is(200).text();
        assert!(renewed.contains("lgh_"), "{renewed}");
        browser.submit(&format!("{page}/remove"), &[]).await.is(303);
        browser.open(&page).await.is(404);
    }
);
