//! Runs the program.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

pub const PASSWORD: &str = "walk along the lake";

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakegate"));
    for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("LAKEGATE_")) {
        command.env_remove(key);
    }
    command
}

pub fn run(dir: &Path, args: &[&str]) -> Output {
    program().arg("--data-dir").arg(dir).args(args).stdin(Stdio::null()).output().unwrap()
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running server on a free port; killed if the test forgets it.
pub struct Server {
    pub url: String,
    pub dir: PathBuf,
    child: Child,
    root: Option<TempDir>,
}

impl Server {
    pub fn start(command: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data");
        let mut child = program()
            .args([command, "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(first["event"], "listening");
        std::thread::spawn(move || lines.for_each(drop));
        Self { url: first["url"].as_str().unwrap().to_owned(), dir, child, root: Some(root) }
    }

    /// Asks it to end; gives whether it ended well.
    pub fn end(self) -> bool {
        self.end_keeping_data().0
    }

    /// The same; the data directory stays as long as the second value.
    pub fn end_keeping_data(mut self) -> (bool, Option<TempDir>) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        let well = told.success() && self.child.wait().unwrap().success();
        (well, self.root.take())
    }

    pub async fn token(&self, username: &str) -> String {
        let answer = reqwest::Client::new()
            .post(format!("{}/api/v1/auth/token", self.url))
            .json(&json!({ "username": username, "password": PASSWORD }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that ended is not there to be killed.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
