//! Who had the processors: the times of this process's threads, by what they do.

use anyhow::{Context, Result};
use std::{collections::BTreeMap, fs, io::Write, time::Duration};

/// Length of the kernel's unit of processor time.
const TICK: Duration = Duration::from_millis(10);

/// Processor time by the name of the threads.
pub type Times = BTreeMap<&'static str, Duration>;

/// The times so far.
pub fn of_threads() -> Result<Times> {
    let mut times = Times::new();
    for thread in fs::read_dir("/proc/self/task")? {
        // A thread may end while it is looked at.
        let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else { continue };
        let (name, ticks) = parse(&stat).context("a thread's times")?;
        *times.entry(part(name)).or_default() += TICK * ticks;
    }
    Ok(times)
}

/// The name stands in brackets; user and system time are the fields 14 and 15.
fn parse(stat: &str) -> Option<(&str, u32)> {
    let (_, rest) = stat.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some((name, fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?))
}

fn part(name: &str) -> &'static str {
    match name {
        "load" => "load generator",
        name if name.starts_with("sqlx-sqlite") => "server: database",
        name if name.starts_with("server") => "server: requests",
        _ => "other",
    }
}

/// What was added meanwhile.
pub fn since(before: &Times, after: &Times) -> Times {
    let added = |(name, time): (&&'static str, &Duration)| {
        (*name, time.saturating_sub(before.get(name).copied().unwrap_or_default()))
    };
    after.iter().map(added).collect()
}

/// Prints the shares of one processor, and the time of a read.
pub fn print(out: &mut impl Write, shares: &Times, elapsed: Duration, reads: usize) -> Result<()> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    writeln!(out, "processors           {processors}, shared by server and load generator")?;
    for (name, time) in shares {
        let share = time.as_secs_f64() / elapsed.as_secs_f64();
        let each = time.as_secs_f64() * 1e6 / reads.max(1) as f64;
        writeln!(out, "  {name:<18} {share:.2} processors   {each:>6.0} µs a read")?;
    }
    Ok(())
}
