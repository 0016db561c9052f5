//! Lineage of what was reported: which things a run read to write which, down to columns where it says so.

use lakegate_model::{
    Fault, Timestamp,
    ids::{ColumnId, LineageFlowId, ReportedDatasetId, TableId},
    lineage::{LineageEdge, LineageFlow, LineageLink},
    reported::{Registers, ReportedDataset, ReportedJob, ReportedRun},
    text,
    words::{EdgeKind, LineageOrigin, LineageTarget, ReportedState},
};
use lakegate_store::{WriteTx, lineage as store, reported_datasets as datasets, tables};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    facets::{self, ColumnLineage, ColumnSources, InputField},
    identity, place, shape,
};
use crate::{App, lineage::record};

/// Characters that are kept of a description.
const STEP_MAX: usize = 1_000;

/// A thing with its columns.
#[derive(Debug)]
struct Side {
    /// Columns of a table are given; those of a dataset are what events speak of.
    of: Option<ReportedDatasetId>,
    /// A table of another project.
    foreign: bool,
    columns: BTreeMap<String, ColumnId>,
}

/// Draws what a run says of its outputs.
pub(super) async fn draw(
    app: &App,
    tx: &mut WriteTx,
    (job, run): (&ReportedJob, &ReportedRun),
    by: &str,
) -> Result<(), Fault> {
    let Some(at) = shape::counts_since(run, &job.facets) else { return Ok(()) };
    let at = at.min(app.now());
    let mut drawing = Drawing { app, job, sides: BTreeMap::new(), names: BTreeMap::new() };
    let mut inputs = Vec::new();
    for input in run.shape.inputs.keys() {
        if let Some(dataset) = datasets::dataset_find(tx, *input).await? {
            inputs.push(drawing.side(tx, &dataset, false).await?);
        }
    }
    // Several outputs may be one thing under several names.
    let mut targets: BTreeMap<Uuid, Vec<&Registers>> = BTreeMap::new();
    for (output, stated) in &run.shape.outputs {
        if let Some(dataset) = datasets::dataset_find(tx, *output).await? {
            targets.entry(drawing.side(tx, &dataset, true).await?).or_default().push(stated);
        }
    }
    if run.state == ReportedState::Designed {
        end_others(tx, job, &targets, at).await?;
    }
    for (target, stated) in targets {
        let flow = drawing.flow(tx, (run, at), target, by).await?;
        let (links, edges) = drawing.drawn(tx, (&flow, target), &inputs, &stated).await?;
        let flow = LineageFlow { digest: digest(&stated, &links, &edges), ..flow };
        place::place(tx, (flow, run), &links, &edges).await?;
    }
    Ok(())
}

/// What a job does not say any more that it writes it does not fill any more.
async fn end_others(
    tx: &mut WriteTx,
    job: &ReportedJob,
    targets: &BTreeMap<Uuid, Vec<&Registers>>,
    at: Timestamp,
) -> Result<(), Fault> {
    for flow in store::flows_of_process(tx, job.id.into()).await? {
        if !targets.contains_key(&flow.target_id) {
            store::flow_end(tx, flow.id, at.max(flow.began_at)).await?;
        }
    }
    Ok(())
}

struct Drawing<'a> {
    app: &'a App,
    job: &'a ReportedJob,
    /// By node.
    sides: BTreeMap<Uuid, Side>,
    /// Nodes of what is read, by namespace and name.
    names: BTreeMap<(String, String), Option<Uuid>>,
}

