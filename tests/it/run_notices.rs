//! Somebody is told what happens to runs: in the portal, by webhooks, by mail; and only what is his to know.

pub(crate) mod receivers;

use lakegate_tests::{
    Client, Options, Server, Value, both, eventually,
    files::write,
    story::{self, Team, folder_uri},
};
use serde_json::json;
use std::{fs, path::PathBuf};

use receivers::{MailServer, Receiver};

pub(super) const WATCH: &str = "mutation ($input: WatchRunsInput!) { watchRuns(input: $input) {
    ok problem { code field fix } made { secret watch { id scope target way address failed lateMinutes } } } }";
const CHANGE: &str = "mutation ($id: ID!, $news: RunWishInput!) { changeRunWatch(id: $id, news: $news) {
    ok problem { code field } watch { failed succeeded lateMinutes } } }";
const REMOVE: &str = "mutation ($id: ID!) { removeRunWatch(id: $id) { ok problem { code } } }";
const TEST: &str = "mutation ($id: ID!) { testRunWatch(id: $id) { ok problem { code } } }";
const REPLAY: &str = "mutation ($id: ID!) { replayRunDelivery(id: $id) { ok problem { code } delivery { state } } }";
const WATCHES: &str = "{ runWatches { id scope target way failed } }";
const DELIVERIES: &str =
    "{ runDeliveries(first: 50) { nodes { id news way state attempts status error run { title subject error } } } }";
const HOLD: &str = "mutation { pauseJobs(kind: \"notify\", reason: \"For a moment\") { ok } }";
const GO_ON: &str = "mutation { resumeJobs(kind: \"notify\") { ok } }";
const SENDING: &str = "{ jobRuns(kind: \"notify\", first: 50) { nodes { state error deadLetter } } }";

/// Webhooks may go to the tests' own receivers.
const LOCAL: &str = "[outgoing]\nallow = [\"127.0.0.1\"]";

pub(super) fn options() -> Options {
    Options::default().toml(LOCAL)
}

/// The value of the one field that a document asks for.
async fn ask(client: &Client, text: &str, variables: Value) -> Value {
    client.data(text, variables).await.as_object().unwrap().values().next().unwrap().clone()
}

async fn team(app: &Server) -> (Team, String, PathBuf) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let folder = app.files().join("prices");
    write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
    let source = story::source(&team, "prices", &folder_uri(&folder)).await;
    (team, source, folder)
}

pub(super) async fn watch(client: &Client, input: Value) -> Value {
    let watched = ask(client, WATCH, json!({ "input": input })).await;
    assert_eq!(watched["ok"], true, "{watched}");
    watched["made"].clone()
}

async fn deliveries(client: &Client) -> Vec<Value> {
    ask(client, DELIVERIES, json!({})).await["nodes"].as_array().unwrap().clone()
}

/// Waits until as many notices as named have reached a state.
async fn reached(client: &Client, state: &str, count: usize) -> Vec<Value> {
    eventually("notices that are sent", async || {
        let all = deliveries(client).await;
        (all.iter().filter(|one| one["state"] == state).count() >= count).then_some(all)
    })
    .await
}

/// The titles of a person's messages about runs, the latest first.
async fn told(client: &Client) -> Vec<String> {
    let all = client.all("/api/v1/notices", 50).await;
    let runs = all.iter().filter(|notice| notice["kind"] == "job.run");
    runs.map(|notice| notice["title"].as_str().unwrap().to_owned()).collect()
}

