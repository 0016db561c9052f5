//! Reading what a person typed. Nothing typed is an error: what has no meaning as syntax is taken as words.

use crate::query::{MAX_CLAUSES, MAX_QUERY_CHARS};
use crate::words::{Piece, pieces};

/// Shorter beginnings of words do not match as prefixes: they would match nearly everything.
pub(crate) const MIN_PREFIX_CHARS: usize = 2;

/// The part of a document that a word is looked for in, `column:price`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Title,
    Name,
    Column,
    Tag,
    Term,
    Owner,
    Project,
    Domain,
}

impl Scope {
    const NAMES: [(&'static str, Self); 8] = [
        ("title", Self::Title),
        ("name", Self::Name),
        ("column", Self::Column),
        ("tag", Self::Tag),
        ("term", Self::Term),
        ("owner", Self::Owner),
        ("project", Self::Project),
        ("domain", Self::Domain),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, scope)| scope)
    }

    /// A word as it stands in the field of scoped words. Words never hold the separator.
    pub(crate) fn mark(self, word: &str) -> String {
        let tag = match self {
            Self::Title => 't',
            Self::Name => 'n',
            Self::Column => 'c',
            Self::Tag => 'g',
            Self::Term => 'm',
            Self::Owner => 'o',
            Self::Project => 'p',
            Self::Domain => 'd',
        };
        format!("{tag}\u{1f}{word}")
    }
}

/// One thing that a document must (or must not) have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    pub negated: bool,
    pub scope: Option<Scope>,
    pub want: Want,
}

/// What a clause looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// A word; `prefix` if it may only be the beginning of one.
    Word {
        /// A compound name as one word.
        whole: Option<String>,
        /// Its parts.
        parts: Vec<String>,
        /// Whether longer words match too.
        prefix: bool,
    },
    /// Words next to each other, exactly.
    Phrase(Vec<String>),
}

impl Want {
    /// The folded words.
    pub(crate) fn parts(&self) -> &[String] {
        match self {
            Self::Word { parts, .. } | Self::Phrase(parts) => parts,
        }
    }
}

/// Reads the text of a user. The last word counts as possibly unfinished unless a space follows it.
pub(crate) fn parse(text: &str) -> Vec<Clause> {
    let end = text.char_indices().nth(MAX_QUERY_CHARS).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or(text);
    let mut clauses = Vec::new();
    let mut rest = text;
    while clauses.len() < MAX_CLAUSES {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        rest = read_clause(rest, &mut clauses);
    }
    clauses.truncate(MAX_CLAUSES);
    if !text.ends_with(|c: char| c.is_whitespace() || c == '"')
        && let Some(Clause { negated: false, want: Want::Word { prefix, .. }, .. }) = clauses.last_mut()
    {
        *prefix = rest.is_empty();
    }
    clauses
}

/// Reads one clause from the start of `rest`, which is not empty, and gives what follows it.
fn read_clause<'a>(rest: &'a str, clauses: &mut Vec<Clause>) -> &'a str {
    let (negated, rest) = match rest.strip_prefix('-') {
        Some(after) if after.starts_with(|c: char| !c.is_whitespace() && c != '-') => (true, after),
        _ => (false, rest),
    };
    let (scope, rest) = read_scope(rest);
    if let Some(quoted) = rest.strip_prefix('"') {
        let (inside, after) = quoted.split_once('"').unwrap_or((quoted, ""));
        clauses.extend(phrase(&pieces(inside), negated, scope));
        return after;
    }
    let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
    let (bare, after) = rest.split_at(end);
    let found = pieces(bare);
    if negated && found.len() > 1 {
        clauses.extend(phrase(&found, negated, scope));
    } else {
        clauses.extend(found.into_iter().map(|piece| word(piece, negated, scope)));
    }
    after
}

fn read_scope(rest: &str) -> (Option<Scope>, &str) {
    let named = rest.split_once(':').and_then(|(name, after)| Some((Scope::named(name)?, after)));
    match named {
        Some((scope, after)) if after.starts_with(|c: char| !c.is_whitespace()) => (Some(scope), after),
        _ => (None, rest),
    }
}

fn phrase(found: &[Piece], negated: bool, scope: Option<Scope>) -> Option<Clause> {
    let parts: Vec<String> = found.iter().flat_map(|p| &p.parts).map(|p| p.text.clone()).collect();
    (!parts.is_empty()).then_some(Clause { negated, scope, want: Want::Phrase(parts) })
}

fn word(piece: Piece, negated: bool, scope: Option<Scope>) -> Clause {
    let parts = piece.parts.into_iter().map(|part| part.text).collect();
    Clause { negated, scope, want: Want::Word { whole: piece.whole, parts, prefix: false } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, prefix: bool) -> Want {
        Want::Word { whole: None, parts: vec![text.into()], prefix }
    }

    #[test]
    fn words_phrases_negations_and_scopes() {
        let clauses = parse(r#"Sales -draft "order line" tag:PII column:"unit price" ship-to"#);
        let expected = [
            (false, None, word("sales", false)),
            (true, None, word("draft", false)),
            (false, None, Want::Phrase(vec!["order".into(), "line".into()])),
            (false, Some(Scope::Tag), word("pii", false)),
            (false, Some(Scope::Column), Want::Phrase(vec!["unit".into(), "price".into()])),
            (false, None, word("ship", false)),
            (false, None, word("to", true)),
        ];
        let expected: Vec<Clause> =
            expected.into_iter().map(|(negated, scope, want)| Clause { negated, scope, want }).collect();
        assert_eq!(clauses, expected);
    }

    #[test]
    fn the_last_word_is_a_prefix_until_a_space_follows() {
        assert_eq!(parse("cat")[0].want, word("cat", true));
        assert_eq!(parse("cat ")[0].want, word("cat", false));
        assert_eq!(parse("\"cat\"")[0].want, Want::Phrase(vec!["cat".into()]));
    }

    #[test]
    fn odd_input_is_words_or_nothing() {
        assert!(parse("").is_empty() && parse("- -- \" \"\" : () AND*").len() == 1);
        assert_eq!(parse("http://x:y").len(), 3);
        assert_eq!(parse("tag:").len(), 1);
        assert_eq!(parse("\"open phrase").len(), 1);
        assert_eq!(parse(&"a ".repeat(5_000)).len(), MAX_CLAUSES);
    }
}
