//! What a caller may know of the things that lineage leads to.
//!
//! A table is known to who may discover its asset, with the columns that he may know of there; a saved query to members of
//! its project, and so is what other programs report to it. What is not known has no name. It is shown as a nameless node
//! where it stands between known ones, since the way would break otherwise, and beside what a project of the caller's own
//! owns, since an owner may know that somebody uses it; elsewhere it is absent.

use lakegate_model::{
    Fault,
    access::SavedQuery,
    catalog::{Asset, Column},
    ids::{ColumnId, ProjectId, ReportedDatasetId, SavedQueryId, TableId},
    lineage::LineageFlow,
    reported::{ReportedColumn, ReportedDataset},
    words::{ColumnState, LineageTarget},
};
use lakegate_policy::{
    Actor, Verdict,
    action::{self, Action},
    decide, verdict,
};
use lakegate_store::{Tx, assets, projects, queries, reported_datasets, tables};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

use super::walk::{Walk, Way};
use crate::{App, catalog::assets::columns_known};

/// Something that the caller may know by name.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Table {
        asset: Box<Asset>,
        /// Those that he may know of, in table order.
        columns: Vec<Column>,
    },
    SavedQuery(Box<SavedQuery>),
    Dataset {
        dataset: Box<ReportedDataset>,
        columns: Vec<ReportedColumn>,
    },
}

impl Named {
    pub(super) fn project(&self) -> ProjectId {
        match self {
            Self::Table { asset, .. } => asset.project_id,
            Self::SavedQuery(saved) => saved.project_id,
            Self::Dataset { dataset, .. } => dataset.project_id,
        }
    }

    /// The name of a column that he may know of.
    pub(super) fn column(&self, id: ColumnId) -> Option<&str> {
        match self {
            Self::Table { columns, .. } => {
                columns.iter().find(|column| column.id == id).map(|found| found.name.as_str())
            }
            Self::Dataset { columns, .. } => {
                columns.iter().find(|column| column.id == id).map(|found| found.name.as_str())
            }
            Self::SavedQuery(_) => None,
        }
    }
}

/// Things by their nodes; what is absent may not be known.
pub(super) type Known = BTreeMap<Uuid, Named>;

/// Of these nodes, those that an actor may know. `flows` tell which of them are no tables.
pub(super) async fn known(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    nodes: &BTreeSet<Uuid>,
    flows: &[LineageFlow],
) -> Result<Known, Fault> {
    let is_saved = |flow: &&LineageFlow| flow.target_kind == LineageTarget::SavedQuery;
    let saved: BTreeSet<Uuid> = flows.iter().filter(is_saved).map(|flow| flow.target_id).collect();
    let ids: Vec<TableId> = nodes.difference(&saved).map(|node| TableId(*node)).collect();
    let mut known = named_tables(app, tx, actor, &ids).await?;
    for id in nodes.intersection(&saved) {
        if let Some(found) = named_query(tx, actor, SavedQueryId(*id)).await? {
            known.insert(*id, Named::SavedQuery(found.into()));
        }
    }
    let others: Vec<Uuid> = nodes.iter().filter(|id| !saved.contains(id) && !known.contains_key(id)).copied().collect();
    known.extend(named_datasets(tx, actor, &others).await?);
    Ok(known)
}

async fn named_tables(app: &App, tx: &mut Tx, actor: &Actor, ids: &[TableId]) -> Result<Known, Fault> {
    let mut found = assets::assets_of_tables(tx, actor, ids).await?;
    found.retain(|one| verdict(actor, Action::DiscoverAsset, &one.facts.into()) == Verdict::Allow);
    let ids: Vec<TableId> = found.iter().filter_map(|one| one.asset.table_id).collect();
    let mut columns: BTreeMap<TableId, Vec<Column>> = BTreeMap::new();
    for column in tables::columns_of_tables(tx, &ids).await? {
        columns.entry(column.table_id).or_default().push(column);
    }
    let mut known = Known::new();
    for one in found {
        let Some(table) = one.asset.table_id else { continue };
        let mut columns = columns.remove(&table).unwrap_or_default();
        let own = columns_known(app, tx, actor, (one.asset.project_id, Some(table)), &columns).await?;
        columns.retain(|column| column.state != ColumnState::Dropped && own.contains(&column.id));
        known.insert(table.0, Named::Table { asset: one.asset.into(), columns });
    }
    Ok(known)
}

