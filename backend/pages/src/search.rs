//! Finding data, terms and projects.

mod facets;
mod hits;
mod suggest;

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::catalog::search::{self, Facet, FacetFilter, MAX_OFFSET, Sort};
use lakegate_model::Fault;

use self::{
    facets::{Chip, FacetView, chips, views},
    hits::{HitRow, Standings},
};
use super::{
    fields::Fields,
    kit::{Tab, counted, grouped, whole},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query};

/// Hits of a page.
const SIZE: usize = 20;
/// Values shown for each facet.
const VALUES: usize = 12;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/search", get(page)).route("/search/suggest", get(suggest::suggest))
}

#[derive(Template)]
#[template(path = "search/search.html")]
struct SearchPage {
    shell: Shell,
    title: String,
    text: String,
    total: String,
    similar: bool,
    sorts: Vec<Tab>,
    chips: Vec<Chip>,
    facets: Vec<FacetView>,
    hits: Vec<HitRow>,
    summary: String,
    previous: String,
    next: String,
    /// Takes all filters away.
    unfiltered: String,
    /// Whether there is nothing at all to find yet.
    is_blank: bool,
}

/// What is looked for, as the address says it.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub text: String,
    /// Facet and value, in the order of the address.
    pub filters: Vec<(Facet, String)>,
    pub sort: Sort,
    /// From 1.
    pub page: usize,
}

/// The name of a facet in addresses.
pub(super) fn facet_name(facet: Facet) -> &'static str {
    match facet {
        Facet::Kind => "kind",
        Facet::Domain => "domain",
        Facet::Project => "project",
        Facet::AssetType => "type",
        Facet::Tag => "tag",
        Facet::Term => "term",
        Facet::Source => "source",
        Facet::Status => "status",
    }
}

impl Wanted {
    fn read(fields: &Fields) -> Result<Self, Fault> {
        let facet = |name: &str| Facet::ALL.into_iter().find(|facet| facet_name(*facet) == name);
        let filters = fields.0.iter().filter(|(_, value)| !value.is_empty());
        let sort = match fields.one("sort") {
            "" | "relevance" => Sort::Relevance,
            "newest" => Sort::Newest,
            "title" => Sort::Title,
            _ => return Err(Fault::invalid("sort", "expected one of: relevance newest title")),
        };
        let page = match fields.one("page") {
            "" => 1,
            text => text.parse().ok().filter(|page| (1..=MAX_OFFSET / SIZE).contains(page)).ok_or_else(|| {
                Fault::invalid("page", format!("a page is a number from 1 to {}", MAX_OFFSET / SIZE))
                    .fix("add words or filters")
            })?,
        };
        Ok(Self {
            text: fields.one("q").trim().to_owned(),
            filters: filters.filter_map(|(name, value)| Some((facet(name)?, value.clone()))).take(50).collect(),
            sort,
            page,
        })
    }

    /// The address of this search.
    pub(super) fn href(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.text.is_empty() {
            query.append_pair("q", &self.text);
        }
        for (facet, value) in &self.filters {
            query.append_pair(facet_name(*facet), value);
        }
        match self.sort {
            Sort::Relevance => {}
            Sort::Newest => drop(query.append_pair("sort", "newest")),
            Sort::Title => drop(query.append_pair("sort", "title")),
        }
        if self.page > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        let query = query.finish();
        if query.is_empty() { "/search".to_owned() } else { format!("/search?{query}") }
    }

    /// The same search, from its first page, with a value of a facet put in or taken out.
    pub(super) fn toggled(&self, facet: Facet, value: &str) -> Self {
        let mut other = Self { page: 1, ..self.clone() };
        let before = other.filters.len();
        other.filters.retain(|(own, held)| (*own, held.as_str()) != (facet, value));
        if other.filters.len() == before {
            other.filters.push((facet, value.to_owned()));
        }
        other
    }

