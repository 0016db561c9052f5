//! From start to the first signed-in answer, and memory at rest.
//!
//! `start --bin target/release/lakegate [--runs 9]`. A demo is seeded once; then the program is started on its folder again
//! and again. A run ends with the eleven rows of the sample table, asked for by a person who signed in after the start.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Who signs in, and what is asked.
const USER: &str = "olga";
const SQL: &str = "SELECT * FROM publish_environment_pub.catalog_sales";
const ROWS: usize = 11;

struct Settings {
    bin: PathBuf,
    runs: usize,
    password: String,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut settings = Self { bin: "target/release/lakegate".into(), runs: 9, password: String::new() };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value") };
            match name.as_str() {
                "--bin" => settings.bin = value.into(),
                "--runs" => settings.runs = value.parse().context("--runs")?,
                "--password" => settings.password = value.clone(),
                other => anyhow::bail!("unknown argument {other}"),
            }
        }
        ensure!(settings.runs > 0, "runs must not be 0");
        Ok(settings)
    }
}

/// Seeds, then starts and asks; prints medians.
pub fn run(arguments: &[String]) -> Result<()> {
    let settings = Settings::read(arguments)?;
    let folder = tempfile::tempdir()?;
    let seeding = Instant::now();
    drop(Server::start(&settings.bin, folder.path())?);
    let seeded = seeding.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut listening, mut answered, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..settings.runs {
        let begin = Instant::now();
        let server = Server::start(&settings.bin, folder.path())?;
        listening.push(begin.elapsed());
        let rows = runtime.block_on(ask(&server.url, &settings.password))?;
        answered.push(begin.elapsed());
        ensure!(rows == ROWS, "{rows} rows instead of {ROWS}");
        memory.push(server.resident_kib()?);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "first start with seeding: {:.2} s", seeded.as_secs_f64())?;
    writeln!(out, "| start to | median ms |\n|---|---|")?;
    writeln!(out, "| listening | {:.0} |", millis(listening))?;
    writeln!(out, "| first signed-in query's {ROWS} rows | {:.0} |", millis(answered))?;
    memory.sort_unstable();
    let resident = memory.get(memory.len() / 2).copied().unwrap_or_default();
    writeln!(
        out,
        "\nresident memory after that: {:.0} MB (median of {} starts)",
        resident as f64 / 1024.0,
        settings.runs
    )?;
    Ok(())
}

fn millis(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

async fn ask(url: &str, password: &str) -> Result<usize> {
    let client = reqwest::Client::new();
    let body = json!({ "username": USER, "password": password });
    let token: Value =
        client.post(format!("{url}/api/v1/auth/token")).json(&body).send().await?.error_for_status()?.json().await?;
    let token = token["access_token"].as_str().context("no access token")?.to_owned();
    let me: Value =
        client.get(format!("{url}/api/v1/me")).bearer_auth(&token).send().await?.error_for_status()?.json().await?;
    let project = me["projects"][0]["id"].as_str().context("no project")?.to_owned();
    let body = json!({ "sql": SQL, "project": project, "format": "json" });
    let answer: Value = client
        .post(format!("{url}/api/v1/query"))
        .bearer_auth(&token)
        .json(&body)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    Ok(answer["rows"].as_array().map_or(0, Vec::len))
}

/// A running server; ends when dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(bin: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(bin)
            .args(["demo", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", bin.display()))?;
        let stdout = child.stdout.take().context("no output")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            let event: Option<Value> = serde_json::from_str(&line).ok();
            if let Some(url) = event.as_ref().and_then(|event| event["url"].as_str()) {
                return Ok(Self { child, url: url.to_owned() });
            }
        }
        anyhow::bail!("the server ended before it listened")
    }

    fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        line.split_whitespace().nth(1).context("no number")?.parse().context("not a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
