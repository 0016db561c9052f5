//! Two servers and three workers on one PostgreSQL, under mixed load, while one process after the other is killed: nothing
//! is lost, nothing is done twice, schedules fire once, and what the dead held is found again in time.
//!
//! At scale 1 it takes fifteen seconds of load with a kill every two; at scale 40 and more ten minutes with one every five.
//! The moments and the victims are drawn; a failure shows its seed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod drain;
mod hand;
mod judge;
mod judge_starts;
mod kills;
mod load;
mod processes;
mod rows;
mod world;

use lakegate_tests::{Database, Options, Server};
use std::time::{Duration, Instant};

use crate::{drain::drained, hand::Hand, judge::Evidence, kills::Killer, load::Ledger, processes::Fleet, world::World};

/// A process that is not heard of for so long has lost its runs; the least that can be configured.
pub const LEASE: Duration = Duration::from_secs(5);

/// How long the load lasts, and how often a process is killed.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub load: Duration,
    pub kill_every: Duration,
    /// Between two tables that are put under the sources.
    pub put_every: Duration,
    /// Seconds between two ticks that have a run each; a slow machine keeps up with the ten minutes.
    pub tick_seconds: u64,
}

impl Plan {
    fn of_scale(scale: u64) -> Self {
        let seconds = Duration::from_secs;
        if scale == 1 {
            return Self { load: seconds(15), kill_every: seconds(2), put_every: seconds(1), tick_seconds: 3 };
        }
        Self { load: seconds((15 * scale).min(600)), kill_every: seconds(5), put_every: seconds(6), tick_seconds: 10 }
    }
}

/// Few slots in each process, so that every one of them has something in its hands.
fn options(database: Database) -> Options {
    let jobs =
        format!("[jobs]\nlease_seconds = {}\nlight_slots = 2\nlight_slots_most = 2\nper_project = 8", LEASE.as_secs());
    Options::default().on(database).toml(&jobs)
}

#[tokio::test]
async fn a_fleet_that_is_killed_again_and_again_loses_nothing() {
    let Some(database) = Database::postgres(module_path!()) else { return };
    let plan = Plan::of_scale(lakegate_tests::scale());
    let seed = lakegate_tests::seed();
    let mut app = Server::start(options(database)).await;
    let world = World::make(&app).await;
    assert_eq!(app.stop().await, Some(0), "the server in which all was set up ends in order");

    let fleet = Fleet::start(&app).await;
    let mut hand = Hand::of(&fleet, "olga");
    let schedules = world.schedule(&mut hand, plan).await;
    let (ledger, until) = (Ledger::default(), Instant::now() + plan.load);
    let mut killer = Killer::new(&fleet, app.database_url().unwrap(), seed).await;
    tokio::join!(killer.kill_until(until, plan), load::run(&fleet, &world, &ledger, (plan, until, seed)));
    fleet.is_up().await;

    world.rest(&mut hand, &schedules).await;
    let drained = drained(&app, &world, &mut hand, &ledger).await;
    let evidence = Evidence { seed, plan, ledger: ledger.take(), kills: killer.done(), drained };
    judge::judge(&app, &world, &fleet, &evidence).await;
    fleet.stop().await;
    for command in [["doctor", "--deep"], ["audit", "verify"]] {
        app.command(&command).await.ok();
    }
    app.finish().await;
}
