//! Texts and files from anywhere: an answer or a refusal, never a panic, never a bug's word. The inputs are the kept
//! ones of `tests/fixtures/corpus` and random changes of them.

use crate::support::{CSV, INT, Lab, TEXT};
use futures::TryStreamExt;
use lakegate_engine::{GovernedTable, Limits, QuerySpec, mask_literals, references};
use lakegate_model::{
    Fault,
    columns::ColumnType,
    storage::{Compression, FileFormat},
};
use lakegate_tests::mutate::{Mixer, shown};
use std::time::Duration;

/// A query over a foreign text must not run long, or the test would.
fn limits() -> Limits {
    Limits { wall: Duration::from_secs(1), rows: 10_000, memory_bytes: 64 << 20, ..Limits::default() }
}

const AMOUNT: ColumnType = ColumnType::Decimal { precision: 12, scale: 2 };

fn columns() -> [(&'static str, ColumnType); 4] {
    [("id", INT), ("name", TEXT), ("amount", AMOUNT), ("day", ColumnType::Date)]
}

async fn run(lab: &Lab, sql: &str, table: &GovernedTable) -> Result<(), Fault> {
    let spec = QuerySpec {
        sql: sql.to_owned(),
        tables: vec![table.clone()],
        default_database: None,
        limits: limits(),
        now: crate::support::now(),
        mask_keys: crate::support::mask_keys(),
    };
    lab.engine.start(spec).await?.stream.try_for_each(|_| async { Ok(()) }).await
}

/// A text is never the program's fault: 4xx, or what a limit says.
fn accept(result: Result<(), Fault>, what: &str, seed: u64, input: &[u8]) {
    let Err(fault) = result else { return };
    assert!(fault.code.status() < 500, "LAKEGATE_TEST_SEED={seed}: {what}: {fault:?}\n{}", shown(input));
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_texts() {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new("sql", true, seed);
    let lab = Lab::new();
    let content = b"id,name,amount,day\n1,Ann,10.50,2024-01-02\n2,Bo,-3.25,2024-02-29\n".to_vec();
    let table = lab.table("t", CSV, &columns(), &[("a.csv", content)]);
    for _ in 0..mixer.count(150) {
        let sql = mixer.next_text();
        // What the log shows of a text, read or not, holds nothing of its literals; here it just must not break.
        let _masked = mask_literals(&sql);
        accept(references(&sql).map(drop), "references", seed, sql.as_bytes());
        accept(run(&lab, &sql, &table).await, "run", seed, sql.as_bytes());
    }
}

/// The parser starts over inside some words when what follows does not fit: nested, that would take it years.
#[test]
fn texts_that_make_the_parser_start_over() {
    for (open, close) in [
        ("substr(", ")"),
        ("not(", ")"),
        ("cast(", ")"),
        ("array[", "]"),
        ("(select * from (", "))"),
        ("(a, b) -> ", ""),
    ] {
        for depth in [7, 31] {
            let sql = format!("select * from ({}1 1{}", open.repeat(depth), close.repeat(depth));
            let expression = format!("select {}1 1{}", open.repeat(depth), close.repeat(depth));
            for sql in [sql, expression] {
                let began = std::time::Instant::now();
                let fault = references(&sql).unwrap_err();
                assert!(fault.code.status() < 500, "{sql}: {fault:?}");
                assert!(began.elapsed() < Duration::from_secs(20), "{sql} took {:?}", began.elapsed());
            }
        }
    }
    let deep = format!("select {}'a'{}", "trim(substr(cast(".repeat(3), " as text), 1))".repeat(3));
    assert_eq!(references(&deep).map(|_| ()).map_err(|fault| fault.message), Ok(()));
}

/// Files that changed since they were looked at: read as what they were declared to be.
async fn files(kind: &str, name: &str, format: FileFormat, base: usize) {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new(kind, false, seed);
    for _ in 0..mixer.count(base) {
        let lab = Lab::new();
        let input = mixer.next_bytes();
        let table = lab.table("t", format.clone(), &columns(), &[(name, input.clone())]);
        accept(run(&lab, "select * from db.t", &table).await, "select *", seed, &input);
        accept(run(&lab, "select count(*) from db.t where id > 1", &table).await, "count(*)", seed, &input);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_files() {
    files("csv", "a.csv", CSV, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_files() {
    files("jsonl", "a.jsonl", FileFormat::JsonLines { compression: Compression::None }, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_files() {
    let format = FileFormat::Csv { delimiter: b',', header: true, compression: Compression::Gzip };
    files("gzip", "a.csv.gz", format, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_files() {
    files("parquet", "a.parquet", FileFormat::Parquet, 80).await;
}
