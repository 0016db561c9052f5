//! Which SQL texts one read takes: for whoever wants to make it cheaper.

use super::{client::Client, load::Plan};
use anyhow::{Context as _, Result};
use std::{
    fmt::Debug,
    io::Write,
    mem::take,
    sync::{Arc, Mutex, PoisonError},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

/// The texts seen so far.
pub type Seen = Arc<Mutex<Vec<String>>>;

/// Starts logging: as the server does, into nothing; or, if they are wanted, the statements alone.
pub fn start(wanted: bool) -> Seen {
    let seen = Seen::default();
    let started = if wanted {
        let filter = EnvFilter::new("sqlx::query=debug");
        tracing_subscriber::registry().with(Statements(Arc::clone(&seen)).with_filter(filter)).try_init()
    } else {
        let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::sink);
        tracing_subscriber::registry().with(json.with_filter(EnvFilter::new("info"))).try_init()
    };
    debug_assert!(started.is_ok(), "nothing else logs here");
    seen
}

struct Statements(Seen);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.0);
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            value.clone_into(&mut self.0);
        }
    }
}

/// Asks for an asset that may be seen, then for one that may not, and prints the texts of each.
pub fn print(plan: &Plan, seen: &Seen, out: &mut impl Write) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut client = runtime.block_on(Client::connect(&plan.door))?;
    let one = |visible: bool| plan.order.iter().find(|one| one.1 == visible).context("no such asset");
    // The first use of a token is noted, which is not what a read costs.
    runtime.block_on(client.read(one(true)?.0))?;
    for (word, visible) in [("visible", true), ("hidden", false)] {
        take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        runtime.block_on(client.read(one(visible)?.0))?;
        let texts = take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        writeln!(out, "{word}: {} statements", texts.len())?;
        for text in texts {
            writeln!(out, "  {text}")?;
        }
    }
    Ok(())
}
