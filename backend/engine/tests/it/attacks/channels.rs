//! Ways around the text of an answer: the bytes of each encoding, how rows come, how much was read, how long it took.

use crate::support::{CSV, INT, Lab, TEXT, only, rows_where};
use futures::TryStreamExt;
use lakegate_engine::{
    GovernedTable,
    encode::{Format, encode},
};
use lakegate_model::storage::FileFormat;
use std::time::{Duration, Instant};

use super::{
    answer::ask,
    answers, differ, layout,
    probe::Probe,
    title,
    twins::{Data, REGIMES, Regime, formats, governed, hidden_between, hidden_in_files, twins},
};

const ENCODINGS: [Format; 4] =
    [Format::Json { exact: true }, Format::Csv { spreadsheet_safe: false }, Format::Arrow, Format::Parquet];

async fn encoded(lab: &Lab, sql: &str, tables: &[GovernedTable], format: Format) -> Vec<u8> {
    let query = lab.start(sql, tables).await.unwrap();
    encode(query.schema.clone(), query.stream, format).try_collect::<Vec<_>>().await.unwrap().concat()
}

/// A value that is marked as missing may still lie in its column: a download in a columnar format would carry it out.
#[tokio::test]
async fn no_encoding_carries_a_withheld_value() {
    let mut leaks = Vec::new();
    for (regime, stored) in REGIMES.into_iter().flat_map(|regime| formats().map(|stored| (regime, stored))) {
        let [one, two] = twins(regime);
        let (here, there) = (Lab::new(), Lab::new());
        let (first, second) = (governed(&here, regime, &stored, &one), governed(&there, regime, &stored, &two));
        for format in ENCODINGS {
            let sql = "select * from t order by id";
            let bytes = (encoded(&here, sql, &first, format).await, encoded(&there, sql, &second, format).await);
            let (places, length) = (bytes.0.iter().zip(&bytes.1).filter(|(a, b)| a != b).count(), bytes.0.len());
            if bytes.0 != bytes.1 {
                leaks.push(format!("{regime:?} over {stored:?} as {format:?}: {places} of {length} bytes differ"));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

async fn layout_leaks(format: &FileFormat, two: Data) -> Vec<String> {
    let probes: Vec<&Probe> = layout::PROBES.iter().collect();
    let [one, _] = twins(Regime::Rows);
    let (here, there) = (Lab::new(), Lab::new());
    let first = answers(&probes, &here, &governed(&here, Regime::Rows, format, &one)).await;
    let second = answers(&probes, &there, &governed(&there, Regime::Rows, format, &two)).await;
    let told = probes.iter().zip(first.iter().zip(&second)).filter(|(_, (first, second))| differ(first, second));
    told.map(|(probe, (first, second))| format!("{}\n{first:#?}\n{second:#?}", title(probe))).collect()
}

#[tokio::test]
async fn hidden_files_do_not_move_visible_rows() {
    let leaks = layout_leaks(&CSV, hidden_in_files()).await;
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}

#[tokio::test]
async fn hidden_rows_do_not_move_visible_rows() {
    let leaks = layout_leaks(&FileFormat::Parquet, hidden_between(2_800)).await;
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}

/// Access rule 5: bytes are told of tables that the caller reads whole, and who sees some columns does not.
#[tokio::test]
async fn what_was_read_tells_nothing_of_hidden_columns() {
    for format in formats() {
        let [one, two] = twins(Regime::Columns);
        let (here, there) = (Lab::new(), Lab::new());
        let sql = "select id from t order by id";
        let first = ask(&here, sql, &governed(&here, Regime::Columns, &format, &one)).await;
        let second = ask(&there, sql, &governed(&there, Regime::Columns, &format, &two)).await;
        assert_eq!(first.scanned_bytes, second.scanned_bytes, "{format:?}");
    }
}

/// Runs that are timed, of each twin, by turns.
const RUNS: usize = 15;
/// How much longer the median of one twin may take.
const BOUND: u32 = 3;

/// A table of two thousand hidden rows whose names are of equal length, and one visible row.
fn slow(lab: &Lab, name: &str) -> GovernedTable {
    let hidden: String = (0..2_000).map(|n| format!("{n},{name},them\n")).collect();
    lab.csv("t", &[("x", INT), ("name", TEXT), ("tenant", TEXT)], &format!("x,name,tenant\n1,visible,us\n{hidden}"))
}

async fn median(lab: &Lab, table: &GovernedTable, sql: &str, times: &mut Vec<Duration>) -> Duration {
    let began = Instant::now();
    lab.ask(sql, std::slice::from_ref(table)).await.unwrap();
    times.push(began.elapsed());
    let mut sorted = times.clone();
    sorted.sort();
    sorted[sorted.len() / 2]
}

/// The medians of alternating runs over a table with hidden names that are slow to work on, and one without.
async fn medians(open: bool) -> [Duration; 2] {
    let sql =
        "select sum(case when name = 'slow' then length(encode(sha512(repeat(name, 2000)), 'hex')) else 0 end) from t";
    let (here, there) = (Lab::new(), Lab::new());
    let mut tables = [slow(&here, "fast"), slow(&there, "slow")];
    if !open {
        tables = tables.map(|table| only(&table, &["x", "name"]));
        tables.iter_mut().for_each(|table| table.access.rules = Some(rows_where("tenant = 'us'")));
    }
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    let mut last = [Duration::ZERO; 2];
    for _ in 0..RUNS {
        last = [median(&here, &tables[0], sql, &mut fast).await, median(&there, &tables[1], sql, &mut slow).await];
    }
    last
}

/// The caller's expressions meet no hidden row, so it takes no longer if they would be slow there. What a scan takes
/// depends on how much lies in the files, which is why the twins are of equal size.
///
/// A load from outside slows both down by turns; a way around the barrier would show in each of three rounds.
#[tokio::test]
async fn hidden_rows_take_no_time_of_the_callers_expressions() {
    let [fast, slow] = medians(true).await;
    eprintln!("with nothing withheld: {fast:?} and {slow:?}");
    assert!(slow > fast * BOUND, "the probe cannot tell: {fast:?} and {slow:?}");
    let mut seen = Vec::new();
    for _ in 0..3 {
        let [fast, slow] = medians(false).await;
        seen.push((fast, slow));
        if slow < fast * BOUND && fast < slow * BOUND {
            eprintln!("behind the barrier: {fast:?} and {slow:?}");
            return;
        }
    }
    panic!("the medians of {RUNS} runs differ by more than {BOUND} times: {seen:?}");
}

/// A cell that its column cannot hold makes a file unreadable; in a row or cell that is withheld it must not.
#[tokio::test]
async fn a_malformed_hidden_cell_changes_no_answer() {
    for sql in ["select x from t order by x", "select count(*) from t", "select name from t order by name"] {
        let lab = [Lab::new(), Lab::new()];
        let mut answers = Vec::new();
        for (lab, hidden) in lab.iter().zip(["5", "oops"]) {
            let text = format!("x,name,tenant\n1,a,us\n{hidden},b,them\n");
            let table = lab.csv("t", &[("x", INT), ("name", TEXT), ("tenant", TEXT)], &text);
            let mut table = only(&table, &["x", "name"]);
            table.access.rules = Some(rows_where("tenant = 'us'"));
            answers.push(ask(lab, sql, &[table]).await);
        }
        assert_eq!(answers[0], answers[1], "{sql}");
    }
}

/// The smallest cases of values that show through a NULL.
#[tokio::test]
async fn a_withheld_cell_is_null_for_every_function() {
    let lab = Lab::new();
    let format = FileFormat::Parquet;
    let [_, two] = twins(Regime::Rectangles);
    let tables = governed(&lab, Regime::Rectangles, &format, &two);
    for sql in [
        "select (array[1,2,3,4,50,6])[x] from t where id = 11",
        "select who['first'] from t where id = 11",
        "select tags[1] from t where id = 11",
    ] {
        assert_eq!(lab.cell(sql, &tables).await, serde_json::Value::Null, "{sql}");
    }
}
