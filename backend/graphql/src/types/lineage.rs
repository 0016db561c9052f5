//! Lineage, as clients read it.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::lineage as app;
use lakegate_model::lineage as model;

use crate::scalars::{AssetStatus, Id, LineageEdgeKind, LineageOrigin, LineageTarget, Long};

/// Where data comes from and what is made of it.
#[derive(Debug, Clone, SimpleObject)]
pub struct LineageGraph {
    /// What was asked about comes first, the others by their distance.
    pub nodes: Vec<LineageNode>,
    pub links: Vec<LineageLink>,
    pub edges: Vec<LineageEdge>,
    /// There is more, farther away.
    pub more: bool,
    /// The time that it is the graph of.
    pub at: DateTime<Utc>,
}

/// What a node of a graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum LineageNodeKind {
    Asset,
    SavedQuery,
    /// Something that other programs report.
    Dataset,
    /// Something that the caller may not know.
    Nameless,
}

/// A table, a saved query, or something that the caller may not know.
#[derive(Debug, Clone, SimpleObject)]
pub struct LineageNode {
    /// Within this answer.
    pub key: String,
    /// Steps from what was asked about; negative upstream.
    pub distance: i32,
    pub kind: LineageNodeKind,
    pub asset_id: Option<Id>,
    pub saved_query_id: Option<Id>,
    /// Of a reported dataset.
    pub dataset_id: Option<Id>,
    pub namespace: Option<String>,
    /// Null for a nameless one.
    pub name: Option<String>,
    pub project_id: Option<Id>,
    pub project_name: Option<String>,
    /// Of an asset.
    pub status: Option<AssetStatus>,
    /// Of an asset or reported dataset, those that the caller may know of.
    pub columns: Vec<LineageColumn>,
}

/// A column of a node.
#[derive(Debug, Clone, SimpleObject)]
pub struct LineageColumn {
    pub name: String,
    #[graphql(name = "type")]
    pub column_type: String,
}

/// Something that fills a node from another.
#[derive(Debug, Clone, SimpleObject)]
pub struct LineageLink {
    /// Keys of nodes.
    pub source: String,
    pub target: String,
    /// Whether values go along, or it only decided about them; null beside a nameless node.
    pub by_value: Option<bool>,
    /// For members of the project that it belongs to.
    pub process: Option<LineageProcess>,
}

/// What fills a node, for members of its project.
#[derive(Debug, Clone, SimpleObject)]
pub struct LineageProcess {
    pub kind: LineageTarget,
    /// Of the derived table or saved query; of the reported job where the origin is that.
    pub id: Id,
    pub name: String,
    /// The number of its definition; 0 for what has no numbers.
    pub version: Long,
    /// The latest run, of a derived table or a reported job.
    pub run_id: Option<Id>,
    /// As whom, by name.
    pub made_by: String,
    pub origin: LineageOrigin,
    /// Since when the plan is this one.
    pub began_at: DateTime<Utc>,
    /// When it ran last.
    pub seen_at: DateTime<Utc>,
    /// Edges may name more columns than there are.
    pub approximate: bool,
}

/// A column that is read for another.
#[derive(Debug, Clone, SimpleObject)]
pub struct LineageEdge {
    /// Keys of nodes.
    pub source: String,
    pub source_column: String,
    /// Names of fields within the column, from it inwards.
    pub source_path: Vec<String>,
    pub target: String,
    /// Null where the source decided about all rows.
    pub target_column: Option<String>,
    pub kind: LineageEdgeKind,
    /// Expressions on the way, the innermost first, for members of the project whose query it is.
    pub steps: Vec<String>,
}

/// What a change of a table or column would reach.
#[derive(Debug, Clone, SimpleObject)]
pub struct Impact {
    /// All that is made of it.
    pub graph: LineageGraph,
    /// How many tables are made of it, or had their rows decided by it.
    pub assets: Long,
    pub saved_queries: Long,
    /// Things made of it that the caller may not know.
    pub nameless: Long,
    /// Live subscriptions that reach it.
    pub subscribers: Vec<ImpactSubscriber>,
}

/// A project that reads by subscription.
#[derive(Debug, Clone, SimpleObject)]
pub struct ImpactSubscriber {
    pub subscription_id: Id,
    pub project_id: Id,
    pub project_name: String,
}

