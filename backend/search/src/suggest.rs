//! Suggestions while typing, from documents the caller may see.

use crate::document::Document;
use crate::error::{Result, guarded};
use crate::gather::Gather;
use crate::highlight::{fragment, unlisted};
use crate::index::Index;
use crate::plan::{suggestion_query, tokens};
use crate::query::{HitField, MAX_LIMIT, MAX_QUERY_CHARS, Sort, Suggestion};
use crate::search::stored;
use crate::visible::Tokens;
use crate::words::pieces;

/// So many typed words are looked at.
const MAX_WORDS: usize = 8;

impl Index {
    /// At most `n` titles, technical names and column names with the typed words, the last of which may be unfinished.
    /// Nothing for a text without words.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn suggest(&self, typed: &str, visible: &[String], n: usize) -> Result<Vec<Suggestion>> {
        guarded(|| {
            let words = typed_words(typed);
            let keep = n.min(MAX_LIMIT);
            if words.is_empty() || keep == 0 {
                return Ok(Vec::new());
            }
            self.suggestions(&words, &tokens(visible), keep)
        })
    }

    fn suggestions(&self, words: &[String], tokens: &Tokens, keep: usize) -> Result<Vec<Suggestion>> {
        let searcher = self.searcher();
        let (fields, cache) = self.parts();
        let query = suggestion_query(fields, cache, words, tokens);
        let found = searcher.search(&*query, &Gather { sort: Sort::Relevance, keep, facets: Vec::new() })?;
        let documents = found.top.iter().map(|&address| stored(self, &searcher, address));
        documents.map(|document| Ok(suggestion(&document?, words, tokens))).collect()
    }
}

fn typed_words(typed: &str) -> Vec<String> {
    let end = typed.char_indices().nth(MAX_QUERY_CHARS).map_or(typed.len(), |(at, _)| at);
    let typed = typed.get(..end).unwrap_or(typed);
    pieces(typed).into_iter().flat_map(|piece| piece.parts).map(|part| part.text).take(MAX_WORDS).collect()
}

/// The first text of the document that has all the words; its title if they are spread over several.
fn suggestion(document: &Document, words: &[String], tokens: &Tokens) -> Suggestion {
    let own = [(HitField::Title, document.title.as_str()), (HitField::Name, document.name.as_str())];
    let listed = document.columns.iter().map(|column| (HitField::Column, column.as_str()));
    let hidden = unlisted(document, tokens).map(|column| (HitField::Column, column));
    let (field, text, marks) = own
        .into_iter()
        .chain(listed)
        .chain(hidden)
        .find_map(|(field, text)| marks(text, words).map(|marks| (field, text, marks)))
        .unwrap_or((HitField::Title, document.title.as_str(), Vec::new()));
    Suggestion { text: fragment(field, text, marks), key: document.key.clone(), kind: document.kind.clone() }
}

/// Where the words stand, if all of them do.
fn marks(text: &str, words: &[String]) -> Option<Vec<(usize, usize)>> {
    let parts: Vec<_> = pieces(text).into_iter().flat_map(|piece| piece.parts).collect();
    let (last, complete) = words.split_last()?;
    let has = |typed: &String, part: &str| if typed == last { part.starts_with(typed.as_str()) } else { part == typed };
    let all = complete.iter().all(|typed| parts.iter().any(|part| part.text == *typed))
        && parts.iter().any(|part| part.text.starts_with(last.as_str()));
    let marked = parts.iter().filter(|part| words.iter().any(|typed| has(typed, &part.text)));
    all.then(|| marked.map(|part| (part.range.start, part.range.end)).collect())
}
