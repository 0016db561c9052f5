//! The text of a query without the values that stand in it.

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Token, Tokenizer},
};

/// The text with every literal replaced by `?` and without its comments: what others than its author may see of it.
///
/// The text is cut into words as the parser does, so that no spelling of a literal (dollar quotes, escapes, prefixes)
/// slips through; one that cannot be cut is `?` as a whole.
pub fn mask_literals(sql: &str) -> String {
    match Tokenizer::new(&GenericDialect {}, sql).tokenize() {
        Ok(tokens) => tokens.iter().map(shown).collect::<String>().trim().to_owned(),
        Err(_) => "?".to_owned(),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Whitespace(_) => " ".to_owned(),
        Token::Word(word) => word.to_string(),
        other => Some(other.to_string()).filter(|text| is_sign(text)).unwrap_or("?".to_owned()),
    }
}

/// Signs hold no letters, digits and quotes; whatever else does is a value of some kind.
fn is_sign(text: &str) -> bool {
    !text.contains(|c: char| c.is_alphanumeric() || matches!(c, '\'' | '"' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_masked_and_names_kept() {
        for (sql, masked) in [
            (
                "select a1, \"b 2\" from t where x = 'O''Hara' and y > 10.5e3",
                "select a1, \"b 2\" from t where x = ? and y > ?",
            ),
            ("select $$secret$$, E'it\\'s secret', X'5e', N'secret'", "select ?, ?, ?, ?"),
            ("select 1 -- secret\n from t /* secret 4711 */", "select ?   from t"),
            ("select 'unclosed secret", "?"),
            ("select ''", "select ?"),
        ] {
            assert_eq!(mask_literals(sql), masked, "{sql}");
        }
    }
}
