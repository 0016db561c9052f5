//! What a field selects, as far as it decides what is read.

use async_graphql::{SelectionField, Value};
use lakegate_model::Fault;

use crate::{
    filter,
    page::Wish,
    shape::{Column, Shape, Table},
};

/// The fields selected at a path below a field, each once, in the order in which they are first named.
pub fn below(field: SelectionField<'_>, path: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    gather(field, path, &mut found);
    found
}

fn gather(field: SelectionField<'_>, path: &[&str], found: &mut Vec<String>) {
    for inner in field.selection_set() {
        match path.split_first() {
            Some((first, rest)) if inner.name() == *first => gather(inner, rest, found),
            Some(_) => {}
            None if found.iter().any(|known| known == inner.name()) => {}
            None => found.push(inner.name().to_owned()),
        }
    }
}

/// The columns of a table among names.
pub fn columns<'a>(table: &'a Table, names: &[String]) -> Vec<&'a Column> {
    names.iter().filter_map(|name| table.column(name)).collect()
}

/// The arguments of a field that lists something.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    pub filter: Option<Value>,
    pub order: Option<Value>,
    pub distinct: bool,
    pub page: Wish,
}

impl Arguments {
    /// Reads arguments that validation let through; what still has the wrong type came in a variable.
    ///
    /// # Errors
    /// `invalid` naming the argument.
    pub fn read<'v>(given: impl Fn(&str) -> Option<&'v Value>) -> Result<Self, Fault> {
        let present = |name: &str| given(name).filter(|value| **value != Value::Null);
        let unfit = |name: &str| Fault::invalid(name, "this is of another type");
        let whole = |name: &str| match present(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(|| unfit(name)),
            Some(_) => Err(unfit(name)),
        };
        let after = match present("after") {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(unfit("after")),
        };
        Ok(Self {
            filter: present("filter").cloned(),
            order: present("orderBy").cloned(),
            distinct: present("distinct") == Some(&Value::Boolean(true)),
            page: Wish { first: whole("first")?, after, offset: whole("offset")? },
        })
    }

    /// The filter as a condition over a table.
    ///
    /// # Errors
    /// Those of [`filter::condition`].
    pub fn condition(&self, shape: &Shape, table: &Table) -> Result<Option<String>, Fault> {
        self.filter.as_ref().map(|filter| filter::condition(shape, table, filter)).transpose()
    }
}
