//! The pages, as the program's sources route them.

use lakegate_tests::Server;
use reqwest::{Method, RequestBuilder};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    actors::Actors,
    forms::{self, Body},
    judge,
    matrix::Cell,
    rest::{changed, fill},
    values,
    world::{Ids, World},
};

/// One method of an address of the portal.
#[derive(Debug, Clone)]
pub struct Page {
    method: Method,
    path: String,
}

impl Page {
    /// As the log and the matrix name it.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../backend/pages/src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text of each call `.route(...)`, without what is around it.
fn calls(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (start, _) in text.match_indices(".route(") {
        let rest = &text[start + ".route(".len()..];
        let mut depth = 1;
        let end = rest.char_indices().find(|(_, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        found.push(&rest[..end.map_or(rest.len(), |(at, _)| at)]);
    }
    found
}

fn methods(call: &str, file: &str) -> Vec<Method> {
    // A handler with a name of its own for its methods: `let upload = get(..).post(..)`.
    let text = match call.split_once(',') {
        Some((_, name)) if !name.contains('(') => {
            let binding = format!("let {} =", name.trim());
            file.split_once(&binding)
                .map_or(String::new(), |(_, rest)| rest.split(';').next().unwrap_or_default().to_owned())
        }
        _ => call.to_owned(),
    };
    let all = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let calls = |method: &Method| {
        let word = format!("{}(", method.as_str().to_lowercase());
        text.match_indices(&word).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    all.into_iter().filter(calls).collect()
}

/// Addresses that are no pages: other tests have them, or they serve files.
fn elsewhere(path: &str) -> bool {
    path.starts_with("/api/")
        || path.starts_with("/graphql")
        || path.starts_with("/metrics")
        || path.contains("{*path}")
}

/// Every page and form.
pub fn pages() -> Vec<Page> {
    let mut found = BTreeMap::new();
    for file in rust_files(&sources()) {
        let text = fs::read_to_string(&file).unwrap();
        for call in calls(&text) {
            let Some(path) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            if elsewhere(path) || path == "/healthz" {
                continue;
            }
            for method in methods(call, &text) {
                found.insert((path.to_owned(), method.to_string()), Page { method, path: path.to_owned() });
            }
        }
    }
    assert!(found.len() > 30, "only {} pages were found", found.len());
    let mut pages: Vec<Page> = found.into_values().collect();
    // What ends a session comes last.
    pages.sort_by_key(|page| page.path == "/sign-out" || page.path.ends_with("/leave"));
    pages
}

/// The names of all fields of all forms: whatever is read from a form or a query.
fn fields() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in rust_files(&sources()) {
        let text = fs::read_to_string(&file).unwrap();
        for (start, _) in text.match_indices("Deserialize") {
            let Some((_, rest)) = text[start..].split_once('{') else { continue };
            let inside = rest.split("\n}").next().unwrap_or_default();
            for line in inside.lines() {
                let Some((name, _)) = line.trim().trim_start_matches("pub ").split_once(": ") else { continue };
                if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names
}

/// Every field that some form has and that has a common value.
async fn common(world: &World, ids: &Ids, door: &str) -> Vec<(String, String)> {
    let mut form = Vec::new();
    for name in fields() {
        if let Some(value) = values::value(world, ids, door, &name).await {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            form.push((name, text.trim_matches(['[', ']', '"']).to_owned()));
        }
    }
    form
}

/// A form with a small CSV file as its last field.
fn with_file(request: RequestBuilder, form: &[(&str, String)]) -> RequestBuilder {
    let field = |(name, value): &(&str, String)| {
        format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let fields: String = form.iter().map(field).collect();
    let file =
        "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\nid\n1\n\r\n--edge--\r\n";
    request.header("content-type", "multipart/form-data; boundary=edge").body(format!("{fields}{file}"))
}

/// Tries a page or form as somebody.
pub async fn try_out(app: &Server, world: &World, actors: &Actors, page: &Page, actor: &str) -> Cell {
    let door = page.name();
    let mut ids = world.ids(app, &door, actor).await;
    for (name, value) in [
        ("secret", "no-such-secret"),
        ("field", "title"),
        ("area", "x"),
        ("question", "018f0000-0000-7000-8000-000000000000"),
        ("version", "018f0000-0000-7000-8000-000000000000"),
        ("account", "018f0000-0000-7000-8000-000000000000"),
    ] {
        ids.entry(name).or_insert_with(|| value.to_owned());
    }
    let path = format!("{}{}", fill(&page.path, &ids), forms::query(&ids, &door));
    let browser = actors.browser(app, world, actor).await;
    let token = browser.csrf().await;
    let mut request = browser.request(page.method.clone(), &path).header("x-csrf-token", &token);
    if page.method != Method::GET {
        request = match forms::body(world, &ids, &door).await {
            Some(Body::Form(form)) => request.form(&form),
            Some(Body::Json(body)) => request.json(&body),
            Some(Body::File(form)) => with_file(request, &form),
            None => request.form(&common(world, &ids, &door).await),
        };
    }
    if door == "GET /assets/{id}" {
        // The first look is noted for the list of the recently seen.
        browser.open(&path).await;
    }
    let before = world.database.state().await;
    let answer = browser.send(request).await;
    let cell = match answer.status.as_u16() {
        300..=399 if answer.header("location").starts_with("/sign-in") && page.path != "/sign-out" => Cell::SignIn,
        300..=399 => Cell::Done,
        status => Cell::of(&door, status, ""),
    };
    let ended_own_session = page.path == "/sign-out" || page.path == "/sign-in";
    let changed = changed(&before, &world.database.state().await);
    if ended_own_session && cell.is_refusal() { cell } else { judge(&door, actor, cell, &changed) }
}
