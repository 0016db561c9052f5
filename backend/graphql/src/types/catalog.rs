//! Around assets: revisions, readiness, the bench, questions, terms.

use async_graphql::{ComplexObject, Context, Error, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::{bench, diff, publish, revisions};
use lakegate_model::{
    catalog,
    ids::{DomainId, ProjectId, UserId},
};

use super::filled;
use crate::{
    names::{Named, named},
    scalars::{Id, Long},
};

/// One kept state of an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct Revision {
    pub revision: Long,
    /// One line: what changed.
    pub summary: String,
    /// Who made it.
    pub actor: String,
    pub created_at: DateTime<Utc>,
}

impl From<revisions::RevisionView> for Revision {
    fn from(view: revisions::RevisionView) -> Self {
        Self { revision: view.revision.into(), summary: view.summary, actor: view.actor, created_at: view.created_at }
    }
}

/// One difference between two revisions. Cells and partition values are never in it.
#[derive(Debug, Clone, SimpleObject)]
pub struct DiffLine {
    /// The column it is about; null for the asset itself.
    pub column: Option<String>,
    /// What differs: `title`, `type`, `files`, ….
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// The difference as a sentence.
    pub text: String,
}

impl From<diff::DiffLine> for DiffLine {
    fn from(line: diff::DiffLine) -> Self {
        let text = line.to_string();
        Self {
            column: line.column,
            field: line.field.to_owned(),
            before: filled(line.before),
            after: filled(line.after),
            text,
        }
    }
}

/// Whether an asset can be published.
#[derive(Debug, Clone, SimpleObject)]
pub struct Readiness {
    /// Whether nothing is missing.
    pub ready: bool,
    pub missing: Vec<Missing>,
    /// What would help readers, but holds nothing up.
    pub hints: Vec<String>,
    /// The revision that was looked at: publish exactly this one.
    pub revision: Long,
}

/// Something that has to be there first.
#[derive(Debug, Clone, SimpleObject)]
pub struct Missing {
    /// `title`, `description`, `owner`, `columns`.
    pub field: String,
    /// What to do, one sentence.
    pub message: String,
}

impl From<publish::Readiness> for Readiness {
    fn from(readiness: publish::Readiness) -> Self {
        let missing = readiness.missing.into_iter();
        Self {
            ready: missing.len() == 0,
            missing: missing.map(|part| Missing { field: part.field.to_owned(), message: part.message }).collect(),
            hints: readiness.hints,
            revision: readiness.revision.into(),
        }
    }
}

/// Something to do on the steward's bench.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct BenchItem {
    pub asset_id: Id,
    pub asset_name: String,
    /// Business name of the asset.
    pub asset_title: Option<String>,
    pub column_id: Option<Id>,
    pub column_name: Option<String>,
    #[graphql(skip)]
    pub project_id: ProjectId,
}

#[ComplexObject]
impl BenchItem {
    /// The project that owns the asset.
    async fn project(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, Some(self.project_id)).await
    }
}

impl From<bench::BenchItem> for BenchItem {
    fn from(item: bench::BenchItem) -> Self {
        Self {
            asset_id: item.row.asset_id.into(),
            asset_name: item.row.asset_name,
            asset_title: filled(item.row.asset_title),
            column_id: item.row.column_id.map(Into::into),
            column_name: item.row.column_name,
            project_id: item.project,
        }
    }
}

/// A question to the owner of an asset.
#[derive(Debug, Clone, SimpleObject)]
pub struct Question {
    pub id: Id,
    pub asset_id: Id,
    pub author: Named,
    pub body: String,
    pub answer: Option<String>,
    pub answered_by_name: Option<String>,
    pub asked_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
}

impl From<catalog::Question> for Question {
    fn from(question: catalog::Question) -> Self {
        Self {
            id: question.id.into(),
            asset_id: question.asset_id.into(),
            author: Named { id: question.author_id.into(), name: question.author_name },
            body: question.body,
            answer: question.answer,
            answered_by_name: question.answered_by_name,
            asked_at: question.asked_at,
            answered_at: question.answered_at,
        }
    }
}

/// A word of the business, defined once.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Term {
    pub id: Id,
    pub name: String,
    /// Markdown.
    pub definition: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[graphql(skip)]
    pub domain_id: DomainId,
    #[graphql(skip)]
    pub created_by: UserId,
}

#[ComplexObject]
impl Term {
    /// The domain that defines it.
    async fn domain(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, Some(self.domain_id)).await
    }

    /// Who defined it.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, Some(self.created_by)).await
    }
}

impl From<catalog::Term> for Term {
    fn from(term: catalog::Term) -> Self {
        Self {
            id: term.id.into(),
            name: term.name,
            definition: term.definition,
            created_at: term.created_at,
            updated_at: term.updated_at,
            domain_id: term.domain_id,
            created_by: term.created_by,
        }
    }
}
