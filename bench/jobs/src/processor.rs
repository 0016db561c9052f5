//! Processor time of processes on Linux, in clock ticks of 10 ms.

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};
use std::{fs, time::Duration};

/// What `/proc/PID/stat` says.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    ended: u64,
}

fn stat(pid: &str) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold spaces.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let (own, ended) = (number(11)? + number(12)?, number(13)? + number(14)?);
    Some(Stat { parent: u32::try_from(number(1)?).ok()?, own, ended })
}

/// Time that processes have used so far; those that have ended count nothing.
pub fn of(pids: &[u32]) -> Duration {
    ticks(pids.iter().filter_map(|pid| stat(&pid.to_string())).map(|stat| stat.own).sum())
}

/// Time that a PostgreSQL server on this machine has used so far, all its processes together.
pub fn of_server(postmaster: u32) -> Duration {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let used = pids.filter_map(|pid| {
        let stat = stat(&pid.to_string())?;
        if pid == postmaster { Some(stat.own + stat.ended) } else { (stat.parent == postmaster).then_some(stat.own) }
    });
    ticks(used.sum())
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 10)
}

/// The first process of the server behind an address.
pub async fn postmaster(address: &str) -> Result<u32> {
    let mut connection = PgConnection::connect(address).await?;
    let (pid,): (i32,) = sqlx::query_as("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
    let found = stat(&pid.to_string()).context("the server is not on this machine")?;
    connection.close().await?;
    Ok(found.parent)
}
