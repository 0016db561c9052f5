//! The last runs of a data source or workflow at a glance.

use lakegate_app::{
    derived,
    jobs::{Target, workflows},
    sources::runs,
};
use lakegate_model::{
    Fault, PageRequest, Timestamp,
    catalog::SourceRun,
    ids::{DataSourceId, DerivedTableId, WorkflowId},
    jobs::JobRun,
    words::{JobState, RunState, WorkflowState},
    workflows::WorkflowRun,
};

use crate::kit::{counted, duration};
use lakegate_http::{Web, extract::SignedIn};

/// Runs that are shown.
const SHOWN: i64 = 12;
/// Units of the picture from one bar to the next, and of a bar.
const PITCH: i64 = 8;
const WIDE: i64 = 5;
/// Heights of the picture, and of a run that took no time.
const HEIGHT: i64 = 24;
const LEAST: i64 = 3;

/// A bar for each run, the latest at the right end, as high as the run was long.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Spark {
    pub bars: Vec<Bar>,
    /// Units of the picture.
    pub width: i64,
    /// The same in words; empty if it never ran.
    pub text: String,
}

/// One run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bar {
    pub x: i64,
    pub y: i64,
    pub height: i64,
    /// `bad` for one that failed, `dim` for one that was stopped or goes on, empty otherwise.
    pub tone: &'static str,
}

/// The last runs of a data source, the latest first, and their picture.
pub(crate) async fn last_runs(
    web: &Web,
    reader: &SignedIn,
    source: DataSourceId,
) -> Result<(Vec<SourceRun>, Spark), Fault> {
    let page = PageRequest::new(Some(SHOWN), None)?;
    let found = runs::list(&web.app, &reader.caller, source, &page).await?.items;
    let ran: Vec<Ran> = found.iter().map(Ran::from).collect();
    Ok((found, Spark::of(&ran)))
}

/// The last runs of a workflow, the latest first, and their picture.
pub(crate) async fn last_flows(
    web: &Web,
    reader: &SignedIn,
    workflow: WorkflowId,
) -> Result<(Vec<WorkflowRun>, Spark), Fault> {
    let page = PageRequest::new(Some(SHOWN), None)?;
    let found = workflows::list_runs(&web.app, &reader.caller, workflow, &page).await?.items;
    let ran: Vec<Ran> = found.iter().map(Ran::from).collect();
    Ok((found, Spark::of(&ran)))
}

/// The last runs of the query of a derived table, the latest first, and their picture.
pub(crate) async fn last_builds(
    web: &Web,
    reader: &SignedIn,
    derived: DerivedTableId,
) -> Result<(Vec<JobRun>, Spark), Fault> {
    let page = PageRequest::new(Some(SHOWN), None)?;
    let found = derived::runs(&web.app, &reader.caller, derived, &page).await?.items;
    let ran: Vec<Ran> = found.iter().map(Ran::from).collect();
    Ok((found, Spark::of(&ran)))
}

/// The picture of the last runs of any of them.
pub(crate) async fn of_target(web: &Web, reader: &SignedIn, target: Target) -> Result<Spark, Fault> {
    Ok(match target {
        Target::Source(id) => last_runs(web, reader, id).await?.1,
        Target::Workflow(id) => last_flows(web, reader, id).await?.1,
        Target::Derived(id) => last_builds(web, reader, id).await?.1,
    })
}

/// What the picture needs of a run.
#[derive(Debug, Clone, Copy)]
struct Ran {
    end: End,
    /// How long it took; 0 while it goes on.
    millis: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Succeeded,
    Failed,
    Stopped,
    None,
}

impl Ran {
    fn new(end: End, began: Option<Timestamp>, ended: Option<Timestamp>) -> Self {
        let millis = began.zip(ended).map_or(0, |(from, to)| (to - from).num_milliseconds().max(0));
        Self { end, millis }
    }
}

impl From<&SourceRun> for Ran {
    fn from(run: &SourceRun) -> Self {
        let end = match run.state {
            RunState::Succeeded => End::Succeeded,
            RunState::Failed => End::Failed,
            RunState::Cancelled => End::Stopped,
            RunState::Queued | RunState::Running => End::None,
        };
        Self::new(end, run.started_at, run.ended_at)
    }
}

