//! Relations are there for whom both ends show their values, and for nobody else.

use super::{
    ask, data,
    keyed::{Names, declared, foreign, keys, primary, removed},
};
use crate::grants::{Registry, give, to};
use lakegate_tests::{
    Client, Value,
    answer::id,
    both,
    files::{case, write},
    story::{self, asset, column},
};
use serde_json::json;

/// Gives the analyst a table of the registry, all but some columns.
async fn open(registry: &Registry, asset_id: &str, except: &[&str], more: Value) {
    let owner = &registry.producer.owner;
    let mut grant = json!({ "asset": asset_id, "to": to("USER", &registry.analysts.owner.id), "reason": "To look" });
    if !except.is_empty() {
        let whole = asset(owner, asset_id).await;
        let columns: Vec<String> = except.iter().map(|name| column(&whole, name)).collect();
        grant["columnsMode"] = json!("EXCEPT");
        grant["columns"] = json!(columns);
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        grant[name] = value.clone();
    }
    give(owner, grant).await;
}

/// That a relation is unknown to the analyst, to the last byte.
async fn is_unknown(client: &Client, query: &str, name: &str) {
    let other = name.replace("owner", "zqner").replace("compan", "zqmpan");
    let hidden = ask(client, query, json!({})).await.json();
    let unknown = ask(client, &query.replace(name, &other), json!({})).await.json();
    assert!(hidden["data"].is_null() && hidden["errors"][0]["message"].is_string(), "{hidden}");
    assert_eq!(hidden.to_string().replace(name, &other), unknown.to_string(), "{query}");
    let types = data(client, "{ __schema { types { name fields { name } inputFields { name } } } }", json!({})).await;
    assert!(!types.to_string().contains(name), "{name} shows");
}

both!(
    async fn a_relation_to_what_is_hidden_is_none(app) {
        let registry = Registry::of(app).await;
        let Names { owners, companies, owner, owned } = declared(&registry).await;
        let ana = registry.analysts.acting();
        open(&registry, &registry.owners, &[], json!({})).await;
        let many = format!("{{ {owners}(first: 1) {{ nodes {{ people_id {owned} {{ nodes {{ company_id }} }} }} }} }}");
        is_unknown(&ana, &many, &owned).await;
        let filter = format!("{{ {owners}(first: 1, filter: {{ {owned}: {{ some: {{}} }} }}) {{ nodes {{ people_id }} }} }}");
        is_unknown(&ana, &filter, &owned).await;
        let left_out = ask(&ana.with_header("lakegate-fields", "omit"), &many, json!({})).await.ok();
        assert_eq!(left_out["extensions"]["omitted"], json!([[owners, "nodes", owned]]), "{left_out}");
        assert_eq!(left_out["data"][&owners]["nodes"][0].as_object().unwrap().len(), 1);

        open(&registry, &registry.companies, &["owner_id"], json!({})).await;
        let one = format!("{{ {companies}(first: 1) {{ nodes {{ company_id {owner} {{ age }} }} }} }}");
        is_unknown(&ana, &one, &owner).await;
        is_unknown(&ana, &many, &owned).await;
        open(&registry, &registry.companies, &[], json!({})).await;
        assert_eq!(data(&ana, &one, json!({})).await[&companies]["nodes"].as_array().unwrap().len(), 1);
        data(&ana, &many, json!({})).await;
    }
);

both!(
    async fn a_masked_key_is_none(app) {
        let registry = Registry::of(app).await;
        let Names { owners, owner, owned, companies } = declared(&registry).await;
        let ana = registry.analysts.acting();
        open(&registry, &registry.owners, &[], json!({})).await;
        open(&registry, &registry.companies, &[], json!({})).await;
        let by_key = format!("{{ {owners}__byKey(people_id: 1) {{ age }} }}");
        data(&ana, &by_key, json!({})).await;
        let people = column(&asset(&registry.producer.owner, &registry.owners).await, "people_id");
        let mask = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { ok problem { message } } }";
        let input = json!({ "asset": registry.owners, "columns": [people], "effect": "MASK", "mask": "REPLACE_WITH_NULL", "reason": "Test" });
        let made = registry.guard.data(mask, json!({ "input": input })).await;
        assert_eq!(made["createRestriction"]["ok"], true, "{made}");
        let one = format!("{{ {companies}(first: 1) {{ nodes {{ company_id {owner} {{ age }} }} }} }}");
        is_unknown(&ana, &one, &owner).await;
        let many = format!("{{ {owners}(first: 1) {{ nodes {{ age {owned} {{ nodes {{ company_id }} }} }} }} }}");
        is_unknown(&ana, &many, &owned).await;
        is_unknown(&ana, &by_key, &format!("{owners}__byKey")).await;
    }
);

