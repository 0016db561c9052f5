//! Changes, restarts, kills, locks and damage.

use crate::support::{ask, doc, found, indexed, put, upsert};
use lakegate_search::{Applied, Change, Document, Index, SearchError};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

fn at(change: i64, key: &str, title: &str) -> Document {
    Document { change, ..doc(key, title) }
}

fn remove(change: i64, key: &str) -> Change {
    Change::Remove { key: format!("asset:{key}"), change }
}

#[test]
fn a_stale_document_never_overwrites_a_newer_one() {
    let place = indexed(vec![at(5, "a", "five")]);
    let stale = vec![upsert(at(4, "a", "four")), upsert(at(7, "b", "seven")), upsert(at(6, "b", "six"))];
    assert_eq!(place.index.apply(stale, 7).unwrap(), Applied { written: 1, stale: 2 });
    place.index.commit().unwrap();
    drop(place.index);
    let index = Index::open(place.dir.path()).unwrap();
    assert_eq!(index.position(), 7);
    assert_eq!(index.apply(vec![upsert(at(3, "a", "three")), remove(6, "b")], 7).unwrap().stale, 2);
    index.commit().unwrap();
    assert_eq!(found(&index, "five"), ["a"]);
    assert_eq!(found(&index, "seven"), ["b"]);
    assert_eq!(index.apply(vec![upsert(at(5, "a", "again"))], 7).unwrap().written, 1);
    index.commit().unwrap();
    assert_eq!(found(&index, "again"), ["a"]);
}

#[test]
fn a_removed_document_does_not_come_back() {
    let place = indexed(vec![at(1, "a", "alpha")]);
    place.index.apply(vec![remove(3, "a"), remove(4, "never")], 4).unwrap();
    place.index.commit().unwrap();
    drop(place.index);
    let index = Index::open(place.dir.path()).unwrap();
    assert_eq!(index.apply(vec![upsert(at(2, "a", "alpha"))], 4).unwrap().stale, 1);
    index.commit().unwrap();
    assert!(found(&index, "alpha").is_empty() && index.is_empty().unwrap());
    assert!(index.keys(None, 10).unwrap().is_empty());
    index.forget_removed(3).unwrap();
    assert_eq!(index.apply(vec![upsert(at(2, "never", "n"))], 4).unwrap().stale, 1);
    put(&index, vec![at(5, "a", "alpha")]);
    assert_eq!(found(&index, "alpha"), ["a"]);
}

#[test]
fn a_commit_that_was_cut_off_does_not_stop_the_next() {
    let place = indexed(vec![at(1, "a", "alpha"), at(1, "b", "beta")]);
    let meta = place.dir.path().join("meta.json");
    let before = fs::read(&meta).unwrap();
    put(&place.index, vec![at(2, "a", "gamma")]);
    drop(place.index);
    // A crash before the new list of files took the place of the old one: what the commit wrote lies there, unused.
    fs::write(&meta, before).unwrap();
    let index = Index::open(place.dir.path()).unwrap();
    assert_eq!((index.position(), found(&index, "alpha")), (1, vec!["a".to_owned()]));
    put(&index, vec![at(2, "a", "gamma")]);
    assert_eq!((index.position(), found(&index, "gamma")), (2, vec!["a".to_owned()]));
    assert!(found(&index, "alpha").is_empty());
    assert_eq!(found(&index, "beta"), ["b"]);
}

#[test]
fn nothing_is_found_before_the_commit() {
    let place = indexed(vec![at(1, "a", "alpha")]);
    place.index.apply(vec![upsert(at(2, "b", "beta"))], 2).unwrap();
    assert!(found(&place.index, "beta").is_empty());
    assert_eq!((place.index.position(), place.index.applied_position()), (1, 2));
    assert_eq!(place.index.commit().unwrap(), 2);
    assert_eq!(found(&place.index, "beta"), ["b"]);
    drop(place.index);
    let index = Index::open(place.dir.path()).unwrap();
    index.apply(vec![upsert(at(9, "c", "gamma"))], 9).unwrap();
    drop(index);
    assert_eq!(Index::open(place.dir.path()).unwrap().position(), 2);
}

#[test]
fn an_empty_batch_moves_the_position() {
    let place = indexed(vec![]);
    place.index.apply(vec![], 12).unwrap();
    assert_eq!(place.index.commit().unwrap(), 12);
    place.index.apply(vec![], 11).unwrap();
    assert_eq!(place.index.commit().unwrap(), 12);
}

