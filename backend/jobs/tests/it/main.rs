//! The queue on both databases: what goes in comes out once, in a fair order, whatever dies on the way.
//!
//! The PostgreSQL half runs if `LAKEGATE_TEST_POSTGRES` holds the address of a server on which databases may be created.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batches;
mod bench_kind;
mod claims;
mod cron;
#[path = "../../../store/tests/store/databases.rs"]
#[allow(dead_code)]
mod databases;
mod endurance;
mod endurance_hands;
mod endurance_kind;
mod leases;
mod locks;
mod pool;
mod schedules;
mod simulation;
mod triggers;
mod workflow_backfills;
mod workflow_bench;
mod workflow_ends;
mod workflow_graphs;
mod workflows;
