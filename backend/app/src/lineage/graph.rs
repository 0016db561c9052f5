//! Lineage as a caller may see it.

use lakegate_model::{
    Code, Fault, Timestamp,
    catalog::{Asset, Column},
    ids::{AssetId, ColumnId, DerivedTableId, LineageFlowId, ProjectId, ReportedJobId, SavedQueryId, TableId},
    lineage::{LineageEdge, LineageFlow, LineageLink},
    reported::ReportedColumn,
    words::{Direction, EdgeKind, LineageOrigin, LineageTarget},
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::{Tx, derived, lineage as store, projects, queries, reported};
use std::collections::{BTreeMap, BTreeSet, HashSet, btree_map::Entry};
use uuid::Uuid;

use super::{
    answer::{ColumnLink, DEPTH_MAX, FlowLink, LineageAsk, LineageGraph, LineageNode, NodeColumn, Process, Shown},
    known::{self, Known, Named},
    walk::{self, Reach, Walk, Way},
};
use crate::{App, Caller, catalog::granted};

/// Nodes that are looked at for one question.
const NODES_MAX: usize = 5_000;

/// The lineage of an asset or a column of it.
///
/// # Errors
/// `not_found` for an asset or column that the caller may not know; `invalid` on `depth` or `at`.
pub async fn graph(app: &App, caller: &Caller, ask: &LineageAsk) -> Result<LineageGraph, Fault> {
    if !(1..=DEPTH_MAX).contains(&ask.depth) {
        return Err(Fault::invalid("depth", format!("from 1 to {DEPTH_MAX}")));
    }
    // Earlier times are none that both databases hold.
    if ask.at.is_some_and(|at| at < Timestamp::UNIX_EPOCH) {
        return Err(Fault::invalid("at", "nothing is known of before 1970"));
    }
    look!(app, caller, "asset.lineage", |tx, scope, actor| { seen(app, tx, (scope, actor), ask).await })
}

/// [`graph`] within a transaction.
pub(super) async fn seen(
    app: &App,
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    ask: &LineageAsk,
) -> Result<LineageGraph, Fault> {
    let (asset, _found) = granted::<action::DiscoverAsset>(tx, scope, actor, ask.asset).await?;
    let at = ask.at.unwrap_or_else(|| app.now());
    let Some(table) = asset.table_id else {
        return match ask.column {
            Some(_) => Err(no_column()),
            None => Ok(LineageGraph { nodes: vec![alone(tx, &asset).await?], at, ..LineageGraph::default() }),
        };
    };
    let view = View { app, actor, start: table, at };
    let column = match &ask.column {
        Some(name) => Some(view.column(tx, name).await?),
        None => None,
    };
    // One step farther than asked, to tell whether anything that the caller may know is there.
    let reach = Reach { depth: ask.depth + 1, values_only: ask.values_only, at, most: NODES_MAX };
    let mut parts = Vec::new();
    for way in ways(ask.direction) {
        let walk = match column {
            Some(column) => walk::column(tx, (table.0, column), way, reach).await?,
            None => walk::tables(tx, table.0, way, reach).await?,
        };
        parts.push((way, walk));
    }
    view.drawn(tx, parts, (ask.depth, column.is_some())).await
}

fn no_column() -> Fault {
    Fault::new(Code::NotFound, "there is no such column").on("column")
}

async fn alone(tx: &mut Tx, asset: &Asset) -> Result<LineageNode, Fault> {
    let project_name = projects::project_label(tx, asset.project_id).await?.map(|label| label.0).unwrap_or_default();
    let shown = Shown::Asset {
        id: asset.id,
        name: asset.display_name().to_owned(),
        project: asset.project_id,
        project_name,
        status: asset.status,
        columns: Vec::new(),
    };
    Ok(LineageNode { key: asset.id.to_string(), distance: 0, shown })
}

fn ways(direction: Direction) -> Vec<Way> {
    match direction {
        Direction::Upstream => vec![Way::Upstream],
        Direction::Downstream => vec![Way::Downstream],
        Direction::Both => vec![Way::Upstream, Way::Downstream],
    }
}

/// How data gets from one asset to another: what lies on any way between them, at most [`DEPTH_MAX`] steps long. Empty but
/// for the two where there is none, or none that the caller may know.
///
/// # Errors
/// `not_found` for an asset that the caller may not know.
pub async fn path(app: &App, caller: &Caller, from: AssetId, to: AssetId) -> Result<LineageGraph, Fault> {
    look!(app, caller, "asset.lineage", |tx, scope, actor| {
        let (first, _found) = granted::<action::DiscoverAsset>(tx, scope, actor, from).await?;
        let (last, _found) = granted::<action::DiscoverAsset>(tx, scope, actor, to).await?;
        let at = app.now();
        let reach = Reach { depth: DEPTH_MAX, values_only: false, at, most: NODES_MAX };
        let (Some(start), Some(end)) = (first.table_id, last.table_id) else {
            return Ok(LineageGraph { at, ..LineageGraph::default() });
        };
        let mut walk = walk::tables(tx, start.0, Way::Downstream, reach).await?;
        walk.keep_leading_to(end.0);
        View { app, actor, start, at }.drawn(tx, vec![(Way::Downstream, walk)], (DEPTH_MAX, false)).await
    })
}

/// Whoever looks, and from where.
struct View<'a> {
    app: &'a App,
    actor: &'a Actor,
    start: TableId,
    at: Timestamp,
}

