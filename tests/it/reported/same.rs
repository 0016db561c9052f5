//! What the datasets are that events name.

use lakegate_tests::{Value, both};
use serde_json::json;

use super::{Side, ask, asset, dataset, datasets, event, from, id, lineage, named, nodes, own, producer, report};

const MATCH: &str = "mutation ($id: ID!, $asset: ID!) { matchReportedDataset(id: $id, asset: $asset) {
    problem { code field } reportedDataset { matched assetId } } }";
const MERGE: &str = "mutation ($id: ID!, $into: ID!) { mergeReportedDataset(id: $id, into: $into) {
    problem { code field } reportedDataset { matched sameAs } } }";
const SPLIT: &str = "mutation ($id: ID!) { splitReportedDataset(id: $id) {
    problem { code } reportedDataset { matched assetId sameAs } } }";
const UNDO: &str = "mutation ($id: ID!) { undoReportedDataset(id: $id) {
    problem { code } reportedDataset { matched assetId sameAs } } }";
const RULE: &str = "mutation ($project: ID!, $namespace: String!, $prefix: String!, $database: ID!) {
    createReportedRule(project: $project, namespace: $namespace, prefix: $prefix, database: $database) {
        problem { code field } reportedRule { id databaseName } } }";
const NO_RULE: &str = "mutation ($id: ID!) { deleteReportedRule(id: $id) { ok problem { code } } }";
const RULES: &str = "query ($project: ID!) { reportedRules(project: $project) { prefix databaseName } }";

/// Names of what is one step before the table `people`.
async fn before(side: &Side) -> Vec<String> {
    let people = asset(side, "people").await;
    let graph = lineage(&side.team.owner, json!({ "asset": people, "direction": "UPSTREAM" })).await;
    nodes(&graph).into_iter().filter(|(_, distance)| *distance == -1).map(|(name, _)| name).collect()
}