impl Drawing<'_> {
    async fn flow(
        &self,
        tx: &mut WriteTx,
        (run, at): (&ReportedRun, Timestamp),
        target: Uuid,
        by: &str,
    ) -> Result<LineageFlow, Fault> {
        let is_table = tables::table_find(tx, TableId(target)).await?.is_some();
        Ok(LineageFlow {
            id: self.app.new_id::<LineageFlowId>(),
            target_kind: if is_table { LineageTarget::Table } else { LineageTarget::Dataset },
            target_id: target,
            project_id: self.job.project_id,
            process_id: self.job.id.into(),
            version: 0,
            origin: LineageOrigin::Reported,
            run_id: Some(run.id.into()),
            made_by: by.to_owned(),
            digest: String::new(),
            approximate: false,
            began_at: at,
            seen_at: at,
            ended_at: None,
        })
    }

    /// The node of what is read under a name.
    async fn named(&mut self, tx: &mut WriteTx, input: &InputField) -> Result<Option<Uuid>, Fault> {
        let name = (input.namespace.clone(), input.name.clone());
        if let Some(known) = self.names.get(&name) {
            return Ok(*known);
        }
        let found = datasets::dataset_by_name(tx, self.job.project_id, (&name.0, &name.1)).await?;
        let node = match found {
            Some(dataset) => Some(self.side(tx, &dataset, false).await?),
            None => None,
        };
        self.names.insert(name, node);
        Ok(node)
    }

    /// Makes the node of a dataset known. What is written is never a table of another project, whatever was decided.
    async fn side(&mut self, tx: &mut WriteTx, dataset: &ReportedDataset, written: bool) -> Result<Uuid, Fault> {
        let mut node = dataset.node();
        let mut table = dataset.table_id;
        if let Some(one) = table.filter(|_| written)
            && !identity::owns(tx, self.job.project_id, one).await?
        {
            (node, table) = (dataset.id.0, None);
        }
        if self.sides.contains_key(&node) {
            return Ok(node);
        }
        let columns = match table {
            Some(table) => tables::columns_of(tx, table).await?.into_iter().map(|c| (c.name, c.id)).collect(),
            None => {
                let all = datasets::columns_of_datasets(tx, &[node]).await?;
                all.into_iter().map(|column| (column.name, column.id)).collect()
            }
        };
        let foreign = match table {
            Some(table) => !identity::owns(tx, self.job.project_id, table).await?,
            None => false,
        };
        let of = table.is_none().then_some(ReportedDatasetId(node));
        self.sides.insert(node, Side { of, foreign, columns });
        Ok(node)
    }

    async fn drawn(
        &mut self,
        tx: &mut WriteTx,
        (flow, target): (&LineageFlow, Uuid),
        inputs: &[Uuid],
        stated: &[&Registers],
    ) -> Result<(Vec<LineageLink>, Vec<LineageEdge>), Fault> {
        let mut sources: BTreeMap<Uuid, bool> = inputs.iter().map(|input| (*input, true)).collect();
        let mut edges = Vec::new();
        for stated in stated {
            let Some(lineage) = facets::read::<ColumnLineage>(stated, "columnLineage") else { continue };
            self.mentioned(tx, &lineage, &mut sources).await?;
            edges.extend(self.edges(tx, (flow.id, target), &lineage).await?);
        }
        sources.remove(&target);
        edges.retain(|edge| edge.source_id != target);
        let link = |(source_id, by_value)| LineageLink { flow_id: flow.id, source_id, target_id: target, by_value };
        Ok((sources.into_iter().map(link).collect(), edges))
    }

    /// Things that columns are said to come from are read, whether or not there are such columns: else a hidden one would
    /// show by the line that it draws.
    async fn mentioned(
        &mut self,
        tx: &mut WriteTx,
        lineage: &ColumnLineage,
        sources: &mut BTreeMap<Uuid, bool>,
    ) -> Result<(), Fault> {
        let mut read: Vec<(&InputField, Option<&ColumnSources>)> = Vec::new();
        for field in lineage.fields.values() {
            read.extend(field.input_fields.iter().map(|input| (input, Some(field))));
        }
        read.extend(lineage.dataset.iter().map(|input| (input, None)));
        for (input, field) in read {
            let Some(source) = self.named(tx, input).await? else { continue };
            let by_value = becomes(input, field).iter().any(|(kind, _)| kind.is_value());
            *sources.entry(source).or_default() |= by_value;
        }
        Ok(())
    }

    async fn edges(
        &mut self,
        tx: &mut WriteTx,
        (flow, target): (LineageFlowId, Uuid),
        lineage: &ColumnLineage,
    ) -> Result<Vec<LineageEdge>, Fault> {
        let mut edges = Vec::new();
        for (name, sources) in &lineage.fields {
            let Some((column, _path)) = self.column(tx, target, name).await? else { continue };
            for input in &sources.input_fields {
                let end = (flow, target, Some((column, name.as_str())));
                edges.extend(self.edge(tx, end, input, Some(sources)).await?);
            }
        }
        for input in &lineage.dataset {
            edges.extend(self.edge(tx, (flow, target, None), input, None).await?);
        }
        Ok(edges)
    }

    /// The edges from one column that is read: one for each thing that becomes of it. None from tables of other projects,
    /// whose columns the caller may not know: a walk along them would tell which there are.
    async fn edge(
        &mut self,
        tx: &mut WriteTx,
        (flow_id, target_id, column): (LineageFlowId, Uuid, Option<(ColumnId, &str)>),
        input: &InputField,
        sources: Option<&ColumnSources>,
    ) -> Result<Vec<LineageEdge>, Fault> {
        let Some(source_id) = self.named(tx, input).await? else { return Ok(Vec::new()) };
        if self.sides.get(&source_id).is_none_or(|side| side.foreign) {
            return Ok(Vec::new());
        }
        let Some((source_column, source_path)) = self.column(tx, source_id, &input.field).await? else {
            return Ok(Vec::new());
        };
        let edge = |(kind, steps)| LineageEdge {
            flow_id,
            source_id,
            source_column,
            source_path: source_path.clone(),
            target_id,
            target_column: column.map(|(id, _)| id),
            target_name: column.map(|(_, name)| name.to_owned()).unwrap_or_default(),
            kind,
            steps,
        };
        Ok(becomes(input, sources).into_iter().map(edge).collect())
    }

    /// A column of a thing by its name, or that of which it names a field; what events speak of is kept where they speak of
    /// a dataset.
    async fn column(
        &mut self,
        tx: &mut WriteTx,
        node: Uuid,
        name: &str,
    ) -> Result<Option<(ColumnId, Vec<String>)>, Fault> {
        let Some(side) = self.sides.get_mut(&node) else { return Ok(None) };
        let Some(dataset) = side.of else { return Ok(column_of_table(&side.columns, name)) };
        if let Some(known) = side.columns.get(name) {
            return Ok(Some((*known, Vec::new())));
        }
        let id: ColumnId = self.app.new_id();
        datasets::column_set(tx, (id, dataset), (name, "")).await?;
        side.columns.insert(name.to_owned(), id);
        Ok(Some((id, Vec::new())))
    }
}