/// What is shown of walks, before it gets its words.
struct Trimmed {
    known: Known,
    /// Signed distances.
    nodes: BTreeMap<Uuid, i32>,
    /// Those with names.
    named: HashSet<Uuid>,
    links: Vec<LineageLink>,
    edges: Vec<LineageEdge>,
    flows: BTreeMap<LineageFlowId, LineageFlow>,
    more: bool,
}

impl View<'_> {
    /// A column of the start by its name.
    async fn column(&self, tx: &mut Tx, name: &str) -> Result<ColumnId, Fault> {
        let known = known::known(self.app, tx, self.actor, &BTreeSet::from([self.start.0]), &[]).await?;
        let Some(Named::Table { columns, .. }) = known.get(&self.start.0) else { return Err(no_column()) };
        columns.iter().find(|column| column.name == name).map(|column| column.id).ok_or_else(no_column)
    }

    async fn drawn(
        &self,
        tx: &mut Tx,
        parts: Vec<(Way, Walk)>,
        (depth, of_column): (u32, bool),
    ) -> Result<LineageGraph, Fault> {
        let trimmed = self.trimmed(tx, parts, (depth, of_column)).await?;
        self.told(tx, trimmed).await
    }

    /// Takes away what the caller may not know, and what is too far.
    async fn trimmed(
        &self,
        tx: &mut Tx,
        parts: Vec<(Way, Walk)>,
        (depth, of_column): (u32, bool),
    ) -> Result<Trimmed, Fault> {
        let nodes: BTreeSet<Uuid> = parts.iter().flat_map(|(_, walk)| walk.distance.keys().copied()).collect();
        let flows = flows_of(tx, &parts).await?;
        let known = known::known(self.app, tx, self.actor, &nodes, &flows).await?;
        let mut kept = Trimmed {
            nodes: BTreeMap::from([(self.start.0, 0)]),
            named: HashSet::new(),
            links: Vec::new(),
            edges: Vec::new(),
            flows: flows.into_iter().map(|flow| (flow.id, flow)).collect(),
            more: false,
            known,
        };
        for (way, walk) in parts {
            self.take(&mut kept, way, walk, (depth, of_column));
        }
        if !of_column {
            let targets: Vec<Uuid> = kept.named.iter().copied().collect();
            kept.edges = store::edges_of(tx, &targets, self.at).await?;
            let links: HashSet<_> = kept.links.iter().map(|link| (link.flow_id, link.source_id)).collect();
            kept.edges.retain(|edge| links.contains(&(edge.flow_id, edge.source_id)));
        }
        Ok(kept)
    }

    fn take(&self, kept: &mut Trimmed, way: Way, walk: Walk, (depth, of_column): (u32, bool)) {
        let open = known::reached_openly(&walk, self.start.0, &kept.known);
        let named = |node: Uuid| if of_column { open.contains(&node) } else { kept.known.contains_key(&node) };
        let is_own =
            |node: Uuid| kept.known.get(&node).is_some_and(|named| self.actor.role_in(named.project()).is_some());
        let shown = known::shown(&walk, way, named, is_own);
        let near = |node: &Uuid| shown.contains(node) && walk.distance.get(node).is_some_and(|far| *far <= depth);
        kept.more |= walk.cut || shown.iter().any(|node| !near(node));
        let sign = if way == Way::Upstream { -1 } else { 1 };
        for (node, distance) in walk.distance.iter().filter(|(node, _)| near(node)) {
            kept.nodes.entry(*node).or_insert(sign * i32::try_from(*distance).unwrap_or(i32::MAX));
        }
        kept.named.extend(walk.distance.keys().copied().filter(|node| named(*node) && near(node)));
        let both = |source: Uuid, target: Uuid| near(&source) && near(&target);
        let of_edges = walk.edges.iter().map(link_of);
        let links: Vec<_> =
            walk.links.iter().cloned().chain(of_edges).filter(|l| both(l.source_id, l.target_id)).collect();
        kept.edges.extend(walk.edges.into_iter().filter(|edge| both(edge.source_id, edge.target_id)));
        kept.links.extend(links);
    }

    /// Puts names to what is left.
    async fn told(&self, tx: &mut Tx, kept: Trimmed) -> Result<LineageGraph, Fault> {
        let mut order: Vec<(&Uuid, &i32)> = kept.nodes.iter().collect();
        order.sort_by_key(|(node, distance)| (distance.abs(), **distance, **node));
        let mut words = Words::default();
        let (mut nodes, mut keys, mut nameless) = (Vec::new(), BTreeMap::new(), 0);
        for (node, distance) in order {
            let named = kept.known.get(node).filter(|_| kept.named.contains(node));
            let (key, shown) = match named {
                Some(named) => words.shown(tx, named).await?,
                None => {
                    nameless += 1;
                    (format!("nameless-{nameless}"), Shown::Nameless)
                }
            };
            keys.insert(*node, key.clone());
            nodes.push(LineageNode { key, distance: *distance, shown });
        }
        let links = self.links(tx, &kept, &keys).await?;
        let edges = self.edges(&kept, &keys);
        Ok(LineageGraph { nodes, links, edges, more: kept.more, at: self.at })
    }

    async fn links(&self, tx: &mut Tx, kept: &Trimmed, keys: &BTreeMap<Uuid, String>) -> Result<Vec<FlowLink>, Fault> {
        // Several edges make one link.
        let mut values: BTreeMap<(Uuid, Uuid, LineageFlowId), bool> = BTreeMap::new();
        for link in &kept.links {
            // How many ways others have is not told.
            let flow = kept.flows.get(&link.flow_id).filter(|flow| self.is_member_of(flow));
            let flow = flow.map_or(LineageFlowId(Uuid::nil()), |flow| flow.id);
            *values.entry((link.source_id, link.target_id, flow)).or_default() |= link.by_value;
        }
        let mut told: BTreeMap<LineageFlowId, Option<Process>> = BTreeMap::new();
        let mut links = Vec::new();
        for ((source, target, flow), by_value) in values {
            let (Some(from), Some(to)) = (keys.get(&source), keys.get(&target)) else { continue };
            if let Entry::Vacant(new) = told.entry(flow) {
                new.insert(self.process(tx, kept.flows.get(&flow)).await?);
            }
            let open = kept.named.contains(&source) && kept.named.contains(&target);
            links.push(FlowLink {
                source: from.clone(),
                target: to.clone(),
                by_value: Some(by_value).filter(|_| open),
                process: told.get(&flow).cloned().flatten(),
            });
        }
        Ok(links)
    }

    fn is_member_of(&self, flow: &LineageFlow) -> bool {
        self.actor.role_in(flow.project_id).is_some()
    }

    async fn process(&self, tx: &mut Tx, flow: Option<&LineageFlow>) -> Result<Option<Process>, Fault> {
        let Some(flow) = flow.filter(|flow| self.is_member_of(flow)) else { return Ok(None) };
        let reported = flow.origin == LineageOrigin::Reported;
        let name = match flow.target_kind {
            _ if reported => {
                let job = reported::job_find(tx, ReportedJobId(flow.process_id)).await?;
                job.map(|job| job.name)
            }
            LineageTarget::Dataset => None,
            LineageTarget::Table => {
                let found = derived::derived_find(tx, DerivedTableId(flow.process_id)).await?;
                found.map(|derived| derived.name)
            }
            LineageTarget::SavedQuery => queries::saved_name(tx, SavedQueryId(flow.process_id)).await?,
        };
        Ok(Some(Process {
            kind: flow.target_kind,
            id: flow.process_id,
            name: name.unwrap_or_default(),
            project: flow.project_id,
            version: flow.version,
            run: flow.run_id,
            made_by: flow.made_by.clone(),
            origin: flow.origin,
            began_at: flow.began_at,
            seen_at: flow.seen_at,
            approximate: flow.approximate,
        }))
    }

    /// Edges between columns that the caller may know, at both ends.
    fn edges(&self, kept: &Trimmed, keys: &BTreeMap<Uuid, String>) -> Vec<ColumnLink> {
        let mut edges: Vec<ColumnLink> = kept.edges.iter().filter_map(|edge| self.edge(kept, keys, edge)).collect();
        edges.sort_by(|a, b| order_of(a).cmp(&order_of(b)));
        edges.dedup();
        edges
    }

    fn edge(&self, kept: &Trimmed, keys: &BTreeMap<Uuid, String>, edge: &LineageEdge) -> Option<ColumnLink> {
        let named = |node: Uuid| kept.known.get(&node).filter(|_| kept.named.contains(&node));
        let (from, to) = (named(edge.source_id)?, named(edge.target_id)?);
        let target_column = match edge.target_column {
            Some(column) => Some(to.column(column)?.to_owned()),
            None => Some(edge.target_name.clone()).filter(|name| !name.is_empty()),
        };
        let member = kept.flows.get(&edge.flow_id).is_some_and(|flow| self.is_member_of(flow));
        Some(ColumnLink {
            source: keys.get(&edge.source_id)?.clone(),
            source_column: from.column(edge.source_column)?.to_owned(),
            source_path: edge.source_path.clone(),
            target: keys.get(&edge.target_id)?.clone(),
            target_column,
            kind: edge.kind,
            steps: if member { edge.steps.clone() } else { Vec::new() },
        })
    }
}

