//! What is refused, and how.

use super::{ask, data, refused};
use crate::grants::Registry;
use lakegate_tests::both;
use reqwest::Method;
use serde_json::json;

both!(
    async fn limits_are_told_by_name(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let field = format!("{}__owners", registry.producer.environment.published);
        let many: Vec<String> = (0..21).map(|nth| format!("a{nth}: {field} {{ nodes {{ age }} }}")).collect();
        let ages = (0..1_001).map(|age| age.to_string()).collect::<Vec<_>>().join(", ");
        let deep = (0..9).fold("{}".to_owned(), |inner, _| format!("{{ _not: {inner} }}"));
        let wide: Vec<String> = (0..60).map(|nth| format!("c{nth}: age")).collect();
        for (arguments, code, blamed) in [
            ("(first: 201)".to_owned(), "invalid", "first"),
            ("(first: 0)".to_owned(), "invalid", "first"),
            ("(offset: -1)".to_owned(), "invalid", "offset"),
            ("(offset: 1000001)".to_owned(), "invalid", "offset"),
            ("(after: \"x\")".to_owned(), "invalid", "after"),
            (format!("(filter: {{ age: {{ in: [{ages}] }} }})"), "limit_exceeded", "filter"),
            (format!("(filter: {deep})"), "limit_exceeded", "filter"),
        ] {
            let found = refused(&olga, &format!("{{ {field}{arguments} {{ nodes {{ age }} }} }}"), json!({})).await;
            assert_eq!(found, (code.to_owned(), blamed.to_owned()), "{arguments:.60}");
        }
        for query in [format!("{{ {} }}", many.join(" ")), format!("{{ {field} {{ nodes {{ {} }} }} }}", wide.join(" "))] {
            assert_eq!(refused(&olga, &query, json!({})).await.0, "limit_exceeded", "{query:.60}");
        }
    }
);

both!(
    async fn bad_input_is_refused_and_never_a_mistake_of_ours(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let field = format!("{}__owners", registry.producer.environment.published);
        let list = |arguments: &str| format!("{{ {field}({arguments}) {{ nodes {{ age }} }} }}");
        for query in [
            String::new(),
            "{".to_owned(),
            "{ }".to_owned(),
            "mutation { drop }".to_owned(),
            "subscription { rows }".to_owned(),
            "{ __typename ...Gone }".to_owned(),
            format!("{{ {field} }}"),
            list("first: \"x\""),
            list("filter: { age: { eq: \"x\" } }"),
            list("filter: { age: { eq: null } }"),
            list("filter: { age: null }"),
            list("filter: { age: { like: 1 } }"),
            list("filter: { last_name: { eq: 1 } }"),
            list("filter: { last_name: { eq: \"a\\u0000b\" } }"),
            list("filter: { people_id: { eq: \"1 or 1=1\" } }"),
            list("filter: { people_id: { eq: 99999999999999999999999 } }"),
            list("filter: [1]"),
            list("orderBy: { column: \"age; drop\" }"),
            list("orderBy: { direction: ASC }"),
            list("distinct: true, orderBy: { column: people_id }"),
            list("offset: 1, after: \"abc\""),
        ] {
            let (code, _) = refused(&olga, &query, json!({})).await;
            assert!(["invalid", "unprocessable"].contains(&code.as_str()), "{query}: {code}");
        }
        let typed = format!("query ($f: {field}__Filter) {{ {field}(filter: $f) {{ nodes {{ age }} }} }}");
        for filter in [json!(1), json!("x"), json!({ "age": 1 }), json!({ "age": { "eq": [1] } }), json!({ "_or": 1 }), json!({ "zz": {} })] {
            assert_eq!(refused(&olga, &typed, json!({ "f": filter })).await.0, "invalid", "{filter}");
        }
        // Odd characters are data.
        let odd = json!({ "f": { "last_name": { "in": ["'", "\"", "\\", "';--", "\u{202e}", "%", "$$", "/*"] } } });
        assert_eq!(data(&olga, &typed, odd).await[&field]["nodes"], json!([]));
    }
);

both!(
    async fn who_asks_has_to_be_known_and_somewhere(app) {
        let registry = Registry::of(app).await;
        let olga = registry.producer.acting();
        let stranger = ask(&app.anonymous(), "{ __typename }", json!({})).await;
        assert_eq!(stranger.header("www-authenticate"), "Bearer", "{stranger}");
        assert_eq!(stranger.is(401).json()["errors"][0]["extensions"]["code"], "unauthenticated");
        assert_eq!(refused(&app.admin, "{ __typename }", json!({})).await, ("invalid".to_owned(), "project".to_owned()));
        let outsider = app.person("otto").await.acting(&registry.producer.project);
        assert_eq!(refused(&outsider, "{ __typename }", json!({})).await.0, "not_found");
        let odd = olga.with_header("lakegate-fields", "keep");
        ask(&odd, "{ __typename }", json!({})).await.blames(400, "invalid", "Lakegate-Fields");
        // The rules of the other endpoint hold here too.
        let get = olga.request(Method::GET, "/data/graphql?query=%7B__typename%7D");
        assert_eq!(olga.send(get).await.ok()["data"]["__typename"], "Query");
        let form = olga.request(Method::POST, "/data/graphql").header("content-type", "text/plain").body("{}");
        olga.send(form).await.is(415);
        let both = olga.request(Method::POST, "/data/graphql").json(&json!([{ "query": "{ __typename }" }]));
        olga.send(both).await.is(400);
    }
);
