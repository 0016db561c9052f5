//! What was found, as rows.

use lakegate_app::{
    access::views::{self, RequestFilter, Side},
    catalog::search::{Highlight, Hit, HitField},
    query::schema,
};
use lakegate_model::{Fault, PageRequest, ids::AssetId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use crate::{kit::counted, shell::Framed};
use lakegate_http::Web;

/// How the reader stands to what was found.
pub(super) struct Standings {
    readable: BTreeSet<AssetId>,
    /// Open requests by asset: their number as people quote it.
    requested: BTreeMap<AssetId, String>,
}

impl Standings {
    /// Looks up what the reader may read and has asked for, if data was found at all.
    pub(super) async fn of(web: &Web, frame: &Framed, hits: &[Hit]) -> Result<Self, Fault> {
        let mut standings = Self { readable: BTreeSet::new(), requested: BTreeMap::new() };
        if hits.iter().all(|hit| hit.kind != "asset") {
            return Ok(standings);
        }
        let caller = &frame.reader.caller;
        if frame.me.acting.is_some() {
            standings.readable =
                schema::tables(&web.app, caller).await?.into_iter().filter_map(|table| table.asset).collect();
        }
        let filter = RequestFilter { side: Side::Sent, open_only: true, project: None, asset: None };
        let open = views::list(&web.app, caller, filter, &PageRequest::new(Some(200), None)?).await?;
        standings.requested =
            open.items.into_iter().map(|view| (view.request.asset_id, view.request.reference())).collect();
        Ok(standings)
    }
}

/// A piece of text, marked or not.
pub(super) struct Piece {
    pub text: String,
    pub marked: bool,
}

/// A hit as a row.
pub(super) struct HitRow {
    pub href: String,
    pub icon: &'static str,
    pub title: Vec<Piece>,
    pub certified: bool,
    pub deprecated: bool,
    /// `open`, `locked`, or empty where access means nothing.
    pub mark: &'static str,
    /// An open request's number.
    pub requested: String,
    /// What the text below is about: "Column", "Tag"; empty for the description.
    pub about: &'static str,
    pub text: Vec<Piece>,
    pub place: String,
    pub technical: Vec<Piece>,
    pub columns: String,
    pub kind: &'static str,
}

impl HitRow {
    /// A hit as a row.
    pub(super) fn new(hit: &Hit, standings: &Standings) -> Self {
        let text = |name: &str| hit.payload.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = text("id");
        let (href, icon, kind) = match hit.kind.as_str() {
            "term" => (format!("/glossary/{id}"), "book-open", "Term"),
            "project" => (format!("/projects/{id}"), "boxes", "Project"),
            _ => (format!("/assets/{id}"), "table-2", ""),
        };
        let asset: Option<AssetId> = id.parse().ok().filter(|_| hit.kind == "asset");
        let requested = asset.and_then(|id| standings.requested.get(&id)).cloned().unwrap_or_default();
        let name = text("name");
        let title = if text("title").is_empty() { name } else { text("title") };
        let (about, found) = best(&hit.highlights);
        Self {
            title: marked(&hit.highlights, HitField::Title, title),
            technical: if title == name { Vec::new() } else { marked(&hit.highlights, HitField::Name, name) },
            certified: hit.payload.get("certified") == Some(&Value::Bool(true)),
            deprecated: text("status") == "deprecated",
            mark: match asset {
                Some(id) if standings.readable.contains(&id) => "open",
                Some(_) if requested.is_empty() => "locked",
                _ => "",
            },
            columns: hit
                .payload
                .get("columns")
                .and_then(Value::as_i64)
                .map_or_else(String::new, |n| counted(n, "column", "columns")),
            place: place(&hit.payload),
            text: found,
            href,
            icon,
            kind,
            about,
            requested,
        }
    }
}

/// "Retail / Sales producer project"
fn place(payload: &Value) -> String {
    let domains = payload.get("domain").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let last = domains.last().and_then(Value::as_str);
    let project = payload.get("project").and_then(Value::as_str);
    [last, project].into_iter().flatten().collect::<Vec<_>>().join(" / ")
}

fn pieces(highlight: &Highlight) -> Vec<Piece> {
    highlight.pieces().into_iter().map(|(text, marked)| Piece { text: text.to_owned(), marked }).collect()
}

fn marked(highlights: &[Highlight], field: HitField, plain: &str) -> Vec<Piece> {
    match highlights.iter().find(|highlight| highlight.field == field) {
        Some(highlight) => pieces(highlight),
        None => vec![Piece { text: plain.to_owned(), marked: false }],
    }
}

/// The most telling place of a match besides title and name.
fn best(highlights: &[Highlight]) -> (&'static str, Vec<Piece>) {
    let order = [
        (HitField::Description, ""),
        (HitField::Column, "Column"),
        (HitField::Tag, "Tag"),
        (HitField::Term, "Term"),
        (HitField::Owner, "Owner"),
        (HitField::Project, "Project"),
        (HitField::Domain, "Domain"),
    ];
    let found =
        order.iter().find_map(|(field, about)| Some((about, highlights.iter().find(|own| own.field == *field)?)));
    match found {
        Some((about, highlight)) => (*about, tidied(highlight)),
        None => ("", Vec::new()),
    }
}

/// Markdown's signs are of no use inside a fragment.
fn tidied(highlight: &Highlight) -> Vec<Piece> {
    let mut tidy = pieces(highlight);
    for piece in &mut tidy {
        piece.text.retain(|c| !matches!(c, '*' | '`' | '#'));
    }
    tidy
}