async fn names(side: &Side, unmatched: bool) -> Vec<String> {
    let all = datasets(side, unmatched).await;
    let mut names: Vec<String> = all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// One run that reads a warehouse's table and writes another, and one that reads that one, called otherwise, for people.
async fn two_runs(side: &Side) {
    let owner = side.team.acting();
    let mut first = event(
        "COMPLETE",
        1,
        json!([dataset("pg://prod", "shop.people", json!({}))]),
        json!([dataset("s3://lake", "staged/people", json!({}))]),
    );
    first["job"]["name"] = json!("stage");
    report(&owner, first).await.is(201);
    let second =
        event("COMPLETE", 2, json!([dataset("hive", "staged.people", json!({}))]), json!([own(side, "people")]));
    report(&owner, second).await.is(201);
}

both!(
    async fn datasets_are_merged_split_and_undone(app) {
        let side = producer(app).await;
        let owner = &side.team.owner;
        two_runs(&side).await;
        assert_eq!(names(&side, true).await, ["shop.people", "staged.people", "staged/people"]);
        assert_eq!(before(&side).await, ["staged.people"]);
        let (hive, stage) = (id(&named(&side, "staged.people").await), id(&named(&side, "staged/people").await));
        // One thing under two names.
        let merged = ask(owner, MERGE, json!({ "id": hive, "into": stage })).await;
        assert_eq!(merged["reportedDataset"], json!({ "matched": "DECISION", "sameAs": stage }), "{merged}");
        let people = asset(&side, "people").await;
        let graph = lineage(owner, json!({ "asset": people, "direction": "UPSTREAM" })).await;
        let expected = [("shop.people", -2), ("staged/people", -1), ("people", 0)];
        assert_eq!(nodes(&graph), expected.map(|(name, distance)| (name.to_owned(), distance)));
        assert_eq!(names(&side, true).await, ["shop.people", "staged/people"]);
        let circle = ask(owner, MERGE, json!({ "id": stage, "into": hive })).await;
        assert_eq!(circle["problem"], json!({ "code": "invalid", "field": "dataset" }));
        // What is the same as that is the same as what that turns out to be, and no more when it is not.
        let shop = id(&named(&side, "shop.people").await);
        ask(owner, MERGE, json!({ "id": stage, "into": shop })).await;
        assert_eq!(named(&side, "staged.people").await["sameAs"], shop);
        ask(owner, UNDO, json!({ "id": stage })).await;
        assert_eq!(named(&side, "staged.people").await["sameAs"], stage);
        // Not in a circle either, on whichever way.
        ask(owner, MERGE, json!({ "id": stage, "into": shop })).await;
        let long = ask(owner, MERGE, json!({ "id": shop, "into": hive })).await;
        assert_eq!(long["problem"]["code"], "invalid");
        ask(owner, UNDO, json!({ "id": stage })).await;
        // What is the same as a table is no more when that is not.
        side.built(&side.derived("staged", &format!("select id from {}", side.table("people"))).await).await;
        let table = asset(&side, "staged").await;
        ask(owner, MATCH, json!({ "id": stage, "asset": table })).await;
        assert_eq!(named(&side, "staged.people").await["assetId"], table);
        ask(owner, UNDO, json!({ "id": stage })).await;
        assert_eq!(named(&side, "staged.people").await["sameAs"], stage);
        // Undone, and done for good.
        let undone = ask(owner, UNDO, json!({ "id": hive })).await;
        assert_eq!(undone["reportedDataset"]["matched"], "UNMATCHED", "{undone}");
        assert_eq!(before(&side).await, ["staged.people"]);
        assert_eq!(ask(owner, UNDO, json!({ "id": hive })).await["problem"]["code"], "conflict");
    }
);

both!(
    async fn two_outputs_of_a_run_may_be_one_thing(app) {
        let side = producer(app).await;
        let owner = &side.team.owner;
        let output = |name: &str, column: &str| {
            let sources = json!({ "inputFields": [from("kafka", "topic", column, json!([]))] });
            dataset("s3://lake", name, json!({ "columnLineage": { "fields": { column: sources } } }))
        };
        let outputs = json!([output("people", "name"), output("people/", "pay")]);
        report(&side.team.acting(), event("COMPLETE", 1, json!([]), outputs)).await.is(201);
        let people = asset(&side, "people").await;
        for name in ["people", "people/"] {
            let matched = ask(owner, MATCH, json!({ "id": id(&named(&side, name).await), "asset": people })).await;
            assert_eq!(matched["problem"], Value::Null, "{matched}");
        }
        let graph = lineage(owner, json!({ "asset": people, "direction": "UPSTREAM" })).await;
        assert_eq!(nodes(&graph), [("topic".to_owned(), -1), ("people".to_owned(), 0)]);
        assert_eq!(graph["edges"].as_array().unwrap().len(), 2, "{graph}");
    }
);

both!(
    async fn a_dataset_is_said_to_be_a_table(app) {
        let side = producer(app).await;
        let owner = &side.team.owner;
        side.built(&side.derived("staged", &format!("select id, name from {}", side.table("people"))).await).await;
        two_runs(&side).await;
        let (hive, staged) = (id(&named(&side, "staged.people").await), asset(&side, "staged").await);
        let matched = ask(owner, MATCH, json!({ "id": hive, "asset": staged })).await;
        assert_eq!(matched["reportedDataset"], json!({ "matched": "DECISION", "assetId": staged }), "{matched}");
        assert_eq!(before(&side).await, ["staged"]);
        // Events that come later say the same.
        let later = event("COMPLETE", 3, json!([dataset("hive", "staged.people", json!({}))]), json!([own(&side, "people")]));
        report(&side.team.acting(), later).await.is(201);
        assert_eq!(before(&side).await, ["staged"]);
        // A table of its own, whatever its name says; and then what the name says.
        let people = id(&named(&side, &side.table("people")).await);
        let split = ask(owner, SPLIT, json!({ "id": people })).await;
        assert_eq!(split["reportedDataset"], json!({ "matched": "DECISION", "assetId": null, "sameAs": null }), "{split}");
        assert_eq!(before(&side).await, Vec::<String>::new());
        let undone = ask(owner, UNDO, json!({ "id": people })).await;
        assert_eq!(undone["reportedDataset"]["matched"], "NAME", "{undone}");
        assert_eq!(before(&side).await, ["staged"]);
    }
);

both!(
    async fn names_are_matched_by_symlinks_and_rules(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        // A file that is also called as the table is, and what reads it under another name of its own.
        let links = json!({ "symlinks": { "identifiers": [
            { "namespace": "lakegate", "name": side.table("people").to_uppercase(), "type": "TABLE" }] } });
        let files = dataset("s3://lake", "people/", links);
        report(&owner, event("COMPLETE", 1, json!([dataset("pg://prod", "shop.people", json!({}))]), json!([files]))).await.is(201);
        assert_eq!(named(&side, "people/").await["matched"], "SYMLINK");
        assert_eq!(before(&side).await, ["shop.people"]);
        // Of two datasets one names the other, in whichever order they come.
        let linked = |to: &str| json!({ "symlinks": { "identifiers": [{ "namespace": "pg://prod", "name": to, "type": "TABLE" }] } });
        let input = dataset("hive", "shop_people", linked("shop.people"));
        let mut other = event("COMPLETE", 2, json!([input]), json!([dataset("file", "/report.csv", json!({}))]));
        other["job"]["name"] = json!("report");
        report(&owner, other).await.is(201);
        let shop = id(&named(&side, "shop.people").await);
        assert_eq!(named(&side, "shop_people").await["sameAs"], shop);
        // A rule for a whole namespace.
        side.built(&side.derived("orders", &format!("select id from {}", side.table("people"))).await).await;
        let reads = event("COMPLETE", 3, json!([dataset("pg://prod", "shop.Orders", json!({}))]), json!([own(&side, "people")]));
        report(&owner, reads).await.is(201);
        assert!(before(&side).await.contains(&"shop.Orders".to_owned()));
        let places = side.team.owner.get(&format!("/api/v1/environments/{}", side.team.environment.id)).await.ok();
        let database = |places: &Value| {
            let found = places["databases"].as_array().unwrap().iter();
            found.map(|one| (one["name"].clone(), id(one))).find(|(name, _)| *name == side.team.environment.published.as_str())
        };
        let database = database(&places).unwrap_or_else(|| panic!("{places}")).1;
        let rule = json!({ "project": side.team.project, "namespace": "pg://prod", "prefix": "shop.", "database": database });
        let made = ask(&owner, RULE, rule.clone()).await;
        assert_eq!(made["reportedRule"]["databaseName"], side.team.environment.published.as_str(), "{made}");
        assert_eq!(ask(&owner, RULE, rule).await["problem"], json!({ "code": "conflict", "field": "prefix" }));
        assert_eq!(named(&side, "shop.Orders").await["matched"], "RULE");
        assert!(before(&side).await.contains(&"orders".to_owned()));
        let rules = ask(&owner, RULES, json!({ "project": side.team.project })).await;
        assert_eq!(rules.as_array().unwrap().len(), 1);
        let gone = ask(&owner, NO_RULE, json!({ "id": id(&made["reportedRule"]) })).await;
        assert_eq!(gone["ok"], true, "{gone}");
        assert!(before(&side).await.contains(&"shop.Orders".to_owned()));
    }
);

both!(
    async fn rule_28_nobody_learns_from_it_what_exists(app) {
        let side = producer(app).await;
        let stranger = Side::of(app.team("mark", &app.domain("Other").await, "Stranger", "other").await).await;
        two_runs(&side).await;
        let hidden = asset(&side, "people").await;
        // A table of another project, by its name: the answer is that of a name that nobody has.
        let acting = stranger.team.acting();
        let guess = |name: &str, second| event("COMPLETE", second, json!([dataset("lakegate", name, json!({}))]),
            json!([dataset("lakegate", name, json!({})), dataset("file", "/x", json!({}))]));
        let (real, free) = (side.table("people"), side.table("nothing"));
        let (there, absent) = (report(&acting, guess(&real, 1)).await, report(&acting, guess(&free, 2)).await);
        assert_eq!((there.status, there.text()), (absent.status, absent.text()));
        let seen: Vec<Value> = datasets(&stranger, true).await;
        assert_eq!(seen.len(), 3, "{seen:?}");
        // Nothing of it reaches the other project's table.
        assert_eq!(before(&side).await, ["staged.people"]);
        // By hand neither, and what was reported to one project is nothing to another.
        let known = ask(&stranger.team.owner, MATCH, json!({ "id": id(&seen[0]), "asset": hidden })).await;
        let unknown = ask(&stranger.team.owner, MATCH, json!({ "id": id(&seen[0]), "asset": RANDOM })).await;
        assert_eq!((&known["problem"]["code"], &known), (&json!("not_found"), &unknown));
        let theirs = id(&named(&side, "shop.people").await);
        let foreign = ask(&stranger.team.owner, SPLIT, json!({ "id": theirs })).await;
        assert_eq!((&foreign["problem"]["code"], &foreign), (&json!("not_found"), &ask(&stranger.team.owner, SPLIT, json!({ "id": RANDOM })).await));
        let into = ask(&stranger.team.owner, MERGE, json!({ "id": id(&seen[0]), "into": theirs })).await;
        assert_eq!(into["problem"]["code"], "not_found");
        // Whoever sees the table, but is no member, sees no dataset.
        lakegate_tests::story::accept_names(&side.team.owner, &hidden).await;
        lakegate_tests::story::publish(&side.team.owner, &hidden, "People").await;
        let graph = lineage(&stranger.team.owner, json!({ "asset": hidden })).await;
        assert_eq!(nodes(&graph), [("people".to_owned(), 0)].map(|(_, distance)| ("People".to_owned(), distance)), "{graph}");
    }
);

both!(
    async fn rule_28_a_hidden_column_draws_what_an_unknown_one_draws(app) {
        let side = producer(app).await;
        let people = asset(&side, "people").await;
        lakegate_tests::story::accept_names(&side.team.owner, &people).await;
        lakegate_tests::story::publish(&side.team.owner, &people, "People").await;
        let whole = lakegate_tests::story::asset(&side.team.owner, &people).await;
        let pay = json!({ "id": lakegate_tests::story::column(&whole, "pay"), "unlisted": true });
        let unlisted = json!({ "revision": whole["revision"], "columns": [pay] });
        side.team.owner.patch(&format!("/api/v1/assets/{people}"), unlisted).await.ok();
        let stranger = Side::of(app.team("mark", &app.domain("Other").await, "Stranger", "other").await).await;
        let acting = stranger.team.acting();
        let csv = b"a,b,c\n1,2,3\n".to_vec();
        let environment = &stranger.team.environment.id;
        lakegate_tests::upload::asset(lakegate_tests::upload::upload(&acting, environment, "copy", "copy.csv", csv).await);
        // He says that what he reads is that table, and guesses at its columns.
        let reads = |column: &str, second: u32| {
            let fields = json!({ "a": { "inputFields": [from("pg://prod", "people", column, json!([]))] } });
            let mut output = own(&stranger, "copy");
            output["facets"] = json!({ "columnLineage": { "fields": fields } });
            event("COMPLETE", second, json!([]), json!([output]))
        };
        report(&acting, reads("free", 1)).await.is(201);
        let dataset = id(&named(&stranger, "people").await);
        let matched = ask(&acting, MATCH, json!({ "id": dataset, "asset": people })).await;
        assert_eq!(matched["reportedDataset"]["matched"], "DECISION", "{matched}");
        let copy = asset(&stranger, "copy").await;
        let mut graphs = Vec::new();
        for (column, second) in [("pay", 2), ("nothing", 3), ("city", 4)] {
            report(&acting, reads(column, second)).await.is(201);
            let mut told = Vec::new();
            for of in [Value::Null, json!("a"), json!("b")] {
                let mut graph = lineage(&acting, json!({ "asset": copy, "column": of, "direction": "UPSTREAM" })).await;
                graph["at"] = Value::Null;
                for link in graph["links"].as_array_mut().unwrap() {
                    link["process"]["runId"] = Value::Null;
                }
                told.push(graph);
            }
            graphs.push(told);
        }
        assert_eq!(graphs[0], graphs[1], "a hidden column is told by no line");
        assert_eq!(graphs[0], graphs[2], "nor is one that he may know");
        let counted = |told: &Value, part: &str| told[part].as_array().unwrap().len();
        assert_eq!((counted(&graphs[0][0], "links"), counted(&graphs[0][0], "edges")), (1, 0), "{}", graphs[0][0]);
        assert_eq!(counted(&graphs[0][1], "nodes"), 1, "{}", graphs[0][1]);
    }
);

const RANDOM: &str = "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1f";