both!(
    options(),
    async fn a_webhook_is_signed_tried_again_and_sent_once_more(app) {
        let (team, source, _) = team(app).await;
        let receiver = Receiver::answering(&[500, 503]);
        let input = json!({
            "scope": "SOURCE", "target": source, "news": { "started": true, "succeeded": true },
            "way": "WEBHOOK", "address": receiver.address(),
        });
        let made = watch(&team.owner, input).await;
        let (id, secret) = (made["watch"]["id"].clone(), made["secret"].as_str().unwrap().to_owned());
        assert_eq!(made["watch"]["target"], "prices", "{made}");
        story::crawl(&team.owner, &source).await;
        let sent = reached(&team.owner, "DELIVERED", 2).await;
        let attempts: i64 = sent.iter().map(|one| one["attempts"].as_i64().unwrap()).sum();
        assert_eq!((sent.len(), attempts), (2, 4), "two were refused first: {sent:?}");
        let requests = receiver.received();
        assert_eq!(requests.len(), 4);
        for request in &requests {
            assert!(request.is_signed_with(&secret) && !request.is_signed_with("lgw_another"), "{request:?}");
            assert_eq!(request.path, "/hook?team=3");
            let body = request.json();
            assert_eq!(body["delivery"], request.headers["lakegate-delivery"].as_str());
            assert_eq!((&body["run"]["subject"], &body["run"]["project"]["name"]), (&json!("prices"), &json!("Producer")), "{body}");
        }
        let by_delivery = receiver.by_delivery();
        let mut events: Vec<String> = by_delivery.values().map(|all| all[0].json()["event"].as_str().unwrap().to_owned()).collect();
        events.sort();
        assert_eq!(events, ["run.started", "run.succeeded"]);
        let mut nonces: Vec<_> = requests.iter().map(|request| request.headers["lakegate-nonce"].clone()).collect();
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 4, "each request has a nonce of its own");

        // Once more, under the same id; and a trial.
        let first = sent[0]["id"].as_str().unwrap();
        let before = by_delivery[first].len();
        assert_eq!(ask(&team.owner, REPLAY, json!({ "id": first })).await["delivery"]["state"], "WAITING");
        eventually("the repeated notice", async || {
            (receiver.by_delivery()[first].len() > before).then_some(())
        }).await;
        assert_eq!(ask(&team.owner, TEST, json!({ "id": id })).await["ok"], true);
        eventually("the trial", async || {
            receiver.received().into_iter().find(|request| request.json()["event"] == "run.test")
        }).await;

        // A receiver that turns it away for good is not asked again; redirects are not followed.
        reached(&team.owner, "DELIVERED", 3).await;
        receiver.answer(&[302]);
        assert_eq!(ask(&team.owner, TEST, json!({ "id": id })).await["ok"], true);
        let failed = reached(&team.owner, "FAILED", 1).await;
        let failed = failed.iter().find(|one| one["state"] == "FAILED").unwrap();
        assert_eq!((&failed["status"], &failed["attempts"]), (&json!(302), &json!(1)), "{failed}");
        assert!(receiver.received().iter().all(|request| request.path != "/elsewhere"));
        let admin = app.person_with("root", &["administrator"]).await;
        let sending = ask(&admin, SENDING, json!({})).await;
        assert!(sending["nodes"].as_array().unwrap().iter().all(|run| run["deadLetter"] == false), "{sending}");
        assert!(!sending.to_string().contains("127.0.0.1"), "{sending}");

        // It is nobody else's.
        let stranger = app.person("sam").await;
        for (text, id) in [(REPLAY, &json!(first)), (TEST, &id), (REMOVE, &id)] {
            assert_eq!(ask(&stranger, text, json!({ "id": id })).await["problem"]["code"], "not_found", "{text}");
        }
        assert_eq!(deliveries(&stranger).await, [Value::Null; 0]);
        assert_eq!(ask(&team.owner, REMOVE, json!({ "id": id })).await["ok"], true);
        assert_eq!(ask(&team.owner, WATCHES, json!({})).await, json!([]));
        assert_eq!(deliveries(&team.owner).await, [Value::Null; 0]);
    }
);

