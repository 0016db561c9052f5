//! The verbs of the usual story: places, sources, publishing, asking, approving. Each asserts that it succeeds.
//!
//! Tests of refusals call the doors themselves.

use serde_json::{Value, json};
use std::path::Path;

use crate::{
    Client, Server,
    answer::id,
    eventually,
    files::{case, copy},
    people::Person,
};

/// Storage of a project with its two databases.
#[derive(Debug, Clone)]
pub struct Environment {
    pub id: String,
    pub published: String,
    pub subscribed: String,
}

/// A project, somebody who owns it, and its environment.
#[derive(Debug, Clone)]
pub struct Team {
    pub owner: Person,
    pub project: String,
    pub environment: Environment,
}

impl Team {
    /// The owner, acting in the project.
    pub fn acting(&self) -> Client {
        self.owner.acting(&self.project)
    }

    /// Makes somebody a member.
    pub async fn join(&self, person: &Person, role: &str) {
        let member = json!({ "kind": "user", "id": person.id, "role": role });
        self.owner.post(&format!("/api/v1/projects/{}/members", self.project), member).await.ok();
    }
}

/// The address of a local folder.
pub fn folder_uri(folder: &Path) -> String {
    format!("file://{}/", folder.canonicalize().unwrap().display())
}

impl Server {
    /// A root of the tree of domains.
    pub async fn domain(&self, name: &str) -> String {
        id(&self.admin.post("/api/v1/domains", json!({ "name": name })).await.ok())
    }

    /// A new person who owns a new project with one environment.
    pub async fn team(&self, owner: &str, domain: &str, project: &str, environment: &str) -> Team {
        let owner = self.person(owner).await;
        self.team_of(owner, domain, project, environment).await
    }

    /// [`Server::team`] of somebody who is there already.
    pub async fn team_of(&self, owner: Person, domain: &str, project: &str, environment: &str) -> Team {
        let made = owner.post("/api/v1/projects", json!({ "domain_id": domain, "name": project })).await.ok();
        let project = id(&made);
        let environment = environment_of(&owner, &project, json!({ "name": environment })).await;
        Team { owner, project, environment }
    }
}

/// Makes an environment.
pub async fn environment_of(owner: &Client, project: &str, input: Value) -> Environment {
    let made = owner.post(&format!("/api/v1/projects/{project}/environments"), input).await.ok();
    let database = |kind: &str| {
        let all = made["databases"].as_array().unwrap();
        let found = all.iter().find(|database| database["kind"] == kind).unwrap();
        found["name"].as_str().unwrap().to_owned()
    };
    Environment { id: id(&made), published: database("pub"), subscribed: database("sub") }
}

/// Makes a data source over a location.
pub async fn source(team: &Team, name: &str, location: &str) -> String {
    let input = json!({ "environment": team.environment.id, "name": name, "location": location });
    source_from(team, input).await
}

/// Makes a data source from a whole input.
pub async fn source_from(team: &Team, input: Value) -> String {
    id(&team.owner.post("/api/v1/data-sources", input).await.ok())
}

/// Starts a run and waits for its end; gives the run.
pub async fn run(client: &Client, source: &str) -> Value {
    let run = id(&client.post(&format!("/api/v1/data-sources/{source}/runs"), json!({})).await.ok());
    ended(client, &run).await
}

/// Waits for the end of a run; gives the run.
pub async fn ended(client: &Client, run: &str) -> Value {
    eventually("the end of a run", async || {
        let run = client.get(&format!("/api/v1/runs/{run}")).await.ok();
        let open = ["queued", "running"].contains(&run["state"].as_str().unwrap());
        if open { None } else { Some(run) }
    })
    .await
}

/// Runs a source that has to succeed; gives what it found.
pub async fn crawl(client: &Client, source: &str) -> Value {
    let run = run(client, source).await;
    assert_eq!(run["state"], "succeeded", "{run}");
    run["outcome"].clone()
}

/// The asset of a project with this technical name.
pub async fn asset_named(client: &Client, project: &str, name: &str) -> Value {
    let all = client.all(&format!("/api/v1/projects/{project}/assets"), 200).await;
    let found = all.iter().find(|asset| asset["name"] == name);
    found.unwrap_or_else(|| panic!("no asset {name} among {all:?}")).clone()
}

/// An asset with its columns.
pub async fn asset(client: &Client, asset: &str) -> Value {
    client.get(&format!("/api/v1/assets/{asset}")).await.ok()
}

/// The id of a column.
pub fn column(asset: &Value, name: &str) -> String {
    let columns = asset["columns"].as_array().unwrap_or_else(|| panic!("no columns in {asset}"));
    let found = columns.iter().find(|column| column["name"] == name);
    id(found.unwrap_or_else(|| panic!("no column {name} in {asset}")))
}

/// Accepts every suggested name of an asset.
pub async fn accept_names(client: &Client, id: &str) {
    client.post(&format!("/api/v1/assets/{id}/suggestions/accept"), json!({})).await.ok();
}

