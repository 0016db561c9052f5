//! Leaving out what somebody does not see: with the header `Lakegate-Fields: omit`, fields that the schema does not have
//! are taken out of a document before it is validated, and told.
//!
//! The schema is that of whoever asks, so a hidden field and one that nobody ever made are left out alike. Arguments are
//! never left out: a condition that went missing would show more.

use async_graphql::{
    Name, Value,
    parser::types::{
        Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
};
use axum::http::HeaderMap;
use lakegate_model::Fault;
use std::{collections::HashSet, convert::Infallible};

use super::limits::{Shape, root_of};

/// The header that asks for it.
pub const HEADER: &str = "lakegate-fields";

/// Where a field that was left out stood: keys of the answer, outermost first.
pub type Path = Vec<String>;

/// Selections that are looked at: fragments may multiply, and what is heavier than that is refused when it is weighed.
const LOOKED_AT: usize = 20_000;

/// Whether a request asks for fields to be left out.
///
/// # Errors
/// `invalid` naming the header if it says anything but `omit`.
pub fn asked(headers: &HeaderMap) -> Result<bool, Fault> {
    match headers.get(HEADER).map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase()) {
        None => Ok(false),
        Some(word) if word == b"omit" => Ok(true),
        Some(_) => Err(Fault::invalid("Lakegate-Fields", "this header says omit, or is left out")),
    }
}

/// Takes out of a document what a schema does not have; gives the places, in the document's order.
pub fn omit(document: &mut ExecutableDocument, shape: &Shape) -> Vec<Path> {
    let mut survey = Survey { shape, document, found: Vec::new(), left: LOOKED_AT, inside: Vec::new() };
    for (_, operation) in document.operations.iter() {
        let root = root_of(operation.node.ty);
        survey.selection(&operation.node.selection_set.node, root, &mut Vec::new());
    }
    let found = survey.found;
    if !found.is_empty() {
        prune(document, shape);
        forget_unused(document);
    }
    found
}

/// Places as an answer tells them.
pub fn shown(omitted: &[Path]) -> Value {
    let path = |path: &Path| Value::List(path.iter().map(|key| Value::String(key.clone())).collect());
    Value::List(omitted.iter().map(path).collect())
}

/// Whether a name is one of GraphQL's own, which validation knows.
fn is_meta(field: &Field) -> bool {
    field.name.node.starts_with("__")
}

/// A walk over what will be executed, that looks for what is not there.
struct Survey<'a> {
    shape: &'a Shape,
    document: &'a ExecutableDocument,
    found: Vec<Path>,
    left: usize,
    inside: Vec<&'a Name>,
}

impl<'a> Survey<'a> {
    /// `ty` is a type of the schema, or not: then nothing that is selected of it is there.
    fn selection(&mut self, set: &'a SelectionSet, ty: &str, path: &mut Path) {
        for selection in &set.items {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, ty, path),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let ty = condition.map_or(ty, |condition| condition.node.on.node.as_str());
                    self.selection(&inline.node.selection_set.node, ty, path);
                }
                Selection::FragmentSpread(spread) => self.spread(&spread.node.fragment_name.node, path),
            }
        }
    }

    fn field(&mut self, field: &'a Field, ty: &str, path: &mut Path) {
        if is_meta(field) && self.shape.selects(ty) {
            return;
        }
        path.push(field.response_key().node.to_string());
        match self.shape.type_of(ty, &field.name.node) {
            None if !self.found.contains(path) => self.found.push(path.clone()),
            None => {}
            Some(of) => {
                let of = of.to_owned();
                self.selection(&field.selection_set.node, &of, path);
            }
        }
        path.pop();
    }

    fn spread(&mut self, name: &'a Name, path: &mut Path) {
        let Some(fragment) = self.document.fragments.get(name).filter(|_| !self.inside.contains(&name)) else { return };
        self.inside.push(name);
        self.selection(&fragment.node.selection_set.node, fragment_type(&fragment.node), path);
        self.inside.pop();
    }
}

fn fragment_type(fragment: &FragmentDefinition) -> &str {
    fragment.type_condition.node.on.node.as_str()
}

