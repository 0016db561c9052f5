//! kill -9 at random points: nothing acknowledged is lost, nothing half-done is visible, and the doctor finds nothing.
//!
//! The client keeps a ledger of what was acknowledged and syncs it to disk before it goes on. Nine of ten kills are aimed
//! at an operation under way, and at full scale four of five have to hit one. `LAKEGATE_TEST_SCALE` multiplies the kills: 3
//! of each kind, at most 50. A failure shows its seed.

use lakegate_tests::{
    Client, Server, both, eventually,
    files::write,
    people::Person,
    seed,
    story::{self, Team, folder_uri, rows},
    upload,
    wait::PATIENCE,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

fn count() -> u64 {
    (3 * lakegate_tests::scale()).min(50)
}

/// What was acknowledged, on disk before the next operation starts.
struct Ledger {
    file: Mutex<File>,
    path: PathBuf,
}

impl Ledger {
    fn new(folder: &Path) -> Arc<Self> {
        let path = folder.join("ledger");
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        Arc::new(Self { file: Mutex::new(file), path })
    }

    fn note(&self, line: &str) {
        let mut file = self.file.lock().unwrap();
        writeln!(file, "{line}").unwrap();
        file.sync_all().unwrap();
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.path).unwrap().lines().map(str::to_owned).collect()
    }
}

/// The kills of one kind.
struct Kills {
    seed: u64,
    random: StdRng,
    done: u64,
    in_flight: u64,
    /// How long the work takes when nobody disturbs it, as far as was seen.
    typical: Duration,
}

impl Kills {
    fn new() -> Self {
        let seed = seed();
        Self { seed, random: StdRng::seed_from_u64(seed), done: 0, in_flight: 0, typical: Duration::ZERO }
    }

    /// Kills while `work` is under way, or after it, waits for the work to notice, and starts again.
    async fn kill_under(&mut self, app: &mut Server, work: impl Future<Output = ()> + Send + 'static) {
        let started = Instant::now();
        let working = tokio::spawn(async move {
            work.await;
            started.elapsed()
        });
        // The first shows how long the work takes.
        if self.done.is_multiple_of(10) {
            self.typical = tokio::time::timeout(PATIENCE, working).await.expect("the work ends").unwrap();
            app.kill9();
        } else {
            // Not a wait for something to happen: the moment of the kill is what is drawn at random.
            tokio::time::sleep(self.typical.mul_f64(self.random.gen_range(0.0..0.8))).await;
            let in_flight = !working.is_finished();
            app.kill9();
            let took = tokio::time::timeout(PATIENCE, working).await.expect("the work notices").unwrap();
            if in_flight {
                self.in_flight += 1;
            } else {
                self.typical = took;
            }
        }
        self.done += 1;
        app.start_again().await;
    }

    fn end(self) {
        let Self { seed, done, in_flight, .. } = self;
        eprintln!("{in_flight} of {done} kills hit an operation under way");
        assert!(done < 20 || in_flight * 5 >= done * 4, "seed {seed}: only {in_flight} of {done} kills hit something");
    }
}

/// Somebody at the server's present address, with a fresh token.
async fn again(app: &Server, person: &Person) -> Client {
    app.signed_in(&person.username).await
}

async fn assert_sound(app: &Server, seed: u64) {
    let said = app.command(&["doctor", "--deep"]).await;
    assert_eq!(said.code, Some(0), "seed {seed}: {said:?}");
    let said = app.command(&["audit", "verify"]).await;
    assert_eq!(said.code, Some(0), "seed {seed}: {said:?}");
}

async fn team(app: &Server) -> Team {
    let domain = app.domain("Kills").await;
    app.team("olga", &domain, "Producer", "lake").await
}

/// Of the tables whose names begin so, those that were acknowledged have their rows, and those of the catalog have some.
async fn assert_uploads_whole(client: &Client, team: &Team, ledger: &[String], prefix: &str) {
    for line in ledger.iter().filter(|line| line.starts_with(prefix)) {
        let (table, count) = line.split_once(' ').unwrap();
        let sql = format!("select count(*) from {}.{table}", team.environment.published);
        assert_eq!(rows(client, &sql).await[0][0].to_string(), count, "{table}");
    }
    let assets = client.all(&format!("/api/v1/projects/{}/assets", team.project), 200).await;
    for name in assets.iter().filter_map(|asset| asset["name"].as_str()).filter(|name| name.starts_with(prefix)) {
        let sql = format!("select count(*) from {}.{name}", team.environment.published);
        assert!(rows(client, &sql).await[0][0].as_i64().unwrap() > 0, "{name}");
    }
}

