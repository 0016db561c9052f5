//! One run: how it stands, its attempts, what it says, and what can be done about it.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::jobs::{
    Target,
    runs::{self, RunView},
    triggers::{self, listing::LISTING},
};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::RunId,
    jobs::{JobAttempt, JobLogLine, JobRun},
    words::{AttemptOutcome, JobState, LogLevel},
};
use serde::Deserialize;

use super::row::Row;
use crate::{
    flash::done,
    kit::{self, When, back, capitalised, sentence},
    project::started::href,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
};

/// Events that are shown of what started a run.
const EVENTS: i64 = 20;
/// Where the output names the run of a workflow that was begun; it is shown as a link.
const BEGUN: &str = "workflow_run";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/jobs/runs/{run}", get(one))
        .route("/jobs/runs/{run}/cancel", post(cancel))
        .route("/jobs/runs/{run}/retry", post(retry))
        .route("/jobs/runs/{run}/discard", post(discard))
}

#[derive(Debug, Default, Deserialize)]
struct RunQuery {
    /// Lines of the log behind this number.
    #[serde(default)]
    log: Option<i64>,
}

struct Attempt {
    number: i64,
    label: &'static str,
    tone: &'static str,
    icon: &'static str,
    started: When,
    took: String,
    error: String,
    next: When,
}

struct Line {
    at: String,
    level: LogLevel,
    message: String,
}

#[derive(Template)]
#[template(path = "jobs/run.html")]
struct RunPage {
    shell: Shell,
    row: Row,
    base: String,
    /// The address of what is worked on; empty if the reader may not see it.
    subject_href: String,
    /// The address of the run of a workflow that it has begun; empty if there is none.
    begun_href: String,
    /// The address of the run of a workflow that it is a part of; empty if it is of none.
    part_of_href: String,
    replay_of: String,
    tries: String,
    started: When,
    ended: When,
    remaining: String,
    /// What came of it, by name.
    results: Vec<(String, String)>,
    attempts: Vec<Attempt>,
    log: Vec<Line>,
    /// What started it, and how much more there is.
    events: Vec<(String, When)>,
    more_events: bool,
    /// Whether the reader may read what it says.
    reads_log: bool,
    /// Address of the lines that follow; empty if there are none.
    more: String,
    can_cancel: bool,
    can_retry: bool,
    can_discard: bool,
}

async fn one(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<RunId>,
    Query(query): Query<RunQuery>,
) -> Result<Response, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let view = runs::get(&web.app, &reader.caller, id).await?;
    let attempts = runs::attempts(&web.app, &reader.caller, id).await?;
    let log = log(&web, &reader, id, query.log.unwrap_or_default()).await?;
    let mut page = page(shell, &view, attempts, log);
    if view.inside && view.run.trigger_kind == "event" {
        let first = PageRequest::new(Some(EVENTS), None)?;
        let events = triggers::events_of_run(&web.app, &reader.caller, id, &first).await?;
        page.more_events = events.next.is_some();
        page.events = events.items.into_iter().map(|event| (event.about, When::at(event.at))).collect();
    }
    show(StatusCode::OK, &page)
}

