//! The end of the load: all that is open comes to its end, bounded by how long nothing happens.

use lakegate_tests::Server;
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

use crate::{
    hand::Hand,
    load::{Ledger, ask_for_crawl},
    world::World,
};

/// Nothing ends for so long only if something is stuck.
const STILL: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is open: runs of the queue, runs of workflows, triggers that have gathered something.
const OPEN: &str = "SELECT (SELECT COUNT(*) FROM job_runs WHERE ended_at IS NULL),
    (SELECT COUNT(*) FROM workflow_runs WHERE state = 'running'),
    (SELECT COUNT(*) FROM job_triggers WHERE gathered > 0),
    (SELECT COUNT(*) FROM job_runs WHERE ended_at IS NOT NULL)";

/// Waits until nothing is open, looks once more through every source, which finds what came last, and waits again. Gives
/// how long it took.
pub async fn drained(app: &Server, world: &World, hand: &mut Hand<'_>, ledger: &Ledger) -> Duration {
    let begun = Instant::now();
    let mut database = PgConnection::connect(app.database_url().unwrap()).await.unwrap();
    nothing_is_open(&mut database).await;
    for (_, source) in world.sources() {
        ask_for_crawl(hand, &source.id, ledger).await;
    }
    nothing_is_open(&mut database).await;
    begun.elapsed()
}

async fn nothing_is_open(database: &mut PgConnection) {
    let (mut last, mut since) = (-1, Instant::now());
    loop {
        let open: (i64, i64, i64, i64) = sqlx::query_as(OPEN).fetch_one(&mut *database).await.unwrap();
        let (runs, flows, triggers, ended) = open;
        if (runs, flows, triggers) == (0, 0, 0) {
            return;
        }
        if ended != last {
            (last, since) = (ended, Instant::now());
        }
        let still = since.elapsed();
        assert!(
            still < STILL,
            "{runs} runs, {flows} workflows and {triggers} triggers are open, and nothing has ended for {still:?}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
