//! Every door, asked by every kind of person: REST operations, GraphQL fields, pages.
//!
//! What the doors are is read from the program and its routes, what was tested from the program's own log; an entry that
//! nobody tested fails the suite. Each answer is compared with the committed `matrix.md`
//! (`LAKEGATE_WRITE_SNAPSHOTS=1` writes it anew), and a refusal has to leave the database as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod actors;
mod database;
mod entries;
mod graphql;
mod matrix;
mod rest;
mod values;
mod world;

use lakegate_tests::{Options, Server, log};
use matrix::{Cell, Matrix};
use std::collections::BTreeSet;
use world::World;

const ACTORS: [&str; 6] = ["anonymous", "stranger", "viewer", "contributor", "admin", "owner"];

/// A connection may name the address on which nobody listens.
const OPEN: &str = "[outgoing]\nallow = [\"127.0.0.1\"]\n";

#[tokio::test]
#[ignore = "not every field of every form has a value yet: run by name until it holds"]
async fn every_door_is_tested_for_every_kind_of_person() {
    let app = Server::start(Options::default().toml(OPEN)).await;
    let world = World::build(&app).await;
    let actors = actors::Actors::gather(&app, &world).await;
    let operations = rest::operations(&app).await;
    let fields = graphql::fields(&app).await;
    let pages = entries::pages();
    let mut matrix = Matrix::default();
    for entry in &operations {
        for actor in ACTORS {
            let cell = rest::try_out(&app, &world, &actors, entry, actor).await;
            matrix.set(&entry.name(), actor, cell);
        }
    }
    for field in &fields.all {
        for actor in ACTORS {
            let cell = graphql::try_out(&app, &world, &actors, &fields, field, actor).await;
            matrix.set(&field.name(), actor, cell);
        }
    }
    for page in &pages {
        for actor in ACTORS {
            let cell = entries::try_out(&app, &world, &actors, page, actor).await;
            matrix.set(&page.name(), actor, cell);
        }
    }
    let tested = tested(&app, &actors);
    let mut untested = Vec::new();
    let names = operations.iter().map(rest::Operation::route).chain(pages.iter().map(entries::Page::name));
    for name in names.chain(fields.all.iter().map(graphql::Field::name)) {
        for actor in ACTORS {
            if !tested.contains(&(name.clone(), actor)) {
                untested.push(format!("{name} as {actor}"));
            }
        }
    }
    assert!(untested.is_empty(), "the log knows nothing of:\n{}", untested.join("\n"));
    matrix.compare();
    app.finish().await;
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
