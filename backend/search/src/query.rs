//! What is asked of the index, and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Longer texts of users are cut to this many characters.
pub const MAX_QUERY_CHARS: usize = 1_000;
/// Words and phrases of a text beyond this number are ignored.
pub const MAX_CLAUSES: usize = 32;
/// The most hits of one page.
pub const MAX_LIMIT: usize = 200;
/// The farthest that one can page.
pub const MAX_OFFSET: usize = 10_000;

/// A search on behalf of a caller who holds the tokens `visible`.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What a person typed: words, `"phrases"`, `-without`, `tag:x`, `column:x`, `project:x`, `term:x`, `owner:x`,
    /// `title:x`, `name:x`, `domain:x`. All must match. Without a single word everything visible matches.
    pub text: String,
    /// Narrowing by facets. Values of one facet are alternatives; different facets must all match.
    pub filters: Vec<FacetFilter>,
    /// The order of the hits.
    pub sort: Sort,
    /// How many hits to leave out; at most [`MAX_OFFSET`].
    pub offset: usize,
    /// How many hits to give; at most [`MAX_LIMIT`].
    pub limit: usize,
    /// The visibility tokens of the caller. Empty: nothing is found.
    pub visible: Vec<String>,
    /// The facets to count.
    pub facets: Vec<Facet>,
    /// The most values to give for each facet.
    pub facet_values: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            text: String::new(),
            filters: Vec::new(),
            sort: Sort::Relevance,
            offset: 0,
            limit: 50,
            visible: Vec::new(),
            facets: Vec::new(),
            facet_values: 50,
        }
    }
}

/// The order of hits. Equals stand in an order that stays the same when the index is rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Best match first.
    #[default]
    Relevance,
    /// Latest change first.
    Newest,
    /// By title, A to Z, case and accents aside.
    Title,
}

/// What hits can be narrowed by and counted over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facet {
    /// `asset`, `term`, `project`.
    Kind,
    /// Domain ids, parents included.
    Domain,
    /// Project id.
    Project,
    /// Type of the asset.
    AssetType,
    /// Tag.
    Tag,
    /// Glossary term id.
    Term,
    /// Where the data came from.
    Source,
    /// `published`, `certified`, `deprecated`.
    Status,
}

impl Facet {
    /// Every facet.
    pub const ALL: [Self; 8] =
        [Self::Kind, Self::Domain, Self::Project, Self::AssetType, Self::Tag, Self::Term, Self::Source, Self::Status];
}

/// Only hits that have one of `values`. A filter without values narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetFilter {
    /// Which facet.
    pub facet: Facet,
    /// The alternatives.
    pub values: Vec<String>,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How many documents match, exactly.
    pub total: u64,
    /// The page of hits.
    pub hits: Vec<Hit>,
    /// Counts for each facet asked for, in the order asked. A facet is counted as if it were not itself filtered.
    pub facets: Vec<FacetCounts>,
    /// Few documents matched as typed, so that similar words were taken too (they rank after exact ones).
    pub similar: bool,
    /// How long it took.
    pub took: Duration,
}

/// A document that matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The document's key.
    pub key: String,
    /// The document's kind.
    pub kind: String,
    /// What the document brought along.
    pub payload: Value,
    /// Where the words were found; only fields with a match.
    pub highlights: Vec<Highlight>,
}

/// A part of a document that can show a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HitField {
    /// The title.
    Title,
    /// The technical name.
    Name,
    /// A column.
    Column,
    /// The description.
    Description,
    /// A tag.
    Tag,
    /// A glossary term.
    Term,
    /// An owner.
    Owner,
    /// The project.
    Project,
    /// A domain.
    Domain,
}

/// A piece of text with the matched words marked. Plain text, not HTML: escape it when showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Highlight {
    /// Where the text stands.
    pub field: HitField,
    /// The whole value, or a fragment of a long one (with an ellipsis where it was cut).
    pub text: String,
    /// Byte ranges of the matched words within `text`: start and end, in order, not overlapping.
    pub marks: Vec<(usize, usize)>,
}

impl Highlight {
    /// The text in pieces, each with whether it is marked.
    pub fn pieces(&self) -> Vec<(&str, bool)> {
        let mut pieces = Vec::with_capacity(self.marks.len() * 2 + 1);
        let mut at = 0;
        for &(start, end) in &self.marks {
            pieces.push((self.text.get(at..start).unwrap_or_default(), false));
            pieces.push((self.text.get(start..end).unwrap_or_default(), true));
            at = end;
        }
        pieces.push((self.text.get(at..).unwrap_or_default(), false));
        pieces.retain(|(text, _)| !text.is_empty());
        pieces
    }
}

/// How many hits have which values of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCounts {
    /// Which facet.
    pub facet: Facet,
    /// The values with the most hits, then by name.
    pub values: Vec<FacetValue>,
    /// How many further values have hits but are left out.
    pub left_out: u64,
}

/// A value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// The value as the documents have it.
    pub value: String,
    /// How many hits have it.
    pub count: u64,
}

/// Something a person may be about to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// A title, technical name or column name, with the typed words marked.
    pub text: Highlight,
    /// The document it comes from.
    pub key: String,
    /// The document's kind.
    pub kind: String,
}
