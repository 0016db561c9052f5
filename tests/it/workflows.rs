//! Workflows of a project: graphs of work, their versions, runs and backfills.

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    both, eventually,
    files::write,
    story::{self, Team, folder_uri},
};
use serde_json::json;
use std::fs;

const CREATE: &str = "mutation ($project: ID!, $name: String!, $definition: JSON!) {
    createWorkflow(project: $project, name: $name, definition: $definition) {
        ok problem { code field message } workflow { id name version } } }";
const REVISE: &str = "mutation ($id: ID!, $version: Long!, $definition: JSON!) {
    reviseWorkflow(id: $id, version: $version, definition: $definition) { problem { code field } workflow { version } } }";
const START: &str = "mutation ($id: ID!, $version: Long, $input: JSON) {
    startWorkflow(id: $id, version: $version, input: $input) { problem { code field } flow { run { id version state } } } }";
const RUN: &str = "query ($id: ID!) { workflowRun(id: $id) {
    run { state version startedBy endedAt } steps { name state parts error } } }";
const PARTS: &str = "query ($run: ID!, $step: String!) { workflowParts(run: $run, step: $step, first: 50) {
    nodes { number state runId runs error input output } } }";
const RETRY: &str = "mutation ($id: ID!) { retryWorkflowRun(id: $id) { problem { code } flow { run { state } } } }";
const CANCEL: &str =
    "mutation ($id: ID!) { cancelWorkflowRun(id: $id) { problem { code } flow { run { state cancelRequested } } } }";
const BACKFILL: &str = "mutation ($id: ID!, $days: BackfillInput!) { backfillWorkflow(id: $id, days: $days) {
    problem { code field } backfill { id days covered state } } }";
const PROGRESS: &str = "query ($id: ID!) { workflowBackfill(id: $id) { state days covered succeeded failed waiting }
    workflowBackfillRuns(backfill: $id, first: 50) { nodes { day state trigger input } } }";

/// A team with data sources of these names, each over a table of its own.
pub(super) async fn team(app: &Server, names: &[&str]) -> (Team, Vec<String>) {
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let sources = sources(app, &team, names).await;
    (team, sources)
}

async fn sources(app: &Server, team: &Team, names: &[&str]) -> Vec<String> {
    let mut made = Vec::new();
    for name in names {
        let folder = app.files().join(name);
        write(&folder.join(format!("{name}.csv")), b"id,price\n1,2.50\n");
        made.push(story::source(team, name, &folder_uri(&folder)).await);
    }
    made
}

/// The value of the one field that a document asks for.
pub(super) async fn ask(client: &Client, text: &str, variables: Value) -> Value {
    client.data(text, variables).await.as_object().unwrap().values().next().unwrap().clone()
}

pub(super) fn crawl(name: &str, source: &str) -> Value {
    json!({ "name": name, "kind": "crawl", "subject": source })
}

pub(super) fn after(mut step: Value, other: &str, on: &str) -> Value {
    step["after"] = json!([{ "step": other, "on": on }]);
    step
}

pub(super) async fn made(team: &Team, name: &str, steps: Value) -> String {
    let variables = json!({ "project": team.project, "name": name, "definition": { "steps": steps } });
    let made = ask(&team.owner, CREATE, variables).await;
    assert_eq!((&made["ok"], &made["workflow"]["version"]), (&json!(true), &json!(1)), "{made}");
    id(&made["workflow"])
}

async fn refused(client: &Client, project: &str, definition: Value) -> (Value, Value) {
    let variables = json!({ "project": project, "name": "Refused", "definition": definition });
    let problem = ask(client, CREATE, variables).await["problem"].clone();
    (problem["code"].clone(), problem["field"].clone())
}

pub(super) async fn started(client: &Client, variables: Value) -> String {
    let begun = ask(client, START, variables).await;
    assert_eq!(begun["problem"], Value::Null, "{begun}");
    id(&begun["flow"]["run"])
}

/// The run once it has ended: its state, and the state of each step by name.
pub(super) async fn ended(client: &Client, run: &str) -> (String, Vec<(String, String)>) {
    let found = eventually("the end of the workflow", async || {
        let found = ask(client, RUN, json!({ "id": run })).await;
        found["run"]["endedAt"].is_string().then_some(found)
    })
    .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = found["steps"].as_array().unwrap().iter().map(|step| (text(&step["name"]), text(&step["state"])));
    (text(&found["run"]["state"]), steps.collect())
}

