//! A cancelled query leaves no task and no memory behind, whatever it was doing.

use crate::support::{INT, Lab, TEXT};
use futures::StreamExt;
use lakegate_engine::{GovernedTable, Limits};
use lakegate_model::Code;
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

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
    ("regex", "select count(*) from n a cross join n b cross join n c where a.s || b.s ~ '(t|e|x)+.*(n|u|m)+[0-9]{9}z'"),
    ("hash join with a filter", "select count(*) from n a join n b on a.x % 2 = b.x % 2 and a.x * b.x < -1 cross join n c"),
    ("window", "select sum(x) over (order by s) from (select a.x, b.s from n a cross join n b cross join n c)"),
];

/// Waits until nothing is left, or until a second has passed.
async fn all_gone(lab: &Lab) -> Result<Duration, (usize, usize)> {
    let begin = Instant::now();
    loop {
        let (tasks, bytes) = (lab.engine.tasks(), lab.engine.reserved_bytes());
        if tasks == 0 && bytes == 0 {
            return Ok(begin.elapsed());
        }
        if begin.elapsed() > Duration::from_secs(1) {
            return Err((tasks, bytes));
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_leaves_nothing_behind() {
    let mut lab = Lab::new();
    lab.limits = Limits { memory_bytes: 32 << 20, rows: u64::MAX, result_bytes: u64::MAX, ..Limits::default() };
    let table = [numbers(&lab, 20_000)];
    for (name, sql) in ENDLESS {
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
        let gone = all_gone(&lab).await;
        assert!(gone.is_ok(), "{name} left (tasks, bytes) {gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_is_up_for_each_of_them() {
    let mut lab = Lab::new();
    lab.limits = Limits { wall: Duration::from_millis(700), memory_bytes: 64 << 20, rows: u64::MAX, result_bytes: u64::MAX, ..Limits::default() };
    let table = [numbers(&lab, 20_000)];
    for (name, sql) in ENDLESS {
        let begin = Instant::now();
        let code = match lab.start(sql, &table).await {
            Ok(mut query) => loop {
                match query.stream.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(fault)) => break fault.code,
                    None => panic!("{name} ended by itself"),
                }
            },
            Err(fault) => fault.code,
        };
        assert_eq!(code, Code::LimitExceeded, "{name}");
        assert!(begin.elapsed() < Duration::from_millis(1_700), "{name} took {:?}", begin.elapsed());
        let gone = all_gone(&lab).await;
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
    assert!(all_gone(&lab).await.is_ok());
}
