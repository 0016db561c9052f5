//! A line for each root field: what was asked of whom, and how it ended. No arguments, no values.

use async_graphql::{
    PathSegment, Response, ServerError, Value,
    parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};
use lakegate_model::Code;

use super::at::At;

/// The outcome of a field that gave its value.
const OK: &str = "ok";

/// A root field under the key of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootField {
    pub key: String,
    pub name: String,
}

/// The root fields of an operation, those in fragments too.
pub fn root_fields(document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<RootField> {
    let mut gathered = Gathered { fields: Vec::new(), left: LOOKED_AT };
    gather(document, &operation.selection_set.node, &mut gathered);
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
pub fn note(at: &At, kind: &str, fields: &[RootField], response: &Response) {
    for field in fields {
        tracing::info!(
            target: "lakegate::graphql",
            request_id = at.caller.request_id,
            principal = at.principal,
            operation = kind,
            field = field.name,
            outcome = outcome(at, field, response),
            "field"
        );
    }
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
