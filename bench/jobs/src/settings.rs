//! What the command line says.

use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of a PostgreSQL server on which databases may be made; without it SQLite alone is measured.
    pub postgres: Option<String>,
    /// The folder of graphile-worker with what npm installs; without it nothing is measured beside.
    pub graphile: Option<PathBuf>,
    /// Runs that are worked off, or latencies that are taken.
    pub runs: u32,
    /// How often each is measured; the best is printed.
    pub repeat: usize,
    /// Slots of a worker.
    pub slots: Vec<i64>,
    /// How many wait while claims are measured.
    pub waiting: Vec<u32>,
}

impl Settings {
    /// Reads pairs of a name and a value.
    pub fn read(arguments: &[String]) -> Result<Self> {
        let mut settings = Self {
            postgres: None,
            graphile: None,
            runs: 0,
            repeat: 3,
            slots: vec![8, 100],
            waiting: vec![1_000, 100_000, 1_000_000],
        };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { bail!("{pair:?} has no value") };
            match name.as_str() {
                "--postgres" => settings.postgres = Some(value.clone()),
                "--graphile" => settings.graphile = Some(value.into()),
                "--runs" => settings.runs = value.parse().context("--runs")?,
                "--repeat" => settings.repeat = value.parse().context("--repeat")?,
                "--slots" => settings.slots = numbers(value).context("--slots")?,
                "--waiting" => settings.waiting = numbers(value).context("--waiting")?,
                other => bail!("unknown argument {other}"),
            }
        }
        ensure!(settings.repeat > 0, "--repeat must not be 0");
        Ok(settings)
    }

    /// How many runs, where the command line does not say.
    pub fn runs_or(&self, usual: u32) -> u32 {
        if self.runs == 0 { usual } else { self.runs }
    }
}

fn numbers<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<Vec<T>> {
    text.split(',').map(|part| Ok(part.parse()?)).collect()
}