both!(
    async fn rows_of_the_other_side_are_filtered(app) {
        let registry = Registry::of(app).await;
        let Names { owners, owned, .. } = declared(&registry).await;
        let ana = registry.analysts.acting();
        open(&registry, &registry.owners, &[], json!({})).await;
        open(&registry, &registry.companies, &[], json!({ "rowFilter": "continent = 'asia'" })).await;
        let query = format!("{{ {owners}(first: 100) {{ nodes {{ people_id {owned}(first: 60) {{ nodes {{ continent }} }} }} }} }}");
        let found = data(&ana, &query, json!({})).await;
        let nodes = found[&owners]["nodes"].as_array().unwrap();
        let seen: Vec<&Value> = nodes.iter().flat_map(|node| node[&owned]["nodes"].as_array().unwrap()).collect();
        assert!(seen.len() == 146 && seen.iter().all(|company| company["continent"] == "asia"), "{}", seen.len());
        let some = |continent: &str| format!(
            "{{ {owners}__aggregate(filter: {{ {owned}: {{ some: {{ continent: {{ eq: \"{continent}\" }} }} }} }}) {{ nodes {{ count }} }} }}"
        );
        let count = async |continent: &str| {
            data(&ana, &some(continent), json!({})).await[format!("{owners}__aggregate")]["nodes"][0]["count"].clone()
        };
        assert_eq!(count("eu").await, "0");
        assert_ne!(count("asia").await, "0");
    }
);

both!(
    async fn a_key_breaks_with_its_column(app) {
        let registry = Registry::of(app).await;
        let Names { owners, companies, owner, .. } = declared(&registry).await;
        let olga = &registry.producer.owner;
        let acting = registry.producer.acting();
        let one = format!("{{ {companies}(first: 1) {{ nodes {{ company_id {owner} {{ age }} }} }} }}");
        data(&acting, &one, json!({})).await;
        let text = std::fs::read_to_string(case("companies").join("owners.csv")).unwrap();
        write(&app.files().join("registry/owners.csv"), text.replacen("people_id", "person_number", 1).as_bytes());
        story::crawl(olga, &registry.source).await;
        is_unknown(&acting, &one, &owner).await;
        is_unknown(&acting, &format!("{{ {owners}__byKey(people_id: 1) {{ age }} }}"), &format!("{owners}__byKey")).await;
        let shown = keys(olga, &registry.owners).await;
        assert_eq!((&shown["primary"]["broken"], &shown["primary"]["columns"]), (&json!(true), &json!(["people_id"])), "{shown}");
        let shown = keys(olga, &registry.companies).await["foreign"][0].clone();
        assert_eq!((&shown["broken"], &shown["target"], &shown["columns"]), (&json!(true), &Value::Null, &json!(["owner_id"])), "{shown}");
        let page = app.browser(&olga.username).await.open(&format!("/assets/{}", registry.companies)).await;
        assert!(page.text().contains("Broken"), "{page}");
        // Whoever may not edit is not told of it.
        open(&registry, &registry.companies, &[], json!({})).await;
        assert_eq!(keys(&registry.analysts.owner, &registry.companies).await["foreign"], json!([]));
        assert_eq!(removed(olga, shown["id"].as_str().unwrap()).await["keys"]["foreign"], json!([]));
        assert_eq!(primary(olga, &registry.owners, &[]).await["keys"]["primary"], Value::Null);
    }
);

