//! Assets and their columns.

use async_graphql::{ComplexObject, Context, Enum, Error, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::{Card, assets};
use lakegate_model::{
    catalog,
    ids::{ProjectId, UserId},
};

use super::filled;
use crate::{
    names::{Named, named},
    scalars::{AssetStatus, ColumnState, Discover, Id, Long, Mark, ProjectRole, SuggestionState},
};

/// An asset in a list of its project.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct AssetSummary {
    pub id: Id,
    /// Technical name, unique in the project.
    pub name: String,
    /// Business name.
    pub title: Option<String>,
    pub status: AssetStatus,
    pub certified: bool,
    /// Own discover level; null takes the domain's default.
    pub discover: Option<Discover>,
    pub revision: Long,
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[graphql(skip)]
    pub project_id: ProjectId,
    #[graphql(skip)]
    pub owner_id: Option<UserId>,
}

#[ComplexObject]
impl AssetSummary {
    /// The project that owns it.
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, Some(self.project_id)).await
    }

    /// The person to ask.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, self.owner_id).await
    }
}

impl From<catalog::Asset> for AssetSummary {
    fn from(asset: catalog::Asset) -> Self {
        Self {
            id: asset.id.into(),
            name: asset.name,
            title: filled(asset.title),
            status: asset.status.into(),
            certified: asset.certified,
            discover: asset.discover.map(Into::into),
            revision: asset.revision.into(),
            published_at: asset.published_at,
            created_at: asset.created_at,
            updated_at: asset.updated_at,
            project_id: asset.project_id,
            owner_id: asset.owner_id,
        }
    }
}

/// An asset in a list that anybody may see.
#[derive(Debug, Clone, SimpleObject)]
pub struct AssetCard {
    pub id: Id,
    pub name: String,
    /// Business name.
    pub title: Option<String>,
    /// The beginning of the description, Markdown.
    pub teaser: String,
    pub status: AssetStatus,
    pub certified: bool,
    pub project: Named,
    pub domain: Named,
    pub published_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    /// When it took its place in this list: marked, published, made.
    pub at: DateTime<Utc>,
}

impl From<Card> for AssetCard {
    fn from(card: Card) -> Self {
        Self {
            id: card.id.into(),
            name: card.name,
            title: filled(card.title),
            teaser: card.teaser,
            status: card.status.into(),
            certified: card.certified,
            project: Named { id: card.project_id.into(), name: card.project_name },
            domain: Named { id: card.domain_id.into(), name: card.domain_name },
            published_at: card.published_at,
            updated_at: card.updated_at,
            at: card.at,
        }
    }
}

/// How the caller stands to an asset: the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum StandingKind {
    /// Member of the owning project.
    Member,
    /// Member of a project with an active subscription.
    Subscriber,
    /// Member of a project whose request is open.
    Requested,
    /// May ask for access.
    Requestable,
    /// May look, and that is all.
    Listed,
}

/// How the caller stands to an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct Standing {
    pub kind: StandingKind,
    /// The role in the owning project, for members.
    pub role: Option<ProjectRole>,
    /// The open request, such as `REQ-000123`.
    pub request_reference: Option<String>,
}

impl From<assets::Standing> for Standing {
    fn from(standing: assets::Standing) -> Self {
        let bare = |kind| Self { kind, role: None, request_reference: None };
        match standing {
            assets::Standing::Member(role) => Self { role: Some(role.into()), ..bare(StandingKind::Member) },
            assets::Standing::Subscriber => bare(StandingKind::Subscriber),
            assets::Standing::Requested(number) => {
                Self { request_reference: Some(format!("REQ-{number:06}")), ..bare(StandingKind::Requested) }
            }
            assets::Standing::Requestable => bare(StandingKind::Requestable),
            assets::Standing::Listed => bare(StandingKind::Listed),
        }
    }
}