/// Takes out what is not there, and then what selects nothing any more, until nothing changes.
fn prune(document: &mut ExecutableDocument, shape: &Shape) {
    let mut dead: HashSet<Name> = HashSet::new();
    loop {
        for fragment in document.fragments.values_mut() {
            let ty = fragment_type(&fragment.node).to_owned();
            retain(&mut fragment.node.selection_set.node, &ty, shape, &dead);
        }
        let empty = document.fragments.iter().filter(|(_, fragment)| fragment.node.selection_set.node.items.is_empty());
        let empty: HashSet<Name> = empty.map(|(name, _)| name.clone()).collect();
        if empty == dead {
            break;
        }
        dead = empty;
    }
    for operation in operations(document) {
        let root = root_of(operation.ty);
        retain(&mut operation.selection_set.node, root, shape, &dead);
    }
}

fn operations(document: &mut ExecutableDocument) -> impl Iterator<Item = &mut OperationDefinition> {
    use async_graphql::parser::types::DocumentOperations::{Multiple, Single};
    let all: Vec<&mut OperationDefinition> = match &mut document.operations {
        Single(operation) => vec![&mut operation.node],
        Multiple(all) => all.values_mut().map(|operation| &mut operation.node).collect(),
    };
    all.into_iter()
}

fn retain(set: &mut SelectionSet, ty: &str, shape: &Shape, dead: &HashSet<Name>) {
    set.items.retain_mut(|selection| match &mut selection.node {
        Selection::Field(field) => keeps(&mut field.node, ty, shape, dead),
        Selection::FragmentSpread(spread) => !dead.contains(&spread.node.fragment_name.node),
        Selection::InlineFragment(inline) => {
            let condition = inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.to_string());
            retain(&mut inline.node.selection_set.node, condition.as_deref().unwrap_or(ty), shape, dead);
            !inline.node.selection_set.node.items.is_empty()
        }
    });
}

/// Whether a field is there, and selects something if it selected something before.
fn keeps(field: &mut Field, ty: &str, shape: &Shape, dead: &HashSet<Name>) -> bool {
    if is_meta(field) && shape.selects(ty) {
        return true;
    }
    let Some(of) = shape.type_of(ty, &field.name.node) else { return false };
    let inner = &mut field.selection_set.node;
    if inner.items.is_empty() {
        return true;
    }
    retain(inner, of, shape, dead);
    !inner.items.is_empty()
}

/// Takes out fragments and variables that nothing names any more: validation refuses such.
fn forget_unused(document: &mut ExecutableDocument) {
    let mut used = Used::default();
    for (_, operation) in document.operations.iter() {
        used.directives(operation.node.directives.iter().map(|directive| &directive.node));
        used.selection(document, &operation.node.selection_set.node);
    }
    let Used { fragments, variables } = used;
    document.fragments.retain(|name, _| fragments.contains(name));
    for operation in operations(document) {
        operation.variable_definitions.retain(|definition| variables.contains(&definition.node.name.node));
    }
}

/// What a document names.
#[derive(Default)]
struct Used {
    fragments: HashSet<Name>,
    variables: HashSet<Name>,
}

impl Used {
    fn selection(&mut self, document: &ExecutableDocument, set: &SelectionSet) {
        for selection in &set.items {
            self.directives(selection.node.directives().iter().map(|directive| &directive.node));
            match &selection.node {
                Selection::Field(field) => {
                    for (_, value) in &field.node.arguments {
                        drop(value.node.clone().into_const_with(|name| self.variable(name)));
                    }
                    self.selection(document, &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => self.selection(document, &inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(document, &spread.node.fragment_name.node),
            }
        }
    }

    /// Each fragment is looked at once.
    fn fragment(&mut self, document: &ExecutableDocument, name: &Name) {
        let Some(fragment) = document.fragments.get(name) else { return };
        if self.fragments.insert(name.clone()) {
            self.selection(document, &fragment.node.selection_set.node);
        }
    }

    fn directives<'a>(&mut self, directives: impl Iterator<Item = &'a Directive>) {
        for (_, value) in directives.flat_map(|directive| &directive.arguments) {
            drop(value.node.clone().into_const_with(|name| self.variable(name)));
        }
    }

    /// Notes a variable; what would stand for it does not matter.
    fn variable(&mut self, name: Name) -> Result<Value, Infallible> {
        self.variables.insert(name);
        Ok(Value::Null)
    }
}

#[cfg(test)]
#[path = "omit_tests.rs"]
mod tests;
