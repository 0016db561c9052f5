//! The load: connections that ask as fast as they are answered, for ids that were not asked for before.

use super::{
    client::Client,
    share::{self, Times},
    site::Door,
};
use crate::corpus::{Corpus, is_visible};
use anyhow::{Result, ensure};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// One request in so many names a hidden asset.
const HIDDEN_EVERY: usize = 10;
/// The first requests fill caches of connections and statements; they are not measured.
const WARMING: usize = 200;
/// Answers that are kept for the comparison.
const KEPT: usize = 200;

/// What is asked for, in which order, and where.
pub struct Plan {
    pub door: Door,
    /// Number of the asset, and whether the caller may see it.
    pub order: Vec<(u32, bool)>,
}

impl Plan {
    /// All visible assets in a random order, hidden ones mixed in.
    pub fn new(corpus: &Corpus, seed: u64, door: Door) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let all = 0..corpus.documents;
        let (mut visible, mut hidden): (Vec<u32>, Vec<u32>) =
            all.partition(|number| is_visible(corpus.outline(*number).project));
        visible.shuffle(&mut random);
        hidden.shuffle(&mut random);
        let mut hidden = hidden.into_iter();
        let mut order = Vec::with_capacity(visible.len() + visible.len() / (HIDDEN_EVERY - 1));
        for (at, number) in visible.into_iter().enumerate() {
            order.push((number, true));
            if at % (HIDDEN_EVERY - 1) == 0 {
                order.extend(hidden.next().map(|number| (number, false)));
            }
        }
        Self { door, order }
    }
}

/// One read.
pub struct Read {
    pub took: Duration,
    pub visible: bool,
    /// Whether the answer was an asset exactly where there is one to see.
    pub right: bool,
}

/// What was measured.
pub struct Measured {
    pub connections: usize,
    pub reads: Vec<Read>,
    pub elapsed: Duration,
    /// Processor time that was used meanwhile.
    pub shares: Times,
    /// Some of the answers whole.
    pub kept: Vec<(u32, Vec<u8>)>,
}

/// What one connection gathered.
#[derive(Default)]
struct Gathered {
    reads: Vec<Read>,
    kept: Vec<(u32, Vec<u8>)>,
}

/// Asks on a thread of its own, until the time is over or every id was asked for.
pub fn run(plan: &Plan, connections: usize, length: Duration) -> Result<Measured> {
    let work = || -> Result<Measured> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure(plan, connections, length))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the load generator panicked")))
    })
}

async fn measure(plan: &Plan, connections: usize, length: Duration) -> Result<Measured> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(&plan.door).await?);
    }
    let next = AtomicUsize::new(0);
    let warming = clients.iter_mut().map(|client| ask(client, plan, &next, WARMING, Duration::MAX));
    futures::future::try_join_all(warming).await?;
    let before = share::of_threads()?;
    let started = Instant::now();
    let asking = clients.iter_mut().map(|client| ask(client, plan, &next, plan.order.len(), length));
    let gathered = futures::future::try_join_all(asking).await?;
    let elapsed = started.elapsed();
    let shares = share::since(&before, &share::of_threads()?);
    let mut measured = Measured { connections, reads: Vec::new(), elapsed, shares, kept: Vec::new() };
    for part in gathered {
        measured.reads.extend(part.reads);
        measured.kept.extend(part.kept);
    }
    ensure!(!measured.reads.is_empty(), "there was nothing left to ask for");
    Ok(measured)
}

/// Asks for one asset after the other, up to the place `end` of the order.
async fn ask(client: &mut Client, plan: &Plan, next: &AtomicUsize, end: usize, length: Duration) -> Result<Gathered> {
    let started = Instant::now();
    let mut gathered = Gathered::default();
    // Spread over the order, so that answers of the whole run are compared.
    let keep_every = (plan.order.len() / KEPT / 4).max(1);
    while started.elapsed() < length {
        let place = next.fetch_add(1, Ordering::Relaxed);
        if place >= end {
            // The place belongs to whoever asks afterwards.
            next.fetch_sub(1, Ordering::Relaxed);
            break;
        }
        let Some((number, visible)) = plan.order.get(place).copied() else { break };
        let asked = Instant::now();
        let answer = client.read(number).await?;
        let took = asked.elapsed();
        let right = answer.status == 200
            && answer.body.starts_with(b"{\"data\":{\"asset\":{") == visible
            && tail_holds(answer.body, b"\"not_found\"") != visible;
        if place.is_multiple_of(keep_every) {
            gathered.kept.push((number, answer.body.to_vec()));
        }
        gathered.reads.push(Read { took, visible, right });
    }
    Ok(gathered)
}

/// The code stands at the end of an answer, if at all.
fn tail_holds(body: &[u8], word: &[u8]) -> bool {
    let tail = body.get(body.len().saturating_sub(400)..).unwrap_or(body);
    tail.windows(word.len()).any(|part| part == word)
}
