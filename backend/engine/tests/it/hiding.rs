//! What a caller may not read does not exist.

use crate::support::{INT, Lab, TEXT, only};
use lakegate_engine::{GovernedTable, TableRead};
use lakegate_model::Code;
use proptest::{prelude::*, sample::subsequence, test_runner::TestRunner};
use serde_json::json;

fn people(lab: &Lab) -> GovernedTable {
    lab.csv(
        "people",
        &[("id", INT), ("name", TEXT), ("salary", INT)],
        "id,name,salary\n1,ann,100\n2,bob,200\n3,cy,300\n",
    )
}

#[tokio::test]
async fn star_gives_the_granted_columns() {
    let lab = Lab::new();
    let table = only(&people(&lab), &["id", "name"]);
    let query = lab.start("select * from people", std::slice::from_ref(&table)).await.unwrap();
    let names: Vec<&str> = query.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name"]);
    let rows = lab.ask("select name, count(*) from people group by name order by name desc limit 1", &[table]).await;
    assert_eq!(rows.unwrap(), vec![vec![json!("cy"), json!("1")]]);
}

#[tokio::test]
async fn hidden_and_unknown_columns_give_the_same_error() {
    let lab = Lab::new();
    let table = [only(&people(&lab), &["id", "name"])];
    for template in [
        "select COL from people",
        "select id from people where COL > 5",
        "select id from people order by COL",
        "select p.COL from people p",
        "select id from people group by id having max(COL) > 1",
        "select * from people a join people b on a.id = b.COL",
        "select * from people a join people b using (COL)",
        "select \"COL\" from people",
        "explain select COL from people",
        "select (select max(COL) from people) from people",
        "select * exclude (COL) from people",
        "show columns from people where COL = 1",
    ] {
        let hidden = lab.refusal(&template.replace("COL", "salary"), &table).await;
        let unknown = lab.refusal(&template.replace("COL", "nonsen"), &table).await;
        assert_eq!(hidden.to_string().replace("salary", "nonsen"), unknown.to_string(), "{template}");
        assert_eq!((hidden.code, unknown.code), (Code::Unprocessable, Code::Unprocessable));
    }
}

#[tokio::test]
async fn hidden_and_unknown_tables_give_the_same_error() {
    let lab = Lab::new();
    // A hidden table is one that the caller does not hand in.
    let table = [people(&lab)];
    for template in ["select * from db.TAB", "select * from TAB", "select * from lakegate.other.TAB", "describe TAB"] {
        let hidden = lab.refusal(&template.replace("TAB", "payroll"), &table).await;
        assert!(hidden.message.contains("not found"), "{hidden}");
        assert!(!hidden.to_string().contains("salary"), "{hidden}");
    }
}

#[tokio::test]
async fn the_information_schema_shows_what_is_visible() {
    let lab = Lab::new();
    let table = [only(&people(&lab), &["name"])];
    let sql = "select table_schema, table_name, column_name from information_schema.columns where table_schema = 'db'";
    assert_eq!(lab.ask(sql, &table).await.unwrap(), vec![vec![json!("db"), json!("people"), json!("name")]]);
    assert_eq!(lab.ask("describe people", &table).await.unwrap().len(), 1);
    assert_eq!(lab.ask("show columns from people", &table).await.unwrap().len(), 1);
    let shown = lab.ask("show tables", &table).await.unwrap();
    let people = [json!("lakegate"), json!("db"), json!("people"), json!("BASE TABLE")];
    assert_eq!(shown, [people.to_vec()], "the caller's tables and nothing else");
    assert_eq!(lab.ask("SHOW TABLES;", &[]).await.unwrap(), Vec::<Vec<serde_json::Value>>::new());
    let settings = lab.refusal("select * from information_schema.df_settings", &table).await;
    assert_eq!(settings.message, "Error during planning: table 'lakegate.information_schema.df_settings' not found");
}

