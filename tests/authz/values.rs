//! Good values for inputs, by their names.

use lakegate_tests::{Client, Value, answer::id, eventually, json, story::Team};

use crate::world::{Ids, World};

/// Ids of things that inputs name in the plural, or otherwise than their parameters.
fn alias(name: &str) -> &str {
    match name {
        "domain_id" | "parent_id" | "parent" => "domain",
        "project_id" | "from_project" => "project",
        "asset_id" => "asset",
        "environment_id" => "environment",
        "to" | "new_owner" | "person" | "user_id" | "steward" => "user",
        "service_account" | "service_account_id" => "account",
        "connection_id" => "connection",
        "source_id" | "data_source" => "source",
        "subscription_id" => "subscription",
        "request_id" => "request",
        "term_id" => "term",
        "group_id" => "group",
        "column_id" => "column",
        "token_id" => "token",
        "suggestion_id" => "suggestion",
        other => other,
    }
}

/// A value for the input `name` of a door, or `None` where leaving it out is best.
pub async fn value(world: &World, ids: &Ids, door: &str, name: &str) -> Option<Value> {
    let n = world.next();
    let found = match name {
        "from" | "to" if door.contains("lineagePath") => json!(ids.get("asset")?),
        "column" | "at" if ["lineage", "impact", "assetUsage"].iter().any(|word| door.contains(word)) => return None,
        "run" if door.contains("reportedEvents") => json!(ids.get("reported_run")?),
        "dataset" | "prefix" | "unmatched" if door.contains("eported") => return None,
        "namespace" => json!(format!("made{n}")),
        "name" | "table" => json!(format!("made_{n}")),
        "username" => json!(format!("made_{n}")),
        "display_name" | "title" => json!(format!("Made {n}")),
        "definition" if door.contains("orkflow") => graph(ids.get("source")?),
        "reason" if door.contains("breakGlass") => json!("Because it is so, and nobody answers."),
        "description" | "definition" | "reason" | "legal_basis" | "note" | "body" | "question" | "answer" | "text"
        | "comment" => {
            json!("Because it is so.")
        }
        "password" | "current_password" | "new_password" => return Some(password(world, name, n)),
        "uri" => json!(format!("s3://made{n}/")),
        "effect" => json!("hide"),
        "purposes" => json!([]),
        "purpose" if ["explainAccess", "fixAccountPurpose", "lookThrough"].iter().any(|at| door.contains(at)) => {
            return None;
        }
        "role" if door.contains("lookThrough") => return None,
        "approve" => json!(true),
        "role" => json!("viewer"),
        "kind" if door.contains("Jobs") || door.contains("/jobs/") => json!("crawl"),
        "run" if door.contains("workflowParts") => json!(ids.get("flow")?),
        "step" => json!("look"),
        "version" if ["reviseWorkflow", "reviseDerivedTable", "/versions"].iter().any(|at| door.contains(at)) => {
            json!(1)
        }
        "first" | "last" if ["backfillWorkflow", "/backfills"].iter().any(|at| door.contains(at)) => {
            json!("2026-05-03")
        }
        "happening" if ["orkflow", "erived"].iter().any(|at| door.contains(at)) => json!("webhook"),
        "happening" => json!("object_created"),
        "every_seconds" => json!(3_600),
        "scope" if door.contains("watchRuns") => json!("source"),
        "target" if door.contains("watchRuns") => json!(ids.get("source")?),
        "way" => json!("portal"),
        "failed" => json!(true),
        "kind" => json!("user"),
        "roles" => json!(["auditor"]),
        "scopes" => json!(["read"]),
        "days" | "number" => json!(1),
        "disabled" | "certified" => json!(true),
        "sql" => json!("select 1 as one"),
        "format" => json!("json"),
        "region" | "access_key_id" | "secret_access_key" => json!("x"),
        "endpoint" => json!("http://127.0.0.1:1"),
        "theme" => json!("dark"),
        "discover" => json!("requestable"),
        "mark" => json!("bookmark"),
        "action" | "decision" | "verdict" => json!("approve"),
        "owner" => json!(world.sales.producer.owner.id),
        "principal_id" => json!(world.sales.consumer.owner.id),
        "csv" => json!(world.words(ids.get("asset")?).await),
        "asset" if door.contains("acceptSuggestions") => return None,
        "from" | "until" if door.contains("accessBetween") => {
            json!(if name == "from" { "2026-01-01T00:00:00Z" } else { "2026-02-01T00:00:00Z" })
        }
        "email" | "successor" | "from" | "until" | "interval_seconds" | "unlisted" | "export" | "exact" => {
            return None;
        }
        "tag" if door.contains("tagTallies") => json!("pii"),
        "tag" if door.contains("changeTag") => json!(format!("made{n}")),
        "put" => json!(true),
        "excluded" => json!([]),
        "database" | "tag" if door.contains("reateGrant") => return None,
        "project" | "domain" if door.contains("startReview") => return None,
        "at" => json!("2026-01-01T00:00:00Z"),
        "due_at" => json!(chrono::Utc::now() + chrono::TimeDelta::days(30)),
        "columns" if door.contains("reateRestriction") || door.contains("reateGrant") => json!([]),
        "columns" if door.contains("release") => json!([ids.get("column")?]),
        "columns" | "target_columns" if is_key(door) => json!(["cust_id"]),
        "target" if is_key(door) => json!(ids.get("asset")?),
        "columns" | "terms" | "tags" | "parent_id" | "parent" => return None,
        "assets" | "asset_ids" => json!([ids.get("asset")?]),
        "revision" => world.revision(ids.get("asset")?).await,
        "location" if door.contains("test") => json!("s3://nowhere/x/"),
        "location" => json!(world.folder(n)),
        "refresh_token" => json!("of nobody"),
        "connection" | "connection_id" if !door.contains("{connection}") => return None,
        other => json!(ids.get(alias(other))?),
    };
    Some(found)
}

