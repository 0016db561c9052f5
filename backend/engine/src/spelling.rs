//! Names without quotes: SQL folds them to lower case, files do not.
//!
//! Columns are exposed under their own names. A text may write `People_ID`, `people_id` or `"People_ID"` alike.

use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan, Word},
};
use std::collections::{BTreeSet, HashMap};

/// How unquoted names are to be spelled: SQL folds them to lower case, columns of files may be `People_ID`.
///
/// Keys are folded names. A fold that several visible columns share is left alone, so that plain SQL rules decide.
#[derive(Debug, Default)]
pub(crate) struct Spellings(HashMap<String, String>);

impl Spellings {
    /// Learns from the names of visible columns.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut by_fold: HashMap<String, BTreeSet<&str>> = HashMap::new();
        for name in names {
            by_fold.entry(name.to_lowercase()).or_default().insert(name);
        }
        let unique = |(fold, names): (String, BTreeSet<&str>)| {
            let name = names.into_iter().next().filter(|name| *name != fold)?;
            Some((fold, name.to_owned()))
        };
        Self(by_fold.into_iter().filter(|(_, names)| names.len() == 1).filter_map(unique).collect())
    }

    /// Quotes each unquoted name that means such a column. Words that SQL itself uses (`date`, `year`) are taken for a
    /// column only where they are spelled exactly like it and stand where a value could.
    pub fn apply(&self, tokens: &mut [TokenWithSpan]) {
        if self.0.is_empty() {
            return;
        }
        let places: Vec<usize> =
            (0..tokens.len()).filter(|at| !matches!(tokens[*at].token, Token::Whitespace(_))).collect();
        for (nth, at) in places.iter().enumerate() {
            let before = nth.checked_sub(1).map(|before| &tokens[places[before]].token);
            let after = places.get(nth + 1).map(|after| &tokens[*after].token);
            if let Some(name) = self.spelling(&tokens[*at].token, before, after) {
                tokens[*at].token =
                    Token::Word(Word { value: name.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword });
            }
        }
    }

    fn spelling(&self, token: &Token, before: Option<&Token>, after: Option<&Token>) -> Option<&str> {
        let Token::Word(Word { value, quote_style: None, keyword }) = token else { return None };
        let name = self.0.get(&value.to_lowercase())?;
        if matches!(after, Some(Token::LParen)) {
            return None;
        }
        let typed = matches!(after, Some(Token::SingleQuotedString(_) | Token::Number(..)))
            || matches!(before, Some(Token::Word(Word { keyword: Keyword::AS, .. })))
            || matches!(before, Some(Token::DoubleColon));
        (*keyword == Keyword::NoKeyword || (value == name && !typed)).then_some(name)
    }
}
