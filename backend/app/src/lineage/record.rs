//! Keeping what a plan says of where its columns come from.

use lakegate_engine::{
    Prepared, QuerySpec,
    lineage::{Influence, InfluenceKind, Lineage, Output, Source, ValueKind},
    references,
};
use lakegate_model::{
    Fault, Timestamp,
    ids::{ColumnId, LineageFlowId, ProjectId, RunId, TableId},
    lineage::{LineageEdge, LineageFlow, LineageLink},
    words::{EdgeKind, LineageOrigin, LineageTarget},
};
use lakegate_store::{WriteTx, lineage as store};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::{App, Caller, query::resolve::resolve};

/// Edges that are kept of one plan; of one that has more, only its tables are.
const EDGES_MAX: usize = 50_000;

/// Characters that are kept of an expression.
const STEP_MAX: usize = 1_000;

/// What is filled, and by what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filled<'a> {
    pub kind: LineageTarget,
    pub target: Uuid,
    /// Who owns what fills it.
    pub project: ProjectId,
    /// The derived table or saved query, with the number of its definition.
    pub process: (Uuid, i64),
    pub run: Option<RunId>,
    /// As whom, by name.
    pub made_by: &'a str,
    pub origin: LineageOrigin,
}

/// What a plan reads, and for what.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub tables: Vec<TableId>,
    pub lineage: Lineage,
}

impl Planned {
    pub(crate) fn of(prepared: &Prepared) -> Self {
        Self { tables: prepared.reads().iter().map(|read| read.table).collect(), lineage: prepared.lineage() }
    }
}

/// Keeps what a plan says of a target. `columns` are the target's, in the order of the plan's outputs; none for what is no
/// table.
pub(crate) async fn note(
    tx: &mut WriteTx,
    filled: Filled<'_>,
    planned: &Planned,
    columns: &[ColumnId],
    (id, now): (LineageFlowId, Timestamp),
) -> Result<(), Fault> {
    let (links, edges, approximate) = drawn(planned, filled.target, columns, id);
    let digest = digest(&links, &edges, approximate);
    if let Some(open) = store::flow_open(tx, filled.target).await? {
        if open.digest == digest {
            let (process, version) = filled.process;
            return Ok(store::flow_seen(
                tx,
                open.id,
                (process, version, filled.run.map(Uuid::from)),
                (filled.made_by, now),
            )
            .await?);
        }
        store::flow_end(tx, open.id, now).await?;
    }
    let flow = LineageFlow {
        id,
        target_kind: filled.kind,
        target_id: filled.target,
        project_id: filled.project,
        process_id: filled.process.0,
        version: filled.process.1,
        origin: filled.origin,
        run_id: filled.run.map(Uuid::from),
        made_by: filled.made_by.to_owned(),
        digest,
        approximate,
        began_at: now,
        seen_at: now,
        ended_at: None,
    };
    Ok(store::flow_insert(tx, &flow, &links, &edges).await?)
}

/// Notes that something is filled no more.
pub(crate) async fn end(tx: &mut WriteTx, target: Uuid, now: Timestamp) -> Result<(), Fault> {
    match store::flow_open(tx, target).await? {
        Some(open) => Ok(store::flow_end(tx, open.id, now).await?),
        None => Ok(()),
    }
}

/// What the text of a saved query reads, under the rights of who keeps it; `None` for a text that does not plan, which may be
/// kept all the same.
pub(crate) async fn planned(app: &App, caller: &Caller, project: ProjectId, sql: &str) -> Option<Planned> {
    let caller = caller.clone().acting_in(Some(project));
    let wanted = references(sql).ok()?;
    let resolved =
        look!(app, &caller, "saved_query.plan", |tx, scope, actor| { resolve(app, tx, actor, &wanted).await }).ok()?;
    let spec = QuerySpec {
        sql: sql.to_owned(),
        tables: resolved.tables,
        default_database: resolved.default_database,
        limits: app.settings.query_limits.clone(),
        now: app.now(),
        mask_keys: resolved.mask_keys,
    };
    app.engine.prepare(spec).await.ok().map(|prepared| Planned::of(&prepared))
}

