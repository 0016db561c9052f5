//! How the workers of a process work.

use chrono::TimeDelta;
use std::time::Duration;

use crate::claim::Room;

/// How a process works.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Host and process, for people.
    pub name: String,
    pub version: String,
    /// Runs of light kinds at once, to begin with.
    pub light_slots: i64,
    /// Runs of heavy kinds at once, to begin with.
    pub heavy_slots: i64,
    /// Runs of light kinds at once where all slots were taken for long.
    pub light_slots_most: i64,
    /// Runs of heavy kinds at once where all slots were taken for long.
    pub heavy_slots_most: i64,
    /// Runs of one project at once, over all kinds and processes.
    pub per_project: i64,
    /// Memory that all runs may declare together, in bytes.
    pub memory_bytes: u64,
    /// A worker that is not heard of for this long has lost its runs.
    pub lease: Duration,
    /// How long work that is told to stop may take, before it is dropped.
    pub grace: Duration,
    /// How often the database is asked for work that nobody told of.
    pub poll: Duration,
    /// Whether leases run by the database's clock: where several machines share it.
    pub database_clock: bool,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            name: format!("process {}", std::process::id()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            light_slots: 8,
            heavy_slots: 1,
            light_slots_most: 8,
            heavy_slots_most: 1,
            per_project: 4,
            memory_bytes: 2 << 30,
            lease: Duration::from_secs(30),
            grace: Duration::from_secs(2),
            poll: Duration::from_secs(1),
            database_clock: false,
        }
    }
}

impl PoolSettings {
    pub(crate) fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX)
    }

    pub(crate) fn room(&self) -> Room {
        Room { light: self.light_slots, heavy: self.heavy_slots, memory_bytes: self.memory_bytes }
    }
}