both!(
    async fn keys_are_declared_by_who_knows_both_ends(app) {
        let registry = Registry::of(app).await;
        let Names { owners, companies, .. } = declared(&registry).await;
        let olga = &registry.producer.owner;
        let again = foreign(olga, (&registry.companies, &["owner_id"]), (&registry.owners, &["people_id"])).await;
        assert_eq!(again["problem"]["code"], "conflict", "{again}");
        // Other columns are another relation, with a name of its own.
        let other = foreign(olga, (&registry.companies, &["index"]), (&registry.owners, &["people_id"])).await;
        assert_eq!(other["keys"]["foreign"].as_array().unwrap().len(), 2, "{other}");
        let query = format!(
            "{{ {companies}(first: 1, filter: {{ index: {{ eq: 2 }} }}) {{ nodes {{ a: {owners}__of__owner_id {{ people_id }} b: {owners}__of__index {{ people_id }} }} }} }}"
        );
        let found = data(&registry.producer.acting(), &query, json!({})).await[&companies]["nodes"][0].clone();
        assert_eq!(found["b"]["people_id"], "2", "{found}");
        for (near, far, field) in [
            (vec!["owner_id"], vec!["last_name"], "targetColumns"),
            (vec!["owner_id"], vec!["people_id", "age"], "targetColumns"),
            (vec!["nothing"], vec!["people_id"], "columns"),
            (vec![], vec![], "columns"),
            (vec!["owner_id", "owner_id"], vec!["people_id", "age"], "columns"),
        ] {
            let refused = foreign(olga, (&registry.companies, &near), (&registry.owners, &far)).await;
            assert_eq!((&refused["problem"]["code"], &refused["problem"]["field"]), (&json!("invalid"), &json!(field)), "{refused}");
        }
        // Somebody else's asset, hidden, is one that is not there.
        let ana = &registry.analysts.owner;
        let own = lakegate_tests::upload::upload(ana, &registry.analysts.environment.id, "calls", "f.csv", b"people_id,minutes\n1,2\n".to_vec()).await;
        let (calls, _) = lakegate_tests::upload::asset(own);
        let hide = json!({ "revision": asset(olga, &registry.owners).await["revision"], "discover": "hidden" });
        olga.patch(&format!("/api/v1/assets/{}", registry.owners), hide).await.ok();
        let nowhere = "018f0000-0000-7000-8000-000000000000";
        let [hidden, unknown] = [registry.owners.as_str(), nowhere].map(|target| foreign(ana, (&calls, &["people_id"]), (target, &["people_id"])));
        let (hidden, unknown) = (hidden.await, unknown.await);
        assert_eq!((&hidden, &hidden["problem"]["code"]), (&unknown, &json!("not_found")));
        assert_eq!(primary(ana, &registry.owners, &["people_id"]).await, primary(ana, nowhere, &["people_id"]).await);
        let key = id(&keys(olga, &registry.owners).await["primary"]);
        assert_eq!(removed(ana, &key).await, removed(ana, nowhere).await);
    }
);

both!(
    async fn names_and_types_suggest_keys(app) {
        let registry = Registry::of(app).await;
        let olga = &registry.producer.owner;
        let text = "query ($asset: ID!) { foreignKeySuggestions(asset: $asset) { columns target { id } targetColumns } }";
        let suggested = async || olga.data(text, json!({ "asset": registry.companies })).await["foreignKeySuggestions"].clone();
        assert_eq!(suggested().await, json!([]));
        primary(olga, &registry.owners, &["people_id"]).await;
        let offer = json!([{ "columns": ["owner_id"], "target": { "id": registry.owners }, "targetColumns": ["people_id"] }]);
        assert_eq!(suggested().await, offer);
        let told = data(&registry.producer.acting(), "{ _tables { relations { field } } }", json!({})).await["_tables"].clone();
        assert!(told.as_array().unwrap().iter().all(|table| table["relations"] == json!([])), "{told}");
        // One click declares it.
        let browser = app.browser(&olga.username).await;
        let address = format!("/assets/{}/keys", registry.companies);
        let page = browser.open(&address).await;
        assert!(page.text().contains("Suggested by names and types"), "{page}");
        let form = [("columns", "owner_id"), ("target", registry.owners.as_str()), ("target_columns", "people_id")];
        let made = browser.submit(&format!("{address}/foreign"), &form).await;
        assert_eq!(made.status.as_u16(), 303, "{made}");
        assert_eq!(suggested().await, json!([]));
        let shown = keys(olga, &registry.owners).await["referenced_by"][0].clone();
        assert_eq!(shown["asset"]["id"], json!(registry.companies), "{shown}");
        let wrong = browser.submit(&format!("{address}/primary"), &[("key_columns", "nothing")]).await;
        assert!(wrong.status.as_u16() == 422 && wrong.text().contains("no column"), "{wrong}");
        let history = olga.get(&format!("/api/v1/assets/{}/revisions", registry.companies)).await.text();
        assert!(history.contains("foreign (owner_id)"), "{history}");
    }
);
