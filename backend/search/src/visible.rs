//! The filter that leaves only what a caller may see.

use crate::spread::explain;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::index::SegmentId;
use tantivy::query::{ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, InvertedIndexReader, Score, SegmentReader, TERMINATED};

/// Memory for remembered sets of visible documents, in bytes.
const CACHE_BYTES: usize = 16 << 20;

/// The tokens of a caller, sorted and without repetitions.
pub(crate) type Tokens = Arc<[String]>;

/// Remembers which documents of a segment certain tokens open. Segments never change (deletions stand apart), so an
/// entry is right for as long as it lives.
#[derive(Default)]
pub(crate) struct VisibleCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    sets: HashMap<(SegmentId, Tokens), Arc<Bits>>,
    oldest_first: VecDeque<(SegmentId, Tokens)>,
    bytes: usize,
}

impl VisibleCache {
    fn get(&self, key: &(SegmentId, Tokens)) -> Option<Arc<Bits>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sets.get(key).cloned()
    }

    fn put(&self, key: (SegmentId, Tokens), bits: &Arc<Bits>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.sets.insert(key.clone(), bits.clone()).is_some() {
            return;
        }
        entries.bytes += entry_bytes(&key, bits);
        entries.oldest_first.push_back(key);
        while entries.bytes > CACHE_BYTES
            && let Some(oldest) = entries.oldest_first.pop_front()
        {
            if let Some(gone) = entries.sets.remove(&oldest) {
                entries.bytes = entries.bytes.saturating_sub(entry_bytes(&oldest, &gone));
            }
        }
    }
}

fn entry_bytes(key: &(SegmentId, Tokens), bits: &Bits) -> usize {
    let tokens: usize = key.1.iter().map(|token| token.len() + 24).sum();
    bits.words.len() * 8 + tokens + 200
}

/// Documents that one of the tokens opens.
#[derive(Clone)]
pub(crate) struct VisibleQuery {
    pub field: Field,
    pub tokens: Tokens,
    pub cache: Arc<VisibleCache>,
}

impl VisibleQuery {
    fn bits(&self, reader: &SegmentReader) -> tantivy::Result<Arc<Bits>> {
        let key = (reader.segment_id(), self.tokens.clone());
        if let Some(known) = self.cache.get(&key) {
            return Ok(known);
        }
        let index = reader.inverted_index(self.field)?;
        let mut bits = Bits { words: vec![0; (reader.max_doc() as usize).div_ceil(64)], count: 0 };
        for token in self.tokens.iter() {
            bits.add(&index, token)?;
        }
        bits.count = bits.words.iter().map(|word| word.count_ones()).sum();
        let bits = Arc::new(bits);
        self.cache.put(key, &bits);
        Ok(bits)
    }
}

impl fmt::Debug for VisibleQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visible({} tokens)", self.tokens.len())
    }
}

impl Query for VisibleQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for VisibleQuery {
    fn scorer(&self, reader: &SegmentReader, _boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(Box::new(ConstScorer::new(BitsDocs::new(self.bits(reader)?), 0.0)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        explain(self.scorer(reader, 1.0)?, doc)
    }
}

/// A set of documents of a segment, one bit each.
struct Bits {
    words: Vec<u64>,
    count: u32,
}

impl Bits {
    fn add(&mut self, index: &InvertedIndexReader, token: &str) -> tantivy::Result<()> {
        let Some(term) = index.terms().get(token)? else { return Ok(()) };
        let mut postings = index.read_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
        while postings.doc() != TERMINATED {
            let doc = postings.doc() as usize;
            if let Some(word) = self.words.get_mut(doc / 64) {
                *word |= 1 << (doc % 64);
            }
            postings.advance();
        }
        Ok(())
    }

    /// The first member not below `doc`.
    fn at_or_after(&self, doc: DocId) -> DocId {
        let mut slot = doc as usize / 64;
        let Some(&word) = self.words.get(slot) else { return TERMINATED };
        let mut word = word & (u64::MAX << (doc % 64));
        while word == 0 {
            slot += 1;
            match self.words.get(slot) {
                Some(&next) => word = next,
                None => return TERMINATED,
            }
        }
        u32::try_from(slot * 64).map_or(TERMINATED, |base| base + word.trailing_zeros())
    }
}

/// Walks over [`Bits`].
struct BitsDocs {
    bits: Arc<Bits>,
    doc: DocId,
}

impl BitsDocs {
    fn new(bits: Arc<Bits>) -> Self {
        let doc = bits.at_or_after(0);
        Self { bits, doc }
    }
}

impl DocSet for BitsDocs {
    fn advance(&mut self) -> DocId {
        if self.doc != TERMINATED {
            self.doc = self.bits.at_or_after(self.doc + 1);
        }
        self.doc
    }
    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            self.doc = if target >= TERMINATED { TERMINATED } else { self.bits.at_or_after(target) };
        }
        self.doc
    }
    fn doc(&self) -> DocId {
        self.doc
    }
    fn size_hint(&self) -> u32 {
        self.bits.count
    }
}
