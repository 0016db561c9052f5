//! Facets beside the hits: what narrows a search, and by how much.

use lakegate_app::catalog::{
    labels::{LabelledFacet, LabelledValue},
    search::Facet,
};

use super::Wanted;
use crate::kit::{grouped, spoken};

/// A facet with its options.
pub(super) struct FacetView {
    pub title: &'static str,
    pub options: Vec<OptionView>,
    /// "and 4 more"; empty for none.
    pub more: String,
}

/// A value to choose, or to let go.
pub(super) struct OptionView {
    pub label: String,
    pub href: String,
    pub count: String,
    pub chosen: bool,
}

/// A filter in force; its address takes it away.
pub(super) struct Chip {
    pub label: String,
    pub href: String,
}

const fn title(facet: Facet) -> &'static str {
    match facet {
        Facet::Kind => "Kind",
        Facet::Domain => "Domain",
        Facet::Project => "Project",
        Facet::AssetType => "Type",
        Facet::Tag => "Tag",
        Facet::Term => "Term",
        Facet::Source => "Source",
        Facet::Status => "State",
    }
}

/// Facets in the order in which people narrow.
const ORDER: [Facet; 8] = [
    Facet::Domain,
    Facet::Project,
    Facet::Tag,
    Facet::Term,
    Facet::Status,
    Facet::Kind,
    Facet::AssetType,
    Facet::Source,
];

fn words(facet: Facet, value: &LabelledValue) -> String {
    match facet {
        Facet::Kind | Facet::AssetType | Facet::Status => match value.label.as_str() {
            "asset" => "Data".to_owned(),
            label => spoken(label),
        },
        _ => value.label.clone(),
    }
}

/// The facets that can narrow, or do.
pub(super) fn views(wanted: &Wanted, facets: &[LabelledFacet]) -> Vec<FacetView> {
    let ordered = ORDER.iter().filter_map(|facet| facets.iter().find(|labelled| labelled.facet == *facet));
    ordered.map(|labelled| view(wanted, labelled)).filter(is_useful).collect()
}

/// A single value that is not chosen narrows nothing.
fn is_useful(view: &FacetView) -> bool {
    view.options.len() > 1 || view.options.iter().any(|option| option.chosen)
}

fn view(wanted: &Wanted, labelled: &LabelledFacet) -> FacetView {
    let facet = labelled.facet;
    let option = |value: &LabelledValue| OptionView {
        label: words(facet, value),
        href: wanted.toggled(facet, &value.value).href(),
        count: grouped(value.count),
        chosen: wanted.filters.iter().any(|(own, held)| *own == facet && *held == value.value),
    };
    let more = match labelled.left_out {
        0 => String::new(),
        left => format!("and {} more; add words to see them", grouped(left)),
    };
    FacetView { title: title(facet), options: labelled.values.iter().map(option).collect(), more }
}

/// The filters in force.
pub(super) fn chips(wanted: &Wanted, facets: &[LabelledFacet]) -> Vec<Chip> {
    let chip = |(facet, value): &(Facet, String)| {
        let labelled = facets.iter().find(|labelled| labelled.facet == *facet);
        let known = labelled.and_then(|labelled| labelled.values.iter().find(|known| known.value == *value));
        // A value without hits has no name here; ids are not shown to people.
        let label = match known {
            Some(known) => words(*facet, known),
            None if matches!(facet, Facet::Tag | Facet::Status | Facet::Kind | Facet::AssetType) => value.clone(),
            None => "without hits".to_owned(),
        };
        Chip { label: format!("{}: {label}", title(*facet)), href: wanted.toggled(*facet, value).href() }
    };
    wanted.filters.iter().map(chip).collect()
}
