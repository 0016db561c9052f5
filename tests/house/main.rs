//! The shape of the house: who may use whom, how large a room may be, and what no source may hold.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The only edges between the crates of the program.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("policy", &["model"]),
    ("store", &["model", "policy"]),
    ("search", &["model"]),
    ("lake", &["model"]),
    ("engine", &["model", "policy", "lake"]),
    ("jobs", &["model", "policy", "store"]),
    ("app", &["model", "policy", "store", "search", "lake", "engine", "jobs"]),
    ("ingest", &["model", "lake", "jobs", "app"]),
    ("http", &["model", "app"]),
    ("rest", &["model", "app", "http"]),
    ("protocol", &["model", "app", "http"]),
    ("graphql", &["model", "app", "http", "protocol"]),
    ("rows", &["model", "app", "http", "protocol"]),
    ("pages", &["model", "app", "http"]),
    ("web", &["app", "http", "rest", "graphql", "rows", "pages"]),
    ("server", &["model", "policy", "store", "search", "lake", "engine", "jobs", "app", "ingest", "web"]),
];

/// Libraries that stay in their rooms.
const ROOMS: &[(&str, &[&str])] = &[
    ("datafusion", &["lake", "engine"]),
    ("sqlx", &["store", "model"]),
    ("tantivy", &["search"]),
    ("axum", &["http", "rest", "protocol", "graphql", "rows", "pages", "web", "server"]),
    ("async-graphql", &["protocol", "graphql", "rows"]),
    ("askama", &["pages"]),
];

/// Lines of a source file above which it has to be one idea indeed.
const LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let room = |package: &Value| {
        let manifest = package["manifest_path"].as_str().unwrap();
        let folder = Path::new(manifest).parent().unwrap();
        let backend = folder.parent().is_some_and(|parent| parent.ends_with("backend"));
        backend.then(|| folder.file_name().unwrap().to_str().unwrap().to_owned())
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .filter_map(|package| {
            let needs = package["dependencies"].as_array().unwrap().iter();
            let needs =
                needs.filter(|need| need["kind"].is_null()).map(|need| need["name"].as_str().unwrap().to_owned());
            Some((room(package)?, needs.collect()))
        })
        .collect()
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let found = dependencies();
    let rooms: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    let planned: BTreeSet<&str> = EDGES.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, planned, "a crate of backend/ is not in EDGES, or the other way round");
    for (room, allowed) in EDGES {
        for need in &found[*room] {
            if let Some(other) = need.strip_prefix("lakegate-") {
                assert!(allowed.contains(&other), "{room} may not use {other}");
            }
        }
    }
}

#[test]
fn libraries_stay_in_their_rooms() {
    for (room, needs) in dependencies() {
        for (library, rooms) in ROOMS {
            assert!(!needs.contains(*library) || rooms.contains(&room.as_str()), "{room} may not use {library}");
        }
    }
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !["node_modules", "vendor", "target", "fixtures"].contains(&name.as_str()) {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

#[test]
fn no_room_grew_too_large() {
    let mut sources = Vec::new();
    files(&root().join("backend"), ".rs", &mut sources);
    assert!(sources.len() > 100, "the sources were not found");
    let large: Vec<String> = sources
        .iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(path).unwrap().lines().count();
            (lines > LINES).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(large.is_empty(), "{}", large.join("\n"));
}

#[test]
fn pages_load_nothing_from_another_host() {
    let mut pages = Vec::new();
    for ending in [".html", ".css", ".js"] {
        files(&root().join("frontend/templates"), ending, &mut pages);
        files(&root().join("frontend/static"), ending, &mut pages);
    }
    assert!(pages.len() > 20, "the pages were not found");
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for reach in [
            "src=\"http",
            "src=\"//",
            "@import url(",
            "from \"http",
            "<link rel=\"stylesheet\" href=\"http",
            " style=\"",
        ] {
            assert!(!text.contains(reach), "{} holds {reach}", page.display());
        }
    }
}

#[test]
fn migrations_are_twins() {
    let names = |folder: &str| -> BTreeSet<String> {
        fs::read_dir(root().join("migrations").join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
}
