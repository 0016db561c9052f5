//! What is put into the index.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that can be found: an asset, a glossary term, a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    /// Identifies the document for ever, prefixed with its kind: `asset:0190...`.
    pub key: String,
    /// The number of the change that this document shows. A lower number never overwrites a higher one.
    pub change: i64,
    /// What it is: `asset`, `term`, `project`. Also a facet.
    pub kind: String,
    /// The name for people.
    pub title: String,
    /// The technical name.
    pub name: String,
    /// Plain text of the description.
    pub description: String,
    /// Names of columns that everyone who finds the document may know.
    pub columns: Vec<String>,
    /// Names of columns that only holders of certain tokens may know.
    pub unlisted_columns: Vec<UnlistedText>,
    /// Names of the glossary terms, for the full text.
    pub term_names: Vec<String>,
    /// Names of owners.
    pub owners: Vec<String>,
    /// Name of the project, found by `project:name`.
    pub project_name: String,
    /// Names of the domain and of those above it.
    pub domain_names: Vec<String>,
    /// The values that searches are narrowed by.
    pub facets: Facets,
    /// When it last changed, microseconds since 1970 UTC.
    pub updated_at: i64,
    /// When it was published, microseconds since 1970 UTC; `None` while it is not.
    pub published_at: Option<i64>,
    /// Marked as trustworthy by a steward: ranks a little higher among equals.
    pub certified: bool,
    /// On its way out: ranks a little lower among equals.
    pub deprecated: bool,
    /// Who may find it: a caller who holds one of these tokens. Empty: nobody.
    pub visible_to: Vec<String>,
    /// What the caller of a search needs to show a hit; given back as it is.
    pub payload: Value,
}

/// The values of a document that searches are narrowed by. Ids or names: what the caller filters with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facets {
    /// Ids of the domain and of every domain above it, so that a parent counts its children.
    pub domains: Vec<String>,
    /// Id of the owning project.
    pub project: Option<String>,
    /// Type of the asset: `table`, `file set`.
    pub asset_type: Option<String>,
    /// Tags, also found as words and by `tag:x`.
    pub tags: Vec<String>,
    /// Ids of the glossary terms.
    pub terms: Vec<String>,
    /// Where the data came from.
    pub source: Option<String>,
}

/// A text that only holders of one of `tokens` can find or see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlistedText {
    /// The text, such as the name of a column.
    pub text: String,
    /// Visibility tokens; one of them is enough. Empty: nobody.
    pub tokens: Vec<String>,
}

/// One numbered change of what can be found.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The document is now this.
    Upsert(Box<Document>),
    /// The document is gone since the change with this number.
    Remove {
        /// Which document.
        key: String,
        /// The number of the change that removed it.
        change: i64,
    },
}

impl Change {
    /// The key of the document that changes.
    pub fn key(&self) -> &str {
        match self {
            Self::Upsert(document) => &document.key,
            Self::Remove { key, .. } => key,
        }
    }

    /// The number of the change.
    pub fn number(&self) -> i64 {
        match self {
            Self::Upsert(document) => document.change,
            Self::Remove { change, .. } => *change,
        }
    }
}
