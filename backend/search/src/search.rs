//! Answering a query.

use crate::document::Document;
use crate::error::{Result, SearchError, guarded};
use crate::gather::{Gather, Gathered};
use crate::highlight::Marker;
use crate::index::Index;
use crate::plan::{Manner, Plan};
use crate::query::{Answer, Facet, FacetCounts, Hit, MAX_LIMIT, MAX_OFFSET, Query, Sort};
use crate::words::Stemmer;
use std::time::Instant;
use tantivy::schema::Value;
use tantivy::{DocAddress, Searcher, TantivyDocument};

/// Fewer visible documents that match as typed make similar words match too.
const FEW: u64 = 3;

impl Index {
    /// Finds what the caller may see and asked for. Any text has an answer.
    ///
    /// # Errors
    /// [`SearchError::NeedsRebuild`] if files of the index are damaged, [`SearchError::Io`] if the disk fails.
    pub fn search(&self, query: &Query) -> Result<Answer> {
        guarded(|| Search::new(self, query).answer())
    }
}

/// One search over one state of the index.
struct Search<'a> {
    index: &'a Index,
    query: &'a Query,
    searcher: Searcher,
    plan: Plan,
    started: Instant,
}

impl<'a> Search<'a> {
    fn new(index: &'a Index, query: &'a Query) -> Self {
        let started = Instant::now();
        let plan = Plan::new(&query.text, &query.visible);
        Self { index, query, searcher: index.searcher(), plan, started }
    }

    fn answer(&self) -> Result<Answer> {
        let mut similar = false;
        let mut main = self.main(similar)?;
        let as_typed = main.total;
        if main.total < FEW && self.plan.can_be_similar() && self.matches_as_typed(main.total)? < FEW {
            similar = true;
            main = self.main(similar)?;
        }
        let facets = self.facets(&main, similar)?;
        let hits = self.hits(&main, similar)?;
        let similar = main.total > as_typed;
        Ok(Answer { total: main.total, hits, facets, similar, took: self.started.elapsed() })
    }

    /// How many match without any filter, so that a click on a facet does not change what words mean.
    fn matches_as_typed(&self, filtered: u64) -> Result<u64> {
        if self.query.filters.is_empty() {
            return Ok(filtered);
        }
        let manner = Manner { similar: false, ranked: false };
        let query = self.plan.query(self.index.parts(), &[], None, manner);
        Ok(self.searcher.search(&*query, &Gather { sort: Sort::Newest, keep: 0, facets: Vec::new() })?.total)
    }

    fn main(&self, similar: bool) -> Result<Gathered> {
        let keep = self.query.offset.min(MAX_OFFSET) + self.query.limit.min(MAX_LIMIT);
        let ranked = self.query.sort == Sort::Relevance && keep > 0;
        let query = self.plan.query(self.index.parts(), &self.query.filters, None, Manner { similar, ranked });
        let facets = self.query.facets.iter().copied().filter(|&facet| !self.is_filtered(facet)).collect();
        Ok(self.searcher.search(&*query, &Gather { sort: self.query.sort, keep, facets })?)
    }

    fn is_filtered(&self, facet: Facet) -> bool {
        self.query.filters.iter().any(|filter| filter.facet == facet && !filter.values.is_empty())
    }

    fn facets(&self, main: &Gathered, similar: bool) -> Result<Vec<FacetCounts>> {
        let mut unfiltered = 0..;
        self.query
            .facets
            .iter()
            .map(|&facet| {
                if self.is_filtered(facet) {
                    let counted = self.count_without_own_filter(facet, similar)?;
                    return Ok(counted.facet(0, facet, self.query.facet_values));
                }
                let position = unfiltered.next().unwrap_or(usize::MAX);
                Ok(main.facet(position, facet, self.query.facet_values))
            })
            .collect()
    }

    fn count_without_own_filter(&self, facet: Facet, similar: bool) -> Result<Gathered> {
        let manner = Manner { similar, ranked: false };
        let query = self.plan.query(self.index.parts(), &self.query.filters, Some(facet), manner);
        Ok(self.searcher.search(&*query, &Gather { sort: Sort::Newest, keep: 0, facets: vec![facet] })?)
    }

    fn hits(&self, main: &Gathered, similar: bool) -> Result<Vec<Hit>> {
        let mut marker = Marker { plan: &self.plan, similar, stemmer: Stemmer::new() };
        let page = main.top.iter().skip(self.query.offset.min(MAX_OFFSET));
        page.map(|&address| {
            let document = stored(self.index, &self.searcher, address)?;
            let highlights = marker.mark(&document);
            Ok(Hit { key: document.key, kind: document.kind, payload: document.payload, highlights })
        })
        .collect()
    }
}

/// The document as it was put in.
pub(crate) fn stored(index: &Index, searcher: &Searcher, address: DocAddress) -> Result<Document> {
    let filled: TantivyDocument = searcher.doc(address)?;
    let text = filled.get_first(index.fields().stored).and_then(|value| value.as_str());
    text.and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| SearchError::NeedsRebuild("a stored document cannot be read".into()))
}
