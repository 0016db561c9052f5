//! Hive partitions: folders named `key=value`.

use std::collections::{BTreeMap, BTreeSet};

use lakegate_model::columns::ColumnType;
use percent_encoding::percent_decode_str;

use crate::infer::fold_name;

/// The value that stands for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Values by key, keys case-folded.
pub(super) type Values = BTreeMap<String, Option<String>>;

/// A file's path taken apart.
pub(super) struct Place {
    /// The table's folder, relative to the location, `""` for the location itself.
    pub folder: String,
    /// Keys in the order of the path.
    pub keys: Vec<String>,
    pub values: Values,
}

/// Where a file belongs: the folder above the first partition, or its own folder if there is none.
pub(super) fn place(path: &str) -> Place {
    let folders: Vec<&str> = path.split('/').collect();
    let folders = &folders[..folders.len() - 1];
    let first = folders.iter().position(|f| pair(f).is_some()).unwrap_or(folders.len());
    let mut keys = Vec::new();
    let mut values = Values::new();
    for (key, value) in folders[first..].iter().filter_map(|f| pair(f)) {
        // The innermost of two folders with one key wins, as it does where both are columns.
        if values.insert(key.clone(), value).is_none() {
            keys.push(key);
        }
    }
    Place { folder: folders[..first].join("/"), keys, values }
}

fn pair(segment: &str) -> Option<(String, Option<String>)> {
    let (key, value) = segment.split_once('=')?;
    let key = fold_name(&percent_decode_str(key).decode_utf8().ok()?);
    if key.is_empty() {
        return None;
    }
    let value = percent_decode_str(value).decode_utf8().ok()?.into_owned();
    Some((key, (value != NULL).then_some(value)))
}

/// The type of a partition column: whole numbers, dates, else text.
pub(super) fn type_of<'a>(values: impl Iterator<Item = Option<&'a str>>) -> (ColumnType, bool) {
    let all: BTreeSet<Option<&str>> = values.collect();
    let known = || all.iter().flatten();
    let of = if known().next().is_none() {
        ColumnType::Text
    } else if known().all(|v| is_integer(v)) {
        ColumnType::Integer { bits: 64 }
    } else if known().all(|v| is_date(v)) {
        ColumnType::Date
    } else {
        ColumnType::Text
    };
    (of, all.contains(&None))
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && text.parse::<i64>().is_ok()
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_folded_and_values_decoded() {
        let place = place("sales/Year=2020/city=New%20York%2FEast/x=__HIVE_DEFAULT_PARTITION__/part.csv");
        assert_eq!(place.folder, "sales");
        assert_eq!(place.keys, ["year", "city", "x"]);
        let values: Vec<_> = place.values.into_iter().collect();
        let expected = [("city", Some("New York/East")), ("x", None), ("year", Some("2020"))]
            .map(|(k, v)| (k.into(), v.map(Into::into)));
        assert_eq!(values, expected);
    }

    #[test]
    fn files_without_partitions_belong_to_their_folder() {
        assert_eq!(place("a/b/c.csv").folder, "a/b");
        assert_eq!(place("c=1.csv").folder, "");
        assert!(place("a/=x/c.csv").keys.is_empty());
    }

    #[test]
    fn types_are_those_that_all_values_have() {
        let of = |values: &[&'static str]| type_of(values.iter().map(|v| Some(*v))).0.to_string();
        assert_eq!(of(&["2020", "01", "-3"]), "bigint");
        assert_eq!(of(&["2020-01-01", "2020-02-29"]), "date");
        assert_eq!(of(&["2020-01-01", "2020"]), "text");
        assert_eq!(type_of([Some("1"), None].into_iter()), (ColumnType::Integer { bits: 64 }, true));
        assert_eq!(type_of([None].into_iter()), (ColumnType::Text, true));
    }
}