#[tokio::test]
async fn explain_names_no_path_and_no_hidden_column() {
    let lab = Lab::new();
    let table = [only(&people(&lab), &["id", "name"])];
    for sql in ["explain select name from people where id > 1", "explain verbose select * from people"] {
        let text = format!("{:?}", lab.ask(sql, &table).await.unwrap());
        assert!(text.contains("Scan: table=db.people"), "{text}");
        for secret in ["salary", "part.csv", lab.dir.path().to_str().unwrap()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let analyzed = lab.refusal("explain analyze select * from people", &table).await;
    assert!(analyzed.message.contains("EXPLAIN ANALYZE is refused"), "{analyzed}");
}

#[tokio::test]
async fn errors_on_visible_values_reach_the_caller() {
    let lab = Lab::new();
    let table = [people(&lab)];
    let division = lab.refusal("select 10 / (id - 2) from people", &table).await;
    assert!(division.message.to_lowercase().contains("divide by zero"), "{division}");
    let cast = lab.refusal("select cast(name as int) from people", &table).await;
    assert!(cast.message.contains("ann"), "{cast}");
}

#[tokio::test]
async fn reads_name_every_column_shown_or_compared() {
    let lab = Lab::new();
    let table = people(&lab);
    let id_of = |name: &str| table.columns.iter().find(|column| column.name == name).unwrap().id;
    let expect = |names: &[&str]| {
        let mut columns: Vec<_> = names.iter().map(|name| id_of(name)).collect();
        columns.sort();
        vec![TableRead { table: table.table, columns }]
    };
    for (sql, names) in [
        ("select name from people", vec!["name"]),
        ("select name from people where salary > 1", vec!["name", "salary"]),
        ("select 1 from people p where exists (select 1 from people q where q.id = p.salary)", vec!["id", "salary"]),
        ("select count(*) from people", vec![]),
        ("with c as (select * from people) select name from c", vec!["name"]),
        ("explain select id from people", vec!["id"]),
    ] {
        let prepared = lab.engine.prepare(lab.spec(sql, std::slice::from_ref(&table))).await.unwrap();
        assert_eq!(prepared.reads(), expect(&names), "{sql}");
    }
}

/// Pieces of a query over one column.
const SHAPES: [&str; 8] = [
    "select COLS from t",
    "select COLS from t where COL is not null order by COL desc limit 3",
    "select COL, count(*) from t group by COL",
    "select a.COL, b.* from t a join t b on a.id = b.id",
    "select * from (select *, row_number() over (order by COL) from t) where COL is not null",
    "select distinct COLS from t union all select COLS from t",
    "select array_agg(COL), max(COL), min(COL) from t",
    "with c as (select * from t) select * from c where COL in (select COL from t)",
];

#[test]
fn no_query_returns_a_hidden_marker() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lab = Lab::new();
    let names = ["id", "a", "b", "c", "d"];
    let rows: String = (0..20).map(|n| format!("{n},a-secret,b-secret,c-secret,d-secret\n")).collect();
    let columns = [("id", INT), ("a", TEXT), ("b", TEXT), ("c", TEXT), ("d", TEXT)];
    let table = lab.csv("t", &columns, &format!("id,a,b,c,d\n{rows}"));
    let case = (subsequence(names.to_vec(), 1..5), 0..SHAPES.len(), 0..names.len());
    TestRunner::default()
        .run(&case, |(visible, shape, asked)| {
            let asked = names[asked];
            let sql = SHAPES[shape].replace("COLS", &visible.join(", ")).replace("COL", asked);
            let narrowed = [only(&table, &visible)];
            let answer = match runtime.block_on(lab.ask(&sql, &narrowed)) {
                Ok(rows) => format!("{rows:?}"),
                Err(fault) => fault.to_string(),
            };
            for hidden in names.iter().filter(|name| !visible.contains(name)) {
                prop_assert!(!answer.contains(&format!("{hidden}-secret")), "{sql}: {answer}");
            }
            let may = visible.contains(&asked) && (shape != 3 || visible.contains(&"id"));
            prop_assert_eq!(may || shape == 0 || shape == 5, answer.starts_with('['), "{}: {}", sql, answer);
            Ok(())
        })
        .unwrap();
}
