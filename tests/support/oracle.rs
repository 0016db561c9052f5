//! Answers of DuckDB, and seeded variations of the cases: neither shares code with the program.

use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// One result as DuckDB printed it: every value as text.
#[derive(Debug, Clone, Deserialize)]
pub struct Table {
    pub columns: Vec<String>,
    pub types: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter that has DuckDB; `None` where the environment names none.
pub fn python() -> Option<String> {
    std::env::var("LAKEGATE_TEST_PYTHON").ok().filter(|path| !path.is_empty())
}

/// Answers queries over files. `files` maps names of tables to paths or to objects as `oracle.py` says.
pub fn ask(python: &str, files: Value, sql: &[&str]) -> Vec<Table> {
    let mut command = Command::new(python);
    command.arg(tests().join("services/oracle.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let request = json!({ "files": files, "sql": sql }).to_string();
    child.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle refused {request}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|result| serde_json::from_value(result.clone()).unwrap_or_else(|_| panic!("{result}"))).collect()
}

/// Writes a seeded variation of a case into a folder.
pub fn generate(python: &str, case: &str, seed: u64, rows: usize, out: &Path) {
    let script = tests().join(format!("gen/{case}.py"));
    let status = Command::new(python)
        .arg(script)
        .args(["--seed", &seed.to_string(), "--rows", &rows.to_string(), "--out"])
        .arg(out)
        .status()
        .unwrap();
    assert!(status.success(), "{case} could not be generated");
}
