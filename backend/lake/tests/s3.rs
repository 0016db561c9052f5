//! The lake over a real S3 server, which takes any keys. The gate starts one and names it in `LAKEGATE_TEST_S3`; without
//! one the test says that it was left out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::io::Write as _;

use bytes::Bytes;
use futures::TryStreamExt as _;
use lakegate_lake::discover::{Discover, DiscoverLimits};
use lakegate_lake::import::{ImportRequest, UploadLimits, import};
use lakegate_lake::storage::Entry;
use lakegate_lake::{LakeError, Sandbox, Storage, maintain};
use lakegate_model::outgoing::OutgoingRules;
use lakegate_model::storage::StorageAccess;
use tokio_util::sync::CancellationToken;

const LOCATION: &str = "s3://lakegate-test/lake%20crate/";

fn access(endpoint: &str) -> StorageAccess {
    StorageAccess::S3 {
        endpoint: Some(endpoint.to_owned()),
        region: "us-east-1".into(),
        access_key_id: "test".into(),
        secret_access_key: "test".into(),
        outgoing: OutgoingRules { allow: vec!["127.0.0.1".into(), "localhost".into()] },
    }
}

fn server() -> Option<String> {
    let server = std::env::var("LAKEGATE_TEST_S3").ok().filter(|url| !url.is_empty());
    if server.is_none() {
        let why = "SKIPPED the lake over S3: LAKEGATE_TEST_S3 names no S3 server";
        let _closed = writeln!(std::io::stderr(), "{why}");
    }
    server
}

async fn make_bucket(server: &str) {
    let sent = reqwest::Client::new().put(format!("{server}/lakegate-test")).send().await.unwrap();
    assert!(sent.status().is_success(), "{}", sent.status());
}

#[tokio::test]
async fn a_bucket_is_written_found_imported_and_cleared() {
    let Some(server) = server() else { return };
    make_bucket(&server).await;
    let access = access(&server);
    let storage = Storage::open(&access, LOCATION).unwrap();
    storage.delete_prefix("").await.unwrap();
    neighbours_stay_apart(&access, &storage).await;
    tables_are_found(&access, &storage).await;
    uploads_arrive(&access, &storage).await;
    let all = maintain::orphans(&storage, &HashSet::new(), chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap();
    assert_eq!(storage.delete_prefix("").await.unwrap(), all.len() as u64);
    assert!(storage.list("").try_next().await.unwrap().is_none());
    let nowhere = Storage::open(&access, "s3://lakegate-test-nowhere/").unwrap();
    assert!(matches!(nowhere.probe().await, Err(LakeError::FolderGone { .. })));
}

async fn neighbours_stay_apart(access: &StorageAccess, storage: &Storage) {
    let neighbour = Storage::open(access, "s3://lakegate-test/lake%20crate2/").unwrap();
    neighbour.put("x.csv", Bytes::from_static(b"a,b\n1,2\n")).await.unwrap();
    assert!(storage.list("").try_next().await.unwrap().is_none());
    assert!(matches!(storage.read("../lake crate2/x.csv", 100).await, Err(LakeError::Location(_))));
    neighbour.delete_prefix("").await.unwrap();
}

async fn tables_are_found(access: &StorageAccess, storage: &Storage) {
    let put = storage.put("sales/Year=2020/a b%.csv", Bytes::from_static(b"id,price\n1,2.5\n")).await.unwrap();
    assert!(put.etag.is_some());
    storage.put("sales/year=2021/b.csv", Bytes::from_static(b"id,price\n2,10\n")).await.unwrap();
    let cancel = CancellationToken::new();
    let run = Discover {
        access,
        location: LOCATION,
        sandbox: &Sandbox::in_process(),
        limits: DiscoverLimits::default(),
        progress: &|_| {},
        cancel: &cancel,
    };
    let found = run.run().await.unwrap();
    assert_eq!(found.notes, []);
    let columns: Vec<String> =
        found.tables[0].columns.iter().map(|c| format!("{} {}", c.name, c.column_type)).collect();
    assert_eq!(columns, ["id bigint", "price decimal(3,1)", "year bigint"]);
    assert_eq!(found.tables[0].location, "s3://lakegate-test/lake%20crate/sales/");
    let entries: Vec<Entry> = storage.list("sales").try_collect().await.unwrap();
    assert!(entries.contains(&Entry::File(put.clone())), "{put:?} {entries:?}");
}

/// Incompressible text of some 20 MB, so that the upload goes in parts.
async fn uploads_arrive(access: &StorageAccess, storage: &Storage) {
    let spool = tempfile::tempdir().unwrap();
    let mut state = 7_u64;
    let mut text = String::from("id,word\n");
    for id in 0..600_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!(
            "{id},{state:016x}{:016x}\n",
            state.rotate_left(29).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ));
    }
    let request = ImportRequest {
        access,
        location: "s3://lakegate-test/lake%20crate/words/",
        table: "words",
        file_name: "words.csv",
        part_name: "part-1",
        spool: spool.path(),
        limits: UploadLimits::default(),
        sandbox: &Sandbox::in_process(),
    };
    let done = import(futures::stream::iter([Ok::<_, String>(Bytes::from(text))]), request).await.unwrap();
    assert_eq!(done.rows, 600_000);
    let stored = storage.head("words/part-1.parquet").await.unwrap();
    assert_eq!(stored.size, done.table.files[0].size);
    assert!(stored.size > 8 * 1024 * 1024, "{} bytes go in one part", stored.size);
    let tail = storage.read_range("words/part-1.parquet", stored.size - 4, stored.size).await.unwrap();
    assert_eq!(&tail[..], b"PAR1");
}
