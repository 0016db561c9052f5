//! How text becomes words: the same for documents, queries and highlights.

use std::ops::Range;
use tantivy::tokenizer::{Language, RawTokenizer, Stemmer as StemFilter, TextAnalyzer};
use unicode_normalization::char::decompose_compatible;
use unicode_normalization::char::is_combining_mark;

/// Words are cut to this many characters, on both sides.
const MAX_WORD_CHARS: usize = 400;
/// Shorter words are not stemmed: they are codes and abbreviations more often than English.
const MIN_STEM_CHARS: usize = 4;

/// A run of word characters, such as `cust_addr_sk` or `shipCustomer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// The run as one word, if it has more than one part.
    pub whole: Option<String>,
    /// The parts, at least one.
    pub parts: Vec<Part>,
}

/// A part of a [`Piece`], folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Lower case, without accents.
    pub text: String,
    /// Byte range in the text.
    pub range: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word.
    Letter,
    /// A word by itself: writing without spaces, and emoji.
    Alone,
    /// Between words.
    Gap,
}

/// The words of a text, in order.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        let class = class(c);
        if class != Class::Letter
            && let Some(from) = start.take()
        {
            found.extend(compound(text, from..at));
        }
        match class {
            Class::Letter => start = start.or(Some(at)),
            Class::Alone => found.extend(compound(text, at..at + c.len_utf8())),
            Class::Gap => {}
        }
    }
    if let Some(from) = start {
        found.extend(compound(text, from..text.len()));
    }
    found
}

fn class(c: char) -> Class {
    match c {
        '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => Class::Alone,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            Class::Alone
        }
        '_' => Class::Letter,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Class::Letter,
        _ => Class::Gap,
    }
}

fn compound(text: &str, range: Range<usize>) -> Option<Piece> {
    let run = text.get(range.clone())?;
    let parts: Vec<Part> = part_ranges(run)
        .into_iter()
        .filter_map(|part| {
            let folded = fold(run.get(part.clone())?);
            let range = range.start + part.start..range.start + part.end;
            (!folded.is_empty()).then_some(Part { text: folded, range })
        })
        .collect();
    let whole = (parts.len() > 1).then(|| fold(run));
    (!parts.is_empty()).then_some(Piece { range, whole, parts })
}

/// Splits at underscores and where camelCase begins a new word (`HTTPServer` is `HTTP` and `Server`).
fn part_ranges(run: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    let mut ranges = Vec::new();
    let mut start = 0;
    for (i, &(at, c)) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i)).map(|&(_, c)| c);
        let after = chars.get(i + 1).map(|&(_, c)| c);
        if c == '_' {
            ranges.push(start..at);
            start = at + 1;
        } else if begins_part(before, c, after) {
            ranges.push(start..at);
            start = at;
        }
    }
    ranges.push(start..run.len());
    ranges.retain(|range| !range.is_empty());
    ranges
}

fn begins_part(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    c.is_uppercase()
        && (before.is_lowercase()
            || before.is_numeric()
            || (before.is_uppercase() && after.is_some_and(char::is_lowercase)))
}

/// Lower case, compatibility forms and accents removed. Also the sort key of titles.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().take(MAX_WORD_CHARS) {
        decompose_compatible(c, |d| push_folded(d, &mut folded));
    }
    folded
}

fn push_folded(c: char, folded: &mut String) {
    match c {
        '\u{300}'..='\u{36f}' => {}
        'ß' | 'ẞ' => folded.push_str("ss"),
        'æ' | 'Æ' => folded.push_str("ae"),
        'œ' | 'Œ' => folded.push_str("oe"),
        'ø' | 'Ø' => folded.push('o'),
        'ł' | 'Ł' => folded.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
        'þ' | 'Þ' => folded.push_str("th"),
        'ı' => folded.push('i'),
        _ if class(c) == Class::Gap => {}
        _ => folded.extend(c.to_lowercase().filter(|l| !('\u{300}'..='\u{36f}').contains(l))),
    }
}