/// Whether a door declares a key.
fn is_key(door: &str) -> bool {
    ["rimaryKey", "primary-key", "oreignKey", "foreign-keys"].iter().any(|word| door.contains(word))
}

fn password(_world: &World, name: &str, n: u64) -> Value {
    match name {
        // The person would be signed out of every door that follows.
        "current_password" => json!("not the password of anybody"),
        "new_password" => json!(format!("miles and miles of path {n}")),
        _ => json!(World::password()),
    }
}

/// Hides the table of an asset; gives the restriction.
pub async fn hide(owner: &Client, asset: &str) -> String {
    let text =
        "mutation ($asset: ID!) { createRestriction(input: { asset: $asset, effect: HIDE, reason: \"To try\" }) {
        restriction { id } } }";
    id(&owner.data(text, json!({ "asset": asset })).await["createRestriction"]["restriction"])
}

/// Lets a data source be looked through daily; gives the schedule.
pub async fn schedule(owner: &Client, source: &str) -> String {
    let text = "mutation ($source: ID!) { scheduleDataSource(source: $source, timing: { everySeconds: 86400 }) {
        schedule { id } } }";
    let made = owner.data(text, json!({ "source": source })).await;
    id(&made["scheduleDataSource"]["schedule"])
}

/// A service account of a team.
pub async fn account(team: &Team, name: &str, role: &str) -> String {
    let path = format!("/api/v1/projects/{}/service-accounts", team.project);
    id(&team.owner.post(&path, json!({ "name": name, "role": role })).await.ok())
}

/// Names somebody for a service account.
pub async fn act_as(owner: &Client, account: &str, user: &str) {
    owner.put(&format!("/api/v1/service-accounts/{account}/actors/{user}"), json!({})).await.is(204);
}

/// A derived table whose runs end at once, since its account is disabled: one that made a table would change the database
/// beside the door that is tried.
pub async fn derived(team: &Team, name: &str) -> String {
    let account = account(team, &format!("maker of {name}"), "contributor").await;
    let input = json!({ "environment": team.environment.id, "name": name, "sql": "select 1 as one",
        "service_account": account });
    let derived = id(&team.owner.post("/api/v1/derived-tables", input).await.ok());
    let disabled = format!("/api/v1/service-accounts/{account}/disabled");
    team.owner.put(&disabled, json!({ "disabled": true })).await.is(204);
    derived
}

/// What a workflow does that looks through a data source.
pub fn graph(source: &str) -> Value {
    json!({ "steps": [{ "name": "look", "kind": "crawl", "subject": source }] })
}

/// A workflow over a data source.
pub async fn workflow(owner: &Client, project: &str, source: &str, name: &str) -> String {
    let create = "mutation ($project: ID!, $name: String!, $definition: JSON!) {
        createWorkflow(project: $project, name: $name, definition: $definition) { workflow { id } } }";
    let made = json!({ "project": project, "name": name, "definition": graph(source) });
    id(&owner.data(create, made).await["createWorkflow"]["workflow"])
}

