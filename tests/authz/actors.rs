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
    /// Everybody, with browsers in which nobody has signed in yet.
    pub fn gather(app: &Server, world: &World) -> Self {
        let id = |kind| Some((world.person(kind)?.id.clone(), kind));
        Self {
            ids: ACTORS.into_iter().filter_map(id).collect(),
            browsers: ACTORS.into_iter().map(|kind| (kind, Browser::new(&app.url))).collect(),
        }
    }

    /// Signs one kind of person in anew, before the doors are tried with it: ten minutes after a sign-in some doors ask
    /// for the password again, and how long the doors of those before took is the machine's business.
    pub async fn sign_in(&mut self, app: &Server, world: &World, kind: &'static str) {
        if let Some(person) = world.person(kind) {
            self.browsers.insert(kind, app.browser(&person.username).await);
        }
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
