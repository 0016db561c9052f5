//! The application on a database of its own, with time and chance held still, and people to act in it.
//!
//! [`World::each`] gives one world on SQLite, and one on PostgreSQL if `LAKEGATE_TEST_POSTGRES` holds the address of a
//! server on which databases may be created.

// Every test crate uses its own part of this.
#![allow(dead_code)]

use chrono::{DateTime, TimeDelta};
use lakegate_app::{
    App, Caller, Identity, Services, Settings,
    accounts::{groups, sign_in, users},
    catalog::hub::SearchHub,
    keys::Keys,
    places::{domains, outgoing::OutgoingRules, projects},
};
use lakegate_engine::{Engine, EngineConfig, Limits};
use lakegate_lake::{Sandbox, import::UploadLimits};
use lakegate_model::{
    Clock, Code, Fault, Random,
    clock::ManualClock,
    ids::{DomainId, GroupId, ProjectId, UserId},
    words::{Discover, MemberKind, ProductRole, ProjectRole},
};
use lakegate_store::{Db, migrate};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    fmt::Debug,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use uuid::Uuid;

/// Repeatable randomness.
#[derive(Debug)]
pub struct Seeded(Mutex<StdRng>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(buffer);
    }
}

/// An application with its clock and its folder.
pub struct World {
    pub app: App,
    pub clock: ManualClock,
    folder: tempfile::TempDir,
}

/// Somebody who is signed in with a browser session.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub caller: Caller,
}

impl Person {
    /// This person as a member.
    pub fn member(&self) -> (MemberKind, Uuid) {
        (MemberKind::User, self.id.into())
    }
}

impl World {
    /// A world on each database.
    pub async fn each() -> Vec<Self> {
        let mut worlds = vec![Self::sqlite().await];
        if let Ok(server) = std::env::var("LAKEGATE_TEST_POSTGRES") {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::postgres(&new_database(&server).await).await.unwrap();
            worlds.push(Self::build(db, folder).await);
        }
        worlds
    }

