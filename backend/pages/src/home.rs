//! The first page: what waits, what one may use, what is new.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::views,
    catalog::{Card, social},
    query::schema,
};
use lakegate_model::{Fault, PageRequest, ids::AssetId, words::Mark};
use std::collections::BTreeMap;

use super::{
    asset::head::asset_href,
    fields::day_words,
    kit::{Crumb, When, address, counted},
    requests::list::Row,
    shell::{Framed, Shell, show},
};
use lakegate_http::{DemoPerson, Refusal, Web, markdown};

/// Rows of each list.
const FEW: i64 = 6;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/", get(page))
}

/// A table that the reader may query.
struct Table {
    name: String,
    href: String,
    columns: String,
    until: String,
    query: String,
}

/// Data that was published, or seen, or kept.
struct Item {
    title: String,
    href: String,
    project: String,
    teaser: String,
    at: When,
}

/// A guided path of the demonstration.
struct Door {
    icon: &'static str,
    title: &'static str,
    text: &'static str,
    steps: Vec<Crumb>,
    person: DemoPerson,
    /// Where the path begins.
    next: &'static str,
    /// The reader is that person already.
    is_me: bool,
}

#[derive(Template)]
#[template(path = "home/home.html")]
struct HomePage {
    shell: Shell,
    greeting: String,
    doors: Vec<Door>,
    tasks: Vec<Row>,
    tables: Vec<Table>,
    more_tables: bool,
    seen: Vec<Item>,
    bookmarks: Vec<Item>,
    new: Vec<Item>,
    has_projects: bool,
    acting: String,
}

async fn page(State(web): State<Web>, frame: Framed) -> Result<Response, Refusal> {
    let caller = &frame.reader.caller;
    let few = PageRequest::new(Some(FEW), None)?;
    let tasks = views::tasks(&web.app, caller, &few).await?;
    let seen = social::marked(&web.app, caller, Mark::Seen, &few).await?;
    let bookmarks = social::marked(&web.app, caller, Mark::Bookmark, &few).await?;
    let new = social::whats_new(&web.app, caller, &few).await?;
    let (tables, more_tables) = tables(&web, &frame).await?;
    let page = HomePage {
        greeting: format!("Hello, {}", frame.shell.user_name),
        doors: doors(&web.config.demo_people, &frame),
        tasks: tasks.items.iter().map(Row::of).collect(),
        seen: seen.items.into_iter().map(item).collect(),
        bookmarks: bookmarks.items.into_iter().map(item).collect(),
        new: new.items.into_iter().map(item).collect(),
        has_projects: !frame.me.projects.is_empty(),
        acting: frame.me.acting.as_ref().map(|project| project.name.clone()).unwrap_or_default(),
        tables,
        more_tables,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

fn item(card: Card) -> Item {
    Item {
        title: if card.title.is_empty() { card.name } else { card.title },
        href: asset_href(card.id),
        project: card.project_name,
        teaser: markdown::plain(&card.teaser, 110),
        at: When::at(card.at),
    }
}

/// The tables that the reader may query where he acts, with the end of his access; and whether there are more.
async fn tables(web: &Web, frame: &Framed) -> Result<(Vec<Table>, bool), Fault> {
    let Some(project) = &frame.me.acting else { return Ok((Vec::new(), false)) };
    let caller = &frame.reader.caller;
    let most = usize::try_from(FEW).unwrap_or_default();
    let readable = schema::tables(&web.app, caller).await?;
    let page = PageRequest::new(Some(200), None)?;
    let held = views::my_access(&web.app, caller, Some(project.id), true, &page).await?;
    let ends: BTreeMap<AssetId, String> = held
        .items
        .iter()
        .filter_map(|held| Some((held.subscription.asset_id, day_words(held.grant.as_ref()?.valid_until?))))
        .collect();
    let more = readable.len() > most;
    let row = |table: &schema::ReadableTable| Table {
        name: format!("{}.{}", table.database, table.name),
        href: table.asset.map(asset_href).unwrap_or_default(),
        columns: counted(table.columns.len(), "column", "columns"),
        until: table.asset.and_then(|id| ends.get(&id)).cloned().unwrap_or_default(),
        query: super::asset::verdict::query_href(table),
    };
    Ok((readable.iter().take(most).map(row).collect(), more))
}

/// The three ways into the demonstration; none outside of it.
fn doors(people: &[DemoPerson], frame: &Framed) -> Vec<Door> {
    let me = frame.me.user.as_ref().map(|user| user.username.as_str()).unwrap_or_default();
    let person = |name: &str| people.iter().find(|person| person.username == name).cloned();
    let step = |label: &str, href: String| Crumb { label: label.to_owned(), href };
    let found = address("/search", &[("q", "companies")]);
    let paths = [
        (
            "ann",
            "search",
            "Find and use data",
            "Look for a table, see what you may read of it, query it.",
            "/search?q=companies",
            vec![
                step("Search for companies", found),
                step("Open what was found and press Query", String::new()),
                step("Ask for the catalog sales too", address("/search", &[("q", "catalog sales")])),
            ],
        ),
        (
            "olga",
            "send",
            "Publish and approve",
            "Answer a request, and describe what you own.",
            "/inbox",
            vec![
                step("Open the request in the inbox", "/inbox".to_owned()),
                step("Look at what they would get, and approve", String::new()),
                step("Describe and publish your tables", "/bench".to_owned()),
            ],
        ),
        (
            "ada",
            "shield-check",
            "Look after it",
            "People and their rights, areas of business, and who did what.",
            "/admin/users",
            vec![
                step("See people and their roles", "/admin/users".to_owned()),
                step("Walk through the domains", "/admin/domains".to_owned()),
                step("Read the audit", "/audit".to_owned()),
            ],
        ),
    ];
    let door = |(name, icon, title, text, next, steps): (&str, _, _, _, _, _)| {
        Some(Door { icon, title, text, steps, next, person: person(name)?, is_me: name == me })
    };
    paths.into_iter().filter_map(door).collect()
}
