//! What starts work when something happens, as clients read it.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::jobs::{Target, triggers::Made};
use lakegate_model::triggers;

use crate::scalars::{Happening, Id, JobState, Long};

/// Waits for something to happen, gathers it, and starts runs of a data source, or a workflow, when there is enough of it.
#[derive(Debug, Clone, SimpleObject)]
pub struct JobTrigger {
    pub id: Id,
    pub project_id: Id,
    /// The data source of which it starts runs.
    pub source_id: Option<Id>,
    /// Or the workflow that it starts.
    pub workflow_id: Option<Id>,
    /// Or the derived table whose query it starts.
    pub derived_table_id: Option<Id>,
    pub name: String,
    pub happening: Happening,
    /// The data source or workflow whose run ends, or the asset; null for anything in the project.
    pub watched_id: Option<Id>,
    /// How the run has to have ended; null for any way.
    pub outcome: Option<JobState>,
    /// Where objects count.
    pub prefix: Option<String>,
    /// Addresses below the prefix where they do not.
    pub excluded: Vec<String>,
    /// Seconds between two listings of the prefix; null where objects are only told of.
    pub list_seconds: Option<Long>,
    /// A run starts when so many events have gathered,
    pub batch_events: Long,
    /// or so many seconds after the first of them.
    pub batch_seconds: Long,
    pub enabled: bool,
    /// The path to which signed calls are posted; null where nobody calls.
    pub address: Option<String>,
    /// Events that are not part of a run yet.
    pub gathered: Long,
    /// When those become a run at the latest.
    pub due_at: Option<DateTime<Utc>>,
    /// When something happened last.
    pub last_at: Option<DateTime<Utc>>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl From<triggers::JobTrigger> for JobTrigger {
    fn from(trigger: triggers::JobTrigger) -> Self {
        let (source_id, workflow_id, derived_table_id) = match Target::of_trigger(&trigger) {
            Target::Source(id) => (Some(id.into()), None, None),
            Target::Workflow(id) => (None, Some(id.into()), None),
            Target::Derived(id) => (None, None, Some(id.into())),
        };
        Self {
            address: trigger.secret_id.is_some().then(|| format!("/api/v1/hooks/{}", trigger.id)),
            id: trigger.id.into(),
            project_id: trigger.project_id.into(),
            source_id,
            workflow_id,
            derived_table_id,
            name: trigger.name,
            happening: trigger.happening.into(),
            watched_id: trigger.watched_id.map(Into::into),
            outcome: trigger.outcome.map(Into::into),
            prefix: Some(trigger.prefix).filter(|prefix| !prefix.is_empty()),
            excluded: trigger.excluded,
            list_seconds: trigger.list_seconds.map(Into::into),
            batch_events: trigger.batch_events.into(),
            batch_seconds: trigger.batch_seconds.into(),
            enabled: trigger.enabled,
            gathered: trigger.gathered.into(),
            due_at: trigger.due_at,
            last_at: trigger.last_at,
            created_by: trigger.created_by,
            created_at: trigger.created_at,
            changed_at: trigger.changed_at,
        }
    }
}

/// A trigger with what its calls are signed with.
#[derive(Debug, Clone, SimpleObject)]
pub struct MadeTrigger {
    pub trigger: JobTrigger,
    /// Shown this once; null where nobody calls.
    pub secret: Option<String>,
}

impl From<Made> for MadeTrigger {
    fn from(made: Made) -> Self {
        Self { trigger: made.trigger.into(), secret: made.secret }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, SimpleObject)]
pub struct TriggerEvent {
    /// Within its trigger, in the order they were noticed.
    pub number: Long,
    /// What it is about, such as the address of an object.
    pub about: String,
    pub at: DateTime<Utc>,
    /// The run that it is part of; null while it waits for others.
    pub run_id: Option<Id>,
}

impl From<triggers::TriggerEvent> for TriggerEvent {
    fn from(event: triggers::TriggerEvent) -> Self {
        Self { number: event.number.into(), about: event.about, at: event.at, run_id: event.run_id.map(Into::into) }
    }
}
