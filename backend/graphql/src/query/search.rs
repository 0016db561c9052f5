//! Finding things.

use async_graphql::{Context, Object};
use lakegate_app::catalog::search;
use lakegate_model::{Fault, Page};

use crate::{
    at::At,
    errors::{self, Maybe, answer_all},
    lists::Listing,
    scalars::{Facet, SearchSort},
    types::search::{FacetFilter, SearchPage, Suggestion},
};

/// Most suggestions at once.
const MOST_SUGGESTIONS: i32 = 50;

/// Queries that find.
#[derive(Debug, Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Finds assets, terms and projects that the caller may see. Words, `"phrases"`, `-without`, and `tag:x`,
    /// `column:x`, `project:x`, `term:x`, `owner:x`, `title:x`, `name:x`, `domain:x`; all must match.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a GraphQL field")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] text: String,
        #[graphql(default)] filters: Vec<FacetFilter>,
        #[graphql(default)] facets: Vec<Facet>,
        #[graphql(default_with = "SearchSort::Relevance")] sort: SearchSort,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<SearchPage> {
        let at = At::of(ctx);
        let name = format!("search {sort:?} {filters:?} {text}");
        let query = search::Query {
            text,
            filters: filters.into_iter().map(Into::into).collect(),
            sort: sort.into(),
            facets: facets.into_iter().map(Into::into).collect(),
            ..search::Query::default()
        };
        let found = find(&at, name, query, first, after.as_deref()).await;
        Some(found.map_err(|fault| errors::error(&at, fault)))
    }

    /// Names of things the caller may see that have the typed words, the last of which may be unfinished.
    async fn suggest(
        &self,
        ctx: &Context<'_>,
        typed: String,
        #[graphql(default = 10)] count: i32,
    ) -> Maybe<Vec<Suggestion>> {
        let at = At::of(ctx);
        if !(1..=MOST_SUGGESTIONS).contains(&count) {
            let fault = Fault::invalid("count", format!("ask for 1 to {MOST_SUGGESTIONS} suggestions"));
            return Some(Err(errors::error(&at, fault)));
        }
        let count = usize::try_from(count).unwrap_or_default();
        answer_all(&at, search::suggest(at.app(), &at.caller, &typed, count).await)
    }
}

/// Runs a search. Its positions are plain numbers: how many hits stand before.
async fn find(
    at: &At,
    name: String,
    query: search::Query,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<SearchPage, Fault> {
    let listing = Listing::open(at, name, first, after)?;
    let before = listing.page.after.as_deref().map_or(Ok(0), str::parse::<usize>);
    let before = before.map_err(|_| Fault::invalid("after", "this cursor is malformed"))?;
    let (offset, limit) = (before + listing.skip(), listing.wanted());
    if offset > search::MAX_OFFSET {
        let fault = Fault::invalid("after", format!("a search shows its first {} hits", search::MAX_OFFSET));
        return Err(fault.fix("narrow the search"));
    }
    let found = search::search(at.app(), &at.caller, search::Query { offset, limit, ..query }).await?;
    let behind = offset + found.hits.len();
    let more = !found.hits.is_empty() && (behind as u64) < found.total;
    let page = Page { items: found.hits, next: more.then(|| behind.to_string()) };
    Ok(SearchPage {
        hits: listing.behind((offset > 0).then(|| offset.to_string())).connection(page),
        total: found.total.into(),
        similar: found.similar,
        facets: found.facets.into_iter().map(Into::into).collect(),
    })
}
