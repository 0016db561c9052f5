//! Schedules: when the runs of a data source, or of a workflow, begin by themselves.

use lakegate_jobs::{schedule, ticks::Ticks};
use lakegate_model::{
    Code, Fault, Page, PageRequest, Timestamp,
    ids::{ProjectId, ScheduleId},
    jobs::JobSchedule,
    words::CatchUp,
};
use lakegate_policy::{Actor, Scope, action, action::Act, decide, resource::Platform};
use lakegate_store::{Tx, WriteTx, job_schedules as store};
use serde_json::json;

use crate::{
    App, Caller,
    audit::{self, Event},
    jobs::{
        target::{self, Target},
        triggers::listing::LISTING,
    },
    places::{inside_proof, need_known},
    sources::manage,
};

/// The longest jitter, in seconds: a day.
const LONGEST_JITTER: i64 = 86_400;
/// Coming ticks that are told.
const COMING: usize = 5;

/// When something is to happen. Exactly one of `cron`, `every_seconds` and `once_at` says so.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Five fields, or six with seconds in front.
    pub cron: Option<String>,
    pub every_seconds: Option<i64>,
    pub once_at: Option<Timestamp>,
    /// IANA name of the zone in which `cron` is read.
    pub zone: String,
    /// Runs start up to so much after their tick.
    pub jitter_seconds: i64,
    pub catch_up: CatchUp,
    /// Whether it ticks.
    pub enabled: bool,
}

/// A schedule with the words around it.
#[derive(Debug, Clone)]
pub struct ScheduleView {
    pub schedule: JobSchedule,
    /// When it ticks, in words.
    pub words: String,
    /// The next ticks.
    pub coming: Vec<Timestamp>,
}

/// Sets when something is started, in place of what was said before.
pub async fn set(app: &App, caller: &Caller, target: Target, timing: &Timing) -> Result<ScheduleView, Fault> {
    check(timing)?;
    change!(app, caller, "job.set_schedule", |tx, scope, actor| {
        let started = target::find::<action::Contribute>(tx, (scope, actor), target).await?;
        let known = store::schedule_of(tx, target.kind(), target.id()).await?;
        let now = app.now();
        let is_new = known.is_none();
        let (of, what) = ((target.kind(), started.project()), (target.id(), started.name()));
        let new = || JobSchedule::resting(app.new_id(), of, what, (&actor.name, now));
        let mut schedule = known.unwrap_or_else(new);
        apply(&mut schedule, timing);
        schedule.changed_at = now;
        schedule::arm(&app.queue, &mut schedule, now)?;
        if is_new {
            store::schedule_insert(tx, &schedule).await?;
        } else {
            store::schedule_update(tx, &schedule).await?;
        }
        audit::record(app, tx, caller, actor, event("job.set_schedule", &schedule)).await?;
        let kept = store::schedule_find(tx, schedule.id).await?;
        view(kept.ok_or_else(|| Fault::internal("the schedule is absent"))?)
    })
}

fn check(timing: &Timing) -> Result<(), Fault> {
    if !(0..=LONGEST_JITTER).contains(&timing.jitter_seconds) {
        return Err(Fault::invalid("jitter_seconds", format!("jitter has 0 to {LONGEST_JITTER} seconds")));
    }
    if timing.every_seconds.is_some_and(|seconds| seconds < manage::SHORTEST_INTERVAL) {
        let message = format!("an interval has {} seconds at least", manage::SHORTEST_INTERVAL);
        return Err(Fault::invalid("every_seconds", message));
    }
    Ok(())
}

fn apply(schedule: &mut JobSchedule, timing: &Timing) {
    schedule.cron = timing.cron.as_deref().map(|cron| cron.trim().to_owned());
    schedule.every_seconds = timing.every_seconds;
    schedule.once_at = timing.once_at;
    schedule.zone.clone_from(&timing.zone);
    schedule.jitter_seconds = timing.jitter_seconds;
    schedule.catch_up = timing.catch_up;
    schedule.enabled = timing.enabled;
}

