//! Small makers of documents and queries.

use lakegate_search::{Answer, Change, Document, Index, Query};
use proptest::prelude::ProptestConfig;
use serde_json::json;
use tempfile::TempDir;

/// An index in a folder of its own; the folder goes with it.
pub struct Place {
    pub index: Index,
    pub dir: TempDir,
}

/// A committed index of `documents`.
pub fn indexed(documents: Vec<Document>) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    put(&index, documents);
    Place { index, dir }
}

/// Puts documents and commits at the highest change.
pub fn put(index: &Index, documents: Vec<Document>) {
    let position = documents.iter().map(|d| d.change).max().unwrap_or(0);
    index.apply(documents.into_iter().map(upsert).collect(), position).unwrap();
    index.commit().unwrap();
}

pub fn upsert(document: Document) -> Change {
    Change::Upsert(Box::new(document))
}

/// A document that holders of `all` see.
pub fn doc(key: &str, title: &str) -> Document {
    Document {
        key: format!("asset:{key}"),
        change: 1,
        kind: "asset".into(),
        title: title.into(),
        visible_to: vec!["all".into()],
        payload: json!({ "title": title }),
        ..Document::default()
    }
}

/// A query of someone who holds `all`.
pub fn ask(text: &str) -> Query {
    Query { text: text.into(), visible: vec!["all".into()], ..Query::default() }
}

pub fn found(index: &Index, text: &str) -> Vec<String> {
    keys(&index.search(&ask(text)).unwrap())
}

/// The keys of the hits without their prefix.
pub fn keys(answer: &Answer) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.key.trim_start_matches("asset:").to_owned()).collect()
}

/// The usual number of cases (`PROPTEST_CASES`, 256 by default) divided: each of these makes an index on disk.
pub fn fewer(divisor: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: (usual.cases / divisor).max(8), ..usual }
}
