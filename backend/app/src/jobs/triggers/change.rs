//! Triggers made, changed and removed by the contributors of a project.

use lakegate_jobs::triggers;
use lakegate_lake::LocationUri;
use lakegate_model::{
    Code, Fault, PageRequest,
    catalog::DataSource,
    ids::{SecretId, TriggerId},
    triggers::JobTrigger,
    words::{Happening, JobState},
};
use lakegate_policy::action;
use lakegate_store::{Tx, WriteTx, environments, job_triggers as store};
use serde_json::json;
use uuid::Uuid;

use super::{
    calls, find, listing,
    terms::{apply, check},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    jobs::target::{self, Target},
    seal,
    sources::crawling::CRAWL,
};

/// Most triggers of one data source or workflow.
const MOST: i64 = 50;

/// What a trigger waits for, and when it starts work.
#[derive(Debug, Clone)]
pub struct NewTrigger {
    pub name: String,
    pub happening: Happening,
    /// The data source or workflow whose run ends, or the asset; anything in the project if `None`.
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

/// Makes a trigger that starts runs of a data source, or a workflow.
///
/// # Errors
/// `invalid` naming the field, `conflict` where it would start itself.
pub async fn create(app: &App, caller: &Caller, target: Target, new: &NewTrigger) -> Result<Made, Fault> {
    let name = check(new)?;
    change!(app, caller, "job.create_trigger", |tx, scope, actor| {
        let started = target::find::<action::Contribute>(tx, (scope, actor), target).await?;
        need_room(tx, target).await?;
        let now = app.now();
        let mut trigger = JobTrigger {
            id: app.new_id(),
            project_id: started.project(),
            kind: target.kind().into(),
            subject_id: target.id(),
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
        apply(tx, (scope, actor), &started, &mut trigger, new).await?;
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
        let started = target::of(tx, &trigger).await?;
        let before = (trigger.prefix.clone(), trigger.list_seconds);
        trigger.name.clone_from(&name);
        trigger.changed_at = app.now();
        apply(tx, (scope, actor), &started, &mut trigger, new).await?;
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

/// Takes out the triggers of a data source or workflow that is removed.
///
/// # Errors
/// `conflict` if the trigger of another one waits for its runs.
pub(crate) async fn forget_of(tx: &mut WriteTx, target: Target) -> Result<(), Fault> {
    for trigger in store::triggers_of(tx, target.kind(), target.id(), &all()?).await?.items {
        forget(tx, &trigger).await?;
    }
    let Some(waiting) = store::trigger_waiting_for(tx, target.id()).await? else { return Ok(()) };
    Err(Fault::new(Code::Conflict, format!("the trigger {waiting} waits for its runs"))
        .fix("remove that trigger first, or let it wait for another one"))
}

/// All that one thing can have.
fn all() -> Result<PageRequest, Fault> {
    PageRequest::new(Some(MOST), None)
}

/// Lets the triggers of a data source look where it looks from now on, if they looked at the whole of its location.
///
/// # Errors
/// `conflict` on `location` if one of them looks at a part of the location before.
pub(crate) async fn follow(tx: &mut WriteTx, source: &DataSource, location: &LocationUri) -> Result<(), Fault> {
    for mut trigger in store::triggers_of(tx, CRAWL.name, source.id.into(), &all()?).await?.items {
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

async fn need_room(tx: &mut Tx, target: Target) -> Result<(), Fault> {
    let known = store::triggers_of(tx, target.kind(), target.id(), &all()?).await?;
    if i64::try_from(known.items.len()).is_ok_and(|count| count < MOST) {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, format!("one thing has at most {MOST} triggers")).fix("remove one first"))
}

fn event(action: &'static str, trigger: &JobTrigger) -> Event {
    let detail = json!({
        "name": trigger.name, "happening": trigger.happening, "watched": trigger.watched_id, "prefix": trigger.prefix,
        "excluded": trigger.excluded, "list_seconds": trigger.list_seconds, "batch_events": trigger.batch_events,
        "batch_seconds": trigger.batch_seconds, "enabled": trigger.enabled,
    });
    Event::on(action, "job_trigger", trigger.id).owned_by(trigger.project_id).with(detail)
}
