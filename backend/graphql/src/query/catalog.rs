//! Assets, what is known of them, and the glossary.

use async_graphql::{Context, Object, SimpleObject};
use lakegate_app::catalog::{assets, bench, glossary, publish, revisions, social, suggestions, words_csv};
use lakegate_model::{ids, words};

use crate::{
    at::At,
    errors::{self, Maybe, answer, answer_all},
    lists::{Connection, Listing, list},
    scalars::{AssetStatus, Id, Lack, Long, Mark},
    types::{
        assets::{Asset, AssetCard, AssetSummary, NameSuggestion},
        catalog::{BenchItem, DiffLine, Question, Readiness, Revision, Term},
    },
};

/// Queries about the catalog.
#[derive(Debug, Default)]
pub struct CatalogQuery;

/// A term, and a page of the assets that use it and that the caller may discover.
#[derive(SimpleObject)]
pub struct TermDetail {
    pub term: Term,
    /// The page that `first` and `after` of the field ask for.
    pub assets: Connection<AssetCard>,
}

#[Object]
impl CatalogQuery {
    /// An asset as the caller may see it.
    async fn asset(&self, ctx: &Context<'_>, id: Id) -> Maybe<Asset> {
        let at = At::of(ctx);
        answer(&at, assets::view(at.app(), &at.caller, id.into()).await)
    }

    /// The assets of a project in order of names: for its members.
    async fn assets(
        &self,
        ctx: &Context<'_>,
        project: Id,
        status: Option<AssetStatus>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<AssetSummary>> {
        let at = At::of(ctx);
        let status = status.map(words::AssetStatus::from);
        let name = format!("assets {} {status:?}", project.0);
        list!(at, first, after, name, |page| assets::of_project(at.app(), &at.caller, project.into(), status, page))
    }

    /// The caller's watched, bookmarked or recently seen assets, the latest first.
    async fn marked_assets(
        &self,
        ctx: &Context<'_>,
        mark: Mark,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<AssetCard>> {
        let at = At::of(ctx);
        let mark = words::Mark::from(mark);
        list!(at, first, after, format!("marked {mark}"), |page| social::marked(at.app(), &at.caller, mark, page))
    }

    /// Assets published lately that the caller may discover.
    async fn whats_new(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<AssetCard>> {
        let at = At::of(ctx);
        list!(at, first, after, "whats new".to_owned(), |page| social::whats_new(at.app(), &at.caller, page))
    }

    /// The kept states of an asset, the newest first.
    async fn revisions(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Revision>> {
        let at = At::of(ctx);
        let name = format!("revisions {}", asset.0);
        list!(at, first, after, name, |page| revisions::list(at.app(), &at.caller, asset.into(), page))
    }

    /// What differs between two revisions of an asset.
    async fn revision_diff(&self, ctx: &Context<'_>, asset: Id, from: Long, to: Long) -> Maybe<Vec<DiffLine>> {
        let at = At::of(ctx);
        answer_all(&at, revisions::compare(at.app(), &at.caller, asset.into(), (from.0, to.0)).await)
    }

    /// Descriptions, titles, terms and tags of an asset's columns as CSV, to be changed and imported again.
    async fn column_words(&self, ctx: &Context<'_>, asset: Id) -> Maybe<String> {
        let at = At::of(ctx);
        answer(&at, words_csv::export(at.app(), &at.caller, asset.into()).await)
    }

    /// Whether an asset can be published, and what is missing.
    async fn readiness(&self, ctx: &Context<'_>, asset: Id) -> Maybe<Readiness> {
        let at = At::of(ctx);
        answer(&at, publish::readiness(at.app(), &at.caller, asset.into()).await)
    }

    /// Proposed names of an asset and its columns, also those taken up and turned down: for those who may edit it.
    async fn name_suggestions(&self, ctx: &Context<'_>, asset: Id) -> Maybe<Vec<NameSuggestion>> {
        let at = At::of(ctx);
        answer_all(&at, suggestions::list(at.app(), &at.caller, asset.into()).await)
    }

    /// Questions about an asset with their answers, the latest first.
    async fn questions(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Question>> {
        let at = At::of(ctx);
        let name = format!("questions {}", asset.0);
        list!(at, first, after, name, |page| social::questions(at.app(), &at.caller, asset.into(), page))
    }

    /// What lacks words, an owner or a decision among the assets that the caller may mend.
    async fn bench(
        &self,
        ctx: &Context<'_>,
        lack: Lack,
        project: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<BenchItem>> {
        let at = At::of(ctx);
        let name = format!("bench {lack:?} {:?}", project.map(|id| id.0));
        let (lack, project) = (bench::Lack::from(lack), project.map(ids::ProjectId::from));
        list!(at, first, after, name, |page| bench::list(at.app(), &at.caller, lack, project, page))
    }

    /// Glossary terms in order of names: of one domain or all, those whose name contains a text.
    async fn terms(
        &self,
        ctx: &Context<'_>,
        domain: Option<Id>,
        #[graphql(default)] search: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Term>> {
        let at = At::of(ctx);
        let name = format!("terms {:?} {search}", domain.map(|id| id.0));
        let domain = domain.map(ids::DomainId::from);
        list!(at, first, after, name, |page| glossary::list(at.app(), &at.caller, domain, &search, page))
    }

    /// A glossary term with the assets that use it.
    async fn term(&self, ctx: &Context<'_>, id: Id, first: Option<i32>, after: Option<String>) -> Maybe<TermDetail> {
        let at = At::of(ctx);
        let listing = match Listing::open(&at, format!("term {}", id.0), first, after.as_deref()) {
            Ok(listing) => listing,
            Err(fault) => return Some(Err(errors::error(&at, fault))),
        };
        let found = glossary::get(at.app(), &at.caller, id.into(), &listing.page).await;
        let detail = found.map(|(term, cards)| TermDetail { term: term.into(), assets: listing.connection(cards) });
        Some(detail.map_err(|fault| errors::error(&at, fault)))
    }

    /// How many assets use a term: for its stewards, before they change it.
    async fn term_uses(&self, ctx: &Context<'_>, term: Id) -> Maybe<Long> {
        let at = At::of(ctx);
        answer(&at, glossary::uses(at.app(), &at.caller, term.into()).await.map(|uses| uses as u64))
    }
}
