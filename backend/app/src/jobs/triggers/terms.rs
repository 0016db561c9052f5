//! What a trigger may wait for: its form, what it watches, where objects count.

use lakegate_lake::LocationUri;
use lakegate_model::{
    Fault, text,
    triggers::JobTrigger,
    words::{Happening, JobState},
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::Tx;
use uuid::Uuid;

use super::{NewTrigger, circles};
use crate::{
    catalog::granted,
    jobs::target::{self, Started},
    places::locations,
};

/// Most events that one run takes, and the longest they wait, in seconds: a day.
const LARGEST_BATCH: i64 = 1_000;
const LONGEST_WINDOW: i64 = 86_400;
/// The shortest and longest pause between two listings, in seconds.
const LISTINGS: std::ops::RangeInclusive<i64> = 1..=86_400;
/// Most addresses that are left out.
const MOST_EXCLUDED: usize = 100;

/// Checks the form of what a trigger is to be. Returns its name.
pub(super) fn check(new: &NewTrigger) -> Result<String, Fault> {
    let name = text::name("name", &new.name)?;
    let within = |field: &str, value: i64, bounds: std::ops::RangeInclusive<i64>| {
        let message = format!("this is {} to {}, not {value}", bounds.start(), bounds.end());
        if bounds.contains(&value) { Ok(()) } else { Err(Fault::invalid(field, message)) }
    };
    within("batch_events", new.batch_events, 1..=LARGEST_BATCH)?;
    within("batch_seconds", new.batch_seconds, 0..=LONGEST_WINDOW)?;
    let objects = new.happening == Happening::ObjectCreated;
    if let Some(seconds) = new.list_seconds {
        within("list_seconds", seconds, LISTINGS)?;
    }
    if !objects && (new.list_seconds.is_some() || new.prefix.is_some() || !new.excluded.is_empty()) {
        return Err(Fault::invalid("happening", "only a trigger on objects has a prefix, exclusions and listings"));
    }
    if new.excluded.len() > MOST_EXCLUDED {
        return Err(Fault::invalid("excluded", format!("at most {MOST_EXCLUDED} addresses are left out")));
    }
    check_watched(new)?;
    Ok(name)
}

fn check_watched(new: &NewTrigger) -> Result<(), Fault> {
    let run = new.happening == Happening::RunEnded;
    if run && new.watched.is_none() {
        return Err(Fault::invalid("watched", "say of which data source or workflow"));
    }
    if !run && new.outcome.is_some() {
        return Err(Fault::invalid("outcome", "only a trigger on runs has an outcome"));
    }
    if !matches!(new.outcome, None | Some(JobState::Succeeded | JobState::Failed)) {
        return Err(Fault::invalid("outcome", "a run that ends has succeeded or failed"));
    }
    let watches = run || matches!(new.happening, Happening::TableChanged | Happening::AssetPublished);
    if !watches && new.watched.is_some() {
        return Err(Fault::invalid("watched", "only a trigger on runs, tables or assets watches one"));
    }
    Ok(())
}

/// Checks what a trigger is about against the project it belongs to, and writes it into the trigger.
pub(super) async fn apply(
    tx: &mut Tx,
    who: (&Scope, &Actor),
    started: &Started,
    trigger: &mut JobTrigger,
    new: &NewTrigger,
) -> Result<(), Fault> {
    if let Some(watched) = new.watched {
        need_own(tx, who, started, new.happening, watched).await?;
    }
    if let (Happening::RunEnded, Some(watched)) = (new.happening, new.watched) {
        circles::need_none(tx, trigger, watched).await?;
    }
    (trigger.prefix, trigger.excluded) = addresses(started, new)?;
    trigger.watched_id = new.watched;
    trigger.outcome = new.outcome;
    trigger.list_seconds = new.list_seconds;
    trigger.batch_events = new.batch_events;
    trigger.batch_seconds = new.batch_seconds;
    trigger.enabled = new.enabled;
    Ok(())
}

/// What a trigger watches belongs to its own project: of others it would tell that something happened there.
async fn need_own(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    started: &Started,
    happening: Happening,
    watched: Uuid,
) -> Result<(), Fault> {
    let project = if happening == Happening::RunEnded {
        target::project_of(tx, watched).await?
    } else {
        let found = granted::<action::EditAsset>(tx, scope, actor, watched.into()).await;
        found.ok().map(|(asset, _proof)| asset.project_id)
    };
    if project == Some(started.project()) {
        return Ok(());
    }
    let what = if happening == Happening::RunEnded { "data source or workflow" } else { "asset" };
    Err(Fault::invalid("watched", format!("this project has no such {what}")))
}

/// The prefix and what is left out, all within the location of the data source.
fn addresses(started: &Started, new: &NewTrigger) -> Result<(String, Vec<String>), Fault> {
    if new.happening != Happening::ObjectCreated {
        return Ok((String::new(), Vec::new()));
    }
    let home = started.location().ok_or_else(|| {
        Fault::invalid("happening", "a workflow has no location where objects arrive")
            .fix("let a trigger of the data source wait for them, and the workflow for its runs")
    })?;
    let home = locations::parse(home)?;
    let prefix = match &new.prefix {
        Some(prefix) => within("prefix", &home, prefix)?,
        None => home.to_string(),
    };
    let inner = locations::parse(&prefix)?;
    let excluded =
        new.excluded.iter().map(|excluded| within("excluded", &inner, excluded)).collect::<Result<_, _>>()?;
    Ok((prefix, excluded))
}

fn within(field: &str, home: &LocationUri, text: &str) -> Result<String, Fault> {
    let address = locations::parse(text).map_err(|fault| fault.on(field))?;
    if home.contains(&address) {
        return Ok(address.to_string());
    }
    Err(Fault::invalid(field, format!("this is not below {home}")))
}
