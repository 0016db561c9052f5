//! Governed queries against plain DataFusion over the same Parquet files.
//!
//! `governed [--gigabytes 1] [--runs 9] [--dir FOLDER]`. The two take turns, so that a drift of the machine meets both.
//! The fixed cost is measured on a table of eleven rows.

mod data;
mod plain;

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use lakegate_engine::{Engine, EngineConfig, GovernedTable, Limits, MaskKeys, QuerySpec};
use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Queries over the large table `t`, each with its name.
const QUERIES: &[(&str, &str)] = &[
    ("sum of a product", "SELECT sum(quantity * price) FROM bench.t"),
    ("filter and count", "SELECT count(*) FROM bench.t WHERE price > 500 AND quantity < 10"),
    (
        "group by 1,000 keys",
        "SELECT shop, count(*), sum(price), avg(quantity) FROM bench.t GROUP BY shop ORDER BY shop",
    ),
    ("top 20", "SELECT id, price FROM bench.t ORDER BY price DESC, id LIMIT 20"),
    ("text filter", "SELECT count(*) FROM bench.t WHERE note LIKE '%ab%'"),
];
/// Repetitions on the small table.
const SMALL_RUNS: usize = 300;

struct Settings {
    gigabytes: f64,
    runs: usize,
    dir: Option<PathBuf>,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut settings = Self { gigabytes: 1.0, runs: 9, dir: None };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value") };
            match name.as_str() {
                "--gigabytes" => settings.gigabytes = value.parse().context("--gigabytes")?,
                "--runs" => settings.runs = value.parse().context("--runs")?,
                "--dir" => settings.dir = Some(value.into()),
                other => anyhow::bail!("unknown argument {other}"),
            }
        }
        ensure!(settings.runs > 0 && settings.gigabytes > 0.0, "runs and gigabytes must not be 0");
        Ok(settings)
    }
}

/// Makes the data, runs both sides in turn, prints medians and ratios.
pub fn run(arguments: &[String]) -> Result<()> {
    let settings = Settings::read(arguments)?;
    let scratch = tempfile::tempdir()?;
    let dir = settings.dir.clone().unwrap_or_else(|| scratch.path().to_owned());
    let bytes = data::large(&dir.join("large"), settings.gigabytes)?;
    data::small(&dir.join("small"))?;
    let engine = engine(&scratch.path().join("spill"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{bytes} bytes of Parquet, {} alternating runs, medians", settings.runs)?;
    writeln!(out, "| query | plain ms | governed ms | governed / plain |\n|---|---|---|---|")?;
    let large = data::governed(&dir.join("large"))?;
    for (name, sql) in QUERIES {
        let pair = alternate(&runtime, &engine, &large, &dir.join("large"), sql, settings.runs)?;
        row(&mut out, name, pair)?;
    }
    let small = data::governed(&dir.join("small"))?;
    let pair = alternate(&runtime, &engine, &small, &dir.join("small"), "SELECT * FROM bench.t", SMALL_RUNS)?;
    row(&mut out, "all of 11 rows (fixed cost)", pair)?;
    Ok(())
}

fn engine(spill: &std::path::Path) -> Result<Engine> {
    let config = EngineConfig {
        memory_bytes: 4 << 30,
        spill_dir: spill.to_owned(),
        spill_quota_bytes: 4 << 30,
        worker_threads: std::thread::available_parallelism().map_or(2, usize::from),
    };
    Engine::new(config).map_err(|fault| anyhow::anyhow!("{fault:?}"))
}

fn row(out: &mut impl Write, name: &str, (plain, governed): (Duration, Duration)) -> Result<()> {
    let (plain, governed) = (plain.as_secs_f64() * 1e3, governed.as_secs_f64() * 1e3);
    writeln!(out, "| {name} | {plain:.2} | {governed:.2} | {:.3} |", governed / plain)?;
    Ok(())
}

fn alternate(
    runtime: &tokio::runtime::Runtime,
    engine: &Engine,
    table: &GovernedTable,
    dir: &std::path::Path,
    sql: &str,
    runs: usize,
) -> Result<(Duration, Duration)> {
    let (mut plain, mut governed) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let (first, rows_plain) = timed(|| runtime.block_on(plain::rows(dir, sql)))?;
        let (second, rows_governed) = timed(|| runtime.block_on(governed_rows(engine, table, sql)))?;
        ensure!(rows_plain == rows_governed, "{sql}: {rows_plain} rows plain, {rows_governed} governed");
        // The first round warms the files.
        if run > 0 {
            plain.push(first);
            governed.push(second);
        }
    }
    Ok((median(plain), median(governed)))
}

fn timed(work: impl FnOnce() -> Result<usize>) -> Result<(Duration, usize)> {
    let start = Instant::now();
    let rows = work()?;
    Ok((start.elapsed(), rows))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn governed_rows(engine: &Engine, table: &GovernedTable, sql: &str) -> Result<usize> {
    let limits = Limits { wall: Duration::from_secs(600), scanned_bytes: 1 << 40, ..Limits::default() };
    let spec = QuerySpec {
        sql: sql.to_owned(),
        tables: vec![table.clone()],
        default_database: None,
        limits,
        now: chrono::Utc::now(),
        mask_keys: MaskKeys { salt: [0; 16], hmac: [0; 32] },
    };
    let mut running = engine.start(spec).await.map_err(|fault| anyhow::anyhow!("{fault:?}"))?;
    let mut rows = 0;
    while let Some(batch) = running.stream.next().await {
        rows += batch.map_err(|fault| anyhow::anyhow!("{fault:?}"))?.num_rows();
    }
    Ok(rows)
}