/// All words of a text joined by one space: equal for titles that differ in case, accents and punctuation only.
pub(crate) fn normal_form(text: &str) -> String {
    let words: Vec<String> = pieces(text).into_iter().flat_map(|piece| piece.parts).map(|part| part.text).collect();
    words.join(" ")
}

/// Reduces English words to their stem; leaves other words as they are.
pub(crate) struct Stemmer(TextAnalyzer);

impl Stemmer {
    pub(crate) fn new() -> Self {
        Self(TextAnalyzer::builder(RawTokenizer::default()).filter(StemFilter::new(Language::English)).build())
    }

    /// The stem of a folded word.
    pub(crate) fn stem(&mut self, word: &str) -> String {
        if word.len() < MIN_STEM_CHARS || !word.bytes().all(|b| b.is_ascii_lowercase()) {
            return word.to_owned();
        }
        let mut stream = self.0.token_stream(word);
        if stream.advance() { stream.token().text.clone() } else { word.to_owned() }
    }
}

/// How many typing mistakes a word may have: none in short words and numbers, one from four letters, two from eight.
pub(crate) fn tolerance(word: &str) -> u8 {
    if !word.chars().any(char::is_alphabetic) {
        return 0;
    }
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        8..=60 => 2,
        // Nobody types such a word; the automaton for it would be large.
        _ => 0,
    }
}

/// Whether `a` becomes `b` by at most `most` insertions, deletions, replacements or swaps of neighbours.
pub(crate) fn is_similar(a: &str, b: &str, most: u8) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > usize::from(most) {
        return false;
    }
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let before: &Vec<usize> = &before;
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().is_some_and(|&distance| distance <= usize::from(most))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        pieces(text).into_iter().flat_map(|p| p.parts).map(|p| p.text).collect()
    }

    #[test]
    fn technical_names_split_and_stay_whole() {
        assert_eq!(parts("cust_addr_sk"), ["cust", "addr", "sk"]);
        assert_eq!(pieces("cust_addr_sk")[0].whole.as_deref(), Some("cust_addr_sk"));
        assert_eq!(parts("shipCustomer HTTPServer"), ["ship", "customer", "http", "server"]);
        assert_eq!(pieces("shipCustomer")[0].whole.as_deref(), Some("shipcustomer"));
        assert_eq!(parts("__id__"), ["id"]);
        assert!(pieces("___ --- \u{0}").is_empty());
    }

    #[test]
    fn accents_case_and_width_fold() {
        assert_eq!(parts("Größe Ærø Łódź İstanbul ﬁne Ａｂｃ"), ["grosse", "aero", "lodz", "istanbul", "fine", "abc"]);
        assert_eq!(fold("Café"), fold("CAFE\u{301}"));
    }

    #[test]
    fn writing_without_spaces_and_emoji_are_words() {
        assert_eq!(parts("顧客A🙂"), ["顧", "客", "a", "🙂"]);
        assert_eq!(parts("مرحبا عالم").len(), 2);
    }

    #[test]
    fn ranges_point_into_the_text() {
        let text = "Das Straßen_verzeichnis";
        let found = pieces(text);
        assert_eq!(&text[found[1].parts[0].range.clone()], "Straßen");
        assert_eq!(&text[found[1].range.clone()], "Straßen_verzeichnis");
    }

    #[test]
    fn similar_counts_swaps_as_one() {
        assert!(is_similar("catlog", "catalog", 1));
        assert!(is_similar("cataolg", "catalog", 1));
        assert!(!is_similar("catlg", "catalog", 1));
        assert!(is_similar("catlg", "catalog", 2));
        assert!(is_similar("", "a", 1) && !is_similar("", "ab", 1));
    }

    #[test]
    fn stems_are_english() {
        let mut stemmer = Stemmer::new();
        assert_eq!(stemmer.stem("returns"), stemmer.stem("return"));
        assert_eq!(stemmer.stem("sk1s"), "sk1s");
        assert_eq!(stemmer.stem("bus"), "bus");
    }
}
