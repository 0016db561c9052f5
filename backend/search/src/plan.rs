//! From what was typed to a query of the index.

use crate::analyse::{unlisted_mark, unlisted_stem, unlisted_word};
use crate::best::Best;
use crate::parse::{Clause, MIN_PREFIX_CHARS, Scope, Want, parse};
use crate::query::{Facet, FacetFilter};
use crate::schema::{Fields, capped};
use crate::spread::{EXACT, FAR, NEAR, PREFIX, Pick, STEM, Spread, flat};
use crate::visible::{Tokens, VisibleCache, VisibleQuery};
use crate::words::{Stemmer, tolerance};
use std::collections::BTreeMap;
use std::sync::Arc;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Term};

/// A title or name that equals the whole text.
const WHOLE_SCORE: f32 = 1_000.0;
/// The words stand next to each other in the title.
const TITLE_PHRASE_SCORE: f32 = 30.0;
/// A phrase asked for in quotes.
const PHRASE_SCORE: f32 = 50.0;
/// A word asked for in one part of the document.
const SCOPED_SCORE: f32 = 60.0;
/// An unlisted column: as much as a listed one.
const UNLISTED_SCORE: f32 = 40.0;

type Boxed = Box<dyn Query>;

/// What a caller asks for, read once and used for hits, counts and highlights.
pub(crate) struct Plan {
    /// What was typed.
    pub clauses: Vec<Clause>,
    /// For each clause the stems of its words.
    pub stems: Vec<Vec<String>>,
    /// What the caller may see.
    pub tokens: Tokens,
}

/// How the query treats what was typed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Whether misspelt words match too.
    pub similar: bool,
    /// Whether hits are ranked.
    pub ranked: bool,
}

impl Plan {
    pub(crate) fn new(text: &str, visible: &[String]) -> Self {
        let mut stemmer = Stemmer::new();
        let clauses = parse(text);
        let stems =
            clauses.iter().map(|clause| clause.want.parts().iter().map(|word| stemmer.stem(word)).collect()).collect();
        Self { clauses, stems, tokens: tokens(visible) }
    }

    /// Whether a word is long enough to be misspelt.
    pub(crate) fn can_be_similar(&self) -> bool {
        let typed =
            |clause: &&Clause| !clause.negated && clause.scope.is_none() && matches!(clause.want, Want::Word { .. });
        self.clauses.iter().filter(typed).flat_map(|clause| clause.want.parts()).any(|word| tolerance(word) > 0)
    }

    /// The query for everything visible that matches the text and the filters, except the filter of `without`.
    pub(crate) fn query(
        &self,
        index: (&Fields, &Arc<VisibleCache>),
        filters: &[FacetFilter],
        without: Option<Facet>,
        manner: Manner,
    ) -> Boxed {
        let (fields, cache) = index;
        let visible = VisibleQuery { field: fields.visible, tokens: self.tokens.clone(), cache: cache.clone() };
        let mut all: Vec<(Occur, Boxed)> = vec![(Occur::Must, Box::new(visible))];
        all.extend(filter_queries(fields, filters, without).map(|query| (Occur::Must, query)));
        for (clause, stems) in self.clauses.iter().zip(&self.stems) {
            let occur = if clause.negated { Occur::MustNot } else { Occur::Must };
            let similar = manner.similar && !clause.negated;
            let maker = Maker { fields, tokens: &self.tokens, scope: clause.scope, similar, negated: clause.negated };
            all.push((occur, maker.clause(&clause.want, stems)));
        }
        if manner.ranked {
            all.extend(self.bonuses(fields).into_iter().map(|query| (Occur::Should, query)));
        }
        Box::new(BooleanQuery::new(all))
    }

