//! The fields of the index and how a document fills them.

use crate::analyse::{Analysis, analyse};
use crate::document::Document;
use crate::error::{Result, SearchError};
use crate::query::Facet;
use crate::words::{Stemmer, fold, normal_form};
use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};

/// Raised when words are made differently, so that an index written before is rebuilt.
pub(crate) const ANALYSIS: u32 = 1;
/// Bit of the column `state`: a mark that a document was removed, kept so that no older change brings it back.
pub(crate) const REMOVED: u64 = 1;
/// The kind of such marks. No caller can ask for it: kinds of documents never hold the character.
pub(crate) const REMOVED_KIND: &str = "\u{1f}removed";

/// Names of the columns that searches read.
pub(crate) mod column {
    pub(crate) const CHANGE: &str = "change";
    pub(crate) const STATE: &str = "state";
    pub(crate) const UPDATED: &str = "updated";
    pub(crate) const TIE: &str = "tie";
    pub(crate) const ORDER: &str = "order";
    pub(crate) const TITLE: &str = "title_order";
}

/// The fields, by what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub schema: Schema,
    /// The key, whole.
    pub key: Field,
    /// The document as JSON.
    pub stored: Field,
    /// Every listed word; its frequency is the best [`crate::spread::Tier`] it stands in.
    pub words: Field,
    /// The same for stems.
    pub stems: Field,
    /// All listed words in order, for phrases.
    pub text: Field,
    /// Words marked with their [`crate::parse::Scope`], in order.
    pub scoped: Field,
    /// Words of unlisted texts, marked with the token that opens them, in order.
    pub unlisted: Field,
    /// Whole titles and names in normal form.
    pub exact: Field,
    /// Visibility tokens.
    pub visible: Field,
    change: Field,
    state: Field,
    updated: Field,
    tie: Field,
    order: Field,
    title: Field,
    facets: [Field; 8],
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut builder = Schema::builder();
        let b = &mut builder;
        let raw_fast = STRING.set_fast("raw");
        Self {
            key: b.add_text_field("key", STRING),
            stored: b.add_text_field("stored", STORED),
            words: words_field(b, "words", IndexRecordOption::WithFreqs),
            stems: words_field(b, "stems", IndexRecordOption::WithFreqs),
            text: words_field(b, "text", IndexRecordOption::WithFreqsAndPositions),
            scoped: words_field(b, "scoped", IndexRecordOption::WithFreqsAndPositions),
            unlisted: words_field(b, "unlisted", IndexRecordOption::WithFreqsAndPositions),
            exact: b.add_text_field("exact", STRING),
            visible: b.add_text_field("visible", STRING),
            change: b.add_i64_field(column::CHANGE, FAST | INDEXED),
            state: b.add_u64_field(column::STATE, FAST),
            updated: b.add_i64_field(column::UPDATED, FAST),
            tie: b.add_i64_field(column::TIE, FAST),
            order: b.add_u64_field(column::ORDER, FAST),
            title: b.add_text_field(column::TITLE, TextOptions::default().set_fast("raw")),
            facets: Facet::ALL.map(|facet| b.add_text_field(facet_column(facet), raw_fast.clone())),
            schema: builder.build(),
        }
    }

    /// The field of a facet.
    pub(crate) fn facet(&self, facet: Facet) -> Field {
        self.facets[facet as usize]
    }

    /// The field of change numbers.
    pub(crate) fn change(&self) -> Field {
        self.change
    }

    /// The document as the index library wants it.
    pub(crate) fn document(&self, document: &Document, stemmer: &mut Stemmer) -> Result<TantivyDocument> {
        let stored = serde_json::to_string(document).map_err(|e| SearchError::Failed(e.to_string()))?;
        let mut filled = self.identity(&document.key, document.change, 0);
        filled.add_text(self.stored, stored);
        self.add_words(analyse(document, stemmer), &mut filled);
        for text in [&document.title, &document.name] {
            filled.add_text(self.exact, capped(&normal_form(text)));
        }
        for token in &document.visible_to {
            filled.add_text(self.visible, capped(token));
        }
        filled.add_i64(self.updated, document.updated_at);
        filled.add_i64(self.tie, tie(document));
        filled.add_text(self.title, fold_title(&document.title));
        for facet in Facet::ALL {
            for value in facet_values(document, facet) {
                filled.add_text(self.facet(facet), capped(value));
            }
        }
        Ok(filled)
    }

    /// A mark that the document was removed by change number `change`.
    pub(crate) fn removed(&self, key: &str, change: i64) -> TantivyDocument {
        let mut filled = self.identity(key, change, REMOVED);
        filled.add_text(self.facet(Facet::Kind), REMOVED_KIND);
        filled
    }

    fn identity(&self, key: &str, change: i64, state: u64) -> TantivyDocument {
        let mut filled = TantivyDocument::default();
        filled.add_text(self.key, key);
        filled.add_i64(self.change, change);
        filled.add_u64(self.state, state);
        filled.add_u64(self.order, order_of(key));
        filled
    }

    fn add_words(&self, analysis: Analysis, filled: &mut TantivyDocument) {
        filled.add_pre_tokenized_text(self.words, analysis.words);
        filled.add_pre_tokenized_text(self.stems, analysis.stems);
        filled.add_pre_tokenized_text(self.text, analysis.text);
        filled.add_pre_tokenized_text(self.scoped, analysis.scoped);
        filled.add_pre_tokenized_text(self.unlisted, analysis.unlisted);
    }
}

