//! Triggers made, changed and removed by the contributors of a project.

use lakegate_jobs::triggers;
use lakegate_lake::LocationUri;
use lakegate_model::{
    Code, Fault,
    catalog::DataSource,
    ids::{DataSourceId, SecretId, TriggerId},
    text,
    triggers::JobTrigger,
    words::{Happening, JobState},
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::{Tx, WriteTx, environments, job_triggers as store, sources};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::{calls, find, listing, source_of};
use crate::{
    App, Caller,
    audit::{self, Event},
    catalog::granted,
    places::locations,
    seal,
    sources::{crawling::CRAWL, manage},
};

/// Most triggers of one data source.
const MOST: i64 = 50;
/// Most events that one run takes, and the longest they wait, in seconds: a day.
const LARGEST_BATCH: i64 = 1_000;
const LONGEST_WINDOW: i64 = 86_400;
/// The shortest and longest pause between two listings, in seconds.
const LISTINGS: std::ops::RangeInclusive<i64> = 1..=86_400;
/// Most addresses that are left out.
const MOST_EXCLUDED: usize = 100;

/// What a trigger waits for, and when it starts work.
#[derive(Debug, Clone)]
pub struct NewTrigger {
    pub name: String,
    pub happening: Happening,
    /// The data source whose run ends, or the asset; anything in the project if `None`.
    pub watched: Option<Uuid>,
    /// How the run has to have ended; any way if `None`.
    pub outcome: Option<JobState>,
    /// Where objects count: the data source's location if `None`.
    pub prefix: Option<String>,
    /// Addresses below the prefix where they do not.
    pub excluded: Vec<String>,
    /// Seconds between two listings; `None` where objects are only told of.
    pub list_seconds: Option<i64>,
    /// Work starts when so many have gathered,
    pub batch_events: i64,
    /// or so many seconds after the first of them.
    pub batch_seconds: i64,
    pub enabled: bool,
}

/// A trigger, and what its calls are signed with: shown this once.
#[derive(Debug)]
pub struct Made {
    pub trigger: JobTrigger,
    pub secret: Option<String>,
}

/// Makes a trigger that starts runs of a data source.
///
/// # Errors
/// `invalid` naming the field, `conflict` where it would start itself.
pub async fn create(app: &App, caller: &Caller, source: DataSourceId, new: &NewTrigger) -> Result<Made, Fault> {
    let name = check(new)?;
    change!(app, caller, "job.create_trigger", |tx, scope, actor| {
        let (source, _proof) = manage::find::<action::Contribute>(tx, scope, actor, source).await?;
        need_room(tx, &source).await?;
        let now = app.now();
        let mut trigger = JobTrigger {
            id: app.new_id(),
            project_id: source.project_id,
            kind: CRAWL.name.into(),
            subject_id: source.id.into(),
            name: name.clone(),
            happening: new.happening,
            watched_id: None,
            outcome: None,
            prefix: String::new(),
            excluded: Vec::new(),
            list_seconds: None,
            batch_events: 1,
            batch_seconds: 0,
            enabled: true,
            secret_id: None,
            gathered: 0,
            due_at: None,
            last_event: 0,
            last_at: None,
            version: 1,
            created_by: actor.name.clone(),
            created_at: now,
            changed_at: now,
        };
        apply(tx, (scope, actor), &source, &mut trigger, new).await?;
        let secret = is_called(&trigger).then(|| calls::new_secret(app));
        if let Some(secret) = &secret {
            keep_secret(app, tx, &mut trigger, secret).await?;
        }
        store::trigger_insert(tx, &trigger).await?;
        listing::plan(app, tx, &trigger).await?;
        audit::record(app, tx, caller, actor, event("job.create_trigger", &trigger)).await?;
        Ok(Made { trigger, secret })
    })
}

/// Changes a trigger. What it waits for stays; what has gathered stays gathered.
///
/// # Errors
/// As [`create`].
pub async fn update(app: &App, caller: &Caller, id: TriggerId, new: &NewTrigger) -> Result<JobTrigger, Fault> {
    let name = check(new)?;
    change!(app, caller, "job.update_trigger", |tx, scope, actor| {
        let mut trigger = find::<action::Contribute>(tx, (scope, actor), id).await?;
        if trigger.happening != new.happening {
            return Err(Fault::invalid("happening", "what a trigger waits for stays").fix("make another trigger"));
        }
        let source = source_of(tx, &trigger).await?;
        let before = (trigger.prefix.clone(), trigger.list_seconds);
        trigger.name.clone_from(&name);
        trigger.changed_at = app.now();
        apply(tx, (scope, actor), &source, &mut trigger, new).await?;
        store::trigger_update(tx, &trigger).await?;
        if before.0 != trigger.prefix || trigger.list_seconds.is_none() {
            store::objects_forget(tx, id).await?;
        }
        listing::plan(app, tx, &trigger).await?;
        triggers::reconsider(&app.queue, tx, id).await?;
        audit::record(app, tx, caller, actor, event("job.update_trigger", &trigger)).await?;
        store::trigger_find(tx, id).await?.ok_or_else(|| Fault::internal("the trigger is absent"))
    })
}

/// Gives a trigger another secret; calls signed with the one before are refused from now on.
///
/// # Errors
/// `conflict` for a trigger that nobody calls.
pub async fn renew_secret(app: &App, caller: &Caller, id: TriggerId) -> Result<Made, Fault> {
    change!(app, caller, "job.renew_trigger_secret", |tx, scope, actor| {
        let mut trigger = find::<action::Contribute>(tx, (scope, actor), id).await?;
        if !is_called(&trigger) {
            return Err(Fault::new(Code::Conflict, "nobody calls this trigger, so it has no secret"));
        }
        let secret = calls::new_secret(app);
        let before = keep_secret(app, tx, &mut trigger, &secret).await?;
        trigger.changed_at = app.now();
        store::trigger_update(tx, &trigger).await?;
        forget_secret(tx, before).await?;
        audit::record(app, tx, caller, actor, event("job.renew_trigger_secret", &trigger)).await?;
        Ok(Made { trigger, secret: Some(secret) })
    })
}

/// Removes a trigger with what it has gathered; the runs that it started stay.
pub async fn remove(app: &App, caller: &Caller, id: TriggerId) -> Result<(), Fault> {
    change!(app, caller, "job.remove_trigger", |tx, scope, actor| {
        let trigger = find::<action::Contribute>(tx, (scope, actor), id).await?;
        forget(tx, &trigger).await?;
        audit::record(app, tx, caller, actor, event("job.remove_trigger", &trigger)).await
    })
}

/// Takes a trigger out with its listings.
async fn forget(tx: &mut WriteTx, trigger: &JobTrigger) -> Result<(), Fault> {
    listing::unplan(tx, trigger).await?;
    store::trigger_delete(tx, trigger.id).await?;
    forget_secret(tx, trigger.secret_id).await
}

/// Gives a trigger a secret. Returns the one before.
async fn keep_secret(
    app: &App,
    tx: &mut WriteTx,
    trigger: &mut JobTrigger,
    secret: &str,
) -> Result<Option<SecretId>, Fault> {
    let id = app.new_id();
    seal::keep(app, tx, id, secret.as_bytes()).await?;
    Ok(trigger.secret_id.replace(id))
}

async fn forget_secret(tx: &mut WriteTx, id: Option<SecretId>) -> Result<(), Fault> {
    match id {
        Some(id) => Ok(environments::secret_delete(tx, id).await?),
        None => Ok(()),
    }
}

/// Takes out the triggers of a data source that is removed.
///
/// # Errors
/// `conflict` if the trigger of another one waits for its runs.
pub(crate) async fn forget_of_source(tx: &mut WriteTx, source: DataSourceId) -> Result<(), Fault> {
    let page = lakegate_model::PageRequest::new(Some(MOST), None)?;
    for trigger in store::triggers_of(tx, CRAWL.name, source.into(), &page).await?.items {
        forget(tx, &trigger).await?;
    }
    let Some(waiting) = store::trigger_waiting_for(tx, source.into()).await? else { return Ok(()) };
    Err(Fault::new(Code::Conflict, format!("the trigger {waiting} waits for runs of this source"))
        .fix("remove that trigger first, or let it wait for another source"))
}

/// Lets the triggers of a data source look where it looks from now on, if they looked at the whole of its location.
///
/// # Errors
/// `conflict` on `location` if one of them looks at a part of the location before.
pub(crate) async fn follow(tx: &mut WriteTx, source: &DataSource, location: &LocationUri) -> Result<(), Fault> {
    let page = lakegate_model::PageRequest::new(Some(MOST), None)?;
    for mut trigger in store::triggers_of(tx, CRAWL.name, source.id.into(), &page).await?.items {
        let whole = trigger.prefix == source.location && trigger.excluded.is_empty();
        if whole {
            trigger.prefix = location.to_string();
            store::trigger_update(tx, &trigger).await?;
            store::objects_forget(tx, trigger.id).await?;
        } else if !trigger.prefix.is_empty() {
            let message = format!("the trigger {} looks at a part of the present location", trigger.name);
            return Err(Fault::new(Code::Conflict, message).on("location").fix("remove that trigger first"));
        }
    }
    Ok(())
}

/// Whether others call it.
fn is_called(trigger: &JobTrigger) -> bool {
    matches!(trigger.happening, Happening::Webhook | Happening::ObjectCreated)
}

fn check(new: &NewTrigger) -> Result<String, Fault> {
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
        return Err(Fault::invalid("watched", "say which data source's runs it waits for"));
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

async fn need_room(tx: &mut Tx, source: &DataSource) -> Result<(), Fault> {
    let page = lakegate_model::PageRequest::new(Some(MOST), None)?;
    let known = store::triggers_of(tx, CRAWL.name, source.id.into(), &page).await?;
    if i64::try_from(known.items.len()).is_ok_and(|count| count < MOST) {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, format!("a data source has at most {MOST} triggers")).fix("remove one first"))
}

/// Checks what a trigger is about against the project it belongs to, and writes it into the trigger.
async fn apply(
    tx: &mut Tx,
    who: (&Scope, &Actor),
    source: &DataSource,
    trigger: &mut JobTrigger,
    new: &NewTrigger,
) -> Result<(), Fault> {
    if let Some(watched) = new.watched {
        need_own(tx, who, source, new.happening, watched).await?;
    }
    if let (Happening::RunEnded, Some(watched)) = (new.happening, new.watched) {
        need_no_circle(tx, trigger, watched).await?;
    }
    (trigger.prefix, trigger.excluded) = addresses(source, new)?;
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
    source: &DataSource,
    happening: Happening,
    watched: Uuid,
) -> Result<(), Fault> {
    let project = if happening == Happening::RunEnded {
        sources::source_find(tx, watched.into()).await?.map(|found| found.project_id)
    } else {
        let found = granted::<action::EditAsset>(tx, scope, actor, watched.into()).await;
        found.ok().map(|(asset, _proof)| asset.project_id)
    };
    if project == Some(source.project_id) {
        return Ok(());
    }
    let what = if happening == Happening::RunEnded { "data source" } else { "asset" };
    Err(Fault::invalid("watched", format!("this project has no such {what}")))
}

/// Runs that start each other in a circle would never end.
async fn need_no_circle(tx: &mut Tx, trigger: &JobTrigger, watched: Uuid) -> Result<(), Fault> {
    let edges = store::trigger_edges(tx, trigger.project_id, trigger.id).await?;
    let (mut reached, mut ahead) = (BTreeSet::new(), vec![trigger.subject_id]);
    while let Some(ended) = ahead.pop() {
        if ended == watched {
            return Err(Fault::new(Code::Conflict, "with this trigger runs would start each other without an end")
                .on("watched")
                .fix("wait for a data source that this one does not start, directly or through others"));
        }
        if reached.insert(ended) {
            ahead.extend(edges.iter().filter(|(from, _)| *from == ended).map(|(_, to)| *to));
        }
    }
    Ok(())
}

/// The prefix and what is left out, all within the location of the data source.
fn addresses(source: &DataSource, new: &NewTrigger) -> Result<(String, Vec<String>), Fault> {
    if new.happening != Happening::ObjectCreated {
        return Ok((String::new(), Vec::new()));
    }
    let home = locations::parse(&source.location)?;
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

fn event(action: &'static str, trigger: &JobTrigger) -> Event {
    let detail = json!({
        "name": trigger.name, "happening": trigger.happening, "watched": trigger.watched_id, "prefix": trigger.prefix,
        "excluded": trigger.excluded, "list_seconds": trigger.list_seconds, "batch_events": trigger.batch_events,
        "batch_seconds": trigger.batch_seconds, "enabled": trigger.enabled,
    });
    Event::on(action, "job_trigger", trigger.id).owned_by(trigger.project_id).with(detail)
}