    /// Clauses that only rank: the whole title, and the words next to each other in it.
    fn bonuses(&self, fields: &Fields) -> Vec<Boxed> {
        let plain = self.clauses.iter().filter(|clause| !clause.negated && clause.scope.is_none());
        let words: Vec<&str> = plain.flat_map(|clause| clause.want.parts()).map(String::as_str).collect();
        let mut bonuses = Vec::new();
        if !words.is_empty() {
            bonuses.push(scored(term(fields.exact, capped(&words.join(" "))), WHOLE_SCORE));
        }
        if words.len() > 1 {
            let marks = words.iter().map(|word| Scope::Title.mark(word)).collect();
            bonuses.push(scored(phrase(fields.scoped, marks), TITLE_PHRASE_SCORE));
        }
        bonuses
    }
}

/// The caller's tokens in the form that the index compares.
pub(crate) fn tokens(visible: &[String]) -> Tokens {
    let mut tokens: Vec<String> = visible.iter().map(|token| capped(token).to_owned()).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens.into()
}

fn filter_queries(
    fields: &Fields,
    filters: &[FacetFilter],
    without: Option<Facet>,
) -> impl Iterator<Item = Boxed> + use<> {
    let mut by_facet: BTreeMap<Facet, Vec<Pick>> = BTreeMap::new();
    for filter in filters.iter().filter(|filter| Some(filter.facet) != without && !filter.values.is_empty()) {
        let picks = filter.values.iter().map(|value| Pick::Exact(capped(value).to_owned()));
        by_facet.entry(filter.facet).or_default().extend(picks);
    }
    let queries: Vec<Boxed> =
        by_facet.into_iter().map(|(facet, picks)| Spread::boxed(fields.facet(facet), picks, flat(0.0))).collect();
    queries.into_iter()
}

fn term(field: Field, word: &str) -> Boxed {
    Box::new(TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::Basic))
}

fn phrase(field: Field, words: Vec<String>) -> Boxed {
    match words.as_slice() {
        [word] => term(field, word),
        words => Box::new(PhraseQuery::new(words.iter().map(|word| Term::from_field_text(field, word)).collect())),
    }
}

fn scored(query: Boxed, score: f32) -> Boxed {
    Box::new(ConstScoreQuery::new(query, score))
}

fn any(mut queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        1 => queries.remove(0),
        _ => Box::new(Best(queries)),
    }
}

fn all(mut queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        1 => queries.remove(0),
        _ => Box::new(BooleanQuery::intersection(queries)),
    }
}

/// Makes the query of one clause.
struct Maker<'a> {
    fields: &'a Fields,
    tokens: &'a Tokens,
    scope: Option<Scope>,
    similar: bool,
    negated: bool,
}

