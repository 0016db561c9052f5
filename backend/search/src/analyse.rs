//! The words of a document, ready for the index.

use crate::document::{Document, UnlistedText};
use crate::parse::Scope;
use crate::schema::capped;
use crate::spread::Tier;
use crate::words::{Piece, Stemmer, pieces};
use std::collections::{BTreeMap, BTreeSet};
use tantivy::tokenizer::{PreTokenizedString, Token};

/// Distance between the positions of two texts, so that no phrase spans both.
const GAP: usize = 100;
/// Longer descriptions are searched in their first characters only.
const MAX_DESCRIPTION_CHARS: usize = 100_000;

/// The words of a document, by field.
pub(crate) struct Analysis {
    pub words: PreTokenizedString,
    pub stems: PreTokenizedString,
    pub text: PreTokenizedString,
    pub scoped: PreTokenizedString,
    pub unlisted: PreTokenizedString,
}

/// A word of an unlisted text as it stands in the index: found only by who holds the token.
pub(crate) fn unlisted_mark(word: &str, token: &str) -> String {
    format!("{}{token}", unlisted_word(word))
}

/// What the marks of a word begin with, whatever the token.
pub(crate) fn unlisted_word(word: &str) -> String {
    format!("{word}\u{1f}")
}

/// The same for a stem; the tilde, which is in no word, keeps it apart from words.
pub(crate) fn unlisted_stem(stem: &str) -> String {
    format!("~{stem}\u{1f}")
}

/// Splits a document into words.
pub(crate) fn analyse(document: &Document, stemmer: &mut Stemmer) -> Analysis {
    let mut collected = Collector { stemmer, best: BTreeMap::new(), text: Vec::new(), scoped: Vec::new(), position: 0 };
    for (scope, tier, text) in listed_texts(document) {
        collected.add(scope, tier, text);
    }
    let stems = collected.stems();
    let Collector { best, text, scoped, .. } = collected;
    Analysis {
        words: repeated(best),
        stems: repeated(stems),
        text: tokens(text),
        scoped: tokens(scoped),
        unlisted: tokens(unlisted(&document.unlisted_columns, stemmer)),
    }
}

fn listed_texts(document: &Document) -> Vec<(Option<Scope>, Tier, &str)> {
    let mut texts = vec![
        (Some(Scope::Title), Tier::Title, document.title.as_str()),
        (Some(Scope::Name), Tier::Name, document.name.as_str()),
        (Some(Scope::Project), Tier::Place, document.project_name.as_str()),
        (None, Tier::Description, first_chars(&document.description, MAX_DESCRIPTION_CHARS)),
    ];
    let lists = [
        (Scope::Column, Tier::Column, &document.columns),
        (Scope::Tag, Tier::Label, &document.facets.tags),
        (Scope::Term, Tier::Label, &document.term_names),
        (Scope::Owner, Tier::Owner, &document.owners),
        (Scope::Domain, Tier::Place, &document.domain_names),
    ];
    for (scope, tier, list) in lists {
        texts.extend(list.iter().map(|text| (Some(scope), tier, text.as_str())));
    }
    texts
}

fn first_chars(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

struct Collector<'a> {
    stemmer: &'a mut Stemmer,
    best: BTreeMap<String, Tier>,
    text: Vec<(usize, String)>,
    scoped: Vec<(usize, String)>,
    position: usize,
}

impl Collector<'_> {
    fn add(&mut self, scope: Option<Scope>, tier: Tier, text: &str) {
        for piece in pieces(text) {
            self.add_piece(scope, tier, &piece);
        }
        self.position += GAP;
    }

    fn add_piece(&mut self, scope: Option<Scope>, tier: Tier, piece: &Piece) {
        let parts = piece.parts.iter().map(|part| &part.text);
        for word in piece.whole.iter().chain(parts.clone()) {
            let best = self.best.entry(word.clone()).or_insert(tier);
            *best = tier.max(*best);
        }
        if let (Some(scope), Some(whole)) = (scope, &piece.whole) {
            self.scoped.push((self.position, scope.mark(whole)));
        }
        for word in parts {
            self.text.push((self.position, word.clone()));
            self.scoped.extend(scope.map(|scope| (self.position, scope.mark(word))));
            self.position += 1;
        }
    }

    fn stems(&mut self) -> BTreeMap<String, Tier> {
        let mut stems = BTreeMap::new();
        for (word, &tier) in &self.best {
            let best = stems.entry(self.stemmer.stem(word)).or_insert(tier);
            *best = tier.max(*best);
        }
        stems
    }
}

fn unlisted(texts: &[UnlistedText], stemmer: &mut Stemmer) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut base = 0;
    for text in texts {
        let words = pieces(&text.text);
        let tokens: BTreeSet<&str> = text.tokens.iter().map(|token| capped(token)).collect();
        for token in tokens {
            unlisted_words(token, &words, base, stemmer, &mut found);
        }
        base += GAP + words.iter().map(|piece| piece.parts.len()).sum::<usize>();
    }
    found
}

fn unlisted_words(token: &str, words: &[Piece], base: usize, stemmer: &mut Stemmer, found: &mut Vec<(usize, String)>) {
    let mut position = base;
    for piece in words {
        found.extend(piece.whole.iter().map(|whole| (position, unlisted_mark(whole, token))));
        for part in &piece.parts {
            found.push((position, unlisted_mark(&part.text, token)));
            found.push((position, unlisted_stem(&stemmer.stem(&part.text)) + token));
            position += 1;
        }
    }
}

/// Writes each word as often as its tier is high: the frequency is what ranks.
fn repeated(words: BTreeMap<String, Tier>) -> PreTokenizedString {
    let times = |(word, tier): (String, Tier)| std::iter::repeat_n(word, tier as usize);
    tokens(words.into_iter().flat_map(times).map(|word| (0, word)).collect())
}

fn tokens(words: Vec<(usize, String)>) -> PreTokenizedString {
    let token = |(position, text)| Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 };
    PreTokenizedString { text: String::new(), tokens: words.into_iter().map(token).collect() }
}