/// Ends a schedule; its runs stay.
pub async fn remove(app: &App, caller: &Caller, id: ScheduleId) -> Result<(), Fault> {
    change!(app, caller, "job.remove_schedule", |tx, scope, actor| {
        let schedule = find::<action::Contribute>(tx, (scope, actor), id).await?;
        if schedule.kind == LISTING.name {
            return Err(Fault::new(Code::Conflict, "these are the listings of a trigger").fix("change the trigger"));
        }
        store::schedule_delete(tx, id).await?;
        audit::record(app, tx, caller, actor, event("job.remove_schedule", &schedule)).await
    })
}

/// Lets the schedule of something bear its new name.
pub(crate) async fn rename(tx: &mut WriteTx, target: Target, name: &str) -> Result<(), Fault> {
    let Some(mut schedule) = store::schedule_of(tx, target.kind(), target.id()).await? else { return Ok(()) };
    name.clone_into(&mut schedule.name);
    Ok(store::schedule_update(tx, &schedule).await?)
}

/// Takes out the schedule of what is removed.
pub(crate) async fn forget_of(tx: &mut WriteTx, target: Target) -> Result<(), Fault> {
    match store::schedule_of(tx, target.kind(), target.id()).await? {
        Some(schedule) => Ok(store::schedule_delete(tx, schedule.id).await?),
        None => Ok(()),
    }
}

/// One schedule.
pub async fn get(app: &App, caller: &Caller, id: ScheduleId) -> Result<ScheduleView, Fault> {
    look!(app, caller, "job.get_schedule", |tx, scope, actor| {
        view(find::<action::ViewProject>(tx, (scope, actor), id).await?)
    })
}

/// The schedule by which something is started, if it has one.
pub async fn of(app: &App, caller: &Caller, target: Target) -> Result<Option<ScheduleView>, Fault> {
    look!(app, caller, "job.get_schedule", |tx, scope, actor| {
        target::find::<action::ViewProject>(tx, (scope, actor), target).await?;
        store::schedule_of(tx, target.kind(), target.id()).await?.map(view).transpose()
    })
}

/// The schedules of a project, the latest first; all of them for whoever runs the installation.
pub async fn list(
    app: &App,
    caller: &Caller,
    project: Option<ProjectId>,
    page: &PageRequest,
) -> Result<Page<ScheduleView>, Fault> {
    look!(app, caller, "job.list_schedules", |tx, scope, actor| {
        need_known(actor)?;
        match project {
            Some(_) => {
                inside_proof::<action::ViewProject>(tx, scope, actor, project, "project").await.map(drop)?;
            }
            None => decide::<action::ManageJobs, _>(scope, actor, Platform)
                .map(drop)
                .map_err(|fault| fault.on("project").fix("name a project that you are a member of"))?,
        }
        let found = store::schedule_list(tx, project, page).await?;
        let items = found.items.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page { items, next: found.next })
    })
}

async fn find<A: Act>(tx: &mut Tx, (scope, actor): (&Scope, &Actor), id: ScheduleId) -> Result<JobSchedule, Fault> {
    let found = store::schedule_find(tx, id).await?;
    let project = found.as_ref().map(|schedule| schedule.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "schedule").await?;
    decide::<A, _>(scope, actor, seen.on()).map(drop)?;
    found.ok_or_else(|| Fault::not_found("schedule"))
}

fn event(action: &'static str, schedule: &JobSchedule) -> Event {
    let detail = json!({
        "kind": schedule.kind, "name": schedule.name, "cron": schedule.cron, "every_seconds": schedule.every_seconds,
        "once_at": schedule.once_at, "zone": schedule.zone, "enabled": schedule.enabled,
    });
    Event::on(action, "job_schedule", schedule.id).owned_by(schedule.project_id).with(detail)
}

fn view(schedule: JobSchedule) -> Result<ScheduleView, Fault> {
    let ticks = Ticks::of(&schedule).map_err(|fault| Fault::new(Code::Internal, fault.message))?;
    let first = schedule.next_tick.filter(|_| schedule.enabled);
    let coming = std::iter::successors(first, |tick| ticks.after(*tick)).take(COMING).collect();
    Ok(ScheduleView { words: ticks.words(), coming, schedule })
}
