//! Choosing what to work on next: the urgent first, then one of each project in turn.

use lakegate_model::{
    Fault, Timestamp,
    ids::{ProjectId, RunId, WorkerId},
    jobs::{JobRun, Priority},
    words::SlotClass,
};
use lakegate_store::{
    Tx, WriteTx, job_batches,
    job_claims::{self as store, Lane},
};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

use crate::KindSpec;

/// Lanes of one kind that one turn looks at.
const LANES: usize = 64;
/// Runs that one turn looks at beyond those it can take, for some may wait for their key.
const SPARE: i64 = 8;

/// What a worker can take: free slots by class, and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub light: i64,
    pub heavy: i64,
    pub memory_bytes: u64,
}

impl Room {
    /// Nothing.
    pub const NONE: Self = Self { light: 0, heavy: 0, memory_bytes: 0 };

    fn free(&self, class: SlotClass) -> i64 {
        match class {
            SlotClass::Light => self.light,
            SlotClass::Heavy => self.heavy,
        }
    }

    fn fits(&self, spec: &KindSpec) -> bool {
        self.free(spec.class) > 0 && spec.memory_bytes <= self.memory_bytes
    }

    /// What is left when one run of a kind takes its part.
    #[must_use]
    pub fn less(self, spec: &KindSpec) -> Self {
        let (light, heavy) = match spec.class {
            SlotClass::Light => (1, 0),
            SlotClass::Heavy => (0, 1),
        };
        let memory_bytes = self.memory_bytes.saturating_sub(spec.memory_bytes);
        Self { light: self.light - light, heavy: self.heavy - heavy, memory_bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.light <= 0 && self.heavy <= 0
    }
}

/// The project that was served last, by kind: the next turn begins behind it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Cursor(HashMap<&'static str, ProjectId>);

/// What is at work over all processes.
#[derive(Debug, Default)]
struct Running {
    by_kind: HashMap<String, i64>,
    by_project: HashMap<ProjectId, i64>,
}

/// A run that may be taken. The order is the order of taking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    priority: Priority,
    /// How many of its lane come before it.
    round: usize,
    /// Where its lane stands in the turn of projects.
    place: usize,
    id: RunId,
    kind: &'static str,
    project: ProjectId,
    serial_key: Option<String>,
}

/// How a turn takes runs.
pub(crate) struct Turn<'a> {
    pub specs: &'a [&'static KindSpec],
    pub worker: WorkerId,
    /// Runs of one project at work at once, over all kinds and processes.
    pub per_project: i64,
    /// Now, and until when the worker need not be heard of again.
    pub lease: (Timestamp, Timestamp),
}

