//! What every use case works with.

use lakegate_model::{Clock, Random, Timestamp, random::new_id};
use lakegate_store::Db;
use std::{path::PathBuf, sync::Arc};
use uuid::Uuid;

use crate::{accounts::passwords::Passwords, audit::refusals::Refusals, keys::Keys};

/// Everything that configuration decides for the use cases.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the index, kept results, spill, uploads under way.
    pub data_dir: PathBuf,
    /// The external identity provider, if one is configured.
    pub oidc: Option<crate::accounts::oidc::OidcSettings>,
    /// Whether this is the demo: one-click sign-in of its invented people.
    pub demo: bool,
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
    pub(crate) refusals: Refusals,
    pub(crate) jwks: crate::accounts::oidc::JwksCache,
}

impl App {
    /// Puts the application together.
    pub fn new(db: Db, clock: Arc<dyn Clock>, random: Arc<dyn Random>, keys: Keys, settings: Settings) -> Self {
        let passwords = Passwords::new(Arc::clone(&random));
        Self(Arc::new(Parts {
            db,
            clock,
            random,
            keys,
            settings,
            passwords,
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
