//! Queries: formats, refusals, limits, cancelling.

use lakegate_tests::{
    Answer, Client, Options, both, eventually_ok,
    files::write,
    story::{self, rows},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

both!(
    async fn results_come_in_every_format(app) {
        let sales = app.sales().await;
        let client = sales.producer.acting();
        let sql = format!("select order_number, quantity, sales_price from {} order by order_number limit 3", sales.own());
        let json = client.query_as(&sql, "json").await;
        assert!(json.header("content-type").starts_with("application/json"), "{json}");
        let json = json.ok();
        assert_eq!((&json["row_count"], json["columns"].as_array().unwrap().len()), (&json!(3), 3), "{json}");
        let csv = client.query_as(&sql, "csv").await.is(200);
        assert!(csv.header("content-type").starts_with("text/csv"), "{csv}");
        assert!(csv.header("content-disposition").starts_with("attachment"), "{csv}");
        assert_eq!(csv.text().lines().count(), 4, "{csv}");
        assert_eq!(csv.text().lines().next(), Some("order_number,quantity,sales_price"));
        let parquet = client.query_as(&sql, "parquet").await.is(200);
        assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
        let arrow = client.query_as(&sql, "arrow").await.is(200);
        assert!(arrow.header("content-type").contains("arrow") && arrow.body.len() > 100);
        client.query_as(&sql, "xlsx").await.problem(400, "invalid");
    }
);

/// Statements that are wrong, each in its own way.
const WRONG: [&str; 30] = [
    "",
    "   ",
    ";",
    "selec 1",
    "select",
    "select from",
    "select 1 from nowhere",
    "select * from \"",
    "select 'open",
    "select 1; select 2",
    "select no_such_function(1)",
    "select 1 +",
    "select (((1)",
    "select 1/0",
    "select cast('x' as int)",
    "select array[1,2][",
    "select 1 where",
    "select sum(1) over (rows between 1",
    "with a as (select 1) select * from b",
    "select * from (select 1) a join (select 2) b on a.x = b.y",
    "select 1 union select 1, 2",
    "select 1 group by 2",
    "select a.b.c.d.e from f.g.h.i",
    "select 1 order by 7",
    "select \u{0}",
    "select '\u{202e}' || x",
    "select cast('99999999999999999999' as bigint)",
    "select date '2024-13-45'",
    "select -- only a comment",
    "/* open",
];

/// Statements that change something, reach out, or look around.
const REFUSED: [&str; 24] = [
    "create table t (a int)",
    "create external table t stored as csv location '/etc/passwd'",
    "create view v as select 1",
    "create database d",
    "create function f() returns int return 1",
    "insert into T values (1)",
    "update T set quantity = 1",
    "delete from T",
    "drop table T",
    "truncate table T",
    "alter table T add column x int",
    "copy T to '/tmp/x.csv'",
    "set datafusion.execution.batch_size = 1",
    "reset all",
    "begin",
    "prepare p as select 1",
    "execute p",
    "explain copy T to '/tmp/x'",
    "explain insert into T values (1)",
    "show all",
    "select * from '/etc/passwd'",
    "select * from \"/etc/passwd\"",
    "select * from read_csv('/etc/passwd')",
    "grant select on T to mark",
];

fn assert_refused(answer: Answer, sql: &str) {
    let status = answer.status.as_u16();
    assert!([400, 413, 422].contains(&status), "{sql:.80}: {answer}");
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    let problem = answer.problem(status, &code);
    let detail = problem["detail"].as_str().unwrap();
    for leak in ["/root", ".rs:", "panicked", "lakegate-data", "DataFusion"] {
        assert!(!detail.contains(leak), "{sql:.80}: {detail}");
    }
}

/// A query whose failure may only show once rows flow: refused, or a body that says so.
fn assert_refused_or_told(answer: Answer, sql: &str) {
    if answer.status.is_success() {
        assert!(answer.json()["error"]["code"].is_string(), "{sql:.80} went through: {answer}");
    } else {
        assert_refused(answer, sql);
    }
}

both!(
    async fn wrong_sql_is_refused_and_never_a_mistake_of_ours(app) {
        let sales = app.sales().await;
        let client = sales.producer.acting();
        for sql in WRONG {
            assert_refused_or_told(client.query(sql).await, sql);
        }
        for sql in REFUSED {
            let sql = sql.replace('T', &sales.own());
            assert_refused(client.query(&sql).await, &sql);
        }
        let deep = format!("select {}1{}", "(".repeat(10_000), ")".repeat(10_000));
        let list: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
        let list = format!("select 1 where 1 in ({})", list.join(","));
        let unions = vec!["select 1"; 5_000].join(" union all ");
        let wide = format!("select {} from {}", vec!["quantity"; 20_000].join(", "), sales.own());
        for sql in [deep, list, unions, wide] {
            assert_refused(client.query(&sql).await, &sql);
        }
        let long = format!("select '{}'", "x".repeat(300 * 1024));
        assert_refused(client.query(&long).await, &long);
        assert_eq!(rows(&client, &format!("select count(*) from {}", sales.own())).await[0][0], 11);
    }
);

/// Rows enough for a self join that never ends.
async fn numbers(app: &lakegate_tests::Server) -> (story::Team, String) {
    let domain = app.domain("Numbers").await;
    let team = app.team("nora", &domain, "Numbers", "numbers").await;
    let mut text = String::from("n,word\n");
    for n in 0..20_000 {
        text.push_str(&format!("{n},word number {n} of many\n"));
    }
    write(&app.files().join("numbers/numbers.csv"), text.as_bytes());
    let source = story::source(&team, "numbers", &story::folder_uri(&app.files().join("numbers"))).await;
    story::crawl(&team.owner, &source).await;
    let table = format!("{}.numbers", team.environment.published);
    (team, table)
}

fn endless(table: &str) -> String {
    format!("select count(*) from {table} a, {table} b, {table} c where a.word || b.word < c.word")
}

both!(
    Options::default().toml("[limits]\nquery_rows = 1000\nquery_seconds = 3\nquery_memory_bytes = 33554432\n"),
    async fn limits_are_named(app) {
        let (team, table) = numbers(app).await;
        let client = team.acting();
        let told = async |sql: &str| {
            let answer = client.query(sql).await;
            let json = answer.json();
            if answer.status.is_success() {
                assert_eq!(json["error"]["code"], "limit_exceeded", "{sql}: {}", &answer.text()[..200.min(answer.text().len())]);
                json["error"]["message"].as_str().unwrap().to_owned()
            } else {
                answer.problem(422, "limit_exceeded")["detail"].as_str().unwrap().to_owned()
            }
        };
        let message = told(&format!("select * from {table}")).await;
        assert!(message.contains("1000") || message.contains("1,000"), "{message}");
        let started = Instant::now();
        let message = told(&endless(&table)).await;
        assert!(message.contains('3') && message.contains("time"), "{message}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        let sort = format!("select a.word, b.word from {table} a, {table} b order by a.word || b.word");
        let message = told(&sort).await;
        assert!(["memory", "spilled", "time"].iter().any(|limit| message.contains(limit)), "{message}");
        assert_eq!(rows(&client, &format!("select count(*) from {table}")).await[0][0], 20_000);
    }
);

both!(
    Options::default().toml("[limits]\nquery_scanned_bytes = 300000\n"),
    async fn the_limit_of_scanned_bytes_is_named(app) {
        let (team, table) = numbers(app).await;
        let answer = team.acting().query(&format!("select max(word) from {table}")).await;
        let told = if answer.status.is_success() { answer.json()["error"].clone() } else { answer.json() };
        assert_eq!(told["code"], "limit_exceeded", "{answer}");
        assert!(answer.text().contains("scanned bytes") && answer.text().contains("300000"), "{answer}");
    }
);

/// The queries of the caller that run at present.
async fn running(client: &Client) -> Vec<Value> {
    let all = client.get("/api/v1/queries").await.ok();
    all["items"].as_array().unwrap().iter().filter(|query| query["state"] == "running").cloned().collect()
}

both!(
    async fn a_query_is_cancelled_by_its_asker_alone(app) {
        let (team, table) = numbers(app).await;
        let sven = app.person("sven").await;
        let client = team.acting();
        let asked = {
            let (client, sql) = (client.clone(), endless(&table));
            tokio::spawn(async move { client.query(&sql).await })
        };
        let mut id = String::new();
        eventually_ok("the running query", async || {
            let open = running(&client).await;
            id = open.first().map(lakegate_tests::answer::id).unwrap_or_default();
            !id.is_empty()
        })
        .await;
        let path = format!("/api/v1/queries/{id}/cancel");
        sven.post(&path, json!({})).await.problem(404, "not_found");
        let started = Instant::now();
        client.post(&path, json!({})).await.ok();
        let answer = asked.await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        let json = answer.json();
        let code = if answer.status.is_success() { &json["error"]["code"] } else { &json["code"] };
        assert_eq!(code, "cancelled", "{answer}");
        eventually_ok("no running query", async || running(&client).await.is_empty()).await;
    }
);

both!(
    async fn revoking_ends_the_queries_that_run_on_it(app) {
        let (team, table) = numbers(app).await;
        let domain = app.domain("Others").await;
        let consumer = app.team("mark", &domain, "Consumer", "consumer").await;
        let asset = lakegate_tests::answer::id(&story::asset_named(&team.owner, &team.project, "numbers").await);
        story::publish(&team.owner, &asset, "Numbers").await;
        let request = story::ask(&consumer.owner, &consumer.project, &asset, "Count").await;
        let subscription = story::approve(&team.owner, &request, json!({ "reason": "Fine" })).await;
        let granted = format!("{}.numbers", consumer.environment.subscribed);
        let asked = {
            let (client, sql) = (consumer.acting(), endless(&granted));
            tokio::spawn(async move { client.query(&sql).await })
        };
        eventually_ok("the running query", async || !running(&consumer.acting()).await.is_empty()).await;
        story::revoke(&team.owner, &subscription, "Enough").await;
        let answer = asked.await.unwrap();
        let json = answer.json();
        let code = if answer.status.is_success() { &json["error"]["code"] } else { &json["code"] };
        assert_eq!(code, "cancelled", "{answer}");
        consumer.acting().query(&format!("select * from {granted}")).await.problem(422, "unprocessable");
        assert_eq!(rows(&team.acting(), &format!("select count(*) from {table}")).await[0][0], 20_000);
    }
);

both!(
    async fn exports_need_their_permission(app) {
        let sales = app.published_sales().await;
        let consumer = sales.consumer.acting();
        let request = story::ask(&consumer, &sales.consumer.project, &sales.asset, "Look").await;
        story::approve(&sales.producer.owner, &request, json!({ "reason": "Look", "export": false })).await;
        let sql = format!("select * from {}", sales.granted());
        assert_eq!(rows(&consumer, &sql).await.len(), 11);
        for format in ["csv", "parquet"] {
            consumer.query_as(&sql, format).await.problem(403, "forbidden");
        }
        // A viewer selects only.
        let vera = app.person("vera").await;
        sales.producer.join(&vera, "viewer").await;
        let viewer = vera.acting(&sales.producer.project);
        let own = format!("select * from {}", sales.own());
        assert_eq!(rows(&viewer, &own).await.len(), 11);
        viewer.query_as(&own, "csv").await.problem(403, "forbidden");
    }
);
