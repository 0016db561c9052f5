//! The way through a list: which list it is, where the reader is in it, and how it goes on.

use lakegate_app::seal;
use lakegate_model::{Fault, Page, PageRequest};
use serde::Deserialize;

use lakegate_http::{Web, extract::SignedIn};

/// The query string of a list that has no filters.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    /// The sealed position that the reader came with; empty for the beginning.
    #[serde(default)]
    pub after: String,
}

/// The way through a list; empty addresses lead nowhere.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// Back to the beginning.
    pub start: String,
    pub next: String,
}

/// A list's place in its page: what it is, and where the reader is in it.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// Path with the query of the filters, without `after`.
    pub base: String,
    /// The sealed position that the reader came with.
    pub after: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// A place in the list at `base`; an empty position is the beginning.
    pub fn new(base: impl Into<String>, after: &'a str) -> Self {
        Self { base: base.into(), after: Some(after).filter(|after| !after.is_empty()) }
    }

    /// The page that is asked for, `size` items of it.
    ///
    /// # Errors
    /// `invalid` for a position that is not one of this reader and list.
    pub fn request(&self, web: &Web, reader: &SignedIn, size: i64) -> Result<PageRequest, Fault> {
        seal::page(&web.app, &self.base, &principal(reader), Some(size), self.after)
    }

    /// The way on from a page.
    ///
    /// # Errors
    /// `internal` if sealing fails.
    pub fn pager<T>(&self, web: &Web, reader: &SignedIn, page: &Page<T>) -> Result<Pager, Fault> {
        let start = if self.after.is_some() { self.base.clone() } else { String::new() };
        let next = match &page.next {
            Some(after) => with_after(&self.base, &seal::cursor(&web.app, &self.base, &principal(reader), after)?),
            None => String::new(),
        };
        Ok(Pager { start, next })
    }
}

fn principal(reader: &SignedIn) -> String {
    format!("user:{}", reader.session.user_id)
}

fn with_after(base: &str, cursor: &str) -> String {
    let join = if base.contains('?') { '&' } else { '?' };
    format!("{base}{join}after={cursor}")
}

/// An address from a path and the filters that are set.
pub fn address(path: &str, filters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_the_filters_that_are_set() {
        assert_eq!(address("/audit", &[("actor", ""), ("action", "a b&c")]), "/audit?action=a+b%26c");
        assert_eq!(address("/audit", &[("actor", "")]), "/audit");
        assert_eq!(with_after("/audit?action=a", "x"), "/audit?action=a&after=x");
    }
}
