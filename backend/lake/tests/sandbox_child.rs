//! The sandbox with real children. This program is its own child: started with the hidden command it reads one
//! request, as the server's binary does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use lakegate_lake::discover::{Discover, DiscoverLimits};
use lakegate_lake::import::{ImportRequest, UploadLimits, import};
use lakegate_lake::infer::ScanBudget;
use lakegate_lake::sandbox::{CHILD_COMMAND, child_main};
use lakegate_lake::{LakeError, LocationUri, Sandbox};
use lakegate_model::storage::StorageAccess;
use tokio_util::sync::CancellationToken;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some(CHILD_COMMAND) => {
            // Credentials of the surroundings never reach a child.
            assert!(std::env::var_os("PATH").is_none());
            if child_main().is_err() {
                std::process::exit(1);
            }
        }
        Some("--list") => {}
        _ => run(),
    }
}

fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        a_child_finds_what_this_process_finds().await;
        a_child_converts().await;
        limits_become_clear_errors().await;
        a_hungry_file_is_refused_alone().await;
        a_dropped_question_kills_the_child().await;
    });
}

fn sandbox() -> Sandbox {
    Sandbox::new(std::env::current_exe().unwrap())
}

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases").canonicalize().unwrap()
}

async fn a_child_finds_what_this_process_finds() {
    let location = LocationUri::of_folder(&cases()).unwrap().to_string();
    let mut found = Vec::new();
    for sandbox in [sandbox(), Sandbox::in_process()] {
        let cancel = CancellationToken::new();
        let run = Discover {
            access: &StorageAccess::Folder,
            location: &location,
            sandbox: &sandbox,
            limits: DiscoverLimits::default(),
            progress: &|_| {},
            cancel: &cancel,
        };
        found.push(run.run().await.unwrap());
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0].tables.len(), 5);
}

async fn a_child_converts() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let sandbox = sandbox();
    let location = LocationUri::of_folder(&root.join("t")).unwrap().to_string();
    let request = |part_name| ImportRequest {
        access: &StorageAccess::Folder,
        location: &location,
        table: "t",
        file_name: "owners.csv",
        part_name,
        spool: &root,
        limits: UploadLimits::default(),
        sandbox: &sandbox,
    };
    let bytes = std::fs::read(cases().join("companies/owners.csv")).unwrap();
    let stream = futures::stream::iter([Ok::<_, String>(bytes.into())]);
    assert_eq!(import(stream, request("part-1")).await.unwrap().rows, 100);
    let bad = futures::stream::iter([Ok::<_, String>("a,b\n1\n".into())]);
    let error = import(bad, request("part-2")).await.unwrap_err();
    assert_eq!(error.to_string(), "owners.csv, line 2: 1 values where the first line has 2");
}

async fn limits_become_clear_errors() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let file = root.join("f.csv");
    std::fs::write(&file, format!("a,b\n{}", "1,some words to read\n".repeat(2_000_000))).unwrap();
    let size = std::fs::metadata(&file).unwrap().len();
    let location = LocationUri::of_folder(&root).unwrap();
    let whole = ScanBudget::whole(u64::MAX, u64::MAX);
    let ask = async |sandbox: Sandbox| {
        sandbox.infer_files(&StorageAccess::Folder, &location, vec![("f.csv".to_owned(), size)], whole).await
    };
    let limit = |what: &str| LakeError::ReaderLimit { what: what.to_owned() };
    assert_eq!(ask(Sandbox { cpu_seconds: 1, ..sandbox() }).await, Err(limit("processor time")));
    assert_eq!(ask(Sandbox { wall: Duration::from_millis(300), ..sandbox() }).await, Err(limit("time")));
    let silent = Sandbox { program: Some("/bin/false".into()), ..sandbox() };
    assert!(matches!(ask(silent).await, Err(LakeError::ReaderFailed { .. })));
    let missing = Sandbox { program: Some(root.join("nothing")), ..sandbox() };
    assert!(matches!(ask(missing).await, Err(LakeError::Internal { .. })));
}

/// A row of 14 MB whose parsed form needs some thirty times that.
async fn a_hungry_file_is_refused_alone() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    std::fs::write(root.join("hungry.json"), format!("{{\"a\":[{}1]}}\n", "1,".repeat(7_000_000))).unwrap();
    std::fs::write(root.join("small.csv"), "a,b\n1,2\n").unwrap();
    let location = LocationUri::of_folder(&root).unwrap().to_string();
    for (memory_bytes, tables) in [(300 << 20, 1), (4 << 30, 2)] {
        let sandbox = Sandbox { memory_bytes, ..sandbox() };
        let cancel = CancellationToken::new();
        let run = Discover {
            access: &StorageAccess::Folder,
            location: &location,
            sandbox: &sandbox,
            limits: DiscoverLimits::default(),
            progress: &|_| {},
            cancel: &cancel,
        };
        let found = run.run().await.unwrap();
        assert_eq!(found.tables.len(), tables);
        let notes: Vec<_> = found.notes.iter().map(|n| (n.path.as_str(), n.message.as_str())).collect();
        let told = ("hungry.json", "this file needs more memory than allowed to read");
        assert_eq!(notes, if tables == 1 { vec![told] } else { vec![] });
    }
}

/// A named pipe instead of a large file: the child waits on it for ever, unless it is killed.
async fn a_dropped_question_kills_the_child() {
    let before = children();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("f.csv")).status().unwrap();
    assert!(made.success());
    let location = LocationUri::of_folder(&root).unwrap();
    let (asked, access) = (sandbox(), StorageAccess::Folder);
    let files = vec![("f.csv".to_owned(), 100)];
    let question = asked.infer_files(&access, &location, files, ScanBudget::SAMPLE);
    assert!(tokio::time::timeout(Duration::from_millis(500), question).await.is_err());
    let deadline = Instant::now() + Duration::from_secs(10);
    while children() > before {
        assert!(Instant::now() < deadline, "the child is still there");
        tokio::task::yield_now().await;
    }
}

/// Living children of this process; the dead ones that nobody has waited for yet do not count.
fn children() -> usize {
    let own = std::process::id().to_string();
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|p| std::fs::read_to_string(p.path().join("stat")).ok());
    let fields =
        |stat: String| stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').take(2).map(str::to_owned).collect());
    stats.filter_map(fields).filter(|f: &Vec<String>| f[1] == own && f[0] != "Z").count()
}
