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

/// A process that was killed.
#[derive(Debug)]
pub struct Kill {
    pub role: Role,
    pub at: DateTime<Utc>,
    /// Its name in the queue; `None` if it had not said yet that it works.
    pub worker: Option<Uuid>,
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
            if let Some((place, pid)) = self.victim().await {
                self.kill(place, pid).await;
            }
        }
    }

    /// Anybody who is ready; in two of three cases somebody who has work in hand.
    async fn victim(&mut self) -> Option<(usize, u32)> {
        let ready = self.fleet.ready();
        let mut busy = Vec::new();
        if self.random.gen_ratio(2, 3) {
            let at_work = self.at_work().await;
            busy = ready.iter().filter(|(_, pid)| at_work.contains_key(pid)).copied().collect();
        }
        let among = if busy.is_empty() { ready } else { busy };
        if among.is_empty() { None } else { Some(among[self.random.gen_range(0..among.len())]) }
    }

    async fn kill(&mut self, place: usize, pid: u32) {
        let role = self.fleet.kill(place);
        let at = Utc::now();
        self.fleet.start_again(place);
        let worker = self.worker(pid).await;
        let held = match worker {
            Some(worker) => self.held(worker).await,
            None => Vec::new(),
        };
        self.done.push(Kill { role, at, worker, held });
    }

    /// Processes with runs in hand.
    async fn at_work(&mut self) -> BTreeMap<u32, Uuid> {
        let sql = "SELECT DISTINCT w.name, w.id FROM job_workers w JOIN job_runs r ON r.worker_id = w.id WHERE r.state = 'running'";
        let rows: Vec<(String, Uuid)> = sqlx::query_as(sql).fetch_all(&mut self.database).await.unwrap();
        rows.into_iter().filter_map(|(name, id)| Some((pid_of(&name)?, id))).collect()
    }

    /// The latest worker of a process.
    async fn worker(&mut self, pid: u32) -> Option<Uuid> {
        let sql = "SELECT id FROM job_workers WHERE name LIKE $1 ORDER BY started_at DESC LIMIT 1";
        let name = format!("%(process {pid})");
        sqlx::query_scalar(sql).bind(name).fetch_optional(&mut self.database).await.unwrap()
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