impl From<&JobRun> for Ran {
    fn from(run: &JobRun) -> Self {
        let end = match run.state {
            JobState::Succeeded => End::Succeeded,
            JobState::Failed => End::Failed,
            JobState::Cancelled => End::Stopped,
            JobState::Scheduled | JobState::Waiting | JobState::Held | JobState::Running => End::None,
        };
        Self::new(end, run.started_at, run.ended_at)
    }
}

impl From<&WorkflowRun> for Ran {
    fn from(run: &WorkflowRun) -> Self {
        let end = match run.state {
            WorkflowState::Succeeded => End::Succeeded,
            WorkflowState::Failed => End::Failed,
            WorkflowState::Cancelled => End::Stopped,
            WorkflowState::Running => End::None,
        };
        Self::new(end, Some(run.created_at), run.ended_at)
    }
}

impl Spark {
    /// The picture of runs, of which the first is the latest.
    fn of(runs: &[Ran]) -> Self {
        let longest = runs.iter().map(|run| run.millis).max().unwrap_or_default().max(1);
        let bars = (0_i64..).zip(runs.iter().rev()).map(|(nth, run)| {
            let height = LEAST + (HEIGHT - LEAST) * run.millis / longest;
            Bar { x: nth * PITCH, y: HEIGHT - height, height, tone: tone(run.end) }
        });
        let bars: Vec<Bar> = bars.collect();
        Self { width: bars.last().map_or(0, |last| last.x + WIDE), bars, text: text(runs, longest) }
    }
}

fn tone(end: End) -> &'static str {
    match end {
        End::Succeeded => "",
        End::Failed => "bad",
        End::Stopped | End::None => "dim",
    }
}

fn text(runs: &[Ran], longest: i64) -> String {
    if runs.is_empty() {
        return String::new();
    }
    let count = |end: End| runs.iter().filter(|run| run.end == end).count();
    let told = [(End::Succeeded, "succeeded"), (End::Failed, "failed"), (End::Stopped, "stopped")];
    let mut parts: Vec<String> = told
        .into_iter()
        .filter(|(end, _)| count(*end) > 0)
        .map(|(end, word)| format!("{} {word}", count(end)))
        .collect();
    parts.push(format!("the longest took {}", duration(longest)));
    let runs = counted(i64::try_from(runs.len()).unwrap_or(i64::MAX), "run", "runs");
    format!("Last {runs}, the latest at the right: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::{TimeDelta, TimeZone, Utc};

    fn run(state: RunState, seconds: Option<i64>) -> Ran {
        let began = Utc.with_ymd_and_hms(2026, 5, 3, 6, 0, 0).unwrap();
        Ran::from(&SourceRun {
            id: uuid::Uuid::nil().into(),
            source_id: uuid::Uuid::nil().into(),
            state,
            attempt: 1,
            trigger_kind: "schedule".into(),
            started_by: "its schedule".into(),
            progress: Default::default(),
            outcome: None,
            error: None,
            cancel_requested: false,
            created_at: began,
            started_at: Some(began),
            beat_at: None,
            ended_at: seconds.map(|seconds| began + TimeDelta::seconds(seconds)),
        })
    }

    #[test]
    fn the_latest_stands_at_the_right_and_the_longest_is_the_highest() {
        let spark = Spark::of(&[
            run(RunState::Running, None),
            run(RunState::Failed, Some(2)),
            run(RunState::Succeeded, Some(4)),
        ]);
        let seen: Vec<_> = spark.bars.iter().map(|bar| (bar.x, bar.height, bar.tone)).collect();
        assert_eq!((seen, spark.width), (vec![(0, 24, ""), (8, 13, "bad"), (16, 3, "dim")], 21));
        assert!(spark.bars.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert_eq!(spark.text, "Last 3 runs, the latest at the right: 1 succeeded, 1 failed, the longest took 4.0 s");
    }

    #[test]
    fn what_never_ran_has_no_picture() {
        assert_eq!(Spark::of(&[]), Spark::default());
    }
}
