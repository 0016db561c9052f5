//! What the load is about: projects with data sources, and what starts work on them by itself.

use lakegate_tests::{
    Server,
    answer::id,
    files::write,
    story::{self, Team, folder_uri},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

use crate::{Plan, hand::Hand};

const CREATE: &str = "mutation ($project: ID!, $name: String!, $definition: JSON!) {
    createWorkflow(project: $project, name: $name, definition: $definition) { problem { code message } workflow { id } } }";
const WORKFLOW_TRIGGER: &str =
    "mutation ($id: ID!, $input: TriggerInput!) { createWorkflowTrigger(workflow: $id, input: $input) {
    problem { code message } made { trigger { id } } } }";
const SOURCE_TRIGGER: &str =
    "mutation ($id: ID!, $input: TriggerInput!) { createJobTrigger(source: $id, input: $input) {
    problem { code message } made { trigger { id } } } }";
const SCHEDULE_WORKFLOW: &str = "mutation ($id: ID!, $timing: TimingInput!) {
    scheduleWorkflow(workflow: $id, timing: $timing) { problem { code message } schedule { id } } }";
const SCHEDULE_SOURCE: &str = "mutation ($id: ID!, $timing: TimingInput!) {
    scheduleDataSource(source: $id, timing: $timing) { problem { code message } schedule { id } } }";

/// The source of a place that is looked through by hand above all.
pub const BY_HAND: usize = 2;

/// A data source over a folder.
#[derive(Debug)]
pub struct Source {
    pub id: String,
    pub name: String,
    pub folder: PathBuf,
}

/// A project: four sources, and workflows over them.
#[derive(Debug)]
pub struct Place {
    pub project: String,
    /// In turn: looked through by a schedule for each tick; by a schedule that makes up for ticks, and workflows; by hand
    /// and by workflows; when the runs over the first one end.
    pub sources: Vec<Source>,
    /// Started by hand over a list of sources.
    pub sweep: String,
    /// Started by a schedule.
    pub nightly: String,
}

#[derive(Debug)]
pub struct World {
    pub places: Vec<Place>,
    /// Where tables are written before they are put under a source at once.
    aside: PathBuf,
}

/// A schedule, and all that is needed to let it rest.
#[derive(Debug)]
pub struct Scheduled {
    change: &'static str,
    subject: String,
    timing: Value,
}

impl World {
    pub async fn make(app: &Server) -> Self {
        app.person_with("root", &["administrator"]).await;
        let domain = app.domain("Fleet").await;
        let north = app.team("olga", &domain, "North", "north").await;
        let south = app.team_of(north.owner.clone(), &domain, "South", "south").await;
        let mut places = Vec::new();
        for (team, name) in [(north, "north"), (south, "south")] {
            places.push(place(app, &team, name).await);
        }
        Self { places, aside: app.folder.path().join("aside") }
    }

    /// All sources with the number of their place.
    pub fn sources(&self) -> impl Iterator<Item = (usize, &Source)> {
        self.places
            .iter()
            .enumerate()
            .flat_map(|(number, place)| place.sources.iter().map(move |source| (number, source)))
    }

    /// Puts a table under a source such that nobody meets half of it.
    pub fn put(&self, source: &Source, table: &str) {
        let folder = self.aside.join(table);
        write(&folder.join(format!("{table}.csv")), b"id,price\n1,2.50\n2,3\n");
        std::fs::rename(&folder, source.folder.join(table)).unwrap();
    }

