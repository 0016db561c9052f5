//! What one query has used, and why it must stop: shared by planning, scans, execution and the caller.

use lakegate_model::{Code, Fault};
use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;

/// Why a query ends early. The first reason counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    Wall,
    Scanned,
    Rows,
    Result,
    /// A file is no longer the one of the table's version.
    Changed,
    /// The storage refused or failed.
    Storage,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query was stopped ({self:?})")
    }
}
impl std::error::Error for Stop {}

/// What a query has used so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Rows handed out.
    pub rows: u64,
    /// Bytes read from storage, as stored, of tables that the caller reads whole: those of others would tell of what is
    /// withheld from him. The limit counts all.
    pub scanned_bytes: u64,
    /// Bytes of the rows handed out, as held in memory.
    pub result_bytes: u64,
    /// From the start of planning until now, or until the end.
    pub elapsed: Duration,
    /// The most working memory reserved at once, in bytes.
    pub peak_memory_bytes: usize,
}

/// The running account of one query.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub limits: Limits,
    started: Instant,
    ended: OnceLock<Duration>,
    stopped: OnceLock<Stop>,
    token: CancellationToken,
    scanned: AtomicU64,
    scanned_shown: AtomicU64,
    rows: AtomicU64,
    result_bytes: AtomicU64,
    peak_memory: AtomicUsize,
}

impl Ledger {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            started: Instant::now(),
            ended: OnceLock::new(),
            stopped: OnceLock::new(),
            token: CancellationToken::new(),
            scanned: AtomicU64::new(0),
            scanned_shown: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            result_bytes: AtomicU64::new(0),
            peak_memory: AtomicUsize::new(0),
        }
    }

    /// Ends the query for this reason, unless another came first.
    pub fn stop(&self, reason: Stop) -> Stop {
        let first = *self.stopped.get_or_init(|| reason);
        self.token.cancel();
        first
    }
    /// The reason to stop, if there is one; also looks at the clock.
    pub fn stopped(&self) -> Option<Stop> {
        if self.stopped.get().is_none() && self.ended.get().is_none() && self.started.elapsed() >= self.limits.wall {
            return Some(self.stop(Stop::Wall));
        }
        self.stopped.get().copied()
    }
    /// Resolves once the query is to stop for another reason than time.
    pub async fn wait_for_stop(&self) {
        self.token.cancelled().await;
    }
    /// The moment at which time is up.
    pub fn deadline(&self) -> Instant {
        self.started + self.limits.wall
    }

    /// Counts bytes that came from storage; `shown` for those of tables that the caller reads whole.
    pub fn scanned(&self, bytes: u64, shown: bool) -> Result<(), Stop> {
        if shown {
            self.scanned_shown.fetch_add(bytes, Ordering::Relaxed);
        }
        let total = self.scanned.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if total > self.limits.scanned_bytes { Err(self.stop(Stop::Scanned)) } else { Ok(()) }
    }
    /// Counts rows that go to the caller.
    pub fn handed_out(&self, rows: u64, bytes: u64) -> Result<(), Stop> {
        if self.rows.fetch_add(rows, Ordering::Relaxed) + rows > self.limits.rows {
            return Err(self.stop(Stop::Rows));
        }
        if self.result_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limits.result_bytes {
            return Err(self.stop(Stop::Result));
        }
        Ok(())
    }
    /// Remembers the most memory reserved at once.
    pub fn reserved(&self, bytes: usize) {
        self.peak_memory.fetch_max(bytes, Ordering::Relaxed);
    }
    /// Stops the clock of the report.
    pub fn end(&self) {
        self.ended.get_or_init(|| self.started.elapsed());
    }

    pub fn report(&self) -> Report {
        Report {
            rows: self.rows.load(Ordering::Relaxed),
            scanned_bytes: self.scanned_shown.load(Ordering::Relaxed),
            result_bytes: self.result_bytes.load(Ordering::Relaxed),
            elapsed: self.ended.get().copied().unwrap_or_else(|| self.started.elapsed()),
            peak_memory_bytes: self.peak_memory.load(Ordering::Relaxed),
        }
    }

    /// The sentence for a reason.
    pub fn fault(&self, reason: Stop) -> Fault {
        let limits = &self.limits;
        match reason {
            Stop::Cancelled => Fault::new(Code::Cancelled, "the query was cancelled"),
            Stop::Wall => over("time", &format!("{} s", limits.wall.as_secs_f64())),
            Stop::Scanned => over("scanned bytes", &limits.scanned_bytes.to_string()),
            Stop::Rows => over("result rows", &limits.rows.to_string()).fix("add a LIMIT or narrow the conditions"),
            Stop::Result => over("result bytes", &limits.result_bytes.to_string()),
            Stop::Changed => Fault::new(Code::Conflict, "the data changed while reading")
                .fix("run the query again; if it keeps failing, run the data source that brings the table in"),
            Stop::Storage => Fault::new(Code::Dependency, "the storage that holds the data did not answer as expected"),
        }
    }
}

/// An error that names a limit, its value and who may raise it.
pub(crate) fn over(limit: &str, value: &str) -> Fault {
    Fault::new(Code::LimitExceeded, format!("the query went over the limit of {limit}, which is {value}"))
        .fix("narrow the query; an administrator may raise the limit in the settings of queries")
}