both!(
    async fn uploads_survive(app) {
        let mut kills = Kills::new();
        let seed = kills.seed;
        let team = team(app).await;
        let ledger = Ledger::new(app.folder.path());
        for kill in 0..count() {
            let (client, environment, notes) = (again(app, &team.owner).await, team.environment.id.clone(), Arc::clone(&ledger));
            kills.kill_under(app, async move {
                for n in 0..6 {
                    let table = format!("t{kill}_{n}");
                    let rows = 1 + (kill + n) % 7;
                    let body: String = (0..rows).map(|row| format!("{row}\n")).collect();
                    let request = upload::request(&client, &environment, &table, "a.csv", format!("id\n{body}"));
                    match client.try_send(request).await {
                        Ok(answer) if answer.status.as_u16() == 201 => notes.note(&format!("{table} {rows}")),
                        _ => return,
                    }
                }
            })
            .await;
            let client = again(app, &team.owner).await.acting(&team.project);
            assert_uploads_whole(&client, &team, &ledger.lines(), &format!("t{kill}_")).await;
            assert_sound(app, seed).await;
        }
        assert_uploads_whole(&again(app, &team.owner).await.acting(&team.project), &team, &ledger.lines(), "t").await;
        kills.end();
    }
);

both!(
    async fn crawls_survive(app) {
        let mut kills = Kills::new();
        let seed = kills.seed;
        let team = team(app).await;
        let folder = app.files().join("crawled");
        for n in 0..20 {
            write(&folder.join(format!("t{n}/t{n}.csv")), format!("id,word\n{n},a\n").as_bytes());
        }
        let source = story::source(&team, "crawled", &folder_uri(&folder)).await;
        story::crawl(&team.owner, &source).await;
        for kill in 0..count() {
            write(&folder.join(format!("more{kill}/more{kill}.csv")), b"id\n1\n");
            let (client, source) = (again(app, &team.owner).await, source.clone());
            let run = source.clone();
            kills.kill_under(app, async move {
                let request = client.request(reqwest::Method::POST, &format!("/api/v1/data-sources/{run}/runs")).json(&json!({}));
                let Ok(answer) = client.try_send(request).await else { return };
                let run = answer.json()["id"].as_str().map(str::to_owned).unwrap_or_default();
                while let Ok(answer) = client.try_send(client.request(reqwest::Method::GET, &format!("/api/v1/runs/{run}"))).await {
                    if answer.json()["ended_at"].is_string() {
                        return;
                    }
                }
            })
            .await;
            // The run that was cut off is taken up, or a new one does the rest; none hangs.
            let client = again(app, &team.owner).await;
            story::crawl(&client, &source).await;
            let all = client.all(&format!("/api/v1/projects/{}/assets", team.project), 200).await;
            assert_eq!(all.len() as u64, 20 + kill + 1, "seed {seed}, kill {kill}: a table is missing or doubled");
            assert_sound(app, seed).await;
        }
        kills.end();
    }
);

/// A project with this many assets that are ready to be published.
async fn ready(app: &Server, count: usize) -> (Team, Vec<String>) {
    let team = team(app).await;
    let folder = app.files().join("ready");
    for n in 0..count {
        write(&folder.join(format!("t{n}/t{n}.csv")), b"id,word\n1,a\n");
    }
    let source = story::source(&team, "ready", &folder_uri(&folder)).await;
    story::crawl(&team.owner, &source).await;
    let mut ids = Vec::new();
    for n in 0..count {
        let id = lakegate_tests::answer::id(&story::asset_named(&team.owner, &team.project, &format!("t{n}")).await);
        let before = story::asset(&team.owner, &id).await;
        let edit = json!({ "revision": before["revision"], "title": format!("Ready number {n}"), "description": "Ready.", "owner": team.owner.id });
        team.owner.patch(&format!("/api/v1/assets/{id}"), edit).await.ok();
        ids.push(id);
    }
    (team, ids)
}

both!(
    async fn publishing_survives_and_the_index_catches_up(app) {
        publishing_survives(app).await;
    }
);

