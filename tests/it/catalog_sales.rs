//! The case *catalog_sales*: publish, find, refuse, subscribe, approve, query, revoke, and the audit that tells it.

use lakegate_tests::{
    Client, Value, both,
    files::write,
    oracle, seed, skipped,
    story::{self, Sales, ask, finds, rows, search},
};
use serde_json::json;

const FIGURES: &str = "select count(*), sum(quantity), sum(wholesale_cost), sum(list_price), sum(sales_price), \
     sum(discount), sum(quantity * sales_price), count(distinct ship_customer_sk), \
     sum(case when sales_price > list_price then 1 else 0 end) from ";
const ANSWERS: [f64; 9] = [11.0, 363.0, 363.4, 576.0, 556.0, 113.0, 18320.0, 7.0, 3.0];

/// Whether a value is this number, however it is written.
fn is(value: &Value, number: f64) -> bool {
    let given = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    given.is_some_and(|given| (given - number).abs() < 1e-9)
}

async fn assert_figures(client: &Client, table: &str) {
    let found = rows(client, &format!("{FIGURES}{table}")).await;
    assert_eq!(found.len(), 1);
    for (value, expected) in found[0].iter().zip(ANSWERS) {
        assert!(is(value, expected), "{expected} in {found:?}");
    }
}

/// The same question gets the same refusal as for a table that does not exist.
async fn assert_unknown(client: &Client, table: &str) {
    let question = |table: &str| format!("select * from {table}");
    let no_table = table.replace("catalog_sales", "cabalot_sales");
    let mut hidden = client.query(&question(table)).await.problem(422, "unprocessable");
    let mut unknown = client.query(&question(&no_table)).await.problem(422, "unprocessable");
    for problem in [&mut hidden, &mut unknown] {
        problem["request_id"].take();
    }
    assert_eq!(hidden.to_string().replace("catalog_sales", "cabalot_sales"), unknown.to_string());
}

