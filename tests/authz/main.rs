//! Every door, asked by every kind of person: REST operations, GraphQL fields, pages.
//!
//! What the doors are is read from the program and its routes, what was tested from the program's own log; an entry that
//! nobody tested fails the suite. Each answer is compared with the committed `matrix.md`
//! (`LAKEGATE_WRITE_SNAPSHOTS=1` writes it anew), and a refusal has to leave the database as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod actors;
mod data;
mod database;
mod entries;
mod forms;
mod fresh;
mod graphql;
mod matrix;
mod reported;
mod rest;
mod values;
mod world;

use futures::FutureExt;
use lakegate_tests::{Options, Server, log};
use matrix::{Cell, Matrix};
use std::{any::Any, collections::BTreeSet, panic::AssertUnwindSafe};
use world::World;

const ACTORS: [&str; 6] = ["anonymous", "stranger", "viewer", "contributor", "admin", "owner"];

/// A connection may name the address on which nobody listens.
const OPEN: &str = "[outgoing]\nallow = [\"127.0.0.1\"]\n";

/// Who is tried at which of two servers: half of the people each, at the same time.
const ROUNDS: [[&str; 3]; 2] = [["anonymous", "viewer", "admin"], ["stranger", "contributor", "owner"]];

#[tokio::test]
async fn every_door_is_tested_for_every_kind_of_person() {
    let mut matrix = Matrix::default();
    let [first, second] = ROUNDS.map(Round::walk);
    for round in <[Round; 2]>::from(tokio::join!(first, second)) {
        assert!(round.broken.is_empty(), "{} tries broke:\n{}", round.broken.len(), round.broken.join("\n"));
        assert!(round.untested.is_empty(), "the log knows nothing of:\n{}", round.untested.join("\n"));
        matrix.join(round.matrix);
    }
    matrix.compare();
}

/// What some people met at every door of one server.
#[derive(Default)]
struct Round {
    matrix: Matrix,
    broken: Vec<String>,
    /// Doors that the program's log says nobody came to.
    untested: Vec<String>,
}

impl Round {
    async fn walk(people: [&'static str; 3]) -> Self {
        let mut app = Server::start(Options::default().toml(OPEN)).await;
        let mut world = World::build(&app).await;
        let mut actors = actors::Actors::gather(&app, &world);
        let operations = rest::operations(&app).await;
        let fields = graphql::fields(&app).await;
        let pages = entries::pages();
        let rows = data::doors();
        let mut round = Self::default();
        for actor in people {
            world.renew(&mut app).await;
            actors.sign_in(&app, &world, actor).await;
            for entry in &operations {
                let cell = safely(rest::try_out(&app, &world, entry, actor)).await;
                round.keep(&entry.name(), actor, cell);
            }
            for field in &fields.all {
                let cell = safely(graphql::try_out(&app, &world, &fields, field, actor)).await;
                round.keep(&field.name(), actor, cell);
            }
            for door in &rows {
                let cell = safely(data::try_out(&app, &world, door, actor)).await;
                round.keep(&door.name(), actor, cell);
            }
            for page in &pages {
                let cell = safely(entries::try_out(&app, &world, &actors, page, actor)).await;
                round.keep(&page.name(), actor, cell);
            }
        }
        let names = operations.iter().map(rest::Operation::route).chain(pages.iter().map(entries::Page::name));
        let names = names.chain(rows.iter().map(data::Door::name));
        let names: Vec<String> = names.chain(fields.all.iter().map(graphql::Field::name)).collect();
        round.untested = untested(&app, &actors, &names, people);
        app.finish().await;
        round
    }

    fn keep(&mut self, door: &str, actor: &'static str, cell: Result<Cell, String>) {
        match cell {
            Ok(cell) => self.matrix.set(door, actor, cell),
            Err(text) => {
                self.broken.push(format!("{door} as {actor}: {}", text.chars().take(600).collect::<String>()));
            }
        }
    }
}

/// The doors to which, as the program's own log has it, somebody never came.
fn untested(app: &Server, actors: &actors::Actors, names: &[String], people: [&'static str; 3]) -> Vec<String> {
    let tested = tested(app, actors);
    let mut untested = Vec::new();
    for (name, actor) in names.iter().flat_map(|name| people.map(|actor| (name, actor))) {
        // The health of the server is told without a look at who asks, and calls are known by their signature.
        let open = ["GET /healthz", "POST /api/v1/hooks/{trigger}"];
        let nobody_asks = open.contains(&name.as_str()) && actor != "anonymous";
        if !nobody_asks && !tested.contains(&(name.clone(), actor)) {
            untested.push(format!("{name} as {actor}"));
        }
    }
    untested
}

/// One try, with what it says if it breaks: the others go on.
async fn safely(door: impl Future<Output = Cell>) -> Result<Cell, String> {
    let broken = |payload: Box<dyn Any + Send>| match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().map_or("panic", |text| text).to_owned(),
    };
    AssertUnwindSafe(door).catch_unwind().await.map_err(broken)
}

/// What the program's log says was asked by whom.
fn tested(app: &Server, actors: &actors::Actors) -> BTreeSet<(String, &'static str)> {
    let mut tested = BTreeSet::new();
    for exchange in log::exchanges(&app.log()) {
        if let Some(actor) = actors.of(&exchange.principal, &exchange.principal_id) {
            tested.insert((format!("{} {}", exchange.method, exchange.route), actor));
        }
    }
    for (kind, field, principal) in log::fields(&app.log()) {
        let (word, id) = principal.split_once(':').unwrap_or((&principal, ""));
        if let Some(actor) = actors.of(word, id) {
            tested.insert((format!("{kind} {field}"), actor));
        }
    }
    tested
}

/// A refusal that changed something is no refusal.
fn judge(name: &str, actor: &str, cell: Cell, changed: &[String]) -> Cell {
    let clean = !cell.is_refusal() || changed.is_empty();
    assert!(clean, "{name} as {actor} was refused ({cell}) and changed {}", changed.join("\n"));
    match cell {
        Cell::Done if !changed.is_empty() => Cell::Changed,
        other => other,
    }
}
