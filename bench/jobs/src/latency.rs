//! From putting a run into an idle queue to its start, in the process that put it in and in another one.
//!
//! The clock starts before the transaction that puts the run in: its commit is part of what is measured.

use anyhow::{Result, ensure};
use lakegate_jobs::{Queue, Submission};
use lakegate_model::ids::ProjectId;
use lakegate_store::in_write;
use rand::Rng;
use serde_json::json;
use std::{io::Write, sync::mpsc, time::Duration};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    crew::{self, Crew},
    place::Server,
    settings::Settings,
    work::{self, NOOP, Ran, micros},
};

/// Measures and prints.
pub async fn run(settings: &Settings) -> Result<()> {
    let runs = settings.runs_or(500);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{runs} runs each, the best of {} by p99", settings.repeat)?;
    for server in Server::each(settings) {
        let doors: &[bool] = if matches!(server, Server::Sqlite) { &[false] } else { &[false, true] };
        for other in doors {
            let mut best: Option<[f64; 3]> = None;
            for _ in 0..settings.repeat {
                let took = if *other { in_other(&server, runs).await? } else { in_same(&server, runs).await? };
                let points = points(took);
                if best.is_none_or(|best| points[1] < best[1]) {
                    best = Some(points);
                }
            }
            let [p50, p99, max] = best.unwrap_or_default();
            let name = format!("{}, {} process", server.name(), if *other { "another" } else { "the same" });
            writeln!(out, "{name:<32} p50 {p50:>6.2} ms   p99 {p99:>6.2} ms   max {max:>6.2} ms")?;
        }
    }
    Ok(())
}

/// p50, p99 and the slowest, in milliseconds.
fn points(mut took: Vec<u64>) -> [f64; 3] {
    took.sort_unstable();
    [50, 99, 100].map(|share| {
        let at = (took.len() * share / 100).min(took.len().saturating_sub(1));
        took.get(at).map_or(0.0, |micros| *micros as f64 / 1e3)
    })
}

async fn in_same(server: &Server, runs: u32) -> Result<Vec<u64>> {
    let place = server.place().await?;
    let db = place.migrated().await?;
    let (tell, told) = mpsc::channel();
    let (queue, stop) = (work::queue(&db), CancellationToken::new());
    let pool = work::pool(queue.clone(), 8, &Ran::default(), Some(tell));
    let working = tokio::spawn({
        let stop = stop.clone();
        async move { pool.work(stop).await }
    });
    let took = tokio::task::block_in_place(|| sample(&queue, runs, || Ok(told.recv()?)))?;
    stop.cancel();
    working.await?;
    db.close().await;
    place.remove().await?;
    Ok(took)
}

async fn in_other(server: &Server, runs: u32) -> Result<Vec<u64>> {
    let place = server.place().await?;
    let db = place.migrated().await?;
    let mut crew = Crew::start(vec![crew::own(&place.address, 1, 8, "stamps")?])?;
    crew.tell("go")?;
    // Until it listens.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let queue = work::queue(&db);
    let took = tokio::task::block_in_place(|| sample(&queue, runs, || crew.started()))?;
    ensure!(crew.stop()?.len() == usize::try_from(runs)?, "another number of runs ran");
    db.close().await;
    place.remove().await?;
    Ok(took)
}

/// Puts one run in after the other, each some milliseconds after the last one has started.
fn sample(queue: &Queue, runs: u32, started: impl Fn() -> Result<(u32, u64)>) -> Result<Vec<u64>> {
    let runtime = tokio::runtime::Handle::current();
    let mut took = Vec::new();
    for number in 0..runs {
        std::thread::sleep(Duration::from_millis(rand::thread_rng().gen_range(10..30)));
        let begun = micros();
        runtime.block_on(put(queue, number))?;
        let (ran, at) = started()?;
        ensure!(ran == number, "run {ran} started instead of {number}");
        took.push(at.saturating_sub(begun));
    }
    Ok(took)
}

async fn put(queue: &Queue, number: u32) -> Result<()> {
    let project = ProjectId(Uuid::from_u128(1));
    in_write!(queue.db(), |tx, _scope| {
        queue.enqueue(tx, &NOOP, Submission::manual(project, "bench", json!({ "n": number }))).await
    })?;
    queue.wake();
    Ok(())
}
