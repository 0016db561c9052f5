//! How much the engine, and one query, may use.

use std::{path::PathBuf, time::Duration};

/// What all queries of a process share.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Bytes of working memory for all queries together.
    pub memory_bytes: usize,
    /// Folder for data that does not fit into memory; its content is worthless after the query.
    pub spill_dir: PathBuf,
    /// Bytes one query may spill.
    pub spill_quota_bytes: u64,
    /// Threads that plan and execute; at least one.
    pub worker_threads: usize,
}

/// What one query may use. A query over a limit fails with an error that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rows of the result. Default: 1,000,000.
    pub rows: u64,
    /// Bytes read from storage, as stored. Default: 10 GiB.
    pub scanned_bytes: u64,
    /// Time from planning to the last row. Default: 2 minutes.
    pub wall: Duration,
    /// Working memory in bytes; beyond it sorts and groupings spill to disk. Default: 512 MiB.
    pub memory_bytes: usize,
    /// Bytes of the result as held in memory. Default: 1 GiB.
    pub result_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 1_000_000,
            scanned_bytes: 10 << 30,
            wall: Duration::from_secs(120),
            memory_bytes: 512 << 20,
            result_bytes: 1 << 30,
        }
    }
}
