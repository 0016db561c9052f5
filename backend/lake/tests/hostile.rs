//! Whatever bytes come, as files or as their names: an answer or a refusal that says why, never a panic, never a bug's
//! word. The inputs are the kept ones of `tests/fixtures/corpus` and random changes of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use lakegate_lake::discover::{Discover, DiscoverLimits, Discovery};
use lakegate_lake::import::{ImportRequest, UploadLimits, import};
use lakegate_lake::infer::ScanBudget;
use lakegate_lake::{LakeError, LocationUri, Sandbox};
use lakegate_model::Fault;
use lakegate_model::storage::StorageAccess;
use lakegate_tests::mutate::{Mixer, shown};
use tokio_util::sync::CancellationToken;

/// A small file must not unpack to more than this, so that a run stays quick.
const BUDGET: ScanBudget = ScanBudget { bytes: 4 << 20, rows: 20_000, unpacked: 8 << 20, ratio: 200 };

/// A folder that holds one file at a time.
struct Place {
    _dir: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("lake")).unwrap();
        std::fs::create_dir(root.join("spool")).unwrap();
        Self { _dir: dir, root }
    }

    fn lake(&self) -> PathBuf {
        self.root.join("lake")
    }

    async fn infer(&self, name: &str, bytes: &[u8]) -> Result<(), LakeError> {
        std::fs::write(self.lake().join(name), bytes).unwrap();
        let location = LocationUri::of_folder(&self.lake()).unwrap();
        let files = vec![(name.to_owned(), bytes.len() as u64)];
        let found = Sandbox::in_process().infer_files(&StorageAccess::Folder, &location, files, BUDGET).await?;
        found.into_iter().next().unwrap().map(drop)
    }

    async fn import(&self, name: &str, bytes: &[u8]) -> Result<(), LakeError> {
        let table = format!("file://{}/", self.root.join("table").display());
        let sandbox = Sandbox::in_process();
        let request = ImportRequest {
            access: &StorageAccess::Folder,
            location: &table,
            table: "table",
            file_name: name,
            part_name: "part-1",
            spool: &self.root.join("spool"),
            limits: UploadLimits { bytes: 1 << 20, unpacked: BUDGET.unpacked, ratio: BUDGET.ratio },
            sandbox: &sandbox,
        };
        let chunks: Vec<Result<Bytes, String>> = vec![Ok(Bytes::copy_from_slice(bytes))];
        let imported = import(futures::stream::iter(chunks), request).await;
        if imported.is_err() {
            let left = std::fs::read_dir(self.root.join("spool")).unwrap().count();
            assert_eq!(left, 0, "a refused upload stays in the spool");
        }
        let _absent = std::fs::remove_dir_all(self.root.join("table"));
        imported.map(drop)
    }
}

/// Nothing here is the fault of a storage or of the program: 4xx or 507 alone.
fn accept(result: Result<(), LakeError>, what: &str, seed: u64, input: &[u8]) {
    let Err(error) = result else { return };
    let fault = Fault::from(error);
    let status = fault.code.status();
    assert!(status < 500, "LAKEGATE_TEST_SEED={seed}: {what}: {fault:?}\n{}", shown(input));
}

async fn files_are_read_or_refused(kind: &str, name: &str, base: usize) {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new(kind, false, seed);
    let place = Place::new();
    for _ in 0..mixer.count(base) {
        let input = mixer.next_bytes();
        accept(place.infer(name, &input).await, "inference", seed, &input);
        accept(place.import(name, &input).await, "import", seed, &input);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv() {
    files_are_read_or_refused("csv", "file.csv", 150).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines() {
    files_are_read_or_refused("jsonl", "file.jsonl", 150).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip() {
    files_are_read_or_refused("gzip", "file.csv.gz", 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet() {
    files_are_read_or_refused("parquet", "file.parquet", 300).await;
}

/// Without a telling name the content alone decides.
#[tokio::test(flavor = "multi_thread")]
async fn files_without_an_extension() {
    for kind in ["csv", "jsonl", "gzip", "parquet"] {
        files_are_read_or_refused(kind, "file", 40).await;
    }
}

async fn discover(lake: &Path) -> Result<Discovery, LakeError> {
    let location = LocationUri::of_folder(lake).unwrap().to_string();
    let run = Discover {
        access: &StorageAccess::Folder,
        location: &location,
        sandbox: &Sandbox::in_process(),
        limits: DiscoverLimits::default(),
        progress: &|_| {},
        cancel: &CancellationToken::new(),
    };
    run.run().await
}

/// Makes a file of this name if the file system takes it.
fn make(lake: &Path, path: &str) -> bool {
    let steps = || path.split('/').filter(|step| !matches!(*step, "" | "." | ".."));
    let path: PathBuf = steps().collect();
    if steps().next().is_none() || path.as_os_str().len() > 1_000 {
        return false;
    }
    let target = lake.join(path);
    target.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok())
        && !target.is_dir()
        && std::fs::write(&target, "a,b\n1,2\n").is_ok()
}

/// Names of files become tables, partitions and values; every file made is in a table, in a note, or hidden.
#[tokio::test(flavor = "multi_thread")]
async fn hive_paths() {
    let seed = lakegate_tests::seed();
    let mut mixer = Mixer::new("paths", true, seed);
    for _ in 0..mixer.count(100) / 4 {
        let place = Place::new();
        let made: Vec<String> = (0..4).map(|_| mixer.next_text()).filter(|path| make(&place.lake(), path)).collect();
        let found = discover(&place.lake()).await;
        let shown = format!("LAKEGATE_TEST_SEED={seed}: {made:?}");
        match found {
            Ok(found) => {
                let in_tables: usize = found.tables.iter().map(|table| table.files.len()).sum();
                let told = in_tables + found.notes.len();
                assert!(told <= 2 * made.len() + 1, "{shown}: {found:?}");
            }
            Err(error) => {
                let fault = Fault::from(error);
                assert!(fault.code.status() < 500, "{shown}: {fault:?}");
            }
        }
    }
}
