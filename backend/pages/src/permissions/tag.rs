//! Who sees what carries a tag.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::access::explore::tag;
use lakegate_model::{Fault, Page};
use serde::Deserialize;

use super::{
    column::{ColumnRow, rows},
    tabs,
};
use crate::{
    kit::{Pager, Place, Tab, Wrong, address, again_with, sentence},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query};

/// Tables of a page.
const SIZE: i64 = 25;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/permissions/tags", get(page))
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    #[serde(default)]
    tag: String,
    #[serde(default)]
    after: String,
}

struct Table {
    href: String,
    name: String,
    /// Whether the table as a whole carries the tag.
    whole: bool,
    left_out: String,
    rows: Vec<ColumnRow>,
}

#[derive(Template)]
#[template(path = "permissions/tags.html")]
struct TagsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    tag: String,
    tables: Vec<Table>,
    /// Whether the page ends before it is full, because it looked at enough.
    bounded: bool,
    pager: Pager,
    wrong: Wrong,
}

fn tags_page(frame: Framed, which: Which, found: Page<tag::TableTally>, pager: Pager, wrong: Wrong) -> TagsPage {
    let table = |table: tag::TableTally| Table {
        href: format!("/permissions/assets/{}", table.asset),
        whole: table.whole,
        left_out: sentence(&table.left_out),
        rows: rows(&table),
        name: table.asset_name,
    };
    TagsPage {
        tabs: tabs(&frame, "By tag"),
        bounded: found.next.is_some() && found.items.len() < usize::try_from(SIZE).unwrap_or(usize::MAX),
        tables: found.items.into_iter().map(table).collect(),
        tag: which.tag,
        shell: frame.shell,
        pager,
        wrong,
    }
}

async fn found(web: &Web, frame: &Framed, which: &Which) -> Result<(Page<tag::TableTally>, Pager), Fault> {
    if which.tag.trim().is_empty() {
        return Ok((Page { items: Vec::new(), next: None }, Pager::default()));
    }
    let place = Place::new(address("/permissions/tags", &[("tag", which.tag.trim())]), &which.after);
    let wanted = place.request(web, &frame.reader, SIZE)?;
    let found = tag::of(&web.app, &frame.reader.caller, which.tag.trim(), &wanted).await?;
    let pager = place.pager(web, &frame.reader, &found)?;
    Ok((found, pager))
}

async fn page(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    match found(&web, &frame, &which).await {
        Ok((found, pager)) => show(StatusCode::OK, &tags_page(frame, which, found, pager, Wrong::default())),
        Err(fault) => {
            let nothing = Page { items: Vec::new(), next: None };
            again_with(fault, |wrong| tags_page(frame, which, nothing, Pager::default(), wrong))
        }
    }
}