/// A digest of what was said, and of what it led to.
fn digest(stated: &[&Registers], links: &[LineageLink], edges: &[LineageEdge]) -> String {
    let stated: Vec<_> = stated.iter().map(|one| one.get("columnLineage")).collect();
    hex::encode(Sha256::digest(json!([stated, record::digest(links, edges, false)]).to_string()))
}

fn column_of_table(columns: &BTreeMap<String, ColumnId>, name: &str) -> Option<(ColumnId, Vec<String>)> {
    if let Some(id) = columns.get(name).or_else(|| columns.get(&text::fold(name))) {
        return Some((*id, Vec::new()));
    }
    let (column, path) = name.split_once('.')?;
    let id = columns.get(column)?;
    Some((*id, path.split('.').map(str::to_owned).collect()))
}

/// What becomes of a column that is read, with descriptions.
fn becomes(input: &InputField, sources: Option<&ColumnSources>) -> Vec<(EdgeKind, Vec<String>)> {
    let step = |text: &Option<String>| text.iter().map(|text| text.chars().take(STEP_MAX).collect()).collect();
    if !input.transformations.is_empty() {
        return input.transformations.iter().map(|one| (one.kind(), step(&one.description))).collect();
    }
    let Some(sources) = sources else { return vec![(EdgeKind::Filter, Vec::new())] };
    let kind = match sources.transformation_type.as_deref() {
        Some("IDENTITY") => EdgeKind::Copied,
        Some("MASKED") => EdgeKind::Masked,
        _ => EdgeKind::Computed,
    };
    vec![(kind, step(&sources.transformation_description))]
}