/// What the run says; `None` for who may not read it.
async fn log(web: &Web, reader: &SignedIn, id: RunId, after: i64) -> Result<Option<Vec<JobLogLine>>, Fault> {
    match runs::log(&web.app, &reader.caller, id, after).await {
        Ok(lines) => Ok(Some(lines)),
        Err(fault) if fault.code == Code::Forbidden => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn page(shell: Shell, view: &RunView, attempts: Vec<JobAttempt>, log: Option<Vec<JobLogLine>>) -> RunPage {
    let run = &view.run;
    let base = format!("/jobs/runs/{}", run.id);
    let lines = log.as_deref().unwrap_or_default();
    let full = i64::try_from(lines.len()).is_ok_and(|count| count == runs::LINES);
    let more = lines.last().filter(|_| full).map(|last| format!("{base}?log={}", last.number)).unwrap_or_default();
    let left = run.started_at.filter(|_| run.state == JobState::Running);
    let left = left.and_then(|started| run.progress.remaining(started, view.at));
    RunPage {
        row: Row::of(view),
        subject_href: view.subject.as_ref().and_then(|_| subject_href(run)).unwrap_or_default(),
        begun_href: begun_href(run).unwrap_or_default(),
        part_of_href: part_of_href(view).unwrap_or_default(),
        replay_of: run.replay_of.map(|id| format!("/jobs/runs/{id}")).unwrap_or_default(),
        tries: format!("{} of {}", run.tries.max(i64::from(run.attempt > 0)), run.max_tries),
        started: When::maybe(run.started_at),
        ended: When::maybe(run.ended_at),
        remaining: left.map(|left| kit::duration(left.num_milliseconds())).unwrap_or_default(),
        results: results(view),
        attempts: attempts.into_iter().map(|one| attempt(view, one)).collect(),
        log: lines.iter().map(line).collect(),
        events: Vec::new(),
        more_events: false,
        reads_log: log.is_some(),
        more,
        can_cancel: view.can_act && !run.is_ended() && !run.cancel_requested,
        can_retry: view.can_act && (run.is_dead_letter() || run.state == JobState::Cancelled),
        can_discard: view.can_act && run.is_dead_letter(),
        shell,
        base,
    }
}

/// The page of what is worked on.
fn subject_href(run: &JobRun) -> Option<String> {
    if run.kind == LISTING.name {
        return run.subject_id.map(|trigger| format!("/projects/{}/triggers/{trigger}", run.project_id));
    }
    Some(href(run.project_id, Target::of_work(&run.kind, run.subject_id)?))
}

/// The run of the workflow that this one has begun.
fn begun_href(run: &JobRun) -> Option<String> {
    let target = Target::of_work(&run.kind, run.subject_id).filter(|target| matches!(target, Target::Workflow(_)))?;
    let begun = run.output.as_ref()?.get(BEGUN)?.as_str()?;
    Some(format!("{}/runs/{begun}", href(run.project_id, target)))
}

/// The run of the workflow that this one is a part of.
fn part_of_href(view: &RunView) -> Option<String> {
    let (workflow, flow) = view.part_of?;
    Some(format!("{}/runs/{flow}", href(view.run.project_id, Target::Workflow(workflow))))
}

/// Plain values of the output, named as people read them; lists are counted.
fn results(view: &RunView) -> Vec<(String, String)> {
    let Some(output) = view.run.output.as_ref().and_then(|output| output.as_object()) else { return Vec::new() };
    // What is worked on is linked; its id says nothing to people.
    let is_id = |value: &serde_json::Value| value.as_str().is_some_and(|text| text.parse::<uuid::Uuid>().is_ok());
    let told = output.iter().filter(|(name, value)| name.as_str() != BEGUN && !is_id(value));
    let shown = told.map(|(name, value)| {
        let value = match value {
            serde_json::Value::Number(number) => number.as_i64().map_or_else(|| number.to_string(), kit::grouped),
            serde_json::Value::Array(items) => kit::grouped(kit::whole(items.len())),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (capitalised(&name.replace('_', " ")), value)
    });
    shown.collect()
}

fn attempt(view: &RunView, attempt: JobAttempt) -> Attempt {
    let (label, tone, icon) = match attempt.outcome {
        None => ("At work", "info", "loader-circle"),
        Some(AttemptOutcome::Succeeded) => ("Succeeded", "good", "check"),
        Some(AttemptOutcome::Failed) => ("Failed", "danger", "circle-x"),
        Some(AttemptOutcome::Cancelled) => ("Cancelled", "", "circle-slash"),
        Some(AttemptOutcome::Lost) => ("Its worker was lost", "attention", "circle-alert"),
        Some(AttemptOutcome::HandedBack) => ("Handed back", "", "history"),
    };
    let ended = attempt.ended_at.unwrap_or(view.at);
    Attempt {
        number: attempt.attempt,
        label,
        tone,
        icon,
        started: When::at(attempt.started_at),
        took: kit::duration((ended - attempt.started_at).num_milliseconds()),
        error: attempt.error.as_deref().map(sentence).unwrap_or_default(),
        next: When::maybe(attempt.next_at),
    }
}

fn line(line: &JobLogLine) -> Line {
    Line { at: line.at.format("%H:%M:%S%.3f").to_string(), level: line.level, message: line.message.clone() }
}

async fn cancel(State(web): State<Web>, reader: SignedIn, Path(id): Path<RunId>) -> Result<Response, Refusal> {
    let outcome = runs::cancel(&web.app, &reader.caller, id).await;
    back(&format!("/jobs/runs/{id}"), outcome.map(|_| "The run is being stopped.".to_owned()))
}

async fn retry(State(web): State<Web>, reader: SignedIn, Path(id): Path<RunId>) -> Result<Response, Refusal> {
    match runs::retry(&web.app, &reader.caller, id).await {
        Ok(view) => Ok(done(&format!("/jobs/runs/{}", view.run.id), "It is tried again.")),
        Err(fault) => back(&format!("/jobs/runs/{id}"), Err(fault)),
    }
}

async fn discard(State(web): State<Web>, reader: SignedIn, Path(id): Path<RunId>) -> Result<Response, Refusal> {
    let outcome = runs::discard(&web.app, &reader.caller, id).await;
    back(&format!("/jobs/runs/{id}"), outcome.map(|_| "Put away.".to_owned()))
}
