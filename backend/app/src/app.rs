//! What every use case works with.

use lakegate_engine::{Engine, Limits};
use lakegate_jobs::{KindSpec, Queue, workflows::START};
use lakegate_lake::{Sandbox, import::UploadLimits};
use lakegate_model::{Clock, Random, Timestamp, random::new_id, words::AccessMode};
use lakegate_store::Db;
use std::{path::PathBuf, sync::Arc};
use uuid::Uuid;

use crate::{
    accounts::passwords::Passwords,
    audit::refusals::Refusals,
    catalog::hub::SearchHub,
    derived::QUERY,
    jobs::{
        notices::{NOTIFY, NoticeSettings, planning::Planner},
        triggers::listing::LISTING,
    },
    keys::Keys,
    query::{mappings::MappingCache, running::Running},
    sources::crawling::CRAWL,
};

/// The kinds of work that use cases put into the queue.
pub const KINDS: &[&KindSpec] = &[&CRAWL, &QUERY, &LISTING, &NOTIFY, &START];

/// Everything that configuration decides for the use cases.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the index, kept results, spill, uploads under way.
    pub data_dir: PathBuf,
    /// The external identity provider, if one is configured.
    pub oidc: Option<crate::accounts::oidc::OidcSettings>,
    /// Whether this is the demo: one-click sign-in of its invented people.
    pub demo: bool,
    /// Whether environments that name no location get a folder of `data_dir`: for installations of a single server.
    pub local_lake: bool,
    /// What new databases are registered for.
    pub new_databases: AccessMode,
    /// Which hosts may be reached on somebody's behalf although they are not public.
    pub outgoing: crate::places::outgoing::OutgoingRules,
    /// What one query may use.
    pub query_limits: Limits,
    /// How large an upload may be.
    pub upload_limits: UploadLimits,
    /// How people are told of runs.
    pub notices: NoticeSettings,
    /// How long an emergency lasts.
    pub break_glass: crate::access::break_glass::Lasting,
}

/// What reads, searches and answers on behalf of the use cases; each is opened once, at start.
#[derive(Debug)]
pub struct Services {
    pub engine: Engine,
    /// The index of the folder `index` of the data directory.
    pub search: SearchHub,
    /// How foreign files are read.
    pub sandbox: Sandbox,
}

/// The application: cheap to clone, shared by every door.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

/// The parts of the application.
#[derive(Debug)]
pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub keys: Keys,
    pub settings: Settings,
    pub passwords: Passwords,
    pub engine: Engine,
    pub search: SearchHub,
    pub sandbox: Sandbox,
    /// Work that is done later.
    pub queue: Queue,
    /// The queries that run in this process.
    pub queries: Running,
    /// Mapping tables of row filters, as they were read.
    pub(crate) mappings: MappingCache,
    pub(crate) refusals: Refusals,
    pub(crate) jwks: crate::accounts::oidc::JwksCache,
}

impl App {
    /// Puts the application together.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        keys: Keys,
        settings: Settings,
        services: Services,
    ) -> Self {
        let passwords = Passwords::new(Arc::clone(&random));
        let queue = Queue::watched(db.clone(), Arc::clone(&clock), Arc::clone(&random), KINDS, Some(&Planner));
        Self(Arc::new(Parts {
            db,
            clock,
            random,
            keys,
            settings,
            passwords,
            engine: services.engine,
            search: services.search,
            sandbox: services.sandbox,
            queue,
            queries: Running::default(),
            mappings: MappingCache::default(),
            refusals: Refusals::default(),
            jwks: crate::accounts::oidc::JwksCache::default(),
        }))
    }

    /// Now, by the injected clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id.
    pub fn new_id<I: From<Uuid>>(&self) -> I {
        new_id(self.random.as_ref(), self.now())
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
