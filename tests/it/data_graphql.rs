//! The rows of tables through `/data/graphql`.

mod keyed;
mod lists;
mod refusals;
mod related_roles;
mod relations;
mod roles;

use lakegate_tests::{Answer, Client, Value};
use serde_json::json;

/// Asks for rows; gives the whole answer, also one with errors.
async fn ask(client: &Client, query: &str, variables: Value) -> Answer {
    client.post("/data/graphql", json!({ "query": query, "variables": variables })).await
}

/// The data of an operation that has to succeed.
async fn data(client: &Client, query: &str, variables: Value) -> Value {
    let answer = ask(client, query, variables).await.ok();
    assert!(answer["errors"].is_null(), "{query}: {answer}");
    answer["data"].clone()
}

/// The code and the field of an operation's first error, which is none of ours.
async fn refused(client: &Client, query: &str, variables: Value) -> (String, String) {
    let answer = ask(client, query, variables).await;
    assert!(answer.status.as_u16() < 500, "{query}: {answer}");
    let error = answer.json()["errors"][0].clone();
    let message = error["message"].as_str().unwrap_or_else(|| panic!("{query}: {answer}"));
    for leak in ["SELECT ", "ORDER BY", "DataFusion", "internal", ".rs:"] {
        assert!(!message.contains(leak), "{query}: {message}");
    }
    let text = |name: &str| error["extensions"][name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("field"))
}

/// A cell as text: exact numbers are texts here and numbers in other answers.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
