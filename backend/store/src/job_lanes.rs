//! What waits in the queue and whose turn it is, in a few statements however many lanes there are.

use lakegate_model::{
    Timestamp,
    ids::{ProjectId, RunId},
    jobs::{Priority, SYSTEM},
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

// Ordered as the indexes are, so that no planner reads the table, whose beginning is what has ended.
macro_rules! ready {
    ($lease_now:expr) => { concat!("SELECT COALESCE((SELECT 1 FROM job_runs WHERE state = 'waiting' ORDER BY kind, priority, project_id, run_at, id LIMIT 1), 0), COALESCE((SELECT 1 FROM job_runs WHERE state = 'scheduled' AND run_at <= $1 ORDER BY run_at, id LIMIT 1), 0), COALESCE((SELECT 1 FROM job_runs WHERE state = 'running' AND lease_until < ", $lease_now, " ORDER BY lease_until LIMIT 1), 0)") };
}
macro_rules! gate {
    ($now:expr) => {
        concat!("UPDATE job_gate SET turns = turns + 1 WHERE id = 1 RETURNING ", $now)
    };
}
// The ring of projects: those behind the one that was served last, then, after a row without a project, those from the
// first one up to it. A project that has no place at work is passed over and does not count. A row per project, each found
// by a seek behind the one before.
macro_rules! heads {
    ($heads:expr) => { concat!("WITH RECURSIVE crowded (project_id) AS (SELECT project_id FROM (SELECT kind, project_id, COUNT(*) AS runs FROM job_runs WHERE state = 'running' GROUP BY kind, project_id) at_work WHERE project_id <> $8 GROUP BY project_id HAVING SUM(runs) >= $7), ring (pass, project_id, place) AS (SELECT 0, (SELECT project_id FROM job_runs WHERE state = 'waiting' AND kind = $1 AND priority = $2 AND project_id > $3 ORDER BY project_id LIMIT 1), 0 UNION ALL SELECT CASE WHEN r.project_id IS NULL THEN 1 ELSE r.pass END, CASE WHEN r.project_id IS NULL THEN (SELECT project_id FROM job_runs WHERE state = 'waiting' AND kind = $1 AND priority = $2 AND project_id <= $3 ORDER BY project_id LIMIT 1) WHEN r.pass = 0 THEN (SELECT w.project_id FROM job_runs w WHERE w.state = 'waiting' AND w.kind = $1 AND w.priority = $2 AND w.project_id > r.project_id ORDER BY w.project_id LIMIT 1) ELSE (SELECT w.project_id FROM job_runs w WHERE w.state = 'waiting' AND w.kind = $1 AND w.priority = $2 AND w.project_id > r.project_id AND w.project_id <= $3 ORDER BY w.project_id LIMIT 1) END, r.place + CASE WHEN r.project_id NOT IN (SELECT project_id FROM crowded) THEN 1 ELSE 0 END FROM ring r WHERE (r.project_id IS NOT NULL OR r.pass = 0) AND r.place < $4), lanes (pass, project_id) AS (SELECT pass, project_id FROM ring WHERE project_id IS NOT NULL AND project_id NOT IN (SELECT project_id FROM crowded) ORDER BY pass, project_id LIMIT $4) SELECT l.project_id, h.id, h.serial_key FROM lanes l ", $heads, " ORDER BY l.pass, l.project_id, h.run_at, h.id") };
}
/// The first runs of a lane: its share of what is free, and some to spare.
macro_rules! of_lane {
    () => {
        " FROM job_runs WHERE state = 'waiting' AND kind = $1 AND priority = $2 AND project_id = l.project_id ORDER BY run_at, id LIMIT ($5 + (SELECT COUNT(*) FROM lanes) - 1) / (SELECT COUNT(*) FROM lanes) + $6)"
    };
}

set_statements! {
    READY = ready!("$2", "COALESCE($2, statement_timestamp())");
    // After the wait for the row, so that it is the time at which the turn begins.
    GATE = gate!("NULL", "clock_timestamp()");
    HEADS = heads!(concat!("JOIN job_runs h ON h.id IN (SELECT id", of_lane!()), concat!("CROSS JOIN LATERAL (SELECT id, serial_key, run_at", of_lane!(), " h"));
}

statements! {
    STANDING = "WITH RECURSIVE urgent (kind, priority) AS (SELECT (SELECT kind FROM job_runs WHERE state = 'waiting' ORDER BY kind, priority LIMIT 1), (SELECT priority FROM job_runs WHERE state = 'waiting' ORDER BY kind, priority LIMIT 1) UNION ALL SELECT (SELECT w.kind FROM job_runs w WHERE w.state = 'waiting' AND (w.kind, w.priority) > (u.kind, u.priority) ORDER BY w.kind, w.priority LIMIT 1), (SELECT w.priority FROM job_runs w WHERE w.state = 'waiting' AND (w.kind, w.priority) > (u.kind, u.priority) ORDER BY w.kind, w.priority LIMIT 1) FROM urgent u WHERE u.kind IS NOT NULL) SELECT 'running', kind, COUNT(*), project_id, serial_key, CASE WHEN serial_key IS NULL THEN NULL ELSE id END FROM job_runs WHERE state = 'running' GROUP BY kind, serial_key, project_id, CASE WHEN serial_key IS NULL THEN NULL ELSE id END UNION ALL SELECT 'waiting', kind, priority, NULL, NULL, NULL FROM urgent WHERE kind IS NOT NULL UNION ALL SELECT 'paused', kind, 0, NULL, NULL, NULL FROM job_pauses";
}

/// Whether there may be work to take, and of what sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    pub waiting: bool,
    /// Something whose time has come is to wait.
    pub due: bool,
    /// A worker was not heard of any more.
    pub lost: bool,
}

