//! A line for each root field: what was asked of whom, and how it ended. No arguments, no values.

use async_graphql::{
    PathSegment, Response, ServerError, Value,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet},
};
use lakegate_model::Code;
use std::collections::HashSet;

use super::{
    at::At,
    limits::{Shape, root_of},
};

/// The outcome of a field that gave its value.
const OK: &str = "ok";

/// A root field under the key of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootField {
    pub key: String,
    pub name: String,
}

/// The root fields of an operation, those in fragments too, each key once. Names that the schema does not know are
/// left out: nobody should write what he likes into the log.
pub fn root_fields(shape: &Shape, document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<RootField> {
    let mut gathered = Gathered { fields: Vec::new(), left: LOOKED_AT };
    gather(document, &operation.selection_set.node, &mut gathered);
    let root = root_of(operation.ty);
    let mut seen = HashSet::new();
    gathered.fields.retain(|field| shape.has(root, &field.name) && seen.insert(field.key.clone()));
    gathered.fields
}

/// Selections that are looked at: documents in circles, which validation will refuse, come by here too.
const LOOKED_AT: usize = 1_000;

struct Gathered {
    fields: Vec<RootField>,
    left: usize,
}

fn gather(document: &ExecutableDocument, set: &SelectionSet, into: &mut Gathered) {
    for selection in &set.items {
        let Some(left) = into.left.checked_sub(1) else { return };
        into.left = left;
        match &selection.node {
            Selection::Field(field) => into.fields.push(RootField {
                key: field.node.response_key().node.to_string(),
                name: field.node.name.node.to_string(),
            }),
            Selection::InlineFragment(inline) => gather(document, &inline.node.selection_set.node, into),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    gather(document, &fragment.node.selection_set.node, into);
                }
            }
        }
    }
}

/// Writes the lines of an executed operation.
pub fn note(at: &At, kind: OperationType, fields: &[RootField], response: &Response) {
    for field in fields {
        line(at, kind, field, &outcome(at, field, response));
    }
}

/// Writes the lines of an operation that was refused as a whole.
pub fn note_all(at: &At, kind: OperationType, fields: &[RootField], code: Code) {
    for field in fields {
        line(at, kind, field, code.as_str());
    }
}

fn line(at: &At, kind: OperationType, field: &RootField, outcome: &str) {
    let operation = kind.to_string();
    let (request_id, principal) = (at.caller.request_id.as_str(), at.principal.as_str());
    tracing::info!(target: "lakegate::graphql", request_id, principal, operation, field = field.name, outcome, "field");
}

/// `ok`, or the code of the error or problem.
fn outcome(at: &At, field: &RootField, response: &Response) -> String {
    if let Some(code) = at.outcomes.of(&field.key) {
        return code.as_str().to_owned();
    }
    let is_here = |path: &[PathSegment]| match path.first() {
        None => true,
        Some(PathSegment::Field(key)) => *key == field.key,
        Some(PathSegment::Index(_)) => false,
    };
    match response.errors.iter().find(|error| is_here(&error.path)) {
        None => OK.to_owned(),
        Some(error) => code_of(error).unwrap_or(Code::Invalid.as_str()).to_owned(),
    }
}

/// The code that an error carries.
pub fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use async_graphql::parser::parse_query;

    fn found(query: &str) -> Vec<(String, String)> {
        let shape = Shape::of("type Query { me: String other: String }").unwrap();
        let document = parse_query(query).unwrap();
        let operation = document.operations.iter().next().unwrap().1.node.clone();
        let fields = root_fields(&shape, &document, &operation);
        fields.into_iter().map(|field| (field.key, field.name)).collect()
    }

    fn pair(key: &str, name: &str) -> (String, String) {
        (key.to_owned(), name.to_owned())
    }

    #[test]
    fn aliases_and_fragments_are_seen_through() {
        let query = "{ a: me me me ...F ... on Query { b: other } } fragment F on Query { other }";
        assert_eq!(found(query), [pair("a", "me"), pair("me", "me"), pair("other", "other"), pair("b", "other")]);
    }

    #[test]
    fn unknown_names_and_circles_leave_nothing() {
        assert_eq!(found("{ invented me }"), [pair("me", "me")]);
        assert_eq!(found("{ ...F } fragment F on Query { ...F ...F }"), []);
    }
}
