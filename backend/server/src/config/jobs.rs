//! Work that is done later.

use chrono::TimeDelta;
use lakegate_app::jobs::Keep;
use lakegate_jobs::PoolSettings;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The section `jobs`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    /// Whether the server works on jobs itself. Without it somebody has to start `lakegate worker`.
    pub in_server: bool,
    /// Light work at once, such as looking for tables.
    pub light_slots: i64,
    /// Heavy work at once.
    pub heavy_slots: i64,
    /// Light work at once after the slots were full for long; they shrink again when that is over.
    pub light_slots_most: i64,
    /// Heavy work at once after the slots were full for long.
    pub heavy_slots_most: i64,
    /// Work of one project at once, over all processes.
    pub per_project: i64,
    /// Memory that the work of this process may declare together, in bytes.
    pub memory_bytes: u64,
    /// A worker that is not heard of for so many seconds has lost its work to others.
    pub lease_seconds: u64,
    /// Days that ended runs are kept.
    pub keep_days: i64,
    /// Ended runs of each kind that are kept, the latest.
    pub keep_runs: i64,
}

impl Default for Jobs {
    fn default() -> Self {
        let pool = PoolSettings::default();
        Self {
            in_server: true,
            light_slots: pool.light_slots,
            heavy_slots: pool.heavy_slots,
            light_slots_most: 32,
            heavy_slots_most: 2,
            per_project: pool.per_project,
            memory_bytes: pool.memory_bytes,
            lease_seconds: pool.lease.as_secs(),
            keep_days: 90,
            keep_runs: 100_000,
        }
    }
}

impl Jobs {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        let numbers = [
            ("light_slots", self.light_slots, 1, 1_000),
            ("heavy_slots", self.heavy_slots, 0, 1_000),
            ("light_slots_most", self.light_slots_most, 1, 1_000),
            ("heavy_slots_most", self.heavy_slots_most, 0, 1_000),
            ("per_project", self.per_project, 1, 1_000),
            ("lease_seconds", i64::try_from(self.lease_seconds).unwrap_or(i64::MAX), 5, 3_600),
            ("keep_days", self.keep_days, 1, 36_500),
            ("keep_runs", self.keep_runs, 10, 100_000_000),
        ];
        for (key, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                wrong.push(format!("jobs.{key}: {value} is not between {least} and {most}"));
            }
        }
        if self.memory_bytes < 256 << 20 {
            wrong.push(format!("jobs.memory_bytes: {} is less than 268435456 (256 MiB)", self.memory_bytes));
        }
    }

    /// What is kept of runs that have ended.
    pub fn keep(&self) -> Keep {
        Keep { age: TimeDelta::days(self.keep_days), runs: self.keep_runs }
    }

    /// How a process works. `shared` says whether other machines may use the database.
    pub fn pool(&self, shared: bool) -> PoolSettings {
        PoolSettings {
            name: format!("{} (process {})", host(), std::process::id()),
            light_slots: self.light_slots,
            heavy_slots: self.heavy_slots,
            light_slots_most: self.light_slots_most,
            heavy_slots_most: self.heavy_slots_most,
            per_project: self.per_project,
            memory_bytes: self.memory_bytes,
            lease: Duration::from_secs(self.lease_seconds),
            database_clock: shared,
            ..PoolSettings::default()
        }
    }
}

/// The machine's name, as far as it tells.
fn host() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    told.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".to_owned())
}
