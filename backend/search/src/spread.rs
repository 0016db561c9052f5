//! Matching one word by its exact form, its beginnings and its misspellings, ranked by where it stands.

use crate::visible::Tokens;
use std::fmt;
use std::sync::Arc;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::query::{DfaWrapper, EmptyScorer, EnableScoring, Explanation, FuzzyTermQuery, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocId, DocSet, InvertedIndexReader, Score, SegmentReader, TERMINATED, TantivyError};

/// How much it says about a document that a word stands there. The frequency of the word in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    Description = 1,
    Place = 2,
    Owner = 3,
    Label = 4,
    Column = 5,
    Name = 6,
    Title = 7,
}

/// Stands between a word and what it is marked with.
pub(crate) const SEPARATOR: u8 = 0x1f;

/// Most tokens with which a word is looked up one by one.
const LOOKED_UP: usize = 64;

/// The score of a word by its tier; the first entry is unused.
pub(crate) type Scores = [Score; 8];

/// The word itself stands there. Any exact match outranks any misspelt one, and a title outranks a description.
pub(crate) const EXACT: Scores = [0.0, 10.0, 12.0, 14.0, 30.0, 40.0, 95.0, 100.0];
/// A word that begins so.
pub(crate) const PREFIX: Scores = [0.0, 8.0, 9.0, 10.0, 20.0, 25.0, 85.0, 90.0];
/// Another form of the word.
pub(crate) const STEM: Scores = [0.0, 7.0, 8.0, 9.0, 18.0, 22.0, 75.0, 80.0];
/// One typing mistake away.
pub(crate) const NEAR: Scores = [0.0, 0.8, 1.0, 1.2, 2.0, 2.5, 4.5, 5.0];
/// Two typing mistakes away.
pub(crate) const FAR: Scores = [0.0, 0.2, 0.3, 0.4, 0.7, 0.9, 2.0, 2.5];

/// The same score wherever it stands.
pub(crate) const fn flat(score: Score) -> Scores {
    [score; 8]
}

/// A set of words of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    /// This one.
    Exact(String),
    /// All that begin so.
    Prefix(String),
    /// All within this many typing mistakes (1 or 2).
    Near(String, u8),
    /// All that begin so and end with a separator and one of these tokens.
    Held(String, Tokens),
}

/// Documents that have one of the picked words in a field; the best tier scores.
#[derive(Clone)]
pub(crate) struct Spread {
    pub field: Field,
    pub picks: Arc<[Pick]>,
    pub scores: Scores,
}

impl Spread {
    pub(crate) fn boxed(field: Field, picks: Vec<Pick>, scores: Scores) -> Box<dyn Query> {
        Box::new(Self { field, picks: picks.into(), scores })
    }
}

/// A [`Spread`] with what is needed once for all segments.
struct SpreadWeight {
    spread: Spread,
    /// For each pick the automaton of similar words, if it asks for them.
    automata: Vec<Option<DfaWrapper>>,
}

impl SpreadWeight {
    fn new(spread: &Spread) -> tantivy::Result<Self> {
        let automaton = |pick: &Pick| match pick {
            Pick::Near(word, distance) => {
                let term = Term::from_field_text(spread.field, word);
                FuzzyTermQuery::new(term, *distance, true).automaton().map(Some)
            }
            _ => Ok(None),
        };
        let automata = spread.picks.iter().map(automaton).collect::<tantivy::Result<_>>()?;
        Ok(Self { spread: spread.clone(), automata })
    }

    fn terms(&self, index: &InvertedIndexReader) -> tantivy::Result<Vec<TermInfo>> {
        let mut found = Vec::new();
        if index.terms().num_terms() == 0 {
            return Ok(found);
        }
        for (pick, automaton) in self.spread.picks.iter().zip(&self.automata) {
            match (pick, automaton) {
                (Pick::Exact(word), _) => found.extend(index.terms().get(word)?),
                (Pick::Prefix(word), _) => prefixed(index, word, |_| true, &mut found)?,
                (Pick::Held(word, tokens), _) => held(index, word, tokens, &mut found)?,
                (Pick::Near(..), Some(automaton)) => similar(index, automaton, &mut found)?,
                (Pick::Near(..), None) => {}
            }
        }
        Ok(found)
    }
}

fn similar(index: &InvertedIndexReader, automaton: &DfaWrapper, found: &mut Vec<TermInfo>) -> tantivy::Result<()> {
    let mut stream = index.terms().search(automaton).into_stream()?;
    while stream.advance() {
        found.push(stream.value().clone());
    }
    Ok(())
}

fn prefixed(
    index: &InvertedIndexReader,
    word: &str,
    mut wanted: impl FnMut(&[u8]) -> bool,
    found: &mut Vec<TermInfo>,
) -> tantivy::Result<()> {
    let mut stream = index.terms().range().ge(word).into_stream()?;
    while stream.advance() && stream.key().starts_with(word.as_bytes()) {
        if wanted(stream.key()) {
            found.push(stream.value().clone());
        }
    }
    Ok(())
}

/// A whole word is looked up with each token of a caller who has few; otherwise all that begin so are looked through.
fn held(index: &InvertedIndexReader, start: &str, tokens: &Tokens, found: &mut Vec<TermInfo>) -> tantivy::Result<()> {
    if !start.as_bytes().ends_with(&[SEPARATOR]) || tokens.len() > LOOKED_UP {
        return prefixed(index, start, |key| is_held(key, tokens), found);
    }
    for token in tokens.iter() {
        found.extend(index.terms().get([start.as_bytes(), token.as_bytes()].concat())?);
    }
    Ok(())
}

