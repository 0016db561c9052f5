//! Marks in a document what a query found there.

use crate::document::Document;
use crate::parse::{MIN_PREFIX_CHARS, Scope, Want};
use crate::plan::Plan;
use crate::query::{Highlight, HitField};
use crate::words::{Piece, Stemmer, is_similar, pieces, tolerance};

/// Longer texts are shown as a fragment of about this many bytes.
const FRAGMENT: usize = 240;
/// So much of the text stands before the first match.
const LEAD: usize = 60;
/// The most columns, tags and terms shown for one hit.
const MAX_HIGHLIGHTS: usize = 20;

/// Marks the words of a plan.
pub(crate) struct Marker<'a> {
    pub plan: &'a Plan,
    pub similar: bool,
    pub stemmer: Stemmer,
}

impl Marker<'_> {
    /// The fields of the document with a match. Unlisted texts appear for holders of their tokens alone.
    pub(crate) fn mark(&mut self, document: &Document) -> Vec<Highlight> {
        let mut found = Vec::new();
        for (field, text) in texts(document, &self.plan.tokens) {
            if found.len() == MAX_HIGHLIGHTS {
                break;
            }
            let marks = self.marks(text, field);
            if !marks.is_empty() {
                found.push(fragment(field, text, marks));
            }
        }
        found
    }

    fn marks(&mut self, text: &str, field: HitField) -> Vec<(usize, usize)> {
        let mut marks: Vec<(usize, usize)> = Vec::new();
        for piece in pieces(text) {
            self.mark_piece(&piece, field, &mut marks);
        }
        merged(marks)
    }

    fn mark_piece(&mut self, piece: &Piece, field: HitField, marks: &mut Vec<(usize, usize)>) {
        let whole = piece.whole.iter().map(|whole| (whole.as_str(), &piece.range));
        let parts = piece.parts.iter().map(|part| (part.text.as_str(), &part.range));
        for (word, range) in whole.chain(parts) {
            if self.matches(word, field) {
                marks.push((range.start, range.end));
            }
        }
    }

    fn matches(&mut self, word: &str, field: HitField) -> bool {
        let mut own_stem = None;
        for (clause, stems) in self.plan.clauses.iter().zip(&self.plan.stems) {
            if clause.negated || clause.scope.is_some_and(|scope| field_of(scope) != field) {
                continue;
            }
            let found = match &clause.want {
                Want::Phrase(words) => words.iter().any(|typed| typed == word),
                Want::Word { whole, parts, prefix } => {
                    let last = parts.last().filter(|_| *prefix);
                    parts.iter().chain(whole).any(|typed| typed == word)
                        || last.into_iter().chain(whole.iter().filter(|_| *prefix)).any(|typed| begins(word, typed))
                        || (clause.scope.is_none() && {
                            let own = own_stem.get_or_insert_with(|| self.stemmer.stem(word));
                            stems.contains(own) || (self.similar && parts.iter().chain(whole).any(|t| close(t, word)))
                        })
                }
            };
            if found {
                return true;
            }
        }
        false
    }
}

fn begins(word: &str, typed: &str) -> bool {
    typed.chars().count() >= MIN_PREFIX_CHARS && word.starts_with(typed)
}

fn close(typed: &str, word: &str) -> bool {
    is_similar(typed, word, tolerance(typed))
}

fn field_of(scope: Scope) -> HitField {
    match scope {
        Scope::Title => HitField::Title,
        Scope::Name => HitField::Name,
        Scope::Column => HitField::Column,
        Scope::Tag => HitField::Tag,
        Scope::Term => HitField::Term,
        Scope::Owner => HitField::Owner,
        Scope::Project => HitField::Project,
        Scope::Domain => HitField::Domain,
    }
}

fn texts<'a>(document: &'a Document, tokens: &[String]) -> Vec<(HitField, &'a str)> {
    let mut texts = vec![
        (HitField::Title, document.title.as_str()),
        (HitField::Name, &document.name),
        (HitField::Description, &document.description),
    ];
    let lists = [
        (HitField::Column, &document.columns),
        (HitField::Tag, &document.facets.tags),
        (HitField::Term, &document.term_names),
        (HitField::Owner, &document.owners),
        (HitField::Domain, &document.domain_names),
    ];
    for (field, list) in lists {
        texts.extend(list.iter().map(|text| (field, text.as_str())));
    }
    texts.extend(unlisted(document, tokens).map(|text| (HitField::Column, text)));
    texts.push((HitField::Project, &document.project_name));
    texts
}

/// The unlisted texts that one of the tokens opens.
pub(crate) fn unlisted<'a>(document: &'a Document, tokens: &[String]) -> impl Iterator<Item = &'a str> {
    let open = |token: &String| tokens.binary_search_by(|held| held.as_str().cmp(crate::schema::capped(token))).is_ok();
    document.unlisted_columns.iter().filter(move |text| text.tokens.iter().any(open)).map(|text| text.text.as_str())
}

fn merged(mut marks: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    marks.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(marks.len());
    for (start, end) in marks {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// The value with its marks, cut around the first one if it is long.
pub(crate) fn fragment(field: HitField, text: &str, marks: Vec<(usize, usize)>) -> Highlight {
    if text.len() <= FRAGMENT {
        return Highlight { field, text: text.to_owned(), marks };
    }
    let first = marks.first().map_or(0, |mark| mark.0);
    let from = if first <= LEAD { 0 } else { word_start(text, first - LEAD, first) };
    let to = boundary(text, from + FRAGMENT).max(marks.first().map_or(0, |mark| mark.1));
    let lead = if from > 0 { "…" } else { "" };
    let tail = if to < text.len() { "…" } else { "" };
    let inside = marks.into_iter().filter(|&(start, end)| start >= from && end <= to);
    let marks = inside.map(|(start, end)| (start - from + lead.len(), end - from + lead.len())).collect();
    Highlight { field, text: format!("{lead}{}{tail}", text.get(from..to).unwrap_or_default()), marks }
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The start of the first word at or after `from`, but not after `latest`.
fn word_start(text: &str, from: usize, latest: usize) -> usize {
    let from = boundary(text, from);
    let space = text.get(from..latest).and_then(|part| part.find(char::is_whitespace).map(|at| from + at));
    space.map_or(from, |at| at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8))
}
