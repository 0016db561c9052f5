//! Moves a run of a workflow on, as far as it goes.

use chrono::TimeDelta;
use lakegate_model::{
    Fault, Timestamp,
    jobs::Priority,
    words::{StepState, WorkflowState},
    workflows::{Definition, Place, Step, WorkflowPart, WorkflowRun, references},
};
use lakegate_store::{
    Tx, WriteTx, job_runs, workflow_runs,
    workflow_steps::{self as store, NewPart, PartCounts},
    workflows,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    TRIGGER,
    decide::{self, Next, States},
    expand::{self, Given},
};
use crate::{
    KindSpec, Queue, Submission, triggers,
    watch::{Asked, WorkflowHappened},
};

/// When parts are put into the queue again for which it had no room, and a run is looked at that could not be moved on.
pub(super) const LATER: TimeDelta = TimeDelta::seconds(30);
/// The share of each kind's room in the queue that workflows leave to others: one of so many.
const RESERVE: i64 = 10;

/// A locked run while it is moved on.
struct Flow<'a> {
    queue: &'a Queue,
    run: &'a WorkflowRun,
    definition: Arc<Definition>,
    states: States,
    /// How much of each kind it may still put in.
    rooms: HashMap<&'static str, i64>,
    lacks_room: bool,
    now: Timestamp,
}

/// Moves a locked run on until everything waits for something, or has ended. Says how the run ended, if it did.
pub(super) async fn advance(
    queue: &Queue,
    tx: &mut WriteTx,
    run: &WorkflowRun,
) -> Result<Option<WorkflowState>, Fault> {
    let mut flow = Flow::load(queue, tx, run).await?;
    loop {
        let ended = flow.end_steps(tx).await?;
        let moved = flow.move_on(tx).await?;
        let refused = flow.put_parts_in(tx).await?;
        if !(ended || moved || refused) {
            break;
        }
    }
    let outcome = decide::outcome(&flow.definition, &flow.states, run.cancel_requested);
    if let Some(state) = outcome {
        let end = (state, run.cancel_requested);
        workflow_runs::flow_set_state(tx, run.id, end, Some(flow.now)).await?;
        tell_ended(queue, tx, run, state).await?;
    } else if flow.lacks_room || run.due_at.is_some() {
        let due = flow.lacks_room.then(|| flow.now + LATER);
        workflow_runs::flow_set_due(tx, run.id, due).await?;
    }
    Ok(outcome)
}

/// Tells triggers and the watch that a run has ended.
async fn tell_ended(queue: &Queue, tx: &mut WriteTx, run: &WorkflowRun, state: WorkflowState) -> Result<(), Fault> {
    triggers::tell_flow_ended(queue, tx, run, state).await?;
    queue.tell_of_workflow(tx, run, WorkflowHappened::Ended(state)).await
}

impl<'a> Flow<'a> {
    async fn load(queue: &'a Queue, tx: &mut Tx, run: &'a WorkflowRun) -> Result<Self, Fault> {
        let version = workflows::version_find(tx, run.workflow_id, run.version).await?;
        let version = version.ok_or_else(|| Fault::internal("a run of a workflow has no definition"))?;
        let states = store::steps(tx, run.id).await?.into_iter().map(|step| (step.name, step.state)).collect();
        let definition = Arc::new(version.definition);
        Ok(Self { queue, run, definition, states, rooms: HashMap::new(), lacks_room: false, now: queue.now() })
    }

    fn is(&self, step: &Step, state: StepState) -> bool {
        self.states.get(&step.name) == Some(&state)
    }

    async fn end(&mut self, tx: &mut WriteTx, step: &Step, how: (StepState, Option<&str>)) -> Result<(), Fault> {
        store::step_end(tx, self.run.id, &step.name, how, self.now).await?;
        self.states.insert(step.name.clone(), how.0);
        Ok(())
    }

