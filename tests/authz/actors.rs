//! The kinds of people that every door is tried with.

use lakegate_tests::{Browser, Server};
use std::collections::BTreeMap;

use crate::{ACTORS, world::World};

/// One of each kind, with a token and a browser.
pub struct Actors {
    ids: BTreeMap<String, &'static str>,
    browsers: BTreeMap<&'static str, Browser>,
}

impl Actors {
    /// Signs everybody in.
    pub async fn gather(app: &Server, world: &World) -> Self {
        let mut actors = Self { ids: BTreeMap::new(), browsers: BTreeMap::new() };
        for kind in ACTORS {
            let Some(person) = world.person(kind) else {
                actors.browsers.insert(kind, Browser::new(&app.url));
                continue;
            };
            actors.ids.insert(person.id.clone(), kind);
            actors.browsers.insert(kind, app.browser(&person.username).await);
        }
        actors
    }

    /// The kind of a principal of the log.
    pub fn of(&self, principal: &str, id: &str) -> Option<&'static str> {
        if principal == "anonymous" { Some("anonymous") } else { self.ids.get(id).copied() }
    }

    /// Calls with a cookie. A door may have ended the session: then a new one is begun.
    pub async fn browser(&self, app: &Server, world: &World, kind: &str) -> Browser {
        let browser = &self.browsers[kind];
        match world.person(kind) {
            Some(person) if browser.csrf().await.is_empty() => app.browser(&person.username).await,
            _ => browser.clone(),
        }
    }
}
