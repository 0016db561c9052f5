//! Rules that come from files.

use async_graphql::{Enum, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::policy_files::{
    apply, plan,
    standing::{Standing, VersionView, WaitingView},
    words::{Line, PlanWords},
};
use lakegate_model::{policy_files, words};

use crate::scalars::{Id, Long};

/// A file of rules.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyFile {
    pub name: String,
    /// YAML.
    pub text: String,
}

impl From<policy_files::PolicyFile> for PolicyFile {
    fn from(file: policy_files::PolicyFile) -> Self {
        Self { name: file.name, text: file.text }
    }
}

/// A file of rules to be applied.
#[derive(Debug, InputObject)]
pub struct PolicyFileInput {
    /// As messages name it.
    pub name: String,
    /// YAML.
    pub text: String,
}

impl From<PolicyFileInput> for policy_files::PolicyFile {
    fn from(file: PolicyFileInput) -> Self {
        Self { name: file.name, text: file.text }
    }
}

/// Whether something comes, differs or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plan::Kind")]
pub enum PolicyChangeKind {
    Add,
    Change,
    Remove,
}

/// What a set of rules manages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "words::PolicyItemKind")]
pub enum PolicyItemKind {
    Tag,
    Grant,
    Restriction,
}

/// Where a set of rules is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "words::PolicyVersionState")]
pub enum PolicyVersionState {
    /// It was applied; the latest such is in force.
    Applied,
    /// It waits for a second security administrator.
    Proposed,
    Refused,
    /// Another set came before it was decided.
    Superseded,
}

/// What became of a set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "apply::Outcome")]
pub enum PolicyOutcome {
    Applied,
    /// It is in force already, and nothing differs.
    Unchanged,
    /// It waits for a second security administrator.
    Proposed,
}

/// One difference between files and the catalog.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyChange {
    pub kind: PolicyChangeKind,
    pub about: PolicyItemKind,
    /// The name of the rule; for a tag, the tag.
    pub rule: String,
    /// `project/database/table`, with `.column` for a tag on one, or the tag of a restriction.
    pub on: String,
    /// Whom it concerns.
    pub whom: String,
    /// What it gives, does or changes.
    pub what: String,
    /// All of it as one line.
    pub words: String,
}

impl From<Line> for PolicyChange {
    fn from(line: Line) -> Self {
        let words = line.to_string();
        let Line { kind, about, rule, on, whom, what } = line;
        Self { kind: kind.into(), about: about.into(), rule, on, whom, what, words }
    }
}

/// What applying files changes.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyPlan {
    /// `3 to add, 1 to change, 0 to remove`.
    pub summary: String,
    /// All of it, a line each.
    pub text: String,
    /// Names exactly these changes: who approves says which he saw.
    pub digest: String,
    pub changes: Vec<PolicyChange>,
    /// What is no mistake, but worth knowing.
    pub notes: Vec<String>,
    /// Why a second security administrator would have to agree; empty where none has to.
    pub approval: Vec<String>,
    /// Whether there is none who could.
    pub alone: bool,
}

impl From<PlanWords> for PolicyPlan {
    fn from(plan: PlanWords) -> Self {
        Self {
            summary: plan.summary(),
            text: plan.text(),
            digest: plan.digest(),
            changes: plan.lines.into_iter().map(Into::into).collect(),
            notes: plan.notes,
            approval: Vec::new(),
            alone: false,
        }
    }
}

impl From<apply::Planned> for PolicyPlan {
    fn from(planned: apply::Planned) -> Self {
        Self { approval: planned.widening, alone: planned.alone, ..planned.plan.into() }
    }
}

/// A set of files that was applied or proposed.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyVersion {
    pub id: Id,
    /// 1, 2, 3 …
    pub number: Long,
    pub state: PolicyVersionState,
    /// SHA-256 of the files in order of their names.
    pub digest: String,
    pub files: Vec<PolicyFile>,
    /// What it changed when it was applied, or would have when it was proposed.
    pub plan: String,
    /// Why a second security administrator had to agree.
    pub approval: Vec<String>,
    /// Whether it was applied without one, because there was none.
    pub alone: bool,
    /// Display name.
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// Who approved or refused it, or came before it with another set.
    pub decided_by: String,
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was refused.
    pub reason: String,
}

impl From<VersionView> for PolicyVersion {
    fn from(view: VersionView) -> Self {
        let version = view.version;
        Self {
            id: version.id.into(),
            number: version.number.into(),
            state: version.state.into(),
            digest: version.digest,
            files: version.files.into_iter().map(Into::into).collect(),
            plan: version.plan,
            approval: version.widening,
            alone: version.alone,
            created_by: view.created_by,
            created_at: version.created_at,
            decided_by: view.decided_by,
            decided_at: version.decided_at,
            reason: version.decision_reason,
        }
    }
}

/// A set that waits, as it would change the catalog at this moment.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyProposal {
    pub version: PolicyVersion,
    /// Null if it cannot be applied any more.
    pub plan: Option<PolicyPlan>,
    /// Why it cannot.
    pub problem: Option<String>,
    /// Whether the caller proposed it, and so cannot approve it.
    pub own: bool,
}

impl From<WaitingView> for PolicyProposal {
    fn from(view: WaitingView) -> Self {
        let (plan, problem) = told(view.plan);
        Self { version: view.version.into(), plan, problem, own: view.own }
    }
}

/// How the rules from files stand.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyState {
    /// The version in force; null before the first.
    pub current: Option<PolicyVersion>,
    pub waiting: Option<PolicyProposal>,
    /// When the version in force was last compared with the catalog.
    pub compared_at: Option<DateTime<Utc>>,
    /// Why it can no longer be applied.
    pub failure: Option<String>,
    pub failed_at: Option<DateTime<Utc>>,
    /// What differs at this moment, to be put right at the next comparison; null where that cannot be said.
    pub drift: Option<PolicyPlan>,
    /// Why it cannot.
    pub drift_problem: Option<String>,
}

impl From<Standing> for PolicyState {
    fn from(standing: Standing) -> Self {
        let (drift, drift_problem) = told(standing.drift);
        let (failure, failed_at) = standing.failure.map_or((None, None), |(why, at)| (Some(why), at));
        Self {
            current: standing.current.map(Into::into),
            waiting: standing.waiting.map(Into::into),
            compared_at: standing.compared_at,
            failure,
            failed_at,
            drift,
            drift_problem,
        }
    }
}

fn told(plan: Result<PlanWords, String>) -> (Option<PolicyPlan>, Option<String>) {
    match plan {
        Ok(plan) => (Some(plan.into()), None),
        Err(why) => (None, Some(why)),
    }
}

/// What applying or approving did.
#[derive(Debug, Clone, SimpleObject)]
pub struct PolicyDone {
    pub outcome: PolicyOutcome,
    /// The number of the version that is in force, or waits.
    pub version: Long,
    /// Its id.
    pub version_id: Id,
    pub plan: PolicyPlan,
}

impl From<apply::Done> for PolicyDone {
    fn from(done: apply::Done) -> Self {
        let plan = PolicyPlan { approval: done.version.widening, alone: done.version.alone, ..done.plan.into() };
        Self {
            outcome: done.outcome.into(),
            version: done.version.number.into(),
            version_id: done.version.id.into(),
            plan,
        }
    }
}
