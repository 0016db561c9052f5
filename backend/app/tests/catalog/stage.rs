//! A producing project with an environment and a folder to crawl, and people around it.

use lakegate_app::{
    App,
    catalog::{
        assets::{self, AssetView},
        edit::{self, AssetEdit},
        publish,
        search::{self, Found, Query},
    },
    places::{environments, roots},
    sources::{manage, runs},
};
use lakegate_jobs::{PoolSettings, Worker};
use lakegate_model::{
    PageRequest,
    catalog::{Asset, DataSource, SourceRun},
    ids::{AssetId, DomainId, EnvironmentId, ProjectId, RunId},
    words::RunState,
};
use std::path::PathBuf;

use crate::support::{Person, World};

/// The producing side, and people who are not part of it.
pub struct Stage {
    pub world: World,
    pub domain: DomainId,
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub admin: Person,
    pub owner: Person,
    pub outsider: Person,
}

/// A small data set of the fixtures.
pub fn case(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases").join(name)
}

impl Stage {
    /// One on each database.
    pub async fn each() -> Vec<Self> {
        let mut stages = Vec::new();
        for world in World::each().await {
            stages.push(Self::on(world).await);
        }
        stages
    }

    pub async fn on(world: World) -> Self {
        let admin = world.administrator("admin").await;
        let owner = world.person("olga").await;
        let outsider = world.person("otto").await;
        let domain = world.domain("Commerce").await;
        let project = world.project(&owner, domain, "Sales producer project").await;
        roots::assign(&world.app, &admin.caller, &world.folder_uri("in"), None).await.unwrap();
        let new = environments::NewEnvironment {
            project,
            name: "publish-environment".into(),
            location: None,
            connection: None,
        };
        let environment = environments::create(&world.app, &owner.caller, &new).await.unwrap().environment.id;
        Self { world, domain, project, environment, admin, owner, outsider }
    }

    pub fn app(&self) -> &App {
        &self.world.app
    }

    /// Writes a file below the folder that may be crawled.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.world.folder("in").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }

    pub async fn source(&self, folder: &str, interval_seconds: Option<i64>) -> DataSource {
        let new = manage::NewSource {
            environment: self.environment,
            name: folder.to_owned(),
            location: format!("{}{folder}/", self.world.folder_uri("in")),
            connection: None,
            interval_seconds,
        };
        manage::create(self.app(), &self.owner.caller, &new).await.unwrap()
    }

    /// Runs a source to the end.
    pub async fn run(&self, source: &DataSource) -> SourceRun {
        let run = runs::start(self.app(), &self.owner.caller, source.id).await.unwrap();
        assert_eq!(self.work_off().await, 1);
        runs::get(self.app(), &self.owner.caller, run.id).await.unwrap()
    }

    /// Runs a source and whatever else there is to do; gives the run of the queue.
    pub async fn run_beside(&self, source: &DataSource) -> RunId {
        let run = runs::start(self.app(), &self.owner.caller, source.id).await.unwrap();
        self.work_off().await;
        run.id
    }

    /// Hands of a process of its own.
    pub fn worker(&self) -> Worker {
        Worker::new(self.app().queue.clone(), lakegate_ingest::registry(self.app()), PoolSettings::default())
    }

    pub async fn work_off(&self) -> usize {
        self.worker().work_off().await.unwrap()
    }

    /// The inventory by names.
    pub async fn inventory(&self) -> Vec<Asset> {
        let page = PageRequest::default();
        assets::of_project(self.app(), &self.owner.caller, self.project, None, &page).await.unwrap().items
    }

    /// Crawls a folder with one table and gives its asset.
    pub async fn crawled(&self, folder: &str) -> (DataSource, AssetId) {
        let source = self.source(folder, None).await;
        let run = self.run(&source).await;
        assert_eq!(run.state, RunState::Succeeded, "{run:?}");
        let asset = self.inventory().await.into_iter().find(|asset| asset.source_id == Some(source.id)).unwrap();
        (source, asset.id)
    }

    /// Gives an asset what it lacks, and publishes it.
    pub async fn publish(&self, id: AssetId, title: &str) -> Asset {
        let words = AssetEdit {
            title: Some(title.into()),
            description: Some("What was sold, one line an item.".into()),
            ..AssetEdit::default()
        };
        let view = self.edit(id, &words).await;
        publish::publish(self.app(), &self.owner.caller, id, view.asset.revision).await.unwrap()
    }

    pub async fn edit(&self, id: AssetId, change: &AssetEdit) -> AssetView {
        let revision = self.view(&self.owner, id).await.asset.revision;
        edit::update(self.app(), &self.owner.caller, id, revision, change).await.unwrap()
    }

    pub async fn view(&self, person: &Person, id: AssetId) -> AssetView {
        assets::view(self.app(), &person.caller, id).await.unwrap()
    }

    pub async fn search(&self, person: &Person, text: &str) -> Found {
        let query = Query { text: text.to_owned(), ..Query::default() };
        search::search(self.app(), &person.caller, query).await.unwrap()
    }

    /// How many assets a person finds by a text.
    pub async fn hits(&self, person: &Person, text: &str) -> usize {
        self.search(person, text).await.hits.into_iter().filter(|hit| hit.kind == "asset").count()
    }
}

/// Names of the columns that a view shows.
pub fn columns(view: &AssetView) -> Vec<&str> {
    view.columns.iter().map(|shown| shown.column.name.as_str()).collect()
}