async fn story_of(sales: &Sales, third: &story::Team) {
    let (producer, consumer) = (sales.producer.acting(), sales.consumer.acting());
    assert_eq!(search(&consumer, "catalog sales").await["total"], 0);
    assert_figures(&producer, &sales.own()).await;

    // Names are suggested and accepted; an unaccepted name is not searched.
    let suggested = story::asset(&producer, &sales.asset).await["suggestions"].clone();
    let values: Vec<&str> = suggested.as_array().unwrap().iter().filter_map(|s| s["value"].as_str()).collect();
    assert!(values.contains(&"Ship customer key"), "{values:?}");
    story::accept_names(&producer, &sales.asset).await;
    let asset = story::asset(&producer, &sales.asset).await;
    let columns = asset["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 12);
    let key = columns.iter().find(|column| column["name"] == "ship_customer_sk").unwrap();
    assert_eq!(key["title"], "Ship customer key");

    story::publish(&sales.producer.owner, &sales.asset, "Catalog Sales Data").await;
    let found = finds(&consumer, "catalog sales", 1).await;
    assert_eq!(story::hits(&found), [sales.asset.as_str()], "{found}");

    // Found, and refused: in SQL it does not exist, on its page the way to ask is shown.
    for client in [&consumer, &third.acting()] {
        assert_unknown(client, &sales.own()).await;
        assert_unknown(client, &sales.granted()).await;
    }

    let request = ask(&consumer, &sales.consumer.project, &sales.asset, "Plan the spring campaign").await;
    let tasks = producer.get("/api/v1/tasks").await.ok();
    let task = &tasks["items"][0];
    assert_eq!(task["id"], request, "{tasks}");
    assert_eq!(task["project_name"], "Marketing consumer project");
    assert_eq!((&task["requester_name"], &task["reason"]), (&json!("mark"), &json!("Plan the spring campaign")));
    assert!(task["reference"].as_str().unwrap().starts_with("REQ-00000"), "{task}");
    // Nobody decides for himself, and a third project sees nothing of it.
    consumer
        .post(&format!("/api/v1/requests/{request}/approve"), json!({ "reason": "me" }))
        .await
        .problem(403, "forbidden");
    third.owner.get(&format!("/api/v1/requests/{request}")).await.problem(404, "not_found");
    assert_unknown(&consumer, &sales.granted()).await;

    let subscription = story::approve(&producer, &request, json!({ "reason": "For the campaign" })).await;
    assert_eq!(rows(&consumer, &format!("select * from {}", sales.granted())).await.len(), 11);
    assert_figures(&consumer, &sales.granted()).await;
    assert_unknown(&third.acting(), &sales.granted()).await;
    assert_unknown(&third.acting(), &sales.own()).await;
    // Sessions act in one project or in none: the person alone has no right.
    let alone = sales.consumer.owner.query(&format!("select * from {}", sales.granted())).await;
    assert!(alone.status.is_client_error(), "{alone}");

    story::revoke(&producer, &subscription, "The campaign is over").await;
    assert_unknown(&consumer, &sales.granted()).await;
    assert_figures(&producer, &sales.own()).await;
}

async fn assert_audit(app: &lakegate_tests::Server) {
    let auditor = app.person_with("aud", &["auditor"]).await;
    let events = auditor.all("/api/v1/audit", 200).await;
    let told: Vec<(&str, &str)> = events
        .iter()
        .rev()
        .map(|event| (event["actor_name"].as_str().unwrap(), event["action"].as_str().unwrap()))
        .collect();
    let mut rest = told.iter();
    for step in [
        ("olga", "project.create"),
        ("olga", "environment.create"),
        ("olga", "source.create"),
        ("olga", "source.run"),
        ("olga", "asset.publish"),
        ("mark", "request.create"),
        ("olga", "request.approve"),
        ("mark", "query.start"),
        ("mark", "query.end"),
        ("olga", "subscription.revoke"),
    ] {
        assert!(rest.any(|told| *told == step), "{step:?} is missing, or out of order, in {told:#?}");
    }
    let denied = auditor.all("/api/v1/audit?outcome=denied", 200).await;
    let has = |actor: &str, action: &str| {
        denied.iter().any(|event| event["actor_name"] == actor && event["action"] == action)
    };
    assert!(has("mark", "query.start") && has("mark", "request.approve"), "{denied:#?}");
}

both!(
    async fn the_story(app) {
        let sales = app.sales().await;
        let third = app.team("tina", &sales.domain, "Third project", "third").await;
        story_of(&sales, &third).await;
        assert_audit(app).await;
        let verified = app.command(&["audit", "verify"]).await.ok();
        assert!(verified.contains("events"), "{verified}");
    }
);

both!(
    async fn an_approver_narrows_and_ends_what_was_asked_for(app) {
        let sales = app.published_sales().await;
        let (producer, consumer) = (sales.producer.acting(), sales.consumer.acting());
        let asset = story::asset(&producer, &sales.asset).await;
        let ids = |names: &[&str]| names.iter().map(|name| story::column(&asset, name)).collect::<Vec<_>>();
        let wish = json!({
            "project": sales.consumer.project, "assets": [sales.asset], "reason": "Costs",
            "columns": ids(&["order_number", "quantity", "discount"]),
        });
        let made = consumer.post("/api/v1/requests", wish.clone()).await.ok();
        let request = lakegate_tests::answer::id(&made["requests"][0]);
        consumer.post("/api/v1/requests", wish).await.problem(409, "conflict");
        let approve = |columns: Vec<String>| json!({ "reason": "Fewer", "columns": columns });
        let path = format!("/api/v1/requests/{request}/approve");
        producer.post(&path, approve(ids(&["list_price"]))).await.blames(400, "invalid", "columns");
        story::approve(&producer, &request, approve(ids(&["order_number", "quantity"]))).await;
        let table = sales.granted();
        assert_eq!(story::columns(&consumer, &format!("select * from {table}")).await, ["order_number", "quantity"]);
        for place in ["select discount from T", "select 1 from T where discount > 0", "select count(*) from T group by discount",
            "select order_number from T order by discount", "select a.quantity from T a join T b on a.discount = b.discount",
            "select * from (select discount from T)", "with w as (select discount d from T) select d from w",
            "select sum(discount) from T", "select T.discount from T", "select abs(discount) over () from T"] {
            let sql = |column: &str| place.replace("discount", column).replace('T', &table);
            let mut hidden = consumer.query(&sql("discount")).await.problem(422, "unprocessable");
            let mut unknown = consumer.query(&sql("qiscount")).await.problem(422, "unprocessable");
            for problem in [&mut hidden, &mut unknown] {
                problem["request_id"].take();
            }
            assert_eq!(hidden.to_string().replace("discount", "qiscount"), unknown.to_string(), "{place}");
        }
        // What else the session shows of the table.
        let listed = consumer.query("select column_name from information_schema.columns").await;
        assert!(!listed.text().contains("discount"), "{listed}");
        let explained = consumer.query(&format!("explain verbose select * from {table}")).await;
        assert!(!explained.text().contains("discount") && !explained.text().contains("list_price"), "{explained}");
        producer.post(&path, json!({ "reason": "again" })).await.problem(409, "conflict");
    }
);

/// Numbers as they are, however many zeros they carry; other text exactly.
fn plain(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if text.chars().any(|c| c.is_ascii_digit()) => format!("{:.6}", number),
        _ => text.to_owned(),
    }
}