    /// Starts the schedules.
    pub async fn schedule(&self, hand: &mut Hand<'_>, plan: Plan) -> Vec<Scheduled> {
        let mut made = Vec::new();
        let every = |seconds: u64| format!("*/{seconds} * * * * *");
        for place in &self.places {
            let each = json!({ "cron": every(plan.tick_seconds), "catchUp": "ALL" });
            let some = json!({ "cron": every(2), "catchUp": "ONE" });
            let nightly = json!({ "cron": every(2 * plan.tick_seconds), "catchUp": "ALL" });
            for (change, subject, timing) in [
                (SCHEDULE_SOURCE, &place.sources[0].id, each),
                (SCHEDULE_SOURCE, &place.sources[1].id, some),
                (SCHEDULE_WORKFLOW, &place.nightly, nightly),
            ] {
                let scheduled = Scheduled { change, subject: subject.clone(), timing };
                scheduled.set(hand, true).await;
                made.push(scheduled);
            }
        }
        made
    }

    /// Lets the schedules rest.
    pub async fn rest(&self, hand: &mut Hand<'_>, schedules: &[Scheduled]) {
        for schedule in schedules {
            schedule.set(hand, false).await;
        }
    }
}

impl Scheduled {
    async fn set(&self, hand: &mut Hand<'_>, enabled: bool) {
        let mut timing = self.timing.clone();
        timing["enabled"] = json!(enabled);
        let set = hand.ask(self.change, json!({ "id": self.subject, "timing": timing })).await;
        assert!(set["problem"].is_null(), "{set}");
    }
}

async fn place(app: &Server, team: &Team, name: &str) -> Place {
    let mut sources = Vec::new();
    for number in 0..4 {
        sources.push(source(team, &format!("{name}_{number}"), &app.files()).await);
    }
    let crawl = |name: &str, source: &Source| json!({ "name": name, "kind": "crawl", "subject": source.id });
    let behind = |mut step: Value, other: &str| {
        step["after"] = json!([{ "step": other, "on": "succeeded" }]);
        step
    };
    let each = json!({ "name": "each", "kind": "crawl", "subject": { "from": "item" }, "at_most": 2,
        "for_each": { "from": "input.sources" } });
    let sweep = json!([each, behind(crawl("last", &sources[BY_HAND]), "each")]);
    let nightly = json!([crawl("first", &sources[1]), behind(crawl("then", &sources[BY_HAND]), "first")]);
    let arrivals = workflow(team, "Arrivals", json!([crawl("look", &sources[3])])).await;
    let place = Place {
        project: team.project.clone(),
        sweep: workflow(team, "Sweep", sweep).await,
        nightly: workflow(team, "Nightly", nightly).await,
        sources,
    };
    let fourth = &place.sources[3].id;
    let ended = |watched: &str| json!({ "name": "Afterwards", "happening": "RUN_ENDED", "watched": watched });
    trigger(team, SOURCE_TRIGGER, fourth, gathered(ended(&place.sources[0].id), 2, 4)).await;
    trigger(team, SOURCE_TRIGGER, fourth, ended(&place.nightly)).await;
    let tables = json!({ "name": "Tables", "happening": "TABLE_CHANGED" });
    trigger(team, WORKFLOW_TRIGGER, &arrivals, gathered(tables, 3, 3)).await;
    place
}

fn gathered(mut input: Value, events: i64, seconds: i64) -> Value {
    (input["batchEvents"], input["batchSeconds"]) = (json!(events), json!(seconds));
    input
}

async fn source(team: &Team, name: &str, files: &Path) -> Source {
    let folder = files.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let id = story::source(team, name, &folder_uri(&folder)).await;
    Source { id, name: name.to_owned(), folder }
}

async fn workflow(team: &Team, name: &str, steps: Value) -> String {
    let variables = json!({ "project": team.project, "name": name, "definition": { "steps": steps } });
    let made = team.owner.data(CREATE, variables).await["createWorkflow"].clone();
    assert!(made["problem"].is_null(), "{made}");
    id(&made["workflow"])
}

async fn trigger(team: &Team, change: &str, subject: &str, input: Value) {
    let made = team.owner.data(change, json!({ "id": subject, "input": input })).await;
    let made = made.as_object().unwrap().values().next().unwrap();
    assert!(made["problem"].is_null(), "{made}");
}
