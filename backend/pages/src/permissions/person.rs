//! What somebody may read, and why.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::access::{
    explain::Shows,
    explore::person::{self, PersonReading, PersonTable},
};
use lakegate_model::{Fault, Page, ids::UserId};
use serde::Deserialize;

use super::{Badge, badge, reviews, tabs};
use crate::{
    asset::head::asset_href,
    kit::{Choice, Pager, Place, Tab, Wrong, address, again, capitalised, counted, people, person_meant},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query};

/// Tables of a page.
const SIZE: i64 = 25;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/permissions", get(page))
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    /// A user name; the reader himself if empty.
    #[serde(default)]
    person: String,
    #[serde(default)]
    after: String,
}

/// A table that somebody reads.
struct Row {
    href: String,
    why_href: String,
    name: String,
    readings: Vec<Reading>,
}

/// What he reads of it where he acts.
struct Reading {
    projects: String,
    /// How many columns show how.
    tallies: Vec<(String, Badge)>,
    columns: Vec<(String, Badge, String)>,
    export: bool,
    rules: Vec<String>,
}

#[derive(Template)]
#[template(path = "permissions/person.html")]
struct PersonPage {
    shell: Shell,
    tabs: Vec<Tab>,
    /// Whether the reader may ask about others.
    asks_others: bool,
    person: String,
    /// Whose reading it is, by name; empty for the reader's own.
    name: String,
    people: Vec<Choice>,
    rows: Vec<Row>,
    /// Whether the page ends before it is full, because it looked at enough.
    bounded: bool,
    pager: Pager,
    wrong: Wrong,
}

async fn page(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    match found(&web, &frame, &which).await {
        Ok((name, found, pager)) => {
            let page = person_page(&web, frame, &which, (name, found, pager), Wrong::default()).await?;
            show(StatusCode::OK, &page)
        }
        Err(fault) => {
            let nothing = (String::new(), Page { items: Vec::new(), next: None }, Pager::default());
            again(fault, |wrong| person_page(&web, frame, &which, nothing, wrong)).await
        }
    }
}

/// Whose reading is asked for, by id and display name.
async fn whose(web: &Web, frame: &Framed, text: &str) -> Result<Option<(UserId, String)>, Fault> {
    let own = frame.me.user.as_ref().is_some_and(|user| user.username == text.trim());
    if text.trim().is_empty() || own {
        return Ok(None);
    }
    let user = person_meant(web, &frame.reader, "person", text).await?;
    Ok(Some((user.id, user.display_name)))
}

async fn found(web: &Web, frame: &Framed, which: &Which) -> Result<(String, Page<PersonTable>, Pager), Fault> {
    let whose = whose(web, frame, &which.person).await?;
    let place = Place::new(address("/permissions", &[("person", which.person.trim())]), &which.after);
    let wanted = place.request(web, &frame.reader, SIZE)?;
    let user = whose.as_ref().map(|(id, _)| *id);
    let found = person::of(&web.app, &frame.reader.caller, user, &wanted).await?;
    let pager = place.pager(web, &frame.reader, &found)?;
    Ok((whose.map(|(_, name)| name).unwrap_or_default(), found, pager))
}

async fn person_page(
    web: &Web,
    frame: Framed,
    which: &Which,
    (name, found, pager): (String, Page<PersonTable>, Pager),
    wrong: Wrong,
) -> Result<PersonPage, Fault> {
    let asks_others = reviews(&frame);
    let who = if name.is_empty() { "" } else { which.person.trim() };
    Ok(PersonPage {
        tabs: tabs(&frame, "By person"),
        asks_others,
        people: if asks_others { people(web, &frame.reader).await? } else { Vec::new() },
        bounded: found.next.is_some() && found.items.len() < usize::try_from(SIZE).unwrap_or(usize::MAX),
        rows: found.items.into_iter().map(|table| row(table, who)).collect(),
        person: which.person.clone(),
        shell: frame.shell,
        name,
        pager,
        wrong,
    })
}

fn row(table: PersonTable, who: &str) -> Row {
    let href = asset_href(table.asset);
    Row {
        why_href: address(&format!("{href}/why"), &[("person", who)]),
        href,
        name: table.asset_name,
        readings: table.readings.into_iter().map(reading).collect(),
    }
}

fn reading(reading: PersonReading) -> Reading {
    let columns = &reading.explained.columns;
    let of = |shows: Shows| columns.iter().filter(|column| column.shows == shows).count();
    let kinds = [Shows::Whole, Shows::Partial, Shows::Masked, Shows::Nothing];
    let tallies = kinds.into_iter().filter(|shows| of(*shows) > 0).map(|shows| (tally(shows, of(shows)), badge(shows)));
    Reading {
        tallies: tallies.collect(),
        columns: columns.iter().map(|one| (one.name.clone(), badge(one.shows), one.words.clone())).collect(),
        projects: reading.projects.join(", "),
        export: reading.explained.export,
        rules: reading.rules.into_iter().map(|rule| capitalised(&rule.words)).collect(),
    }
}

fn tally(shows: Shows, count: usize) -> String {
    let columns = counted(count, "column", "columns");
    match shows {
        Shows::Whole => format!("{columns} as they are"),
        Shows::Partial => format!("{columns} in some rows"),
        Shows::Masked => format!("{columns} masked"),
        Shows::Nothing => format!("{columns} not at all"),
    }
}
