//! Lists come in pages.

use crate::Fault;
use serde::Serialize;

/// Items of a page when nothing is asked for.
pub const DEFAULT_SIZE: u32 = 50;
/// Most items of a page.
pub const MAX_SIZE: u32 = 200;

/// Which page of a list is wanted: so many items after a position.
///
/// `after` is the position inside the server; clients hold it only as a sealed cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items, 1 to [`MAX_SIZE`].
    pub size: u32,
    /// The sort key of the last item already seen.
    pub after: Option<String>,
}

impl PageRequest {
    /// Checks the wanted size; none means [`DEFAULT_SIZE`].
    pub fn new(size: Option<i64>, after: Option<String>) -> Result<Self, Fault> {
        let size = size.unwrap_or(i64::from(DEFAULT_SIZE));
        match u32::try_from(size) {
            Ok(size @ 1..=MAX_SIZE) => Ok(Self { size, after }),
            _ => Err(Fault::invalid("first", format!("a page holds 1 to {MAX_SIZE} items, not {size}"))),
        }
    }
    /// One more than wanted: the extra item tells whether there is a next page.
    pub fn fetch(&self) -> i64 {
        i64::from(self.size) + 1
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { size: DEFAULT_SIZE, after: None }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// The position after the last item, when there are more.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts rows fetched with [`PageRequest::fetch`] to a page; `key` gives an item's position.
    pub fn cut(mut items: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> String) -> Self {
        let more = items.len() > request.size as usize;
        items.truncate(request.size as usize);
        let next = if more { items.last().map(key) } else { None };
        Self { items, next }
    }
    /// Changes the items, keeps the position.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}