/// Gives an asset title, description and owner, and publishes it in the two steps.
pub async fn publish(owner: &Person, id: &str, title: &str) {
    let before = asset(owner, id).await;
    let edit = json!({
        "revision": before["revision"], "title": title,
        "description": format!("What everybody should know of {title}."), "owner": owner.id,
    });
    owner.patch(&format!("/api/v1/assets/{id}"), edit).await.ok();
    let ready = owner.get(&format!("/api/v1/assets/{id}/readiness")).await.ok();
    assert_eq!(ready["missing"], json!([]), "{ready}");
    owner.post(&format!("/api/v1/assets/{id}/publish"), json!({ "revision": ready["revision"] })).await.ok();
}

/// Asks for an asset on behalf of a project; gives the request.
pub async fn ask(client: &Client, project: &str, asset: &str, reason: &str) -> String {
    let wish = json!({ "project": project, "assets": [asset], "reason": reason });
    let made = client.post("/api/v1/requests", wish).await.ok();
    id(&made["requests"][0])
}

/// Approves a request; gives the subscription.
pub async fn approve(client: &Client, request: &str, with: Value) -> String {
    let approved = client.post(&format!("/api/v1/requests/{request}/approve"), with).await.ok();
    approved["subscription_id"].as_str().unwrap().to_owned()
}

/// Takes a subscription back.
pub async fn revoke(client: &Client, subscription: &str, reason: &str) {
    client.post(&format!("/api/v1/subscriptions/{subscription}/revoke"), json!({ "reason": reason })).await.ok();
}

/// The answer to a search for assets.
pub async fn search(client: &Client, text: &str) -> Value {
    let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    client.get(&format!("/api/v1/search?kind=asset&q={text}")).await.ok()
}

/// The ids of what was found.
pub fn hits(found: &Value) -> Vec<String> {
    found["hits"].as_array().unwrap().iter().map(|hit| id(&hit["payload"])).collect()
}

/// Waits until a search finds this many assets.
pub async fn finds(client: &Client, text: &str, total: i64) -> Value {
    eventually(&format!("{total} hits for {text}"), async || {
        let found = search(client, text).await;
        (found["total"] == total).then_some(found)
    })
    .await
}

/// The rows of a query that has to succeed.
pub async fn rows(client: &Client, sql: &str) -> Vec<Vec<Value>> {
    let answer = client.query(sql).await.ok();
    assert!(answer["error"].is_null(), "{sql}: {answer}");
    let rows: Vec<Vec<Value>> = serde_json::from_value(answer["rows"].clone()).unwrap();
    assert_eq!(answer["row_count"], rows.len(), "{sql}");
    rows
}

/// The names of the columns of a query that has to succeed.
pub async fn columns(client: &Client, sql: &str) -> Vec<String> {
    let answer = client.query(sql).await.ok();
    let columns = answer["columns"].as_array().unwrap();
    columns.iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect()
}

/// The case *catalog_sales*: a producer whose table is in the inventory, and a consumer.
#[derive(Debug, Clone)]
pub struct Sales {
    pub domain: String,
    pub producer: Team,
    pub consumer: Team,
    pub source: String,
    pub asset: String,
}

impl Sales {
    /// The table as the producer writes it in SQL.
    pub fn own(&self) -> String {
        format!("{}.catalog_sales", self.producer.environment.published)
    }

    /// The table as the consumer writes it in SQL, once granted.
    pub fn granted(&self) -> String {
        format!("{}.catalog_sales", self.consumer.environment.subscribed)
    }

    /// Asks for the table and approves; gives the subscription.
    pub async fn subscribe(&self) -> String {
        let request = ask(&self.consumer.owner, &self.consumer.project, &self.asset, "Plan the campaign").await;
        approve(&self.producer.owner, &request, json!({ "reason": "Agreed" })).await
    }
}

impl Server {
    /// The case *catalog_sales* up to the inventory.
    pub async fn sales(&self) -> Sales {
        let folder = self.files().join("sales");
        copy(&case("catalog_sales.csv"), &folder.join("catalog_sales.csv"));
        let domain = self.domain("Sales").await;
        let producer = self.team("olga", &domain, "Sales producer project", "publish-environment").await;
        let consumer = self.team("mark", &domain, "Marketing consumer project", "subscriber-environment").await;
        let source = source(&producer, "sales files", &folder_uri(&folder)).await;
        let found = crawl(&producer.owner, &source).await;
        assert_eq!((&found["tables_new"], &found["skipped"]), (&json!(1), &json!([])), "{found}");
        let asset = id(&asset_named(&producer.owner, &producer.project, "catalog_sales").await);
        Sales { domain, producer, consumer, source, asset }
    }

    /// [`Server::sales`], published as "Catalog Sales Data".
    pub async fn published_sales(&self) -> Sales {
        let sales = self.sales().await;
        accept_names(&sales.producer.owner, &sales.asset).await;
        publish(&sales.producer.owner, &sales.asset, "Catalog Sales Data").await;
        sales
    }
}