impl Ready {
    /// Whether there is anything.
    pub fn any(self) -> bool {
        self.waiting || self.due || self.lost
    }
}

/// Runs at work, counted by kind and project where they have no serial key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    pub kind: String,
    pub project: ProjectId,
    pub count: i64,
    /// The serial key, and the run that has it.
    pub key: Option<(String, RunId)>,
}

/// How the queue stands when a turn begins.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    pub at_work: Vec<AtWork>,
    /// Kinds and priorities at which something waits, the most urgent of a kind first.
    pub waiting: Vec<(String, Priority)>,
    /// Kinds that are held up; `*` is all of them.
    pub paused: Vec<String>,
}

/// Which part of what waits is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    pub kind: &'a str,
    pub priority: Priority,
    /// The project that was served last: the next ones come first.
    pub behind: Option<ProjectId>,
    /// Most projects that are looked at.
    pub lanes: i64,
    /// How many runs are wanted in all.
    pub free: i64,
    /// How many more of each lane.
    pub spare: i64,
    /// A project that has so many at work is passed over. The installation's own work has no such limit.
    pub per_project: i64,
}

/// A run that is among the first of its project.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    pub project_id: ProjectId,
    pub id: RunId,
    pub serial_key: Option<String>,
}

/// A cheap look without the gate. Leases end by `lease_now`, `None` being the clock of the database.
pub async fn ready(tx: &mut Tx, now: Timestamp, lease_now: Option<Timestamp>) -> Result<Ready, StoreError> {
    let (waiting, due, lost): (i32, i32, i32) = match tx {
        Tx::Sqlite(c) => {
            let query = sqlx::query_as(READY.sqlite).bind(now).bind(lease_now.unwrap_or(now));
            query.fetch_one(&mut **c).await?
        }
        Tx::Postgres(c) => sqlx::query_as(READY.postgres).bind(now).bind(lease_now).fetch_one(&mut **c).await?,
    };
    Ok(Ready { waiting: waiting == 1, due: due == 1, lost: lost == 1 })
}

/// Waits for the turn to take work, which lasts until the transaction ends. Gives the time by the database's clock; `None`
/// on SQLite, which has no other clock than the process.
pub async fn gate(tx: &mut WriteTx) -> Result<Option<Timestamp>, StoreError> {
    let sql = match &**tx {
        Tx::Sqlite(_) => GATE.sqlite,
        Tx::Postgres(_) => GATE.postgres,
    };
    Ok(fetch_one!(tx, (Option<Timestamp>,), sql)?.0)
}

/// How the queue stands, for whoever holds the gate.
pub async fn standing(tx: &mut Tx) -> Result<Standing, StoreError> {
    type Row = (String, String, i64, Option<ProjectId>, Option<String>, Option<RunId>);
    let mut standing = Standing::default();
    for (what, kind, number, project, key, id) in fetch_all!(tx, Row, STANDING)? {
        match (what.as_str(), project) {
            ("running", Some(project)) => {
                standing.at_work.push(AtWork { kind, project, count: number, key: key.zip(id) });
            }
            ("waiting", _) => standing.waiting.push((kind, Priority(number))),
            _ => standing.paused.push(kind),
        }
    }
    standing.waiting.sort();
    Ok(standing)
}

/// The first runs of the next projects in turn, lane by lane.
pub async fn heads(tx: &mut Tx, search: Search<'_>) -> Result<Vec<Head>, StoreError> {
    let sql = match tx {
        Tx::Sqlite(_) => HEADS.sqlite,
        Tx::Postgres(_) => HEADS.postgres,
    };
    // Nobody is behind the last id there can be: the ring then begins with the first.
    let behind = search.behind.unwrap_or(ProjectId(Uuid::max()));
    let Search { kind, priority, lanes, free, spare, per_project, .. } = search;
    fetch_all!(tx, Head, sql, kind, priority, behind, lanes, free, spare, per_project, SYSTEM)
}
