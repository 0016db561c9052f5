//! Names of tables, and the tables as the catalog takes them.
//!
//! A table is named after its folder, with two exceptions that are named after their files: a folder that holds
//! several unpartitioned tables, and a single file whose name tells more than `part-0000` or `20200601` does. The location itself
//! counts as a folder, so a single file directly in it is named after itself.

use std::collections::HashSet;

use lakegate_model::storage::{DataFile, FoundColumn, FoundTable};
use lakegate_model::text::slug;

use super::group::Cluster;
use super::partitions;
use crate::{LakeError, LocationUri, Storage};

/// Longest table name, in bytes, with room for a number.
const LONGEST: usize = 56;
/// Words that name a part of a table and not a table.
const PARTS: [&str; 11] = ["", "part", "parts", "data", "file", "chunk", "load", "batch", "export", "output", "run"];

/// Tables by location and first file, their names made unique.
pub(super) fn tables(storage: &Storage, clusters: Vec<Cluster>) -> Result<Vec<FoundTable>, LakeError> {
    let mut taken = HashSet::new();
    clusters
        .into_iter()
        .map(|cluster| {
            let location = storage.location().join(&cluster.folder)?;
            let name = unique(&name_of(&cluster, &location), &mut taken);
            Ok(table(cluster, name, &location))
        })
        .collect()
}

fn table(cluster: Cluster, name: String, location: &LocationUri) -> FoundTable {
    let mut columns: Vec<FoundColumn> = cluster
        .columns
        .iter()
        .map(|c| FoundColumn {
            name: c.name.clone(),
            column_type: c.settled_type(),
            nullable: c.nullable,
            partition: false,
        })
        .collect();
    columns.extend(cluster.keys.iter().map(|key| partition_column(&cluster, key)));
    let cut = if cluster.folder.is_empty() { 0 } else { cluster.folder.len() + 1 };
    let files = cluster.files.into_iter().map(|(file, partitions)| DataFile {
        path: file.path[cut..].to_owned(),
        size: file.size,
        etag: file.etag,
        modified: file.modified,
        partitions,
    });
    FoundTable { name, location: location.to_string(), format: cluster.format, files: files.collect(), columns }
}

fn partition_column(cluster: &Cluster, key: &str) -> FoundColumn {
    let values = cluster.files.iter().map(|(_, values)| values.get(key).and_then(|v| v.as_deref()));
    let (column_type, nullable) = partitions::type_of(values);
    FoundColumn { name: key.to_owned(), column_type, nullable, partition: true }
}

fn name_of(cluster: &Cluster, location: &LocationUri) -> String {
    let folder = || slug(location.last_name());
    let stems = || cluster.files.iter().map(|(file, _)| stem(&file.path));
    let single = cluster.files.len() == 1 && cluster.keys.is_empty();
    if single {
        let stem = stems().next().unwrap_or_default();
        let tells_nothing = is_part(&stem);
        let in_root = cluster.folder.is_empty();
        return if tells_nothing && !cluster.shares_folder && !in_root { folder() } else { slug(&stem) };
    }
    if !cluster.shares_folder || !cluster.keys.is_empty() {
        return folder();
    }
    let common = common_start(stems());
    if is_part(&common) { folder() } else { slug(&common) }
}

/// The file's name without its endings.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut name = name.to_owned();
    for ending in
        [".gz", ".csv", ".tsv", ".tab", ".psv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".parq", ".pq"]
    {
        let cut = name.len().saturating_sub(ending.len());
        if cut > 0 && name.is_char_boundary(cut) && name[cut..].eq_ignore_ascii_case(ending) {
            name.truncate(cut);
        }
    }
    name
}

/// Whether a stem is that of a part: `part-00000-<id>.c000`, `20200601-1015`, `LOAD00000001`.
fn is_part(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    if lower.starts_with("part-") || lower.starts_with("part_") {
        return true;
    }
    let letters: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
    let is_id = lower.len() >= 32 && lower.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_id || PARTS.contains(&letters.as_str())
}

/// What all stems begin with, without trailing digits and separators.
fn common_start(mut stems: impl Iterator<Item = String>) -> String {
    let first = stems.next().unwrap_or_default();
    let common = stems.fold(first, |common, stem| {
        common.chars().zip(stem.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    });
    common.trim_end_matches(|c: char| !c.is_alphabetic()).to_owned()
}

fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    // A slug is ASCII, so any cut falls between characters.
    let name = &name[..name.len().min(LONGEST)];
    let mut candidate = name.to_owned();
    let mut number = 2_usize;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}_{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_and_parts() {
        assert_eq!(stem("a/catalog_sales.CSV.gz"), "catalog_sales");
        assert_eq!(stem("part-00000.c000.snappy.parquet"), "part-00000.c000.snappy");
        for part in
            ["part-0-abc", "20200601-101500000", "LOAD00000001", "0190a6c4-7d1e-7aaa-8bbb-0123456789ab", "data_1"]
        {
            assert!(is_part(part), "{part}");
        }
        assert!(!is_part("owners") && !is_part("partners") && !is_part("q1_sales"));
        assert_eq!(common_start(["orders-2020", "orders-2021"].into_iter().map(Into::into)), "orders");
    }

    #[test]
    fn names_are_unique_and_short() {
        let mut taken = HashSet::new();
        assert_eq!(unique("t", &mut taken), "t");
        assert_eq!(unique("t", &mut taken), "t_2");
        let long = "x".repeat(63);
        assert!(unique(&long, &mut taken).len() <= 63 && unique(&long, &mut taken).len() <= 63);
    }
}