async fn named_query(tx: &mut Tx, actor: &Actor, id: SavedQueryId) -> Result<Option<SavedQuery>, Fault> {
    let Some(project) = queries::saved_project(tx, id).await? else { return Ok(None) };
    let Some(facts) = projects::project_facts(tx, project).await? else { return Ok(None) };
    let scope = lakegate_policy::Scope::begin();
    match decide::<action::ViewProject, _>(&scope, actor, facts) {
        Ok(proof) => Ok(Some(queries::saved_get(tx, &proof, id).await?)),
        Err(_) => Ok(None),
    }
}

async fn named_datasets(tx: &mut Tx, actor: &Actor, ids: &[Uuid]) -> Result<Known, Fault> {
    let mut found = reported_datasets::datasets_by_ids(tx, ids).await?;
    found.retain(|dataset| actor.role_in(dataset.project_id).is_some());
    let ids: Vec<Uuid> = found.iter().map(|dataset| dataset.id.0).collect();
    let mut columns: BTreeMap<ReportedDatasetId, Vec<ReportedColumn>> = BTreeMap::new();
    for column in reported_datasets::columns_of_datasets(tx, &ids).await? {
        columns.entry(column.dataset_id).or_default().push(column);
    }
    let mut known = Known::new();
    for dataset in found {
        let mut columns = columns.remove(&dataset.id).unwrap_or_default();
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        known.insert(dataset.id.0, Named::Dataset { dataset: dataset.into(), columns });
    }
    Ok(known)
}

/// Of the nodes of a walk from a column, those that it reached through columns which the caller may know: a table that only
/// a hidden column of it leads to says nothing of itself.
pub(super) fn reached_openly(walk: &Walk, start: Uuid, known: &Known) -> HashSet<Uuid> {
    let sees = |node: Uuid, column: ColumnId| known.get(&node).is_some_and(|named| named.column(column).is_some());
    let mut open = HashSet::from([start]);
    open.extend(walk.links.iter().map(|link| link.target_id));
    for edge in &walk.edges {
        if sees(edge.source_id, edge.source_column) {
            open.insert(edge.source_id);
        }
        if edge.target_column.is_none_or(|column| sees(edge.target_id, column)) {
            open.insert(edge.target_id);
        }
    }
    open.retain(|node| known.contains_key(node));
    open
}

/// The nodes of a walk that are shown: named ones, and nameless ones where they may be.
pub(super) fn shown(
    walk: &Walk,
    way: Way,
    named: impl Fn(Uuid) -> bool,
    is_own: impl Fn(Uuid) -> bool,
) -> BTreeSet<Uuid> {
    let step = |source: Uuid, target: Uuid| match way {
        Way::Downstream => (source, target),
        Way::Upstream => (target, source),
    };
    let links = walk.links.iter().map(|link| step(link.source_id, link.target_id));
    let edges = walk.edges.iter().map(|edge| step(edge.source_id, edge.target_id));
    let steps: BTreeSet<(Uuid, Uuid)> = links.chain(edges).collect();
    let mut before: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (near, far) in &steps {
        before.entry(*far).or_default().push(*near);
    }
    let mut shown: BTreeSet<Uuid> = walk.distance.keys().copied().filter(|node| named(*node)).collect();
    let mut ahead: Vec<Uuid> = shown.iter().copied().collect();
    while let Some(node) = ahead.pop() {
        for near in before.get(&node).into_iter().flatten() {
            if shown.insert(*near) {
                ahead.push(*near);
            }
        }
    }
    let beside: Vec<Uuid> =
        steps.iter().filter(|(near, _)| named(*near) && is_own(*near)).map(|(_, far)| *far).collect();
    shown.extend(beside);
    shown
}
