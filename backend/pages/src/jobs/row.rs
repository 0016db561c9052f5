//! How a run is shown.

use lakegate_app::jobs::runs::RunView;
use lakegate_model::{jobs::JobRun, words::JobState};

use crate::kit::{self, When, capitalised, sentence};

/// A run as lists and its own page show it.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub href: String,
    /// What its kind is called.
    pub title: String,
    /// What is worked on.
    pub subject: String,
    pub project: String,
    pub project_href: String,
    pub label: &'static str,
    pub tone: &'static str,
    pub icon: &'static str,
    pub at: When,
    pub by: String,
    pub took: String,
    /// How far it is, or why it failed.
    pub words: String,
    pub failed: bool,
    /// Where it is tried again by itself.
    pub again: When,
    /// The share that is done, while that is known; otherwise empty.
    pub percent: String,
    pub live: bool,
}

impl Row {
    pub fn of(view: &RunView) -> Self {
        let run = &view.run;
        let (label, tone, icon) = state(run);
        let live = !run.is_ended();
        let opens = view.inside && view.project_name.is_some();
        let project = view.project_name.clone().unwrap_or_else(|| "The installation".to_owned());
        let percent = run.progress.percent().filter(|_| run.state == JobState::Running);
        Self {
            href: format!("/jobs/runs/{}", run.id),
            title: view.title.clone(),
            subject: view.subject.clone().unwrap_or_default(),
            project_href: if opens { format!("/projects/{}", run.project_id) } else { String::new() },
            project,
            label,
            tone,
            icon,
            at: When::at(run.created_at),
            by: by(run),
            took: took(view),
            words: words(run),
            failed: run.error.is_some() && run.state != JobState::Succeeded,
            again: When::maybe(Some(run.run_at).filter(|_| run.state == JobState::Scheduled)),
            percent: percent.map(|percent| percent.to_string()).unwrap_or_default(),
            live,
        }
    }
}

/// The word of a run's state, its tone and its icon.
pub(crate) fn state(run: &JobRun) -> (&'static str, &'static str, &'static str) {
    match run.state {
        JobState::Scheduled if run.tries > 0 => ("Will try again", "attention", "clock"),
        JobState::Scheduled => ("Planned", "info", "calendar-clock"),
        JobState::Waiting => ("Waiting", "info", "clock"),
        JobState::Held => ("Waits for another", "info", "clock"),
        JobState::Running if run.cancel_requested => ("Stopping", "attention", "loader-circle"),
        JobState::Running => ("Running", "info", "loader-circle"),
        JobState::Succeeded => ("Succeeded", "good", "circle-check"),
        JobState::Failed => ("Failed", "danger", "circle-x"),
        JobState::Cancelled => ("Cancelled", "", "circle-slash"),
    }
}

/// Who or what started a run.
pub(crate) fn by(run: &JobRun) -> String {
    match run.trigger_kind.as_str() {
        "schedule" => "its schedule".to_owned(),
        "replay" => format!("{}, trying again", run.started_by),
        _ => run.started_by.clone(),
    }
}

fn took(view: &RunView) -> String {
    let duration = view.run.duration(view.at);
    duration.map(|took| kit::duration(took.num_milliseconds())).unwrap_or_default()
}

/// How far a run is, or why it failed.
pub(crate) fn words(run: &JobRun) -> String {
    if let Some(error) = run.error.as_deref().filter(|_| run.state != JobState::Succeeded) {
        return sentence(error);
    }
    let progress = &run.progress;
    let phase = if run.state == JobState::Running { progress.phase.as_str() } else { "" };
    let mut parts = vec![capitalised(phase)];
    match progress.total {
        Some(total) => parts.push(format!("{} of {}", kit::grouped(progress.done), some(total, &progress.unit))),
        None if progress.done > 0 => parts.push(some(progress.done, &progress.unit)),
        None => {}
    }
    parts.extend(progress.counts.iter().map(|(name, count)| some(*count, name)));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// A count with its unit, which kinds of work name in the plural.
fn some(count: i64, unit: &str) -> String {
    kit::counted(count, unit.strip_suffix('s').unwrap_or(unit), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_unit_is_said_in_the_singular() {
        assert_eq!((some(1, "tables"), some(2, "tables")), ("1 table".to_owned(), "2 tables".to_owned()));
    }
}
