//! What follows for a step from the states of those before it: nothing here knows a database.

use lakegate_model::{
    words::{StepEnd, StepState, WorkflowState},
    workflows::{Definition, Step},
};
use std::collections::BTreeMap;

/// The states of the steps, by name.
pub(super) type States = BTreeMap<String, StepState>;

/// What comes next for a step that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait,
    Begin,
    Skip,
}

/// Decides about a step that waits.
pub(super) fn next(step: &Step, states: &States) -> Next {
    let met = |on, name: &String| states.get(name).map_or(Some(false), |state| is_met(on, *state));
    let conditions: Vec<Option<bool>> = step.after.iter().map(|after| met(after.on, &after.step)).collect();
    if conditions.contains(&Some(false)) {
        Next::Skip
    } else if conditions.contains(&None) {
        Next::Wait
    } else {
        Next::Begin
    }
}

/// Whether a step ended as another wants it; `None` while it has not ended.
fn is_met(on: StepEnd, state: StepState) -> Option<bool> {
    match (on, state) {
        (_, StepState::Waiting | StepState::Running) => None,
        (StepEnd::Ended, _) => Some(true),
        (StepEnd::Succeeded, state) => Some(state == StepState::Succeeded),
        (StepEnd::Failed, state) => Some(has_failed(state)),
    }
}

/// A step that somebody stopped did not do what it should, like one that failed.
fn has_failed(state: StepState) -> bool {
    matches!(state, StepState::Failed | StepState::Cancelled)
}

/// How a run ended whose steps all have; `None` while one has not.
pub(super) fn outcome(definition: &Definition, states: &States, cancelled: bool) -> Option<WorkflowState> {
    if states.values().any(|state| matches!(state, StepState::Waiting | StepState::Running)) {
        return None;
    }
    if cancelled {
        return Some(WorkflowState::Cancelled);
    }
    let failed = states.iter().filter(|(_, state)| has_failed(**state));
    let unhandled = failed.into_iter().any(|(name, _)| !is_handled(definition, states, name));
    Some(if unhandled { WorkflowState::Failed } else { WorkflowState::Succeeded })
}

/// Whether a step began that waits for a failed one to fail or to end. If that fails itself, it is another failure.
fn is_handled(definition: &Definition, states: &States, failed: &str) -> bool {
    definition.steps.iter().any(|step| {
        let waits = step.after.iter().any(|after| after.step == failed && after.on != StepEnd::Succeeded);
        waits && states.get(&step.name).is_some_and(|state| *state != StepState::Skipped)
    })
}
