//! Random corpora, callers and questions against a model of a few lines.

use crate::support::{fewer, upsert};
use lakegate_search::{Change, Document, Facet, FacetFilter, Facets, Index, Query, Sort};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::{BTreeMap, BTreeSet};

/// Words too short to be stemmed or misspelt: they match exactly, or as a beginning.
const WORDS: &[&str] = &["ab", "abc", "abd", "ba", "bcd", "cd", "cda", "xy", "xyz", "yz"];
const TOKENS: &[&str] = &["t0", "t1", "t2", "t3"];
const VALUES: &[&str] = &["v0", "v1", "v2"];

fn words(most: usize) -> impl Strategy<Value = Vec<String>> {
    vec(select(WORDS).prop_map(str::to_owned), 0..=most)
}

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(of, 0..=of.len()).prop_map(|found| found.into_iter().map(str::to_owned).collect())
}

prop_compose! {
    fn document()(
        key in 0..40u32,
        title in words(3),
        columns in words(3),
        description in words(4),
        tags in some(VALUES),
        project in select(VALUES),
        visible_to in some(TOKENS),
        updated_at in 0..5i64,
    ) -> Document {
        Document {
            key: format!("asset:{key:03}"),
            kind: "asset".into(),
            title: title.join(" "),
            columns,
            description: description.join(" "),
            // Tags are words too; these cannot be asked for by the words above.
            facets: Facets { tags, project: Some(project.into()), ..Facets::default() },
            visible_to,
            updated_at,
            ..Document::default()
        }
    }
}

#[derive(Debug, Clone)]
struct Asked {
    words: Vec<String>,
    without: Option<String>,
    unfinished: bool,
    visible: Vec<String>,
    tags: Vec<String>,
    projects: Vec<String>,
    sort: Sort,
}

prop_compose! {
    fn asked()(
        words in words(2),
        without in prop::option::of(select(WORDS)),
        unfinished: bool,
        visible in some(TOKENS),
        tags in some(VALUES),
        projects in some(VALUES),
        sort in select(&[Sort::Relevance, Sort::Newest, Sort::Title][..]),
    ) -> Asked {
        Asked { words, without: without.map(str::to_owned), unfinished, visible, tags, projects, sort }
    }
}

impl Asked {
    fn query(&self) -> Query {
        let without = self.without.iter().map(|word| format!("-{word}"));
        let text: Vec<String> = without.chain(self.words.iter().cloned()).collect();
        let end = if self.unfinished { "" } else { " " };
        Query {
            text: text.join(" ") + end,
            filters: vec![
                FacetFilter { facet: Facet::Tag, values: self.tags.clone() },
                FacetFilter { facet: Facet::Project, values: self.projects.clone() },
            ],
            sort: self.sort,
            limit: 200,
            visible: self.visible.clone(),
            facets: vec![Facet::Tag, Facet::Project],
            ..Query::default()
        }
    }

    fn matches(&self, document: &Document, tags: bool, projects: bool) -> bool {
        let own: BTreeSet<&str> = document
            .title
            .split(' ')
            .chain(document.description.split(' '))
            .chain(document.columns.iter().map(String::as_str))
            .collect();
        let has = |(i, word): (usize, &String)| {
            own.contains(word.as_str())
                || (self.unfinished && i + 1 == self.words.len() && own.iter().any(|o| o.starts_with(word.as_str())))
        };
        let project = document.facets.project.as_ref();
        self.words.iter().enumerate().all(has)
            && self.without.as_ref().is_none_or(|word| !own.contains(word.as_str()))
            && document.visible_to.iter().any(|token| self.visible.contains(token))
            && (!tags || self.tags.is_empty() || document.facets.tags.iter().any(|tag| self.tags.contains(tag)))
            && (!projects || self.projects.is_empty() || project.is_some_and(|p| self.projects.contains(p)))
    }
}

type Counts = BTreeMap<String, u64>;

fn counts<'a>(values: impl Iterator<Item = &'a String>) -> Counts {
    let mut counts = Counts::new();
    for value in values {
        *counts.entry(value.clone()).or_default() += 1;
    }
    counts
}

proptest! {
    #![proptest_config(fewer(10))]

    #[test]
    fn hits_counts_and_facets_equal_the_model(
        batches in vec(vec((document(), prop::bool::weighted(0.15)), 1..25), 1..4),
        questions in vec(asked(), 12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path()).unwrap();
        let mut model: BTreeMap<String, Document> = BTreeMap::new();
        let mut number = 0;
        for batch in batches {
            let mut changes = Vec::new();
            for (mut document, removed) in batch {
                number += 1;
                document.change = number;
                if removed {
                    model.remove(&document.key);
                    changes.push(Change::Remove { key: document.key, change: number });
                } else {
                    model.insert(document.key.clone(), document.clone());
                    changes.push(upsert(document));
                }
            }
            index.apply(changes, number).unwrap();
            index.commit().unwrap();
        }
        prop_assert_eq!(index.len().unwrap(), model.len() as u64);
        let listed: Vec<(String, i64)> = index.keys(None, 1_000).unwrap().into_iter().map(|e| (e.key, e.change)).collect();
        let expected: Vec<(String, i64)> = model.values().map(|d| (d.key.clone(), d.change)).collect();
        prop_assert_eq!(listed, expected);
        for asked in questions {
            let answer = index.search(&asked.query()).unwrap();
            let all = |tags, projects| model.values().filter(|d| asked.matches(d, tags, projects)).collect::<Vec<_>>();
            let expected: BTreeSet<&str> = all(true, true).iter().map(|d| d.key.as_str()).collect();
            let found: BTreeSet<&str> = answer.hits.iter().map(|hit| hit.key.as_str()).collect();
            prop_assert_eq!(answer.total, expected.len() as u64, "{:?}", &asked);
            prop_assert_eq!(answer.hits.len(), found.len());
            prop_assert_eq!(&found, &expected, "{:?}", &asked);
            let facet = |i: usize| -> Counts { answer.facets[i].values.iter().map(|v| (v.value.clone(), v.count)).collect() };
            prop_assert_eq!(facet(0), counts(all(false, true).into_iter().flat_map(|d| &d.facets.tags)), "{:?}", &asked);
            prop_assert_eq!(facet(1), counts(all(true, false).into_iter().flat_map(|d| &d.facets.project)), "{:?}", &asked);
            let sorted: Vec<&Document> = answer.hits.iter().map(|hit| &model[&hit.key]).collect();
            match asked.sort {
                Sort::Newest => prop_assert!(sorted.is_sorted_by_key(|d| -d.updated_at)),
                Sort::Title => prop_assert!(sorted.is_sorted_by_key(|d| &d.title)),
                Sort::Relevance => {}
            }
            let page = Query { offset: 1, limit: 2, ..asked.query() };
            let page = index.search(&page).unwrap();
            let middle: Vec<_> = answer.hits.iter().skip(1).take(2).collect();
            prop_assert_eq!(page.hits.iter().collect::<Vec<_>>(), middle);
            for suggestion in index.suggest("a", &asked.visible, 10).unwrap() {
                prop_assert!(model[&suggestion.key].visible_to.iter().any(|t| asked.visible.contains(t)));
            }
        }
    }
}