/// A run of a workflow that has ended.
pub async fn flow(owner: &Client, workflow: &str) -> String {
    let start = "mutation ($id: ID!) { startWorkflow(id: $id) { flow { run { id } } } }";
    let flow = id(&owner.data(start, json!({ "id": workflow })).await["startWorkflow"]["flow"]["run"]);
    let look = "query ($id: ID!) { workflowRun(id: $id) { run { endedAt } } }";
    eventually("the end of a workflow", async || {
        let found = owner.data(look, json!({ "id": flow })).await;
        found["workflowRun"]["run"]["endedAt"].is_string().then_some(())
    })
    .await;
    flow
}

/// A backfill of a day that has ended.
pub async fn backfill(owner: &Client, workflow: &str) -> String {
    let begin = "mutation ($id: ID!) {
        backfillWorkflow(id: $id, days: { first: \"2026-05-03\", last: \"2026-05-03\" }) { backfill { id } } }";
    let backfill = id(&owner.data(begin, json!({ "id": workflow })).await["backfillWorkflow"]["backfill"]);
    let look = "query ($id: ID!) { workflowBackfill(id: $id) { endedAt } }";
    eventually("the end of a backfill", async || {
        let found = owner.data(look, json!({ "id": backfill })).await;
        found["workflowBackfill"]["endedAt"].is_string().then_some(())
    })
    .await;
    backfill
}

/// Lets objects that arrive start a data source; gives the trigger.
pub async fn trigger(owner: &Client, source: &str) -> String {
    let text = "mutation ($source: ID!) { createJobTrigger(source: $source, input: { name: \"To try\",
        happening: OBJECT_CREATED }) { made { trigger { id } } } }";
    let made = owner.data(text, json!({ "source": source })).await;
    id(&made["createJobTrigger"]["made"]["trigger"])
}

/// Asks for notices that their receiver turns away for good, and tries it; gives the watch and the notice.
pub async fn watch(owner: &Client, source: &str) -> (String, String) {
    let text = "mutation ($source: ID!, $address: String!) { watchRuns(input: { scope: SOURCE, target: $source,
        news: { failed: true }, way: WEBHOOK, address: $address }) { made { watch { id } } } }";
    let input = json!({ "source": source, "address": format!("{}/nobody/listens", owner.base) });
    let made = owner.data(text, input).await;
    let watch = id(&made["watchRuns"]["made"]["watch"]);
    owner.data("mutation ($id: ID!) { testRunWatch(id: $id) { ok } }", json!({ "id": watch })).await;
    let sent = "query ($watch: ID!) { runDeliveries(watch: $watch) { nodes { id state } } }";
    let delivery = eventually("a notice that is turned away", async || {
        let found = owner.data(sent, json!({ "watch": watch })).await["runDeliveries"]["nodes"][0].clone();
        (found["state"] == "FAILED").then(|| id(&found))
    })
    .await;
    (watch, delivery)
}

/// Declares a primary key; gives it.
pub async fn key(owner: &Client, asset: &str) -> String {
    let path = format!("/api/v1/assets/{asset}/primary-key");
    id(&owner.put(&path, json!({ "columns": ["cust_id"] })).await.ok()["primary"])
}

/// Gives access to the table of an asset; gives the grant.
pub async fn give(owner: &Client, asset: &str) -> String {
    let text =
        "mutation ($asset: ID!) { createGrant(input: { asset: $asset, to: { kind: EVERYONE }, reason: \"To try\" }) {
        grant { id } } }";
    id(&owner.data(text, json!({ "asset": asset })).await["createGrant"]["grant"])
}

/// Gives access to the table of an asset, and starts a review of it; gives the review and its item.
pub async fn review(owner: &Client, asset: &str) -> (String, String) {
    give(owner, asset).await;
    let text = "mutation ($asset: ID!, $due: DateTime!) { startReview(input: { asset: $asset, title: \"To try\", dueAt: $due }) {
        review { id items { id } } } }";
    let due = chrono::Utc::now() + chrono::TimeDelta::days(30);
    let made = owner.data(text, json!({ "asset": asset, "due": due })).await["startReview"]["review"].clone();
    (id(&made), id(&made["items"][0]))
}
