//! Runs: listed, looked at, cancelled, tried anew, put away.

use lakegate_jobs::{
    KindSpec, Submission, Submitted,
    workflows::{START, TRIGGER},
};
use lakegate_model::{
    Code, Fault, Page, PageRequest, Timestamp,
    ids::{ProjectId, RunId, WorkflowId, WorkflowRunId},
    jobs::{JobAttempt, JobLogLine, JobRun},
    words::JobState,
};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx, derived, job_logs, job_runs as store, job_runs::RunFilter, job_triggers, projects, sources,
    workflow_steps, workflows,
};
use serde_json::json;

use crate::{
    App, Caller,
    audit::{self, Event},
    derived::QUERY,
    jobs::triggers::listing::LISTING,
    places::{inside_proof, need_known},
};

/// Lines of a log that are given at once.
pub const LINES: i64 = 500;

/// A run with the words around it.
#[derive(Debug, Clone)]
pub struct RunView {
    pub run: JobRun,
    /// What its kind is called.
    pub title: String,
    pub project_name: Option<String>,
    /// The name of what is worked on.
    pub subject: Option<String>,
    /// Whether the caller sees the project from inside, that is its page and what is worked on.
    pub inside: bool,
    /// Whether the caller may cancel it and try it anew.
    pub can_act: bool,
    /// The workflow and its run that this is a part of, where one run is asked for by who sees its project from inside.
    pub part_of: Option<(WorkflowId, WorkflowRunId)>,
    /// When this was read: how long it has worked is counted until then.
    pub at: Timestamp,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub project: Option<ProjectId>,
    pub kind: Option<String>,
    pub state: Option<JobState>,
    /// Only failed runs that nobody has looked after.
    pub dead_letters: bool,
}

/// Runs, the latest first: of one project, or of all that the caller may see.
pub async fn list(app: &App, caller: &Caller, wanted: &Wanted, page: &PageRequest) -> Result<Page<RunView>, Fault> {
    let now = app.now();
    look!(app, caller, "job.list_runs", |tx, scope, actor| {
        need_known(actor)?;
        if let Some(project) = wanted.project {
            inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        }
        let all = wanted.project.is_none() && decide::<action::ManageJobs, _>(scope, actor, Platform).is_ok();
        let member = if all || wanted.project.is_some() { None } else { Some(need_person(actor)?) };
        let filter = RunFilter {
            kind: wanted.kind.clone(),
            state: wanted.state,
            project: wanted.project,
            member,
            dead_letters: wanted.dead_letters,
        };
        let runs = store::run_list(tx, &filter, page).await?;
        let mut items = Vec::with_capacity(runs.items.len());
        for run in runs.items {
            items.push(view(app, tx, (scope, actor), run, now).await?);
        }
        Ok(Page { items, next: runs.next })
    })
}

fn need_person(actor: &Actor) -> Result<lakegate_model::ids::UserId, Fault> {
    actor.user().ok_or_else(|| Fault::invalid("project", "a service account has to name its project"))
}

/// One run.
pub async fn get(app: &App, caller: &Caller, id: RunId) -> Result<RunView, Fault> {
    let now = app.now();
    look!(app, caller, "job.get_run", |tx, scope, actor| {
        let run = find(tx, (scope, actor), id).await?;
        let mut view = view(app, tx, (scope, actor), run, now).await?;
        if view.inside && view.run.trigger_kind == TRIGGER {
            view.part_of = workflow_steps::flow_of_part(tx, id).await?;
        }
        Ok(view)
    })
}

/// The attempts at a run, the latest first.
pub async fn attempts(app: &App, caller: &Caller, id: RunId) -> Result<Vec<JobAttempt>, Fault> {
    look!(app, caller, "job.get_run", |tx, scope, actor| {
        let run = find(tx, (scope, actor), id).await?;
        let mut attempts = store::attempts(tx, id).await?;
        if !is_inside(tx, (scope, actor), &run).await? {
            attempts.iter_mut().for_each(|attempt| attempt.error = None);
        }
        Ok(attempts)
    })
}

