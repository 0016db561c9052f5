//! The address of rows: each of its methods, asked for the rows of the team's own table.

use lakegate_tests::{Server, json};
use reqwest::Method;

use crate::{judge, matrix::Cell, rest::changed, world::World};

const PATH: &str = "/data/graphql";

/// One method of the address.
#[derive(Debug, Clone)]
pub struct Door(Method);

impl Door {
    /// As the log and the matrix name it.
    pub fn name(&self) -> String {
        format!("{} {PATH}", self.0)
    }
}

/// Every method of the address.
pub fn doors() -> [Door; 2] {
    [Method::GET, Method::POST].map(Door)
}

/// Asks for rows as somebody.
pub async fn try_out(app: &Server, world: &World, door: &Door, actor: &str) -> Cell {
    let team = &world.sales.producer;
    let query = format!("{{ {}__catalog_sales(first: 1) {{ nodes {{ quantity }} }} }}", team.environment.published);
    let client = world.client(app, actor).await.acting(&team.project);
    let before = world.database.state().await;
    let request = client.request(door.0.clone(), PATH);
    let request = match door.0 {
        Method::GET => request.query(&[("query", query)]),
        _ => request.json(&json!({ "query": query })),
    };
    let answer = client.send(request).await;
    let error = answer.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    assert!(error.is_empty() || !answer.status.is_success(), "{} as {actor}: {answer}", door.name());
    let cell = Cell::of(&door.name(), answer.status.as_u16(), &error);
    judge(&door.name(), actor, cell, &changed(&before, &world.database.state().await))
}