both!(
    options(),
    async fn what_is_asked_wrongly_is_said(app) {
        let (team, source, _) = team(app).await;
        let base = json!({ "scope": "SOURCE", "target": source, "news": { "failed": true }, "way": "PORTAL" });
        let refused = async |client: &Client, change: Value| {
            let mut input = base.clone();
            input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let problem = ask(client, WATCH, json!({ "input": input })).await["problem"].clone();
            format!("{} {}", problem["code"].as_str().unwrap(), problem["field"].as_str().unwrap_or("-"))
        };
        let hook = |address: &str| json!({ "way": "WEBHOOK", "address": address });
        assert_eq!(refused(&team.owner, json!({ "news": {} })).await, "invalid news");
        assert_eq!(refused(&team.owner, json!({ "news": { "lateMinutes": 0 } })).await, "invalid lateMinutes");
        assert_eq!(refused(&team.owner, json!({ "way": "WEBHOOK" })).await, "invalid address");
        assert_eq!(refused(&team.owner, json!({ "address": "https://hooks.example.com/" })).await, "invalid address");
        for inside in ["https://10.1.2.3/x", "https://[::1]/x", "http://192.0.2.1/x", "https://0x7f000002/", "ftp://h/"] {
            assert_eq!(refused(&team.owner, hook(inside)).await, "invalid address", "{inside}");
        }
        assert_eq!(refused(&team.owner, json!({ "way": "MAIL" })).await, "invalid way", "no mail server is configured");
        assert_eq!(refused(&team.owner, json!({ "target": null })).await, "invalid target");
        assert_eq!(refused(&team.owner, json!({ "scope": "EVERYTHING", "target": null })).await, "forbidden -");
        let stranger = app.person("sam").await;
        assert_eq!(refused(&stranger, json!({})).await, "not_found target");
        let project = json!({ "scope": "PROJECT", "target": team.project });
        assert_eq!(refused(&stranger, project).await, "not_found target");
        let made = watch(&team.owner, base.clone()).await;
        let id = &made["watch"]["id"];
        let changed = json!({ "id": id, "news": { "succeeded": true, "lateMinutes": 30 } });
        let changed = ask(&team.owner, CHANGE, changed).await["watch"].clone();
        assert_eq!(changed, json!({ "failed": false, "succeeded": true, "lateMinutes": 30 }));
        let other = json!({ "id": id, "news": { "failed": true } });
        assert_eq!(ask(&stranger, CHANGE, other).await["problem"]["code"], "not_found");
        let events = app.admin.all("/api/v1/audit?action=run_watch", 50).await;
        let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
        assert!(["run_watch.create", "run_watch.change"].iter().all(|action| actions.contains(action)), "{actions:?}");
    }
);

both!(
    options(),
    async fn who_may_not_see_the_run_any_more_is_not_told(app) {
        let (team, source, folder) = team(app).await;
        let mia = app.person("mia").await;
        team.join(&mia, "viewer").await;
        let admin = app.person_with("root", &["administrator"]).await;
        let project = json!({ "scope": "PROJECT", "target": team.project, "news": { "failed": true }, "way": "PORTAL" });
        watch(&team.owner, project.clone()).await;
        watch(&mia, project).await;
        let everything = json!({ "scope": "EVERYTHING", "news": { "failed": true }, "way": "PORTAL" });
        watch(&admin, everything).await;
        fs::rename(&folder, app.files().join("aside")).unwrap();
        story::run(&team.owner, &source).await;
        for member in [&team.owner, &mia] {
            let sent = reached(member, "DELIVERED", 1).await;
            assert_eq!((&sent[0]["news"], &sent[0]["run"]["subject"]), (&json!("FAILED"), &json!("prices")), "{sent:?}");
            assert_eq!(told(member).await, ["Look for tables: prices failed"]);
        }
        // Who runs the installation is told that something failed, and not what.
        reached(&admin, "DELIVERED", 1).await;
        let notices = admin.get("/api/v1/notices").await.ok();
        assert!(notices.to_string().contains("Look for tables failed") && !notices.to_string().contains("prices"), "{notices}");

        // Between the failure and the sending she leaves the project.
        assert_eq!(ask(&admin, HOLD, json!({})).await["ok"], true);
        story::run(&team.owner, &source).await;
        team.owner.delete(&format!("/api/v1/projects/{}/members/user/{}", team.project, mia.id)).await.ok();
        assert_eq!(ask(&admin, GO_ON, json!({})).await["ok"], true);
        reached(&team.owner, "DELIVERED", 2).await;
        eventually("the end of all sending", async || {
            let all = ask(&admin, SENDING, json!({})).await["nodes"].as_array().unwrap().clone();
            (all.len() == 6 && all.iter().all(|run| run["state"] == "SUCCEEDED")).then_some(())
        }).await;
        assert_eq!(told(&mia).await.len(), 1, "she was told what happened while she was a member, and nothing since");
        assert_eq!(deliveries(&mia).await, [Value::Null; 0], "what she was told names a run that she does not see");
        let watches = ask(&mia, WATCHES, json!({})).await;
        assert_eq!(watches[0]["target"], Value::Null, "{watches}");
        assert_eq!(told(&team.owner).await.len(), 2);
    }
);

