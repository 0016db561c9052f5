//! Things that doors are tried on, and new ones for doors that use a thing up.

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    json,
    people::{PASSWORD, Person},
    story::{self, Sales, Team},
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::database::Watch;

/// The id of nothing.
pub(super) const NOWHERE: &str = "018f0000-0000-7000-8000-000000000000";

/// Ids by the name of the parameter that takes them.
pub type Ids = BTreeMap<&'static str, String>;

/// One installation with one of everything.
pub struct World {
    pub sales: Sales,
    pub other: Team,
    pub database: Watch,
    people: BTreeMap<&'static str, Person>,
    ids: Ids,
    count: AtomicU64,
    files: std::path::PathBuf,
    /// Sign-ins that replace those that a door has ended.
    clients: tokio::sync::Mutex<BTreeMap<String, Client>>,
}

impl World {
    /// Makes one of everything.
    pub async fn build(app: &Server) -> Self {
        let sales = app.published_sales().await;
        let other = app.team("oscar", &sales.domain, "Another project", "another").await;
        // Whoever makes things for the others is none of those who are tried: a door may end his sign-in.
        let mut people = BTreeMap::from([("stranger", app.person("sven").await)]);
        people.insert("admin", app.person_with("alan", &["administrator"]).await);
        for (kind, name) in [("viewer", "vera"), ("contributor", "carl"), ("owner", "otto")] {
            let person = app.person(name).await;
            sales.producer.join(&person, kind).await;
            people.insert(kind, person);
        }
        let mut world = Self {
            sales,
            other,
            database: Watch::over(app).await,
            people,
            ids: Ids::new(),
            count: AtomicU64::new(0),
            files: app.files(),
            clients: tokio::sync::Mutex::default(),
        };
        world.ids = world.standing(app).await;
        world
    }

    /// Signs everybody in anew: access tokens end after a while.
    pub async fn renew(&mut self, app: &mut Server) {
        app.admin.client = app.signed_in(&app.admin.username).await;
        for person in
            [&mut self.sales.producer.owner, &mut self.other.owner].into_iter().chain(self.people.values_mut())
        {
            person.client = app.signed_in(&person.username).await;
        }
    }

    /// Signs one of the people in again, if a door has ended what he had.
    pub async fn client(&self, app: &Server, kind: &str) -> Client {
        let Some(person) = self.person(kind) else { return app.anonymous() };
        let client = self.clients.lock().await.get(kind).cloned().unwrap_or_else(|| person.client.clone());
        if client.get("/api/v1/me").await.status.is_success() {
            return client;
        }
        let client = app.signed_in(&person.username).await;
        self.clients.lock().await.insert(kind.to_owned(), client.clone());
        client
    }

    /// Somebody of a kind; nobody for anonymous.
    pub fn person(&self, kind: &str) -> Option<&Person> {
        self.people.get(kind)
    }

    /// The address of a new empty folder from which sources may read.
    pub fn folder(&self, n: u64) -> String {
        let folder = self.files.join(format!("made{n}"));
        std::fs::create_dir_all(&folder).unwrap();
        story::folder_uri(&folder)
    }

    /// The database of the project's own tables.
    pub fn database_id(&self) -> &str {
        &self.ids["database"]
    }

    /// A number never given before.
    pub fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    async fn standing(&self, app: &Server) -> Ids {
        let (team, owner) = (&self.sales.producer, &self.sales.producer.owner);
        let asset = story::asset(owner, &self.sales.asset).await;
        let group = id(&app.admin.post("/api/v1/groups", json!({ "name": "analysts" })).await.ok());
        let term = json!({ "domain_id": self.sales.domain, "domain": self.sales.domain, "name": "Order", "definition": "What a customer wants." });
        let steward = app.person("stella").await;
        app.admin
            .put(&format!("/api/v1/domains/{}/stewards/{}", self.sales.domain, steward.id), json!({}))
            .await
            .is(204);
        let places = "query ($project: ID!) { environments(project: $project) { databases { id name } } }";
        let places =
            owner.data(places, json!({ "project": team.project })).await["environments"][0]["databases"].clone();
        let own = places.as_array().into_iter().flatten().find(|one| one["name"] == json!(team.environment.published));
        let term = without(&steward, "/api/v1/terms", term).await;
        Ids::from([
            ("project", team.project.clone()),
            ("domain", self.sales.domain.clone()),
            ("environment", team.environment.id.clone()),
            ("source", self.sales.source.clone()),
            ("asset", self.sales.asset.clone()),
            ("id", self.sales.asset.clone()),
            ("other", self.sales.asset.clone()),
            ("column", story::column(&asset, "quantity")),
            ("group", group),
            ("database", own.map(id).unwrap_or_default()),
            ("term", term),
            ("revision", "1".to_owned()),
            ("kind", "user".to_owned()),
            ("number", "1".to_owned()),
            // Coarse rights are given by a security administrator, who is none of these people: this one is nobody's.
            ("right", "018f0000-0000-7000-8000-000000000000".to_owned()),
        ])
    }

    /// The ids for one try at a door: what stands, and what that door uses up made anew.
    pub async fn ids(&self, app: &Server, door: &str, actor: &str) -> Ids {
        let mut ids = self.ids.clone();
        ids.extend(self.fresh(app, door, actor).await);
        ids
    }

    /// The words of an asset's first column, as they go in.
    pub async fn words(&self, asset: &str) -> String {
        let view = self.sales.producer.owner.get(&format!("/api/v1/assets/{asset}")).await;
        let name = if view.status.is_success() { view.json()["columns"][0]["name"].clone() } else { json!("x") };
        format!("column,title,description,tags,terms\n{},Title,Words.,,\n", name.as_str().unwrap_or("x"))
    }

    /// The revision at which the asset of a try stands.
    pub async fn revision(&self, asset: &str) -> Value {
        let answer = self.sales.producer.owner.get(&format!("/api/v1/assets/{asset}")).await;
        if answer.status.is_success() { answer.json()["revision"].clone() } else { json!(1) }
    }

    /// Everybody's password, for doors that ask for it.
    pub fn password() -> &'static str {
        PASSWORD
    }
}

/// Creates with whichever of the two names of the parent the door takes.
async fn without(person: &Person, path: &str, mut input: Value) -> String {
    for name in ["domain_id", "domain"] {
        let mut body = input.clone();
        body.as_object_mut().unwrap().remove(name);
        let answer = person.post(path, body).await;
        if answer.status.is_success() {
            return id(&answer.ok());
        }
        if name == "domain" {
            answer.ok();
        }
    }
    input["name"].take().to_string()
}
