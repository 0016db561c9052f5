//! Names of GraphQL for names of the catalog.
//!
//! A name is a function of the table's or column's own name alone, so that none tells of another (access rule 25), and no
//! two names become one: letters and digits stand for themselves, an underscore too where it joins two of them, and
//! everything else is written as `_x0…x` with the number of its character in hexadecimal digits.
//!
//! A table is `database__table`. No part holds two underscores in a row or ends in one, so the first two of a name are
//! always the joint; what belongs to a table hangs behind two more: `database__table__Row`. No other type of the schema
//! holds two underscores, and nothing begins with them.

/// Joins database and table, and a table and what belongs to it.
pub const JOINT: &str = "__";

/// Words that are no values of enums.
const VALUES: [&str; 3] = ["true", "false", "null"];

/// The name of a table: of the field that lists its rows, and the beginning of the names of its types.
pub fn of_table(database: &str, table: &str) -> String {
    format!("{}{JOINT}{}", encoded(database), encoded(table))
}

/// The name of a column: of the field of its cells, and of the value of its table's enum.
pub fn of_column(column: &str) -> String {
    encoded(column)
}

/// The name of something that belongs to a table.
pub fn part_of(table: &str, part: &str) -> String {
    format!("{table}{JOINT}{part}")
}

/// The name of a relation to a table, by the columns that refer: it begins with that table's name, so that a document names
/// every table that it needs. `many` tells which end refers.
pub fn of_relation(far: &str, many: bool, by: &[String]) -> String {
    let word = if many { "by" } else { "of" };
    let columns = by.iter().map(|column| of_column(column));
    columns.fold(part_of(far, word), |name, column| part_of(&name, &column))
}

/// The database and the table of which a name, or the name of a part, was made; `None` for any other word.
pub fn table_of(name: &str) -> Option<(String, String)> {
    let (database, rest) = name.split_once(JOINT)?;
    let table = rest.split(JOINT).next().filter(|table| !table.is_empty() && !database.is_empty())?;
    let found = (decoded(database)?, decoded(table)?);
    // What only looks like a written-out character is no name of ours.
    (of_table(&found.0, &found.1) == format!("{database}{JOINT}{table}")).then_some(found)
}

fn encoded(name: &str) -> String {
    let is_value = VALUES.contains(&name);
    let mut text = String::with_capacity(name.len());
    let mut before = None;
    for (at, c) in name.char_indices() {
        let plain = match c {
            '_' => before.is_some_and(|c: char| c.is_ascii_alphanumeric()) && joins(&name[at + 1..]),
            c if at == 0 => c.is_ascii_alphabetic() && !is_value,
            c => c.is_ascii_alphanumeric(),
        };
        if plain {
            text.push(c)
        } else {
            text.push_str(&format!("_x0{:x}x", u32::from(c)))
        }
        before = Some(c);
    }
    text
}

/// Whether an underscore before this stands for itself: between letters and digits, and not where it would look like the
/// beginning of a written-out character.
fn joins(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && !rest.starts_with("x0")
}

fn decoded(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let Some(written) = rest.strip_prefix("_x0") else {
            name.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let (digits, after) = written.split_once('x')?;
        name.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = after;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn usual_names_stay_as_they_are() {
        for name in ["owner_id", "a", "Company2", "coord_x", "max_x_0", "andOr"] {
            assert_eq!(of_column(name), name);
        }
        assert_eq!(of_table("sales_pub", "catalog_sales"), "sales_pub__catalog_sales");
    }

    #[test]
    fn odd_characters_are_written_out() {
        for (name, written) in [
            ("Company Name", "Company_x020xName"),
            ("größe", "gr_x0f6x_x0dfxe"),
            ("2024", "_x032x024"),
            ("_id", "_x05fxid"),
            ("__typename", "_x05fx_x05fxtypename"),
            ("a__b", "a_x05fx_x05fxb"),
            ("a_", "a_x05fx"),
            ("a_x020xb", "a_x05fxx020xb"),
            ("true", "_x074xrue"),
            ("a.b-c", "a_x02exb_x02dxc"),
        ] {
            assert_eq!(of_column(name), written, "{name}");
        }
    }

    #[test]
    fn tables_are_found_in_the_names_of_their_parts() {
        for (database, table) in [("d", "t"), ("d_", "_t"), ("sales_pub", "Catalog Sales"), ("d", "a__b"), ("1", "2")] {
            let name = of_table(database, table);
            for name in [name.clone(), part_of(&name, "Row"), part_of(&name, "aggregate")] {
                assert_eq!(table_of(&name), Some((database.to_owned(), table.to_owned())), "{name}");
            }
        }
        for other in ["__schema", "owners", "a__", "__", "a___b", "a__1b"] {
            assert_eq!(table_of(other), None, "{other}");
        }
    }

    /// Names of the characters that collide most easily.
    fn odd() -> impl Strategy<Value = String> {
        prop_oneof!["[a_x05f]{1,10}", "[A-Za-z0-9_]{1,12}", "\\PC{1,8}", "(true|false|null|__type)[_x]?"]
    }

    fn is_name(text: &str) -> bool {
        let mut chars = text.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !text.starts_with("__")
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_name_is_a_name_of_graphql_and_reads_back(database in odd(), table in odd()) {
            let column = of_column(&table);
            prop_assert!(is_name(&column) && !column.contains(JOINT) && !VALUES.contains(&column.as_str()), "{column}");
            prop_assert_eq!(decoded(&column), Some(table.clone()));
            let name = of_table(&database, &table);
            prop_assert!(is_name(&name), "{}", name);
            prop_assert_eq!(table_of(&part_of(&name, "Row")), Some((database, table)));
        }

        #[test]
        fn different_tables_never_share_a_name(one in (odd(), odd()), other in (odd(), odd())) {
            prop_assert_eq!(one == other, of_table(&one.0, &one.1) == of_table(&other.0, &other.1));
        }

        #[test]
        fn different_relations_never_share_a_name(
            one in (odd(), odd(), any::<bool>(), proptest::collection::vec(odd(), 1..3)),
            other in (odd(), odd(), any::<bool>(), proptest::collection::vec(odd(), 1..3)),
        ) {
            let name = |of: &(String, String, bool, Vec<String>)| of_relation(&of_table(&of.0, &of.1), of.2, &of.3);
            prop_assert_eq!(one == other, name(&one) == name(&other));
            prop_assert_eq!(table_of(&name(&one)), Some((one.0.clone(), one.1.clone())));
            // No column is called like a relation.
            prop_assert!(name(&one).contains(JOINT) && !of_column(&one.0).contains(JOINT));
        }
    }
}
