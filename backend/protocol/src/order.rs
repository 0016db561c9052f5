//! The order of an answer: that of its document.
//!
//! Fields of one selection are resolved at the same time, and the executor puts each into the answer when it is done.
//! Which of them was slower must not be told by an answer, and what is hidden has to look like what is absent to the
//! last byte; so an answer is put into order before it is sent.

use async_graphql::{
    Name, PathSegment, Response, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};
use std::mem;

/// The order of the answers to one operation.
#[derive(Debug)]
pub struct Order(Keys);

impl Order {
    /// The order of an operation that was weighed before: [`super::limits`] bounds what its fragments spread to.
    pub fn of(document: &ExecutableDocument, operation: &OperationDefinition) -> Self {
        let mut keys = Keys::default();
        keys.gather(document, &operation.selection_set.node, &mut Vec::new());
        Self(keys)
    }

    /// Puts an answer into order: data as the document has it, errors by their places.
    pub fn arrange(&self, response: &mut Response) {
        self.0.arrange(&mut response.data);
        response.errors.sort_by_cached_key(place);
    }
}

/// The keys of an answer in the order in which its document first names them.
#[derive(Debug, Default)]
struct Keys(IndexMap<Name, Self>);

impl Keys {
    /// Takes the keys of a selection up, those of its fragments where they are spread. Selections under one key are one.
    /// Fragments that are spread inside themselves are left to validation.
    fn gather<'a>(&mut self, document: &'a ExecutableDocument, set: &'a SelectionSet, inside: &mut Vec<&'a Name>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let below = self.0.entry(field.node.response_key().node.clone()).or_default();
                    below.gather(document, &field.node.selection_set.node, inside);
                }
                Selection::InlineFragment(inline) => self.gather(document, &inline.node.selection_set.node, inside),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = document.fragments.get(name).filter(|_| !inside.contains(&name)) else {
                        continue;
                    };
                    inside.push(name);
                    self.gather(document, &fragment.node.selection_set.node, inside);
                    inside.pop();
                }
            }
        }
    }

    /// Puts a value into order. What selects nothing is a scalar: its inside is its own matter.
    fn arrange(&self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.arrange(item)),
            Value::Object(members) if !self.0.is_empty() => {
                let mut rest = mem::take(members);
                for (key, below) in &self.0 {
                    if let Some(mut member) = rest.swap_remove(key) {
                        below.arrange(&mut member);
                        members.insert(key.clone(), member);
                    }
                }
                members.extend(rest);
            }
            _ => {}
        }
    }
}

/// Where an error stands: line and column in the document, then the path in the answer, which tells items of one list
/// apart.
type Place = (Vec<(usize, usize)>, Vec<(usize, String)>);

fn place(error: &ServerError) -> Place {
    let path = error.path.iter().map(|segment| match segment {
        PathSegment::Field(key) => (0, key.clone()),
        PathSegment::Index(index) => (*index, String::new()),
    });
    (error.locations.iter().map(|at| (at.line, at.column)).collect(), path.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use async_graphql::{Pos, parser::parse_query};
    use serde_json::json;

    fn arranged(query: &str, data: serde_json::Value, errors: Vec<ServerError>) -> Response {
        let document = parse_query(query).unwrap();
        let operation = document.operations.iter().next().unwrap().1.node.clone();
        let mut response = Response::new(Value::from_json(data).unwrap());
        response.errors = errors;
        Order::of(&document, &operation).arrange(&mut response);
        response
    }

    fn text(query: &str, data: serde_json::Value) -> String {
        serde_json::to_string(&arranged(query, data, Vec::new()).data).unwrap()
    }

    #[test]
    fn fields_come_as_the_document_names_them() {
        let data = json!({ "c": [{ "y": 1, "x": { "z": 1, "a": 2 } }, null], "b": null, "a": 1 });
        assert_eq!(text("{ a b c { x y } }", data.clone()), r#"{"a":1,"b":null,"c":[{"x":{"a":2,"z":1},"y":1},null]}"#);
        let query = "{ c { ...F } ... on Query { b } a c { x { z a } } } fragment F on C { y x { z } }";
        assert_eq!(text(query, data), r#"{"c":[{"y":1,"x":{"z":1,"a":2}},null],"b":null,"a":1}"#);
    }

    #[test]
    fn circles_end_and_scalars_stay_whole() {
        let query = "{ ...F s: scalar } fragment F on Query { b ...F a }";
        let data = json!({ "s": { "m": 1, "k": 2 }, "a": 1, "b": 2 });
        let inside = serde_json::to_string(&Value::from_json(data["s"].clone()).unwrap()).unwrap();
        assert_eq!(text(query, data), format!(r#"{{"b":2,"a":1,"s":{inside}}}"#));
    }

    #[test]
    fn errors_come_by_their_places() {
        let error = |message: &str, column, index| {
            let mut error = ServerError::new(message, Some(Pos { line: 1, column }));
            error.path = vec![PathSegment::Field("a".to_owned()), PathSegment::Index(index)];
            error
        };
        let errors = vec![error("late", 9, 0), error("tenth", 3, 10), error("second", 3, 2)];
        let response = arranged("{ a }", json!({ "a": [] }), errors);
        let messages: Vec<&str> = response.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, ["second", "tenth", "late"]);
    }
}
