//! Search.

use axum::{Json as Answer, Router, extract::State, routing::get};
use lakegate_app::catalog::{
    labels::LabelledFacet,
    search::{self, Facet, FacetFilter, Highlight, Hit, HitField, Query as SearchQuery, Sort, Suggestion},
};
use lakegate_model::Fault;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use lakegate_http::{
    Refusal, Web,
    extract::{Known, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/search", get(search_catalog))
        .route("/api/v1/search/suggestions", get(suggest_in_catalog))
}

/// What is looked for. Each facet takes several values, separated by commas.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchParams {
    /// Words, `"phrases"`, `-without`, `tag:x`, `column:x`, …; empty finds everything.
    #[serde(default)]
    q: String,
    /// `relevance`, which is the default, `newest` or `title`.
    sort: Option<String>,
    /// Hits to leave out.
    #[serde(default)]
    offset: usize,
    /// Hits to give; 20 if absent.
    limit: Option<usize>,
    /// `asset`, `term`, `project`.
    kind: Option<String>,
    /// Domain ids.
    domain: Option<String>,
    /// Project ids.
    project: Option<String>,
    tag: Option<String>,
    /// Term ids.
    term: Option<String>,
    source: Option<String>,
    status: Option<String>,
}

/// Hits of a page if none are asked for.
const PAGE: usize = 20;
/// Values of a facet that are given.
const FACET_VALUES: usize = 10;

impl SearchParams {
    fn query(self) -> Result<SearchQuery, Fault> {
        let sort = match self.sort.as_deref() {
            None | Some("relevance") => Sort::Relevance,
            Some("newest") => Sort::Newest,
            Some("title") => Sort::Title,
            Some(_) => return Err(Fault::invalid("sort", "expected one of: relevance newest title")),
        };
        let facets = [
            (Facet::Kind, self.kind),
            (Facet::Domain, self.domain),
            (Facet::Project, self.project),
            (Facet::Tag, self.tag),
            (Facet::Term, self.term),
            (Facet::Source, self.source),
            (Facet::Status, self.status),
        ];
        Ok(SearchQuery {
            text: self.q,
            filters: facets.into_iter().filter_map(|(facet, values)| filter(facet, &values?)).collect(),
            sort,
            offset: self.offset,
            limit: self.limit.unwrap_or(PAGE),
            visible: Vec::new(),
            facets: Facet::ALL.to_vec(),
            facet_values: FACET_VALUES,
        })
    }
}

fn filter(facet: Facet, values: &str) -> Option<FacetFilter> {
    let values: Vec<String> = values.split(',').filter(|value| !value.is_empty()).map(str::to_owned).collect();
    (!values.is_empty()).then_some(FacetFilter { facet, values })
}

/// A text with the found words marked.
#[derive(Debug, Serialize, ToSchema)]
pub struct HighlightShape {
    /// `title`, `name`, `column`, `description`, `tag`, `term` or `owner`.
    #[schema(value_type = String)]
    field: HitField,
    /// The text in pieces.
    pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Piece {
    text: String,
    marked: bool,
}

impl From<Highlight> for HighlightShape {
    fn from(highlight: Highlight) -> Self {
        let piece = |(text, marked): (&str, bool)| Piece { text: text.to_owned(), marked };
        Self { field: highlight.field, pieces: highlight.pieces().into_iter().map(piece).collect() }
    }
}

/// Something that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct HitShape {
    /// `asset`, `term` or `project`.
    kind: String,
    /// What to show of it: id, name, title, …
    payload: serde_json::Value,
    highlights: Vec<HighlightShape>,
}

impl From<Hit> for HitShape {
    fn from(hit: Hit) -> Self {
        let highlights = hit.highlights.into_iter().map(Into::into).collect();
        Self { kind: hit.kind, payload: hit.payload, highlights }
    }
}

/// A value of a facet: what to filter with, what to show, how many hits have it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetValueShape {
    value: String,
    label: String,
    count: u64,
}

/// A facet with its values.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetShape {
    #[schema(value_type = String)]
    facet: Facet,
    values: Vec<FacetValueShape>,
    /// How many further values have hits.
    left_out: u64,
}

impl From<LabelledFacet> for FacetShape {
    fn from(facet: LabelledFacet) -> Self {
        let values = facet.values.into_iter();
        let shape = |value: lakegate_app::catalog::labels::LabelledValue| FacetValueShape {
            value: value.value,
            label: value.label,
            count: value.count,
        };
        Self { facet: facet.facet, values: values.map(shape).collect(), left_out: facet.left_out }
    }
}

/// The answer to a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundShape {
    /// How many things match, exactly.
    total: u64,
    hits: Vec<HitShape>,
    facets: Vec<FacetShape>,
    /// Few things matched as typed, so that similar words were taken too.
    similar: bool,
}

/// Finds assets, terms and projects that the caller may see.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(SearchParams),
    responses((status = 200, body = FoundShape)))]
pub async fn search_catalog(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<SearchParams>,
) -> Result<Answer<FoundShape>, Refusal> {
    let found = search::search(&web.app, &auth.caller, params.query()?).await?;
    Ok(Answer(FoundShape {
        total: found.total,
        hits: found.hits.into_iter().map(Into::into).collect(),
        facets: found.facets.into_iter().map(Into::into).collect(),
        similar: found.similar,
    }))
}

/// What was typed so far.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SuggestParams {
    #[serde(default)]
    q: String,
}

/// Most names that are proposed.
const PROPOSED: usize = 10;

/// A name that may be meant.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalShape {
    /// `asset`, `term` or `project`.
    kind: String,
    text: HighlightShape,
}

impl From<Suggestion> for ProposalShape {
    fn from(suggestion: Suggestion) -> Self {
        Self { kind: suggestion.kind, text: suggestion.text.into() }
    }
}

/// Proposes names of things that the caller may see, while he types.
#[utoipa::path(get, path = "/api/v1/search/suggestions", tag = "search", params(SuggestParams),
    responses((status = 200, body = Vec<ProposalShape>)))]
pub async fn suggest_in_catalog(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<SuggestParams>,
) -> Result<Answer<Vec<ProposalShape>>, Refusal> {
    let found = search::suggest(&web.app, &auth.caller, &params.q, PROPOSED).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}
