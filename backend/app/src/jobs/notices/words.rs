//! What a notice says: no more than its reader may see of the run.

use lakegate_jobs::workflows::START;
use lakegate_model::{
    Timestamp,
    run_notices::RunDelivery,
    words::{JobState, RunNews},
};
use serde_json::{Value, json};

use super::seen::{Seen, WorkflowSeen};
use crate::jobs::runs::RunView;

const WHICH_STEP: &str = "The run of the workflow shows which step failed.";

/// A notice in words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words {
    pub title: String,
    pub body: String,
    /// Path inside the portal.
    pub link: String,
    /// The same for programs.
    pub data: Value,
}

/// The words of a notice of a run as its reader sees it; of none for a trial.
pub(super) fn of(delivery: &RunDelivery, about: Option<&Seen>, base: Option<&str>) -> Words {
    let (title, body) = match about {
        Some(Seen::Run(view)) => (title(delivery.news, view), body(delivery, view)),
        Some(Seen::Workflow(seen)) => {
            (headline("Workflow", seen.name.as_deref(), delivery.news), workflow_body(delivery, seen))
        }
        None => (
            "Notices of runs arrive".to_owned(),
            "Somebody tries whether notices of runs arrive here. They do.".to_owned(),
        ),
    };
    let link = about.and_then(Seen::href).unwrap_or_else(|| "/account/notices".to_owned());
    let (run, workflow_run) = match about {
        Some(Seen::Run(view)) => (run_data(view), Value::Null),
        Some(Seen::Workflow(seen)) => (Value::Null, workflow_data(seen)),
        None => (Value::Null, Value::Null),
    };
    let address = base.map(|base| format!("{base}{link}"));
    let data = json!({
        "delivery": delivery.id,
        "event": format!("run.{}", delivery.news),
        "happened_at": delivery.happened_at,
        "title": title,
        "text": body,
        "link": address.as_ref().unwrap_or(&link),
        "run": run,
        "workflow_run": workflow_run,
    });
    Words { title, body, link, data }
}

fn run_data(view: &RunView) -> Value {
    let run = &view.run;
    json!({
        "id": run.id,
        "kind": run.kind,
        "title": view.title,
        "state": run.state,
        "project": (!run.project_id.0.is_nil()).then(|| json!({ "id": run.project_id, "name": view.project_name })),
        "subject": view.subject,
        "trigger": run.trigger_kind,
        "attempt": run.attempt,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "error_code": run.error_code,
        "error": run.error,
    })
}

fn workflow_data(seen: &WorkflowSeen) -> Value {
    let run = &seen.run;
    json!({
        "id": run.id,
        "workflow": { "id": run.workflow_id, "name": seen.name },
        "version": run.version,
        "state": run.state,
        "project": { "id": run.project_id, "name": seen.project_name },
        "trigger": run.trigger_kind,
        "day": run.day,
        "started_at": run.created_at,
        "ended_at": run.ended_at,
    })
}

fn title(news: RunNews, view: &RunView) -> String {
    let title = if of_workflow(news, view) { "Workflow" } else { &view.title };
    headline(title, view.subject.as_deref(), news)
}

fn headline(title: &str, subject: Option<&str>, news: RunNews) -> String {
    let what = match subject {
        Some(subject) => format!("{title}: {subject}"),
        None => title.to_owned(),
    };
    let happened = match news {
        RunNews::Started => "has started",
        RunNews::Succeeded => "succeeded",
        RunNews::Partly => "succeeded in part",
        RunNews::Failed => "failed",
        RunNews::Late => "is late",
        RunNews::Test => "is tried",
    };
    format!("{what} {happened}")
}

/// Whether it is about the workflow that a run has started, and not about the start.
fn of_workflow(news: RunNews, view: &RunView) -> bool {
    let ended = matches!(news, RunNews::Succeeded | RunNews::Failed);
    view.run.kind == START.name && (news == RunNews::Late || ended && view.run.state == JobState::Succeeded)
}

fn body(delivery: &RunDelivery, view: &RunView) -> String {
    let mut sentences = place(view.project_name.as_deref());
    match delivery.news {
        RunNews::Failed if of_workflow(delivery.news, view) => sentences.push(WHICH_STEP.to_owned()),
        RunNews::Late if of_workflow(delivery.news, view) => {
            let since = if view.run.schedule_id.is_some() { "Its schedule ticked" } else { "It was started" };
            let at = moment(delivery.happened_at);
            sentences.push(format!("{since} at {at}, and the workflow had not ended in time."));
        }
        RunNews::Late => sentences.push(format!(
            "Its schedule ticked at {}, and the run had not ended in time. It is {} now.",
            moment(delivery.happened_at),
            view.run.state
        )),
        RunNews::Failed => sentences.extend(view.run.error.as_ref().map(|error| format!("{error}."))),
        RunNews::Partly => sentences.push("Something could not be done; the page of the run says what.".to_owned()),
        _ => sentences.push(format!("At {}.", moment(delivery.happened_at))),
    }
    sentences.join(" ")
}

fn workflow_body(delivery: &RunDelivery, seen: &WorkflowSeen) -> String {
    let (mut sentences, at) = (place(seen.project_name.as_deref()), moment(delivery.happened_at));
    sentences.extend(seen.run.day.as_ref().map(|day| format!("For {day}.")));
    sentences.push(match delivery.news {
        RunNews::Failed => WHICH_STEP.to_owned(),
        RunNews::Late => format!("It was started at {at}, and had not ended in time. It is {} now.", seen.run.state),
        _ => format!("At {at}."),
    });
    sentences.join(" ")
}

fn place(project: Option<&str>) -> Vec<String> {
    project.map(|project| format!("In the project {project}.")).into_iter().collect()
}

fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
