//! The same answers by looking at every document.

use crate::corpus::{Corpus, Outline, VOCABULARY, is_visible, project_id, tag_name, text_of};
use crate::search::questions::{Question, Sort};
use lakegate_search::{Answer, Facet};
use std::collections::{BTreeMap, HashSet};

/// The visible documents in outline.
pub struct Model {
    visible: Vec<Seen>,
    vocabulary: Vec<String>,
}

struct Seen {
    key: String,
    words: HashSet<u32>,
    outline: Outline,
}

impl Model {
    pub fn new(corpus: &Corpus) -> Self {
        let all = (0..corpus.documents).map(|number| (number, corpus.outline(number)));
        let visible = all
            .filter(|(_, outline)| is_visible(outline.project))
            .map(|(number, outline)| Seen {
                key: format!("asset:{number:08}"),
                words: outline.words().collect(),
                outline,
            })
            .collect();
        Self { visible, vocabulary: (0..VOCABULARY as u32).map(text_of).collect() }
    }

    /// How the answer differs from what the documents say; `None` if it does not.
    pub fn difference(&self, question: &Question, answer: &Answer) -> Option<String> {
        let mut wanted: Vec<HashSet<u32>> =
            question.words.iter().map(|word| self.meant(question.sort, word, 0)).collect();
        let as_typed = self.visible.iter().filter(|seen| has_all(seen, &wanted)).count();
        if as_typed < 3 && question.words.iter().any(|word| word.len() > 3) {
            wanted = question.words.iter().map(|word| self.meant(question.sort, word, tolerance(word))).collect();
        }
        let matching: Vec<&Seen> = self.visible.iter().filter(|seen| has_all(seen, &wanted)).collect();
        let found: Vec<&&Seen> = matching.iter().filter(|seen| passes(seen, question, true, true)).collect();
        if answer.total != found.len() as u64 {
            return Some(format!("{} hits instead of {}", answer.total, found.len()));
        }
        let keys: HashSet<&str> = found.iter().map(|seen| seen.key.as_str()).collect();
        if let Some(stray) = answer.hits.iter().find(|hit| !keys.contains(hit.key.as_str())) {
            return Some(format!("{} does not match", stray.key));
        }
        let page = found.len().saturating_sub(question.query.offset).min(question.query.limit);
        if answer.hits.len() != page {
            return Some(format!("{} hits on a page of {page}", answer.hits.len()));
        }
        self.facet_difference(question, answer, &matching)
    }

    /// The words of the vocabulary that a typed word may mean.
    fn meant(&self, sort: Sort, typed: &str, mistakes: usize) -> HashSet<u32> {
        let is_meant = |word: &str| {
            word == typed
                || (sort == Sort::Beginning && word.starts_with(typed))
                || (mistakes > 0 && mistakes_between(typed, word) <= mistakes)
        };
        (0u32..).zip(&self.vocabulary).filter(|(_, word)| is_meant(word)).map(|(number, _)| number).collect()
    }

    fn facet_difference(&self, question: &Question, answer: &Answer, matching: &[&Seen]) -> Option<String> {
        for facet in &answer.facets {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            let counted =
                |seen: &&&Seen| passes(seen, question, facet.facet != Facet::Tag, facet.facet != Facet::Project);
            for seen in matching.iter().filter(counted) {
                match facet.facet {
                    Facet::Tag => {
                        for tag in seen.outline.tags.iter().collect::<HashSet<_>>() {
                            *counts.entry(tag_name(*tag)).or_default() += 1;
                        }
                    }
                    Facet::Project => *counts.entry(project_id(seen.outline.project)).or_default() += 1,
                    _ => continue,
                }
            }
            let compared = matches!(facet.facet, Facet::Tag | Facet::Project);
            if compared && counts.len() as u64 != facet.values.len() as u64 + facet.left_out {
                return Some(format!("{:?}: {} values instead of {}", facet.facet, facet.values.len(), counts.len()));
            }
            let wrong = facet.values.iter().find(|value| counts.get(&value.value) != Some(&value.count));
            if let Some(wrong) = wrong.filter(|_| compared) {
                return Some(format!("{:?}: {wrong:?} instead of {:?}", facet.facet, counts.get(&wrong.value)));
            }
        }
        None
    }
}

fn has_all(seen: &Seen, wanted: &[HashSet<u32>]) -> bool {
    wanted.iter().all(|meant| {
        if meant.len() < seen.words.len() {
            meant.iter().any(|word| seen.words.contains(word))
        } else {
            seen.words.iter().any(|word| meant.contains(word))
        }
    })
}

fn passes(seen: &Seen, question: &Question, tags: bool, projects: bool) -> bool {
    let Outline { tags: own, project, .. } = &seen.outline;
    (!tags || question.tags.is_empty() || own.iter().any(|tag| question.tags.contains(tag)))
        && (!projects || question.projects.is_empty() || question.projects.contains(project))
}

/// As documented: one mistake from four letters, two from eight.
fn tolerance(word: &str) -> usize {
    match word.len() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Insertions, deletions, replacements and swaps of neighbours that make `a` into `b`.
fn mistakes_between(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut table = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let change = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let best = change.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swapped { best.min(table[i - 2][j - 2] + 1) } else { best }
                }
            };
        }
    }
    table[a.len()][b.len()]
}
