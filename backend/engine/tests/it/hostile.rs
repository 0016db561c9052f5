//! Texts that want to crash, to write, or to read what is not theirs.

use crate::support::{INT, Lab};
use lakegate_engine::{GovernedTable, TableName, references};
use lakegate_model::Code;
use std::time::{Duration, Instant};

fn table(lab: &Lab) -> [GovernedTable; 1] {
    [lab.csv("t", &[("x", INT)], "x\n1\n2\n")]
}

/// Texts that are too much of one thing.
fn bombs() -> Vec<(&'static str, String)> {
    let nested =
        |open: &str, middle: &str, close: &str, times: usize| open.repeat(times) + middle + &close.repeat(times);
    let with = |times: usize| {
        let steps: Vec<String> =
            (1..times).map(|n| format!("c{n} as (select a.x from c{0} a, c{0} b)", n - 1)).collect();
        format!("with c0 as (select x from t), {} select count(*) from c{}", steps.join(", "), times - 1)
    };
    vec![
        ("parentheses", format!("select {}", nested("(", "1", ")", 10_000))),
        ("long list", format!("select x from t where x in ({})", vec!["1"; 100_000].join(","))),
        ("list", format!("select x from t where x in ({})", vec!["1"; 20_000].join(","))),
        ("unions", vec!["select 1"; 5_000].join(" union all ")),
        ("some unions", vec!["select x from t"; 200].join(" union all ")),
        ("subqueries", format!("select * from {}", nested("(select * from ", "t", ")", 60))),
        ("deep subqueries", format!("select * from {}", nested("(select * from ", "t", ")", 5_000))),
        ("and", format!("select x from t where {}", vec!["x > 1"; 400].join(" and "))),
        ("long and", format!("select x from t where {}", vec!["x > 1"; 10_000].join(" and "))),
        ("plus", format!("select {} from t", vec!["x"; 20_000].join("+"))),
        ("minus", format!("select {}1", "- ".repeat(20_000))),
        ("not", format!("select {} true", "not ".repeat(20_000))),
        ("case", format!("select {} 1 {}", "case when true then ".repeat(3_000), "end ".repeat(3_000))),
        ("joins", format!("select count(*) from t {}", "join t using (x) ".repeat(600))),
        ("commas", format!("select 1 from {}", (0..600).map(|n| format!("t a{n}")).collect::<Vec<_>>().join(","))),
        ("doubling", with(40)),
        ("brackets", format!("select {}", nested("[", "1", "]", 10_000))),
        ("types", format!("select cast(null as {})", nested("array<", "int", ">", 5_000))),
        ("more types", format!("select cast(null as int{})", "[]".repeat(10_000))),
        ("structs", format!("select cast(null as {})", nested("struct<a ", "int", ">", 5_000))),
        ("subscripts", format!("select x{} from t", "[1]".repeat(5_000))),
        ("casts", format!("select x{} from t", "::int".repeat(10_000))),
        ("joins without conditions", format!("select count(*) from t {}", "join t ".repeat(10_000))),
        ("explains", "explain ".repeat(10_000) + "select 1"),
        ("fields", format!("select x{} from t", ".x".repeat(10_000))),
        ("text", format!("select '{}'", "x".repeat(300_000))),
        ("aliases", format!("select {} from t", (0..10_000).map(|n| format!("x a{n}")).collect::<Vec<_>>().join(","))),
        ("values", format!("values {}", vec!["(1,2)"; 8_000].join(","))),
        ("semicolons", ";".repeat(10_000)),
        ("comment", format!("select 1 {}", "/*".repeat(10_000))),
    ]
}

#[tokio::test]
async fn too_much_of_anything_is_answered_or_refused_in_time() {
    let mut lab = Lab::new();
    lab.limits.wall = Duration::from_secs(20);
    let table = table(&lab);
    for (name, bomb) in bombs() {
        for sql in [bomb.clone(), format!("explain {bomb}")] {
            let begin = Instant::now();
            let named = references(&sql);
            let answer = lab.ask(&sql, &table).await;
            assert!(begin.elapsed() < Duration::from_secs(25), "{name} took {:?}", begin.elapsed());
            for fault in [named.err(), answer.err()].into_iter().flatten() {
                let expected = [Code::Unprocessable, Code::TooLarge, Code::LimitExceeded];
                assert!(expected.contains(&fault.code), "{name}: {fault:?}");
                assert!(fault.to_string().len() < 8_000, "{name}: the error has {} bytes", fault.to_string().len());
            }
        }
    }
}

