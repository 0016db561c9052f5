//! What starts workflows by itself: schedules, and triggers, which may not lead in a circle. Whoever asked is told how
//! they end.

use lakegate_tests::{
    Client, Value,
    answer::id,
    both, eventually,
    story::{self, Team},
};
use serde_json::json;
use std::fs;

use crate::workflows::{after, ask, crawl, ended, made, team};

const SCHEDULE: &str = "mutation ($id: ID!, $timing: TimingInput!) { scheduleWorkflow(workflow: $id, timing: $timing) {
    problem { code field } schedule { id kind name words enabled } } }";
const TRIGGER: &str =
    "mutation ($id: ID!, $input: TriggerInput!) { createWorkflowTrigger(workflow: $id, input: $input) {
    problem { code field } made { trigger { id sourceId workflowId } } } }";
const SOURCE_TRIGGER: &str =
    "mutation ($id: ID!, $input: TriggerInput!) { createJobTrigger(source: $id, input: $input) {
    problem { code field } made { trigger { id sourceId workflowId } } } }";
const REVISE: &str =
    "mutation ($id: ID!, $definition: JSON!) { reviseWorkflow(id: $id, version: 1, definition: $definition) {
    problem { code field } workflow { version } } }";
const RUNS: &str =
    "query ($id: ID!) { workflowRuns(workflow: $id, first: 50) { nodes { id state trigger startedBy } } }";

fn waits(watched: &str, outcome: Value) -> Value {
    json!({ "name": "Afterwards", "happening": "RUN_ENDED", "watched": watched, "outcome": outcome })
}

/// The first run of a workflow that was started so.
async fn started_by(client: &Client, workflow: &str, trigger: &str) -> Value {
    eventually("a run that nobody started by hand", async || {
        let runs = ask(client, RUNS, json!({ "id": workflow })).await;
        runs["nodes"].as_array().unwrap().iter().find(|run| run["trigger"] == trigger).cloned()
    })
    .await
}

async fn problem(team: &Team, text: &str, variables: Value) -> (Value, Value) {
    let problem = ask(&team.owner, text, variables).await["problem"].clone();
    (problem["code"].clone(), problem["field"].clone())
}

both!(
    async fn a_schedule_starts_a_workflow(app) {
        let (team, all) = team(app, &["orders"]).await;
        let workflow = made(&team, "Nightly", json!([crawl("orders", &all[0])])).await;
        let at = |timing: Value| json!({ "id": workflow, "timing": timing });
        let wrong = problem(&team, SCHEDULE, at(json!({ "cron": "every day" }))).await;
        assert_eq!(wrong, (json!("invalid"), json!("cron")));
        let set = ask(&team.owner, SCHEDULE, at(json!({ "cron": "* * * * * *" }))).await;
        assert_eq!((&set["schedule"]["kind"], &set["schedule"]["name"]), (&json!("workflow"), &json!("Nightly")), "{set}");
        let run = started_by(&team.owner, &workflow, "schedule").await;
        assert_eq!(ended(&team.owner, &id(&run)).await.0, "SUCCEEDED");
        // Its start is a run of the queue that leads to it.
        let begun = team.owner.all("/api/v1/jobs/runs?kind=workflow&state=succeeded", 50).await;
        let page = app.browser("olga").await.open(&format!("/jobs/runs/{}", id(begun.last().unwrap()))).await.is(200).text();
        assert!(page.contains(&format!("/workflows/{workflow}/runs/{}", begun.last().unwrap()["output"]["workflow_run"].as_str().unwrap())), "{page}");
        let rest = ask(&team.owner, SCHEDULE, at(json!({ "cron": "0 6 * * *", "enabled": false }))).await;
        assert_eq!((&rest["schedule"]["id"], &rest["schedule"]["enabled"]), (&set["schedule"]["id"], &json!(false)));

        // A new name is the schedule's too; who only looks on changes nothing.
        let rename = "mutation ($id: ID!) { renameWorkflow(id: $id, name: \"Each morning\") { workflow { name } } }";
        ask(&team.owner, rename, json!({ "id": workflow })).await;
        let schedules = team.owner.all(&format!("/api/v1/jobs/schedules?project={}", team.project), 50).await;
        assert_eq!(schedules.iter().map(|found| &found["name"]).collect::<Vec<_>>(), ["Each morning"]);
        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        let stranger = app.person("sam").await;
        for (who, code) in [(&viewer, "forbidden"), (&stranger, "not_found")] {
            assert_eq!(ask(who, SCHEDULE, at(json!({ "cron": "0 6 * * *" }))).await["problem"]["code"], code);
            assert_eq!(ask(who, TRIGGER, json!({ "id": workflow, "input": waits(&all[0], Value::Null) })).await["problem"]["code"], code);
        }

        // It goes with the workflow, once nothing of that is open.
        let remove = "mutation ($id: ID!) { deleteWorkflow(id: $id) { ok problem { code } } }";
        eventually("the end of what the schedule started", async || {
            (ask(&team.owner, remove, json!({ "id": workflow })).await["ok"] == true).then_some(())
        })
        .await;
        assert!(team.owner.all(&format!("/api/v1/jobs/schedules?project={}", team.project), 50).await.is_empty());
    }
);

