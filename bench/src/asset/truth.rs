//! What an answer has to say, computed from the generator alone.

use super::names::{Described, Of, described, id, is_own, owner_name, term_name};
use crate::corpus::{Corpus, DOMAINS, is_visible};
use serde_json::{Value, json};

/// The document that is sent with every request.
pub const DOCUMENT: &str = "query Read($id: ID!) { asset(id: $id) { id name title description status discover \
    project { name } owner { id name } tags terms { name } standing { kind } \
    columns { name ordinal type title description tags } } }";

/// The truth about answers.
pub struct Truth<'a> {
    corpus: &'a Corpus,
}

impl<'a> Truth<'a> {
    pub fn new(corpus: &'a Corpus) -> Self {
        Self { corpus }
    }

    /// How a body differs from what the generator says; `None` if it does not.
    pub fn difference(&self, number: u32, body: &[u8]) -> Option<String> {
        let Ok(found) = serde_json::from_slice::<Value>(body) else { return Some("the body is not JSON".to_owned()) };
        let asset = described(self.corpus, number);
        if !is_visible(asset.project) {
            let hidden = found["data"]["asset"].is_null() && found["errors"][0]["extensions"]["code"] == "not_found";
            return (!hidden).then(|| format!("it is hidden, yet the answer is {found}"));
        }
        let expected = json!({ "data": { "asset": expected(number, &asset) } });
        difference(&expected, &found, "")
    }
}

/// The first place where two values differ.
fn difference(expected: &Value, found: &Value, path: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) if left.len() == right.len() => {
            left.iter().find_map(|(key, value)| {
                difference(value, right.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"))
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(at, (left, right))| difference(left, right, &format!("{path}[{at}]")))
        }
        _ => (expected != found).then(|| format!("{path} is {found} instead of {expected}")),
    }
}

fn expected(number: u32, asset: &Described) -> Value {
    let domain = asset.project % DOMAINS;
    let level = asset.discover.map_or("REQUESTABLE", |_| "LISTED");
    let standing = if is_own(asset.project) { "MEMBER" } else { level };
    let mut terms: Vec<String> = asset.terms.iter().map(|term| term_name(domain, *term)).collect();
    terms.sort_by_key(|name| lakegate_model::text::fold(name));
    let columns = asset.columns.iter().enumerate().map(|(ordinal, column)| {
        json!({
            "name": column.name,
            "ordinal": ordinal,
            "type": column.column_type.to_string(),
            "title": column.title,
            "description": "",
            "tags": column.tag.iter().collect::<Vec<_>>(),
        })
    });
    json!({
        "id": id(Of::Asset, number, 0),
        "name": asset.name,
        "title": asset.title,
        "description": asset.description,
        "status": "PUBLISHED",
        "discover": level,
        "project": { "name": format!("project {}", asset.project) },
        "owner": { "id": id(Of::Owner, asset.owner, 0), "name": owner_name(asset.owner) },
        "tags": asset.tags,
        "terms": terms.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "standing": { "kind": standing },
        "columns": columns.collect::<Vec<_>>(),
    })
}
