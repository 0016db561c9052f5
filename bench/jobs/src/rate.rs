//! Runs a second that do nothing, worked off by one process and by four, beside graphile-worker on the same server.
//!
//! All runs wait before the clock starts. It runs from the word `go` to processes that are up until the database holds
//! nothing that waits or is at work.

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection};
use std::{
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    crew::{self, Crew},
    fill,
    place::{self, Place, Server},
    processor,
    settings::Settings,
};

/// Who works.
enum Side<'a> {
    Own { slots: i64 },
    Graphile(&'a Path),
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Measured {
    took: Duration,
    workers: Duration,
    server: Duration,
}

/// Measures and prints.
pub async fn run(settings: &Settings) -> Result<()> {
    let runs = settings.runs_or(30_000);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{runs} runs each, the best of {}; SQLite synchronous=FULL", settings.repeat)?;
    if let Some(postgres) = &settings.postgres {
        writeln!(out, "{}", place::durability(postgres).await?)?;
    }
    writeln!(out, "{:<44} {:>9} {:>30}", "", "a second", "processor time a run")?;
    for server in Server::each(settings) {
        let mut sides: Vec<_> = settings.slots.iter().map(|slots| Side::Own { slots: *slots }).collect();
        if let (Server::Postgres(_), Some(folder)) = (&server, &settings.graphile) {
            sides.push(Side::Graphile(folder));
        }
        for side in &sides {
            for workers in [1, 4] {
                let best = best(&server, side, workers, (runs, settings.repeat)).await?;
                print(&mut out, &format!("{}, {workers} × {}", server.name(), side.name()), runs, best)?;
            }
        }
    }
    Ok(())
}

fn print(out: &mut impl Write, name: &str, runs: u32, measured: Measured) -> Result<()> {
    let rate = f64::from(runs) / measured.took.as_secs_f64();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(runs);
    let (workers, server) = (each(measured.workers), each(measured.server));
    writeln!(out, "{name:<44} {rate:>9.0} {:>6.0} µs = worker {workers:>4.0} + {server:>4.0}", workers + server)?;
    Ok(out.flush()?)
}

async fn best(server: &Server, side: &Side<'_>, workers: usize, (runs, repeat): (u32, usize)) -> Result<Measured> {
    let mut best: Option<Measured> = None;
    for _ in 0..repeat {
        let measured = side.measure(server, workers, runs).await?;
        if best.is_none_or(|best| measured.took < best.took) {
            best = Some(measured);
        }
    }
    best.context("nothing was measured")
}

impl Side<'_> {
    fn name(&self) -> String {
        match self {
            Self::Own { slots } => format!("Lakegate with {slots} slots"),
            Self::Graphile(_) => "graphile-worker".to_owned(),
        }
    }

    async fn measure(&self, server: &Server, workers: usize, runs: u32) -> Result<Measured> {
        let place = server.place().await?;
        self.fill(&place, runs).await?;
        place.settle().await?;
        let mut crew = Crew::start(self.commands(server, &place.address, workers)?)?;
        let measured = self.work_off(server, &place, &mut crew, runs).await?;
        check(&crew.stop()?, runs)?;
        self.check_database(&place, runs).await?;
        place.remove().await?;
        Ok(measured)
    }

    async fn fill(&self, place: &Place, runs: u32) -> Result<()> {
        match self {
            Self::Own { .. } => {
                let db = place.migrated().await?;
                fill::fill(&db, 0, runs).await?;
                db.close().await;
            }
            Self::Graphile(folder) => {
                let filled = crew::graphile(folder, &["fill", &place.address, &runs.to_string()])?.status()?;
                ensure!(filled.success(), "graphile-worker could not be filled");
            }
        }
        Ok(())
    }

    /// A worker is a process; on SQLite, which belongs to one process, it is a pool in it.
    fn commands(&self, server: &Server, address: &str, workers: usize) -> Result<Vec<Command>> {
        match (self, server) {
            (Self::Own { slots }, Server::Sqlite) => Ok(vec![crew::own(address, workers, *slots, "counts")?]),
            (Self::Own { slots }, Server::Postgres(_)) => {
                (0..workers).map(|_| crew::own(address, 1, *slots, "counts")).collect()
            }
            (Self::Graphile(folder), _) => (0..workers).map(|_| crew::graphile(folder, &["work", address])).collect(),
        }
    }

    async fn work_off(&self, server: &Server, place: &Place, crew: &mut Crew, runs: u32) -> Result<Measured> {
        let watch = place::open(&place.address).await?;
        let postmaster = match server {
            Server::Postgres(address) => Some(processor::postmaster(address).await?),
            Server::Sqlite => None,
        };
        let used = || (processor::of(&crew.pids()), postmaster.map(processor::of_server).unwrap_or_default());
        let (before, pids, begun) = (used(), crew.pids(), Instant::now());
        crew.tell("go")?;
        while crew.count() < u64::from(runs) {
            ensure!(begun.elapsed() < Duration::from_secs(600), "{} of {runs} runs after 600 s", crew.count());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        while !self.is_done(&watch, place).await? {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let took = begun.elapsed();
        let server = postmaster.map(processor::of_server).unwrap_or_default();
        watch.close().await;
        Ok(Measured { took, workers: processor::of(&pids) - before.0, server: server - before.1 })
    }

    async fn is_done(&self, watch: &lakegate_store::Db, place: &Place) -> Result<bool> {
        match self {
            Self::Own { .. } => fill::is_empty(watch).await,
            Self::Graphile(_) => Ok(graphile_jobs(&place.address).await? == 0),
        }
    }

    /// What the database says afterwards.
    async fn check_database(&self, place: &Place, runs: u32) -> Result<()> {
        if let Self::Graphile(_) = self {
            ensure!(graphile_jobs(&place.address).await? == 0, "graphile-worker has jobs left");
            return Ok(());
        }
        let db = place::open(&place.address).await?;
        let done = fill::count(&db, "SELECT COUNT(*) FROM job_runs WHERE state = 'succeeded' AND attempt = 1").await?;
        let tries = fill::count(&db, "SELECT COUNT(*) FROM job_attempts WHERE outcome = 'succeeded'").await?;
        db.close().await;
        ensure!((done, tries) == (i64::from(runs), i64::from(runs)), "{done} runs and {tries} attempts of {runs}");
        Ok(())
    }
}

async fn graphile_jobs(address: &str) -> Result<i64> {
    let mut connection = PgConnection::connect(address).await?;
    let sql = "SELECT COUNT(*) FROM graphile_worker._private_jobs";
    let (left,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(left)
}

/// Each run had its effect once.
fn check(effects: &[u32], runs: u32) -> Result<()> {
    let mut seen = vec![0_u32; usize::try_from(runs)?];
    for number in effects {
        *seen.get_mut(usize::try_from(*number)?).context("a run that nobody put in")? += 1;
    }
    let wrong = seen.iter().filter(|times| **times != 1).count();
    ensure!(wrong == 0, "{wrong} of {runs} runs had their effect more or less often than once");
    Ok(())
}