#[tokio::test]
async fn mail_goes_to_the_address_of_the_account() {
    let mail = MailServer::busy_for(1);
    let toml = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Lakegate <data@example.org>\"\n\
         [server]\npublic_url = \"https://data.example.org\"",
        mail.port
    );
    let app = Server::start(Options::default().toml(&toml)).await;
    let (team, source, _) = team(&app).await;
    let input = json!({ "scope": "SOURCE", "target": source, "news": { "succeeded": true }, "way": "MAIL" });
    let refused = ask(&team.owner, WATCH, json!({ "input": input })).await;
    assert_eq!(refused["problem"]["field"], "way", "the account has no address: {refused}");
    let profile = "mutation ($email: String) { updateProfile(displayName: \"Olga\", email: $email) { ok } }";
    ask(&team.owner, profile, json!({ "email": "olga@example.com" })).await;
    watch(&team.owner, input).await;
    story::crawl(&team.owner, &source).await;
    let sent = reached(&team.owner, "DELIVERED", 1).await;
    assert_eq!(sent[0]["attempts"], 2, "the first time the mail server was busy: {sent:?}");
    let messages = mail.messages();
    assert_eq!(messages.len(), 1);
    let id = sent[0]["id"].as_str().unwrap();
    for part in [
        "RCPT TO:<olga@example.com>",
        "Subject: Look for tables: prices succeeded",
        &format!("Message-ID: <{id}@example.org>"),
        "https://data.example.org/jobs/runs/",
    ] {
        assert!(messages[0].contains(part), "{part} is not in {}", messages[0]);
    }
    app.finish().await;
}

both!(
    options(),
    async fn notices_have_a_page(app) {
        let (team, source, _) = team(app).await;
        let receiver = Receiver::answering(&[]);
        let browser = app.browser("olga").await;
        let list = browser.open("/jobs").await.text();
        assert!(list.contains("/account/notices"), "{list}");
        let empty = browser.open(&format!("/account/notices?source={source}")).await.text();
        assert!(empty.contains("Producer: prices") && empty.contains("selected"), "{empty}");
        let target = format!("source:{source}");
        let wrong = [("target", target.as_str()), ("way", "webhook"), ("failed", "yes"), ("address", "https://10.0.0.1/")];
        let again = browser.submit("/account/notices", &wrong).await;
        assert_eq!(again.status.as_u16(), 422);
        assert!(again.text().contains("https://10.0.0.1/"), "what was written stays");
        let address = receiver.address();
        let fine = [("target", target.as_str()), ("way", "webhook"), ("succeeded", "yes"), ("address", &address)];
        let made = browser.submit("/account/notices", &fine).await.text();
        assert!(made.contains("lgw_"), "{made}");
        story::crawl(&team.owner, &source).await;
        let sent = reached(&team.owner, "DELIVERED", 1).await;
        let page = browser.open("/account/notices").await.text();
        assert!(!page.contains("lgw_"), "the secret is shown once");
        assert!(page.contains("Delivered") && page.contains("Succeeded – Look for tables: prices"), "{page}");
        let replay = format!("/account/deliveries/{}/replay", sent[0]["id"].as_str().unwrap());
        browser.submit(&replay, &[]).await.is(303);
        eventually("the repeated notice", async || (receiver.received().len() == 2).then_some(())).await;
        let watches = ask(&team.owner, WATCHES, json!({})).await;
        let id = watches[0]["id"].as_str().unwrap();
        browser.submit(&format!("/account/notices/{id}"), &[("failed", "yes")]).await.is(303);
        browser.submit(&format!("/account/notices/{id}/test"), &[]).await.is(303);
        assert_eq!(ask(&team.owner, WATCHES, json!({})).await[0]["failed"], true);
        browser.submit(&format!("/account/notices/{id}/remove"), &[]).await.is(303);
        assert_eq!(ask(&team.owner, WATCHES, json!({})).await, json!([]));
    }
);
