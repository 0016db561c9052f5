//! Following lineage level by level, from a table or from a column of it. Who asks does not matter here: what comes of a
//! walk is trimmed before anybody sees it.

use lakegate_model::{
    Timestamp,
    ids::ColumnId,
    lineage::{LineageEdge, LineageLink},
};
use lakegate_store::{StoreError, Tx, lineage as store};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use uuid::Uuid;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Upstream,
    Downstream,
}

/// How far, and along what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub depth: u32,
    /// Along values alone, and not along what only decided about them.
    pub values_only: bool,
    /// The graph of which time.
    pub at: Timestamp,
    /// Nodes at which a walk ends.
    pub most: usize,
}

/// What a walk has found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Steps from the start, by node: a table or a saved query.
    pub distance: BTreeMap<Uuid, u32>,
    pub links: Vec<LineageLink>,
    /// The edges along which a walk from a column went.
    pub edges: Vec<LineageEdge>,
    /// There are more nodes than a walk goes to.
    pub cut: bool,
}

impl Walk {
    fn begin(start: Uuid) -> Self {
        Self { distance: BTreeMap::from([(start, 0)]), ..Self::default() }
    }

    /// Notes a node. Returns whether it is new.
    fn reach(&mut self, node: Uuid, distance: u32, most: usize) -> bool {
        let full = self.distance.len() >= most;
        match self.distance.entry(node) {
            Entry::Occupied(_) => false,
            Entry::Vacant(_) if full => {
                self.cut = true;
                false
            }
            Entry::Vacant(new) => {
                new.insert(distance);
                true
            }
        }
    }

    /// Keeps what lies on a way from the start to a node.
    pub(super) fn keep_leading_to(&mut self, end: Uuid) {
        let mut leading = BTreeSet::from([end]);
        let mut ahead = vec![end];
        while let Some(node) = ahead.pop() {
            let before = self.links.iter().filter(|link| link.target_id == node).map(|link| link.source_id);
            ahead.extend(before.filter(|source| leading.insert(*source)));
        }
        let is_start = |distance: &u32| *distance == 0;
        self.distance.retain(|node, distance| leading.contains(node) || is_start(distance));
        self.keep_reached();
    }

    /// Keeps of what was found what leads to nodes that were reached.
    fn keep_reached(&mut self) {
        let reached = &self.distance;
        let both = |source: Uuid, target: Uuid| reached.contains_key(&source) && reached.contains_key(&target);
        self.links.retain(|link| both(link.source_id, link.target_id));
        self.edges.retain(|edge| both(edge.source_id, edge.target_id));
    }
}

/// Follows whole tables.
pub(super) async fn tables(tx: &mut Tx, start: Uuid, way: Way, reach: Reach) -> Result<Walk, StoreError> {
    let mut walk = Walk::begin(start);
    let mut ahead = vec![start];
    for level in 1..=reach.depth {
        let mut links = linked(tx, &ahead, way, reach.at).await?;
        links.retain(|link| link.by_value || !reach.values_only);
        let next = links.iter().map(|link| end_of(link, way));
        ahead = next.filter(|node| walk.reach(*node, level, reach.most)).collect();
        walk.links.extend(links);
        if ahead.is_empty() {
            break;
        }
    }
    walk.keep_reached();
    Ok(walk)
}

async fn linked(tx: &mut Tx, nodes: &[Uuid], way: Way, at: Timestamp) -> Result<Vec<LineageLink>, StoreError> {
    match way {
        Way::Upstream => store::links_into(tx, nodes, at).await,
        Way::Downstream => store::links_from(tx, nodes, at).await,
    }
}

fn end_of(link: &LineageLink, way: Way) -> Uuid {
    match way {
        Way::Upstream => link.source_id,
        Way::Downstream => link.target_id,
    }
}

/// What a walk from a column looks at next.
#[derive(Debug, Default)]
struct Ahead {
    columns: BTreeSet<ColumnId>,
    /// Tables of these columns, or those of which all rows are meant.
    tables: BTreeSet<Uuid>,
}

/// Follows one column. Downstream, what a column decided about all rows of goes on as the whole table; upstream, what
/// decided about all rows of a column's table counts.
pub(super) async fn column(
    tx: &mut Tx,
    (start, column): (Uuid, ColumnId),
    way: Way,
    reach: Reach,
) -> Result<Walk, StoreError> {
    let mut walk = Walk::begin(start);
    let mut seen = Ahead { columns: BTreeSet::from([column]), tables: BTreeSet::new() };
    let mut ahead = Ahead { columns: BTreeSet::from([column]), tables: BTreeSet::new() };
    if way == Way::Upstream {
        ahead.tables.insert(start);
    }
    for level in 1..=reach.depth {
        let next = match way {
            Way::Upstream => up(tx, &mut walk, &ahead, (level, reach)).await?,
            Way::Downstream => down(tx, &mut walk, &ahead, (level, reach)).await?,
        };
        ahead.columns = next.columns.difference(&seen.columns).copied().collect();
        ahead.tables = next.tables.difference(&seen.tables).copied().collect();
        seen.columns.extend(&ahead.columns);
        seen.tables.extend(&ahead.tables);
        if ahead.columns.is_empty() && ahead.tables.is_empty() {
            break;
        }
    }
    walk.keep_reached();
    Ok(walk)
}

async fn up(tx: &mut Tx, walk: &mut Walk, from: &Ahead, (level, reach): (u32, Reach)) -> Result<Ahead, StoreError> {
    let columns: Vec<ColumnId> = from.columns.iter().copied().collect();
    let mut edges = store::edges_into(tx, &columns, reach.at).await?;
    if reach.values_only {
        edges.retain(|edge| edge.kind.is_value());
    } else {
        let tables: Vec<Uuid> = from.tables.iter().copied().collect();
        edges.extend(store::edges_of_rows(tx, &tables, reach.at).await?);
    }
    let mut next = Ahead::default();
    for edge in &edges {
        walk.reach(edge.source_id, level, reach.most);
        next.columns.insert(edge.source_column);
        next.tables.insert(edge.source_id);
    }
    walk.edges.extend(edges);
    Ok(next)
}

async fn down(tx: &mut Tx, walk: &mut Walk, from: &Ahead, (level, reach): (u32, Reach)) -> Result<Ahead, StoreError> {
    let (columns, tables): (Vec<ColumnId>, Vec<Uuid>) =
        (from.columns.iter().copied().collect(), from.tables.iter().copied().collect());
    let mut edges = store::edges_from(tx, &columns, reach.at).await?;
    edges.retain(|edge| edge.kind.is_value() || !reach.values_only);
    let mut next = Ahead::default();
    for edge in &edges {
        walk.reach(edge.target_id, level, reach.most);
        next.columns.extend(edge.target_column);
        if edge.target_name.is_empty() {
            next.tables.insert(edge.target_id);
        }
    }
    walk.edges.extend(edges);
    // Other rows of a table are other rows of all that is made of it.
    for link in store::links_from(tx, &tables, reach.at).await? {
        walk.reach(link.target_id, level, reach.most);
        next.tables.insert(link.target_id);
        walk.links.push(link);
    }
    Ok(next)
}