fn order_of(edge: &ColumnLink) -> (&str, Option<&str>, &str, &str, EdgeKind) {
    (&edge.target, edge.target_column.as_deref(), &edge.source, &edge.source_column, edge.kind)
}

fn link_of(edge: &LineageEdge) -> LineageLink {
    LineageLink {
        flow_id: edge.flow_id,
        source_id: edge.source_id,
        target_id: edge.target_id,
        by_value: edge.kind.is_value(),
    }
}

async fn flows_of(tx: &mut Tx, parts: &[(Way, Walk)]) -> Result<Vec<LineageFlow>, Fault> {
    let links = parts.iter().flat_map(|(_, walk)| walk.links.iter().map(|link| link.flow_id));
    let edges = parts.iter().flat_map(|(_, walk)| walk.edges.iter().map(|edge| edge.flow_id));
    let ids: BTreeSet<LineageFlowId> = links.chain(edges).collect();
    Ok(store::flows(tx, &ids.into_iter().collect::<Vec<_>>()).await?)
}

/// Names of projects, each looked up once.
#[derive(Default)]
struct Words(BTreeMap<ProjectId, String>);

impl Words {
    async fn shown(&mut self, tx: &mut Tx, named: &Named) -> Result<(String, Shown), Fault> {
        let project = named.project();
        if let Entry::Vacant(new) = self.0.entry(project) {
            let label = projects::project_label(tx, project).await?;
            new.insert(label.map(|label| label.0).unwrap_or_default());
        }
        let project_name = self.0.get(&project).cloned().unwrap_or_default();
        Ok(match named {
            Named::Table { asset, columns } => {
                let column = |column: &Column| NodeColumn {
                    name: column.name.clone(),
                    column_type: column.column_type.to_string(),
                };
                let shown = Shown::Asset {
                    id: asset.id,
                    name: asset.display_name().to_owned(),
                    project,
                    project_name,
                    status: asset.status,
                    columns: columns.iter().map(column).collect(),
                };
                (asset.id.to_string(), shown)
            }
            Named::Dataset { dataset, columns } => {
                let column = |column: &ReportedColumn| NodeColumn {
                    name: column.name.clone(),
                    column_type: column.column_type.clone(),
                };
                let shown = Shown::Dataset {
                    id: dataset.id,
                    namespace: dataset.namespace.clone(),
                    name: dataset.name.clone(),
                    project,
                    project_name,
                    columns: columns.iter().map(column).collect(),
                };
                (dataset.id.to_string(), shown)
            }
            Named::SavedQuery(saved) => {
                let shown = Shown::SavedQuery { id: saved.id, name: saved.name.clone(), project, project_name };
                (saved.id.to_string(), shown)
            }
        })
    }
}