/// Lines that a run said, after a number; for members of its project, since they may name what was read.
pub async fn log(app: &App, caller: &Caller, id: RunId, after: i64) -> Result<Vec<JobLogLine>, Fault> {
    look!(app, caller, "job.read_log", |tx, scope, actor| {
        let run = find(tx, (scope, actor), id).await?;
        if is_inside(tx, (scope, actor), &run).await? {
            return Ok(job_logs::after(tx, id, after, LINES).await?);
        }
        Err(Fault::new(Code::Forbidden, "what a run says is for the members of its project")
            .fix("ask an owner of the project"))
    })
}

/// Cancels a run: at once if it has not started, within seconds if it works. What it did until then stays.
///
/// # Errors
/// `conflict` if it has ended.
pub async fn cancel(app: &App, caller: &Caller, id: RunId) -> Result<RunView, Fault> {
    let done = change!(app, caller, "job.cancel_run", |tx, scope, actor| {
        let run = find_to_act(tx, (scope, actor), id).await?;
        if app.queue.cancel(tx, id).await?.is_none() {
            return Err(Fault::new(Code::Conflict, format!("this run has {} already", run.state)));
        }
        audit::record(app, tx, caller, actor, event("job.cancel_run", &run)).await?;
        again(app, tx, (scope, actor), id).await
    })?;
    app.queue.tell_cancelled(id);
    Ok(done)
}

/// Tries a failed or cancelled run anew, as a new run with the same input.
///
/// # Errors
/// `conflict` if it did not fail, was tried anew already, is part of a workflow, or another run over the same thing is
/// open.
pub async fn retry(app: &App, caller: &Caller, id: RunId) -> Result<RunView, Fault> {
    let now = app.now();
    change!(app, caller, "job.retry_run", |tx, scope, actor| {
        let run = find_to_act(tx, (scope, actor), id).await?;
        if run.trigger_kind == TRIGGER {
            return Err(
                Fault::new(Code::Conflict, "this run is part of a workflow").fix("try the workflow's run again")
            );
        }
        let spec = app.queue.spec(&run.kind).ok_or_else(|| Fault::new(Code::Conflict, "this kind of work is gone"))?;
        match run.state {
            JobState::Failed if store::run_resolve(tx, id, now).await? => {}
            JobState::Cancelled => {}
            JobState::Failed => return Err(Fault::new(Code::Conflict, "somebody has looked after this run already")),
            state => return Err(Fault::new(Code::Conflict, format!("this run has not failed, it is {state}"))),
        }
        let new = enqueue_again(app, tx, spec, &run, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("job.retry_run", &run)).await?;
        again(app, tx, (scope, actor), new).await
    })
}

async fn enqueue_again(
    app: &App,
    tx: &mut WriteTx,
    spec: &'static KindSpec,
    run: &JobRun,
    by: &str,
) -> Result<RunId, Fault> {
    let key = run.subject_id.map(|subject| subject.to_string());
    let work = Submission {
        subject: run.subject_id,
        open_key: key.clone(),
        serial_key: key,
        priority: run.priority,
        max_tries: Some(1),
        schedule: run.schedule_id,
        replay_of: Some(run.id),
        trigger: "replay",
        ..Submission::manual(run.project_id, by, run.input.clone())
    };
    match app.queue.enqueue(tx, spec, work).await? {
        Submitted::New(id) => Ok(id),
        Submitted::Open(_) => Err(Fault::new(Code::Conflict, "another run over the same thing has not ended yet")
            .fix("wait for it, or cancel it")),
    }
}

/// Takes a failed run from those that somebody has to look after.
///
/// # Errors
/// `conflict` if it is none of them.
pub async fn discard(app: &App, caller: &Caller, id: RunId) -> Result<RunView, Fault> {
    let now = app.now();
    change!(app, caller, "job.discard_run", |tx, scope, actor| {
        let run = find_to_act(tx, (scope, actor), id).await?;
        if !store::run_resolve(tx, id, now).await? {
            return Err(Fault::new(Code::Conflict, "this is no failed run that waits to be looked after"));
        }
        audit::record(app, tx, caller, actor, event("job.discard_run", &run)).await?;
        again(app, tx, (scope, actor), id).await
    })
}

