#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases").canonicalize().unwrap()
}

async fn discover(folder: &Path) -> Discovery {
    discover_with(folder, DiscoverLimits::default()).await.unwrap()
}

async fn discover_with(folder: &Path, limits: DiscoverLimits) -> Result<Discovery, LakeError> {
    let location = format!("file://{}", folder.canonicalize().unwrap().display());
    let cancel = CancellationToken::new();
    Discover {
        access: &StorageAccess::Folder,
        location: &location,
        sandbox: &Sandbox::in_process(),
        limits,
        progress: &|_| {},
        cancel: &cancel,
    }
    .run()
    .await
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Each table as `name: columns | files`.
fn shown(found: &Discovery) -> Vec<String> {
    let columns = |t: &FoundTable| {
        let one = |c: &lakegate_model::storage::FoundColumn| format!("{} {}", c.name, c.column_type);
        t.columns.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let files = |t: &FoundTable| t.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>().join(" ");
    found.tables.iter().map(|t| format!("{}: {} | {}", t.name, columns(t), files(t))).collect()
}

#[tokio::test]
async fn companies_are_two_tables() {
    let found = discover(&cases().join("companies")).await;
    assert_eq!(found.notes, []);
    let [owners, companies] = &found.tables[..] else { panic!("{:?}", shown(&found)) };
    assert_eq!((owners.name.as_str(), owners.columns.len(), owners.files.len()), ("owners", 7, 1));
    assert_eq!(owners.files[0].path, "owners.csv");
    assert_eq!((companies.name.as_str(), companies.files.len()), ("companies", 3));
    assert!(companies.location.ends_with("/companies/companies/"));
    let last = companies.columns.last().unwrap();
    assert_eq!((last.name.as_str(), last.partition, &last.column_type.to_string()[..]), ("continent", true, "text"));
    assert_eq!(companies.columns.len(), 7);
    assert_eq!(companies.files[0].path, "continent=asia/part-00000.csv");
    assert_eq!(companies.files[0].partitions["continent"].as_deref(), Some("asia"));
}

#[tokio::test]
async fn all_cases_at_once() {
    let found = discover(&cases()).await;
    let names: Vec<&str> = found.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["catalog_sales", "owners", "companies", "t_20200601_101500000", "load00000001"]);
    let sales = &found.tables[0];
    assert_eq!((sales.columns.len(), sales.files.len()), (12, 1));
}

#[tokio::test]
async fn like_files_are_one_table_and_others_are_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("lake");
    write(
        &root,
        &[
            ("parts/part-0000.csv", "id,price\n1,2\n"),
            ("parts/part-0001.csv", "id,price\n2,2.55\n"),
            ("parts/part-0002.csv", "id,price,extra\n3,1,x\n"),
            ("parts/_SUCCESS", "x"),
            ("parts/.part-0000.csv.crc", "x"),
            ("parts/empty.csv", ""),
            ("parts/readme.md", "x, y"),
            ("mixed/orders-2020.csv", "id,total\n1,2\n"),
            ("mixed/orders-2021.csv", "id,total\n1,2\n"),
            ("mixed/customers.csv", "id,name\n1,x\n"),
            ("mixed/customers.jsonl", "{\"id\":1,\"name\":\"x\"}\n"),
            ("single/part-0.jsonl", "{\"id\":1}\n"),
            ("broken/bad.csv", "a,b\n1\n"),
        ],
    );
    let found = discover(&root).await;
    assert_eq!(
        shown(&found),
        [
            "customers: id bigint, name text | customers.csv",
            "customers_2: id bigint, name text | customers.jsonl",
            "orders: id bigint, total bigint | orders-2020.csv orders-2021.csv",
            "parts: id bigint, price decimal(3,2), extra text | part-0000.csv part-0001.csv part-0002.csv",
            "single: id bigint | part-0.jsonl",
        ]
    );
    let expected = Skipped { hidden: 2, empty: 1, links: 0, unreadable: 0, foreign: 1 };
    assert_eq!(found.skipped, expected);
    assert_eq!(found.notes.len(), 1);
    assert_eq!(found.notes[0].path, "broken/bad.csv");
    assert_eq!(discover(&root).await, found, "a second run finds the same");
}

