//! What a search finds.

use async_graphql::{InputObject, SimpleObject};
use lakegate_app::catalog::{labels::LabelledFacet, search};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    lists::Connection,
    scalars::{AssetStatus, Facet, HitField, Id, Long},
};

/// Only hits that have one of these values. Different facets must all match.
#[derive(Debug, Clone, InputObject)]
pub struct FacetFilter {
    pub facet: Facet,
    pub values: Vec<String>,
}

impl From<FacetFilter> for search::FacetFilter {
    fn from(filter: FacetFilter) -> Self {
        Self { facet: filter.facet.into(), values: filter.values }
    }
}

/// One page of hits, with counts over all of them.
#[derive(SimpleObject)]
#[graphql(name = "SearchConnection")]
pub struct SearchPage {
    #[graphql(flatten)]
    pub hits: Connection<SearchHit>,
    /// How many things match, exactly.
    pub total: Long,
    /// Few things matched as typed, so that similar words were taken too.
    pub similar: bool,
    /// Counts for each facet asked for. A facet is counted as if it were not itself filtered.
    pub facets: Vec<FacetCount>,
}

/// Something found.
#[derive(Debug, Clone, SimpleObject)]
pub struct SearchHit {
    /// `asset`, `term`, `project`.
    pub kind: String,
    pub id: Id,
    /// The business name, or else the technical one.
    pub title: String,
    /// The technical name.
    pub name: String,
    /// Of assets.
    pub status: Option<AssetStatus>,
    pub certified: bool,
    pub project_name: Option<String>,
    /// Names of domains, from the root of the tree.
    pub domain_path: Vec<String>,
    /// Where the words were found.
    pub highlights: Vec<Highlight>,
}

impl From<search::Hit> for SearchHit {
    fn from(hit: search::Hit) -> Self {
        let shown = |name: &str| hit.payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = shown("name").unwrap_or_default();
        let status = hit.payload.get("status").cloned();
        let status =
            status.and_then(|status| serde_json::from_value::<lakegate_model::words::AssetStatus>(status).ok());
        let domains = hit.payload.get("domain").and_then(Value::as_array);
        Self {
            id: id_of(&hit.key),
            title: shown("title").unwrap_or(name).to_owned(),
            name: name.to_owned(),
            status: status.map(Into::into),
            certified: hit.payload.get("certified").and_then(Value::as_bool).unwrap_or(false),
            project_name: shown("project").map(str::to_owned),
            domain_path: domains.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            highlights: hit.highlights.iter().map(Into::into).collect(),
            kind: hit.kind,
        }
    }
}

/// The id in a document's key, which is `kind:id`.
fn id_of(key: &str) -> Id {
    let id = key.split_once(':').and_then(|(_, id)| Uuid::parse_str(id).ok());
    Id(id.unwrap_or_default())
}

/// A piece of text with the matched words marked. Plain text, not HTML: escape it when showing.
#[derive(Debug, Clone, SimpleObject)]
pub struct Highlight {
    pub field: HitField,
    pub pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Debug, Clone, SimpleObject)]
pub struct Piece {
    pub text: String,
    /// Whether it matched.
    pub marked: bool,
}

impl From<&search::Highlight> for Highlight {
    fn from(highlight: &search::Highlight) -> Self {
        let pieces = highlight.pieces().into_iter();
        Self {
            field: highlight.field.into(),
            pieces: pieces.map(|(text, marked)| Piece { text: text.to_owned(), marked }).collect(),
        }
    }
}

/// A counted facet.
#[derive(Debug, Clone, SimpleObject)]
pub struct FacetCount {
    pub facet: Facet,
    pub values: Vec<FacetValue>,
    /// How many further values have hits but are left out.
    pub left_out: Long,
}

/// A value of a facet: what to filter with, and what to show.
#[derive(Debug, Clone, SimpleObject)]
pub struct FacetValue {
    pub value: String,
    pub label: String,
    pub count: Long,
}

impl From<LabelledFacet> for FacetCount {
    fn from(counts: LabelledFacet) -> Self {
        let values = counts.values.into_iter();
        let value = |value: lakegate_app::catalog::labels::LabelledValue| FacetValue {
            value: value.value,
            label: value.label,
            count: value.count.into(),
        };
        Self { facet: counts.facet.into(), values: values.map(value).collect(), left_out: counts.left_out.into() }
    }
}

/// Something the caller may be about to type.
#[derive(Debug, Clone, SimpleObject)]
pub struct Suggestion {
    /// `asset`, `term`, `project`.
    pub kind: String,
    pub id: Id,
    pub text: Highlight,
}

impl From<search::Suggestion> for Suggestion {
    fn from(suggestion: search::Suggestion) -> Self {
        Self { id: id_of(&suggestion.key), text: (&suggestion.text).into(), kind: suggestion.kind }
    }
}