#[test]
fn keys_come_in_pages() {
    let place = indexed((0..25).map(|i| at(i + 1, &format!("{i:02}"), "t")).collect());
    put(&place.index, vec![at(40, "03", "t"), at(41, "99", "t")]);
    let mut listed = Vec::new();
    loop {
        let page = place.index.keys(listed.last().map(|(key, _): &(String, i64)| key.as_str()), 7).unwrap();
        assert!(page.len() <= 7);
        if page.is_empty() {
            break;
        }
        listed.extend(page.into_iter().map(|entry| (entry.key, entry.change)));
    }
    assert!(listed.is_sorted() && listed.len() == 26);
    assert_eq!((listed[3].clone(), listed[25].clone()), (("asset:03".into(), 40), ("asset:99".into(), 41)));
}

#[test]
fn a_second_opener_is_refused_and_a_dead_ones_lock_is_not_in_the_way() {
    let place = indexed(vec![at(1, "a", "alpha")]);
    let refused = Index::open(place.dir.path()).unwrap_err();
    assert!(matches!(&refused, SearchError::Locked(dir) if dir == place.dir.path()), "{refused}");
    assert!(refused.to_string().contains("in use"));
    drop(place.index);
    assert!(place.dir.path().join(".tantivy-writer.lock").exists() || cfg!(not(unix)));
    assert_eq!(found(&Index::open(place.dir.path()).unwrap(), "alpha"), ["a"]);
}

/// Damages every file of an index in turn, in several ways: opening says so, unless the answers are not touched.
#[test]
fn damage_is_told_and_does_not_panic() {
    let documents: Vec<Document> = (0..50).map(|i| at(i + 1, &format!("{i}"), "some words here")).collect();
    let place = indexed(documents);
    let expected = place.index.keys(None, 100).unwrap();
    drop(place.index);
    let files: Vec<_> = fs::read_dir(place.dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    let files: Vec<_> = files.into_iter().filter(|file| file.extension().is_some_and(|e| e != "lock")).collect();
    assert!(files.len() > 5);
    let mut told = 0;
    for file in &files {
        let good = fs::read(file).unwrap();
        // The library keeps no checksum of its two small JSON files.
        let unchecked = file.extension().is_some_and(|e| e == "json");
        for bad in damages(&good) {
            match &bad {
                None => fs::remove_file(file).unwrap(),
                Some(bytes) => fs::write(file, bytes).unwrap(),
            }
            match Index::open(place.dir.path()) {
                Err(SearchError::NeedsRebuild(_)) => told += 1,
                Err(error) => panic!("{}: {error}", file.display()),
                Ok(index) => {
                    assert!(unchecked, "{} with {:?} bytes was opened", file.display(), bad.map(|b| b.len()));
                    assert_eq!((index.position(), index.keys(None, 100).unwrap()), (50, expected.clone()));
                    assert_eq!(index.search(&ask("words")).unwrap().total, 50);
                }
            }
            fs::write(file, &good).unwrap();
        }
    }
    assert!(told > 3 * files.len(), "{told}");
    assert_eq!(Index::open(place.dir.path()).unwrap().len().unwrap(), 50);
}

/// Gone, empty, cut, and single bytes changed a little or a lot.
fn damages(good: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut damages = vec![None, Some(Vec::new()), Some(good[..good.len() / 2].to_vec())];
    for (step, change) in (0..24).zip([0x01, 0x55].into_iter().cycle()) {
        let mut flipped = good.to_vec();
        flipped[good.len() * step / 24] ^= change;
        damages.push(Some(flipped));
    }
    damages
}

const CHILD: &str = "LAKEGATE_SEARCH_TEST_CHILD";

/// The process that the next test kills: every change is a new document, every third is committed and then told.
#[test]
fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let index = Index::open(Path::new(&dir)).unwrap();
    for change in index.position() + 1.. {
        index.apply(vec![upsert(at(change, &change.to_string(), "word"))], change).unwrap();
        if change % 3 == 0 {
            index.commit().unwrap();
            let mut out = std::io::stdout().lock();
            writeln!(out, "\ncommitted {change}").unwrap();
            out.flush().unwrap();
        }
    }
}

#[test]
fn after_a_kill_the_position_tells_where_to_follow() {
    let dir = tempfile::tempdir().unwrap();
    for commits in [1, 4, 2] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "life::child_that_is_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told =
            lines.filter_map(|line| line.unwrap().strip_prefix("committed ").and_then(|n| n.parse::<i64>().ok()));
        let last = told.take(commits).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let index = Index::open(dir.path()).unwrap();
        let position = index.position();
        assert!(position >= last, "committed {last}, found {position}");
        let changes: Vec<i64> = index.keys(None, 10_000).unwrap().into_iter().map(|entry| entry.change).collect();
        assert_eq!(changes.len() as i64, position);
        assert!(changes.into_iter().all(|change| change <= position));
    }
}