async fn publishing_survives(app: &mut Server) {
    let mut kills = Kills::new();
    let seed = kills.seed;
    let each = 4;
    let (team, ids) = ready(app, each * usize::try_from(count()).unwrap()).await;
    let sven = app.person("sven").await;
    let ledger = Ledger::new(app.folder.path());
    for batch in ids.chunks(each) {
        let (client, notes, batch) = (again(app, &team.owner).await, Arc::clone(&ledger), batch.to_vec());
        kills
            .kill_under(app, async move {
                for id in batch {
                    let get = client.request(reqwest::Method::GET, &format!("/api/v1/assets/{id}"));
                    let Ok(before) = client.try_send(get).await else { return };
                    let publish = client.request(reqwest::Method::POST, &format!("/api/v1/assets/{id}/publish"));
                    match client.try_send(publish.json(&json!({ "revision": before.json()["revision"] }))).await {
                        Ok(answer) if answer.status.is_success() => notes.note(&id),
                        _ => return,
                    }
                }
            })
            .await;
        let client = again(app, &team.owner).await;
        let mut published = 0;
        for id in &ids {
            let status = story::asset(&client, id).await["status"].clone();
            published += i64::from(status == "published");
            assert!(
                status == "published" || !ledger.lines().contains(id),
                "seed {seed}: {id} was acknowledged and is {status}"
            );
        }
        story::finds(&again(app, &sven).await, "ready number", published).await;
        assert_sound(app, seed).await;
    }
    kills.end();
}

both!(
    async fn approvals_survive_whole_or_not_at_all(app) {
        let mut kills = Kills::new();
        let seed = kills.seed;
        let each = 4;
        let (team, ids) = ready(app, each * usize::try_from(count()).unwrap()).await;
        let domain = app.domain("Consumers").await;
        let consumer = app.team("mark", &domain, "Consumer", "use").await;
        let mut requests = Vec::new();
        for id in &ids {
            let revision = story::asset(&team.owner, id).await["revision"].clone();
            team.owner.post(&format!("/api/v1/assets/{id}/publish"), json!({ "revision": revision })).await.ok();
            requests.push(story::ask(&consumer.owner, &consumer.project, id, "Use").await);
        }
        let ledger = Ledger::new(app.folder.path());
        for (round, batch) in requests.chunks(each).enumerate() {
            let (client, notes, batch) = (again(app, &team.owner).await, Arc::clone(&ledger), batch.to_vec());
            kills.kill_under(app, async move {
                for id in batch {
                    let approve = client.request(reqwest::Method::POST, &format!("/api/v1/requests/{id}/approve"));
                    match client.try_send(approve.json(&json!({ "reason": "Fine" }))).await {
                        Ok(answer) if answer.status.is_success() => notes.note(&id),
                        _ => return,
                    }
                }
            })
            .await;
            let (owner, user) = (again(app, &team.owner).await, again(app, &consumer.owner).await.acting(&consumer.project));
            for (n, id) in requests.iter().enumerate().take(each * (round + 1)) {
                let state = owner.get(&format!("/api/v1/requests/{id}")).await.ok()["state"].clone();
                assert!(state == "approved" || !ledger.lines().contains(id), "seed {seed}: {id} was acknowledged and is {state}");
                // Request, grant and table come together or not at all.
                let answer = user.query(&format!("select count(*) from {}.t{n}", consumer.environment.subscribed)).await;
                assert_eq!(answer.status.is_success(), state == "approved", "seed {seed}, t{n} is {state}: {answer}");
            }
            assert_sound(app, seed).await;
        }
        kills.end();
    }
);

both!(
    async fn a_reindex_that_is_killed_leaves_a_good_index(app) {
        let mut kills = Kills::new();
        let seed = kills.seed;
        let (team, ids) = ready(app, 12).await;
        for id in &ids {
            let revision = story::asset(&team.owner, id).await["revision"].clone();
            team.owner.post(&format!("/api/v1/assets/{id}/publish"), json!({ "revision": revision })).await.ok();
        }
        let sven = app.person("sven").await;
        story::finds(&sven, "ready number", 12).await;
        for _ in 0..count() {
            let mut reindex = lakegate_tests::command::command(&["reindex", "--config"]);
            reindex.arg(app.configuration()).arg("--data-dir").arg(&app.data_dir).current_dir(app.folder.path());
            kills.kill_under(app, async move {
                lakegate_tests::command::run(reindex, "").await;
            })
            .await;
            let sven = again(app, &sven).await;
            story::finds(&sven, "ready number", 12).await;
            let found: Value = eventually("the same hits", async || Some(story::search(&sven, "number").await)).await;
            assert_eq!(found["total"], 12, "seed {seed}");
            assert_sound(app, seed).await;
        }
        kills.end();
    }
);
