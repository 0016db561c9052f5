#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use futures::TryStreamExt as _;
use lakegate_model::outgoing::OutgoingRules;
use std::os::unix::fs::{PermissionsExt as _, symlink};

fn opened() -> (tempfile::TempDir, Storage) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let storage = Storage::open(&StorageAccess::Folder, &format!("file://{}/", root.display())).unwrap();
    (dir, storage)
}

async fn files(storage: &Storage, below: &str) -> Vec<String> {
    let entries: Vec<Entry> = storage.list(below).try_collect().await.unwrap();
    entries.into_iter().filter_map(|e| if let Entry::File(f) = e { Some(f.path) } else { None }).collect()
}

#[tokio::test]
async fn what_is_put_is_read_listed_and_deleted() {
    let (dir, storage) = opened();
    let put = storage.put("a/b=1%20 é/c.txt", Bytes::from_static(b"hello")).await.unwrap();
    assert_eq!(put.size, 5);
    assert_eq!(std::fs::read(dir.path().join("a/b=1%20 é/c.txt")).unwrap(), b"hello");
    assert_eq!(std::fs::metadata(dir.path().join("a")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(&storage.read("a/b=1%20 é/c.txt", 5).await.unwrap()[..], b"hello");
    assert!(matches!(storage.read("a/b=1%20 é/c.txt", 4).await, Err(LakeError::TooLarge { .. })));
    let listed: Vec<Entry> = storage.list("").try_collect().await.unwrap();
    assert_eq!(listed, [Entry::File(put.clone())], "a listing tells the same as a look at the file");
    assert_eq!(files(&storage, "a").await, ["a/b=1%20 é/c.txt"]);
    assert_eq!(storage.delete_prefix("a").await.unwrap(), 1);
    assert!(!dir.path().join("a").exists());
    assert!(!storage.delete("a/b=1%20 é/c.txt").await.unwrap());
}

#[tokio::test]
async fn no_temporary_file_is_left() {
    let (dir, storage) = opened();
    let local = dir.path().join("spool");
    std::fs::write(&local, b"x").unwrap();
    storage.put_file("t/part.parquet", &local).await.unwrap();
    let left: Vec<_> = std::fs::read_dir(dir.path().join("t")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["part.parquet"]);
    // A target that cannot be written: a folder stands in its place.
    std::fs::create_dir(dir.path().join("t/taken")).unwrap();
    std::fs::write(&local, b"x").unwrap();
    assert!(storage.put_file("t/taken", &local).await.is_err());
    assert_eq!(files(&storage, "t").await, ["t/part.parquet"]);
}

#[tokio::test]
async fn links_are_neither_listed_nor_read_nor_written() {
    let (dir, storage) = opened();
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("secret.csv"), "a,b\n1,2\n").unwrap();
    symlink(secret.path(), dir.path().join("folder")).unwrap();
    symlink(secret.path().join("secret.csv"), dir.path().join("file.csv")).unwrap();
    let entries: Vec<Entry> = storage.list("").try_collect().await.unwrap();
    assert_eq!(entries, [Entry::Link, Entry::Link]);
    for path in ["folder/secret.csv", "file.csv"] {
        assert!(matches!(storage.read(path, 100).await, Err(LakeError::Refused { .. })), "{path}");
        assert!(matches!(storage.head(path).await, Err(LakeError::Refused { .. })), "{path}");
        assert!(matches!(storage.delete(path).await, Err(LakeError::Refused { .. })), "{path}");
    }
    assert!(storage.put("folder/new.csv", Bytes::from_static(b"x")).await.is_err());
    assert!(storage.store().list(Some(&object_path("folder").unwrap())).try_next().await.is_err());
    assert!(storage.delete_prefix("folder").await.is_err());
    assert!(secret.path().join("secret.csv").exists());
    assert!(!secret.path().join("new.csv").exists());
}

#[tokio::test]
async fn paths_do_not_escape() {
    let (_dir, storage) = opened();
    for path in ["../x", "a/../../x", "..", "a/./b"] {
        assert!(matches!(storage.read(path, 1).await, Err(LakeError::Location(_))), "{path}");
        assert!(storage.put(path, Bytes::from_static(b"x")).await.is_err(), "{path}");
    }
}

#[test]
fn a_root_behind_a_link_is_refused_and_a_missing_one_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("real")).unwrap();
    symlink(root.join("real"), root.join("link")).unwrap();
    let open = |name: &str| Storage::open(&StorageAccess::Folder, &format!("file://{}/{name}", root.display()));
    assert!(open("real").is_ok());
    assert!(matches!(open("link"), Err(LakeError::Location(_))));
    assert!(matches!(open("nothing"), Err(LakeError::FolderGone { .. })));
    let through = format!("file://{}/link/new", root.display());
    assert!(Storage::create(&StorageAccess::Folder, &through).is_err());
    assert!(!root.join("real/new").exists());
}

#[tokio::test]
async fn a_folder_that_vanishes_is_said_to_be_gone() {
    let (dir, storage) = opened();
    std::fs::remove_dir(dir.path()).unwrap();
    assert!(matches!(storage.probe().await, Err(LakeError::FolderGone { .. })));
}

#[tokio::test]
async fn a_refusing_bucket_answers_within_seconds() {
    // Bound and dropped: nobody listens on the port.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let access = s3(&format!("http://127.0.0.1:{port}"));
    let storage = Storage::open(&access, "s3://bucket/prefix/").unwrap();
    let started = std::time::Instant::now();
    let error = storage.probe().await.unwrap_err();
    assert!(matches!(error, LakeError::Storage { .. }), "{error:?}");
    assert!(started.elapsed().as_secs() < 15);
    assert!(!format!("{error:?}").contains("topsecret"));
}

#[test]
fn a_bucket_without_keys_is_refused() {
    let access = StorageAccess::S3 {
        endpoint: None,
        region: "eu-west-1".into(),
        access_key_id: String::new(),
        secret_access_key: String::new(),
        outgoing: OutgoingRules::default(),
    };
    assert!(matches!(Storage::open(&access, "s3://bucket/"), Err(LakeError::Location(_))));
    assert!(matches!(Storage::open(&s3("http://x"), "file:///tmp/"), Err(LakeError::Location(_))));
}

fn s3(endpoint: &str) -> StorageAccess {
    StorageAccess::S3 {
        endpoint: Some(endpoint.to_owned()),
        region: "us-east-1".into(),
        access_key_id: "key".into(),
        secret_access_key: "topsecret".into(),
        outgoing: OutgoingRules { allow: vec!["127.0.0.1".into(), "x".into()] },
    }
}
