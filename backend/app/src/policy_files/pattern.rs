//! Wildcards: `*` stands for any run of characters within a name.

/// Whether a pattern holds a wildcard.
pub fn is_wild(pattern: &str) -> bool {
    pattern.contains('*')
}

/// Whether a name fits a pattern, whole and as it is written.
pub fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// The pattern of a table: project, database, name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TablePattern {
    pub project: String,
    pub database: String,
    pub table: String,
}

impl TablePattern {
    /// Reads `project/database/table`. A project whose name holds a slash is written with `*` for it.
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').map(str::trim).collect();
        let [project, database, table] = parts.as_slice() else { return None };
        if [project, database, table].iter().any(|part| part.is_empty()) {
            return None;
        }
        Some(Self {
            project: lakegate_model::text::fold(project),
            database: (*database).to_owned(),
            table: (*table).to_owned(),
        })
    }

    /// Whether it names one table.
    pub fn is_literal(&self) -> bool {
        ![&self.project, &self.database, &self.table].into_iter().any(|part| is_wild(part))
    }

    /// Whether a table fits. Names of projects are compared as the catalog compares them.
    pub fn fits(&self, project: &str, database: &str, table: &str) -> bool {
        fits(&self.project, &lakegate_model::text::fold(project))
            && fits(&self.database, database)
            && fits(&self.table, table)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "orders", true),
            ("orders", "orders", true),
            ("orders", "orders2", false),
            ("or*", "orders", true),
            ("*ers", "orders", true),
            ("*_mail", "e_mail", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("", "", true),
            ("", "x", false),
            ("*é*", "café au lait", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_table_has_three_names() {
        for text in ["a/b", "a/b/c/d", "", "a//c", "/b/c"] {
            assert_eq!(TablePattern::read(text), None, "{text}");
        }
        let pattern = TablePattern::read("Sales Team/*/or*").unwrap();
        assert!(pattern.fits("sales team", "shop_pub", "orders") && !pattern.fits("sales", "shop_pub", "orders"));
    }

    /// The plain definition, letter by letter.
    fn slowly(pattern: &[char], name: &[char]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some(('*', rest)) => (0..=name.len()).any(|skip| slowly(rest, &name[skip..])),
            Some((letter, rest)) => name.first() == Some(letter) && slowly(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn fits_is_the_plain_definition(pattern in "[ab*]{0,8}", name in "[ab]{0,8}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &name), slowly(&letters(&pattern), &letters(&name)));
        }
    }
}
