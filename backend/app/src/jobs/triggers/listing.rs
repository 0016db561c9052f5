//! Objects that nobody tells of: their prefix is listed every so often, and what is new or another than before is an
//! event. What the first listing meets was there before the trigger, and is none.

use lakegate_jobs::{Backoff, KindSpec, RunContext, schedule, triggers};
use lakegate_lake::LocationUri;
use lakegate_model::{
    Fault, Timestamp,
    ids::TriggerId,
    jobs::JobSchedule,
    storage::StorageAccess,
    triggers::{JobTrigger, NewEvent},
    words::SlotClass,
};
use lakegate_store::{WriteTx, in_read, in_write, job_schedules, job_triggers as store};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::{objects, source_of};
use crate::{
    App,
    places::{locations, outgoing::check_access},
    sources::access,
};

/// Lists the prefix of a trigger.
pub const LISTING: KindSpec = KindSpec {
    name: "listing",
    title: "Look for new objects",
    class: SlotClass::Light,
    at_once: 8,
    bound: 10_000,
    max_tries: 3,
    deadline: Duration::from_secs(1_800),
    backoff: Backoff { first: Duration::from_secs(10), most: Duration::from_secs(300) },
    memory_bytes: 64 << 20,
};
/// Most objects below one prefix.
pub const MOST_OBJECTS: u64 = 100_000;
/// Objects that one transaction notes.
const BATCH: usize = 500;

/// Lets the prefix of a trigger be listed as it says, or no longer.
pub(super) async fn plan(app: &App, tx: &mut WriteTx, trigger: &JobTrigger) -> Result<(), Fault> {
    unplan(tx, trigger).await?;
    let Some(seconds) = trigger.list_seconds.filter(|_| trigger.enabled) else { return Ok(()) };
    let now = app.now();
    let (of, what) = ((LISTING.name, trigger.project_id), (trigger.id.into(), trigger.name.as_str()));
    let mut schedule = JobSchedule {
        every_seconds: Some(seconds),
        ..JobSchedule::resting(app.new_id(), of, what, (&trigger.created_by, now))
    };
    schedule::arm(&app.queue, &mut schedule, now)?;
    // What is there already is met at once, so that everything after counts.
    (schedule.next_tick, schedule.next_at) = (Some(now), Some(now));
    Ok(job_schedules::schedule_insert(tx, &schedule).await?)
}

/// Lists the prefix of a trigger no longer.
pub(super) async fn unplan(tx: &mut WriteTx, trigger: &JobTrigger) -> Result<(), Fault> {
    if let Some(known) = job_schedules::schedule_of(tx, LISTING.name, trigger.id.into()).await? {
        job_schedules::schedule_delete(tx, known.id).await?;
    }
    Ok(())
}

/// A prefix to be listed, and what was met there before.
#[derive(Debug)]
pub struct Listing {
    trigger: JobTrigger,
    /// The location that is opened.
    pub home: LocationUri,
    pub access: StorageAccess,
    known: HashMap<String, String>,
    /// Nothing is told of what the first listing meets.
    is_first: bool,
}

/// What a listing found.
#[derive(Debug, Default)]
pub struct Found {
    /// New or another than before: path and version.
    changed: BTreeMap<String, String>,
    /// No longer there.
    gone: Vec<String>,
}

/// Opens the prefix of a trigger, as far as the database knows it. `None` if the trigger was removed or turned off.
///
/// # Errors
/// What its storage says.
pub async fn begin(app: &App, id: TriggerId) -> Result<Option<Listing>, Fault> {
    let listing = in_read!(&app.db, |tx, _scope| {
        let Some(trigger) = store::trigger_find(tx, id).await?.filter(|trigger| trigger.enabled) else {
            return Ok(None);
        };
        let source = source_of(tx, &trigger).await?;
        let access = access(app, tx, source.connection_id).await?;
        let mut known: HashMap<String, String> = store::objects_known(tx, id).await?.into_iter().collect();
        let is_first = known.remove("").is_none();
        Ok(Some(Listing { home: locations::parse(&trigger.prefix)?, trigger, access, known, is_first }))
    })?;
    if let Some(listing) = &listing {
        check_access(&listing.access).await?;
    }
    Ok(listing)
}

impl Listing {
    /// Compares the objects of a listing, paths and versions, with those of the one before.
    pub fn compare(&self, met: BTreeMap<String, String>) -> Found {
        let gone = self.known.keys().filter(|path| !met.contains_key(*path)).cloned().collect();
        let changed = met.into_iter().filter(|(path, version)| self.known.get(path) != Some(version)).collect();
        Found { changed, gone }
    }

    fn event(&self, path: &str, version: &str) -> Option<NewEvent> {
        if self.is_first { None } else { objects::counted(&self.trigger, &self.home, path, version) }
    }
}

/// Notes what a listing found, and tells its trigger, as part of a run that is still its worker's. Returns how many
/// objects were events.
///
/// # Errors
/// `cancelled` if the run is another worker's; what the trigger says.
pub async fn note(app: &App, run: &RunContext, listing: &Listing, found: &Found) -> Result<i64, Fault> {
    let changed: Vec<(&String, &String)> = found.changed.iter().collect();
    let mut told = 0;
    for batch in changed.chunks(BATCH) {
        let events: Vec<NewEvent> = batch.iter().filter_map(|(path, version)| listing.event(path, version)).collect();
        let id = listing.trigger.id;
        told += in_write!(&app.db, |tx, _scope| {
            run.hold(tx).await?;
            for (path, version) in batch {
                store::object_met(tx, id, path, version).await?;
            }
            if events.is_empty() { Ok(0) } else { triggers::add(&app.queue, tx, id, &events).await }
        })?;
        app.queue.wake();
    }
    finish(app, run, listing, found, app.now()).await?;
    Ok(told)
}

async fn finish(app: &App, run: &RunContext, listing: &Listing, found: &Found, now: Timestamp) -> Result<(), Fault> {
    let id = listing.trigger.id;
    in_write!(&app.db, |tx, _scope| {
        run.hold(tx).await?;
        for path in &found.gone {
            store::object_gone(tx, id, path).await?;
        }
        Ok(store::object_met(tx, id, "", &now.to_rfc3339()).await?)
    })
}
