//! The operations of REST, as the program's own document lists them.

use lakegate_tests::{Server, Value, json};
use reqwest::Method;
use serde_json::Map;

use crate::{
    judge,
    matrix::Cell,
    values,
    world::{Ids, World},
};

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    method: Method,
    path: String,
    /// Names of the body's members, and whether each has to be there; `None` without a body.
    body: Option<Vec<(String, bool)>>,
    query: Vec<String>,
}

impl Operation {
    /// As the log names it.
    pub fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// As the matrix names it.
    pub fn name(&self) -> String {
        self.route()
    }
}

/// All operations.
pub async fn operations(app: &Server) -> Vec<Operation> {
    let document: Value = serde_json::from_str(&app.command(&["schema", "openapi"]).await.ok()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let schema = resolve(&document, schema);
            let query = operation["parameters"].as_array().cloned().unwrap_or_default();
            let query = query.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema.map(members),
                query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    assert!(all.len() > 40, "the document lists {} operations", all.len());
    // What ends a sign-in comes last, or it would end those of the others.
    all.sort_by_key(|operation| operation.path.contains("/auth/revoke") || operation.path.contains("/leave"));
    all
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')),
        None => schema.is_object().then_some(schema),
    }
}

fn members(schema: &Value) -> Vec<(String, bool)> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let names = schema["properties"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    names.into_iter().map(|name| (name.clone(), required.contains(&json!(name)))).collect()
}

/// A path with its parameters filled in.
pub fn fill(path: &str, ids: &Ids) -> String {
    let mut filled = path.to_owned();
    while let Some((before, rest)) = filled.split_once('{') {
        let (name, after) = rest.split_once('}').unwrap();
        let name = name.trim_start_matches('*');
        let value = ids.get(name).unwrap_or_else(|| panic!("no id for {name} of {path}"));
        filled = format!("{before}{value}{after}");
    }
    filled
}

async fn body(world: &World, ids: &Ids, door: &str, members: &[(String, bool)]) -> Value {
    let mut body = Map::new();
    for (name, required) in members {
        match values::value(world, ids, door, name).await {
            Some(value) => drop(body.insert(name.clone(), value)),
            None => assert!(!required, "no value for {name} of {door}"),
        }
    }
    Value::Object(body)
}

/// Tries an operation as somebody.
pub async fn try_out(app: &Server, world: &World, operation: &Operation, actor: &str) -> Cell {
    let door = operation.name();
    let ids = world.ids(app, &door, actor).await;
    let mut path = fill(&operation.path, &ids);
    if operation.path.ends_with("/uploads") {
        path = format!("{path}?table=made_{}", world.next());
    } else if !operation.query.is_empty() {
        path = format!(
            "{path}?{}",
            operation
                .query
                .iter()
                .map(|name| format!("{name}={}", if ["from", "to"].contains(&name.as_str()) { "1" } else { "x" }))
                .collect::<Vec<_>>()
                .join("&")
        );
    }
    if operation.path == "/api/v1/subscriptions" {
        path = format!("{path}?project={}", ids["project"]);
    }
    let mut client = world.client(app, actor).await;
    if operation.path.ends_with("/preview") || operation.path == "/api/v1/tables" {
        client = client.acting(&world.sales.producer.project);
    }
    let mut request = client.request(operation.method.clone(), &path);
    if operation.path.ends_with("/uploads") {
        request = request
            .header("x-file-name", "x.csv")
            .header("content-type", "application/octet-stream")
            .body("cust_id,amount_usd\n1,2\n");
    } else if operation.path.starts_with("/api/v1/lineage") {
        request = request.header("lakegate-project", &ids["project"]).json(&crate::reported::event(world.next()));
    } else if let Some(members) = &operation.body {
        request = request.json(&body(world, &ids, &door, members).await);
    }
    let before = world.database.state().await;
    let answer = client.send(request).await;
    let code = if answer.status.is_success() {
        String::new()
    } else {
        answer.json()["code"].as_str().unwrap_or_default().to_owned()
    };
    let cell = Cell::of(&door, answer.status.as_u16(), &code);
    let changed = changed(&before, &world.database.state().await);
    judge(&door, actor, cell, &changed)
}

/// Whether anything but the queue's own progress differs.
pub fn changed(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let differing = before.iter().zip(after).filter(|(one, two)| one != two);
    // Runs go on by themselves: what counts is whether there are more or fewer of them.
    let lines = |text: &str| text.lines().count();
    let goes_on = |table: &str| ["job_runs", "workflow_runs", "workflow_steps", "workflow_parts"].contains(&table);
    let counted = differing.filter(|((table, before), (_, after))| !goes_on(table) || lines(before) != lines(after));
    counted.map(|((table, before), (_, after))| format!("{table}: {}", difference(before, after))).collect()
}

/// The lines that only one of two texts has.
fn difference(before: &str, after: &str) -> String {
    let only = |one: &str, other: &str| {
        let lines = one.lines().filter(|line| !other.lines().any(|there| there == *line));
        lines.take(3).map(|line| line.chars().take(200).collect::<String>()).collect::<Vec<_>>()
    };
    format!("{:?} became {:?}", only(before, after), only(after, before))
}
