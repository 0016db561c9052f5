//! `asset` by GraphQL over a large generated catalog, by a caller who may see a tenth of it.
//!
//! `asset [--assets 600000] [--seconds 10] [--connections 16] [--seed 1] [--dir FOLDER] [--statements yes]`.
//! A SQLite database is filled as the server would have filled it; then the server's own router answers on a socket of
//! 127.0.0.1, log lines written and thrown away, and connections that are kept alive ask for one asset after the other,
//! none twice. One request in ten names an asset that the caller may not see. The load generator runs in the same
//! process on the same processors; how they were shared is read from the threads' times.
//! With `--dir` a folder that was filled before with the same numbers is used again. With `--statements yes` nothing is
//! measured: the SQL texts of one read are printed.

mod client;
mod fill;
mod load;
mod names;
mod share;
mod site;
mod statements;
mod truth;

use crate::corpus::{self, Corpus};
use anyhow::{Context, Result, ensure};
use load::{Plan, Read};
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use truth::Truth;

/// So many answers are compared with the generator.
const CHECKED: usize = 200;

/// What the command line says.
struct Settings {
    assets: u32,
    seconds: u64,
    connections: usize,
    seed: u64,
    dir: Option<PathBuf>,
    statements: bool,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut settings =
            Self { assets: 600_000, seconds: 10, connections: 16, seed: 1, dir: None, statements: false };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value") };
            match name.as_str() {
                "--assets" => settings.assets = value.parse().context("--assets")?,
                "--seconds" => settings.seconds = value.parse().context("--seconds")?,
                "--connections" => settings.connections = value.parse().context("--connections")?,
                "--seed" => settings.seed = value.parse().context("--seed")?,
                "--dir" => settings.dir = Some(value.into()),
                "--statements" => settings.statements = value == "yes",
                other => anyhow::bail!("unknown argument {other}"),
            }
        }
        ensure!(settings.assets >= 1_000, "with fewer than 1,000 assets there is too little to ask for");
        ensure!(settings.connections > 0 && settings.seconds > 0, "connections and seconds must not be 0");
        Ok(settings)
    }
}

/// Fills, serves, asks, checks, prints.
pub fn run(arguments: &[String]) -> Result<()> {
    let settings = Settings::read(arguments)?;
    let scratch = tempfile::tempdir()?;
    let dir = settings.dir.clone().unwrap_or_else(|| scratch.path().to_owned());
    let counter = statements::start(settings.statements);
    let server = tokio::runtime::Builder::new_multi_thread().thread_name("server").enable_all().build()?;
    let corpus = Corpus::new(settings.assets, settings.seed);
    let filling = Instant::now();
    let site = server.block_on(site::Site::open(&dir))?;
    let rows = server.block_on(fill::fill(&site.app, &corpus))?;
    let mut out = std::io::stdout().lock();
    print_catalog(&mut out, &settings, &dir, rows, filling.elapsed())?;
    let door = server.block_on(site.serve())?;
    let plan = Plan::new(&corpus, settings.seed, door);
    if settings.statements {
        return statements::print(&plan, &counter, &mut out);
    }
    let length = Duration::from_secs(settings.seconds);
    let measured = load::run(&plan, settings.connections, length)?;
    print_reads(&mut out, &measured)?;
    share::print(&mut out, &measured.shares, measured.elapsed, measured.reads.len())?;
    let wrong = check(&mut out, &corpus, &measured.kept)?;
    let errors = measured.reads.iter().filter(|read| !read.right).count();
    writeln!(out, "errors               {errors}")?;
    server.block_on(site.close());
    ensure!(wrong == 0, "{wrong} answers differ from the generator");
    ensure!(errors == 0, "{errors} answers were no asset where there is one, or the other way round");
    Ok(())
}

fn print_catalog(out: &mut impl Write, settings: &Settings, dir: &Path, rows: u64, took: Duration) -> Result<()> {
    let bytes = std::fs::metadata(site::database(dir))?.len();
    writeln!(out, "assets               {}  (a tenth visible to the caller)", settings.assets)?;
    writeln!(out, "projects, domains    {}, {}", corpus::PROJECTS, corpus::DOMAINS)?;
    writeln!(out, "vocabulary           {} words, Zipf; seed {}", corpus::distinct_words(), settings.seed)?;
    writeln!(out, "database             SQLite, {:.0} MB", bytes as f64 / 1e6)?;
    match rows {
        0 => writeln!(out, "filled               before")?,
        rows => writeln!(out, "filled               {rows} rows in {:.1} s", took.as_secs_f64())?,
    }
    Ok(())
}

fn print_reads(out: &mut impl Write, measured: &load::Measured) -> Result<()> {
    let rate = measured.reads.len() as f64 / measured.elapsed.as_secs_f64();
    writeln!(out, "connections          {} kept alive", measured.connections)?;
    writeln!(out, "reads per second     {rate:.0}  over {:.1} s", measured.elapsed.as_secs_f64())?;
    print_line(out, "all", &measured.reads, |_| true)?;
    print_line(out, "visible", &measured.reads, |read| read.visible)?;
    print_line(out, "hidden: not_found", &measured.reads, |read| !read.visible)
}

fn print_line(out: &mut impl Write, name: &str, reads: &[Read], which: impl Fn(&Read) -> bool) -> Result<()> {
    let mut took: Vec<Duration> = reads.iter().filter(|read| which(read)).map(|read| read.took).collect();
    took.sort_unstable();
    let at = |share: f64| {
        let place = ((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1));
        took.get(place).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    let (median, high, worst) = (at(0.5), at(0.99), at(1.0));
    let count = took.len();
    writeln!(out, "{name:<20} {count:>8} reads   p50 {median:>8.3} ms   p99 {high:>8.3} ms   max {worst:>8.3} ms")?;
    Ok(())
}

fn check(out: &mut impl Write, corpus: &Corpus, kept: &[(u32, Vec<u8>)]) -> Result<usize> {
    let truth = Truth::new(corpus);
    let mut wrong = 0;
    let checked = kept.len().min(CHECKED);
    for (number, body) in kept.iter().take(CHECKED) {
        if let Some(difference) = truth.difference(*number, body) {
            writeln!(out, "wrong: asset {number}: {difference}")?;
            wrong += 1;
        }
    }
    writeln!(out, "checked              {checked} answers against the generator, {wrong} wrong")?;
    Ok(wrong)
}
