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
    assert_none, layout, leaks,
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
                let text = String::from_utf8_lossy(&bytes.1).contains("(hidden");
                let told = format!("{places} of {length} bytes differ, a withheld text among them: {text}");
                leaks.push(format!("{regime:?} over {stored:?} as {format:?}: {told}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

async fn assert_nothing_moves(format: FileFormat, two: Data) {
    let [one, _] = twins(Regime::Rows);
    assert_none(&leaks(layout::PROBES.iter().collect(), format, Regime::Rows, [one, two]).await);
}

#[tokio::test]
async fn hidden_files_do_not_move_visible_rows() {
    assert_nothing_moves(CSV, hidden_in_files()).await;
}

#[tokio::test]
async fn hidden_rows_do_not_move_visible_rows() {
    assert_nothing_moves(FileFormat::Parquet, hidden_between(2_800)).await;
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
const RUNS: usize = 9;
/// How much longer the median of one twin may take.
const BOUND: u32 = 3;

/// A table of many hidden rows whose names are of equal length, and one visible row.
fn timed(lab: &Lab, name: &str, open: bool) -> GovernedTable {
    let hidden: String = (0..500).map(|n| format!("{n},{name},them\n")).collect();
    let text = format!("x,name,tenant\n1,visible,us\n{hidden}");
    let table = lab.csv("t", &[("x", INT), ("name", TEXT), ("tenant", TEXT)], &text);
    let mut table = only(&table, &["x", "name"]);
    table.access.rules = (!open).then(|| rows_where("tenant = 'us'"));
    table
}

async fn took(lab: &Lab, table: &GovernedTable) -> Duration {
    let slow = "length(encode(sha512(repeat(name, 20000)), 'hex'))";
    let sql = format!("select sum(case when name = 'slow' then {slow} else 0 end) from t");
    let began = Instant::now();
    lab.ask(&sql, std::slice::from_ref(table)).await.unwrap();
    began.elapsed()
}

/// The medians of alternating runs: over a table with hidden names that are slow to work on, and over one without.
async fn medians(open: bool) -> [Duration; 2] {
    let (here, there) = (Lab::new(), Lab::new());
    let (fast, slow) = (timed(&here, "fast", open), timed(&there, "slow", open));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        times[0].push(took(&here, &fast).await);
        times[1].push(took(&there, &slow).await);
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

/// Whether the medians were within the bound, or out of it, in one of three rounds.
async fn once_in_three(open: bool, expected: fn([Duration; 2]) -> bool) {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let found = medians(open).await;
        seen.push(found);
        if expected(found) {
            return eprintln!("with rules: {}, medians of {RUNS} runs: {seen:?}", !open);
        }
    }
    panic!("with rules: {}, medians of {RUNS} runs: {seen:?}", !open);
}

/// The caller's expressions meet no hidden row, so it takes no longer if they would be slow there. What a scan takes
/// depends on how much lies in the files, which is why the twins are of equal size.
///
/// A load from outside slows both down by turns; a way around the barrier would show in each of three rounds.
#[tokio::test]
async fn hidden_rows_take_no_time_of_the_callers_expressions() {
    once_in_three(true, |[fast, slow]| slow > fast * BOUND).await;
    once_in_three(false, |[fast, slow]| slow < fast * BOUND && fast < slow * BOUND).await;
}

/// A cell that its column cannot hold makes its file unreadable, in a hidden row too. The refusal tells neither the
/// value nor the row, and queries that do not read the column are answered.
#[tokio::test]
async fn a_malformed_hidden_cell_tells_nothing_but_that_it_is_there() {
    let lab = [Lab::new(), Lab::new()];
    let malformed = |lab: &Lab, hidden: &str| {
        let text = format!("x,name,tenant\n1,a,us\n{hidden}");
        let table = lab.csv("t", &[("x", INT), ("name", TEXT), ("tenant", TEXT)], &text);
        let mut table = only(&table, &["x", "name"]);
        table.access.rules = Some(rows_where("tenant = 'us'"));
        [table]
    };
    let (one, two) = (malformed(&lab[0], "oops,b,them\n"), malformed(&lab[1], "3,b,them\nMARKER,MARKER,them\n"));
    for (sql, refused) in [("select x from t", true), ("select count(*) from t", false), ("select name from t", false)]
    {
        let answers = [ask(&lab[0], sql, &one).await, ask(&lab[1], sql, &two).await];
        assert_eq!(answers[0], answers[1], "{sql}");
        assert_eq!(answers[0].refused, refused, "{sql}: {answers:?}");
    }
}

/// Expressions over partial columns that might take a value for one although it is marked as missing.
const BENEATH: [&str; 29] = [
    "x",
    "(array[1,2,3,4,50,6])[x]",
    "array_slice(array[1,2,3,4,50,6], 1, x)",
    "array_resize(array[1,2], x % 9)",
    "array_remove_n(array[1,1,1], 1, x)",
    "array_replace_n(array[1,1,1], 1, 2, x)",
    "make_array(x, id)[1]",
    "named_struct('x', x)['x']",
    "arrow_cast(x, 'Utf8')",
    "repeat('a', x % 9)",
    "coalesce(x, 0) + 0",
    "nullif(x, 3)",
    "case when id > 0 then x end",
    "greatest(x, x)",
    "round(amount)",
    "code || ''",
    "md5(name)",
    "who['first']",
    "get_field(who, 'code')",
    "coalesce(who['first'], 'none')",
    "tags[1]",
    "tags[-1]",
    "array_slice(tags, 1, 1)",
    "array_to_string(tags, ',')",
    "array_length(tags)",
    "cardinality(tags)",
    "array_concat(tags, ['z'])",
    "array_has(tags, '(hidden')",
    "array_position(tags, '(hidden')",
];

/// A withheld cell is no value that is only marked as missing (access rule 2): `CASE` leaves it in its place, and some
/// functions look there.
#[tokio::test]
async fn no_function_reads_beneath_a_null() {
    let (format, regime) = (FileFormat::Parquet, Regime::Rectangles);
    let [one, two] = twins(regime);
    let (here, there) = (Lab::new(), Lab::new());
    let (first, second) = (governed(&here, regime, &format, &one), governed(&there, regime, &format, &two));
    let mut leaks = Vec::new();
    for expression in BENEATH {
        let sql = format!("select id, {expression} from t where id > 10 order by id");
        let answers = [ask(&here, &sql, &first).await, ask(&there, &sql, &second).await];
        assert!(!answers.iter().all(|answer| answer.refused), "{sql}: {answers:?}");
        if answers[0].shown != answers[1].shown {
            leaks.push(format!("{sql}\n{answers:#?}"));
        }
    }
    assert_none(&leaks);
}
