//! The case "Coarse to fine, principal by principal", figure by figure and cell by cell.

use lakegate_tests::{both, eventually};

use super::*;

const RESTRICT: &str = "mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) {
    ok problem { message field } restriction { id } } }";

/// What the engineer sees at every stage: all rows of all tables, as far as restrictions leave him.
async fn assert_engineer(lake: &Lake, stage: &str) {
    let engineer = lake.engineer.acting();
    let masked = texts(&[&["Ada", "north", "xxxx"], &["Bo", "south", "xxx"], &["Cy", "north", "xxx"]]);
    let whole = texts(&[&["Ada", "north", "high"], &["Bo", "south", "low"], &["Cy", "north", "low"]]);
    for table in TABLES {
        let expected = match table {
            "t1" => masked.clone(),
            "t4" => texts(&[&["Bo", "south", "low"]]),
            // One column is unlisted there, and a coarse right names no column.
            "t5" => texts(&[&["Ada", "north"], &["Bo", "south"], &["Cy", "north"]]),
            _ => whole.clone(),
        };
        assert_eq!(lake.cells(&engineer, table).await, expected, "{stage}: {table}");
    }
}

/// What the analyst sees once he is opted in: what his three grants give, and nothing else.
async fn assert_analyst(lake: &Lake, stage: &str) {
    let analyst = lake.analyst.acting();
    assert_eq!(lake.readable(&analyst).await, ["t1", "t2", "t3"], "{stage}");
    let masked = texts(&[&["Ada", "north", "xxxx"], &["Bo", "south", "xxx"], &["Cy", "north", "xxx"]]);
    assert_eq!(lake.cells(&analyst, "t1").await, masked, "{stage}");
    assert_eq!(lake.cells(&analyst, "t2").await, texts(&[&["Ada", "north"], &["Bo", "south"], &["Cy", "north"]]));
    assert_eq!(lake.cells(&analyst, "t3").await, texts(&[&["Ada", "north", "high"], &["Cy", "north", "low"]]));
}

/// A mask, a filter and an unlisted column: they bind under both models.
async fn narrow(lake: &Lake) {
    let owner = &lake.owner.owner;
    let pay = lake.columns("t1", &["pay"]).await;
    let mask = json!({ "asset": lake.asset("t1"), "effect": "MASK", "mask": "MASK_ALPHANUM", "columns": pay,
        "reason": "Pay is private" });
    done(owner, RESTRICT, json!({ "input": mask })).await;
    let filter =
        json!({ "asset": lake.asset("t4"), "effect": "FILTER", "filter": "region = 'south'", "reason": "Half of it" });
    done(owner, RESTRICT, json!({ "input": filter })).await;
    let whole = asset(owner, lake.asset("t5")).await;
    let edit = json!({ "revision": whole["revision"], "columns": [{ "id": column(&whole, "pay"), "unlisted": true }] });
    owner.patch(&format!("/api/v1/assets/{}", lake.asset("t5")), edit).await.ok();
}

/// How many assets a search finds for the engineer and the analyst: whoever reads finds, and nobody else.
async fn assert_found(lake: &Lake, engineer: i64, analyst: i64) {
    for (client, expected) in [(lake.engineer.acting(), engineer), (lake.analyst.acting(), analyst)] {
        let found = story::finds(&client, "measured", expected).await;
        assert_eq!(story::hits(&found).len(), usize::try_from(expected).unwrap(), "{found}");
        let listed = client.get("/api/v1/search/suggestions?q=measur").await.ok().to_string();
        assert_eq!(listed.contains("Measured"), expected > 0, "{listed}");
    }
}

