//! Lineage in JSON.

use chrono::{DateTime, Utc};
use lakegate_app::lineage::{
    ColumnLink, FlowLink, Impact, LineageGraph, LineageNode, NodeColumn, Process, Shown, Subscriber,
};
use lakegate_model::{
    lineage::Reader,
    words::{AssetStatus, EdgeKind, LineageOrigin, LineageTarget},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where data comes from and what is made of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GraphShape {
    /// What was asked about comes first, the others by their distance.
    nodes: Vec<NodeShape>,
    links: Vec<LinkShape>,
    edges: Vec<EdgeShape>,
    /// There is more, farther away.
    more: bool,
    /// The time that it is the graph of.
    at: DateTime<Utc>,
}

/// A table, a saved query, something that other programs report, or something that the caller may not know.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeShape {
    /// Within this answer.
    key: String,
    /// Steps from what was asked about; negative upstream.
    distance: i32,
    /// `asset`, `saved_query`, `dataset` or `nameless`.
    kind: &'static str,
    asset_id: Option<Uuid>,
    saved_query_id: Option<Uuid>,
    /// Of a reported dataset.
    dataset_id: Option<Uuid>,
    namespace: Option<String>,
    /// Null for a nameless one.
    name: Option<String>,
    project_id: Option<Uuid>,
    project_name: Option<String>,
    /// Of an asset.
    #[schema(value_type = Option<String>)]
    status: Option<AssetStatus>,
    /// Of an asset or reported dataset, those that the caller may know of.
    columns: Vec<NodeColumnShape>,
}

/// A column of a node.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeColumnShape {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
}

/// Something that fills a node from another.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkShape {
    /// Keys of nodes.
    source: String,
    target: String,
    /// Whether values go along, or it only decided about them; null beside a nameless node.
    by_value: Option<bool>,
    /// For members of the project that it belongs to.
    process: Option<ProcessShape>,
}

/// What fills a node, for members of its project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcessShape {
    /// What it fills: `table`, `saved_query` or `dataset`.
    #[schema(value_type = String)]
    kind: LineageTarget,
    /// Of the derived table or saved query; of the reported job where the origin is that.
    id: Uuid,
    name: String,
    /// The number of its definition; 0 for what has no numbers.
    version: i64,
    /// The latest run, of a derived table or a reported job.
    run_id: Option<Uuid>,
    /// As whom, by name.
    made_by: String,
    /// `executed`, `planned` or `reported`.
    #[schema(value_type = String)]
    origin: LineageOrigin,
    /// Since when the plan is this one.
    began_at: DateTime<Utc>,
    /// When it ran last.
    seen_at: DateTime<Utc>,
    /// Edges may name more columns than there are.
    approximate: bool,
}

/// A column that is read for another.
#[derive(Debug, Serialize, ToSchema)]
pub struct EdgeShape {
    /// Keys of nodes.
    source: String,
    source_column: String,
    /// Names of fields within the column, from it inwards.
    source_path: Vec<String>,
    target: String,
    /// Null where the source decided about all rows.
    target_column: Option<String>,
    /// `copied`, `cast`, `computed`, `aggregated`, `tokenised`, `masked` for values; `filter`, `join`, `group`, `order`,
    /// `window`, `condition` for what decided about them.
    #[schema(value_type = String)]
    kind: EdgeKind,
    /// Expressions on the way, the innermost first, for members of the project whose query it is.
    steps: Vec<String>,
}

/// What a change of a table or column would reach.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImpactShape {
    /// All that is made of it.
    graph: GraphShape,
    /// How many tables are made of it, or had their rows decided by it.
    assets: u64,
    saved_queries: u64,
    /// Things made of it that the caller may not know.
    nameless: u64,
    /// Live subscriptions that reach it.
    subscribers: Vec<ImpactSubscriberShape>,
}

/// A project that reads by subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImpactSubscriberShape {
    subscription_id: Uuid,
    project_id: Uuid,
    project_name: String,
}