fn steps(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

both!(
    async fn one_source_after_another_and_only_what_failed_again(app) {
        let (team, all) = team(app, &["orders", "prices", "stock"]).await;
        let graph = json!([
            crawl("orders", &all[0]),
            after(crawl("prices", &all[1]), "orders", "succeeded"),
            after(crawl("stock", &all[2]), "prices", "succeeded"),
        ]);
        let workflow = made(&team, "Nightly", graph).await;
        let (folder, aside) = (app.files().join("prices"), app.files().join("aside"));
        fs::rename(&folder, &aside).unwrap();
        let run = started(&team.owner, json!({ "id": workflow })).await;
        let states = steps(&[("orders", "SUCCEEDED"), ("prices", "FAILED"), ("stock", "SKIPPED")]);
        assert_eq!(ended(&team.owner, &run).await, ("FAILED".to_owned(), states));
        let parts = ask(&team.owner, PARTS, json!({ "run": run, "step": "prices" })).await;
        assert!(parts["nodes"][0]["error"].is_string(), "{parts}");
        // A part alone is not tried again: the workflow would not go on.
        let part = parts["nodes"][0]["runId"].as_str().unwrap();
        team.owner.post(&format!("/api/v1/jobs/runs/{part}/retry"), json!({})).await.problem(409, "conflict");
        fs::rename(&aside, &folder).unwrap();
        let again = ask(&team.owner, RETRY, json!({ "id": run })).await;
        assert_eq!(again["problem"], Value::Null, "{again}");
        let states = steps(&[("orders", "SUCCEEDED"), ("prices", "SUCCEEDED"), ("stock", "SUCCEEDED")]);
        assert_eq!(ended(&team.owner, &run).await, ("SUCCEEDED".to_owned(), states));
        let runs = async |step: &str| {
            ask(&team.owner, PARTS, json!({ "run": run, "step": step })).await["nodes"][0]["runs"].clone()
        };
        assert_eq!((runs("orders").await, runs("prices").await, runs("stock").await), (json!(1), json!(2), json!(1)));
        assert_eq!(ask(&team.owner, RETRY, json!({ "id": run })).await["problem"]["code"], "conflict");
        assert_eq!(ask(&team.owner, CANCEL, json!({ "id": run })).await["problem"]["code"], "conflict");
    }
);

both!(
    async fn a_list_is_divided_and_its_parts_wait_for_each_other(app) {
        let (team, all) = team(app, &["one", "two", "three"]).await;
        let graph = json!([
            { "name": "each", "kind": "crawl", "subject": { "from": "item" }, "for_each": { "from": "input.sources" }, "at_most": 2 },
            after(crawl("last", &all[0]), "each", "succeeded"),
        ]);
        let workflow = made(&team, "All of them", graph).await;
        let run = started(&team.owner, json!({ "id": workflow, "input": { "sources": all } })).await;
        assert_eq!(ended(&team.owner, &run).await, ("SUCCEEDED".to_owned(), steps(&[("each", "SUCCEEDED"), ("last", "SUCCEEDED")])));
        let parts = ask(&team.owner, PARTS, json!({ "run": run, "step": "each" })).await;
        let numbers: Vec<_> = parts["nodes"].as_array().unwrap().iter().map(|part| part["number"].clone()).collect();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(parts["nodes"][0]["output"]["tables_new"], 1, "{parts}");
    }
);

both!(
    async fn definitions_are_kept_by_number_and_checked(app) {
        let (team, all) = team(app, &["orders"]).await;
        let workflow = made(&team, "Versions", json!([crawl("look", &all[0])])).await;
        let two = json!({ "steps": [crawl("look", &all[0]), after(crawl("again", &all[0]), "look", "ended")] });
        let revised = ask(&team.owner, REVISE, json!({ "id": workflow, "version": 1, "definition": two })).await;
        assert_eq!(revised["workflow"]["version"], 2, "{revised}");
        let stale = ask(&team.owner, REVISE, json!({ "id": workflow, "version": 1, "definition": two })).await;
        assert_eq!((&stale["problem"]["code"], &stale["problem"]["field"]), (&json!("conflict"), &json!("version")));
        let first = started(&team.owner, json!({ "id": workflow, "version": 1 })).await;
        let latest = started(&team.owner, json!({ "id": workflow })).await;
        assert_eq!(ended(&team.owner, &first).await.1, steps(&[("look", "SUCCEEDED")]));
        assert_eq!(ended(&team.owner, &latest).await.1, steps(&[("again", "SUCCEEDED"), ("look", "SUCCEEDED")]));

        for definition in [
            json!("steps"),
            json!({ "steps": [{ "name": "look", "kind": "crawl", "surprise": 1 }] }),
        ] {
            assert_eq!(refused(&team.owner, &team.project, definition).await, (json!("invalid"), json!("definition")));
        }
        let notify = json!({ "steps": [{ "name": "tell", "kind": "notify" }] });
        assert_eq!(refused(&team.owner, &team.project, notify).await, (json!("invalid"), json!("kind")));
        let circle = json!({ "steps": [after(crawl("a", &all[0]), "b", "ended"), after(crawl("b", &all[0]), "a", "ended")] });
        assert_eq!(refused(&team.owner, &team.project, circle).await.0, "invalid");
        let variables = json!({ "project": team.project, "name": "VERSIONS", "definition": { "steps": [crawl("look", &all[0])] } });
        assert_eq!(ask(&team.owner, CREATE, variables).await["problem"]["field"], "name", "names are told apart without case");
    }
);

both!(
    async fn workflows_are_for_members_and_work_on_what_is_theirs(app) {
        let (team, all) = team(app, &["orders"]).await;
        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        let stranger = app.person("sam").await;
        let definition = json!({ "steps": [crawl("look", &all[0])] });
        assert_eq!(refused(&viewer, &team.project, definition.clone()).await.0, "forbidden");
        assert_eq!(refused(&stranger, &team.project, definition.clone()).await.0, "not_found");
        let workflow = made(&team, "Ours", definition["steps"].clone()).await;
        assert_eq!(ask(&viewer, START, json!({ "id": workflow })).await["problem"]["code"], "forbidden");
        assert_eq!(ask(&stranger, START, json!({ "id": workflow })).await["problem"]["code"], "not_found");
        let run = started(&team.owner, json!({ "id": workflow })).await;
        ended(&viewer, &run).await;
        let hidden = stranger.graphql(RUN, json!({ "id": run })).await.json();
        assert_eq!(hidden["errors"][0]["extensions"]["code"], "not_found", "{hidden}");
        let unknown = stranger.graphql(RUN, json!({ "id": "018f0000-0000-7000-8000-000000000000" })).await.json();
        assert_eq!(hidden, unknown);

        // A neighbour names a source that is not his: as one that is not there, when he writes it and when it runs.
        let neighbours = app.team("nora", &app.domain("Stock").await, "Neighbours", "pond").await;
        assert_eq!(refused(&neighbours.owner, &neighbours.project, definition).await, (json!("not_found"), json!("subject")));
        let dynamic = json!([{ "name": "look", "kind": "crawl", "subject": { "from": "input.source" } }]);
        let workflow = made(&neighbours, "Curious", dynamic).await;
        let run = started(&neighbours.owner, json!({ "id": workflow, "input": { "source": all[0] } })).await;
        assert_eq!(ended(&neighbours.owner, &run).await.0, "FAILED");
        let parts = ask(&neighbours.owner, PARTS, json!({ "run": run, "step": "look" })).await;
        let absent = started(&neighbours.owner, json!({ "id": workflow, "input": { "source": "018f0000-0000-7000-8000-000000000000" } })).await;
        ended(&neighbours.owner, &absent).await;
        let of_absent = ask(&neighbours.owner, PARTS, json!({ "run": absent, "step": "look" })).await;
        assert_eq!(parts["nodes"][0]["error"], of_absent["nodes"][0]["error"]);
    }
);

both!(
    async fn each_day_of_a_backfill_runs_once(app) {
        let (team, all) = team(app, &["orders"]).await;
        let workflow = made(&team, "Daily", json!([crawl("look", &all[0])])).await;
        let days = json!({ "first": "2026-05-03", "last": "2026-05-06", "atMost": 2 });
        let begun = ask(&team.owner, BACKFILL, json!({ "id": workflow, "days": days })).await;
        assert_eq!(begun["backfill"]["days"], 4, "{begun}");
        let backfill = id(&begun["backfill"]);
        let done = async |backfill: &str| {
            eventually("the end of the backfill", async || {
                let found = team.owner.data(PROGRESS, json!({ "id": backfill })).await;
                (found["workflowBackfill"]["state"] != "RUNNING").then_some(found)
            })
            .await
        };
        let found = done(&backfill).await;
        assert_eq!((&found["workflowBackfill"]["state"], &found["workflowBackfill"]["succeeded"]), (&json!("SUCCEEDED"), &json!(4)));
        let runs = found["workflowBackfillRuns"]["nodes"].as_array().unwrap();
        let seen: Vec<_> = runs.iter().map(|run| run["input"]["day"].as_str().unwrap()).collect();
        assert_eq!(seen, ["2026-05-03", "2026-05-04", "2026-05-05", "2026-05-06"]);
        // Asked again for more, only the day that has no run begins.
        let more = json!({ "first": "2026-05-03", "last": "2026-05-07" });
        let again = id(&ask(&team.owner, BACKFILL, json!({ "id": workflow, "days": more })).await["backfill"]);
        let found = done(&again).await;
        assert_eq!((&found["workflowBackfill"]["covered"], &found["workflowBackfill"]["succeeded"]), (&json!(4), &json!(1)), "{found}");
        for (days, field) in [
            (json!({ "first": "yesterday", "last": "2026-05-06" }), "first"),
            (json!({ "first": "2026-05-06", "last": "2026-05-03" }), "days"),
            (json!({ "first": "2026-05-03", "last": "2026-05-03", "atMost": 0 }), "atMost"),
        ] {
            let problem = ask(&team.owner, BACKFILL, json!({ "id": workflow, "days": days })).await["problem"].clone();
            assert_eq!((&problem["code"], &problem["field"]), (&json!("invalid"), &json!(field)));
        }
    }
);
