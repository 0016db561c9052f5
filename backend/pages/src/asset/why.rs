//! Why somebody reads what he reads of an asset, column by column.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::{
        explain::{self, Asked, ColumnExplained, Explained, Shows},
        readers::{self, Reader},
    },
    catalog::assets,
};
use lakegate_model::{Fault, ids::AssetId};
use serde::Deserialize;

use super::head::{AssetHead, asset_href};
use crate::{
    fields::day_words,
    kit::{Choice, When, Wrong, address, again, capitalised, counted, people, person_meant, sentence},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/why", get(why))
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    /// A user name; the reader himself if empty.
    #[serde(default)]
    person: String,
}

struct Row {
    name: String,
    /// Word, state of colour, glyph.
    badge: (&'static str, &'static str, &'static str),
    words: String,
    rules: Vec<String>,
}

impl Row {
    fn of(column: ColumnExplained) -> Self {
        Self {
            badge: match column.shows {
                Shows::Whole => ("Whole", "good", "circle-check"),
                Shows::Partial => ("Some rows", "attention", "list-filter"),
                Shows::Masked => ("Masked", "attention", "eye-off"),
                Shows::Nothing => ("Nothing", "", "lock"),
            },
            name: column.name,
            words: column.words,
            rules: column.rules.into_iter().map(|rule| rule.words).collect(),
        }
    }
}

/// Somebody who can read the asset.
struct ReaderRow {
    who: String,
    project: String,
    reads: String,
    column_names: String,
    /// Through what, with since when, by whom, why, and when it was used.
    through: Vec<(String, When, When)>,
    last_read: When,
}

impl ReaderRow {
    fn of(reader: Reader) -> Self {
        let names: Vec<&str> = reader.columns.iter().map(|column| column.name.as_str()).collect();
        let way =
            |through: readers::Through| (through.words, When::maybe(through.since), When::maybe(through.last_used));
        Self {
            reads: counted(names.len(), "column", "columns"),
            column_names: names.join(", "),
            who: match reader.subject.who {
                Some(_) => reader.subject.name,
                None => "a service account".to_owned(),
            },
            project: reader.subject.project.map(|(_, name)| name).unwrap_or_default(),
            through: reader.through.into_iter().map(way).collect(),
            last_read: When::maybe(reader.last_read),
        }
    }
}

#[derive(Template)]
#[template(path = "assets/why.html")]
struct WhyPage {
    shell: Shell,
    head: AssetHead,
    action: String,
    past_href: String,
    columns_href: String,
    /// Whether the reader may ask about others.
    asks_others: bool,
    person: String,
    people: Vec<Choice>,
    summary: String,
    /// Which model decides, and why; empty where fine grants alone count.
    model: String,
    project: String,
    until: String,
    export: bool,
    rows: Vec<Row>,
    /// For reviewers: everybody who can read it.
    readers: Vec<ReaderRow>,
    /// Why they are not told; empty if they are.
    readers_left_out: String,
    usage_complete: bool,
    wrong: Wrong,
}

async fn why_page(
    web: &Web,
    frame: Framed,
    id: AssetId,
    person: String,
    (explained, wrong): (Option<Explained>, Wrong),
) -> Result<WhyPage, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    let people = if view.may_review { people(web, &frame.reader).await? } else { Vec::new() };
    let caller = frame.reader.caller.clone();
    let mut page = WhyPage {
        head: AssetHead::new(&view, "Access"),
        action: format!("{}/why", asset_href(id)),
        past_href: address(&format!("{}/past", asset_href(id)), &[("person", person.trim())]),
        columns_href: format!("/permissions/assets/{id}"),
        asks_others: view.may_review,
        person,
        people,
        summary: String::new(),
        model: String::new(),
        project: String::new(),
        until: String::new(),
        export: false,
        rows: Vec::new(),
        readers: Vec::new(),
        readers_left_out: String::new(),
        usage_complete: true,
        wrong,
        shell: frame.shell,
    };
    if view.may_review {
        match readers::of(&web.app, &caller, id).await {
            Ok(found) => {
                page.usage_complete = found.usage_complete;
                page.readers = found.readers.into_iter().map(ReaderRow::of).collect();
            }
            Err(fault) => page.readers_left_out = sentence(&fault.message),
        }
    }
    if let Some(explained) = explained {
        let who = if explained.own { "You: " } else { "" };
        let name = if explained.own { String::new() } else { format!("{} ", explained.person) };
        page.summary = format!("{who}{name}{}", explained.words);
        page.model = capitalised(&explained.model);
        page.project = explained.project.map(|(_, name)| name).unwrap_or_default();
        page.until = explained.valid_until.map(day_words).unwrap_or_default();
        page.export = explained.export;
        page.rows = explained.columns.into_iter().map(Row::of).collect();
    }
    Ok(page)
}

async fn asked(web: &Web, frame: &Framed, id: AssetId, person: &str) -> Result<Explained, Fault> {
    let user = match person.trim() {
        "" => None,
        name => Some(person_meant(web, &frame.reader, "person", name).await?.id),
    };
    explain::of(&web.app, &frame.reader.caller, id, Asked { user, ..Asked::default() }).await
}

async fn why(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    match asked(&web, &frame, id, &which.person).await {
        Ok(explained) => {
            let page = why_page(&web, frame, id, which.person, (Some(explained), Wrong::default())).await?;
            show(StatusCode::OK, &page)
        }
        Err(fault) if fault.field.as_deref() == Some("person") => {
            again(fault, |wrong| why_page(&web, frame, id, which.person, (None, wrong))).await
        }
        Err(fault) => Err(fault.into()),
    }
}
