//! The tags of an asset and its columns: where each comes from, what hangs on it, putting one on and taking one off.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::simulate::Change,
    catalog::{
        assets,
        tagging::{self, TagChange, TagPlace, TagRules},
    },
};
use lakegate_model::{Fault, ids::AssetId};
use serde::Deserialize;

use super::{
    head::{AssetHead, asset_href},
    simulated::{self, Simulated, look_first},
};
use crate::{
    fields::Fields,
    kit::{Choice, Wrong, address, capitalised, counted},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/tags", get(page).post(change))
}

/// What the form begins with, from the link that led here.
#[derive(Debug, Default, Deserialize)]
struct Which {
    #[serde(default)]
    column: String,
    /// A tag to be taken off.
    #[serde(default)]
    off: String,
}

/// The asset as a whole or a column, with its tags.
struct Row {
    name: String,
    is_column: bool,
    /// A tag and where it is taken off; empty if the reader may not.
    own: Vec<(String, String)>,
    inherited: Vec<String>,
}

/// A tag with what hangs on it.
struct TagRow {
    tag: String,
    governed: bool,
    /// "2 restrictions, 1 grant".
    hangs: String,
    words: Vec<String>,
    /// Who sees what carries it.
    who_href: String,
}

#[derive(Template)]
#[template(path = "assets/tags.html")]
struct TagsPage {
    shell: Shell,
    head: AssetHead,
    action: String,
    rows: Vec<Row>,
    tags: Vec<TagRow>,
    may_edit: bool,
    told: bool,
    places: Vec<Choice>,
    place: String,
    tag: String,
    put: bool,
    reason: String,
    preview: Option<Simulated>,
    wrong: Wrong,
}

async fn tags_page(web: &Web, frame: Framed, id: AssetId, fields: &Fields, wrong: Wrong) -> Result<TagsPage, Fault> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    let sheet = tagging::sheet(&web.app, caller, id).await?;
    let action = format!("{}/tags", asset_href(id));
    let may_edit = sheet.may_edit;
    Ok(TagsPage {
        head: AssetHead::new(&view, "Tags"),
        places: sheet.places.iter().map(place_choice).collect(),
        rows: sheet.places.into_iter().map(|place| row(place, &action, may_edit)).collect(),
        tags: sheet.tags.into_iter().map(tag_row).collect(),
        told: sheet.told,
        may_edit,
        place: fields.one("column").to_owned(),
        tag: fields.one("tag").to_owned(),
        put: fields.one("put") != "off",
        reason: fields.one("reason").to_owned(),
        preview: None,
        action,
        wrong,
        shell: frame.shell,
    })
}

fn place_choice(place: &TagPlace) -> Choice {
    match &place.column {
        None => Choice::new("", "the whole table"),
        Some((id, name)) => Choice::new(id.to_string(), name.clone()),
    }
}

fn row(place: TagPlace, action: &str, may_edit: bool) -> Row {
    let column = place.column.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default();
    let off = |tag: &str| match may_edit {
        true => format!("{}#change", address(action, &[("column", &column), ("off", tag)])),
        false => String::new(),
    };
    Row {
        own: place.own.iter().map(|tag| (tag.clone(), off(tag))).collect(),
        is_column: place.column.is_some(),
        name: place.column.map_or_else(|| "The whole table".to_owned(), |(_, name)| name),
        inherited: place.inherited,
    }
}

fn tag_row(tag: TagRules) -> TagRow {
    let parts = [(tag.restrictions, "restriction", "restrictions"), (tag.grants, "grant", "grants")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
    TagRow {
        who_href: address("/permissions/tags", &[("tag", &tag.tag)]),
        hangs: parts.join(", "),
        words: tag.words.iter().map(|words| capitalised(words)).collect(),
        governed: tag.governed,
        tag: tag.tag,
    }
}

async fn page(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(which): Query<Which>,
) -> Result<Response, Refusal> {
    let put = if which.off.is_empty() { "on" } else { "off" };
    let fields = [("column", which.column), ("tag", which.off), ("put", put.to_owned())];
    let fields = Fields(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    show(StatusCode::OK, &tags_page(&web, frame, id, &fields, Wrong::default()).await?)
}

fn read(id: AssetId, fields: &Fields) -> Result<TagChange, Fault> {
    let column = match fields.one("column") {
        "" => None,
        _ => Some(fields.id("column")?),
    };
    let put = match fields.one("put") {
        "on" => true,
        "off" => false,
        _ => return Err(Fault::invalid("put", "expected one of: on off")),
    };
    Ok(TagChange { asset: id, column, tag: fields.one("tag").to_owned(), put, reason: fields.one("reason").to_owned() })
}

async fn preview(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<Simulated, Fault> {
    let wanted = read(id, fields)?;
    let tags = tagging::after(&web.app, &frame.reader.caller, &wanted).await?;
    let change = Change::SetTags { asset: id, column: wanted.column, tags };
    simulated::of(web, frame, &change).await.map_err(|fault| match fault.field.as_deref() {
        Some(field) if field.ends_with("tags") => fault.on("tag"),
        _ => fault,
    })
}

async fn make(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(String, &'static str), Fault> {
    let wanted = read(id, fields)?;
    tagging::change(&web.app, &frame.reader.caller, &wanted).await?;
    let said = if wanted.put { "The tag is on. Rules on it hold from now." } else { "The tag was taken off." };
    Ok((format!("{}/tags", asset_href(id)), said))
}

async fn change(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    look_first!(
        &fields,
        look: preview(&web, &frame, id, &fields),
        make: make(&web, &frame, id, &fields),
        page: |wrong| tags_page(&web, frame, id, &fields, wrong),
    )
}
