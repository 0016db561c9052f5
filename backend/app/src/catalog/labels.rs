//! Names for the ids that facets count.

use lakegate_model::{
    Fault,
    ids::{DataSourceId, DomainId, ProjectId, TermId},
};
use lakegate_search::{Facet, FacetCounts};
use lakegate_store::{Tx, domains, glossary, in_read, projects, sources};
use std::str::FromStr;

use crate::App;

/// A counted facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledFacet {
    pub facet: Facet,
    pub values: Vec<LabelledValue>,
    /// How many further values have hits but are left out.
    pub left_out: u64,
}

/// A value of a facet: what to filter with, and what to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledValue {
    pub value: String,
    pub label: String,
    pub count: u64,
}

/// Gives names to values. They come from documents that the caller found, so their names are his to know.
pub(super) async fn label(app: &App, counts: Vec<FacetCounts>) -> Result<Vec<LabelledFacet>, Fault> {
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    in_read!(&app.db, |tx, _scope| {
        let mut facets = Vec::with_capacity(counts.len());
        for FacetCounts { facet, values, left_out } in &counts {
            let mut labelled = Vec::with_capacity(values.len());
            for counted in values {
                let label = name(tx, *facet, &counted.value).await?.unwrap_or_else(|| counted.value.clone());
                labelled.push(LabelledValue { value: counted.value.clone(), label, count: counted.count });
            }
            facets.push(LabelledFacet { facet: *facet, values: labelled, left_out: *left_out });
        }
        Ok(facets)
    })
}

async fn name(tx: &mut Tx, facet: Facet, value: &str) -> Result<Option<String>, Fault> {
    Ok(match facet {
        Facet::Domain => match DomainId::from_str(value) {
            Ok(id) => domains::domain_find(tx, id).await?.map(|domain| domain.name),
            Err(_) => None,
        },
        Facet::Project => match ProjectId::from_str(value) {
            Ok(id) => projects::project_label(tx, id).await?.map(|(name, _)| name),
            Err(_) => None,
        },
        Facet::Term => match TermId::from_str(value) {
            Ok(id) => glossary::term_find(tx, id).await?.map(|term| term.name),
            Err(_) => None,
        },
        Facet::Source => match DataSourceId::from_str(value) {
            Ok(id) => sources::source_find(tx, id).await?.map(|source| source.name),
            Err(_) => None,
        },
        Facet::Kind | Facet::AssetType | Facet::Tag | Facet::Status => None,
    })
}