fn words_field(builder: &mut SchemaBuilder, name: &str, option: IndexRecordOption) -> Field {
    let indexing = TextFieldIndexing::default().set_tokenizer("raw").set_index_option(option);
    builder.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

/// The name of a facet's column.
pub(crate) fn facet_column(facet: Facet) -> &'static str {
    match facet {
        Facet::Kind => "kind",
        Facet::Domain => "domain",
        Facet::Project => "project",
        Facet::AssetType => "asset_type",
        Facet::Tag => "tag",
        Facet::Term => "term",
        Facet::Source => "source",
        Facet::Status => "status",
    }
}

fn facet_values(document: &Document, facet: Facet) -> Vec<&str> {
    let facets = &document.facets;
    let values: Vec<&str> = match facet {
        Facet::Kind => vec![&document.kind],
        Facet::Domain => facets.domains.iter().map(String::as_str).collect(),
        Facet::Project => facets.project.as_deref().into_iter().collect(),
        Facet::AssetType => facets.asset_type.as_deref().into_iter().collect(),
        Facet::Tag => facets.tags.iter().map(String::as_str).collect(),
        Facet::Term => facets.terms.iter().map(String::as_str).collect(),
        Facet::Source => facets.source.as_deref().into_iter().collect(),
        Facet::Status => statuses(document),
    };
    distinct(values)
}

fn statuses(document: &Document) -> Vec<&'static str> {
    let all = [
        (document.published_at.is_some(), "published"),
        (document.certified, "certified"),
        (document.deprecated, "deprecated"),
    ];
    all.into_iter().filter_map(|(on, name)| on.then_some(name)).collect()
}

/// A value named twice by one document counts once.
fn distinct(mut values: Vec<&str>) -> Vec<&str> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Decides among documents that match equally well: short titles, certified and not deprecated first.
fn tie(document: &Document) -> i64 {
    let words = i64::try_from(normal_form(&document.title).split(' ').count().min(50)).unwrap_or(50);
    400 - 4 * words + if document.certified { 150 } else { 0 } - if document.deprecated { 200 } else { 0 }
}

/// The order among equals: a number made of the key alone, so that it survives a rebuild (FNV-1a).
fn order_of(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn fold_title(title: &str) -> String {
    let words: Vec<String> = title.split_whitespace().take(40).map(fold).collect();
    capped(&words.join(" ")).to_owned()
}

/// Terms have a limit of 64 KB in the index; values that long are cut, for documents and filters alike.
pub(crate) fn capped(value: &str) -> &str {
    let mut end = value.len().min(8_192);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}