    /// Ends the steps whose parts have all ended.
    async fn end_steps(&mut self, tx: &mut WriteTx) -> Result<bool, Fault> {
        let (definition, mut changed) = (Arc::clone(&self.definition), false);
        let counts = self.counts(tx).await?;
        for step in definition.steps.iter().filter(|step| counts.contains_key(&step.name)) {
            if let Some(state) = end_of(counts[&step.name]).filter(|_| self.is(step, StepState::Running)) {
                self.end(tx, step, (state, None)).await?;
                changed = true;
            }
        }
        Ok(changed)
    }

    async fn counts(&self, tx: &mut Tx) -> Result<BTreeMap<String, PartCounts>, Fault> {
        if self.states.values().any(|state| *state == StepState::Running) {
            return Ok(store::part_counts(tx, self.run.id).await?);
        }
        Ok(BTreeMap::new())
    }

    /// Begins and skips what can be.
    async fn move_on(&mut self, tx: &mut WriteTx) -> Result<bool, Fault> {
        let (definition, mut changed) = (Arc::clone(&self.definition), false);
        for step in &definition.steps {
            if !self.is(step, StepState::Waiting) {
                continue;
            }
            let next = if self.run.cancel_requested { Next::Skip } else { decide::next(step, &self.states) };
            match next {
                Next::Wait => continue,
                Next::Skip => self.end(tx, step, (StepState::Skipped, None)).await?,
                Next::Begin => self.begin(tx, step).await?,
            }
            changed = true;
        }
        Ok(changed)
    }

    /// Divides a step into its parts. One over an empty list has succeeded, one whose values are not there has failed.
    async fn begin(&mut self, tx: &mut WriteTx, step: &Step) -> Result<(), Fault> {
        let outputs = self.outputs(tx, step).await?;
        let given = Given { input: &self.run.input, outputs: &outputs };
        let parts: Vec<NewPart> = match expand::parts(step, &given) {
            Ok(parts) => parts,
            Err(fault) => return self.end(tx, step, (StepState::Failed, Some(&fault.to_string()))).await,
        };
        store::step_begin(tx, self.run.id, &step.name, &parts, self.now).await?;
        if parts.is_empty() {
            return self.end(tx, step, (StepState::Succeeded, None)).await;
        }
        self.states.insert(step.name.clone(), StepState::Running);
        Ok(())
    }

    /// What the steps gave that a step names: a list, in order, of those that were divided.
    async fn outputs(&self, tx: &mut Tx, step: &Step) -> Result<BTreeMap<String, Value>, Fault> {
        let mut outputs = BTreeMap::new();
        let values = [Some(&step.subject), Some(&step.input), step.for_each.as_ref()];
        for value in values.into_iter().flatten() {
            for reference in references(value)? {
                if let Place::Step(name) = reference.place
                    && !outputs.contains_key(&name)
                {
                    let output = self.output(tx, &name).await?;
                    outputs.insert(name, output);
                }
            }
        }
        Ok(outputs)
    }

    async fn output(&self, tx: &mut Tx, name: &str) -> Result<Value, Fault> {
        let divided = self.definition.steps.iter().any(|step| step.name == name && step.for_each.is_some());
        let gave = store::part_outputs(tx, self.run.id, name).await?;
        if !divided {
            return Ok(gave.into_iter().next().map_or(Value::Null, |(_, output)| output));
        }
        let steps = store::steps(tx, self.run.id).await?;
        let step = steps.iter().find(|step| step.name == name && step.state != StepState::Skipped);
        let Some(parts) = step.filter(|step| step.error.is_none()).map(|step| step.parts) else {
            return Ok(Value::Null);
        };
        let mut list = vec![Value::Null; usize::try_from(parts).unwrap_or_default()];
        for (number, output) in gave {
            if let Some(place) = usize::try_from(number).ok().and_then(|at| list.get_mut(at)) {
                *place = output;
            }
        }
        Ok(Value::Array(list))
    }