#[tokio::test]
async fn statements_that_do_not_read_are_refused_by_name() {
    let lab = Lab::new();
    let table = table(&lab);
    for (sql, kind) in [
        ("copy t to '/tmp/x.csv'", "COPY"),
        ("copy (select * from t) to 'x.parquet' stored as parquet", "COPY"),
        ("set datafusion.execution.batch_size = 1", "SET"),
        ("reset all", "RESET"),
        ("insert into t values (1)", "INSERT"),
        ("update t set x = 1", "UPDATE"),
        ("delete from t", "DELETE"),
        ("create table u as select * from t", "CREATE"),
        ("create external table u stored as csv location '/etc/passwd'", "CREATE"),
        ("create view v as select * from t", "CREATE"),
        ("create function f() returns int return 1", "CREATE"),
        ("drop table t", "DROP"),
        ("alter table t add column y int", "ALTER"),
        ("truncate table t", "TRUNCATE"),
        ("prepare p as select 1", "PREPARE"),
        ("execute p", "EXECUTE"),
        ("deallocate p", "DEALLOCATE"),
        ("load data inpath '/x' into table t", "LOAD"),
        ("begin", "BEGIN"),
        ("use db", "USE"),
        ("grant select on t to me", "GRANT"),
        ("select * into u from t", "SELECT"),
        ("with w as (insert into t values (1) returning x) select * from w", "INSERT"),
    ] {
        for sql in [sql.to_owned(), format!("explain {sql}"), format!("EXPLAIN VERBOSE {sql}")] {
            let fault = lab.refusal(&sql, &table).await;
            assert_eq!(fault.code, Code::Unprocessable, "{sql}: {fault}");
            assert!(fault.message.contains(kind), "{sql}: {fault}");
            assert_eq!(references(&sql).unwrap_err().to_string(), fault.to_string(), "{sql}");
        }
    }
    for sql in [
        "select 1; select 2",
        "select 1; drop table t",
        "",
        "   ",
        "show all",
        "show functions",
        "show create table t",
        "selec 1",
    ] {
        assert_eq!(lab.refusal(sql, &table).await.code, Code::Unprocessable, "{sql}");
    }
    assert_eq!(lab.ask("select 1;", &table).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_path_is_no_table() {
    let lab = Lab::new();
    let table = table(&lab);
    let own = lab.folder("t").join("part.csv");
    for path in ["/etc/passwd", "file.csv", "file:///etc/passwd", "s3://bucket/x", own.to_str().unwrap()] {
        for sql in [format!("select * from '{path}'"), format!("select * from \"{path}\"")] {
            let fault = lab.refusal(&sql, &table).await;
            assert!(fault.message.contains("not found"), "{sql}: {fault}");
        }
    }
    for sql in ["select * from read_csv('/etc/passwd')", "select * from parquet_metadata('x')", "select version()"] {
        assert_eq!(lab.refusal(sql, &table).await.code, Code::Unprocessable, "{sql}");
    }
}

#[tokio::test]
async fn little_does_not_make_much() {
    let lab = Lab::new();
    let table = table(&lab);
    for sql in [
        "select length(repeat('x', 1000000000))",
        "select length(repeat(repeat('x', 1000000), 1000000))",
        "select repeat('abc', x * 100000000) from t",
        "select lpad('x', 2000000000, 'y')",
        "select array_repeat(1, 1000000000)",
        "select range(0, 100000000000)",
        "select generate_series(1, 9223372036854775807)",
        "select generate_series(x, 100000000000) from t",
        "select count(*) from generate_series(1, 1000000000000)",
        "select count(*) from range(-9223372036854775807, 9223372036854775807)",
    ] {
        let fault = lab.refusal(sql, &table).await;
        assert!(fault.message.contains("limit"), "{sql}: {fault}");
    }
    assert_eq!(lab.ask("select * from generate_series(1, 10)", &table).await.unwrap().len(), 10);
    assert_eq!(lab.ask("select repeat('x', 10), range(3), lpad('x', 4)", &table).await.unwrap().len(), 1);
}

#[test]
fn references_are_the_tables_that_a_text_names() {
    let name =
        |schema: Option<&str>, table: &str| TableName { schema: schema.map(str::to_owned), table: table.to_owned() };
    let found = references(
        "with c as (select * from db.A), t as (select * from t) \
         select (select max(x) from lakegate.db.b) from c join \"Odd Name\" on exists (select 1 from d) \
         where y in (select z from other.catalog.e)",
    )
    .unwrap();
    assert_eq!(
        found.tables,
        [name(None, "Odd Name"), name(None, "d"), name(None, "t"), name(Some("db"), "a"), name(Some("db"), "b")]
    );
    assert!(!found.lists_catalog);
    assert!(references("show tables").unwrap().lists_catalog);
    assert!(references("select * from information_schema.columns").unwrap().lists_catalog);
    assert_eq!(references("describe db.t").unwrap().tables, [name(Some("db"), "t")]);
}
