//! Who is killed, when, and what it had in its hands.

use chrono::{DateTime, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sqlx::{Connection, PgConnection};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use uuid::Uuid;

use crate::{
    Plan,
    processes::{Fleet, Role},
    rows::Claim,
};

/// Workers with the processes that they name themselves by. The latest of a process comes last.
const WORKERS: &str = "SELECT name, id FROM job_workers ORDER BY started_at";
/// Those of them that have runs in hand.
const AT_WORK: &str = "SELECT name, id FROM job_workers
    WHERE id IN (SELECT worker_id FROM job_runs WHERE state = 'running') ORDER BY started_at";

/// A process that was killed.
#[derive(Debug)]
pub struct Kill {
    pub role: Role,
    pub at: DateTime<Utc>,
    /// Its name in the queue.
    pub worker: Uuid,
    /// The runs that it had begun, and until when nobody else might.
    pub held: Vec<Claim>,
}

pub struct Killer<'a> {
    fleet: &'a Fleet,
    random: StdRng,
    database: PgConnection,
    done: Vec<Kill>,
}

impl<'a> Killer<'a> {
    pub async fn new(fleet: &'a Fleet, url: &str, seed: u64) -> Self {
        let database = PgConnection::connect(url).await.unwrap();
        Self { fleet, random: StdRng::seed_from_u64(seed), database, done: Vec::new() }
    }

    pub fn done(self) -> Vec<Kill> {
        self.done
    }

    /// Kills one process after the other, about as often as the plan says, and starts each again at once.
    pub async fn kill_until(&mut self, until: Instant, plan: Plan) {
        loop {
            // Not a wait for something to happen: the moment of the kill is what is drawn at random.
            let pause: Duration = plan.kill_every.mul_f64(self.random.gen_range(0.75..1.25));
            if Instant::now() + pause >= until {
                return;
            }
            tokio::time::sleep(pause).await;
            if let Some(victim) = self.victim().await {
                self.kill(victim).await;
            }
        }
    }

    /// Anybody who has said that he works; in two of three cases somebody who has work in hand.
    async fn victim(&mut self) -> Option<(usize, Uuid)> {
        let mut among = Vec::new();
        if self.random.gen_ratio(2, 3) {
            among = self.living(AT_WORK).await;
        }
        if among.is_empty() {
            among = self.living(WORKERS).await;
        }
        if among.is_empty() { None } else { Some(among[self.random.gen_range(0..among.len())]) }
    }

    async fn kill(&mut self, (place, worker): (usize, Uuid)) {
        let role = self.fleet.kill(place);
        let at = Utc::now();
        self.fleet.start_again(place);
        let held = self.held(worker).await;
        self.done.push(Kill { role, at, worker, held });
    }

    /// The processes that live, among the workers that a query finds.
    async fn living(&mut self, sql: &'static str) -> Vec<(usize, Uuid)> {
        let rows: Vec<(String, Uuid)> = sqlx::query_as(sql).fetch_all(&mut self.database).await.unwrap();
        let workers: BTreeMap<u32, Uuid> =
            rows.into_iter().filter_map(|(name, id)| Some((pid_of(&name)?, id))).collect();
        let ready = self.fleet.ready().into_iter();
        ready.filter_map(|(place, pid)| Some((place, *workers.get(&pid)?))).collect()
    }

    async fn held(&mut self, worker: Uuid) -> Vec<Claim> {
        let sql = "SELECT id AS run_id, attempt, lease_until FROM job_runs WHERE state = 'running' AND worker_id = $1";
        sqlx::query_as(sql).bind(worker).fetch_all(&mut self.database).await.unwrap()
    }
}

/// Workers name themselves by machine and process.
fn pid_of(name: &str) -> Option<u32> {
    name.rsplit_once("(process ")?.1.strip_suffix(')')?.parse().ok()
}
