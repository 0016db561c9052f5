//! The generated catalog, which the benchmarks share: every asset is a function of its number and the seed.

use lakegate_search::{Document, Facets, UnlistedText};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

/// Words; some few of them have the same text (see [`distinct_words`]).
pub const VOCABULARY: usize = 60_000;
/// Projects; each document is visible to its project alone.
pub const PROJECTS: u32 = 2_000;
const TAGS: u32 = 200;
/// Domains; a project lies in the one of its number modulo this.
pub const DOMAINS: u32 = 60;
const ONSETS: [char; 16] = ['b', 'd', 'f', 'g', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'w', 'z'];
const VOWELS: [char; 3] = ['a', 'o', 'u'];

/// A document in numbers of words; what the model computes with.
pub struct Outline {
    pub title: Vec<u32>,
    pub name: Vec<u32>,
    pub columns: Vec<[u32; 2]>,
    pub description: Vec<u32>,
    pub tags: Vec<u32>,
    pub project: u32,
}

impl Outline {
    /// Every word of the document.
    pub fn words(&self) -> impl Iterator<Item = u32> + '_ {
        let own = self.title.iter().chain(&self.name).chain(&self.description).copied();
        own.chain(self.columns.iter().flatten().copied())
    }
}

/// Makes documents.
pub struct Corpus {
    pub documents: u32,
    seed: u64,
    /// For each word the share of all words up to it.
    shares: Vec<f64>,
}

impl Corpus {
    pub fn new(documents: u32, seed: u64) -> Self {
        let mut sum = 0.0;
        let shares = (1..=VOCABULARY)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { documents, seed, shares }
    }

    /// A word by Zipf's law: the second is half as frequent as the first, and so on.
    pub fn word(&self, random: &mut StdRng) -> u32 {
        let at = random.gen_range(0.0..self.shares.last().copied().unwrap_or(1.0));
        self.shares.partition_point(|&share| share < at) as u32
    }

    pub fn outline(&self, number: u32) -> Outline {
        let mut random = StdRng::seed_from_u64(self.seed.wrapping_mul(1_000_003) ^ u64::from(number));
        let random = &mut random;
        let words = |random: &mut StdRng, count: usize| (0..count).map(|_| self.word(random)).collect::<Vec<_>>();
        let (title, name) = (random.gen_range(2..6), random.gen_range(1..4));
        Outline {
            title: words(random, title),
            name: words(random, name),
            columns: (0..12).map(|_| [self.word(random), self.word(random)]).collect(),
            description: words(random, 30),
            tags: (0..random.gen_range(0..4)).map(|_| random.gen_range(0..TAGS)).collect(),
            project: random.gen_range(0..PROJECTS),
        }
    }

    pub fn document(&self, number: u32) -> Document {
        let outline = self.outline(number);
        let join = |words: &[u32], by: &str| words.iter().map(|&w| text_of(w)).collect::<Vec<_>>().join(by);
        let (domain, title) = (outline.project % DOMAINS, join(&outline.title, " "));
        Document {
            key: format!("asset:{number:08}"),
            change: i64::from(number) + 1,
            kind: "asset".into(),
            name: join(&outline.name, "_"),
            description: join(&outline.description, " "),
            columns: outline.columns.iter().map(|words| join(words, "_")).collect(),
            unlisted_columns: unlisted(number, &outline),
            facets: Facets {
                domains: vec![format!("d{}", domain / 10), format!("d{}.{domain}", domain / 10)],
                project: Some(project_id(outline.project)),
                asset_type: Some(["table", "file set", "view", "custom"][number as usize % 4].into()),
                tags: outline.tags.iter().map(|&tag| tag_name(tag)).collect(),
                terms: Vec::new(),
                source: Some(format!("source{}", outline.project % 10)),
            },
            updated_at: i64::from(number) * 1_000_003 % 1_000_000_007,
            visible_to: vec![project_id(outline.project)],
            payload: json!({ "title": title, "project": outline.project }),
            title,
            ..Document::default()
        }
    }
}

/// Every twentieth document has a column that nobody here holds a token for.
fn unlisted(number: u32, outline: &Outline) -> Vec<UnlistedText> {
    let text = outline.title.iter().map(|&word| text_of(word)).collect::<Vec<_>>().join("_");
    let closed = UnlistedText { text, tokens: vec![format!("closed{}", outline.project)] };
    if number.is_multiple_of(20) { vec![closed] } else { Vec::new() }
}

pub fn project_id(project: u32) -> String {
    format!("project{project:04}")
}

/// A tag with a digit in every word, so that it equals no word of the vocabulary.
pub fn tag_name(tag: u32) -> String {
    format!("7tag{tag:03}")
}

/// The tokens of the caller: a tenth of the projects.
pub fn visible() -> Vec<String> {
    (0..PROJECTS).filter(|&project| is_visible(project)).map(project_id).collect()
}

pub fn is_visible(project: u32) -> bool {
    project % 10 == 3
}

/// How many different texts the words of the vocabulary have.
pub fn distinct_words() -> usize {
    (0..VOCABULARY as u32).map(text_of).collect::<std::collections::HashSet<_>>().len()
}

/// The text of a word: three or four syllables, none of which an English stemmer would touch at the end.
pub fn text_of(word: u32) -> String {
    let syllables = (ONSETS.len() * VOWELS.len()) as u32;
    let count = 3 + word % 2;
    // Neighbours in frequency should not be neighbours in the alphabet.
    let mut rest = word.wrapping_mul(48_271) % syllables.pow(3);
    let mut text = String::new();
    for _ in 0..count {
        let syllable = (rest % syllables) as usize;
        rest = rest / syllables + word % 7;
        text.push(ONSETS[syllable % ONSETS.len()]);
        text.push(VOWELS[syllable / ONSETS.len()]);
    }
    text
}
