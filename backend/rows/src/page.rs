//! Pages of a list: which rows are asked for, and the cursors of those that came.

use async_graphql::Value;
use lakegate_app::seal;
use lakegate_model::Fault;
use lakegate_protocol::At;
use sha2::{Digest, Sha256};

use crate::{
    order::{Place, Sort, by_keys, from_keys},
    shape::Table,
};

/// Farthest a page may be moved by counting.
const OFFSET: i64 = 1_000_000;

/// What a caller says of the page he wants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    pub first: Option<i64>,
    pub after: Option<String>,
    pub offset: Option<i64>,
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<'a> {
    /// Most rows.
    pub size: usize,
    pub begin: Option<Place>,
    /// Rows passed over, where no cursor tells where the page begins.
    offset: u64,
    order: Vec<Sort<'a>>,
    /// Cursors count rows, whatever the order is.
    counted: bool,
    /// What cursors are bound to.
    list: String,
}

impl<'a> Page<'a> {
    /// The page of a list. `what` tells lists over one table apart: conditions, order, columns.
    ///
    /// # Errors
    /// `invalid` naming the argument: a page out of range, a cursor of another list or of somebody else.
    pub fn of(at: &At, table: &Table, order: Vec<Sort<'a>>, what: &str, wish: &Wish) -> Result<Self, Fault> {
        let offset = match wish.offset.unwrap_or_default() {
            offset @ 0..=OFFSET => offset.unsigned_abs(),
            _ => return Err(Fault::invalid("offset", format!("an offset is 0 to {OFFSET}"))),
        };
        if offset > 0 && wish.after.is_some() {
            return Err(Fault::invalid("offset", "a page begins behind a cursor or an offset, not behind both"));
        }
        let digest = hex::encode(Sha256::digest(what));
        let list = format!("rows {} {} {digest}", table.table, table.fingerprint);
        let request = seal::page(at.app(), &list, &at.principal, wish.first, wish.after.as_deref())?;
        let place = |text: &String| serde_json::from_str(text).map_err(Fault::internal);
        let begin = request.after.as_ref().map(place).transpose()?;
        Ok(Self { size: request.size as usize, begin, offset, order, counted: false, list })
    }

    /// The same for rows that belong to one of several others: cursors count among those of one.
    #[must_use]
    pub fn counted(self) -> Self {
        Self { counted: true, ..self }
    }

    /// The condition on rows from the beginning of the page on.
    ///
    /// # Errors
    /// `invalid` naming `after` for a value that cannot be compared with any more.
    pub fn condition(&self) -> Result<Option<String>, Fault> {
        let Some(Place::Keys { keys, .. }) = &self.begin else { return Ok(None) };
        let condition = from_keys(&self.order, keys);
        condition.map(Some).ok_or_else(|| Fault::invalid("after", "no page begins here").fix("page with offset"))
    }

    /// `LIMIT … OFFSET …`: one row more than the page holds tells whether there is another page.
    pub fn limits(&self) -> String {
        format!(" LIMIT {} OFFSET {}", self.size + 1, self.passed())
    }

    /// Rows that the condition lets through and that stand before the page.
    pub fn passed(&self) -> u64 {
        match &self.begin {
            None => self.offset,
            Some(Place::Keys { alike, .. }) => *alike,
            Some(Place::Rows(rows)) => *rows,
        }
    }

    /// The order of the list.
    pub fn order(&self) -> &[Sort<'a>] {
        &self.order
    }

    /// Whether rows stand before the page.
    pub fn has_previous(&self) -> bool {
        self.begin.is_some() || self.offset > 0
    }

    /// Whether the places of this page hold values. An offset may pass over rows that look like the first of the page, and
    /// how many is not known; so what began by counting goes on by counting.
    pub fn is_by_keys(&self) -> bool {
        !self.counted && by_keys(&self.order) && self.offset == 0 && !matches!(self.begin, Some(Place::Rows(_)))
    }

    /// The places behind each row; the values of the order's columns stand at these positions.
    pub fn places(&self, rows: &[Vec<serde_json::Value>], positions: &[usize]) -> Vec<Place> {
        if !self.is_by_keys() {
            return (1..=rows.len() as u64).map(|nth| Place::Rows(self.passed().saturating_add(nth))).collect();
        }
        let mut places: Vec<Place> = Vec::with_capacity(rows.len());
        for row in rows {
            let keys: Vec<_> = positions.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect();
            let alike = match places.last().or(self.begin.as_ref()) {
                Some(Place::Keys { keys: before, alike }) if *before == keys => alike.saturating_add(1),
                _ => 1,
            };
            places.push(Place::Keys { keys, alike });
        }
        places
    }

    /// A cursor behind a row.
    ///
    /// # Errors
    /// Failures of ours.
    pub fn cursor(&self, at: &At, place: &Place) -> Result<Value, Fault> {
        let text = serde_json::to_string(place).map_err(Fault::internal)?;
        seal::cursor(at.app(), &self.list, &at.principal, &text).map(Value::String)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::owners, order::order};
    use serde_json::json;

    fn page<'a>(table: &'a Table, names: &[&str], begin: Option<Place>, offset: u64) -> Page<'a> {
        let shown: Vec<_> = names.iter().filter_map(|name| table.column(name)).collect();
        let order = order(table, None, &shown).unwrap_or_default();
        Page { size: 2, begin, offset, order, counted: false, list: String::new() }
    }

    fn keys(name: &str, alike: u64) -> Place {
        Place::Keys { keys: vec![json!(name)], alike }
    }

    #[test]
    fn rows_that_look_alike_are_counted_over_pages() {
        let table = owners();
        let rows = [vec![json!("a")], vec![json!("a")], vec![json!("b")]];
        let first = page(&table, &["name"], None, 0);
        assert_eq!(first.places(&rows, &[0]), [keys("a", 1), keys("a", 2), keys("b", 1)]);
        let next = page(&table, &["name"], Some(keys("a", 2)), 0);
        assert_eq!(next.limits(), " LIMIT 3 OFFSET 2");
        assert_eq!(next.places(&rows, &[0]), [keys("a", 3), keys("a", 4), keys("b", 1)]);
    }

    #[test]
    fn what_began_by_counting_goes_on_by_counting() {
        let table = owners();
        let rows = [vec![json!("a")], vec![json!("a")]];
        let moved = page(&table, &["name"], None, 7);
        assert_eq!(moved.places(&rows, &[0]), [Place::Rows(8), Place::Rows(9)]);
        let next = page(&table, &["name"], Some(Place::Rows(9)), 0);
        assert_eq!(
            (next.limits().as_str(), next.places(&rows, &[0])),
            (" LIMIT 3 OFFSET 9", vec![Place::Rows(10), Place::Rows(11)])
        );
        let masked = page(&table, &["phone"], None, 0);
        assert_eq!(masked.places(&rows, &[0]), [Place::Rows(1), Place::Rows(2)]);
    }
}
