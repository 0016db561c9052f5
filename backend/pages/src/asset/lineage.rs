//! Where an asset comes from and what is made of it: a picture, and the same in words.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    catalog::assets,
    lineage::{self, ColumnLink, FlowLink, LineageAsk, LineageGraph, LineageNode, Process, Shown},
};
use lakegate_model::{
    Fault,
    ids::AssetId,
    words::{Direction, EdgeKind, LineageOrigin, LineageTarget},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

use super::head::{AssetHead, asset_href};
use crate::{
    fields::Fields,
    kit::{Choice, Crumb, When, Wrong, again, counted},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/lineage", get(page))
}

/// Edges that the list shows; the picture and the APIs have them all.
const EDGES: usize = 500;

/// A table or query of the list.
struct NodeRow {
    name: Crumb,
    /// "2 steps before", "1 step after"
    place: String,
    what: String,
    project: String,
    /// What fills it, for members.
    made_by: Crumb,
    made_as: String,
    seen: When,
}

/// A line of the list of columns.
struct EdgeRow {
    target: String,
    source: String,
    kind: &'static str,
    is_value: bool,
    steps: Vec<String>,
}

#[derive(Template)]
#[template(path = "assets/lineage.html")]
struct LineagePage {
    shell: Shell,
    head: AssetHead,
    action: String,
    /// Where the picture gets its data.
    source: String,
    columns: Vec<Choice>,
    column: String,
    directions: Vec<Choice>,
    direction: String,
    depth: u32,
    values_only: bool,
    day: String,
    nodes: Vec<NodeRow>,
    edges: Vec<EdgeRow>,
    edges_left: String,
    more: bool,
    impact_href: String,
    wrong: Wrong,
}

async fn page(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(fields): Query<Fields>,
) -> Result<Response, Refusal> {
    match asked(&web, &frame, id, &fields).await {
        Ok((ask, graph)) => show(StatusCode::OK, &drawn(&web, frame, (&ask, &fields), graph, Wrong::default()).await?),
        Err(fault) if fault.field.is_some() => {
            let ask = LineageAsk::of(id);
            again(fault, |wrong| drawn(&web, frame, (&ask, &fields), LineageGraph::default(), wrong)).await
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn asked(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(LineageAsk, LineageGraph), Fault> {
    let plain = LineageAsk::of(id);
    let (direction, depth) = (fields.one("direction"), fields.one("depth"));
    let number = |text: &str| text.parse().map_err(|_| Fault::invalid("depth", "write a number from 1 to 20"));
    let ask = LineageAsk {
        column: Some(fields.one("column").to_owned()).filter(|name| !name.is_empty()),
        direction: match direction {
            "" => plain.direction,
            word => word.parse().map_err(|fault: Fault| fault.on("direction"))?,
        },
        depth: if depth.is_empty() { plain.depth } else { number(depth)? },
        values_only: fields.has("values"),
        // A day in progress is asked as it is by now.
        at: fields.day("day")?.filter(|end| *end < web.app.now()),
        ..plain
    };
    let graph = lineage::graph(&web.app, &frame.reader.caller, &ask).await?;
    Ok((ask, graph))
}

async fn drawn(
    web: &Web,
    frame: Framed,
    (ask, fields): (&LineageAsk, &Fields),
    graph: LineageGraph,
    wrong: Wrong,
) -> Result<LineagePage, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, ask.asset).await?;
    let href = asset_href(ask.asset);
    let mut columns = vec![Choice::new("", "The whole table")];
    columns.extend(view.columns.iter().map(|one| Choice::new(&one.column.name, &one.column.name)));
    let names = names(&graph);
    let edges: Vec<EdgeRow> = graph.edges.iter().take(EDGES).map(|edge| edge_row(edge, &names)).collect();
    let left = graph.edges.len().saturating_sub(EDGES);
    Ok(LineagePage {
        head: AssetHead::new(&view, "Lineage"),
        action: format!("{href}/lineage"),
        source: format!("/api/v1/assets/{}/lineage?{}", ask.asset, query_of(ask)),
        column: fields.one("column").to_owned(),
        columns,
        directions: directions(),
        direction: ask.direction.as_str().to_owned(),
        depth: ask.depth,
        values_only: ask.values_only,
        day: fields.one("day").to_owned(),
        nodes: graph.nodes.iter().map(|node| node_row(node, &graph.links)).collect(),
        edges,
        edges_left: if left > 0 { counted(left, "more", "more") } else { String::new() },
        more: graph.more,
        impact_href: if view.may_review { format!("{href}/impact") } else { String::new() },
        wrong,
        shell: frame.shell,
    })
}

fn directions() -> Vec<Choice> {
    let words = [
        (Direction::Both, "Both ways"),
        (Direction::Upstream, "What it comes from"),
        (Direction::Downstream, "What is made of it"),
    ];
    words.map(|(direction, label)| Choice::new(direction.as_str(), label)).into()
}

/// The question as the address of the API takes it.
fn query_of(ask: &LineageAsk) -> String {
    let mut parts = vec![format!("direction={}", ask.direction), format!("depth={}", ask.depth)];
    parts.extend(ask.column.as_ref().map(|column| format!("column={}", utf8_percent_encode(column, NON_ALPHANUMERIC))));
    if ask.values_only {
        parts.push("values_only=true".to_owned());
    }
    parts.extend(ask.at.map(|at| format!("at={}", at.format("%Y-%m-%dT%H:%M:%SZ"))));
    parts.join("&")
}

fn names(graph: &LineageGraph) -> BTreeMap<&str, &str> {
    graph.nodes.iter().map(|node| (node.key.as_str(), name_of(&node.shown))).collect()
}

/// What a node is called; what the reader may not know has no name.
pub(super) fn name_of(shown: &Shown) -> &str {
    match shown {
        Shown::Asset { name, .. } | Shown::SavedQuery { name, .. } | Shown::Dataset { name, .. } => name,
        Shown::Nameless => "Something that you may not know",
    }
}

/// A node as a link, its kind in words, and its project.
pub(super) fn told(node: &LineageNode) -> (Crumb, &'static str, String) {
    let label = name_of(&node.shown).to_owned();
    match &node.shown {
        Shown::Asset { id, project_name, .. } => {
            (Crumb { label, href: asset_href(*id) }, "Table", project_name.clone())
        }
        Shown::SavedQuery { id, project_name, .. } => {
            (Crumb { label, href: format!("/query/saved/{id}") }, "Saved query", project_name.clone())
        }
        Shown::Dataset { project, project_name, .. } => {
            (Crumb { label, href: format!("/projects/{project}/reported") }, "Reported dataset", project_name.clone())
        }
        Shown::Nameless => (Crumb { label, href: String::new() }, "", String::new()),
    }
}

fn node_row(node: &LineageNode, links: &[FlowLink]) -> NodeRow {
    let (name, what, project) = told(node);
    let process = links.iter().find(|link| link.target == node.key).and_then(|link| link.process.as_ref());
    let (made_by, made_as) = process.map(made).unwrap_or_default();
    NodeRow {
        name,
        place: place(node.distance),
        what: what.to_owned(),
        project,
        made_by,
        made_as,
        seen: When::maybe(process.map(|process| process.seen_at)),
    }
}

fn place(distance: i32) -> String {
    let steps = counted(distance.unsigned_abs() as usize, "step", "steps");
    match distance {
        0 => "Here".to_owned(),
        ..0 => format!("{steps} before"),
        1.. => format!("{steps} after"),
    }
}

/// What fills a node, and as whom.
fn made(process: &Process) -> (Crumb, String) {
    let href = match process.kind {
        _ if process.origin == LineageOrigin::Reported => {
            format!("/projects/{}/reported/jobs/{}", process.project, process.id)
        }
        LineageTarget::Table | LineageTarget::Dataset => String::new(),
        LineageTarget::SavedQuery => format!("/query/saved/{}", process.id),
    };
    let label = match process.version {
        0 => process.name.clone(),
        number => format!("{}, version {number}", process.name),
    };
    let verb = match process.origin {
        LineageOrigin::Executed => "run as",
        LineageOrigin::Planned => "kept by",
        LineageOrigin::Reported => "reported by",
    };
    (Crumb { label, href }, format!("{verb} {}", process.made_by))
}

fn edge_row(edge: &ColumnLink, names: &BTreeMap<&str, &str>) -> EdgeRow {
    let name = |key: &str| names.get(key).copied().unwrap_or_default();
    let path: String = edge.source_path.iter().map(|field| format!(".{field}")).collect();
    EdgeRow {
        target: match &edge.target_column {
            Some(column) => format!("{}.{column}", name(&edge.target)),
            None => format!("all rows of {}", name(&edge.target)),
        },
        source: format!("{}.{}{path}", name(&edge.source), edge.source_column),
        kind: kind_words(edge.kind),
        is_value: edge.kind.is_value(),
        steps: edge.steps.clone(),
    }
}

/// What a source has to do with a column, in words between the two.
fn kind_words(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Copied => "is copied from",
        EdgeKind::Cast => "is cast from",
        EdgeKind::Computed => "is computed from",
        EdgeKind::Aggregated => "is aggregated from",
        EdgeKind::Tokenised => "is a token of",
        EdgeKind::Masked => "is masked from",
        EdgeKind::Filter => "are chosen by",
        EdgeKind::Join => "are joined by",
        EdgeKind::Group => "are grouped by",
        EdgeKind::Order => "are ordered by",
        EdgeKind::Window => "looks over rows by",
        EdgeKind::Condition => "depends on",
    }
}
