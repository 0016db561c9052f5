//! From start to the first signed-in answer, and memory at rest.
//!
//! `start [--bin target/release/lakegate] [--runs 9] [--rest-seconds 5]`. A demo is seeded once and stopped; then the
//! program is started on its folder again and again, each time as a new process, and stopped as by Ctrl-C. A run ends
//! with the eleven rows of the sample table, asked for over HTTP by a person who signed in after the start. Memory is read
//! before the first request, once the program had a rest, and again after the rows.

mod server;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use server::Server;
use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Who signs in, where, and what is asked: a person, a project and a table of the demonstration.
const USER: &str = "olga";
const PASSWORD: &str = "walk along the lake";
const PROJECT: &str = "Sales producer project";
const SQL: &str = "SELECT * FROM publish_environment_pub.catalog_sales";
const ROWS: usize = 11;

struct Settings {
    bin: PathBuf,
    runs: usize,
    rest: Duration,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut settings = Self { bin: "target/release/lakegate".into(), runs: 9, rest: Duration::from_secs(5) };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { anyhow::bail!("{pair:?} has no value") };
            match name.as_str() {
                "--bin" => settings.bin = value.into(),
                "--runs" => settings.runs = value.parse().context("--runs")?,
                "--rest-seconds" => settings.rest = Duration::from_secs(value.parse().context("--rest-seconds")?),
                other => anyhow::bail!("unknown argument {other}"),
            }
        }
        ensure!(settings.runs > 0, "runs must not be 0");
        Ok(settings)
    }
}

/// What the runs gave.
#[derive(Default)]
struct Measured {
    listening: Vec<Duration>,
    answered: Vec<Duration>,
    /// Resident memory in KiB after the rows.
    after_rows: Vec<u64>,
}

/// Seeds, then starts and asks; prints medians.
pub fn run(arguments: &[String]) -> Result<()> {
    let settings = Settings::read(arguments)?;
    let folder = tempfile::tempdir()?;
    let seeding = Instant::now();
    let first = Server::start(&settings.bin, folder.path())?;
    let seeded = seeding.elapsed();
    first.stop()?;
    // The client is ready before the clock runs: it reads certificates.
    let client = reqwest::Client::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut measured = Measured::default();
    for _ in 0..settings.runs {
        let begin = Instant::now();
        let server = Server::start(&settings.bin, folder.path())?;
        measured.listening.push(begin.elapsed());
        let rows = runtime.block_on(ask(&client, server.url()))?;
        measured.answered.push(begin.elapsed());
        ensure!(rows == ROWS, "{rows} rows instead of {ROWS}");
        measured.after_rows.push(server.resident_kib()?);
        server.stop()?;
    }
    let resting = Server::start(&settings.bin, folder.path())?;
    std::thread::sleep(settings.rest);
    let at_rest = resting.resident_kib()?;
    resting.stop()?;
    print(&settings, seeded, measured, at_rest)
}

fn print(settings: &Settings, seeded: Duration, measured: Measured, at_rest: u64) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mb = |kib: u64| kib as f64 * 1024.0 / 1e6;
    writeln!(out, "program: {}, {} starts", settings.bin.display(), settings.runs)?;
    writeln!(out, "first start, which seeds the demo: {:.2} s", seeded.as_secs_f64())?;
    writeln!(out, "| from the start of the process to | median ms | slowest ms |\n|---|---|---|")?;
    for (what, mut times) in [("listening", measured.listening), ("the first rows", measured.answered)] {
        times.sort_unstable();
        let millis = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let (median, slowest) = (millis(times.get(times.len() / 2)), millis(times.last()));
        writeln!(out, "| {what} | {median:.0} | {slowest:.0} |")?;
    }
    let mut after = measured.after_rows;
    after.sort_unstable();
    let after = after.get(after.len() / 2).copied().unwrap_or_default();
    let rest = settings.rest.as_secs();
    writeln!(out, "| resident memory | MB |\n|---|---|")?;
    writeln!(out, "| at rest, {rest} s after the start, nothing asked | {:.0} |", mb(at_rest))?;
    writeln!(out, "| after signing in and the rows (median) | {:.0} |", mb(after))?;
    Ok(())
}

async fn ask(client: &reqwest::Client, url: &str) -> Result<usize> {
    let body = json!({ "username": USER, "password": PASSWORD });
    let token = answer(client.post(format!("{url}/api/v1/auth/token")).json(&body)).await?;
    let token = token["access_token"].as_str().context("no access token")?.to_owned();
    let me = answer(client.get(format!("{url}/api/v1/me")).bearer_auth(&token)).await?;
    let mut projects = me["projects"].as_array().into_iter().flatten().map(|membership| &membership["project"]);
    let project = projects.find(|project| project["name"] == PROJECT).context("no such project")?;
    let body = json!({ "sql": SQL, "project": project["id"], "format": "json" });
    let result = answer(client.post(format!("{url}/api/v1/query")).bearer_auth(&token).json(&body)).await?;
    Ok(result["rows"].as_array().map_or(0, Vec::len))
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value> {
    let response = request.send().await?;
    let (status, text) = (response.status(), response.text().await?);
    ensure!(status.is_success(), "{status}: {text}");
    Ok(serde_json::from_str(&text)?)
}
