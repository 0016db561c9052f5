//! Runs followed by a subscription: events while the run goes on, and their end.

use lakegate_tests::{
    Answer, Client, Server, Value, both,
    files::write,
    story::{self, Team, folder_uri},
};
use reqwest::{Method, Response};
use serde_json::json;

const FOLLOW: &str = "subscription ($id: ID!) { jobRun(id: $id) { id state progress { phase } } }";
const NOBODYS: &str = "018f0000-0000-7000-8000-000000000000";

/// A run that waits, since its kind is held up.
async fn waiting(app: &Server) -> (Team, String) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let folder = app.files().join("prices");
    write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
    let source = story::source(&team, "prices", &folder_uri(&folder)).await;
    app.admin.data("mutation { pauseJobs(kind: \"crawl\", reason: \"To look\") { ok } }", json!({})).await;
    let run = team.owner.post(&format!("/api/v1/data-sources/{source}/runs"), json!({})).await.ok();
    (team, run["id"].as_str().unwrap().to_owned())
}

async fn resume(app: &Server) {
    app.admin.data("mutation { resumeJobs(kind: \"crawl\") { ok } }", json!({})).await;
}

/// Events as they come.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn of(client: &Client, run: &str) -> Self {
        let request = client.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        let body = json!({ "query": FOLLOW, "variables": { "id": run } });
        let response = client.http.execute(request.json(&body).build().unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event with its data, which is null where it has none; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let part = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned())
                };
                let found = part("event:")
                    .map(|name| (name, serde_json::from_str(&part("data:").unwrap_or_default()).unwrap_or_default()));
                self.text = rest.to_owned();
                if found.is_some() {
                    return found;
                }
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// All that is left.
    async fn rest(mut self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

fn state(event: &(String, Value)) -> &str {
    event.1["data"]["jobRun"]["state"].as_str().unwrap_or_default()
}

both!(
    async fn a_run_is_followed_to_its_end(app) {
        let (team, run) = waiting(app).await;
        let mut events = Events::of(&team.owner, &run).await;
        let first = events.next().await.unwrap();
        assert_eq!((first.0.as_str(), state(&first), &first.1["data"]["jobRun"]["id"]), ("next", "WAITING", &json!(run)));
        resume(app).await;
        let rest = events.rest().await;
        let (last, told) = rest.split_last().unwrap();
        assert_eq!((last.0.as_str(), &last.1), ("complete", &Value::Null));
        assert_eq!(told.last().map(state), Some("SUCCEEDED"), "{told:?}");
        assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "each tells something new: {told:?}");
        // What has ended is told once.
        let again = Events::of(&team.owner, &run).await.rest().await;
        assert_eq!(again.iter().map(|event| event.0.as_str()).collect::<Vec<_>>(), ["next", "complete"]);
        assert_eq!(state(&again[0]), "SUCCEEDED");
    }
);

both!(
    async fn whoever_may_not_see_a_run_is_told_what_is_told_of_none(app) {
        let (team, run) = waiting(app).await;
        let stranger = app.person("sam").await;
        let hidden = Events::of(&stranger, &run).await.rest().await;
        let unknown = Events::of(&stranger, NOBODYS).await.rest().await;
        assert_eq!(hidden, unknown);
        assert_eq!(hidden[0].1["errors"][0]["extensions"]["code"], "not_found", "{hidden:?}");
        assert_eq!(hidden[0].1["data"]["jobRun"], Value::Null);
        // A stream ends with the right to it.
        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        let mut events = Events::of(&viewer, &run).await;
        assert_eq!(state(&events.next().await.unwrap()), "WAITING");
        team.owner.delete(&format!("/api/v1/projects/{}/members/user/{}", team.project, viewer.id)).await.ok();
        let rest = events.rest().await;
        assert_eq!(rest[0].1["errors"][0]["extensions"]["code"], "not_found", "{rest:?}");
        assert_eq!((rest.len(), rest[1].0.as_str()), (2, "complete"));
        resume(app).await;
    }
);

/// Sends an operation with a header `Accept`.
async fn asked(client: &Client, accept: &str, query: &str) -> Answer {
    let request = client.request(Method::POST, "/graphql").header("accept", accept);
    client.send(request.json(&json!({ "query": query, "variables": { "id": NOBODYS } }))).await
}

both!(
    async fn what_cannot_be_followed_is_refused_as_any_operation(app) {
        let client = &app.admin;
        let refused = asked(client, "application/json", FOLLOW).await.is(406).json();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "invalid", "{refused}");
        let unknown = asked(client, "text/event-stream", "subscription { invented { id } }").await.is(400);
        assert!(unknown.header("content-type").starts_with("application/graphql-response+json"), "{unknown}");
        asked(client, "text/event-stream", "query ($id: ID!) { node(id: $id) { id } }").await.is(200);
        asked(&app.anonymous(), "text/event-stream", FOLLOW).await.is(401);
        let (team, run) = waiting(app).await;
        let mut open = Vec::new();
        for _ in 0..16 {
            open.push(Events::of(&team.owner, &run).await);
        }
        let request = team.owner.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        let one_more = team.owner.send(request.json(&json!({ "query": FOLLOW, "variables": { "id": run } }))).await;
        one_more.problem(429, "throttled");
        resume(app).await;
        for events in open {
            assert_eq!(events.rest().await.last().map(|last| last.0.clone()), Some("complete".to_owned()));
        }
    }
);

both!(
    async fn streams_end_when_the_server_stops(app) {
        let (team, run) = waiting(app).await;
        let mut events = Events::of(&team.owner, &run).await;
        assert_eq!(state(&events.next().await.unwrap()), "WAITING");
        assert_eq!(app.stop().await, Some(0));
        assert_eq!(events.rest().await, [], "it did not complete: its reader comes again");
        assert!(!app.said().contains("requests were cut off"), "the server waited for a stream");
        app.start_again().await;
    }
);
