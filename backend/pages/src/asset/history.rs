//! How an asset became what it is.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::catalog::{
    assets::{self, Standing},
    diff::DiffLine,
    revisions::{self, RevisionView},
};
use lakegate_model::ids::AssetId;
use serde::Deserialize;

use super::head::{AssetHead, asset_href, sub_list};
use crate::{
    kit::{After, Pager, When, Who, capitalised, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/revisions", get(list)).route("/assets/{id}/revisions/{revision}", get(compare))
}

struct Row {
    revision: i64,
    summary: String,
    actor: Who,
    at: When,
    /// What changed with it; empty for the first one.
    href: String,
}

#[derive(Template)]
#[template(path = "assets/revisions.html")]
struct RevisionsPage {
    shell: Shell,
    head: AssetHead,
    rows: Vec<Row>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let (view, place) = sub_list(&web, &frame, id, "revisions", &query).await?;
    let size = place.request(&web, &frame.reader, 30)?;
    let found = revisions::list(&web.app, &frame.reader.caller, id, &size).await?;
    let pager = place.pager(&web, &frame.reader, &found)?;
    // Nothing stands before the first revision that the reader may know of, so nothing to compare it with.
    let first = found.items.last().filter(|_| found.next.is_none()).map(|step| step.revision);
    let row = |step: RevisionView| Row {
        href: if Some(step.revision) == first { String::new() } else { format!("{}/{}", place.base, step.revision) },
        revision: step.revision,
        summary: capitalised(&step.summary),
        actor: Who::named(&step.actor),
        at: When::at(step.created_at),
    };
    let rows = found.items.into_iter().map(row).collect();
    show(StatusCode::OK, &RevisionsPage { shell: frame.shell, head: AssetHead::new(&view, "History"), rows, pager })
}

/// One line of a difference, as `data::diff_line` takes it.
struct Line {
    kind: &'static str,
    what: String,
    text: String,
}

#[derive(Template)]
#[template(path = "assets/revision.html")]
struct RevisionPage {
    shell: Shell,
    head: AssetHead,
    from: i64,
    to: i64,
    lines: Vec<Line>,
    /// The list of all.
    back: String,
    earlier: String,
}

#[derive(Debug, Default, Deserialize)]
struct Against {
    /// Compares with this revision instead of the one before.
    from: Option<i64>,
}

async fn compare(
    State(web): State<Web>,
    Path((id, to)): Path<(AssetId, i64)>,
    frame: Framed,
    Query(query): Query<Against>,
) -> Result<Response, Refusal> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    let member = matches!(view.standing, Standing::Member(_));
    let from = query.from.unwrap_or(to - 1);
    let found = revisions::compare(&web.app, caller, id, (from, to)).await?;
    let back = format!("{}/revisions", asset_href(id));
    let page = RevisionPage {
        head: AssetHead::new(&view, "History"),
        lines: found.into_iter().flat_map(lines).collect(),
        // Others than members may not know of what was before it was published.
        earlier: if from > 1 && member { format!("{back}/{from}") } else { String::new() },
        from,
        to,
        back,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

fn lines(line: DiffLine) -> Vec<Line> {
    let what = match &line.column {
        Some(column) if line.field == "column" => column.clone(),
        Some(column) => format!("{column}: {}", line.field),
        None => spoken(line.field),
    };
    let both = [("del", line.before), ("add", line.after)];
    let mut lines: Vec<Line> = both
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(kind, text)| Line { kind, what: what.clone(), text })
        .collect();
    if lines.is_empty() {
        lines.push(Line { kind: "", what, text: "changed".to_owned() });
    }
    lines
}