    fn query(&self) -> search::Query {
        let mut filters: Vec<FacetFilter> = Vec::new();
        for (facet, value) in &self.filters {
            match filters.iter_mut().find(|filter| filter.facet == *facet) {
                Some(filter) => filter.values.push(value.clone()),
                None => filters.push(FacetFilter { facet: *facet, values: vec![value.clone()] }),
            }
        }
        search::Query {
            text: self.text.clone(),
            filters,
            sort: if self.text.is_empty() && self.sort == Sort::Relevance { Sort::Newest } else { self.sort },
            offset: (self.page - 1) * SIZE,
            limit: SIZE,
            facets: Facet::ALL.to_vec(),
            facet_values: VALUES,
            ..search::Query::default()
        }
    }
}

async fn page(State(web): State<Web>, frame: Framed, Query(fields): Query<Fields>) -> Result<Response, Refusal> {
    let wanted = Wanted::read(&fields)?;
    let found = search::search(&web.app, &frame.reader.caller, wanted.query()).await?;
    let standings = Standings::of(&web, &frame, &found.hits).await?;
    let total = whole(found.total);
    let at = |page: usize| Wanted { page, ..wanted.clone() }.href();
    let shown = (wanted.page - 1) * SIZE + found.hits.len();
    let more = u64::try_from(shown).is_ok_and(|shown| shown < found.total) && wanted.page < MAX_OFFSET / SIZE;
    let page = SearchPage {
        title: if wanted.text.is_empty() { "Search".to_owned() } else { wanted.text.clone() },
        total: counted(total, "result", "results"),
        similar: found.similar,
        sorts: sorts(&wanted),
        chips: chips(&wanted, &found.facets),
        facets: views(&wanted, &found.facets),
        summary: summary(wanted.page, found.hits.len(), total),
        hits: found.hits.iter().map(|hit| HitRow::new(hit, &standings)).collect(),
        previous: if wanted.page > 1 { at(wanted.page - 1) } else { String::new() },
        next: if more { at(wanted.page + 1) } else { String::new() },
        unfiltered: Wanted { filters: Vec::new(), page: 1, ..wanted.clone() }.href(),
        is_blank: wanted.text.is_empty() && wanted.filters.is_empty(),
        text: wanted.text,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

fn sorts(wanted: &Wanted) -> Vec<Tab> {
    let effective = if wanted.text.is_empty() && wanted.sort == Sort::Relevance { Sort::Newest } else { wanted.sort };
    let tab = |label, sort| Tab {
        label,
        href: Wanted { sort, page: 1, ..wanted.clone() }.href(),
        active: effective == sort,
        count: 0,
    };
    let mut tabs = vec![tab("Newest", Sort::Newest), tab("A to Z", Sort::Title)];
    if !wanted.text.is_empty() {
        tabs.insert(0, tab("Best match", Sort::Relevance));
    }
    tabs
}

fn summary(page: usize, hits: usize, total: i64) -> String {
    let first = (page - 1) * SIZE;
    format!("{} to {} of {}", grouped(first + 1), grouped(first + hits), grouped(total))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wanted(text: &str) -> Result<Wanted, Fault> {
        Wanted::read(&serde_urlencoded::from_str(text).unwrap())
    }

    #[test]
    fn the_address_holds_the_whole_search() {
        for address in ["/search", "/search?q=a+b&domain=1&domain=2&tag=pii&sort=newest&page=3"] {
            let text = address.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(wanted(text).unwrap().href(), address);
        }
        assert!(wanted("sort=best").is_err() && wanted("page=0").is_err() && wanted("page=x").is_err());
    }

    #[test]
    fn a_facet_goes_in_and_out() {
        let start = wanted("q=a&tag=x&page=2").unwrap();
        assert_eq!(start.toggled(Facet::Tag, "y").href(), "/search?q=a&tag=x&tag=y");
        assert_eq!(start.toggled(Facet::Tag, "x").href(), "/search?q=a");
        let query = start.toggled(Facet::Tag, "y").query();
        assert_eq!(query.filters, [FacetFilter { facet: Facet::Tag, values: vec!["x".into(), "y".into()] }]);
    }
}
