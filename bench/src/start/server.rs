//! The program as a process of its own.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A running server; killed when dropped without [`Server::stop`].
pub struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts the demo on a folder; returns once it listens.
    pub fn start(bin: &Path, folder: &Path) -> Result<Self> {
        let mut child = Command::new(bin)
            .args(["demo", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", bin.display()))?;
        let stdout = child.stdout.take().context("no output")?;
        for line in BufReader::new(stdout).lines() {
            let event: Option<Value> = serde_json::from_str(&line?).ok();
            if let Some(url) = event.as_ref().and_then(|event| event["url"].as_str()) {
                return Ok(Self { child, url: url.to_owned() });
            }
        }
        anyhow::bail!("the server ended before it listened")
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Resident memory in KiB, pages of its own file among them.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        line.split_whitespace().nth(1).context("no number")?.parse().context("not a number")
    }

    /// Tells it to end, and waits until it did.
    pub fn stop(mut self) -> Result<()> {
        let told = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status()?;
        ensure!(told.success(), "the server could not be told to end");
        let ended = self.child.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has usually ended; then there is nothing to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