#[tokio::test]
async fn loose_files_in_the_location_itself() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("Sales 2020");
    write(&root, &[("a.csv", "id,x\n1,2\n"), ("b.csv", "id,y\n1,2\n")]);
    assert_eq!(shown(&discover(&root).await), ["a: id bigint, x bigint | a.csv", "b: id bigint, y bigint | b.csv"]);
    std::fs::write(root.join("b.csv"), "id,x\n5,6\n").unwrap();
    assert_eq!(shown(&discover(&root).await), ["sales_2020: id bigint, x bigint | a.csv b.csv"]);
}

#[tokio::test]
async fn partitions_fold_their_keys_and_come_last() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("t/Year=2020/day=2020-01-01/a.csv", "id,v\n1,x\n"),
            ("t/year=2021/day=2021-01-01/b.csv", "id,v\n2,y\n"),
            ("t/YEAR=__HIVE_DEFAULT_PARTITION__/day=2021-01-02/c.csv", "id,v\n3,z\n"),
            ("t/year=2021/d.csv", "id,v\n2,y\n"),
        ],
    );
    let found = discover(dir.path()).await;
    let names: Vec<(&str, usize)> = found.tables.iter().map(|t| (t.name.as_str(), t.files.len())).collect();
    assert_eq!(names, [("t", 3), ("t_2", 1)], "other keys, another table");
    let columns: Vec<_> = found.tables[0]
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.column_type.to_string(), c.partition, c.nullable))
        .collect();
    let text = |s: &str| s.to_owned();
    assert_eq!(
        columns,
        [
            ("id", text("bigint"), false, false),
            ("v", text("text"), false, false),
            ("year", text("bigint"), true, true),
            ("day", text("date"), true, false),
        ]
    );
    let of_null = found.tables[0].files.iter().find(|f| f.path.ends_with("c.csv")).unwrap();
    assert_eq!(of_null.partitions["year"], None);
}

#[tokio::test]
async fn a_column_named_like_a_partition_is_told() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("t/year=2020/a.csv", "id,Year\n1,2\n")]);
    let found = discover(dir.path()).await;
    assert_eq!(found.tables, []);
    assert_eq!(found.notes[0].message, "the column \"Year\" has the name of a partition; rename one of them");
}

#[tokio::test]
async fn limits_and_cancellation() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..70).map(|n| format!("t/part-{n:03}.csv")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "a,b\n1,2\n")).collect();
    write(dir.path(), &files);
    let limits = DiscoverLimits { files: 69, ..DiscoverLimits::default() };
    assert!(matches!(discover_with(dir.path(), limits).await, Err(LakeError::TooMany { limit: 69, .. })));

    let limits = DiscoverLimits { looked_into: 5, ..DiscoverLimits::default() };
    let found = discover_with(dir.path(), limits).await.unwrap();
    assert_eq!((found.tables.len(), found.tables[0].files.len()), (1, 70));
    assert!(found.notes[0].message.starts_with("65 files"));

    let cancel = CancellationToken::new();
    let seen = AtomicU64::new(0);
    let run = Discover {
        access: &StorageAccess::Folder,
        location: &format!("file://{}", dir.path().canonicalize().unwrap().display()),
        sandbox: &Sandbox::in_process(),
        limits: DiscoverLimits::default(),
        progress: &|p| {
            if let Progress::LookedInto { files, of } = p {
                assert_eq!(of, 70);
                seen.store(files, Ordering::Relaxed);
                cancel.cancel();
            }
        },
        cancel: &cancel,
    };
    assert_eq!(run.run().await, Err(LakeError::Cancelled));
    assert_eq!(seen.load(Ordering::Relaxed), 64, "it stops between two batches");
}
