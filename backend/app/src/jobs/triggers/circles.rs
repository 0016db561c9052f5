//! Runs that start each other in a circle would never end.
//!
//! A trigger leads from what ends to what it starts, and a workflow to all that its definition names.

use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, TriggerId},
    triggers::JobTrigger,
    workflows::{Definition, Workflow},
};
use lakegate_store::{Tx, job_triggers as store, workflows};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Refuses a trigger that would start what it waits for, directly or through others.
pub(super) async fn need_none(tx: &mut Tx, trigger: &JobTrigger, watched: Uuid) -> Result<(), Fault> {
    let ways = Ways::of(tx, trigger.project_id, trigger.id, None).await?;
    if ways.lead(tx, trigger.subject_id, watched).await? {
        return Err(Fault::new(Code::Conflict, "with this trigger runs would start each other without an end")
            .on("watched")
            .fix("wait for something that this one does not start, directly or through others"));
    }
    Ok(())
}

/// Refuses another definition of a workflow by which it would start itself through triggers.
///
/// # Errors
/// `conflict` on `definition`.
pub(in crate::jobs) async fn need_none_of(
    tx: &mut Tx,
    workflow: &Workflow,
    definition: &Definition,
) -> Result<(), Fault> {
    let id = workflow.id.into();
    let nobody = TriggerId(Uuid::nil());
    let ways = Ways::of(tx, workflow.project_id, nobody, Some((id, named(definition)?))).await?;
    for next in ways.after(tx, id).await? {
        if ways.lead(tx, next, id).await? {
            return Err(Fault::new(Code::Conflict, "triggers would start this workflow anew whenever it runs")
                .on("definition")
                .fix("leave out what those triggers wait for, or remove them first"));
        }
    }
    Ok(())
}

/// What leads to what within a project.
struct Ways {
    project: ProjectId,
    /// What ends, and what a trigger starts then.
    triggers: Vec<(Uuid, Uuid)>,
    /// A workflow that is about to name these.
    changed: HashMap<Uuid, BTreeSet<Uuid>>,
}

impl Ways {
    async fn of(
        tx: &mut Tx,
        project: ProjectId,
        apart: TriggerId,
        changed: Option<(Uuid, BTreeSet<Uuid>)>,
    ) -> Result<Self, Fault> {
        let triggers = store::trigger_edges(tx, project, apart).await?;
        Ok(Self { project, triggers, changed: changed.into_iter().collect() })
    }

    /// What runs because this does.
    async fn after(&self, tx: &mut Tx, id: Uuid) -> Result<BTreeSet<Uuid>, Fault> {
        let mut next: BTreeSet<Uuid> =
            self.triggers.iter().filter(|(from, _)| *from == id).map(|(_, to)| *to).collect();
        match self.changed.get(&id) {
            Some(named) => next.extend(named),
            None => next.extend(self.named_by(tx, id).await?),
        }
        Ok(next)
    }

    /// What the workflow of this id names, if the project has one: of others nothing is to be told.
    async fn named_by(&self, tx: &mut Tx, id: Uuid) -> Result<BTreeSet<Uuid>, Fault> {
        let found = workflows::workflow_find(tx, id.into()).await?;
        let Some(workflow) = found.filter(|workflow| workflow.project_id == self.project) else {
            return Ok(BTreeSet::new());
        };
        match workflows::version_find(tx, workflow.id, workflow.version).await? {
            Some(version) => named(&version.definition),
            None => Ok(BTreeSet::new()),
        }
    }

    async fn lead(&self, tx: &mut Tx, from: Uuid, to: Uuid) -> Result<bool, Fault> {
        let (mut reached, mut ahead) = (BTreeSet::new(), vec![from]);
        while let Some(id) = ahead.pop() {
            if id == to {
                return Ok(true);
            }
            if reached.insert(id) {
                ahead.extend(self.after(tx, id).await?);
            }
        }
        Ok(false)
    }
}

/// Every id in a definition, wherever it stands: which of them a step works on may be known only when it begins.
fn named(definition: &Definition) -> Result<BTreeSet<Uuid>, Fault> {
    let (mut found, mut ahead) = (BTreeSet::new(), vec![serde_json::to_value(definition).map_err(Fault::internal)?]);
    while let Some(value) = ahead.pop() {
        match value {
            Value::String(text) => found.extend(text.parse::<Uuid>()),
            Value::Array(values) => ahead.extend(values),
            Value::Object(fields) => ahead.extend(fields.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    Ok(found)
}
