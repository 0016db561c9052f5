//! One text for everybody: each sees his own shape, at this very moment.

use super::{ask, data, refused};
use crate::grants::{Registry, give, group, take_back, to};
use lakegate_tests::{
    Client, Value, both,
    story::{asset, column},
};
use serde_json::json;

const INTROSPECTION: &str = "{ __schema { types { name description fields { name description args { name } type { name } } \
    inputFields { name } enumValues { name } } } }";
const HIDDEN: [&str; 3] = ["first_name", "last_name", "address"];

/// Somebody who may read all of *owners*, and somebody who may not read whom they are; with the grants of the second.
async fn two_roles(app: &lakegate_tests::Server, registry: &Registry) -> (Client, Client, String) {
    let owner = &registry.producer.owner;
    let domain = app.domain("Shops").await;
    let developers = app.team("dev", &domain, "Developers", "developers").await;
    let everything = group(app, "developers", &[&developers.owner]).await;
    let few = group(app, "analysts", &[&registry.analysts.owner]).await;
    let whole = json!({ "asset": registry.owners, "to": to("GROUP", &everything), "reason": "Everything" });
    give(owner, whole).await;
    let personal = registry.columns(&HIDDEN).await;
    let grant = json!({ "asset": registry.owners, "to": to("GROUP", &few), "columnsMode": "EXCEPT",
        "columns": personal, "reason": "No names" });
    let grant = give(owner, grant).await;
    (developers.acting(), registry.analysts.acting(), grant)
}

both!(
    async fn one_text_serves_two_roles(app) {
        let registry = Registry::of(app).await;
        let (developer, analyst, _) = two_roles(app, &registry).await;
        let field = format!("{}__owners", registry.producer.environment.published);
        let text = format!(
            "query ($f: {field}__Filter) {{ people: {field}(first: 3, filter: $f, orderBy: {{ column: people_id }}) {{
                nodes {{ people_id ...Who age never }} }} none__such {{ nodes {{ a }} }} }}
             fragment Who on {field}__Row {{ first_name address }}"
        );
        let omit = |client: &Client| client.with_header("lakegate-fields", "omit");
        let variables = json!({ "f": { "age": { "gt": 1 } } });
        let all = ask(&omit(&developer), &text, variables.clone()).await.ok();
        let some = ask(&omit(&analyst), &text, variables.clone()).await.ok();
        assert!(all["errors"].is_null() && some["errors"].is_null(), "{all} {some}");
        assert_eq!(all["extensions"]["omitted"], json!([["people", "nodes", "never"], ["none__such"]]));
        let omitted = json!([["people", "nodes", "first_name"], ["people", "nodes", "address"], ["people", "nodes", "never"], ["none__such"]]);
        assert_eq!(some["extensions"]["omitted"], omitted);
        let (all, some) = (&all["data"]["people"]["nodes"], &some["data"]["people"]["nodes"]);
        for (whole, part) in all.as_array().unwrap().iter().zip(some.as_array().unwrap()) {
            assert!(whole["first_name"].is_string() && part.as_object().unwrap().len() == 2, "{whole} {part}");
            assert_eq!((&whole["people_id"], &whole["age"]), (&part["people_id"], &part["age"]));
        }
        // Arguments are never left out.
        let asked = format!("{{ {field}(filter: {{ first_name: {{ eq: \"Ola\" }} }}) {{ nodes {{ age }} }} }}");
        data(&omit(&developer), &asked, json!({})).await;
        assert_eq!(refused(&omit(&analyst), &asked, json!({})).await.0, "invalid");
    }
);

both!(
    async fn hidden_is_unknown_to_the_last_byte(app) {
        let registry = Registry::of(app).await;
        let (developer, analyst, _) = two_roles(app, &registry).await;
        let field = format!("{}__owners", registry.producer.environment.published);
        for name in HIDDEN {
            // As long and as far from every name as the hidden one.
            let other = format!("zq{}", &name[2..]);
            for query in [
                format!("{{ {field} {{ nodes {{ {name} }} }} }}"),
                format!("{{ {field}(filter: {{ {name}: {{ isNull: true }} }}) {{ nodes {{ age }} }} }}"),
                format!("{{ {field}(orderBy: {{ column: {name} }}) {{ nodes {{ age }} }} }}"),
                format!("{{ {field}__aggregate {{ nodes {{ min {{ {name} }} }} }} }}"),
                format!("{{ {field}__aggregate {{ nodes {{ keys {{ {name} }} }} }} }}"),
                format!("{{ {field}__aggregate {{ nodes {{ countDistinct {{ {name} }} }} }} }}"),
            ] {
                data(&developer, &query, json!({})).await;
                let hidden = ask(&analyst, &query, json!({})).await.json();
                let unknown = ask(&analyst, &query.replace(name, &other), json!({})).await.json();
                assert_eq!(hidden.to_string().replace(name, &other), unknown.to_string(), "{query}");
                assert!(hidden["data"].is_null() && hidden["errors"][0]["message"].is_string(), "{hidden}");
            }
        }
        let table = format!("{}__companies", registry.producer.environment.published);
        let [hidden, unknown] = [table.clone(), table.replace("companies", "zqmpanies")].map(|table| {
            format!("query ($f: {table}__Filter) {{ {table}(filter: $f) {{ nodes {{ ...F }} }} }} fragment F on {table}__Row {{ a }}")
        });
        let answers = [ask(&analyst, &hidden, json!({})).await.json(), ask(&analyst, &unknown, json!({})).await.json()];
        assert_eq!(answers[0].to_string().replace("companies", "zqmpanies"), answers[1].to_string());

        let seen = data(&analyst, INTROSPECTION, json!({})).await.to_string();
        assert!(seen.contains("designation") && !seen.contains("companies"), "{seen}");
        for name in HIDDEN {
            assert!(!seen.contains(name), "{name} shows");
        }
        assert!(data(&developer, INTROSPECTION, json!({})).await.to_string().contains("first_name"));
    }
);

