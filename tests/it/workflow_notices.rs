//! Whoever watches a workflow is told of its runs that somebody started by hand: by a webhook, by mail, in the portal.

use lakegate_tests::{Client, Options, Server, Value, both, eventually};
use serde_json::json;

use crate::{
    run_notices::{
        options,
        receivers::{MailServer, Receiver},
        watch,
    },
    workflows::{ask, crawl, ended, made, started, team},
};

const DELIVERIES: &str =
    "{ runDeliveries(first: 50) { nodes { id news state run { id } workflowRun { id state trigger } } } }";

/// The notices of a person once so many have arrived, the first one first.
async fn delivered(client: &Client, count: usize) -> Vec<Value> {
    eventually("notices that are sent", async || {
        let mut all = ask(client, DELIVERIES, json!({})).await["nodes"].as_array().unwrap().clone();
        all.reverse();
        (all.iter().filter(|one| one["state"] == "DELIVERED").count() == count).then_some(all)
    })
    .await
}

fn wish(workflow: &str, way: Value) -> Value {
    let news = json!({ "started": true, "succeeded": true, "failed": true, "lateMinutes": 60 });
    let mut input = json!({ "scope": "WORKFLOW", "target": workflow, "news": news });
    input.as_object_mut().unwrap().extend(way.as_object().unwrap().clone());
    input
}

both!(
    options(),
    async fn a_workflow_started_by_hand_is_told_of_by_webhook_and_in_the_portal(app) {
        let (team, all) = team(app, &["orders", "prices"]).await;
        let workflow = made(&team, "Nightly", json!([crawl("orders", &all[0]), crawl("prices", &all[1])])).await;
        let receiver = Receiver::answering(&[500]);
        let address = receiver.address();
        let hook = watch(&team.owner, wish(&workflow, json!({ "way": "WEBHOOK", "address": address }))).await;
        watch(&team.owner, wish(&workflow, json!({ "way": "PORTAL" }))).await;
        let run = started(&team.owner, json!({ "id": workflow })).await;
        assert_eq!(ended(&team.owner, &run).await.0, "SUCCEEDED");

        // Two notices by each way, though it has two parts.
        let sent = delivered(&team.owner, 4).await;
        assert_eq!(sent.len(), 4, "{sent:?}");
        for one in &sent {
            let found = (&one["run"], &one["workflowRun"]["id"], &one["workflowRun"]["trigger"]);
            assert_eq!(found, (&Value::Null, &json!(run), &json!("manual")), "{one}");
        }
        let by_delivery = receiver.by_delivery();
        let mut events = Vec::new();
        for requests in by_delivery.values() {
            let body = requests[0].json();
            assert!(requests[0].is_signed_with(hook["secret"].as_str().unwrap()), "{body}");
            assert_eq!((&body["run"], &body["workflow_run"]["id"]), (&Value::Null, &json!(run)), "{body}");
            assert_eq!(body["workflow_run"]["workflow"], json!({ "id": workflow, "name": "Nightly" }), "{body}");
            assert!(body["link"].as_str().unwrap().ends_with(&format!("/workflows/{workflow}/runs/{run}")), "{body}");
            events.push(body["event"].as_str().unwrap().to_owned());
        }
        events.sort();
        assert_eq!(events, ["run.started", "run.succeeded"]);
        let notices = team.owner.all("/api/v1/notices", 50).await;
        let titles: Vec<_> = notices.iter().map(|notice| notice["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Workflow: Nightly succeeded", "Workflow: Nightly has started"]);

        let page = app.browser("olga").await.open("/account/notices").await.is(200).text();
        assert!(page.contains("Succeeded – Workflow: Nightly"), "{page}");
        assert!(page.contains(&format!("/projects/{}/workflows/{workflow}/runs/{run}", team.project)), "{page}");
    }
);

#[tokio::test]
async fn a_workflow_started_by_hand_is_told_of_by_mail() {
    let mail = MailServer::busy_for(0);
    let toml = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Lakegate <data@example.org>\"\n\
         [server]\npublic_url = \"https://data.example.org\"",
        mail.port
    );
    let app = Server::start(Options::default().toml(&toml)).await;
    let (team, all) = team(&app, &["orders"]).await;
    let workflow = made(&team, "Nightly", json!([crawl("orders", &all[0])])).await;
    let profile = "mutation ($email: String) { updateProfile(displayName: \"Olga\", email: $email) { ok } }";
    ask(&team.owner, profile, json!({ "email": "olga@example.com" })).await;
    watch(&team.owner, wish(&workflow, json!({ "way": "MAIL" }))).await;
    let run = started(&team.owner, json!({ "id": workflow })).await;
    delivered(&team.owner, 2).await;
    let messages = mail.messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    let link = format!("https://data.example.org/projects/{}/workflows/{workflow}/runs/{run}", team.project);
    for (message, subject) in messages.iter().zip(["has started", "succeeded"]) {
        assert!(message.contains(&format!("Subject: Workflow: Nightly {subject}")), "{message}");
        // Lines of mail are broken where they are long.
        assert!(message.replace("=\r\n", "").replace("\r\n", "").replace('\n', "").contains(&link), "{message}");
    }
    app.finish().await;
}
