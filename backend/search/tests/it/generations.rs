//! Rebuilding beside the live index.

use crate::support::{doc, found, put, upsert};
use lakegate_search::{Document, IndexSet, SearchError};
use std::fs;
use std::path::Path;

fn at(change: i64, key: &str) -> Document {
    Document { change, ..doc(key, "Catalog") }
}

fn folders(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> =
        entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_generation_replaces_the_live_one_once_it_caught_up() {
    let root = tempfile::tempdir().unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    let former = set.live().unwrap();
    put(&former, vec![at(1, "a"), at(2, "orphan")]);
    let next = set.build_generation().unwrap();
    next.apply(vec![upsert(at(1, "a"))], 2).unwrap();
    put(&former, vec![at(3, "b")]);
    assert!(matches!(set.swap(&next), Err(SearchError::Behind { at: 2, live: 3 })));
    assert_eq!(found(&set.live().unwrap(), "catalog").len(), 3);
    next.apply(vec![upsert(at(3, "b"))], 3).unwrap();
    set.swap(&next).unwrap();
    let mut keys = found(&set.live().unwrap(), "catalog");
    keys.sort();
    assert_eq!(keys, ["a", "b"]);
    // Who still holds the former one finishes reading, and is told when writing.
    assert_eq!(found(&former, "catalog").len(), 3);
    assert!(matches!(former.apply(vec![upsert(at(4, "c"))], 4), Err(SearchError::Retired)));
    assert!(matches!(former.commit(), Err(SearchError::Retired)));
    assert_eq!(folders(root.path()), ["00000002"]);
    put(&set.live().unwrap(), vec![at(4, "c")]);
    drop((set, next, former));
    let set = IndexSet::open(root.path()).unwrap();
    assert_eq!((set.live().unwrap().position(), found(&set.live().unwrap(), "catalog").len()), (4, 3));
}

#[test]
fn leftovers_of_a_crashed_rebuild_are_removed() {
    let root = tempfile::tempdir().unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    put(&set.live().unwrap(), vec![at(1, "a")]);
    let unfinished = set.build_generation().unwrap();
    unfinished.apply(vec![upsert(at(1, "z"))], 1).unwrap();
    unfinished.commit().unwrap();
    drop((set, unfinished));
    fs::write(root.path().join("current.next"), "0000").unwrap();
    fs::create_dir(root.path().join("notes")).unwrap();
    assert_eq!(folders(root.path()), ["00000001", "00000002", "notes"]);
    let set = IndexSet::open(root.path()).unwrap();
    assert_eq!(folders(root.path()), ["00000001", "notes"]);
    assert!(!root.path().join("current.next").exists());
    assert_eq!(found(&set.live().unwrap(), "catalog"), ["a"]);
}

#[test]
fn a_damaged_live_index_can_be_replaced() {
    let root = tempfile::tempdir().unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    put(&set.live().unwrap(), vec![at(1, "a")]);
    drop(set);
    fs::remove_file(root.path().join("00000001/meta.json")).unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    assert!(set.needs_rebuild().unwrap().contains("meta.json"));
    assert!(matches!(set.live(), Err(SearchError::NeedsRebuild(_))));
    let next = set.build_generation().unwrap();
    next.apply(vec![upsert(at(1, "a"))], 1).unwrap();
    set.swap(&next).unwrap();
    assert_eq!(set.needs_rebuild(), None);
    assert_eq!(found(&set.live().unwrap(), "catalog"), ["a"]);
    assert_eq!(folders(root.path()), ["00000002"]);
}

#[test]
fn a_lost_pointer_starts_empty_and_a_second_opener_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    put(&set.live().unwrap(), vec![at(1, "a")]);
    assert!(matches!(IndexSet::open(root.path()), Err(SearchError::Locked(_))));
    drop(set);
    fs::write(root.path().join("current"), "../elsewhere").unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    assert_eq!((set.live().unwrap().position(), folders(root.path())), (0, vec!["00000002".to_owned()]));
}

/// The same documents give the same answers, whatever the index went through.
#[test]
fn a_rebuilt_index_answers_the_same() {
    let root = tempfile::tempdir().unwrap();
    let set = IndexSet::open(root.path()).unwrap();
    let live = set.live().unwrap();
    let titles = ["Catalog of sales", "Sales", "Sales catalog", "Catalog", "Cats"];
    let documents: Vec<Document> =
        (0..40).map(|i| Document { change: 100 + i, ..doc(&i.to_string(), titles[i as usize % 5]) }).collect();
    for round in 0..3i64 {
        for chunk in documents.chunks(7) {
            put(&live, chunk.iter().map(|d| Document { change: d.change - 50 + 25 * round, ..d.clone() }).collect());
        }
    }
    let texts = ["catalog", "sales", "sales catalog", "cat", "catlog", ""];
    let ask = |index: &lakegate_search::Index| -> Vec<Vec<String>> { texts.iter().map(|t| found(index, t)).collect() };
    let before = ask(&live);
    let next = set.build_generation().unwrap();
    next.apply(documents.into_iter().rev().map(upsert).collect(), live.position()).unwrap();
    set.swap(&next).unwrap();
    assert_eq!(ask(&set.live().unwrap()), before);
}