    /// A world on SQLite.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("lakegate.db")).await.unwrap();
        Self::build(db, folder).await
    }

    async fn build(db: Db, folder: tempfile::TempDir) -> Self {
        // Shown with a failure: which database it happened on.
        eprintln!("on {}", db.kind());
        migrate::run(&db).await.unwrap();
        let data_dir = folder.path().join("data");
        std::fs::create_dir(&data_dir).unwrap();
        let services = services(&data_dir);
        let settings = Settings {
            data_dir,
            oidc: None,
            demo: true,
            local_lake: true,
            new_databases: lakegate_model::words::AccessMode::Fine,
            outgoing: OutgoingRules { allow: vec!["127.0.0.1".to_owned()] },
            query_limits: Limits::default(),
            // Small, so that a test can go over it.
            upload_limits: UploadLimits { bytes: 8 << 20, ..UploadLimits::default() },
            notices: lakegate_app::jobs::notices::NoticeSettings::default(),
            break_glass: lakegate_app::access::break_glass::Lasting::default(),
        };
        let clock = ManualClock::at(DateTime::from_timestamp(1_750_000_000, 0).unwrap());
        let keys = Keys::from_bytes([7; 32]);
        let app = App::new(db, Arc::new(clock.clone()), Arc::new(Seeded::new(42)), keys, settings, services);
        Self { app, clock, folder }
    }

    /// The application once more on the same database and data directory, as after a restart.
    pub fn again(&self) -> App {
        self.again_on(self.app.db.clone())
    }

    /// The application once more with its data directory, on another database.
    pub fn again_on(&self, db: Db) -> App {
        let parts = &*self.app;
        let (clock, random) = (Arc::new(self.clock.clone()), Arc::new(Seeded::new(43)));
        let services = services(&self.folder("again"));
        App::new(db, clock, random, parts.keys.clone(), parts.settings.clone(), services)
    }

    /// A folder of this world beside the application's own, made if it is not there.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().canonicalize().unwrap().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// The address of [`World::folder`].
    pub fn folder_uri(&self, name: &str) -> String {
        format!("file://{}/", self.folder(name).display())
    }

    /// Moves the clock.
    pub fn wait(&self, by: TimeDelta) {
        self.clock.advance(by);
        assert_eq!(self.app.now(), self.clock.now());
    }

    /// A new user with a session.
    pub async fn person(&self, username: &str) -> Person {
        self.person_with(username, &[]).await
    }

    /// A new administrator with a session.
    pub async fn administrator(&self, username: &str) -> Person {
        self.person_with(username, &[ProductRole::Administrator]).await
    }

    /// A new user with roles of the installation and a session.
    pub async fn person_with(&self, username: &str, roles: &[ProductRole]) -> Person {
        let input = users::UserInput {
            username: username.to_owned(),
            display_name: username.to_owned(),
            email: None,
            password: None,
            roles: roles.to_vec(),
        };
        let made = users::create(&self.app, &Caller::system("test"), &input).await.unwrap();
        Person { id: made.user.id, caller: self.sign_in(username).await }
    }

    /// Another session of a user.
    pub async fn sign_in(&self, username: &str) -> Caller {
        let anonymous = anonymous();
        let started = sign_in::demo_sign_in(&self.app, &anonymous, username, "test").await.unwrap();
        Caller { identity: Identity::Session(started.session.id), ..anonymous }
    }

    /// A new group of these people.
    pub async fn group(&self, name: &str, people: &[&Person]) -> GroupId {
        let system = Caller::system("test");
        let group = groups::create(&self.app, &system, name, "").await.unwrap();
        for person in people {
            groups::set_member(&self.app, &system, group.id, person.id, true).await.unwrap();
        }
        group.id
    }

    /// A new root of the tree of domains.
    pub async fn domain(&self, name: &str) -> DomainId {
        let new = domains::NewDomain {
            parent: None,
            name: name.to_owned(),
            description: String::new(),
            discover: Discover::Requestable,
        };
        domains::create(&self.app, &Caller::system("test"), &new).await.unwrap().id
    }

    /// A new project that `owner` owns.
    pub async fn project(&self, owner: &Person, domain: DomainId, name: &str) -> ProjectId {
        let new = projects::NewProject { domain, name: name.to_owned(), description: String::new() };
        projects::create(&self.app, &owner.caller, &new).await.unwrap().project.id
    }

    /// Makes somebody a member.
    pub async fn join(&self, owner: &Person, project: ProjectId, person: &Person, role: ProjectRole) {
        let added = lakegate_app::places::members::add(&self.app, &owner.caller, project, person.member(), role).await;
        assert_eq!(added.unwrap().role, role);
    }
}

/// Nobody in particular.
pub fn anonymous() -> Caller {
    Caller::anonymous("test".to_owned(), None)
}

/// Asserts a refusal by its code and the field it blames; gives the fault for more.
#[track_caller]
pub fn refused<T: Debug>(result: Result<T, Fault>, code: Code, field: Option<&str>) -> Fault {
    let fault = result.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (code, field), "{fault:?}");
    fault
}

/// What the application works with, small, in a data directory.
fn services(data_dir: &Path) -> Services {
    let engine = EngineConfig {
        spill_dir: data_dir.join("spill"),
        memory_bytes: 256 << 20,
        spill_quota_bytes: 256 << 20,
        worker_threads: 1,
    };
    Services {
        engine: Engine::new(engine).unwrap(),
        search: SearchHub::open(&data_dir.join("index")).unwrap(),
        sandbox: Sandbox::in_process(),
    }
}

async fn new_database(server: &str) -> String {
    let name = format!("lakegate_app_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    let (address, _) = server.rsplit_once('/').expect("an address that ends in the name of a database");
    format!("{address}/{name}")
}
