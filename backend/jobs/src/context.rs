//! What the work of a run sees of the queue.

use lakegate_model::{
    Code, Fault, Timestamp,
    jobs::{JobProgress, JobRun},
    words::LogLevel,
};
use lakegate_store::{
    WriteTx,
    job_claims::{self as store, Claim},
    job_logs::NewLine,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

use crate::Queue;

/// Longest line of a log, in bytes.
const LINE: usize = 2_000;
/// Lines that wait to be written; work that says more at once loses the rest.
const PENDING: usize = 1_000;

/// Why a run is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Somebody cancelled it.
    Cancel,
    /// Another worker has it.
    Lost,
    /// This worker stops.
    Shutdown,
}

/// One attempt at a run, as the work sees it.
#[derive(Debug)]
pub struct RunContext {
    run: JobRun,
    queue: Queue,
    stop: CancellationToken,
    reason: Mutex<Option<Stop>>,
    told: Mutex<Told>,
}

/// What the work said and nobody has written yet.
#[derive(Debug, Default)]
struct Told {
    progress: JobProgress,
    lines: Vec<NewLine>,
    changed: bool,
}

impl RunContext {
    pub(crate) fn new(run: JobRun, queue: Queue) -> Self {
        let told = Told { progress: JobProgress::default(), lines: Vec::new(), changed: false };
        Self { run, queue, stop: CancellationToken::new(), reason: Mutex::new(None), told: Mutex::new(told) }
    }

    /// The run.
    pub fn run(&self) -> &JobRun {
        &self.run
    }

    /// The run and its fencing number.
    pub fn claim(&self) -> Claim {
        (self.run.id, self.run.attempt)
    }

    /// Cancelled when the work has to stop.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.stop
    }

    /// The fault with which work ends that was told to stop.
    pub fn stopped() -> Fault {
        Fault::new(Code::Cancelled, "the run was cancelled")
    }

    /// Makes the run's row part of a transaction: what it writes counts only if the run is still this worker's and
    /// nobody cancelled it.
    ///
    /// # Errors
    /// `cancelled` if it is not; end the work with it.
    pub async fn hold(&self, tx: &mut WriteTx) -> Result<(), Fault> {
        if store::holds(tx, self.claim(), self.queue.now()).await? { Ok(()) } else { Err(Self::stopped()) }
    }

    /// Says how far the work is. It is written within a second or so.
    pub fn progress(&self, change: impl FnOnce(&mut JobProgress)) {
        let mut told = self.told();
        change(&mut told.progress);
        told.changed = true;
    }

    /// Keeps a line in the run's log. Secrets in addresses and settings are masked; long lines are cut.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        let message = clean(message.into());
        let at = self.queue.now();
        let mut told = self.told();
        if told.lines.len() < PENDING {
            told.lines.push(NewLine { at, level, message });
        }
        told.changed = true;
    }

    /// Now, by the queue's clock.
    pub fn now(&self) -> Timestamp {
        self.queue.now()
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Tells the work to stop; the first reason stands.
    pub(crate) fn tell(&self, reason: Stop) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.stop.cancel();
    }

    pub(crate) fn reason(&self) -> Option<Stop> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn last_progress(&self) -> JobProgress {
        self.told().progress.clone()
    }

    /// The lines not yet written, to be written now.
    pub(crate) fn take_lines(&self) -> Vec<NewLine> {
        std::mem::take(&mut self.told().lines)
    }

    /// Puts lines back that could not be written.
    pub(crate) fn give_lines(&self, mut lines: Vec<NewLine>) {
        let mut told = self.told();
        lines.append(&mut told.lines);
        told.lines = lines;
    }

    /// Whether something was said since this was asked last.
    pub(crate) fn take_changed(&self) -> bool {
        std::mem::take(&mut self.told().changed)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line without line breaks and secrets, at its longest.
fn clean(message: String) -> String {
    let mut line = mask(&message).replace(['\n', '\r', '\0'], " ");
    if line.len() > LINE {
        let end = (0..=LINE).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
        line.truncate(end);
        line.push('…');
    }
    line
}

/// Words whose value is a secret.
const SECRET: [&str; 6] = ["password", "secret", "token", "passwd", "access_key", "authorization"];

/// Hides what stands as user information in an address, and the value behind a secret word.
fn mask(text: &str) -> String {
    text.split(' ').map(mask_word).collect::<Vec<_>>().join(" ")
}

fn mask_word(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if let Some((name, _)) = word.split_once(['=', ':'])
        && SECRET.iter().any(|secret| lower[..name.len()].ends_with(secret))
    {
        return format!("{}***", &word[..=name.len()]);
    }
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((_, host)) = rest.split_once('@')
    {
        return format!("{scheme}://***@{host}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_no_secrets_and_no_breaks() {
        assert_eq!(clean("read s3://key:word@host/a?b\nnext".into()), "read s3://***@host/a?b next");
        assert_eq!(
            clean("with PASSWORD=hunter2 and db_token:abc fine=1".into()),
            "with PASSWORD=*** and db_token:*** fine=1"
        );
        assert_eq!(clean("ä".repeat(2_000)).chars().count(), 1_001);
    }
}