/// A catalog entry as the caller may see it.
#[derive(Debug, Clone, SimpleObject)]
pub struct Asset {
    pub id: Id,
    /// Technical name, unique in the project.
    pub name: String,
    /// Business name.
    pub title: Option<String>,
    /// Markdown.
    pub description: String,
    pub status: AssetStatus,
    pub certified: bool,
    /// The discover level in force.
    pub discover: Discover,
    /// Own discover level; null takes the domain's default.
    pub own_discover: Option<Discover>,
    pub project: Named,
    /// From the root of the tree to the asset's own domain.
    pub domain_path: Vec<Named>,
    /// The person to ask.
    pub owner: Option<Named>,
    /// All that are in the files, for members; else those listed, and unlisted ones that a grant names.
    pub columns: Vec<Column>,
    pub tags: Vec<String>,
    pub terms: Vec<Named>,
    /// How the caller stands to it.
    pub standing: Standing,
    pub may_edit: bool,
    pub may_certify: bool,
    /// May open pending columns.
    pub may_release: bool,
    /// May see who has access.
    pub may_review: bool,
    /// Database and table, for members.
    pub table: Option<TableName>,
    /// For those who read the whole table.
    pub totals: Option<FileTotals>,
    /// Digest of the data, for members.
    pub data_version: Option<String>,
    /// Name of the data source, for members.
    pub source_name: Option<String>,
    /// What to use instead.
    pub successor: Option<Named>,
    pub deprecated_from: Option<DateTime<Utc>>,
    pub deprecation_note: Option<String>,
    /// Proposed names still open, for those who may edit.
    pub suggestions: Vec<NameSuggestion>,
    /// The caller's own marks.
    pub marks: Vec<Mark>,
    /// Send this back when you change the asset.
    pub revision: Long,
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<assets::AssetView> for Asset {
    fn from(view: assets::AssetView) -> Self {
        let asset = view.asset;
        let owner_name = view.owner_name;
        Self {
            id: asset.id.into(),
            name: asset.name,
            title: filled(asset.title),
            description: asset.description,
            status: asset.status.into(),
            certified: asset.certified,
            discover: view.discover.into(),
            own_discover: asset.discover.map(Into::into),
            project: Named { id: asset.project_id.into(), name: view.project_name },
            domain_path: view.domain_path.into_iter().map(|(id, name)| Named { id: id.into(), name }).collect(),
            owner: asset.owner_id.map(|id| Named { id: id.into(), name: owner_name }),
            columns: view.columns.into_iter().map(Into::into).collect(),
            tags: view.tags,
            terms: terms(view.terms),
            standing: view.standing.into(),
            may_edit: view.may_edit,
            may_certify: view.may_certify,
            may_release: view.may_release,
            may_review: view.may_review,
            table: view.table.map(|(database, name)| TableName { database, name }),
            totals: view.totals.map(|totals| FileTotals {
                files: totals.files.into(),
                bytes: totals.bytes.into(),
                partitions: totals.partitions.into(),
            }),
            data_version: view.data_version,
            source_name: view.source_name,
            successor: view.successor.map(|(id, name)| Named { id: id.into(), name }),
            deprecated_from: asset.deprecated_from,
            deprecation_note: filled(asset.deprecation_note),
            suggestions: view.suggestions.into_iter().map(Into::into).collect(),
            marks: view.marks.into_iter().map(Into::into).collect(),
            revision: asset.revision.into(),
            published_at: asset.published_at,
            created_at: asset.created_at,
            updated_at: asset.updated_at,
        }
    }
}

fn terms(links: Vec<catalog::TermLink>) -> Vec<Named> {
    links.into_iter().map(|link| Named { id: link.term_id.into(), name: link.name }).collect()
}

/// A table by name.
#[derive(Debug, Clone, SimpleObject)]
pub struct TableName {
    pub database: String,
    pub name: String,
}

/// How much data there is.
#[derive(Debug, Clone, SimpleObject)]
pub struct FileTotals {
    pub files: Long,
    pub bytes: Long,
    /// Distinct combinations of partition values.
    pub partitions: Long,
}

/// A column as the caller may see it.
#[derive(Debug, Clone, SimpleObject)]
pub struct Column {
    pub id: Id,
    pub name: String,
    pub ordinal: Long,
    #[graphql(name = "type")]
    pub column_type: String,
    pub nullable: bool,
    pub is_partition: bool,
    pub state: ColumnState,
    /// Absent from what others may discover.
    pub unlisted: bool,
    /// Business name.
    pub title: Option<String>,
    pub description: String,
    pub tags: Vec<String>,
    pub terms: Vec<Named>,
}

impl From<assets::ColumnView> for Column {
    fn from(view: assets::ColumnView) -> Self {
        let column = view.column;
        Self {
            id: column.id.into(),
            name: column.name,
            ordinal: column.ordinal.into(),
            column_type: column.column_type.to_string(),
            nullable: column.nullable,
            is_partition: column.is_partition,
            state: column.state.into(),
            unlisted: column.unlisted,
            title: filled(column.title),
            description: column.description,
            tags: view.tags,
            terms: terms(view.terms),
        }
    }
}

/// A column in a request.
#[derive(Debug, Clone, SimpleObject)]
pub struct ColumnBrief {
    pub id: Id,
    pub name: String,
    #[graphql(name = "type")]
    pub column_type: String,
    /// Business name.
    pub title: Option<String>,
}

impl From<catalog::Column> for ColumnBrief {
    fn from(column: catalog::Column) -> Self {
        Self {
            id: column.id.into(),
            name: column.name,
            column_type: column.column_type.to_string(),
            title: filled(column.title),
        }
    }
}

/// A proposed business name for an asset or one of its columns.
#[derive(Debug, Clone, SimpleObject)]
pub struct NameSuggestion {
    pub id: Id,
    /// Null for the asset itself.
    pub column_id: Option<Id>,
    pub value: String,
    pub state: SuggestionState,
}

impl From<catalog::Suggestion> for NameSuggestion {
    fn from(suggestion: catalog::Suggestion) -> Self {
        Self {
            id: suggestion.id.into(),
            column_id: suggestion.column_id.map(Into::into),
            value: suggestion.value,
            state: suggestion.state.into(),
        }
    }
}
