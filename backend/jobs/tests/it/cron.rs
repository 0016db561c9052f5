//! Cron expressions against another implementation, which shares no code with ours.

use lakegate_jobs::ticks::Ticks;
use lakegate_model::Timestamp;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Ticks compared for each expression.
const TICKS: usize = 3;

/// One field: everything, a number, a range, a step, a list.
fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    let number = least..=most;
    let span = (least..=most, least..=most).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let span = span.prop_filter("a range of one is read as the whole circle elsewhere", |(a, b)| a < b);
    prop_oneof![
        4 => Just("*".to_owned()),
        4 => number.clone().prop_map(|n| n.to_string()),
        2 => span.clone().prop_map(|(a, b)| format!("{a}-{b}")),
        2 => (1..=most / 2).prop_map(|n| format!("*/{n}")),
        1 => (span, 1..=5_u32).prop_map(|((a, b), n)| format!("{a}-{b}/{n}")),
        2 => prop::collection::btree_set(number, 1..4)
            .prop_map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
    ]
}

/// Where both day of month and weekday are given, either one is enough; a step over every day is told apart differently
/// by implementations then, so it stands alone.
fn expression() -> impl Strategy<Value = String> {
    let seconds = prop_oneof![3 => Just(None), 1 => field(0, 59).prop_map(Some)];
    let days = prop_oneof![
        field(1, 28).prop_map(|day| (day, "*".to_owned())),
        field(0, 6).prop_map(|weekday| ("*".to_owned(), weekday)),
        (1..=28_u32, 0..=6_u32).prop_map(|(day, weekday)| (day.to_string(), weekday.to_string())),
    ];
    (seconds, field(0, 59), field(0, 23), days, field(1, 12)).prop_map(
        |(seconds, minute, hour, (day, weekday), month)| {
            let five = format!("{minute} {hour} {day} {month} {weekday}");
            seconds.map_or(five.clone(), |seconds| format!("{seconds} {five}"))
        },
    )
}

#[test]
fn cron_expressions_tick_as_elsewhere() {
    let Some(python) = std::env::var("LAKEGATE_TEST_PYTHON").ok().filter(|path| !path.is_empty()) else {
        eprintln!("SKIPPED: LAKEGATE_TEST_PYTHON names no interpreter");
        return;
    };
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (expression(), 1_577_836_800_i64..2_208_988_800);
    let cases: Vec<(String, i64)> = (0..10_000).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let expected = elsewhere(&python, &cases);
    let mut with_seconds = 0;
    for ((cron, from), expected) in cases.iter().zip(expected) {
        with_seconds += usize::from(cron.split(' ').count() == 6);
        assert_eq!(ours(cron, *from), expected, "{cron} after {from}");
    }
    assert!(with_seconds > 1_000, "{with_seconds} expressions with seconds");
}

fn ours(cron: &str, from: i64) -> Vec<i64> {
    let ticks = Ticks::cron(cron, "UTC").unwrap_or_else(|fault| panic!("{cron}: {fault}"));
    let begin = Timestamp::from_timestamp(from, 0).unwrap();
    let after = std::iter::successors(ticks.after(begin), |tick| ticks.after(*tick));
    after.take(TICKS).map(|tick| tick.timestamp()).collect()
}

fn elsewhere(python: &str, cases: &[(String, i64)]) -> Vec<Vec<i64>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/services/cron_oracle.py");
    let mut command = Command::new(python);
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = cases.iter().map(|(cron, from)| json!([cron, from, TICKS]).to_string() + "\n").collect();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Vec<i64>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), cases.len());
    found
}
