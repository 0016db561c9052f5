//! How much one upload or query may use.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The section `limits`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest upload in bytes. Default: 1 GiB.
    pub upload_bytes: u64,
    /// Rows of a query's result. Default: 1,000,000.
    pub query_rows: u64,
    /// Bytes a query may read from storage. Default: 10 GiB.
    pub query_scanned_bytes: u64,
    /// Seconds a query may take. Default: 120.
    pub query_seconds: u64,
    /// Working memory of one query in bytes. Default: 512 MiB.
    pub query_memory_bytes: u64,
    /// Working memory of all queries together, in bytes. Default: 2 GiB.
    pub all_queries_memory_bytes: u64,
    /// Bytes one query may spill to disk. Default: 10 GiB.
    pub query_spill_bytes: u64,
    /// Threads that run queries; 0 takes one for each processor.
    pub query_threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            upload_bytes: GIB,
            query_rows: 1_000_000,
            query_scanned_bytes: 10 * GIB,
            query_seconds: 120,
            query_memory_bytes: 512 * MIB,
            all_queries_memory_bytes: 2 * GIB,
            query_spill_bytes: 10 * GIB,
            query_threads: 0,
        }
    }
}

impl Limits {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        let positive = [
            ("upload_bytes", self.upload_bytes),
            ("query_rows", self.query_rows),
            ("query_scanned_bytes", self.query_scanned_bytes),
            ("query_seconds", self.query_seconds),
            ("query_memory_bytes", self.query_memory_bytes),
        ];
        for (key, _) in positive.into_iter().filter(|(_, value)| *value == 0) {
            wrong.push(format!("limits.{key}: this has to be more than 0"));
        }
        if self.query_memory_bytes > self.all_queries_memory_bytes {
            wrong.push("limits.all_queries_memory_bytes: one query alone may use more than that".to_owned());
        }
    }

    /// Threads that run queries.
    pub fn threads(&self) -> usize {
        if self.query_threads > 0 {
            return self.query_threads;
        }
        std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
    }
}
