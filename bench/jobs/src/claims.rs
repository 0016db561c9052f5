//! What a turn costs that ends one run and takes the next, among few and among very many that wait.
//!
//! One worker with one slot, so that each turn is one transaction with one end and one claim.

use anyhow::{Result, ensure};
use lakegate_store::Db;
use std::{
    io::Write,
    sync::mpsc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::{
    fill,
    place::{Place, Server},
    processor,
    settings::Settings,
    work::{self, Ran},
};

/// Turns that are measured.
const TURNS: usize = 1_000;
/// Turns before them, for caches and plans.
const WARM: usize = 200;

/// What a turn takes, in microseconds: the median, and processor time on average, of worker and server together.
#[derive(Debug, Clone, Copy)]
struct Turn {
    median: u64,
    processor: u64,
}

/// Measures and prints.
pub async fn run(settings: &Settings) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "one run ended and the next taken, {TURNS} turns, the best of {}", settings.repeat)?;
    for server in Server::each(settings) {
        let place = server.place().await?;
        let db = place.migrated().await?;
        let mut filled = 0;
        for waiting in &settings.waiting {
            let spare = u32::try_from((TURNS + WARM) * (settings.repeat + 1))?;
            let more = waiting + spare - u32::try_from(fill::count(&db, LEFT).await?)?;
            fill::fill(&db, filled, more).await?;
            filled += more;
            place.settle().await?;
            let turn = best(&server, &place, &db, settings.repeat).await?;
            let name = format!("{}, {waiting} waiting", server.name());
            writeln!(out, "{name:<32} {:>6} µs   processor {:>6} µs", turn.median, turn.processor)?;
            out.flush()?;
        }
        db.close().await;
        place.remove().await?;
    }
    Ok(())
}

const LEFT: &str = "SELECT COUNT(*) FROM job_runs WHERE state = 'waiting'";

async fn best(server: &Server, place: &Place, db: &Db, repeat: usize) -> Result<Turn> {
    let mut best: Option<Turn> = None;
    for _ in 0..repeat {
        let turn = turns(server, db).await?;
        if best.is_none_or(|best| turn.median < best.median) {
            best = Some(turn);
        }
        place.settle().await?;
    }
    best.ok_or_else(|| anyhow::anyhow!("nothing was measured"))
}

async fn turns(server: &Server, db: &Db) -> Result<Turn> {
    let postmaster = match server {
        Server::Postgres(address) => Some(processor::postmaster(address).await?),
        Server::Sqlite => None,
    };
    let used = || processor::of(&[std::process::id()]) + postmaster.map(processor::of_server).unwrap_or_default();
    let (tell, told) = mpsc::channel();
    let stop = CancellationToken::new();
    let pool = work::pool(work::queue(db), 1, &Ran::default(), Some(tell));
    let working = tokio::spawn({
        let stop = stop.clone();
        async move { pool.work(stop).await }
    });
    let (starts, spent) = tokio::task::block_in_place(|| {
        for _ in 0..WARM {
            told.recv()?;
        }
        let before = used();
        let starts: Result<Vec<u64>, _> = (0..=TURNS).map(|_| told.recv().map(|(_, at)| at)).collect();
        anyhow::Ok((starts?, used() - before))
    })?;
    stop.cancel();
    working.await?;
    wait_until_idle(db).await?;
    let mut took: Vec<u64> = starts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    took.sort_unstable();
    let processor = u64::try_from(spent.as_micros())? / u64::try_from(TURNS)?;
    Ok(Turn { median: took[TURNS / 2], processor })
}

/// Nothing is left at work by the pool that has ended.
async fn wait_until_idle(db: &Db) -> Result<()> {
    let begun = Instant::now();
    while fill::count(db, "SELECT COUNT(*) FROM job_runs WHERE state = 'running'").await? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(10), "a pool left work behind");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
