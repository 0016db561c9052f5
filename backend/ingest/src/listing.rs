//! Looks for objects that are new below the prefix of a trigger.

use futures::StreamExt;
use lakegate_app::{
    App,
    jobs::triggers::listing::{self, LISTING, Listing, MOST_OBJECTS},
};
use lakegate_jobs::{JobError, Kind, KindSpec, RunContext, RunFuture};
use lakegate_lake::{
    Storage,
    discover::may_be_data,
    storage::{Entry, StoredFile},
};
use lakegate_model::{Code, Fault, words::LogLevel};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Objects between two reports of progress.
const REPORT: u64 = 1_000;

/// The kind.
#[derive(Debug)]
pub(crate) struct LookForObjects {
    app: App,
}

impl LookForObjects {
    pub fn new(app: App) -> Self {
        Self { app }
    }

    async fn look(&self, run: &RunContext) -> Result<Value, Fault> {
        let trigger = run.run().subject_id.ok_or_else(|| Fault::internal("a listing without a trigger"))?;
        let Some(listing) = listing::begin(&self.app, trigger.into()).await? else {
            run.log(LogLevel::Info, "the trigger is off or was removed");
            return Ok(json!({ "objects": 0, "new": 0 }));
        };
        run.log(LogLevel::Info, format!("looking below {}", listing.home));
        let met = met(&listing, run).await?;
        let objects = met.len();
        let found = listing.compare(met);
        let told = listing::note(&self.app, run, &listing, &found).await?;
        run.log(LogLevel::Info, format!("objects: {objects}, told of: {told}"));
        Ok(json!({ "objects": objects, "new": told }))
    }
}

impl Kind for LookForObjects {
    fn spec(&self) -> &'static KindSpec {
        &LISTING
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(async move {
            let done = self.look(context).await;
            done.inspect_err(|fault| context.log(LogLevel::Error, fault.to_string())).map_err(JobError::from)
        })
    }
}

/// The objects below a prefix that may be data: their paths, and what tells this state of them from others.
async fn met(listing: &Listing, run: &RunContext) -> Result<BTreeMap<String, String>, Fault> {
    let storage = Storage::open(&listing.access, &listing.home.to_string())?;
    let mut entries = storage.list("");
    let (mut met, mut seen) = (BTreeMap::new(), 0_u64);
    while let Some(entry) = entries.next().await {
        if run.cancelled().is_cancelled() {
            return Err(RunContext::stopped());
        }
        seen += 1;
        if seen % REPORT == 0 {
            report(run, seen);
        }
        if let Entry::File(file) = entry?
            && file.size > 0
            && may_be_data(&file.path)
        {
            met.insert(file.path.clone(), version(&file));
        }
        if u64::try_from(met.len()).is_ok_and(|count| count > MOST_OBJECTS) {
            return Err(too_many());
        }
    }
    report(run, seen);
    Ok(met)
}

fn version(file: &StoredFile) -> String {
    file.etag.clone().unwrap_or_else(|| format!("{} {}", file.modified.timestamp_micros(), file.size))
}

fn report(run: &RunContext, seen: u64) {
    run.progress(|progress| {
        "objects".clone_into(&mut progress.unit);
        "listing".clone_into(&mut progress.phase);
        progress.done = i64::try_from(seen).unwrap_or(i64::MAX);
    });
}

fn too_many() -> Fault {
    Fault::new(Code::TooLarge, format!("more than {MOST_OBJECTS} objects lie below the prefix"))
        .fix("give the trigger a narrower prefix, or let the store tell of new objects")
}