/// Somebody who has read a table or column.
#[derive(Debug, Clone, SimpleObject)]
pub struct AssetUsage {
    pub user_id: Option<Id>,
    pub service_account_id: Option<Id>,
    pub name: String,
    /// The project that was acted in.
    pub project_id: Id,
    pub project_name: String,
    /// Queries and previews.
    pub queries: Long,
    /// Those of them whose rows left as a file.
    pub exports: Long,
    pub last_at: DateTime<Utc>,
}

impl From<app::LineageGraph> for LineageGraph {
    fn from(graph: app::LineageGraph) -> Self {
        Self {
            nodes: graph.nodes.into_iter().map(Into::into).collect(),
            links: graph.links.into_iter().map(Into::into).collect(),
            edges: graph.edges.into_iter().map(Into::into).collect(),
            more: graph.more,
            at: graph.at,
        }
    }
}

impl From<app::LineageNode> for LineageNode {
    fn from(node: app::LineageNode) -> Self {
        let bare = Self {
            key: node.key,
            distance: node.distance,
            kind: LineageNodeKind::Nameless,
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
            app::Shown::Nameless => bare,
            app::Shown::SavedQuery { id, name, project, project_name } => Self {
                kind: LineageNodeKind::SavedQuery,
                saved_query_id: Some(id.into()),
                name: Some(name),
                project_id: Some(project.into()),
                project_name: Some(project_name),
                ..bare
            },
            app::Shown::Dataset { id, namespace, name, project, project_name, columns } => Self {
                kind: LineageNodeKind::Dataset,
                dataset_id: Some(id.into()),
                namespace: Some(namespace),
                name: Some(name),
                project_id: Some(project.into()),
                project_name: Some(project_name),
                columns: columns.into_iter().map(Into::into).collect(),
                ..bare
            },
            app::Shown::Asset { id, name, project, project_name, status, columns } => Self {
                kind: LineageNodeKind::Asset,
                asset_id: Some(id.into()),
                name: Some(name),
                project_id: Some(project.into()),
                project_name: Some(project_name),
                status: Some(status.into()),
                columns: columns.into_iter().map(Into::into).collect(),
                ..bare
            },
        }
    }
}

impl From<app::NodeColumn> for LineageColumn {
    fn from(column: app::NodeColumn) -> Self {
        Self { name: column.name, column_type: column.column_type }
    }
}

impl From<app::FlowLink> for LineageLink {
    fn from(link: app::FlowLink) -> Self {
        Self {
            source: link.source,
            target: link.target,
            by_value: link.by_value,
            process: link.process.map(Into::into),
        }
    }
}

impl From<app::Process> for LineageProcess {
    fn from(process: app::Process) -> Self {
        Self {
            kind: process.kind.into(),
            id: Id(process.id),
            name: process.name,
            version: process.version.into(),
            run_id: process.run.map(Into::into),
            made_by: process.made_by,
            origin: process.origin.into(),
            began_at: process.began_at,
            seen_at: process.seen_at,
            approximate: process.approximate,
        }
    }
}

impl From<app::ColumnLink> for LineageEdge {
    fn from(edge: app::ColumnLink) -> Self {
        Self {
            source: edge.source,
            source_column: edge.source_column,
            source_path: edge.source_path,
            target: edge.target,
            target_column: edge.target_column,
            kind: edge.kind.into(),
            steps: edge.steps,
        }
    }
}

impl From<app::Impact> for Impact {
    fn from(impact: app::Impact) -> Self {
        Self {
            graph: impact.graph.into(),
            assets: impact.assets.into(),
            saved_queries: impact.saved_queries.into(),
            nameless: impact.nameless.into(),
            subscribers: impact.subscribers.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::Subscriber> for ImpactSubscriber {
    fn from(one: app::Subscriber) -> Self {
        Self {
            subscription_id: one.subscription.into(),
            project_id: one.project.into(),
            project_name: one.project_name,
        }
    }
}

impl From<model::Reader> for AssetUsage {
    fn from(reader: model::Reader) -> Self {
        Self {
            user_id: reader.user_id.map(Into::into),
            service_account_id: reader.service_account_id.map(Into::into),
            name: reader.name,
            project_id: reader.project_id.into(),
            project_name: reader.project_name,
            queries: reader.queries.into(),
            exports: reader.exports.into(),
            last_at: reader.last_at,
        }
    }
}
