#![allow(clippy::unwrap_used)]
use super::*;
use async_graphql::parser::parse_query;
use serde_json::json;

const SCHEMA: &str = "
    type Query { me: Person thing(id: ID): Thing things(first: Int, after: String): ThingConnection }
    type Mutation { make: Thing }
    type Person { name: String friends: [Person!]! }
    type Thing { id: ID name: String parts: [Thing!]! owner: Person parent: Thing }
    type ThingConnection { edges: [ThingEdge!]! nodes: [Thing!]! pageInfo: PageInfo }
    type ThingEdge { node: Thing cursor: String }
    type PageInfo { hasNextPage: Boolean }
";

fn try_weigh(query: &str, variables: serde_json::Value) -> Result<Weight, Fault> {
    let shape = Shape::of(SCHEMA).unwrap();
    let document = parse_query(query).unwrap();
    let operation = document.operations.iter().next().unwrap().1.node.clone();
    weigh(&shape, &document, &operation, &Variables::from_json(variables))
}

fn weight(query: &str) -> Weight {
    try_weigh(query, json!({})).unwrap()
}

fn refused(query: &str) -> String {
    let fault = try_weigh(query, json!({})).unwrap_err();
    assert_eq!(fault.code, Code::LimitExceeded);
    fault.message
}

#[test]
fn fields_cost_one_and_root_fields_more() {
    assert_eq!(weight("{ me { name } }"), Weight { depth: 2, aliases: 0, cost: ROOT_COST + 1 });
    assert_eq!(weight("{ me { name } thing { id } }").cost, 2 * (ROOT_COST + 1));
    assert_eq!(weight("mutation { make { id name } }").cost, ROOT_COST + 2);
}

#[test]
fn a_connection_multiplies_what_stands_below_it() {
    assert_eq!(weight("{ things { nodes { id } } }").cost, ROOT_COST + 50 * 2);
    assert_eq!(weight("{ things(first: 7) { nodes { id } } }").cost, ROOT_COST + 7 * 2);
    assert_eq!(weight("{ things(first: 7) { edges { node { id name } } } }").cost, ROOT_COST + 7 * 4);
    let sized = "query ($n: Int = 3) { things(first: $n) { nodes { id } } }";
    assert_eq!(weight(sized).cost, ROOT_COST + 3 * 2);
    assert_eq!(try_weigh(sized, json!({ "n": 9 })).unwrap().cost, ROOT_COST + 9 * 2);
    assert_eq!(try_weigh(sized, json!({ "n": null })).unwrap().cost, ROOT_COST + 50 * 2);
}

#[test]
fn a_list_multiplies_by_its_supposed_length() {
    assert_eq!(weight("{ thing { parts { id } } }").cost, ROOT_COST + 1 + LIST_ITEMS);
    assert_eq!(weight("{ things(first: 2) { nodes { parts { id } } } }").cost, ROOT_COST + 2 * (1 + 1 + LIST_ITEMS));
}

#[test]
fn dear_operations_are_refused() {
    let message = refused("{ thing { parts { parts { parts { parts { parts { id } } } } } } }");
    assert!(message.contains("costs"), "{message}");
    assert!(refused("{ things(first: 200) { nodes { parts { parts { name } } } } }").contains("20000"));
}

#[test]
fn pages_over_the_limit_are_refused() {
    for query in ["{ things(first: 201) { nodes { id } } }", "{ things(first: -1) { nodes { id } } }"] {
        let fault = try_weigh(query, json!({})).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (Code::Invalid, Some("first")));
    }
    assert!(try_weigh("{ things(first: 200) { nodes { id } } }", json!({})).is_ok());
}

fn nested(levels: usize) -> String {
    format!("{}id{}", "parent { ".repeat(levels), " }".repeat(levels))
}

#[test]
fn depth_counts_through_fragments() {
    // `thing`, ten parents and `id` are twelve.
    assert_eq!(weight(&format!("{{ thing {{ {} }} }}", nested(10))).depth, DEPTH);
    assert!(refused(&format!("{{ thing {{ {} }} }}", nested(11))).contains("12 deep"));
    let through = format!("{{ thing {{ ...F }} }} fragment F on Thing {{ ... on Thing {{ {} }} }}", nested(11));
    assert!(refused(&through).contains("12 deep"));
}

#[test]
fn aliases_are_counted_through_fragments() {
    let aliases = |count: usize| (0..count).map(|n| format!("a{n}: id")).collect::<Vec<_>>().join(" ");
    assert_eq!(weight(&format!("{{ thing {{ {} }} }}", aliases(50))).aliases, 50);
    assert!(refused(&format!("{{ thing {{ {} }} }}", aliases(51))).contains("aliases"));
    let twice = format!("{{ thing {{ ...F parent {{ ...F }} }} }} fragment F on Thing {{ {} }}", aliases(26));
    assert!(refused(&twice).contains("aliases"));
}

#[test]
fn multiplying_fragments_end_the_weighing() {
    let mut query = "{ thing { ...F0 } }".to_owned();
    for n in 0..40 {
        query.push_str(&format!(" fragment F{n} on Thing {{ ...F{0} ...F{0} }}", n + 1));
    }
    query.push_str(" fragment F40 on Thing { id }");
    assert!(refused(&query).contains("more than"));
}

#[test]
fn fragments_in_circles_end() {
    let query = "{ thing { ...A } } fragment A on Thing { id ...B } fragment B on Thing { name ...A }";
    assert_eq!(weight(query).cost, ROOT_COST + 2);
}

#[test]
fn introspection_goes_deeper_but_not_round() {
    let of = "ofType { ".repeat(9);
    let tools =
        format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {of} name {} }} }} }} }} }}", " }".repeat(10));
    assert_eq!(weight(&tools).depth, 0);
    let round = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert!(refused(round).contains("introspection"));
}

#[test]
fn texts_are_bounded_before_they_are_parsed() {
    assert!(check_text(&" ".repeat(DOCUMENT_BYTES)).is_ok());
    assert_eq!(check_text(&" ".repeat(DOCUMENT_BYTES + 1)).unwrap_err().code, Code::TooLarge);
    assert_eq!(check_text(&"a ".repeat(TOKENS + 1)).unwrap_err().code, Code::TooLarge);
}

#[test]
fn tokens_are_words_and_signs() {
    assert_eq!(tokens("{ me { name } }"), 6);
    assert_eq!(tokens("{ a(b: \"x y { \\\" z\") # not { this }\n c }"), 8);
}
