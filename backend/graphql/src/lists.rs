//! Lists in pages, as Relay writes them, with sealed cursors.
//!
//! A cursor holds the position behind which the list goes on, bound to the caller and to the list with its filters. A
//! use case tells the position behind a whole page only, so the cursor of an item inside a page holds where its page
//! began and how many items to pass over.

use async_graphql::{Context, Error, Object, OutputType, TypeName};
use lakegate_app::seal;
use lakegate_model::{Fault, Page, PageRequest};
use std::borrow::Cow;

use super::{at::At, errors};

/// A list that is being asked for: its name with all that filters and orders it, and which page.
#[derive(Debug, Clone)]
pub struct Listing {
    name: String,
    /// The page to ask the use case for; holds the passed-over items too.
    pub page: PageRequest,
    skip: u32,
    started_after: Option<String>,
}

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    skip: u32,
    after: Option<String>,
}

impl Position {
    fn text(&self) -> String {
        format!("{} {}", self.skip, self.after.as_deref().unwrap_or_default())
    }

    fn parse(text: &str) -> Option<Self> {
        let (skip, after) = text.split_once(' ')?;
        Some(Self { skip: skip.parse().ok()?, after: Some(after.to_owned()).filter(|after| !after.is_empty()) })
    }
}

impl Listing {
    /// Opens the cursor and checks the size.
    ///
    /// # Errors
    /// `invalid` naming `first` or `after`.
    pub fn open(at: &At, name: String, first: Option<i32>, after: Option<&str>) -> Result<Self, Fault> {
        let asked = seal::page(at.app(), &name, &at.principal, first.map(i64::from), after)?;
        let position = match asked.after.as_deref() {
            None => Position { skip: 0, after: None },
            Some(text) => Position::parse(text).ok_or_else(|| Fault::invalid("after", "this cursor is malformed"))?,
        };
        let page = PageRequest { size: asked.size + position.skip, after: position.after };
        Ok(Self { name, skip: position.skip, started_after: page.after.clone(), page })
    }

    /// Items to pass over at the head of the page.
    pub fn skip(&self) -> usize {
        self.skip as usize
    }

    /// Items that the client asked for.
    pub fn wanted(&self) -> usize {
        (self.page.size - self.skip) as usize
    }

    /// The same listing behind another position, for a use case that passes over items itself.
    #[must_use]
    pub fn behind(self, after: Option<String>) -> Self {
        Self { skip: 0, started_after: after, ..self }
    }

    /// The found page as a connection.
    pub fn connection<S, T: From<S>>(self, found: Page<S>) -> Connection<T> {
        let has_previous = self.skip > 0 || self.started_after.is_some();
        let last = found.items.len();
        let edges = found.items.into_iter().enumerate().skip(self.skip as usize);
        let edges = edges.map(|(index, item)| {
            let behind = index + 1;
            let position = match &found.next {
                Some(next) if behind == last => Position { skip: 0, after: Some(next.clone()) },
                _ => Position { skip: u32::try_from(behind).unwrap_or(u32::MAX), after: self.started_after.clone() },
            };
            Edge { node: T::from(item), list: self.name.clone(), position }
        });
        Connection { edges: edges.collect(), has_previous, has_next: found.next.is_some() }
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Connection<T> {
    edges: Vec<Edge<T>>,
    has_previous: bool,
    has_next: bool,
}

/// An item with its place in the list.
#[derive(Debug, Clone)]
pub struct Edge<T> {
    node: T,
    list: String,
    position: Position,
}

impl<T> Edge<T> {
    fn sealed(&self, ctx: &Context<'_>) -> Result<String, Error> {
        let at = At::of(ctx);
        seal::cursor(at.app(), &self.list, &at.principal, &self.position.text())
            .map_err(|fault| errors::error(&at, fault))
    }
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

/// One page of a list.
#[Object(name_type)]
impl<T: OutputType> Connection<T> {
    /// The items with their cursors.
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The items.
    async fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// How to go on.
    async fn page_info<'a>(&'a self, ctx: &Context<'a>) -> Result<PageInfo, Error> {
        let end = |edge: Option<&Edge<T>>| edge.map(|edge| edge.sealed(ctx)).transpose();
        Ok(PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: end(self.edges.first())?,
            end_cursor: end(self.edges.last())?,
        })
    }
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// An item with its place in the list.
#[Object(name_type)]
impl<T: OutputType> Edge<T> {
    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }

    /// Send this as `after` for what follows the item.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<String, Error> {
        self.sealed(ctx)
    }
}

/// How to go on in a list.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub struct PageInfo {
    pub has_next_page: bool,
    pub has_previous_page: bool,
    pub start_cursor: Option<String>,
    pub end_cursor: Option<String>,
}

/// Answers a list: `list!(at, first, after, "name with filters", |page| use_case(page))`.
macro_rules! list {
    ($at:expr, $first:expr, $after:expr, $name:expr, |$page:ident| $call:expr) => {{
        let at: &$crate::at::At = &$at;
        match $crate::lists::Listing::open(at, $name, $first, $after.as_deref()) {
            Err(fault) => Some(Err($crate::errors::error(at, fault))),
            Ok(listing) => {
                let $page = &listing.page;
                let found = $call.await;
                Some(found.map(|found| listing.connection(found)).map_err(|fault| $crate::errors::error(at, fault)))
            }
        }
    }};
}
pub(crate) use list;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn listing(size: u32, skip: u32, after: Option<&str>) -> Listing {
        let after = after.map(str::to_owned);
        let page = PageRequest { size: size + skip, after: after.clone() };
        Listing { name: "numbers".to_owned(), page, skip, started_after: after }
    }

    fn page(items: &[i64], next: Option<&str>) -> Page<i64> {
        Page { items: items.to_vec(), next: next.map(str::to_owned) }
    }

    #[test]
    fn a_cursor_inside_a_page_passes_over_what_stands_before_it() {
        let first: Connection<i64> = listing(3, 0, None).connection(page(&[1, 2, 3], Some("3")));
        let positions: Vec<String> = first.edges.iter().map(|edge| edge.position.text()).collect();
        assert_eq!(positions, ["1 ", "2 ", "0 3"]);
        assert!(first.has_next && !first.has_previous);

        let second: Connection<i64> = listing(3, 2, None).connection(page(&[1, 2, 3, 4], None));
        assert_eq!(second.edges.iter().map(|edge| edge.node).collect::<Vec<_>>(), [3, 4]);
        assert!(!second.has_next && second.has_previous);
        assert_eq!(second.edges.last().unwrap().position.text(), "4 ");
    }

    #[test]
    fn positions_come_back_as_they_went() {
        for position in [
            Position { skip: 0, after: None },
            Position { skip: 7, after: Some("a b c".to_owned()) },
            Position { skip: 0, after: Some("x".to_owned()) },
        ] {
            assert_eq!(Position::parse(&position.text()), Some(position));
        }
        assert_eq!(Position::parse("x y"), None);
        assert_eq!(Position::parse("7"), None);
    }
}
