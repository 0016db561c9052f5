//! Two data sets that differ only in rows the rule hides give the same answer to everything.

use crate::{
    formats::parquet,
    support::{INT, Lab, TEXT, only, rows_where},
};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use lakegate_engine::GovernedTable;
use lakegate_model::{Code, storage::FileFormat};
use std::sync::Arc;

const PROBES: [&str; 30] = [
    "select * from t order by x",
    "select count(*) from t",
    "select count(distinct name), min(x), max(x), sum(x) from t",
    "select 1/(x-5) from t order by x",
    "select x from t where 1/(x-5) > 0 order by x",
    "select x from t where x/(x-5) is not null order by x",
    "select cast(name as int) from t",
    "select x from t where cast(name as bigint) = 1",
    "select x from t order by x desc limit 2",
    "select x, name from t order by name, x limit 1",
    "select max(x) from t where x > 4",
    "select x from t where x = 5",
    "select name from t where x between 5 and 5",
    "select name from t where name like '%hidden%'",
    "select a.x from t a join t b on a.x = b.x order by 1",
    "select count(*) from t a cross join t b",
    "select count(*) from t a join t b on a.x < b.x and 1/(a.x-5) <> 9",
    "select x from t where x in (select x from t where x > 2) order by x",
    "select x from t where not exists (select 1 from t u where u.x > t.x)",
    "select x, row_number() over (order by x) from t order by x",
    "select x from t union select x + 1 from t order by 1",
    "select name, count(*) from t group by name having count(*) > 0 order by name",
    "select sum(case when x = 5 then 1/(x-5) else 0 end) from t",
    "select coalesce((select 1/(max(x)-9) from t), 0)",
    "explain select x from t where x > 3 and name = 'a'",
    "explain verbose select count(*) from t where x > 3",
    "explain select * from t order by x limit 1",
    "describe t",
    "select avg(x), stddev(x), median(x) from t",
    "select count(random()) from t",
];

async fn answers(lab: &Lab, table: &GovernedTable) -> Vec<String> {
    let mut answers = Vec::new();
    for sql in PROBES {
        answers.push(match lab.ask(sql, std::slice::from_ref(table)).await {
            Ok(rows) => format!("{rows:?}"),
            Err(fault) => format!("{fault}"),
        });
    }
    answers
}

fn csv(lab: &Lab, hidden: &str) -> GovernedTable {
    let text = format!("x,name,tenant\n1,a,us\n2,b,us\n{hidden}3,c,us\n4,a,us\n");
    lab.csv("t", &[("x", INT), ("name", TEXT), ("tenant", TEXT)], &text)
}

fn parquet_table(lab: &Lab, hidden: &[(i64, &str)]) -> GovernedTable {
    let mut rows = vec![(1, "a", "us"), (2, "b", "us"), (3, "c", "us"), (4, "a", "us")];
    rows.extend(hidden.iter().map(|(x, name)| (*x, *name, "them")));
    let text = |pick: fn(&(i64, &'static str, &'static str)) -> &'static str,
                rows: &[(i64, &'static str, &'static str)]| {
        Arc::new(StringArray::from(rows.iter().map(pick).collect::<Vec<_>>())) as ArrayRef
    };
    let rows: Vec<(i64, &'static str, &'static str)> =
        rows.into_iter().map(|(x, name, tenant)| (x, &*name.to_owned().leak(), &*tenant.to_owned().leak())).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("x", Arc::new(Int64Array::from(rows.iter().map(|row| row.0).collect::<Vec<_>>()))),
        ("name", text(|row| row.1, &rows)),
        ("tenant", text(|row| row.2, &rows)),
    ];
    let schema = [("x", INT), ("name", TEXT), ("tenant", TEXT)];
    lab.table("t", FileFormat::Parquet, &schema, &[("f.parquet", parquet(columns))])
}

fn ruled(table: GovernedTable) -> GovernedTable {
    let mut table = only(&table, &["x", "name"]);
    table.access.rules = Some(rows_where("tenant = 'us'"));
    table
}

#[tokio::test]
async fn hidden_rows_change_no_answer_over_csv() {
    let (one, two) = (Lab::new(), Lab::new());
    let first = answers(&one, &ruled(csv(&one, ""))).await;
    let second = answers(&two, &ruled(csv(&two, "5,hidden,them\n9,12,them\n-7,hidden,them\n"))).await;
    for (sql, (first, second)) in PROBES.iter().zip(first.iter().zip(&second)) {
        assert_eq!(first, second, "{sql}");
    }
    assert_eq!(first[1], "[[String(\"4\")]]");
    assert!(first[3].starts_with('['), "{}", first[3]);
}

#[tokio::test]
async fn hidden_rows_change_no_answer_over_parquet() {
    let (one, two) = (Lab::new(), Lab::new());
    let first = answers(&one, &ruled(parquet_table(&one, &[]))).await;
    let hidden: Vec<(i64, &str)> = (0..20_000).map(|n| (n % 11, "hidden")).collect();
    let second = answers(&two, &ruled(parquet_table(&two, &hidden))).await;
    for (sql, (first, second)) in PROBES.iter().zip(first.iter().zip(&second)) {
        assert_eq!(first, second, "{sql}");
    }
}

/// The probes can tell: without the rule the same two data sets differ.
#[tokio::test]
async fn without_the_rule_the_probes_differ() {
    let lab = Lab::new();
    let open = only(&csv(&lab, "5,hidden,them\n"), &["x", "name"]);
    let fault = lab.refusal("select 1/(x-5) from t", &[open]).await;
    assert!(fault.message.to_lowercase().contains("divide by zero"), "{fault}");
}

#[tokio::test]
async fn a_rule_that_fails_tells_neither_itself_nor_a_value() {
    let lab = Lab::new();
    for rule in ["1/(x-5) > 0", "cast(name as int) > 0", "nonsense > 0"] {
        let mut table = only(&csv(&lab, "5,MARKER,them\n"), &["x", "name"]);
        table.access.rules = Some(rows_where(rule));
        let fault = lab.refusal("select count(*) from t", &[table]).await;
        assert_eq!(fault.code, Code::Unprocessable);
        let text = fault.to_string();
        assert!(!text.contains("MARKER") && !text.contains("nonsense") && !text.contains("zero"), "{text}");
    }
}
