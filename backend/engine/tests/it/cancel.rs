//! A cancelled query leaves no task and no memory behind, whatever it was doing.

use crate::support::{INT, Lab, TEXT};
use futures::StreamExt;
use lakegate_engine::{GovernedTable, Limits};
use lakegate_model::Code;
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// Little memory, so that sorts and groupings spill early and in small pieces.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.limits = Limits { memory_bytes: 32 << 20, rows: u64::MAX, result_bytes: u64::MAX, ..Limits::default() };
    lab
}

fn numbers(lab: &Lab, rows: usize) -> GovernedTable {
    let mut text = String::from("x,s\n");
    for n in 0..rows {
        writeln!(text, "{n},text number {n}").unwrap();
    }
    lab.csv("n", &[("x", INT), ("s", TEXT)], &text)
}

/// Queries that would run for hours, each busy in its own way.
const ENDLESS: [(&str, &str); 10] = [
    ("cross join", "select count(*) from n a cross join n b cross join n c"),
    ("nested loop", "select count(*) from n a join n b on a.x * b.x < -1 join n c on a.x + c.x < -1"),
    ("rows of a cross join", "select a.s, b.s from n a cross join n b cross join n c"),
    ("recursion", "with recursive r as (select 1 x union all select x + 1 from r) select count(*) from r"),
    ("sort that spills", "select a.s || b.s from n a cross join n b order by 1"),
    ("grouping that spills", "select a.s || b.s, count(*) from n a cross join n b cross join n c group by 1"),
    ("repeat", "select sum(length(repeat(a.s, 300))) from n a cross join n b cross join n c"),
    (
        "regex",
        "select count(*) from n a cross join n b cross join n c where a.s || b.s ~ '(t|e|x)+.*(n|u|m)+[0-9]{9}z'",
    ),
    (
        "hash join with a filter",
        "select count(*) from n a join n b on a.x % 2 = b.x % 2 and a.x * b.x < -1 cross join n c",
    ),
    ("window", "select sum(x) over (order by s) from (select a.x, b.s from n a cross join n b cross join n c)"),
];

/// A grouping sorts and spills all its groups in one step that nothing interrupts: here a small piece, and yet an
/// unoptimised build on a busy machine needs more than a second for it.
fn memory(name: &str) -> usize {
    match name {
        "grouping that spills" => 8 << 20,
        // A window holds its whole partition: room enough that time ends first.
        "window" => 640 << 20,
        // What a sort sets aside to merge what it spilled, for two partitions, and a piece of each beside it.
        "sort that spills" => 64 << 20,
        _ => 32 << 20,
    }
}

fn patience(name: &str) -> Duration {
    Duration::from_secs(if name.starts_with("grouping") { 5 } else { 1 })
}

/// Waits until nothing is left, or until patience ends.
async fn all_gone(lab: &Lab, patience: Duration) -> Result<Duration, (usize, usize)> {
    let begin = Instant::now();
    loop {
        let (tasks, bytes) = (lab.engine.tasks(), lab.engine.reserved_bytes());
        if tasks == 0 && bytes == 0 {
            return Ok(begin.elapsed());
        }
        if begin.elapsed() > patience {
            return Err((tasks, bytes));
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_leaves_nothing_behind() {
    let mut lab = lab();
    let table = [numbers(&lab, 20_000)];
    for (name, sql) in ENDLESS {
        lab.limits.memory_bytes = memory(name);
        let mut query = lab.start(sql, &table).await.unwrap();
        // Busy once the scan has begun.
        while query.handle.report().scanned_bytes == 0 && name != "recursion" {
            tokio::task::yield_now().await;
        }
        let handle = query.handle.clone();
        let rows = tokio::spawn(async move {
            loop {
                match query.stream.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(fault)) => return fault.code,
                    None => panic!("the query ended by itself"),
                }
            }
        });
        handle.cancel();
        let begin = Instant::now();
        assert_eq!(rows.await.unwrap(), Code::Cancelled, "{name}");
        handle.ended().await;
        assert!(begin.elapsed() < Duration::from_secs(1), "{name} took {:?}", begin.elapsed());
        let gone = all_gone(&lab, patience(name)).await;
        assert!(gone.is_ok(), "{name} left (tasks, bytes) {gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_is_up_for_each_of_them() {
    let mut lab = lab();
    lab.limits = Limits { wall: Duration::from_millis(700), ..lab.limits };
    let table = [numbers(&lab, 20_000)];
    for (name, sql) in ENDLESS {
        lab.limits.memory_bytes = memory(name);
        let begin = Instant::now();
        let fault = match lab.start(sql, &table).await {
            Ok(mut query) => loop {
                match query.stream.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(fault)) => break fault,
                    None => panic!("{name} ended by itself"),
                }
            },
            Err(fault) => fault,
        };
        assert_eq!(fault.code, Code::LimitExceeded, "{name}");
        assert!(fault.message.contains("limit of time"), "{name}: {fault}");
        assert!(begin.elapsed() < Duration::from_millis(1_700), "{name} took {:?}", begin.elapsed());
        let gone = all_gone(&lab, patience(name)).await;
        assert!(gone.is_ok(), "{name} left (tasks, bytes) {gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_stream_ends_the_query() {
    let lab = Lab::new();
    let table = [numbers(&lab, 5_000)];
    let query = lab.start(ENDLESS[0].1, &table).await.unwrap();
    let handle = query.handle.clone();
    drop(query);
    handle.ended().await;
    assert!(all_gone(&lab, Duration::from_secs(1)).await.is_ok());
}
