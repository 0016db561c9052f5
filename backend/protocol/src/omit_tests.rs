#![allow(clippy::unwrap_used)]
use super::*;
use async_graphql::parser::parse_query;
use axum::http::HeaderValue;

const SCHEMA: &str = "type Query { owners(filter: F): Owners me: String } type Owners { nodes: [Owner!]! total: Int }
    type Owner { id: Int name: String } input F { id: Int }";

/// What is left of a document, field by field, and what was left out.
fn omitted(query: &str) -> (Vec<String>, Vec<String>) {
    let shape = Shape::of(SCHEMA).unwrap();
    let mut document = parse_query(query).unwrap();
    let found = omit(&mut document, &shape).into_iter().map(|path| path.join(".")).collect();
    let mut left = Vec::new();
    for (_, operation) in document.operations.iter() {
        let variables = operation.node.variable_definitions.iter();
        left.extend(variables.map(|definition| format!("${}", definition.node.name.node)));
        list(&operation.node.selection_set.node, &mut left);
    }
    let mut fragments: Vec<String> = document.fragments.keys().map(|name| format!("fragment {name}")).collect();
    fragments.sort();
    left.extend(fragments);
    (left, found)
}

fn list(set: &SelectionSet, left: &mut Vec<String>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                left.push(field.node.response_key().node.to_string());
                list(&field.node.selection_set.node, left);
            }
            Selection::InlineFragment(inline) => list(&inline.node.selection_set.node, left),
            Selection::FragmentSpread(spread) => left.push(format!("...{}", spread.node.fragment_name.node)),
        }
    }
}

#[test]
fn what_is_there_stays_as_it_is() {
    let query =
        "query ($v: Int) { owners(filter: { id: $v }) { nodes { id __typename } } ...F } fragment F on Query { me }";
    let left = ["$v", "owners", "nodes", "id", "__typename", "...F", "fragment F"];
    assert_eq!(omitted(query), (left.map(str::to_owned).to_vec(), Vec::new()));
}

#[test]
fn unknown_fields_are_left_out_and_told_by_their_keys() {
    let (left, found) = omitted("{ a: owners { nodes { id secret n: other } } nothing { at { all } } me }");
    assert_eq!(left, ["a", "nodes", "id", "me"]);
    assert_eq!(found, ["a.nodes.secret", "a.nodes.n", "nothing"]);
}

#[test]
fn what_selects_nothing_any_more_goes_too() {
    let (left, found) = omitted("{ owners { nodes { secret } } me }");
    assert_eq!((left, found), (vec!["me".to_owned()], vec!["owners.nodes.secret".to_owned()]));
    let (left, found) = omitted("{ hidden { a } }");
    assert_eq!((left, found), (Vec::new(), vec!["hidden".to_owned()]));
}

#[test]
fn fragments_and_variables_without_a_use_go_too() {
    let query = "query ($v: Hidden, $w: Int) { hidden(filter: $v) { ...H } owners(filter: { id: $w }) { ...O } }
        fragment H on Hidden { x ...I } fragment I on Hidden { y } fragment O on Owners { nodes { ...P ... on Gone { z } } }
        fragment P on Owner { id secret }";
    let (left, found) = omitted(query);
    assert_eq!(left, ["$w", "owners", "...O", "fragment O", "fragment P"]);
    assert_eq!(found, ["hidden", "owners.nodes.secret", "owners.nodes.z"]);
}

#[test]
fn circles_end() {
    let (_, found) = omitted("{ ...F secret } fragment F on Query { me ...F }");
    assert_eq!(found, ["secret"]);
}

#[test]
fn meta_fields_of_the_schema_are_left_to_validation() {
    let (left, found) = omitted("{ __schema { types { name invented } } gone { __typename } }");
    assert_eq!(left, ["__schema", "types", "name", "invented"]);
    assert_eq!(found, ["gone"]);
}

#[test]
fn the_header_says_one_word() {
    let asks =
        |word: &'static str| asked(&HeaderMap::from_iter([(HEADER.parse().unwrap(), HeaderValue::from_static(word))]));
    assert!(!asked(&HeaderMap::new()).unwrap());
    assert!(asks(" Omit").unwrap());
    assert_eq!(asks("keep").unwrap_err().field.as_deref(), Some("Lakegate-Fields"));
}