type Drawn = (Vec<LineageLink>, Vec<LineageEdge>, bool);

/// Links and edges of a plan, and whether they may name too much.
fn drawn(planned: &Planned, target: Uuid, columns: &[ColumnId], flow: LineageFlowId) -> Drawn {
    let lineage = &planned.lineage;
    let into = |name: &str, column: Option<ColumnId>| Into { flow, target, column, name: name.to_owned() };
    let mut edges = Vec::new();
    for (at, output) in lineage.outputs.iter().enumerate() {
        into(&output.name, columns.get(at).copied()).output(output, &mut edges);
    }
    into("", None).influences(&lineage.influences, &mut edges);
    let mut tables: BTreeMap<Uuid, bool> = planned.tables.iter().map(|table| (table.0, false)).collect();
    for edge in &edges {
        *tables.entry(edge.source_id).or_default() |= edge.kind.is_value();
    }
    let link = |(source_id, by_value)| LineageLink { flow_id: flow, source_id, target_id: target, by_value };
    let links = tables.into_iter().map(link).collect();
    let approximate = lineage.approximate || lineage.outputs.iter().any(|output| output.approximate);
    if edges.len() > EDGES_MAX {
        return (links, Vec::new(), true);
    }
    (links, edges, approximate)
}

/// A column that edges lead into, or all rows.
struct Into {
    flow: LineageFlowId,
    target: Uuid,
    column: Option<ColumnId>,
    name: String,
}

impl Into {
    fn output(&self, output: &Output, edges: &mut Vec<LineageEdge>) {
        let values = output.values.iter();
        edges.extend(values.filter_map(|edge| self.edge(&edge.source, value_kind(edge.kind), &edge.steps)));
        self.influences(&output.influences, edges);
    }

    fn influences(&self, influences: &[Influence], edges: &mut Vec<LineageEdge>) {
        let edge = |one: &Influence| self.edge(&one.source, influence_kind(one.kind), &one.expressions);
        edges.extend(influences.iter().filter_map(edge));
    }

    /// The edge from a column of the catalogue; none from what is no table of it.
    fn edge(&self, source: &Source, kind: EdgeKind, steps: &[String]) -> Option<LineageEdge> {
        Some(LineageEdge {
            flow_id: self.flow,
            source_id: source.table_id?.0,
            source_column: source.column_id?,
            source_path: source.path.clone(),
            target_id: self.target,
            target_column: self.column,
            target_name: self.name.clone(),
            kind,
            steps: steps.iter().map(|step| step.chars().take(STEP_MAX).collect()).collect(),
        })
    }
}

fn value_kind(kind: ValueKind) -> EdgeKind {
    match kind {
        ValueKind::Copied => EdgeKind::Copied,
        ValueKind::Cast => EdgeKind::Cast,
        ValueKind::Computed => EdgeKind::Computed,
        ValueKind::Aggregated => EdgeKind::Aggregated,
        ValueKind::Tokenised => EdgeKind::Tokenised,
        ValueKind::Masked => EdgeKind::Masked,
    }
}

fn influence_kind(kind: InfluenceKind) -> EdgeKind {
    match kind {
        InfluenceKind::Filter => EdgeKind::Filter,
        InfluenceKind::Join => EdgeKind::Join,
        InfluenceKind::Group => EdgeKind::Group,
        InfluenceKind::Order => EdgeKind::Order,
        InfluenceKind::Window => EdgeKind::Window,
        InfluenceKind::Condition => EdgeKind::Condition,
    }
}

/// A digest of what a plan reads, the same for equal plans whenever they run.
pub(crate) fn digest(links: &[LineageLink], edges: &[LineageEdge], approximate: bool) -> String {
    let tables: BTreeSet<Uuid> = links.iter().map(|link| link.source_id).collect();
    let mut digest = Sha256::new();
    digest.update(json!([tables, approximate]).to_string());
    for edge in edges {
        let from = json!([edge.source_column, edge.source_path, edge.kind, edge.steps]);
        digest.update(json!([from, edge.target_column, edge.target_name]).to_string());
    }
    hex::encode(digest.finalize())
}