both!(
    async fn coarse_to_fine_principal_by_principal(app) {
        let lake = Lake::of(app).await;
        narrow(&lake).await;
        lake.register("COARSE").await;
        let right = lake.coarse(lake.engineers()).await;
        assert_eq!(lake.counts().await, (8, 0), "before");
        assert_engineer(&lake, "before").await;
        assert_found(&lake, 8, 0).await;
        lake.register("HYBRID").await;
        assert_eq!(lake.counts().await, (8, 0), "registered");
        assert_engineer(&lake, "registered").await;
        fine(&lake, "t1", json!({})).await;
        let few = lake.columns("t2", &["name", "region"]).await;
        fine(&lake, "t2", json!({ "columnsMode": "ONLY", "columns": few })).await;
        fine(&lake, "t3", json!({ "rowFilter": "region = 'north'" })).await;
        assert_eq!(lake.counts().await, (8, 0), "granted but not opted in");
        assert_engineer(&lake, "granted").await;
        assert_found(&lake, 8, 0).await;
        // Simulation first: it foretells exactly what happens, and nothing happens yet.
        let told = foretold(&lake.chief, "simulateOptIn", "OptInput", lake.opt(&lake.analyst(), None)).await;
        let gains = |table: &str, words: &str| ("analyst".to_owned(), format!("Measured {table}"), words.to_owned());
        assert_eq!(told, [gains("t1", "3 columns gained"), gains("t2", "2 columns gained"), gains("t3", "3 columns gained")]);
        assert_eq!(lake.counts().await, (8, 0), "simulated");
        let before = chrono::Utc::now();
        lake.opt_in(&lake.analyst(), None).await;
        let opted = chrono::Utc::now();
        assert_eq!(lake.counts().await, (8, 3), "opted in");
        assert_engineer(&lake, "opted in").await;
        assert_analyst(&lake, "opted in").await;
        assert_found(&lake, 8, 3).await;
        let kept = kept(&lake).await;
        lake.opt_out(&lake.analyst(), None).await;
        lake.analyst.acting().get(&kept).await.problem(410, "gone");
        assert_eq!(lake.counts().await, (8, 0), "opted out");
        assert_engineer(&lake, "opted out").await;
        assert_found(&lake, 8, 0).await;
        assert_then(&lake, before, opted).await;
        assert_audited(app, &lake, &right).await;
        done(&lake.chief, TAKE_BACK, json!({ "id": right })).await;
        assert_eq!(lake.counts().await, (0, 0), "taken back");
        assert_found(&lake, 0, 0).await;
    }
);

/// A result that the analyst keeps; gives its address.
async fn kept(lake: &Lake) -> String {
    let sql = format!("select * from {}", lake.table("t1"));
    let text = "mutation ($project: ID!, $sql: String!) { runQuery(project: $project, sql: $sql) {
        ok problem { message } query { run { id } } } }";
    let made = done(&lake.analyst.acting(), text, json!({ "project": lake.analyst.project, "sql": sql })).await;
    let page = format!("/api/v1/queries/{}/rows", made["query"]["run"]["id"].as_str().unwrap());
    let analyst = lake.analyst.acting();
    eventually("a kept result", async || (analyst.get(&page).await.status == 200).then_some(())).await;
    page
}

/// What the analyst could read on earlier days: decisions are kept with when they were made.
async fn assert_then(lake: &Lake, before: chrono::DateTime<chrono::Utc>, opted: chrono::DateTime<chrono::Utc>) {
    let text = "query ($asset: ID!, $user: ID!, $at: DateTime!) { accessOn(asset: $asset, user: $user, at: $at) {
        columns { name shows } } }";
    for (at, columns) in [(before, 0), (opted, 3), (chrono::Utc::now(), 0)] {
        let asked = json!({ "asset": lake.asset("t3"), "user": lake.analyst.owner.id, "at": at });
        let then = lake.owner.owner.data(text, asked).await["accessOn"]["columns"].clone();
        assert_eq!(then.as_array().unwrap().len(), columns, "{at}: {then}");
    }
}

/// The audit names each decision, and the coarse right with each read under it.
async fn assert_audited(app: &Server, lake: &Lake, right: &str) {
    let events = lake.chief.all("/api/v1/audit", 200).await;
    for action in ["coarse_right.create", "database.register", "opt.in", "opt.out"] {
        assert!(events.iter().any(|event| event["action"] == action && event["actor_name"] == "chief"), "{action}");
    }
    let reads = |name: &str| -> Vec<Value> {
        let of = events.iter().filter(|event| event["action"] == "asset.read" && event["actor_name"] == name);
        of.map(|event| event["detail"]["grants"].clone()).collect()
    };
    let engineer = reads("engineer");
    assert!(!engineer.is_empty() && engineer.iter().all(|grants| *grants == json!([right])), "{engineer:?}");
    assert!(reads("analyst").iter().all(|grants| !grants.to_string().contains(right)));
    app.command(&["audit", "verify"]).await.ok();
}
