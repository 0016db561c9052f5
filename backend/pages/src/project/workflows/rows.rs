//! How runs of workflows, their steps and backfills are shown.

use lakegate_app::jobs::workflows::BackfillView;
use lakegate_model::{
    Timestamp,
    words::{StepState, WorkflowState},
    workflows::WorkflowRun,
};

use crate::kit::{self, When, counted, grouped, spoken};

/// A state with its word, colour and icon.
#[derive(Debug, Clone, Copy, Default)]
pub struct State {
    pub label: &'static str,
    pub tone: &'static str,
    pub icon: &'static str,
}

impl State {
    /// Of a run or backfill.
    pub fn of(state: WorkflowState, cancel_requested: bool) -> Self {
        let (label, tone, icon) = match state {
            WorkflowState::Running if cancel_requested => ("Stopping", "attention", "loader-circle"),
            WorkflowState::Running => ("Running", "info", "loader-circle"),
            WorkflowState::Succeeded => ("Succeeded", "good", "circle-check"),
            WorkflowState::Failed => ("Failed", "danger", "circle-x"),
            WorkflowState::Cancelled => ("Cancelled", "", "circle-slash"),
        };
        Self { label, tone, icon }
    }

    /// Of a step or a part of one.
    pub fn of_step(state: StepState) -> Self {
        let (label, tone, icon) = match state {
            StepState::Waiting => ("Waiting", "", "clock"),
            StepState::Running => ("Running", "info", "loader-circle"),
            StepState::Succeeded => ("Succeeded", "good", "circle-check"),
            StepState::Failed => ("Failed", "danger", "circle-x"),
            StepState::Skipped => ("Skipped", "", "circle-dashed"),
            StepState::Cancelled => ("Cancelled", "", "circle-slash"),
        };
        Self { label, tone, icon }
    }
}

/// A run of a workflow.
#[derive(Debug, Default)]
pub struct FlowRow {
    pub href: String,
    pub state: State,
    pub version: i64,
    /// What started it: "by hand", "its schedule".
    pub trigger: String,
    /// The day of its backfill; empty for others.
    pub day: String,
    pub by: String,
    pub at: When,
    pub ended: When,
    pub took: String,
    pub live: bool,
}

impl FlowRow {
    /// A run as it stands at a moment; `base` is the path of its workflow.
    pub fn of(run: &WorkflowRun, base: &str, now: Timestamp) -> Self {
        let trigger = match run.trigger_kind.as_str() {
            "manual" => "by hand".to_owned(),
            "schedule" => "its schedule".to_owned(),
            "event" => "a trigger".to_owned(),
            "replay" => "tried again".to_owned(),
            other => spoken(other).to_lowercase(),
        };
        Self {
            href: format!("{base}/runs/{}", run.id),
            state: State::of(run.state, run.cancel_requested),
            version: run.version,
            trigger,
            day: run.day.clone().unwrap_or_default(),
            by: run.started_by.clone(),
            at: When::at(run.created_at),
            ended: When::maybe(run.ended_at),
            took: took(Some(run.created_at), run.ended_at, now),
            live: run.state == WorkflowState::Running,
        }
    }
}

/// How long something took, or has gone on for; empty before it begins.
pub fn took(began: Option<Timestamp>, ended: Option<Timestamp>, now: Timestamp) -> String {
    let Some(began) = began else { return String::new() };
    kit::duration((ended.unwrap_or(now) - began).num_milliseconds())
}

/// A backfill.
#[derive(Debug)]
pub struct BackfillRow {
    pub href: String,
    pub state: State,
    /// "2026-05-03 to 2026-05-31", or the one day.
    pub days: String,
    pub version: i64,
    /// Days of which nothing is left to do, and all.
    pub done: i64,
    pub total: i64,
    /// How its days stand, in words.
    pub words: String,
    pub by: String,
    pub at: When,
    pub ended: When,
    pub took: String,
    pub live: bool,
}

impl BackfillRow {
    /// A backfill as it stands at a moment; `base` is the path of its workflow.
    pub fn of(view: &BackfillView, base: &str, now: Timestamp) -> Self {
        let (backfill, progress) = (&view.backfill, view.progress);
        let days = if backfill.first_day == backfill.last_day {
            backfill.first_day.clone()
        } else {
            format!("{} to {}", backfill.first_day, backfill.last_day)
        };
        let parts = [
            (progress.succeeded, "succeeded"),
            (progress.failed, "failed"),
            (progress.cancelled, "stopped"),
            (progress.covered, "left out, done before"),
            (progress.running, "running"),
            (progress.waiting, "waiting"),
        ];
        let told = parts.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = told.map(|(count, word)| format!("{} {word}", grouped(count))).collect();
        Self {
            href: format!("{base}/backfills/{}", backfill.id),
            state: State::of(backfill.state, backfill.cancel_requested),
            days,
            version: backfill.version,
            done: progress.days - progress.waiting - progress.running,
            total: progress.days,
            words: format!("{}: {}", counted(progress.days, "day", "days"), words.join(", ")),
            by: backfill.created_by.clone(),
            at: When::at(backfill.created_at),
            ended: When::maybe(backfill.ended_at),
            took: took(Some(backfill.created_at), backfill.ended_at, now),
            live: backfill.state == WorkflowState::Running,
        }
    }
}
