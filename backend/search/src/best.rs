//! Documents that match in one of several ways, with the score of the best of them.
//!
//! The library's own disjunction fills windows of its union ahead of the caller. Here the filter of what a caller may see
//! leaves few documents, so each way is only sought where one of these stands.

use std::fmt;
use tantivy::query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::Term;
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED};

use crate::spread::explain;

/// A query that matches where one of these does.
pub(crate) struct Best(pub Vec<Box<dyn Query>>);

impl Clone for Best {
    fn clone(&self) -> Self {
        Self(self.0.iter().map(|way| way.box_clone()).collect())
    }
}

impl fmt::Debug for Best {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Best").field(&self.0).finish()
    }
}

impl Query for Best {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let ways = self.0.iter().map(|way| way.weight(scoring)).collect::<tantivy::Result<_>>()?;
        Ok(Box::new(BestWeight(ways)))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        for way in &self.0 {
            way.query_terms(visitor);
        }
    }
}

struct BestWeight(Vec<Box<dyn Weight>>);

impl Weight for BestWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let ways = self.0.iter().map(|way| way.scorer(reader, boost)).collect::<tantivy::Result<Vec<_>>>()?;
        let mut ways: Vec<Box<dyn Scorer>> = ways.into_iter().filter(|way| way.doc() != TERMINATED).collect();
        Ok(match ways.len() {
            0 => Box::new(EmptyScorer),
            1 => ways.remove(0),
            _ => Box::new(BestScorer::new(ways)),
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        explain(self.scorer(reader, 1.0)?, doc)
    }
}

struct BestScorer {
    ways: Vec<Box<dyn Scorer>>,
    doc: DocId,
}

impl BestScorer {
    fn new(ways: Vec<Box<dyn Scorer>>) -> Self {
        let mut scorer = Self { ways, doc: 0 };
        scorer.settle();
        scorer
    }

    /// Stands at the first document of any way.
    fn settle(&mut self) -> DocId {
        self.doc = self.ways.iter().map(|way| way.doc()).min().unwrap_or(TERMINATED);
        self.doc
    }
}

impl DocSet for BestScorer {
    fn advance(&mut self) -> DocId {
        for way in self.ways.iter_mut().filter(|way| way.doc() == self.doc) {
            way.advance();
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        for way in self.ways.iter_mut().filter(|way| way.doc() < target) {
            way.seek(target);
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.ways.iter().map(|way| way.size_hint()).fold(0, u32::saturating_add)
    }
}

impl Scorer for BestScorer {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let there = self.ways.iter_mut().filter(|way| way.doc() == doc);
        there.map(|way| way.score()).fold(0.0, Score::max)
    }
}
