//! The program's log: what it says of exchanges and of its own mistakes.

use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::Path};

/// One request and its answer, as the program logged it.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, Hash)]
pub struct Exchange {
    pub request_id: String,
    pub method: String,
    /// The route's pattern, such as `/api/v1/projects/{project}`.
    pub route: String,
    pub status: u16,
    /// `anonymous`, `user`, `api_token`.
    pub principal: String,
    pub principal_id: String,
}

/// Every line, also those of a program that was killed while writing.
pub fn lines(path: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    text.lines().map(str::to_owned).collect()
}

/// The exchanges in the order in which they ended.
pub fn exchanges(path: &Path) -> Vec<Exchange> {
    lines(path).iter().filter_map(|line| exchange(line)).collect()
}

fn exchange(line: &str) -> Option<Exchange> {
    let value: Value = serde_json::from_str(line).ok()?;
    if value["target"] != "lakegate::exchange" {
        return None;
    }
    Some(serde_json::from_value(value).unwrap_or_else(|error| panic!("an exchange lacks something: {error}: {line}")))
}

/// The root fields of GraphQL that were asked for: kind of operation, field, principal.
pub fn fields(path: &Path) -> Vec<(String, String, String)> {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let values = lines(path).into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    let noted = values.filter(|value| value["target"] == "lakegate::graphql");
    noted.map(|value| (text(&value, "operation"), text(&value, "field"), text(&value, "principal"))).collect()
}

/// The lines that tell of mistakes of the program: panics, internal errors, answers with 500.
pub fn mistakes(path: &Path) -> Vec<String> {
    lines(path).into_iter().filter(|line| is_mistake(line)).collect()
}

fn is_mistake(line: &str) -> bool {
    let internal = serde_json::from_str::<Value>(line).is_ok_and(|value| value["message"] == "internal error");
    internal || line.contains("panicked at") || exchange(line).is_some_and(|exchange| exchange.status == 500)
}
