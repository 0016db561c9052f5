//! The mixed load, and the ledger of what was acknowledged.

use lakegate_tests::answer::id;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};
use uuid::Uuid;

use crate::{
    Plan,
    hand::Hand,
    processes::Fleet,
    world::{BY_HAND, World},
};

const CRAWL: &str = "mutation ($id: ID!) { runDataSource(id: $id) { problem { code message } run { id } } }";
const CANCEL: &str = "mutation ($id: ID!) { cancelJobRun(id: $id) { ok problem { code message } } }";
const START: &str = "mutation ($id: ID!, $input: JSON) { startWorkflow(id: $id, input: $input) {
    problem { code message } flow { run { id } } } }";
const CANCEL_FLOW: &str = "mutation ($id: ID!) { cancelWorkflowRun(id: $id) { problem { code message } } }";

/// Between two crawls that somebody asks for: mostly one is open already over the source, and is the answer. Often, so that
/// servers die over requests.
const CRAWL_EVERY: Duration = Duration::from_millis(150);
/// Between two workflows that somebody starts.
const SWEEP_EVERY: Duration = Duration::from_secs(3);

/// What servers have acknowledged, and what was asked of them that makes runs end otherwise.
#[derive(Debug, Default, Clone)]
pub struct Said {
    pub crawls: BTreeSet<Uuid>,
    pub flows: BTreeSet<Uuid>,
    /// Somebody asked to cancel them; the answer may have been lost.
    pub unwanted_runs: BTreeSet<Uuid>,
    pub unwanted_flows: BTreeSet<Uuid>,
    /// Tables that were put under a source of a place, by the number of the place.
    pub tables: BTreeSet<(usize, String)>,
    pub unanswered: u64,
}

#[derive(Debug, Default)]
pub struct Ledger(Mutex<Said>);

impl Ledger {
    pub fn write(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap()
    }

    pub fn take(self) -> Said {
        self.0.into_inner().unwrap()
    }
}

/// Everything at once, until the time is over.
pub async fn run(fleet: &Fleet, world: &World, ledger: &Ledger, (plan, until, seed): (Plan, Instant, u64)) {
    tokio::join!(
        crawl(fleet, world, ledger, (until, seed.wrapping_add(1))),
        crawl(fleet, world, ledger, (until, seed.wrapping_add(2))),
        sweep(fleet, world, ledger, (until, seed.wrapping_add(3))),
        put(world, ledger, (plan, until)),
    );
}

/// Asks for a crawl of a source and remembers what was acknowledged: another run may be open over it already.
pub async fn ask_for_crawl(hand: &mut Hand<'_>, source: &str, ledger: &Ledger) -> Uuid {
    let begun = hand.ask(CRAWL, json!({ "id": source })).await;
    assert!(begun["problem"].is_null(), "{begun}");
    let run = uuid(&begun["run"]);
    ledger.write().crawls.insert(run);
    run
}

/// Mostly of the sources that nothing else starts alone: what somebody waits for goes first, and schedules would starve.
async fn crawl(fleet: &Fleet, world: &World, ledger: &Ledger, (until, seed): (Instant, u64)) {
    let (mut hand, mut random) = (Hand::of(fleet, "olga"), StdRng::seed_from_u64(seed));
    while pause(CRAWL_EVERY, until).await {
        let place = &world.places[random.gen_range(0..world.places.len())];
        let number = if random.gen_ratio(7, 8) { BY_HAND } else { random.gen_range(0..place.sources.len()) };
        let run = ask_for_crawl(&mut hand, &place.sources[number].id, ledger).await;
        if random.gen_ratio(1, 20) {
            ledger.write().unwanted_runs.insert(run);
            let told = hand.ask(CANCEL, json!({ "id": run })).await;
            assert!(told["ok"] == true || told["problem"]["code"] == "conflict", "{told}");
        }
    }
    ledger.write().unanswered += hand.unanswered;
}

/// Starts the workflows over all sources of a place, and stops one of five.
async fn sweep(fleet: &Fleet, world: &World, ledger: &Ledger, (until, seed): (Instant, u64)) {
    let (mut hand, mut random) = (Hand::of(fleet, "olga"), StdRng::seed_from_u64(seed));
    while pause(SWEEP_EVERY, until).await {
        let place = &world.places[random.gen_range(0..world.places.len())];
        let sources: Vec<&str> = place.sources.iter().map(|source| source.id.as_str()).collect();
        let begun = hand.ask(START, json!({ "id": place.sweep, "input": { "sources": sources } })).await;
        assert!(begun["problem"].is_null(), "{begun}");
        let flow = uuid(&begun["flow"]["run"]);
        ledger.write().flows.insert(flow);
        if random.gen_ratio(1, 5) {
            ledger.write().unwanted_flows.insert(flow);
            let told = hand.ask(CANCEL_FLOW, json!({ "id": flow })).await;
            assert!(told["problem"].is_null() || told["problem"]["code"] == "conflict", "{told}");
        }
    }
    ledger.write().unanswered += hand.unanswered;
}

/// Puts tables under one source after the other.
async fn put(world: &World, ledger: &Ledger, (plan, until): (Plan, Instant)) {
    for (number, (place, source)) in world.sources().collect::<Vec<_>>().into_iter().cycle().enumerate() {
        let table = format!("{}_t{number}", source.name);
        world.put(source, &table);
        ledger.write().tables.insert((place, table));
        if !pause(plan.put_every, until).await {
            return;
        }
    }
}

/// Lets some time pass between two requests of the load. Whether there is time left.
async fn pause(pause: Duration, until: Instant) -> bool {
    tokio::time::sleep(pause).await;
    Instant::now() < until
}

fn uuid(value: &Value) -> Uuid {
    id(value).parse().unwrap()
}
