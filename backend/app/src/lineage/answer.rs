//! Questions about lineage, and what a caller is told.

use lakegate_model::{
    Timestamp,
    ids::{AssetId, ProjectId, ReportedDatasetId, SavedQueryId},
    words::{AssetStatus, Direction, EdgeKind, LineageOrigin, LineageTarget},
};
use uuid::Uuid;

/// Farthest that a walk goes.
pub const DEPTH_MAX: u32 = 20;

/// A question about where data comes from.
#[derive(Debug, Clone)]
pub struct LineageAsk {
    pub asset: AssetId,
    /// Follow this column alone.
    pub column: Option<String>,
    pub direction: Direction,
    /// Steps; from 1 to [`DEPTH_MAX`].
    pub depth: u32,
    /// Follow values alone, and not what decided about them.
    pub values_only: bool,
    /// The graph as it was; now if absent.
    pub at: Option<Timestamp>,
}

impl LineageAsk {
    /// Both ways from an asset, a few steps far.
    pub fn of(asset: AssetId) -> Self {
        Self { asset, column: None, direction: Direction::Both, depth: 3, values_only: false, at: None }
    }
}

/// Nodes and what connects them.
#[derive(Debug, Clone, Default)]
pub struct LineageGraph {
    /// What was asked about comes first, the others by their distance.
    pub nodes: Vec<LineageNode>,
    pub links: Vec<FlowLink>,
    pub edges: Vec<ColumnLink>,
    /// There is more, farther away.
    pub more: bool,
    /// The time that it is the graph of.
    pub at: Timestamp,
}

/// A node of the graph.
#[derive(Debug, Clone)]
pub struct LineageNode {
    /// Within this answer.
    pub key: String,
    /// Steps from what was asked about; negative upstream.
    pub distance: i32,
    pub shown: Shown,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Shown {
    Asset {
        id: AssetId,
        /// Display name.
        name: String,
        project: ProjectId,
        project_name: String,
        status: AssetStatus,
        columns: Vec<NodeColumn>,
    },
    SavedQuery {
        id: SavedQueryId,
        name: String,
        project: ProjectId,
        project_name: String,
    },
    /// Something that other programs report.
    Dataset {
        id: ReportedDatasetId,
        namespace: String,
        name: String,
        /// To which it was reported.
        project: ProjectId,
        project_name: String,
        columns: Vec<NodeColumn>,
    },
    /// Something that the caller may not know.
    Nameless,
}

/// A column of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeColumn {
    pub name: String,
    pub column_type: String,
}

/// Something that fills a node from another.
#[derive(Debug, Clone)]
pub struct FlowLink {
    /// Keys of nodes.
    pub source: String,
    pub target: String,
    /// Whether values go along; unknown beside a nameless node.
    pub by_value: Option<bool>,
    /// For members of the project that it belongs to.
    pub process: Option<Process>,
}

/// What fills a node, for members of its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub kind: LineageTarget,
    /// Of the derived table or saved query; of the reported job where the origin is that.
    pub id: Uuid,
    pub name: String,
    /// To which it belongs.
    pub project: ProjectId,
    /// The number of its definition; 0 for what has no numbers.
    pub version: i64,
    /// The latest run: of the queue, or one that was reported.
    pub run: Option<Uuid>,
    pub made_by: String,
    pub origin: LineageOrigin,
    /// Since when the plan is this one, and when it ran last.
    pub began_at: Timestamp,
    pub seen_at: Timestamp,
    /// Edges may name more than there are.
    pub approximate: bool,
}

/// A column that is read for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnLink {
    /// Keys of nodes.
    pub source: String,
    pub source_column: String,
    /// Names of fields within the column.
    pub source_path: Vec<String>,
    pub target: String,
    /// Absent where the source decided about all rows.
    pub target_column: Option<String>,
    pub kind: EdgeKind,
    /// Expressions on the way, for members of the project whose query it is.
    pub steps: Vec<String>,
}