/// Whether the token after the first separator is one of `tokens`. Words hold no separator, tokens may.
fn is_held(key: &[u8], tokens: &Tokens) -> bool {
    let token = key.iter().position(|&byte| byte == SEPARATOR).and_then(|at| key.get(at + 1..));
    token.is_some_and(|token| tokens.binary_search_by(|held| held.as_bytes().cmp(token)).is_ok())
}

impl fmt::Debug for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spread({:?})", self.picks)
    }
}

impl Query for Spread {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(SpreadWeight::new(self)?))
    }
}

impl Weight for SpreadWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let index = reader.inverted_index(self.spread.field)?;
        let terms = self.terms(&index)?;
        let scores = self.spread.scores.map(|score| score * boost);
        match terms.as_slice() {
            [] => Ok(Box::new(EmptyScorer)),
            [term] => {
                let postings = index.read_postings_from_terminfo(term, IndexRecordOption::WithFreqs)?;
                Ok(Box::new(OneTerm { postings, scores }))
            }
            many => Ok(Box::new(ManyTerms::read(&index, many, reader.max_doc(), scores)?)),
        }
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        explain(self.scorer(reader, 1.0)?, doc)
    }
}

/// The explanation that the library asks every query for: the bare score.
pub(crate) fn explain(mut scorer: Box<dyn Scorer>, doc: DocId) -> tantivy::Result<Explanation> {
    if scorer.doc() <= doc && scorer.seek(doc) == doc {
        return Ok(Explanation::new("word", scorer.score()));
    }
    Err(TantivyError::InvalidArgument("the document does not match".into()))
}

/// The score for a frequency, which is a tier (or more, for fields that score flat).
fn score_of(scores: &Scores, frequency: u32) -> Score {
    let tier = usize::try_from(frequency).unwrap_or(usize::MAX).min(scores.len() - 1);
    scores[tier]
}

struct OneTerm {
    postings: SegmentPostings,
    scores: Scores,
}

impl DocSet for OneTerm {
    fn advance(&mut self) -> DocId {
        self.postings.advance()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        self.postings.seek(target)
    }
    fn doc(&self) -> DocId {
        self.postings.doc()
    }
    fn size_hint(&self) -> u32 {
        self.postings.size_hint()
    }
}

impl Scorer for OneTerm {
    fn score(&mut self) -> Score {
        score_of(&self.scores, self.postings.term_freq())
    }
}

/// The union of many words, with the best tier of each document.
struct ManyTerms {
    docs: Vec<DocId>,
    tiers: Vec<u8>,
    at: usize,
    scores: Scores,
}

impl ManyTerms {
    fn read(index: &InvertedIndexReader, terms: &[TermInfo], max_doc: DocId, scores: Scores) -> tantivy::Result<Self> {
        let expected: usize = terms.iter().map(|term| term.doc_freq as usize).sum();
        // A dense union is gathered in one byte per document, a thin one in a list that is sorted.
        let pairs = if expected > max_doc as usize / 16 {
            Self::dense(index, terms, max_doc)?
        } else {
            Self::thin(index, terms, expected)?
        };
        let (docs, tiers) = pairs.into_iter().unzip();
        Ok(Self { docs, tiers, at: 0, scores })
    }

    fn dense(index: &InvertedIndexReader, terms: &[TermInfo], max_doc: DocId) -> tantivy::Result<Vec<(DocId, u8)>> {
        let mut best = vec![0u8; max_doc as usize];
        for term in terms {
            each_posting(index, term, |doc, tier| {
                if let Some(slot) = best.get_mut(doc as usize) {
                    *slot = tier.max(*slot);
                }
            })?;
        }
        Ok((0..).zip(best).filter(|&(_, tier)| tier > 0).collect())
    }

    fn thin(index: &InvertedIndexReader, terms: &[TermInfo], expected: usize) -> tantivy::Result<Vec<(DocId, u8)>> {
        let mut pairs = Vec::with_capacity(expected);
        for term in terms {
            each_posting(index, term, |doc, tier| pairs.push((doc, tier)))?;
        }
        // Of equal documents the last has the best tier; keep that one.
        pairs.sort_unstable();
        pairs.reverse();
        pairs.dedup_by_key(|pair| pair.0);
        pairs.reverse();
        Ok(pairs)
    }
}

fn each_posting(index: &InvertedIndexReader, term: &TermInfo, mut each: impl FnMut(DocId, u8)) -> tantivy::Result<()> {
    let mut postings = index.read_postings_from_terminfo(term, IndexRecordOption::WithFreqs)?;
    while postings.doc() != TERMINATED {
        each(postings.doc(), u8::try_from(postings.term_freq()).unwrap_or(u8::MAX));
        postings.advance();
    }
    Ok(())
}

impl DocSet for ManyTerms {
    fn advance(&mut self) -> DocId {
        self.at = (self.at + 1).min(self.docs.len());
        self.doc()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        let ahead = self.docs.get(self.at..).unwrap_or_default();
        self.at += ahead.partition_point(|&doc| doc < target);
        self.doc()
    }
    fn doc(&self) -> DocId {
        self.docs.get(self.at).copied().unwrap_or(TERMINATED)
    }
    fn size_hint(&self) -> u32 {
        u32::try_from(self.docs.len()).unwrap_or(u32::MAX)
    }
}

impl Scorer for ManyTerms {
    fn score(&mut self) -> Score {
        score_of(&self.scores, self.tiers.get(self.at).copied().unwrap_or(0).into())
    }
}