impl Maker<'_> {
    fn clause(&self, want: &Want, stems: &[String]) -> Boxed {
        match want {
            Want::Phrase(words) => self.phrase(words),
            Want::Word { whole, parts, prefix } => {
                let last = parts.len().saturating_sub(1);
                let each = parts.iter().zip(stems).enumerate();
                let each = each.map(|(i, (word, stem))| self.word(word, stem, *prefix && i == last)).collect();
                match whole {
                    Some(whole) => any(vec![self.word(whole, whole, *prefix), all(each)]),
                    None => all(each),
                }
            }
        }
    }

    fn word(&self, word: &str, stem: &str, prefix: bool) -> Boxed {
        let prefix = prefix && word.chars().count() >= MIN_PREFIX_CHARS;
        match self.scope {
            Some(scope) => self.scoped_word(scope, word, prefix),
            None => self.plain_word(word, stem, prefix),
        }
    }

    fn plain_word(&self, word: &str, stem: &str, prefix: bool) -> Boxed {
        let words = self.fields.words;
        let mut ways = vec![Spread::boxed(words, vec![Pick::Exact(word.to_owned())], EXACT)];
        // What is excluded is excluded literally: `-sale` leaves "sales" in.
        if !self.negated {
            ways.push(Spread::boxed(self.fields.stems, vec![Pick::Exact(stem.to_owned())], STEM));
        }
        if prefix {
            ways.push(Spread::boxed(words, vec![Pick::Prefix(word.to_owned())], PREFIX));
        }
        if self.similar {
            ways.extend(self.similar_words(word));
        }
        ways.extend(self.unlisted_word(word, Some(stem).filter(|_| !self.negated), prefix));
        any(ways)
    }

    fn similar_words(&self, word: &str) -> Vec<Boxed> {
        let near =
            |distance, scores| Spread::boxed(self.fields.words, vec![Pick::Near(word.to_owned(), distance)], scores);
        match tolerance(word) {
            0 => Vec::new(),
            1 => vec![near(1, NEAR)],
            _ => vec![near(1, NEAR), near(2, FAR)],
        }
    }

    fn scoped_word(&self, scope: Scope, word: &str, prefix: bool) -> Boxed {
        let mark = scope.mark(word);
        let mut picks = vec![Pick::Exact(mark.clone())];
        picks.extend(prefix.then_some(Pick::Prefix(mark)));
        let mut ways = vec![Spread::boxed(self.fields.scoped, picks, flat(SCOPED_SCORE))];
        if scope == Scope::Column {
            ways.extend(self.unlisted_word(word, None, prefix));
        }
        any(ways)
    }

    /// Unlisted texts are found by exact word, stem and prefix; never by similarity, which could stray to another
    /// token's words.
    fn unlisted_word(&self, word: &str, stem: Option<&str>, prefix: bool) -> Option<Boxed> {
        if self.tokens.is_empty() {
            return None;
        }
        let mut starts = vec![if prefix { word.to_owned() } else { unlisted_word(word) }];
        starts.extend(stem.map(unlisted_stem));
        let picks = starts.into_iter().map(|start| Pick::Held(start, self.tokens.clone())).collect();
        Some(Spread::boxed(self.fields.unlisted, picks, flat(UNLISTED_SCORE)))
    }

    fn phrase(&self, words: &[String]) -> Boxed {
        let listed = match self.scope {
            Some(scope) => phrase(self.fields.scoped, words.iter().map(|word| scope.mark(word)).collect()),
            None => phrase(self.fields.text, words.to_vec()),
        };
        let mut ways = vec![scored(listed, PHRASE_SCORE)];
        if self.scope.is_none_or(|scope| scope == Scope::Column) {
            let unlisted = self.tokens.iter().map(|token| {
                phrase(self.fields.unlisted, words.iter().map(|word| unlisted_mark(word, token)).collect())
            });
            ways.extend(unlisted.map(|query| scored(query, UNLISTED_SCORE)));
        }
        any(ways)
    }
}

/// The query of suggestions: every word somewhere in the title, the name or a column, the last one as a beginning.
pub(crate) fn suggestion_query(fields: &Fields, cache: &Arc<VisibleCache>, words: &[String], tokens: &Tokens) -> Boxed {
    let visible = VisibleQuery { field: fields.visible, tokens: tokens.clone(), cache: cache.clone() };
    let mut every: Vec<(Occur, Boxed)> = vec![(Occur::Must, Box::new(visible))];
    for (i, word) in words.iter().enumerate() {
        let pick = |mark: String| if i + 1 == words.len() { Pick::Prefix(mark) } else { Pick::Exact(mark) };
        let scoped = |scope: Scope, score| Spread::boxed(fields.scoped, vec![pick(scope.mark(word))], flat(score));
        let mut ways = vec![scoped(Scope::Title, 100.0), scoped(Scope::Name, 95.0), scoped(Scope::Column, 40.0)];
        let start = if i + 1 == words.len() { word.clone() } else { unlisted_word(word) };
        ways.push(Spread::boxed(fields.unlisted, vec![Pick::Held(start, tokens.clone())], flat(UNLISTED_SCORE)));
        every.push((Occur::Must, any(ways)));
    }
    Box::new(BooleanQuery::new(every))
}