/// Somebody who has read a table or column.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageShape {
    user_id: Option<Uuid>,
    service_account_id: Option<Uuid>,
    name: String,
    /// The project that was acted in.
    project_id: Uuid,
    project_name: String,
    /// Queries and previews.
    queries: i64,
    /// Those of them whose rows left as a file.
    exports: i64,
    last_at: DateTime<Utc>,
}

impl From<LineageGraph> for GraphShape {
    fn from(graph: LineageGraph) -> Self {
        Self {
            nodes: graph.nodes.into_iter().map(Into::into).collect(),
            links: graph.links.into_iter().map(Into::into).collect(),
            edges: graph.edges.into_iter().map(Into::into).collect(),
            more: graph.more,
            at: graph.at,
        }
    }
}

impl From<LineageNode> for NodeShape {
    fn from(node: LineageNode) -> Self {
        let bare = Self {
            key: node.key,
            distance: node.distance,
            kind: "nameless",
            asset_id: None,
            saved_query_id: None,
            dataset_id: None,
            namespace: None,
            name: None,
            project_id: None,
            project_name: None,
            status: None,
            columns: Vec::new(),
        };
        match node.shown {
            Shown::Nameless => bare,
            Shown::SavedQuery { id, name, project, project_name } => Self {
                kind: "saved_query",
                saved_query_id: Some(id.into()),
                name: Some(name),
                project_id: Some(project.into()),
                project_name: Some(project_name),
                ..bare
            },
            Shown::Dataset { id, namespace, name, project, project_name, columns } => Self {
                kind: "dataset",
                dataset_id: Some(id.into()),
                namespace: Some(namespace),
                name: Some(name),
                project_id: Some(project.into()),
                project_name: Some(project_name),
                columns: columns.into_iter().map(Into::into).collect(),
                ..bare
            },
            Shown::Asset { id, name, project, project_name, status, columns } => Self {
                kind: "asset",
                asset_id: Some(id.into()),
                name: Some(name),
                project_id: Some(project.into()),
                project_name: Some(project_name),
                status: Some(status),
                columns: columns.into_iter().map(Into::into).collect(),
                ..bare
            },
        }
    }
}

impl From<NodeColumn> for NodeColumnShape {
    fn from(column: NodeColumn) -> Self {
        Self { name: column.name, column_type: column.column_type }
    }
}

impl From<FlowLink> for LinkShape {
    fn from(link: FlowLink) -> Self {
        Self {
            source: link.source,
            target: link.target,
            by_value: link.by_value,
            process: link.process.map(Into::into),
        }
    }
}

impl From<Process> for ProcessShape {
    fn from(process: Process) -> Self {
        Self {
            kind: process.kind,
            id: process.id,
            name: process.name,
            version: process.version,
            run_id: process.run,
            made_by: process.made_by,
            origin: process.origin,
            began_at: process.began_at,
            seen_at: process.seen_at,
            approximate: process.approximate,
        }
    }
}

impl From<ColumnLink> for EdgeShape {
    fn from(edge: ColumnLink) -> Self {
        Self {
            source: edge.source,
            source_column: edge.source_column,
            source_path: edge.source_path,
            target: edge.target,
            target_column: edge.target_column,
            kind: edge.kind,
            steps: edge.steps,
        }
    }
}

impl From<Impact> for ImpactShape {
    fn from(impact: Impact) -> Self {
        Self {
            graph: impact.graph.into(),
            assets: impact.assets,
            saved_queries: impact.saved_queries,
            nameless: impact.nameless,
            subscribers: impact.subscribers.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Subscriber> for ImpactSubscriberShape {
    fn from(one: Subscriber) -> Self {
        Self {
            subscription_id: one.subscription.into(),
            project_id: one.project.into(),
            project_name: one.project_name,
        }
    }
}

impl From<Reader> for UsageShape {
    fn from(reader: Reader) -> Self {
        Self {
            user_id: reader.user_id.map(Into::into),
            service_account_id: reader.service_account_id.map(Into::into),
            name: reader.name,
            project_id: reader.project_id.into(),
            project_name: reader.project_name,
            queries: reader.queries,
            exports: reader.exports,
            last_at: reader.last_at,
        }
    }
}
