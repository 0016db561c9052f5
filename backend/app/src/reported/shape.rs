//! Events of one run put together: the same in whatever order they come, and however often.

use lakegate_model::{
    Timestamp,
    ids::ReportedDatasetId,
    reported::{Register, Registers, ReportedRun, RunShape},
    words::ReportedState,
};
use serde_json::json;

use super::{
    event::{Facets, Kind},
    facets::{self, JobType},
};

/// Takes in facets that were stated at a time.
pub(super) fn take(registers: &mut Registers, stated: &Facets, at: Timestamp) {
    for (name, value) in stated {
        registers.put(name, Register { at, value: value.clone() });
    }
}

/// Takes in how far a run says it has come.
pub(super) fn take_kind(shape: &mut RunShape, kind: Kind, at: Timestamp) {
    let ended = |state: ReportedState| Register { at, value: json!(state) };
    match kind {
        Kind::Start => shape.started = Some(shape.started.map_or(at, |known| known.min(at))),
        Kind::Running | Kind::Other => shape.running = shape.running.max(Some(at)),
        Kind::Complete => end(shape, ended(ReportedState::Completed)),
        Kind::Fail => end(shape, ended(ReportedState::Failed)),
        Kind::Abort => end(shape, ended(ReportedState::Aborted)),
    }
}

fn end(shape: &mut RunShape, new: Register) {
    let mut one = Registers::default();
    if let Some(held) = shape.ended.take() {
        one.put("", held);
    }
    one.put("", new);
    shape.ended = one.0.remove("");
}

/// Takes in that a run reads a dataset, with what it says of that.
pub(super) fn take_input(shape: &mut RunShape, dataset: ReportedDatasetId, stated: &Facets, at: Timestamp) {
    take(shape.inputs.entry(dataset).or_default(), stated, at);
}

/// Takes in that a run writes a dataset, with what it says of that.
pub(super) fn take_output(shape: &mut RunShape, dataset: ReportedDatasetId, stated: &Facets, at: Timestamp) {
    take(shape.outputs.entry(dataset).or_default(), stated, at);
}

/// How far a run has come.
pub(super) fn state(shape: &RunShape) -> ReportedState {
    let ended = shape.ended.as_ref().and_then(|end| serde_json::from_value(end.value.clone()).ok());
    ended.unwrap_or(match shape.running {
        Some(_) => ReportedState::Running,
        None => ReportedState::Started,
    })
}

/// Since when what a run reads and writes is its job's lineage: of one that ended well, of one that never ends once it is at
/// work, and of what a job says of itself; none of others.
pub(super) fn counts_since(run: &ReportedRun, job: &Registers) -> Option<Timestamp> {
    let streams = || {
        let kind = facets::read::<JobType>(job, "jobType");
        kind.is_some_and(|kind| kind.processing_type.eq_ignore_ascii_case("STREAMING"))
    };
    match run.state {
        ReportedState::Designed => Some(run.last_at),
        ReportedState::Completed => run.ended_at,
        _ => run.shape.running.filter(|_| streams()),
    }
}
