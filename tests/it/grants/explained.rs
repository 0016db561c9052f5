//! Why somebody reads what he reads.

use super::*;

/// What the explanation of a column says: what shows, and the kinds and ids of the rules that decide.
async fn why(client: &Client, asset: &str, user: Option<&str>, column: &str) -> (String, Vec<(String, Value)>, String) {
    let text = "query ($asset: ID!, $user: ID) { explainAccess(asset: $asset, user: $user) {
        words columns { name shows rules { kind id words } } } }";
    let found = client.data(text, json!({ "asset": asset, "user": user })).await["explainAccess"].clone();
    let all = found["columns"].as_array().unwrap();
    let found = all.iter().find(|one| one["name"] == column).unwrap_or_else(|| panic!("no {column}: {found}"));
    let rules = found["rules"].as_array().unwrap();
    let words = rules.iter().map(|rule| rule["words"].as_str().unwrap()).collect::<Vec<_>>().join("; ");
    let rules = rules.iter().map(|rule| (rule["kind"].as_str().unwrap().to_owned(), rule["id"].clone())).collect();
    (found["shows"].as_str().unwrap().to_owned(), rules, words)
}

both!(
    async fn an_explanation_names_the_rules_that_decide_and_the_way_of_a_tag(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let few = registry.columns(&["age", "gender"]).await;
        let grant = give(owner, json!({ "asset": registry.owners, "to": to("USER", &registry.analysts.owner.id),
            "columns": few, "columnsMode": "ONLY", "rowFilter": "age > 40", "reason": "For her" })).await;
        let (shows, rules, words) = why(&ana, &registry.owners, None, "age").await;
        assert_eq!((shows.as_str(), &rules[..]), ("PARTIAL", &[("DIRECT_GRANT".to_owned(), json!(grant))][..]));
        assert!(words.contains("some rows only") && !words.contains("> 40"), "conditions are for reviewers: {words}");
        let (shows, rules, _) = why(&ana, &registry.owners, None, "designation").await;
        assert_eq!((shows.as_str(), rules.len()), ("NOTHING", 0));
        // A rule on a tag, found through the tag on the column.
        let text = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) {
            ok problem { message } restriction { id } } }";
        let rule = json!({ "tag": "pii", "effect": "MASK", "mask": "REPLACE_WITH_NULL", "reason": "Personal data" });
        let rule = registry.guard.data(text, json!({ "input": rule })).await["createRestriction"]["restriction"]["id"].clone();
        let whole = asset(owner, &registry.owners).await;
        let edit = json!({ "revision": whole["revision"], "columns": [{ "id": few[0], "tags": ["pii=age"] }] });
        owner.patch(&format!("/api/v1/assets/{}", registry.owners), edit).await.ok();
        let user = Some(registry.analysts.owner.id.as_str());
        let (shows, rules, words) = why(owner, &registry.owners, user, "age").await;
        assert_eq!(shows, "MASKED");
        assert_eq!(rules, [("DIRECT_GRANT".to_owned(), json!(grant)), ("RESTRICTION".to_owned(), rule.clone())]);
        assert!(words.contains("on the tag pii, by pii=age on the column: Personal data") && words.contains("\"age\" > 40"), "{words}");
        assert_eq!(why(owner, &registry.owners, user, "gender").await.0, "PARTIAL", "the rule is about the other column");
        let text = "query ($asset: ID!, $user: ID) { explainAccess(asset: $asset, user: $user) { words } }";
        let said = owner.data(text, json!({ "asset": registry.owners, "user": user })).await;
        let words = "reads 0 of 7 columns whole, 1 in some rows, 1 masked, and 5 not at all";
        assert_eq!(said["explainAccess"]["words"], words);
        // Dropping what it names changes what shows; and others are told nothing of her.
        let lift = "mutation ($id: ID!) { liftRestriction(id: $id) { ok } }";
        assert_eq!(registry.guard.data(lift, json!({ "id": rule })).await["liftRestriction"]["ok"], true);
        assert_eq!(why(owner, &registry.owners, user, "age").await.0, "PARTIAL");
        take_back(owner, &grant).await;
        assert_eq!(why(owner, &registry.owners, user, "age").await.0, "NOTHING");
        let asked = "query ($asset: ID!, $user: ID) { explainAccess(asset: $asset, user: $user) { words } }";
        let about = json!({ "asset": registry.owners, "user": owner.id });
        let refused = ana.graphql(asked, about).await.json();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");
    }
);

both!(
    async fn a_filter_whose_column_went_away_opens_nothing_and_says_so(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let file = app.files().join("registry/visits/visits.csv");
        write(&file, b"id,at,team\n1,noon,a\n2,dusk,b\n");
        story::crawl(owner, &registry.source).await;
        let visits = id(&story::asset_named(owner, &registry.producer.project, "visits").await);
        let grant = give(owner, json!({ "asset": visits, "to": to("USER", &registry.analysts.owner.id),
            "rowFilter": "team = 'a'", "reason": "Her team" })).await;
        assert_eq!(registry.count(&ana, "visits").await, 1);
        write(&file, b"id,at\n1,noon\n2,dusk\n3,dawn\n");
        story::crawl(owner, &registry.source).await;
        registry.refused(&ana, "visits").await;
        let (shows, rules, _) = why(&ana, &visits, None, "at").await;
        assert_eq!((shows.as_str(), &rules[..]), ("NOTHING", &[("DIRECT_GRANT".to_owned(), json!(grant))][..]));
    }
);
