//! Processes that work, as seen by the one that measures.

use anyhow::{Context, Result, ensure};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

/// Processes that wait for `go`.
#[derive(Debug)]
pub struct Crew(Vec<Member>);

#[derive(Debug)]
struct Member {
    child: Child,
    orders: ChildStdin,
    count: Arc<AtomicU64>,
    /// Runs that started, and when, in microseconds since 1970.
    stamps: mpsc::Receiver<(u32, u64)>,
    effects: JoinHandle<Result<Vec<u32>>>,
}

/// This program as a worker with so many pools.
pub fn own(address: &str, pools: usize, slots: i64, tell: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["work", address, &pools.to_string(), &slots.to_string(), tell]);
    Ok(command)
}

/// graphile-worker, in the folder where npm put it.
pub fn graphile(folder: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(folder.canonicalize()?.join("node_modules/node/bin/node"));
    command.current_dir(folder).arg("worker.mjs").args(arguments).env("NODE_ENV", "production");
    Ok(command)
}

impl Crew {
    /// Starts processes and waits until all are ready.
    pub fn start(commands: Vec<Command>) -> Result<Self> {
        let members: Result<Vec<_>> = commands.into_iter().map(Member::start).collect();
        members.map(Self)
    }

    /// Tells all of them something.
    pub fn tell(&mut self, order: &str) -> Result<()> {
        for member in &mut self.0 {
            writeln!(member.orders, "{order}")?;
            member.orders.flush()?;
        }
        Ok(())
    }

    /// How many runs they say they have worked off.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|member| member.count.load(Ordering::Relaxed)).sum()
    }

    /// The processes.
    pub fn pids(&self) -> Vec<u32> {
        self.0.iter().map(|member| member.child.id()).collect()
    }

    /// The next start that the first of them tells of.
    pub fn started(&self) -> Result<(u32, u64)> {
        Ok(self.0.first().context("nobody works")?.stamps.recv()?)
    }

    /// Stops them, and gives the numbers of all runs that ran.
    pub fn stop(mut self) -> Result<Vec<u32>> {
        self.tell("stop")?;
        let mut all = Vec::new();
        for mut member in self.0 {
            let effects = member.effects.join().map_err(|_| anyhow::anyhow!("a reader of a worker died"))??;
            ensure!(member.child.wait()?.success(), "a worker failed");
            all.extend(effects);
        }
        Ok(all)
    }
}

impl Member {
    fn start(mut command: Command) -> Result<Self> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("a worker did not start")?;
        let orders = child.stdin.take().context("a pipe")?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let first = lines.next().context("a worker ended before it was ready")??;
        ensure!(first == "ready", "a worker said {first:?}");
        let count = Arc::new(AtomicU64::new(0));
        let (stamp, stamps) = mpsc::channel();
        let counted = count.clone();
        let effects = std::thread::spawn(move || read(lines, &counted, &stamp));
        Ok(Self { child, orders, count, stamps, effects })
    }
}

/// Reads what a worker says, until its last line.
fn read(
    lines: impl Iterator<Item = std::io::Result<String>>,
    count: &AtomicU64,
    stamp: &mpsc::Sender<(u32, u64)>,
) -> Result<Vec<u32>> {
    for line in lines {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["count", number] => count.store(number.parse()?, Ordering::Relaxed),
            ["started", number, at] => stamp.send((number.parse()?, at.parse()?))?,
            ["effects", numbers] => {
                return numbers.split(',').filter(|part| !part.is_empty()).map(|part| Ok(part.parse()?)).collect();
            }
            _ => anyhow::bail!("a worker said {line:?}"),
        }
    }
    anyhow::bail!("a worker ended without saying what it did")
}