    /// Puts as many parts into the queue as their steps and the queue have room for. Says whether some were refused: then
    /// they have ended.
    async fn put_parts_in(&mut self, tx: &mut WriteTx) -> Result<bool, Fault> {
        let (definition, mut refused) = (Arc::clone(&self.definition), false);
        let counts = self.counts(tx).await?;
        for step in &definition.steps {
            let Some(count) = counts.get(&step.name).filter(|count| count.waiting > 0) else { continue };
            let free = step.at_most.map_or(count.waiting, |most| (most - count.running).clamp(0, count.waiting));
            if free > 0 && self.is(step, StepState::Running) && !self.run.cancel_requested {
                refused |= self.put_in(tx, step, free).await?;
            }
        }
        Ok(refused)
    }

    async fn put_in(&mut self, tx: &mut WriteTx, step: &Step, wanted: i64) -> Result<bool, Fault> {
        let spec = self.queue.spec(&step.kind);
        let room = match spec {
            Some(spec) => self.room(tx, spec).await?,
            None => wanted,
        };
        if room < wanted
            && let Some(spec) = spec
            && !self.lacks_room
        {
            job_runs::note_refused(tx, spec.name, self.now).await?;
            self.lacks_room = true;
        }
        let mut refused = false;
        for part in store::parts_waiting(tx, self.run.id, &step.name, wanted.min(room)).await? {
            let place = (step.name.as_str(), part.number);
            match self.submit(tx, step, (spec, &part)).await {
                Ok(job) => store::part_put_in(tx, self.run.id, place, job).await?,
                Err(fault) if fault.transient => return Err(fault),
                Err(fault) => {
                    store::part_refuse(tx, self.run.id, place, &fault.to_string(), self.now).await?;
                    refused = true;
                }
            }
        }
        Ok(refused)
    }

    async fn room(&mut self, tx: &mut WriteTx, spec: &'static KindSpec) -> Result<i64, Fault> {
        if let Some(room) = self.rooms.get(spec.name) {
            return Ok((*room).max(0));
        }
        let room = self.queue.room(tx, spec).await? - spec.bound / RESERVE;
        self.rooms.insert(spec.name, room);
        Ok(room.max(0))
    }

    async fn submit(
        &mut self,
        tx: &mut WriteTx,
        step: &Step,
        (spec, part): (Option<&'static KindSpec>, &WorkflowPart),
    ) -> Result<lakegate_model::ids::RunId, Fault> {
        let spec = spec.ok_or_else(|| Fault::invalid("kind", format!("the kind of work {:?} is gone", step.kind)))?;
        let asked = Asked { project: self.run.project_id, spec, subject: part.subject_id, input: &part.input };
        self.queue.vouch(tx, &asked).await?;
        let job = self.queue.put(tx, spec, submission(self.run, step, part)).await?.id();
        self.rooms.entry(spec.name).and_modify(|room| *room -= 1);
        Ok(job)
    }
}

/// Days of a backfill give way to what somebody waits for; runs over one thing wait for each other.
fn submission(run: &WorkflowRun, step: &Step, part: &WorkflowPart) -> Submission {
    Submission {
        subject: part.subject_id,
        serial_key: part.subject_id.map(|subject| subject.to_string()),
        priority: if run.backfill_id.is_some() { Priority::BACKGROUND } else { Priority::NORMAL },
        max_tries: step.tries,
        replay_of: part.run_id,
        trigger: TRIGGER,
        ..Submission::manual(run.project_id, run.started_by.clone(), part.input.clone())
    }
}

/// How a step ended whose parts are so; `None` while one has not ended.
fn end_of(counts: PartCounts) -> Option<StepState> {
    if counts.waiting + counts.running > 0 {
        return None;
    }
    Some(match (counts.failed, counts.cancelled) {
        (0, 0) => StepState::Succeeded,
        (0, _) => StepState::Cancelled,
        _ => StepState::Failed,
    })
}
