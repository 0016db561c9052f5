//! The assets of a project, how ready they are to be published, and their proposed names.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::catalog::{assets, publish, suggestions};
use lakegate_model::{
    Fault,
    catalog::Asset,
    ids::{AssetId, ProjectId},
    words::{AssetStatus, SuggestionState},
};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    kit::{Pager, Place, Tab, When, address, back, counted, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

/// Assets of a page: each is looked at for what it lacks.
const PAGE: i64 = 25;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/data", get(list))
        .route("/projects/{project}/data/names", post(accept_names))
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    #[serde(default)]
    status: String,
    #[serde(default)]
    after: String,
}

struct Row {
    id: String,
    href: String,
    edit: String,
    title: String,
    name: String,
    status: String,
    tone: &'static str,
    certified: bool,
    /// What publishing still needs; empty for what is ready or out already.
    missing: Vec<&'static str>,
    ready: bool,
    open_names: usize,
    updated: When,
}

#[derive(Template)]
#[template(path = "project/data.html")]
struct DataPage {
    shell: Shell,
    head: Head,
    filters: Vec<Tab>,
    filtered: bool,
    assets: Vec<Row>,
    /// Proposed names on this page that nobody has decided on.
    open_names: String,
    any_open_names: bool,
    here: String,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let status: Option<AssetStatus> = match query.status.as_str() {
        "" => None,
        word => Some(word.parse().map_err(|fault: Fault| fault.on("status"))?),
    };
    let head = head(&web, reader, id, Section::Data).await?;
    let path = format!("{}/data", head.base);
    let place = Place::new(address(&path, &[("status", &query.status)]), &query.after);
    let page = assets::of_project(&web.app, &reader.caller, id, status, &place.request(&web, reader, PAGE)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let mut rows = Vec::with_capacity(page.items.len());
    for asset in page.items {
        rows.push(row(&web, reader, &head, asset).await?);
    }
    let open: usize = rows.iter().map(|row| row.open_names).sum();
    let page = DataPage {
        shell: framed.shell,
        filters: filters(&path, status),
        filtered: status.is_some(),
        open_names: counted(open, "proposed name", "proposed names"),
        any_open_names: open > 0,
        here: place.base,
        assets: rows,
        head,
        pager,
    };
    show(StatusCode::OK, &page)
}

fn filters(path: &str, chosen: Option<AssetStatus>) -> Vec<Tab> {
    let tab = |label, status: Option<AssetStatus>| Tab {
        label,
        href: address(path, &[("status", status.map_or("", AssetStatus::as_str))]),
        active: status == chosen,
        count: 0,
    };
    vec![
        tab("All", None),
        tab("Unpublished", Some(AssetStatus::Inventory)),
        tab("Published", Some(AssetStatus::Published)),
        tab("Deprecated", Some(AssetStatus::Deprecated)),
        tab("Archived", Some(AssetStatus::Archived)),
    ]
}

async fn row(web: &Web, reader: &SignedIn, head: &Head, asset: Asset) -> Result<Row, Fault> {
    let waits = asset.status == AssetStatus::Inventory && head.contributes;
    let (missing, open_names) = if waits { needs(web, reader, asset.id).await? } else { (Vec::new(), 0) };
    let edit = if head.contributes { format!("/assets/{}/edit", asset.id) } else { String::new() };
    Ok(Row {
        id: asset.id.to_string(),
        href: format!("/assets/{}", asset.id),
        edit,
        title: asset.display_name().to_owned(),
        status: spoken(asset.status.as_str()),
        tone: match asset.status {
            AssetStatus::Published => "good",
            AssetStatus::Deprecated => "attention",
            AssetStatus::Inventory | AssetStatus::Archived => "",
        },
        certified: asset.certified,
        ready: waits && missing.is_empty(),
        missing,
        open_names,
        updated: When::at(asset.updated_at),
        name: asset.name,
    })
}

/// What an asset lacks for being published, and how many proposed names are open.
async fn needs(web: &Web, reader: &SignedIn, id: AssetId) -> Result<(Vec<&'static str>, usize), Fault> {
    let readiness = publish::readiness(&web.app, &reader.caller, id).await?;
    let names = suggestions::list(&web.app, &reader.caller, id).await?;
    let open = names.iter().filter(|name| name.state == SuggestionState::Open).count();
    Ok((readiness.missing.iter().map(|missing| missing.field).collect(), open))
}

/// Accepts every proposed name of the assets that are named in the form.
async fn accept_names(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<ProjectId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let to = pairs.iter().find(|(name, _)| name == "next").map(|(_, value)| value.clone());
    let outcome = async {
        let mut count = 0;
        for (_, value) in pairs.iter().filter(|(name, _)| name == "asset") {
            suggestions::accept_all(&web.app, &reader.caller, value.parse()?).await?;
            count += 1;
        }
        Ok(format!("The proposed names of {} are in place.", counted(count, "table", "tables")))
    };
    back(&to.unwrap_or_else(|| format!("/projects/{id}/data")), outcome.await)
}
