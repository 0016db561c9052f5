//! Looks through a data source: lists files, groups them into tables, registers what is new or has changed.
//!
//! Tables are registered one transaction each, and registering what is known already changes nothing, so a run that is
//! taken up again goes over everything once more with the effect of once.

use lakegate_app::{
    App,
    sources::crawling::{self, CRAWL, Place, Registered},
};
use lakegate_jobs::{JobError, Kind, KindSpec, RunContext, RunFuture};
use lakegate_lake::discover::{Discover, DiscoverLimits, Discovery, Progress};
use lakegate_model::{Fault, catalog::RunOutcome, ids::TableId, storage::FoundTable, words::LogLevel};
use serde_json::Value;
use std::collections::HashSet;

/// Notes that an outcome keeps; the rest is counted.
const NOTES: usize = 200;

/// The kind.
#[derive(Debug)]
pub(crate) struct Crawl {
    app: App,
}

impl Crawl {
    pub fn new(app: App) -> Self {
        Self { app }
    }

    async fn crawl(&self, run: &RunContext) -> Result<Value, JobError> {
        let work = Work { app: &self.app, run };
        let outcome = work.go().await.inspect_err(|fault| run.log(LogLevel::Error, fault.to_string()))?;
        serde_json::to_value(outcome).map_err(|error| JobError::Final(Fault::internal(error)))
    }
}

impl Kind for Crawl {
    fn spec(&self) -> &'static KindSpec {
        &CRAWL
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(self.crawl(context))
    }
}

struct Work<'a> {
    app: &'a App,
    run: &'a RunContext,
}

impl Work<'_> {
    async fn go(&self) -> Result<RunOutcome, Fault> {
        lakegate_model::failpoint!("source.claimed");
        let subject = self.run.run().subject_id.ok_or_else(|| Fault::internal("a run without a data source"))?;
        self.phase("listing");
        let place = crawling::place(self.app, subject.into()).await?;
        // What a workflow names when it runs may be anybody's.
        if place.source.project_id != self.run.run().project_id {
            return Err(Fault::not_found("data source"));
        }
        self.run.log(LogLevel::Info, format!("looking through {}", place.source.location));
        let discovery = self.discover(&place).await?;
        lakegate_model::failpoint!("source.listed");
        let mut outcome = outcome_of(&discovery);
        let found = discovery.tables.len();
        self.run.log(LogLevel::Info, format!("tables: {found}, files: {}", outcome.files));
        self.phase("registering");
        self.run.progress(|progress| progress.total = Some(count(found)));
        let taken = self.register_all(&place, &discovery.tables, &mut outcome).await?;
        self.note_missing(&place, &taken, &mut outcome).await?;
        lakegate_model::failpoint!("source.registered");
        Ok(outcome)
    }

    fn phase(&self, phase: &str) {
        self.run.progress(|progress| {
            phase.clone_into(&mut progress.phase);
            "tables".clone_into(&mut progress.unit);
        });
    }

    async fn discover(&self, place: &Place) -> Result<Discovery, Fault> {
        let progress = |seen: Progress| match seen {
            Progress::Listed { files } => self.run.progress(|progress| {
                progress.counts.insert("files".into(), count(files));
            }),
            Progress::LookedInto { .. } => self.phase("reading"),
        };
        let discover = Discover {
            access: &place.access,
            location: &place.source.location,
            sandbox: &self.app.sandbox,
            limits: DiscoverLimits::default(),
            progress: &progress,
            cancel: self.run.cancelled(),
        };
        Ok(discover.run().await?)
    }

    async fn register_all(
        &self,
        place: &Place,
        found: &[FoundTable],
        outcome: &mut RunOutcome,
    ) -> Result<HashSet<TableId>, Fault> {
        let mut taken = HashSet::new();
        for table in found {
            if self.run.cancelled().is_cancelled() {
                return Err(RunContext::stopped());
            }
            let registered = crawling::register_found(self.app, self.run, place, table, &taken).await?;
            taken.insert(registered.table());
            self.note_registered(table, registered, outcome);
            lakegate_model::failpoint!("source.table_registered");
            self.run.progress(|progress| progress.done += 1);
        }
        Ok(taken)
    }

    fn note_registered(&self, table: &FoundTable, registered: Registered, outcome: &mut RunOutcome) {
        let (counter, word) = match registered {
            Registered::New(..) => (&mut outcome.tables_new, "new"),
            Registered::Changed(..) => (&mut outcome.tables_changed, "changed"),
            Registered::Same(_) => (&mut outcome.tables_same, "unchanged"),
        };
        *counter += 1;
        self.run.log(LogLevel::Info, format!("{}: {word}", table.name));
    }

    /// Says which tables of earlier runs were not found again.
    async fn note_missing(
        &self,
        place: &Place,
        taken: &HashSet<TableId>,
        outcome: &mut RunOutcome,
    ) -> Result<(), Fault> {
        for name in crawling::missing(self.app, &place.source, taken).await? {
            let note = format!("table {name} was not found any more; it is kept");
            self.run.log(LogLevel::Warn, note.clone());
            outcome.skipped.push(note);
            outcome.faults += 1;
        }
        Ok(())
    }
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn outcome_of(discovery: &Discovery) -> RunOutcome {
    let files = discovery.tables.iter().flat_map(|table| &table.files);
    let mut skipped: Vec<String> =
        discovery.notes.iter().take(NOTES).map(|note| format!("{}: {}", note.path, note.message)).collect();
    let more = discovery.notes.len().saturating_sub(NOTES);
    if more > 0 {
        skipped.push(format!("and {more} more"));
    }
    let left_out = [
        (discovery.skipped.empty, "empty files"),
        (discovery.skipped.links, "links, which are not followed"),
        (discovery.skipped.unreadable, "names that cannot be read"),
        (discovery.skipped.foreign, "files of other kinds"),
    ];
    skipped.extend(left_out.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("left out: {n} {what}")));
    RunOutcome {
        files: count(files.clone().count()),
        bytes: count(files.map(|file| file.size).sum::<u64>()),
        skipped,
        faults: count(discovery.notes.len()),
        ..RunOutcome::default()
    }
}
