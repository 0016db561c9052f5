//! Choosing what to work on next: the urgent first, then one of each project in turn.

use lakegate_model::{
    Fault, Timestamp,
    ids::{ProjectId, RunId, WorkerId},
    jobs::{JobRun, Priority},
    words::SlotClass,
};
use lakegate_store::{
    Tx, WriteTx, job_batches,
    job_lanes::{self, AtWork, Head, Search, Standing},
};
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::KindSpec;

/// Lanes of one kind that one turn looks at.
const LANES: i64 = 64;
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

/// What a turn takes.
struct Choice {
    chosen: Vec<RunId>,
    /// Put aside, since another run of the key is at work.
    held: Vec<RunId>,
    /// Whether some that there was room for have to wait for their key or their project: others may come before them.
    is_short: bool,
    cursor: Cursor,
}

/// How a turn takes runs.
pub(crate) struct Turn<'a> {
    pub specs: &'a [&'static KindSpec],
    /// How the queue stands since the gate was taken.
    pub standing: &'a Standing,
    pub worker: WorkerId,
    /// Runs of one project at work at once, over all kinds and processes.
    pub per_project: i64,
    /// Now, and until when the worker need not be heard of again.
    pub lease: (Timestamp, Timestamp),
}

impl Turn<'_> {
    /// Takes what there is room for. The transaction holds the gate.
    pub async fn take(&self, tx: &mut WriteTx, room: Room, cursor: &mut Cursor) -> Result<Vec<JobRun>, Fault> {
        let mut choice = self.look(tx, room, (0, cursor)).await?;
        if choice.is_short {
            // More is looked at only where some of the first ones have to wait for others.
            choice = self.look(tx, room, (SPARE, cursor)).await?;
        }
        *cursor = choice.cursor;
        job_batches::hold_all(tx, &choice.held).await?;
        Ok(job_batches::take_all(tx, &choice.chosen, self.worker, self.lease).await?)
    }

    /// Looks at so many runs of each lane, and so many lanes, beyond those there is room for.
    async fn look(&self, tx: &mut WriteTx, room: Room, (spare, cursor): (i64, &Cursor)) -> Result<Choice, Fault> {
        let running = Running::of(&self.standing.at_work);
        let (mut candidates, mut is_cut) = (Vec::new(), false);
        for spec in self.specs.iter().filter(|spec| room.fits(spec)) {
            let free = (spec.at_once - running.of_kind(spec.name)).min(room.free(spec.class));
            let found = self.of_kind(tx, spec, (free, spare), cursor).await?;
            candidates.extend(found.0);
            is_cut |= found.1;
        }
        candidates.sort();
        let taken = self.taken_keys(tx, &candidates).await?;
        let mut choice = self.choose(candidates, room, (running, taken), cursor.clone());
        choice.is_short |= is_cut;
        Ok(choice)
    }

    /// Chooses among candidates in order.
    fn choose(
        &self,
        candidates: Vec<Candidate>,
        mut room: Room,
        (mut running, mut keys): (Running, HashSet<(&'static str, String)>),
        cursor: Cursor,
    ) -> Choice {
        let by_name: BTreeMap<_, _> = self.specs.iter().map(|spec| (spec.name, *spec)).collect();
        let mut choice = Choice { chosen: Vec::new(), held: Vec::new(), is_short: false, cursor };
        for candidate in candidates {
            let spec = by_name[candidate.kind];
            if !room.fits(spec) || running.of_kind(spec.name) >= spec.at_once {
                continue;
            }
            if running.of_project(candidate.project) >= self.per_project {
                choice.is_short = true;
                continue;
            }
            if let Some(key) = candidate.serial_key
                && !keys.insert((candidate.kind, key))
            {
                choice.is_short = true;
                choice.held.push(candidate.id);
                continue;
            }
            room = room.less(spec);
            running.add(spec.name, candidate.project);
            choice.cursor.0.insert(spec.name, candidate.project);
            choice.chosen.push(candidate.id);
        }
        choice
    }

    /// Keys of candidates of which another run is at work. Whoever ends that run just now is waited for: he lets go what
    /// he finds put aside. Nobody else begins one meanwhile, for that takes the gate.
    async fn taken_keys(
        &self,
        tx: &mut WriteTx,
        candidates: &[Candidate],
    ) -> Result<HashSet<(&'static str, String)>, Fault> {
        let at_work = self.standing.at_work.iter().filter_map(|run| Some((run.kind.as_str(), run.key.as_ref()?)));
        let holders: HashMap<_, _> = at_work.map(|(kind, (key, id))| ((kind, key.as_str()), *id)).collect();
        let mut asked = BTreeMap::new();
        for candidate in candidates {
            let Some(key) = &candidate.serial_key else { continue };
            if let Some(holder) = holders.get(&(candidate.kind, key.as_str())) {
                asked.insert(*holder, (candidate.kind, key.clone()));
            }
        }
        let ids: Vec<RunId> = asked.keys().copied().collect();
        let still = job_batches::still_running(tx, &ids).await?;
        Ok(still.into_iter().filter_map(|id| asked.remove(&id)).collect())
    }

    /// The next runs of a kind, as many as are free, the urgent first and the projects in turn; and whether some priority
    /// gave fewer though a lane of it may hold more.
    async fn of_kind(
        &self,
        tx: &mut Tx,
        spec: &'static KindSpec,
        (free, spare): (i64, i64),
        cursor: &Cursor,
    ) -> Result<(Vec<Candidate>, bool), Fault> {
        let (mut found, mut is_cut) = (Vec::new(), false);
        for (_, priority) in self.standing.waiting.iter().filter(|(kind, _)| kind == spec.name) {
            if i64::try_from(found.len()).unwrap_or(i64::MAX) >= free {
                break;
            }
            let search = Search {
                kind: spec.name,
                priority: *priority,
                behind: cursor.0.get(spec.name).copied(),
                lanes: LANES.min(free + spare),
                free,
                spare,
                per_project: self.per_project,
            };
            let heads = in_order(spec.name, *priority, job_lanes::heads(tx, search).await?);
            is_cut |= is_cut_off(&heads, (free, spare));
            found.extend(heads);
        }
        Ok((found, is_cut))
    }
}

/// Whether fewer were found than are free, and a lane gave all of its share.
fn is_cut_off(found: &[Candidate], (free, spare): (i64, i64)) -> bool {
    let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let lanes = whole(found.last().map_or(1, |last| last.place));
    let share = (free + lanes - 1) / lanes + spare;
    whole(found.len()) < free && found.iter().any(|one| whole(one.round) + 1 >= share)
}

/// What was found lane by lane, as candidates.
fn in_order(kind: &'static str, priority: Priority, heads: Vec<Head>) -> Vec<Candidate> {
    let (mut place, mut round, mut last) = (0, 0, None);
    let mut candidates = Vec::with_capacity(heads.len());
    for head in heads {
        (place, round) = match last {
            Some(project) if project == head.project_id => (place, round + 1),
            _ => (place + 1, 0),
        };
        last = Some(head.project_id);
        let Head { project_id: project, id, serial_key } = head;
        candidates.push(Candidate { priority, round, place, id, kind, project, serial_key });
    }
    candidates
}

impl Running {
    fn of(at_work: &[AtWork]) -> Self {
        let mut running = Self::default();
        for runs in at_work {
            *running.by_kind.entry(runs.kind.clone()).or_default() += runs.count;
            *running.by_project.entry(runs.project).or_default() += runs.count;
        }
        running
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
