//! Lineage as it is kept: ways in which things are filled, the tables that each reads, and the columns.
//!
//! What was true at a time is what had begun by then and had not ended. Questions follow links or edges level by level; who
//! may see what they find is for the use case to decide.

use lakegate_model::{
    Timestamp,
    ids::{ColumnId, LineageFlowId},
    lineage::{LineageEdge, LineageFlow, LineageLink},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

macro_rules! flows {
    ($rows:expr) => { concat!("SELECT id, target_kind, target_id, project_id, process_id, version, origin, run_id, made_by, digest, approximate, began_at, seen_at, ended_at FROM lineage_flows WHERE id ", $rows) };
}
macro_rules! flow {
    ($rest:literal) => { concat!("SELECT id, target_kind, target_id, project_id, process_id, version, origin, run_id, made_by, digest, approximate, began_at, seen_at, ended_at FROM lineage_flows WHERE ", $rest) };
}
macro_rules! links {
    ($of:literal, $rows:expr) => {
        concat!(
            "SELECT flow_id, source_id, target_id, by_value FROM lineage_links WHERE ",
            $of,
            $rows,
            " AND began_at <= $1 AND (ended_at IS NULL OR ended_at > $1)"
        )
    };
}
macro_rules! links_from {
    ($rows:expr) => {
        links!("source_id ", $rows)
    };
}
macro_rules! links_into {
    ($rows:expr) => {
        links!("target_id ", $rows)
    };
}
macro_rules! edges {
    ($of:literal, $rows:expr, $more:literal) => { concat!("SELECT flow_id, source_id, source_column, source_path, target_id, target_column, target_name, kind, steps FROM lineage_edges WHERE ", $of, $rows, $more, " AND began_at <= $1 AND (ended_at IS NULL OR ended_at > $1)") };
}
macro_rules! edges_from {
    ($rows:expr) => {
        edges!("source_column ", $rows, "")
    };
}
macro_rules! edges_into {
    ($rows:expr) => {
        edges!("target_column ", $rows, "")
    };
}
macro_rules! edges_of {
    ($rows:expr) => {
        edges!("target_id ", $rows, "")
    };
}
macro_rules! edges_of_rows {
    ($rows:expr) => {
        edges!("target_id ", $rows, " AND target_name = ''")
    };
}

statements! {
    OPEN = flow!("target_id = $1 AND origin <> 'reported' AND ended_at IS NULL");
    BEFORE = flow!("target_id = $1 AND process_id = $2 AND began_at <= $3 ORDER BY began_at DESC, id DESC LIMIT 1");
    AFTER = flow!("target_id = $1 AND process_id = $2 AND began_at > $3 ORDER BY began_at, id LIMIT 1");
    OF_PROCESS = flow!("process_id = $1 AND ended_at IS NULL ORDER BY id");
    HISTORY = flow!("target_id = $1 ORDER BY began_at DESC, id DESC LIMIT $2");
    INSERT = "INSERT INTO lineage_flows (id, target_kind, target_id, project_id, process_id, version, origin, run_id, made_by, digest, approximate, began_at, seen_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)";
    SEEN = "UPDATE lineage_flows SET process_id = $2, version = $3, run_id = $4, made_by = $5, seen_at = $6 WHERE id = $1";
    BEGIN_FLOW = "UPDATE lineage_flows SET began_at = $2 WHERE id = $1";
    BEGIN_LINKS = "UPDATE lineage_links SET began_at = $2 WHERE flow_id = $1";
    BEGIN_EDGES = "UPDATE lineage_edges SET began_at = $2 WHERE flow_id = $1";
    DELETE_EDGES = "DELETE FROM lineage_edges WHERE flow_id = $1";
    DELETE_LINKS = "DELETE FROM lineage_links WHERE flow_id = $1";
    DELETE_FLOW = "DELETE FROM lineage_flows WHERE id = $1";
    END_FLOW = "UPDATE lineage_flows SET ended_at = $2 WHERE id = $1";
    END_LINKS = "UPDATE lineage_links SET ended_at = $2 WHERE flow_id = $1";
    END_EDGES = "UPDATE lineage_edges SET ended_at = $2 WHERE flow_id = $1";
    INSERT_LINK = "INSERT INTO lineage_links (flow_id, source_id, target_id, by_value, began_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6)";
    INSERT_EDGE = "INSERT INTO lineage_edges (flow_id, ordinal, source_id, source_column, source_path, target_id, target_column, target_name, kind, steps, began_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
}

set_statements! {
    FLOWS = flows!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
    LINKS_FROM = links_from!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
    LINKS_INTO = links_into!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
    EDGES_FROM = edges_from!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
    EDGES_INTO = edges_into!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
    EDGES_OF = edges_of!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
    EDGES_OF_ROWS = edges_of_rows!("IN ($2, $3, $4, $5, $6, $7, $8, $9)", "= ANY(CAST($2 AS UUID[]))");
}

/// How a query of the system's own fills something now.
pub async fn flow_open(tx: &mut Tx, target: Uuid) -> Result<Option<LineageFlow>, StoreError> {
    fetch_optional!(tx, LineageFlow, OPEN, target)
}

/// How something was filled, the latest way first.
pub async fn flow_history(tx: &mut Tx, target: Uuid, most: i64) -> Result<Vec<LineageFlow>, StoreError> {
    fetch_all!(tx, LineageFlow, HISTORY, target, most)
}

/// How a process filled something at a time: the latest way that had begun.
pub async fn flow_before(
    tx: &mut Tx,
    (target, process): (Uuid, Uuid),
    at: Timestamp,
) -> Result<Option<LineageFlow>, StoreError> {
    fetch_optional!(tx, LineageFlow, BEFORE, target, process, at)
}

/// The next way, after a time, in which a process filled something.
pub async fn flow_after(
    tx: &mut Tx,
    (target, process): (Uuid, Uuid),
    at: Timestamp,
) -> Result<Option<LineageFlow>, StoreError> {
    fetch_optional!(tx, LineageFlow, AFTER, target, process, at)
}

/// What a process fills now.
pub async fn flows_of_process(tx: &mut Tx, process: Uuid) -> Result<Vec<LineageFlow>, StoreError> {
    fetch_all!(tx, LineageFlow, OF_PROCESS, process)
}

/// Notes a new way with what it reads. Of one that has not ended, the one before has to have.
pub async fn flow_insert(
    tx: &mut WriteTx,
    flow: &LineageFlow,
    links: &[LineageLink],
    edges: &[LineageEdge],
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        flow.id,
        flow.target_kind,
        flow.target_id,
        flow.project_id,
        flow.process_id,
        flow.version,
        flow.origin,
        flow.run_id,
        &flow.made_by,
        &flow.digest,
        flow.approximate,
        flow.began_at,
        flow.ended_at
    )?;
    for link in links {
        execute_one!(
            tx,
            INSERT_LINK,
            flow.id,
            link.source_id,
            flow.target_id,
            link.by_value,
            flow.began_at,
            flow.ended_at
        )?;
    }
    for (ordinal, edge) in (0_i64..).zip(edges) {
        edge_insert(tx, flow, ordinal, edge).await?;
    }
    Ok(())
}