fn ours(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(plain(text)),
        other => Some(plain(&other.to_string())),
    }
}

const VARIED: [&str; 6] = [
    "select count(*), count(quantity), sum(quantity), sum(wholesale_cost), sum(list_price) from T",
    "select sum(sales_price), sum(discount), sum(quantity * sales_price), count(distinct ship_customer_sk) from T",
    "select ship_mode_sk, count(*), sum(discount) from T group by ship_mode_sk order by ship_mode_sk nulls last",
    "select min(wholesale_cost), max(wholesale_cost), min(order_number), max(order_number) from T",
    "select order_number, quantity, discount from T where discount > list_price order by order_number",
    "select count(*) from T where sales_price > list_price or list_price is null",
];

both!(
    async fn variations_give_what_duckdb_says(app) {
        let Some(python) = oracle::python() else {
            return skipped("variations of catalog_sales", "LAKEGATE_TEST_PYTHON names no Python with DuckDB");
        };
        let domain = app.domain("Sales").await;
        let team = app.team("olga", &domain, "Variations", "varied").await;
        let seed = seed();
        for nth in 0..3 * lakegate_tests::scale().min(20) {
            let folder = app.files().join(format!("v{nth}"));
            oracle::generate(&python, "catalog_sales", seed.wrapping_add(nth) >> 1, 200, &folder.join(format!("sales_{nth}")));
            let file = folder.join(format!("sales_{nth}/catalog_sales.csv"));
            let table = folder.join(format!("t{nth}.csv"));
            write(&table, &std::fs::read(&file).unwrap());
            std::fs::remove_dir_all(folder.join(format!("sales_{nth}"))).unwrap();
            let source = story::source(&team, &format!("v{nth}"), &story::folder_uri(&folder)).await;
            story::crawl(&team.owner, &source).await;
            let sql: Vec<String> = VARIED.iter().map(|sql| sql.replace('T', "t")).collect();
            let asked: Vec<&str> = sql.iter().map(String::as_str).collect();
            let expected = oracle::ask(&python, json!({ "t": table }), &asked);
            for (question, expected) in VARIED.iter().zip(expected) {
                let sql = question.replace('T', &format!("{}.t{nth}", team.environment.published));
                let found = rows(&team.acting(), &sql).await;
                let found: Vec<Vec<Option<String>>> = found.iter().map(|row| row.iter().map(ours).collect()).collect();
                let wanted: Vec<Vec<Option<String>>> =
                    expected.rows.iter().map(|row| row.iter().map(|cell| cell.as_deref().map(plain)).collect()).collect();
                assert_eq!(found, wanted, "seed {seed}, variation {nth}: {question}");
            }
        }
    }
);
