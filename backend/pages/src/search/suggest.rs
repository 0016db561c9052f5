//! What somebody may be about to type.

use axum::{Json, extract::State};
use lakegate_app::{
    accounts::users,
    catalog::search::{self, HitField, Suggestion},
};
use lakegate_model::PageRequest;
use serde::{Deserialize, Serialize};

use crate::kit::address;
use lakegate_http::{
    Refusal, Web,
    extract::{Query, SignedIn},
};

/// Most names of data, terms and projects.
const THINGS: usize = 8;
/// Most people.
const PEOPLE: i64 = 3;

/// Something to choose, as `palette.js` reads it.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    kind: &'static str,
    title: String,
    subtitle: String,
    href: String,
    icon: &'static str,
}

/// The list for the box.
#[derive(Debug, Serialize)]
pub(super) struct Items {
    items: Vec<Item>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    q: String,
}

pub(super) async fn suggest(
    State(web): State<Web>,
    reader: SignedIn,
    Query(typed): Query<Typed>,
) -> Result<Json<Items>, Refusal> {
    let text = typed.q.trim();
    if text.is_empty() {
        return Ok(Json(Items { items: Vec::new() }));
    }
    let found = search::suggest(&web.app, &reader.caller, text, THINGS).await?;
    let mut items: Vec<Item> = found.iter().filter_map(thing).collect();
    let page = PageRequest::new(Some(PEOPLE), None)?;
    let people = users::search(&web.app, &reader.caller, text, &page).await?;
    items.extend(people.items.into_iter().map(|user| person(&user.display_name)));
    Ok(Json(Items { items }))
}

fn thing(found: &Suggestion) -> Option<Item> {
    let (_, id) = found.key.split_once(':')?;
    let (kind, icon, href) = match found.kind.as_str() {
        "asset" if found.text.field == HitField::Column => ("Column", "columns-3", format!("/assets/{id}#columns")),
        "asset" => ("Data", "table-2", format!("/assets/{id}")),
        "term" => ("Term", "book-open", format!("/glossary/{id}")),
        "project" => ("Project", "boxes", format!("/projects/{id}")),
        _ => return None,
    };
    let subtitle = if found.text.field == HitField::Name { "technical name".to_owned() } else { String::new() };
    Some(Item { kind, title: found.text.text.clone(), subtitle, href, icon })
}

fn person(name: &str) -> Item {
    let query = format!("owner:\"{}\"", name.replace('"', ""));
    Item {
        kind: "Person",
        title: name.to_owned(),
        subtitle: "what this person owns".to_owned(),
        href: address("/search", &[("q", &query)]),
        icon: "user",
    }
}