async fn edge_insert(tx: &mut WriteTx, flow: &LineageFlow, ordinal: i64, edge: &LineageEdge) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT_EDGE,
        flow.id,
        ordinal,
        edge.source_id,
        edge.source_column,
        Json(&edge.source_path),
        flow.target_id,
        edge.target_column,
        &edge.target_name,
        edge.kind,
        Json(&edge.steps),
        flow.began_at,
        flow.ended_at
    )
}

/// Notes that a way was gone once more: by which definition, run and principal.
pub async fn flow_seen(
    tx: &mut WriteTx,
    id: LineageFlowId,
    (process, version, run): (Uuid, i64, Option<Uuid>),
    (made_by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    execute_one!(tx, SEEN, id, process, version, run, made_by, at)
}

/// Ends a way.
pub async fn flow_end(tx: &mut WriteTx, id: LineageFlowId, at: Timestamp) -> Result<(), StoreError> {
    flow_lasts(tx, id, Some(at)).await
}

/// Says when a way ends, or that it does not.
pub async fn flow_lasts(tx: &mut WriteTx, id: LineageFlowId, until: Option<Timestamp>) -> Result<(), StoreError> {
    execute_one!(tx, END_FLOW, id, until)?;
    execute!(tx, END_LINKS, id, until)?;
    execute!(tx, END_EDGES, id, until).map(|_| ())
}

/// Says that a way began earlier than was known.
pub async fn flow_begins(tx: &mut WriteTx, id: LineageFlowId, at: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, BEGIN_FLOW, id, at)?;
    execute!(tx, BEGIN_LINKS, id, at)?;
    execute!(tx, BEGIN_EDGES, id, at).map(|_| ())
}

/// Deletes a way that turned out not to be one.
pub async fn flow_delete(tx: &mut WriteTx, id: LineageFlowId) -> Result<(), StoreError> {
    execute!(tx, DELETE_EDGES, id)?;
    execute!(tx, DELETE_LINKS, id)?;
    execute_one!(tx, DELETE_FLOW, id)
}

/// Ways by their ids.
pub async fn flows(tx: &mut Tx, ids: &[LineageFlowId]) -> Result<Vec<LineageFlow>, StoreError> {
    Ok(fetch_sets!(tx, LineageFlow, FLOWS, (), ids, |id| id.0))
}

/// What read things at a time.
pub async fn links_from(tx: &mut Tx, sources: &[Uuid], at: Timestamp) -> Result<Vec<LineageLink>, StoreError> {
    Ok(fetch_sets!(tx, LineageLink, LINKS_FROM, (at), sources, |id| *id))
}

/// What things were filled from at a time.
pub async fn links_into(tx: &mut Tx, targets: &[Uuid], at: Timestamp) -> Result<Vec<LineageLink>, StoreError> {
    Ok(fetch_sets!(tx, LineageLink, LINKS_INTO, (at), targets, |id| *id))
}

/// What columns were read for at a time.
pub async fn edges_from(tx: &mut Tx, columns: &[ColumnId], at: Timestamp) -> Result<Vec<LineageEdge>, StoreError> {
    Ok(fetch_sets!(tx, LineageEdge, EDGES_FROM, (at), columns, |id| id.0))
}

/// What columns came from at a time, but for what decided about all rows of their tables.
pub async fn edges_into(tx: &mut Tx, columns: &[ColumnId], at: Timestamp) -> Result<Vec<LineageEdge>, StoreError> {
    Ok(fetch_sets!(tx, LineageEdge, EDGES_INTO, (at), columns, |id| id.0))
}

/// All edges that lead into things at a time.
pub async fn edges_of(tx: &mut Tx, targets: &[Uuid], at: Timestamp) -> Result<Vec<LineageEdge>, StoreError> {
    Ok(fetch_sets!(tx, LineageEdge, EDGES_OF, (at), targets, |id| *id))
}

/// What decided about all rows of things at a time.
pub async fn edges_of_rows(tx: &mut Tx, targets: &[Uuid], at: Timestamp) -> Result<Vec<LineageEdge>, StoreError> {
    Ok(fetch_sets!(tx, LineageEdge, EDGES_OF_ROWS, (at), targets, |id| *id))
}
