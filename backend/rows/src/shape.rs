//! What a caller sees of tables, as plain data: from this the schema is made, and by its digest it is kept.

use async_graphql::{Value, Variables};
use lakegate_app::query::{
    relations::ShownRelation,
    shape::{ShownColumn, ShownTable, Wanted},
};
use lakegate_model::{columns::ColumnType, ids::TableId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

use crate::{kind::Kind, names};

/// The field that tells of all tables.
pub const TABLES: &str = "_tables";

/// The tables of a caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// In order of database and name.
    pub tables: Vec<Table>,
}

/// A table under its name of GraphQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub field: String,
    pub table: TableId,
    pub database: String,
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of its key, under their names of GraphQL; empty for none.
    pub key: Vec<String>,
    pub relations: Vec<Relation>,
    /// Equal fingerprints see equal cells of equal data.
    pub fingerprint: String,
}

/// A relation under its name of GraphQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub field: String,
    /// The field of the table that it leads to.
    pub far: String,
    /// It leads to all rows that refer to one.
    pub many: bool,
    /// Columns with equal values, here and there, under their names of GraphQL.
    pub columns: Vec<(String, String)>,
}

/// A column under its name of GraphQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub field: String,
    pub name: String,
    pub description: String,
    pub kind: Kind,
    pub column_type: ColumnType,
    pub nullable: bool,
    pub masked: bool,
    pub partial: bool,
}

impl Column {
    /// Whether each cell shows as it is: no cursor holds a value of a column of which cells are withheld (access rule 6).
    pub const fn is_open(&self) -> bool {
        !self.masked && !self.partial
    }
}

impl Shape {
    /// The shape of tables as the caller sees them.
    pub fn of(tables: Vec<ShownTable>) -> Self {
        Self { tables: tables.into_iter().map(Table::of).collect() }
    }

    /// The table under a name of GraphQL.
    pub fn table(&self, field: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.field == field)
    }

    /// A digest of all that the schema shows: shapes of one digest have one schema. Lengths stand before texts, so that
    /// no two shapes give one stream of bytes.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        for table in &self.tables {
            add(&table.field);
            add(&table.columns.len().to_string());
            add(&table.key.len().to_string());
            table.key.iter().for_each(|column| add(column));
            add(&table.relations.len().to_string());
            for relation in &table.relations {
                // The name tells which end refers and by which columns; resolvers look the columns up in their own shape.
                add(&relation.field);
            }
            for column in &table.columns {
                add(&column.field);
                add(&column.description);
                add(&column.column_type.to_string());
                add(&format!("{} {} {}", column.nullable, column.masked, column.partial));
            }
        }
        hash.finalize().into()
    }

    /// How many columns there are in all.
    pub fn size(&self) -> usize {
        self.tables.iter().map(|table| table.columns.len()).sum()
    }
}

impl Table {
    fn of(shown: ShownTable) -> Self {
        Self {
            field: names::of_table(&shown.database, &shown.name),
            table: shown.table,
            database: shown.database,
            name: shown.name,
            columns: shown.columns.into_iter().map(Column::of).collect(),
            key: shown.key.iter().map(|column| names::of_column(column)).collect(),
            relations: shown.relations.iter().map(Relation::of).collect(),
            fingerprint: shown.fingerprint,
        }
    }

    /// The relation under a name of GraphQL.
    pub fn relation(&self, field: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.field == field)
    }

    /// The column under a name of GraphQL.
    pub fn column(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == field)
    }
}

impl Relation {
    fn of(shown: &ShownRelation) -> Self {
        let far = names::of_table(&shown.far.0, &shown.far.1);
        let pair = |(here, there): &(String, String)| (names::of_column(here), names::of_column(there));
        Self {
            field: names::of_relation(&far, shown.many, &shown.by),
            many: shown.many,
            columns: shown.columns.iter().map(pair).collect(),
            far,
        }
    }
}

impl Column {
    fn of(shown: ShownColumn) -> Self {
        Self {
            field: names::of_column(&shown.name),
            kind: Kind::of(&shown.column_type),
            name: shown.name,
            description: shown.description,
            column_type: shown.column_type,
            nullable: shown.nullable,
            masked: shown.masked,
            partial: shown.partial,
        }
    }
}

/// The tables that a document may mean: those whose names it or its variables hold, or all where it asks what there is.
pub fn wanted(document: &str, variables: &Variables) -> Wanted {
    let words = document.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let mut named = BTreeSet::new();
    for word in words {
        if ["__schema", "__type", TABLES].contains(&word) {
            return Wanted::All;
        }
        named.extend(names::table_of(word));
    }
    variables.values().for_each(|value| name_tables(value, &mut named));
    Wanted::Named(named)
}

/// Adds the tables of the relations that a value names: filters come in variables.
fn name_tables(value: &Value, named: &mut BTreeSet<(String, String)>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| name_tables(item, named)),
        Value::Object(members) => {
            for (name, member) in members {
                named.extend(names::table_of(name));
                name_tables(member, named);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[(&str, &str)]) -> Wanted {
        Wanted::Named(names.iter().map(|(d, t)| ((*d).to_owned(), (*t).to_owned())).collect())
    }

    #[test]
    fn a_document_is_searched_for_tables() {
        let none = Variables::default();
        let plain = |document: &str| wanted(document, &none);
        assert_eq!(plain("{ a__b{nodes{c}} x:d_e__f_g__aggregate{count} }"), named(&[("a", "b"), ("d_e", "f_g")]));
        assert_eq!(plain("query($f: a__b__Filter) { ...F } fragment F on Query { __typename }"), named(&[("a", "b")]));
        assert_eq!(plain("{ a__b__byKey(c: 1) { d__e__of__c { f } } }"), named(&[("a", "b"), ("d", "e")]));
        assert_eq!(plain("{ __schema { types { name } } }"), Wanted::All);
        let filter = serde_json::json!({ "f": { "_and": [{ "a__b__by__c": { "some": { "d__e__of__c": {} } } }] } });
        assert_eq!(wanted("{ x }", &Variables::from_json(filter)), named(&[("a", "b"), ("d", "e")]));
    }
}
