//! How a run of a data source is shown.

use lakegate_model::{catalog::SourceRun, words::RunState};

use crate::kit::{self, When, counted, sentence};

/// A run as lists and pages show it.
#[derive(Debug, Default)]
pub(crate) struct RunRow {
    /// `queued`, `running`, `succeeded`, `failed`, `cancelled`; empty for a source that never ran.
    pub state: String,
    /// The page of the run.
    pub href: String,
    pub label: &'static str,
    /// How the state is coloured.
    pub tone: &'static str,
    pub icon: &'static str,
    pub at: When,
    pub by: String,
    pub took: String,
    /// What came of it, or how far it is.
    pub summary: String,
    pub error: String,
    /// What was left out and why.
    pub skipped: Vec<String>,
    /// Tables done and to do, of a run under way; 0 while that is not known.
    pub tables_done: i64,
    pub tables_total: i64,
    pub live: bool,
    /// Path for cancelling; empty if there is nothing to cancel.
    pub cancel: String,
}

impl RunRow {
    /// A run; `base` is the path of its source, empty if the reader may not cancel.
    pub fn of(run: &SourceRun, base: &str) -> Self {
        let (label, tone, icon) = match run.state {
            RunState::Queued => ("Queued", "info", "clock"),
            RunState::Running if run.cancel_requested => ("Stopping", "attention", "loader-circle"),
            RunState::Running => ("Running", "info", "loader-circle"),
            RunState::Succeeded => ("Succeeded", "good", "circle-check"),
            RunState::Failed => ("Failed", "danger", "circle-x"),
            RunState::Cancelled => ("Cancelled", "", "circle-slash"),
        };
        let live = matches!(run.state, RunState::Queued | RunState::Running);
        let may_cancel = live && !run.cancel_requested && !base.is_empty();
        let took = run.started_at.zip(run.ended_at).map(|(from, to)| kit::duration((to - from).num_milliseconds()));
        let by_itself = run.trigger_kind == "schedule";
        Self {
            state: run.state.to_string(),
            href: format!("/jobs/runs/{}", run.id),
            label,
            tone,
            icon,
            at: When::at(run.created_at),
            by: if by_itself { "by itself".to_owned() } else { run.started_by.clone() },
            took: took.unwrap_or_default(),
            summary: summary(run),
            error: run.error.as_deref().map(sentence).unwrap_or_default(),
            skipped: run.outcome.as_ref().map(|outcome| outcome.skipped.clone()).unwrap_or_default(),
            tables_done: run.progress.tables_done,
            tables_total: run.progress.tables_total,
            live,
            cancel: if may_cancel { format!("{base}/runs/{}/cancel", run.id) } else { String::new() },
        }
    }
}

fn summary(run: &SourceRun) -> String {
    let Some(outcome) = &run.outcome else {
        let progress = &run.progress;
        return match (run.state, progress.files_seen) {
            (RunState::Running, 0) => "Looking for files".to_owned(),
            (RunState::Running, files) => format!("{} seen", counted(files, "file", "files")),
            _ => String::new(),
        };
    };
    let mut parts = Vec::new();
    for (count, word) in
        [(outcome.tables_new, "new"), (outcome.tables_changed, "changed"), (outcome.tables_same, "unchanged")]
    {
        if count > 0 {
            parts.push(format!("{} {word}", kit::grouped(count)));
        }
    }
    let tables = if parts.is_empty() { "No tables".to_owned() } else { format!("Tables: {}", parts.join(", ")) };
    format!("{tables}; {}, {}", counted(outcome.files, "file", "files"), kit::bytes(outcome.bytes))
}