impl Turn<'_> {
    /// Takes what there is room for. The transaction holds the gate.
    pub async fn take(&self, tx: &mut WriteTx, mut room: Room, cursor: &mut Cursor) -> Result<Vec<JobRun>, Fault> {
        let mut running = Running::read(tx).await?;
        let mut candidates = Vec::new();
        for spec in self.specs.iter().filter(|spec| room.fits(spec)) {
            let free = (spec.at_once - running.of_kind(spec.name)).min(room.free(spec.class));
            candidates.extend(self.of_kind(tx, spec, free, (&running, cursor)).await?);
        }
        candidates.sort();
        let by_name: BTreeMap<_, _> = self.specs.iter().map(|spec| (spec.name, *spec)).collect();
        let (mut chosen, mut keys) = (Vec::new(), HashSet::new());
        for candidate in candidates {
            let spec = by_name[candidate.kind];
            let full = !room.fits(spec)
                || running.of_kind(spec.name) >= spec.at_once
                || running.of_project(candidate.project) >= self.per_project;
            if full || !self.key_is_free(tx, &candidate, &mut keys).await? {
                continue;
            }
            room = room.less(spec);
            running.add(spec.name, candidate.project);
            cursor.0.insert(spec.name, candidate.project);
            chosen.push(candidate.id);
        }
        Ok(job_batches::take_all(tx, &chosen, self.worker, self.lease).await?)
    }

    /// Whether no other run of the candidate's key is at work; if one is, the candidate is put aside.
    async fn key_is_free(
        &self,
        tx: &mut WriteTx,
        candidate: &Candidate,
        keys: &mut HashSet<(&'static str, String)>,
    ) -> Result<bool, Fault> {
        let Some(key) = &candidate.serial_key else {
            return Ok(true);
        };
        let first = keys.insert((candidate.kind, key.clone()));
        if first && !store::key_busy(tx, candidate.kind, key).await? {
            return Ok(true);
        }
        store::hold(tx, candidate.id).await?;
        Ok(false)
    }

    /// The next runs of a kind, as many as are free, the urgent first and the projects in turn.
    async fn of_kind(
        &self,
        tx: &mut Tx,
        spec: &KindSpec,
        free: i64,
        (running, cursor): (&Running, &Cursor),
    ) -> Result<Vec<Candidate>, Fault> {
        let mut found = Vec::new();
        let mut priority = Priority(i64::MIN);
        while i64::try_from(found.len()).unwrap_or(i64::MAX) < free {
            let Some(next) = store::next_priority(tx, spec.name, priority).await? else { break };
            priority = next;
            let lanes = LANES.min(usize::try_from(free + SPARE).unwrap_or(LANES));
            let projects = self.ring(tx, spec, (priority, lanes), (running, cursor)).await?;
            let found_in = i64::try_from(projects.len().max(1)).unwrap_or(1);
            let share = (free + found_in - 1) / found_in + SPARE;
            for (place, project) in projects.into_iter().enumerate() {
                let lane = Lane { kind: spec.name, priority, project };
                let heads = store::head(tx, lane, share).await?;
                found.extend(heads.into_iter().enumerate().map(|(round, (id, serial_key))| Candidate {
                    priority,
                    round,
                    place,
                    id,
                    kind: spec.name,
                    project,
                    serial_key,
                }));
            }
        }
        Ok(found)
    }

    /// The projects that have something waiting and may have more at work, beginning behind the one served last; about
    /// as many as are asked for.
    async fn ring(
        &self,
        tx: &mut Tx,
        spec: &KindSpec,
        (priority, lanes): (Priority, usize),
        (running, cursor): (&Running, &Cursor),
    ) -> Result<Vec<ProjectId>, Fault> {
        let begin = cursor.0.get(spec.name).copied();
        let mut projects = Vec::new();
        for (from, until) in [(begin, None), (None, begin)] {
            let mut at = from;
            // Before the first id there is none: all zeros is the installation's own, and is looked for apart.
            if at.is_none()
                && self.own_waits(tx, spec, priority).await?
                && running.of_project(ProjectId(Uuid::nil())) < self.per_project
            {
                projects.push(ProjectId(Uuid::nil()));
            }
            while projects.len() < lanes {
                let after = at.unwrap_or(ProjectId(Uuid::nil()));
                let Some(project) = store::next_project(tx, spec.name, priority, after).await? else { break };
                if until.is_some_and(|until| project > until) {
                    break;
                }
                at = Some(project);
                if running.of_project(project) < self.per_project {
                    projects.push(project);
                }
            }
            if begin.is_none() {
                break;
            }
        }
        Ok(projects)
    }

    async fn own_waits(&self, tx: &mut Tx, spec: &KindSpec, priority: Priority) -> Result<bool, Fault> {
        let lane = Lane { kind: spec.name, priority, project: ProjectId(Uuid::nil()) };
        Ok(!store::head(tx, lane, 1).await?.is_empty())
    }
}

impl Running {
    async fn read(tx: &mut Tx) -> Result<Self, Fault> {
        let mut running = Self::default();
        for (kind, project, count) in store::running(tx).await? {
            *running.by_kind.entry(kind).or_default() += count;
            *running.by_project.entry(project).or_default() += count;
        }
        Ok(running)
    }

    fn of_kind(&self, kind: &str) -> i64 {
        self.by_kind.get(kind).copied().unwrap_or_default()
    }

    /// The installation's own work has no limit but its kinds'.
    fn of_project(&self, project: ProjectId) -> i64 {
        if project.0.is_nil() { 0 } else { self.by_project.get(&project).copied().unwrap_or_default() }
    }

    fn add(&mut self, kind: &str, project: ProjectId) {
        *self.by_kind.entry(kind.to_owned()).or_default() += 1;
        *self.by_project.entry(project).or_default() += 1;
    }
}
