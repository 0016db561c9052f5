//! The definitions that a derived table had.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::derived;
use lakegate_model::ids::{DerivedTableId, ProjectId};

use super::{super::Head, find, page_head, path, rows::VersionRow};
use crate::{
    kit::{After, Pager, Place},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/projects/{project}/derived/{derived}/versions", get(list))
}

#[derive(Template)]
#[template(path = "derived/versions.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    name: String,
    rows: Vec<VersionRow>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let derived = find(&web, &reader, project, id).await?;
    let base = path(&derived);
    let place = Place::new(format!("{base}/versions"), &query.after);
    let page = derived::versions(&web.app, &reader.caller, id, &place.request(&web, &reader, 25)?).await?;
    let pager = place.pager(&web, &reader, &page)?;
    let row = |version| VersionRow::of(version, derived.version, derived.built_version);
    let page = ListPage {
        head: page_head(&web, &reader, project, &derived.name).await?.deeper(&base, "Versions"),
        rows: page.items.into_iter().map(row).collect(),
        name: derived.name,
        pager,
        shell,
    };
    show(StatusCode::OK, &page)
}