both!(
    async fn the_end_of_a_run_starts_a_workflow_and_its_end_another(app) {
        let (team, all) = team(app, &["orders", "prices", "stock"]).await;
        let first = made(&team, "First", json!([crawl("prices", &all[1])])).await;
        let second = made(&team, "Second", json!([crawl("stock", &all[2])])).await;
        let input = |id: &str, input: Value| json!({ "id": id, "input": input });
        let set = ask(&team.owner, TRIGGER, input(&first, waits(&all[0], json!("SUCCEEDED")))).await;
        let trigger = &set["made"]["trigger"];
        assert_eq!((&trigger["workflowId"], &trigger["sourceId"]), (&json!(first), &Value::Null), "{set}");
        ask(&team.owner, TRIGGER, input(&second, waits(&first, json!("SUCCEEDED")))).await;
        let triggers = "query ($id: ID!) { workflowTriggers(workflow: $id, first: 5) { nodes { id } } }";
        assert_eq!(ask(&team.owner, triggers, json!({ "id": first })).await["nodes"], json!([{ "id": trigger["id"] }]));

        story::run(&team.owner, &all[0]).await;
        let run = started_by(&team.owner, &first, "event").await;
        assert_eq!(run["startedBy"], "trigger Afterwards");
        assert_eq!(ended(&team.owner, &id(&run)).await.0, "SUCCEEDED");
        let run = started_by(&team.owner, &second, "event").await;
        assert_eq!(ended(&team.owner, &id(&run)).await.0, "SUCCEEDED");

        // Nothing may start what it waits for: by a workflow, by what a workflow works on, by another definition.
        let circle = (json!("conflict"), json!("watched"));
        assert_eq!(problem(&team, SOURCE_TRIGGER, input(&all[0], waits(&second, Value::Null))).await, circle);
        assert_eq!(problem(&team, SOURCE_TRIGGER, input(&all[0], waits(&all[2], Value::Null))).await, circle);
        assert_eq!(problem(&team, TRIGGER, input(&first, waits(&all[1], Value::Null))).await, circle);
        assert_eq!(problem(&team, TRIGGER, input(&first, waits(&first, Value::Null))).await, circle);
        let steps = json!([crawl("prices", &all[1]), after(crawl("orders", &all[0]), "prices", "ended")]);
        let revised = problem(&team, REVISE, json!({ "id": first, "definition": { "steps": steps } })).await;
        assert_eq!(revised, (json!("conflict"), json!("definition")));

        // A workflow has no place where objects arrive, and waits for nothing of others.
        let objects = json!({ "name": "Objects", "happening": "OBJECT_CREATED" });
        assert_eq!(problem(&team, TRIGGER, input(&first, objects)).await, (json!("invalid"), json!("happening")));
        let neighbours = app.team("nora", &app.domain("Stock").await, "Neighbours", "pond").await;
        let steps = json!([{ "name": "look", "kind": "crawl", "subject": { "from": "input.source" } }]);
        let theirs = made(&neighbours, "Theirs", steps).await;
        let watched = problem(&neighbours, TRIGGER, input(&theirs, waits(&first, Value::Null))).await;
        assert_eq!(watched, (json!("invalid"), json!("watched")));

        // What another one waits for stays until that waits no more.
        let remove = "mutation ($id: ID!) { deleteWorkflow(id: $id) { problem { code message } } }";
        let kept = ask(&team.owner, remove, json!({ "id": first })).await;
        assert!(kept["problem"]["message"].as_str().unwrap().contains("waits for its runs"), "{kept}");
    }
);

both!(
    async fn whoever_asked_is_told_how_workflows_end(app) {
        let (team, all) = team(app, &["orders", "prices"]).await;
        let workflow = made(&team, "Nightly", json!([crawl("prices", &all[1])])).await;
        ask(&team.owner, TRIGGER, json!({ "id": workflow, "input": waits(&all[0], Value::Null) })).await;
        let watch = "mutation ($id: ID!) { watchRuns(input: { scope: WORKFLOW, target: $id, way: PORTAL,
            news: { succeeded: true, failed: true } }) { problem { code field } made { watch { id } } } }";
        let stranger = app.person("sam").await;
        assert_eq!(ask(&stranger, watch, json!({ "id": workflow })).await["problem"]["field"], "target");
        ask(&team.owner, watch, json!({ "id": workflow })).await;
        let told = async |count: usize| {
            eventually("notices of the workflow", async || {
                let notices = team.owner.all("/api/v1/notices", 50).await;
                let titles: Vec<Value> = notices.iter().map(|notice| notice["title"].clone()).collect();
                (titles.len() >= count).then_some(titles)
            })
            .await
        };
        story::run(&team.owner, &all[0]).await;
        assert_eq!(told(1).await, [json!("Workflow: Nightly succeeded")]);
        fs::rename(app.files().join("prices"), app.files().join("aside")).unwrap();
        story::run(&team.owner, &all[0]).await;
        assert_eq!(told(2).await, [json!("Workflow: Nightly failed"), json!("Workflow: Nightly succeeded")]);
    }
);