async fn again(app: &App, tx: &mut Tx, who: (&Scope, &Actor), id: RunId) -> Result<RunView, Fault> {
    let run = store::run_find(tx, id).await?.ok_or_else(|| Fault::internal("the run is absent"))?;
    view(app, tx, who, run, app.now()).await
}

fn event(action: &'static str, run: &JobRun) -> Event {
    let event = Event::on(action, "job_run", run.id).with(json!({ "kind": run.kind }));
    if run.project_id.0.is_nil() { event } else { event.owned_by(run.project_id) }
}

/// A run that the caller may know of.
pub(super) async fn find(tx: &mut Tx, (scope, actor): (&Scope, &Actor), id: RunId) -> Result<JobRun, Fault> {
    need_known(actor)?;
    let run = store::run_find(tx, id).await?.ok_or_else(|| Fault::not_found("run"))?;
    if decide::<action::ManageJobs, _>(scope, actor, Platform).is_err() {
        inside_proof::<action::ViewProject>(tx, scope, actor, Some(run.project_id), "run").await.map(drop)?;
    }
    Ok(run)
}

/// A run that the caller may cancel, try anew and put away: as contributor of its project, or whoever runs the
/// installation.
async fn find_to_act(tx: &mut Tx, (scope, actor): (&Scope, &Actor), id: RunId) -> Result<JobRun, Fault> {
    let run = find(tx, (scope, actor), id).await?;
    if decide::<action::ManageJobs, _>(scope, actor, Platform).is_err() {
        inside_proof::<action::Contribute>(tx, scope, actor, Some(run.project_id), "run").await.map(drop)?;
    }
    Ok(run)
}

async fn is_inside(tx: &mut Tx, (scope, actor): (&Scope, &Actor), run: &JobRun) -> Result<bool, Fault> {
    if run.project_id.0.is_nil() {
        return Ok(decide::<action::ManageJobs, _>(scope, actor, Platform).is_ok());
    }
    allows(inside_proof::<action::ViewProject>(tx, scope, actor, Some(run.project_id), "run").await)
}

/// Whether something was allowed; what went wrong otherwise is no refusal.
pub(super) fn allows<T>(decided: Result<T, Fault>) -> Result<bool, Fault> {
    match decided {
        Ok(_) => Ok(true),
        Err(fault) if matches!(fault.code, Code::Forbidden | Code::NotFound | Code::Unauthenticated) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// A run as the caller may see it.
pub(crate) async fn view(
    app: &App,
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    mut run: JobRun,
    at: Timestamp,
) -> Result<RunView, Fault> {
    let inside = is_inside(tx, (scope, actor), &run).await?;
    let runs_all = decide::<action::ManageJobs, _>(scope, actor, Platform).is_ok();
    let can_act =
        runs_all || allows(inside_proof::<action::Contribute>(tx, scope, actor, Some(run.project_id), "run").await)?;
    let subject = if inside { subject_name(tx, &run).await? } else { None };
    if !inside {
        hide_inside(&mut run);
    }
    let project_name = projects::project_label(tx, run.project_id).await?.map(|(name, _)| name);
    let title = app.queue.spec(&run.kind).map_or_else(|| run.kind.clone(), |spec| spec.title.to_owned());
    Ok(RunView { title, project_name, subject, inside, can_act, part_of: None, at, run })
}

/// What only members of the project see.
fn hide_inside(run: &mut JobRun) {
    run.error = run.error.take().map(|_| "the members of the project can read why".to_owned());
    run.output = None;
    run.input = json!({});
    run.progress = lakegate_model::jobs::JobProgress::default();
}

async fn subject_name(tx: &mut Tx, run: &JobRun) -> Result<Option<String>, Fault> {
    let Some(subject) = run.subject_id else { return Ok(None) };
    if run.kind == LISTING.name {
        return Ok(job_triggers::trigger_find(tx, subject.into()).await?.map(|trigger| trigger.name));
    }
    if run.kind == START.name {
        return Ok(workflows::workflow_find(tx, subject.into()).await?.map(|workflow| workflow.name));
    }
    if run.kind == QUERY.name {
        return Ok(derived::derived_find(tx, subject.into()).await?.map(|derived| derived.name));
    }
    Ok(sources::source_find(tx, subject.into()).await?.map(|source| source.name))
}
