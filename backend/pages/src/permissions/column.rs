//! How many see the columns of an asset how, and who sees one of them.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::{
        explain::Shows,
        explore::{
            self,
            column::{self, ColumnReader, Tally},
            tag::{self, TableTally},
        },
    },
    catalog::search::{self, Facet, FacetFilter, Query as Sought},
};
use lakegate_model::ids::{AssetId, ColumnId};
use serde::Deserialize;

use super::{Badge, badge, tabs};
use crate::{
    asset::head::asset_href,
    kit::{Crumb, Tab, capitalised, crumbs, grouped, sentence},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

/// Assets that are offered.
const OFFERED: usize = 20;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/permissions/assets", get(assets))
        .route("/permissions/assets/{asset}", get(asset))
        .route("/permissions/assets/{asset}/columns/{column}", get(one))
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "permissions/assets.html")]
struct AssetsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    q: String,
    /// Address, name and place of each asset; no address for one that the reader does not review.
    hits: Vec<(String, String, String)>,
    more: bool,
}

async fn assets(State(web): State<Web>, frame: Framed, Query(typed): Query<Typed>) -> Result<Response, Refusal> {
    let kind = FacetFilter { facet: Facet::Kind, values: vec!["asset".to_owned()] };
    let sought = Sought { text: typed.q.trim().to_owned(), filters: vec![kind], limit: OFFERED, ..Sought::default() };
    let found = search::search(&web.app, &frame.reader.caller, sought).await?;
    let ids: Vec<AssetId> = found.hits.iter().filter_map(|hit| hit.payload["id"].as_str()?.parse().ok()).collect();
    let reviewed = explore::reviewed(&web.app, &frame.reader.caller, &ids).await?;
    let hit = |hit: search::Hit| {
        let text = |key: &str| hit.payload[key].as_str().unwrap_or_default().to_owned();
        let title = if text("title").is_empty() { text("name") } else { text("title") };
        let id: Option<AssetId> = text("id").parse().ok().filter(|id| reviewed.contains(id));
        (id.map(|id| format!("/permissions/assets/{id}")).unwrap_or_default(), title, text("project"))
    };
    let more = found.total > u64::try_from(found.hits.len()).unwrap_or(u64::MAX);
    let page = AssetsPage {
        tabs: tabs(&frame, "By asset and column"),
        hits: found.hits.into_iter().map(hit).collect(),
        shell: frame.shell,
        q: typed.q,
        more,
    };
    show(StatusCode::OK, &page)
}

/// A column with how many see it how.
pub(super) struct ColumnRow {
    pub href: String,
    pub name: String,
    pub whole: String,
    pub partial: String,
    pub masked: String,
    pub nothing: String,
}

/// The rows of a table.
pub(super) fn rows(table: &TableTally) -> Vec<ColumnRow> {
    let row = |column: &tag::ColumnTally| ColumnRow {
        href: format!("/permissions/assets/{}/columns/{}", table.asset, column.id),
        name: column.name.clone(),
        whole: grouped(column.tally.whole),
        partial: grouped(column.tally.partial),
        masked: grouped(column.tally.masked),
        nothing: grouped(column.tally.nothing),
    };
    table.columns.iter().map(row).collect()
}

#[derive(Template)]
#[template(path = "permissions/asset.html")]
struct AssetPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    href: String,
    left_out: String,
    rows: Vec<ColumnRow>,
}

async fn asset(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let found = tag::of_asset(&web.app, &frame.reader.caller, id).await?;
    let page = AssetPage {
        crumbs: crumbs(&[("Permissions", "/permissions/assets"), (&found.asset_name, "")]),
        rows: rows(&found),
        name: found.asset_name,
        href: asset_href(id),
        left_out: sentence(&found.left_out),
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

/// Somebody who reads the table.
struct ReaderRow {
    who: String,
    project: String,
    sees: Badge,
    mask: String,
    through: Vec<String>,
}

#[derive(Template)]
#[template(path = "permissions/column.html")]
struct ColumnPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    asset: String,
    why_href: String,
    /// Label and how many.
    stats: Vec<(&'static str, String)>,
    readers: Vec<ReaderRow>,
}

async fn one(
    State(web): State<Web>,
    Path((id, column)): Path<(AssetId, ColumnId)>,
    frame: Framed,
) -> Result<Response, Refusal> {
    let found = column::of(&web.app, &frame.reader.caller, id, column).await?;
    let mut tally = Tally::default();
    for reader in &found.readers {
        tally.add(reader.shows);
    }
    let up = format!("/permissions/assets/{id}");
    let page = ColumnPage {
        crumbs: crumbs(&[("Permissions", "/permissions/assets"), (&found.asset_name, &up), (&found.column_name, "")]),
        why_href: format!("{}/why", asset_href(id)),
        name: found.column_name,
        asset: found.asset_name,
        stats: vec![
            ("See it as it is", grouped(tally.whole)),
            ("In some rows", grouped(tally.partial)),
            ("Masked", grouped(tally.masked)),
            ("Not at all", grouped(tally.nothing)),
        ],
        readers: found.readers.into_iter().map(reader).collect(),
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

fn reader(reader: ColumnReader) -> ReaderRow {
    ReaderRow {
        who: if reader.subject.who.is_some() { reader.subject.name } else { "a service account".to_owned() },
        project: reader.subject.project.map(|(_, name)| name).unwrap_or_default(),
        sees: badge(reader.shows),
        mask: match (reader.shows, reader.mask) {
            (Shows::Nothing, _) | (_, None) => String::new(),
            (_, Some(mask)) => mask.as_str().to_owned(),
        },
        through: reader.through.into_iter().map(|way| capitalised(&way.words)).collect(),
    }
}
