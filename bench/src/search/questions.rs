//! What the caller asks: five sorts of questions mixed, none twice.

use crate::corpus::{Corpus, is_visible, project_id, tag_name, text_of, visible};
use lakegate_search::{Facet, FacetFilter, Query};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::collections::HashSet;

/// A sort of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// One to three whole words.
    Words,
    /// A word with a letter wrong.
    Typo,
    /// The beginning of a word.
    Beginning,
    /// A word with filters and counts.
    Facets,
    /// No word, only filters and counts.
    Browse,
}

impl Sort {
    pub const ALL: [Self; 5] = [Self::Words, Self::Typo, Self::Beginning, Self::Facets, Self::Browse];

    pub fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Typo => "typo",
            Self::Beginning => "beginning of a word",
            Self::Facets => "word and facets",
            Self::Browse => "facets only",
        }
    }
}

/// A question with its parts, for the model.
pub struct Question {
    pub sort: Sort,
    pub query: Query,
    /// What stands in the text, word by word.
    pub words: Vec<String>,
    pub tags: Vec<u32>,
    pub projects: Vec<u32>,
}

/// Makes questions without end.
pub struct Questions<'a> {
    corpus: &'a Corpus,
    random: StdRng,
    visible: Vec<String>,
    asked: HashSet<String>,
}

impl<'a> Questions<'a> {
    pub fn new(corpus: &'a Corpus, seed: u64) -> Self {
        Self { corpus, random: StdRng::seed_from_u64(seed), visible: visible(), asked: HashSet::new() }
    }

    /// The next question that was not asked before.
    pub fn next(&mut self) -> Question {
        loop {
            let question = self.question();
            let seen = format!("{}|{:?}|{}", question.query.text, question.query.filters, question.query.offset);
            if self.asked.insert(seen) {
                return question;
            }
        }
    }

    fn question(&mut self) -> Question {
        let sort = match self.random.gen_range(0..20) {
            0..=9 => Sort::Words,
            10..=12 => Sort::Typo,
            13..=15 => Sort::Beginning,
            16..=18 => Sort::Facets,
            _ => Sort::Browse,
        };
        let words = self.words(sort);
        let narrowed = matches!(sort, Sort::Facets | Sort::Browse);
        let (tags, projects) = if narrowed { self.values() } else { (Vec::new(), Vec::new()) };
        // A space ends the last word; without it, it counts as a beginning.
        let end = if sort == Sort::Beginning { "" } else { " " };
        let query = Query {
            text: words.join(" ") + end,
            filters: filters(&tags, &projects),
            offset: if sort == Sort::Browse { 20 * self.random.gen_range(0..20) } else { 0 },
            limit: 20,
            visible: self.visible.clone(),
            facets: if narrowed { vec![Facet::Domain, Facet::Project, Facet::AssetType, Facet::Tag] } else { vec![] },
            ..Query::default()
        };
        Question { sort, query, words, tags, projects }
    }

    fn words(&mut self, sort: Sort) -> Vec<String> {
        let count = match sort {
            Sort::Words => self.random.gen_range(1..4),
            Sort::Browse => 0,
            _ => 1,
        };
        // Words of one document stand together in some document at least; it need not be visible.
        let document = self.random.gen_range(0..self.corpus.documents);
        let all: Vec<u32> = self.corpus.outline(document).words().collect();
        let mut words: Vec<String> =
            (0..count).filter_map(|_| all.choose(&mut self.random)).map(|&w| text_of(w)).collect();
        match sort {
            Sort::Typo => words.iter_mut().for_each(|word| self.misspell(word)),
            Sort::Beginning => words.iter_mut().for_each(|word| word.truncate(4)),
            _ => {}
        }
        words
    }

    fn misspell(&mut self, word: &mut String) {
        let at = self.random.gen_range(1..word.len());
        match self.random.gen_range(0..3) {
            0 => drop(word.remove(at)),
            1 => word.insert(at, 'q'),
            _ => word.replace_range(at..=at, "x"),
        }
    }

    fn values(&mut self) -> (Vec<u32>, Vec<u32>) {
        let tags = (0..self.random.gen_range(0..3)).map(|_| self.random.gen_range(0..200)).collect();
        let own: Vec<u32> = (0..2_000).filter(|&project| is_visible(project)).collect();
        let count = self.random.gen_range(0..4);
        let projects = own.choose_multiple(&mut self.random, count).copied().collect();
        (tags, projects)
    }
}

fn filters(tags: &[u32], projects: &[u32]) -> Vec<FacetFilter> {
    vec![
        FacetFilter { facet: Facet::Tag, values: tags.iter().map(|&tag| tag_name(tag)).collect() },
        FacetFilter { facet: Facet::Project, values: projects.iter().map(|&project| project_id(project)).collect() },
    ]
}