both!(
    async fn what_is_taken_back_is_gone_with_the_next_request(app) {
        let registry = Registry::of(app).await;
        let (developer, analyst, grant) = two_roles(app, &registry).await;
        let field = format!("{}__owners", registry.producer.environment.published);
        let first = format!("{{ {field}(first: 2) {{ nodes {{ people_id }} pageInfo {{ endCursor }} }} }}");
        let found = data(&analyst, &first, json!({})).await;
        let after = json!({ "after": found[&field]["pageInfo"]["endCursor"] });
        let next = format!("query ($after: String) {{ {field}(first: 2, after: $after) {{ nodes {{ people_id }} }} }}");
        data(&analyst, &next, after.clone()).await;
        // A cursor is its owner's, and of its list.
        assert_eq!(refused(&developer, &next, after.clone()).await, ("invalid".to_owned(), "after".to_owned()));
        let other = next.replace("people_id", "age");
        assert_eq!(refused(&analyst, &other, after.clone()).await, ("invalid".to_owned(), "after".to_owned()));

        assert_eq!(take_back(&registry.producer.owner, &grant).await["ok"], true);
        let gone = ask(&analyst, &first, json!({})).await.json();
        let unknown = ask(&analyst, &first.replace("owners", "zqners"), json!({})).await.json();
        assert_eq!(gone.to_string().replace("owners", "zqners"), unknown.to_string());
        assert_eq!(data(&analyst, "{ _tables { name } }", json!({})).await["_tables"], json!([]));
        data(&developer, &first, json!({})).await;
    }
);

both!(
    async fn masks_and_row_filters_hold_and_are_told(app) {
        let registry = Registry::of(app).await;
        let (_, analyst, _) = two_roles(app, &registry).await;
        let owners = asset(&registry.producer.owner, &registry.owners).await;
        let mask = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { ok problem { message } } }";
        let input = json!({ "asset": registry.owners, "columns": [column(&owners, "designation")], "effect": "MASK",
            "mask": "MASK_TO_FIXED_VALUE", "reason": "Test" });
        let made = registry.guard.data(mask, json!({ "input": input })).await;
        assert_eq!(made["createRestriction"]["ok"], true, "{made}");
        let filter = json!({ "asset": registry.companies, "to": to("USER", &registry.analysts.owner.id),
            "rowFilter": "continent = 'asia'", "reason": "Her region" });
        give(&registry.producer.owner, filter).await;

        let published = &registry.producer.environment.published;
        let (owners, companies) = (format!("{published}__owners"), format!("{published}__companies"));
        let told = data(&analyst, "{ _tables { field columns { field masked partial } } }", json!({})).await;
        let masked: Vec<&Value> = told["_tables"].as_array().unwrap().iter()
            .flat_map(|table| table["columns"].as_array().unwrap()).filter(|column| column["masked"] == true).collect();
        assert_eq!(masked, [&json!({ "field": "designation", "masked": true, "partial": false })]);
        let query = format!(
            "query ($after: String) {{ {owners}(first: 2, after: $after, orderBy: {{ column: designation }}) {{
                nodes {{ people_id designation }} pageInfo {{ endCursor }} }} }}"
        );
        let first = ask(&analyst, &query, json!({})).await.ok();
        assert_eq!(first["data"][&owners]["nodes"][0]["designation"], "XXXXXXXX", "{first}");
        assert_eq!(first["extensions"]["withheld"], json!({ owners.clone(): { "masked": ["designation"] } }));
        // Where what is masked makes the order, pages are counted.
        let after = json!({ "after": first["data"][&owners]["pageInfo"]["endCursor"] });
        let second = data(&analyst, &query, after).await;
        let ids = |answer: &Value| answer[&owners]["nodes"].as_array().unwrap().iter().map(|node| node["people_id"].clone()).collect::<Vec<_>>();
        let four = format!("{{ {owners}(first: 4, orderBy: {{ column: designation }}) {{ nodes {{ people_id designation }} }} }}");
        assert_eq!([ids(&first["data"]), ids(&second)].concat(), ids(&data(&analyst, &four, json!({})).await));

        let counted = format!("{{ {companies}__aggregate {{ nodes {{ count keys {{ continent }} }} }} }}");
        let found = data(&analyst, &counted, json!({})).await;
        assert_eq!(found[format!("{companies}__aggregate")]["nodes"], json!([{ "count": "146", "keys": { "continent": "asia" } }]));
    }
);
