//! Tables, columns, assets, words: what the catalog holds.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    columns::ColumnType,
    ids::{
        AssetId, ColumnId, ConnectionId, DataSourceId, DatabaseId, DomainId, EnvironmentId, ProjectId, QuestionId,
        RunId, SuggestionId, TableId, TermId, UserId,
    },
    jobs::JobRun,
    storage::FileFormat,
    words::{AssetKind, AssetStatus, ColumnState, Discover, JobState, RunState, SuggestionState},
};

/// A table of a database: columns over files of one format.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Table {
    pub id: TableId,
    pub database_id: DatabaseId,
    pub name: String,
    pub location: String,
    pub connection_id: Option<ConnectionId>,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub format: FileFormat,
    /// Digest of the list of files: equal versions hold equal rows.
    pub data_version: String,
    /// Whether Lakegate wrote the files.
    pub managed: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A column with its stable id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Column {
    pub id: ColumnId,
    pub table_id: TableId,
    pub name: String,
    pub ordinal: i64,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub column_type: ColumnType,
    pub nullable: bool,
    pub is_partition: bool,
    pub state: ColumnState,
    /// Absent from what others may discover.
    pub unlisted: bool,
    /// Business name; empty when none was given.
    pub title: String,
    pub description: String,
}

/// A catalog entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Asset {
    pub id: AssetId,
    pub project_id: ProjectId,
    pub table_id: Option<TableId>,
    pub kind: AssetKind,
    /// Technical name, unique in the project.
    pub name: String,
    /// Business name; empty when none was given.
    pub title: String,
    pub description: String,
    pub status: AssetStatus,
    /// Own discover level; `None` takes the domain's default.
    pub discover: Option<Discover>,
    pub certified: bool,
    pub owner_id: Option<UserId>,
    pub source_id: Option<DataSourceId>,
    pub successor_id: Option<AssetId>,
    pub deprecated_from: Option<Timestamp>,
    pub deprecation_note: String,
    pub revision: i64,
    pub published_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Asset {
    /// What people read: the business name, or else the technical one.
    pub fn display_name(&self) -> &str {
        if self.title.is_empty() { &self.name } else { &self.title }
    }
}

/// One kept state of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Revision {
    pub asset_id: AssetId,
    pub revision: i64,
    /// One line: what changed.
    pub summary: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub snapshot: Snapshot,
    /// Who made it, as a name.
    pub actor: String,
    pub created_at: Timestamp,
}

/// What a revision keeps of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    pub title: String,
    pub description: String,
    pub status: String,
    pub tags: Vec<String>,
    pub terms: Vec<String>,
    pub columns: Vec<SnapshotColumn>,
    pub files: i64,
    pub bytes: i64,
    /// Distinct combinations of partition values; their values are cells and stay out.
    #[serde(default)]
    pub partitions: i64,
    #[serde(default)]
    pub data_version: String,
    /// Display name of the owner, empty for none.
    #[serde(default)]
    pub owner: String,
    /// Own discover level, empty for the domain's default.
    #[serde(default)]
    pub discover: String,
    #[serde(default)]
    pub certified: bool,
    /// Name of the asset to use instead, empty for none.
    #[serde(default)]
    pub successor: String,
    #[serde(default)]
    pub deprecation_note: String,
    /// What is declared of its keys, without the tables that they lead to.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// A column inside a [`Snapshot`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotColumn {
    pub id: ColumnId,
    pub name: String,
    pub column_type: String,
    pub state: String,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    pub terms: Vec<String>,
    #[serde(default)]
    pub unlisted: bool,
}

/// A tag on an asset (no column) or on one of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Tag {
    pub asset_id: AssetId,
    pub column_id: Option<ColumnId>,
    pub tag: String,
}

/// A word of the business, defined once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Term {
    pub id: TermId,
    pub domain_id: DomainId,
    pub name: String,
    pub definition: String,
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A term on an asset (no column) or on one of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct TermLink {
    pub asset_id: AssetId,
    pub column_id: Option<ColumnId>,
    pub term_id: TermId,
    pub name: String,
}

/// A proposed business name for an asset (no column) or one of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Suggestion {
    pub id: SuggestionId,
    pub asset_id: AssetId,
    pub column_id: Option<ColumnId>,
    pub value: String,
    pub state: SuggestionState,
}

/// A question to the owner of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Question {
    pub id: QuestionId,
    pub asset_id: AssetId,
    pub author_id: UserId,
    pub author_name: String,
    pub body: String,
    pub answer: Option<String>,
    pub answered_by_name: Option<String>,
    pub asked_at: Timestamp,
    pub answered_at: Option<Timestamp>,
}

/// A place from which tables are discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct DataSource {
    pub id: DataSourceId,
    pub project_id: ProjectId,
    pub environment_id: EnvironmentId,
    pub connection_id: Option<ConnectionId>,
    pub name: String,
    pub location: String,
    /// Seconds between runs; `None` runs on demand only.
    pub interval_seconds: Option<i64>,
    pub next_run_at: Option<Timestamp>,
    pub created_by: UserId,
    pub created_at: Timestamp,
}

/// One execution of a data source: a run of the queue in the words of data sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRun {
    pub id: RunId,
    pub source_id: DataSourceId,
    pub state: RunState,
    /// Raised by each claim: a worker that lost its run no longer writes.
    pub attempt: i64,
    /// `manual`, `schedule`, `event` or `replay`.
    pub trigger_kind: String,
    pub started_by: String,
    pub progress: RunProgress,
    pub outcome: Option<RunOutcome>,
    pub error: Option<String>,
    pub cancel_requested: bool,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub beat_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl From<JobRun> for SourceRun {
    fn from(run: JobRun) -> Self {
        let count = |name: &str| run.progress.counts.get(name).copied().unwrap_or_default();
        Self {
            progress: RunProgress {
                files_seen: count("files"),
                tables_done: run.progress.done,
                tables_total: run.progress.total.unwrap_or_default(),
                phase: run.progress.phase,
            },
            id: run.id,
            source_id: run.subject_id.unwrap_or_default().into(),
            state: run_state(run.state),
            attempt: run.attempt,
            trigger_kind: run.trigger_kind,
            started_by: run.started_by,
            outcome: run.output.and_then(|output| serde_json::from_value(output).ok()),
            error: run.error,
            cancel_requested: run.cancel_requested,
            created_at: run.created_at,
            started_at: run.started_at,
            beat_at: run.beat_at,
            ended_at: run.ended_at,
        }
    }
}

fn run_state(state: JobState) -> RunState {
    match state {
        JobState::Scheduled | JobState::Waiting | JobState::Held => RunState::Queued,
        JobState::Running => RunState::Running,
        JobState::Succeeded => RunState::Succeeded,
        JobState::Failed => RunState::Failed,
        JobState::Cancelled => RunState::Cancelled,
    }
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunProgress {
    pub phase: String,
    pub files_seen: i64,
    pub tables_done: i64,
    pub tables_total: i64,
}

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunOutcome {
    pub tables_new: i64,
    pub tables_changed: i64,
    pub tables_same: i64,
    pub files: i64,
    pub bytes: i64,
    /// Files and tables left out, each with the reason; holds no cell data.
    pub skipped: Vec<String>,
    /// How many things could not be done: unreadable files, tables that were not found again.
    #[serde(default, skip_serializing_if = "none")]
    pub faults: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn none(count: &i64) -> bool {
    *count == 0
}
