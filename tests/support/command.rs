//! The program as a command.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// The program under test: `LAKEGATE_BIN`, or the one that was built beside this test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("LAKEGATE_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let beside = test.parent().and_then(|deps| deps.parent()).unwrap().join("lakegate");
    assert!(beside.exists(), "{} is not built: cargo build -p lakegate", beside.display());
    beside
}

/// What a command said and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    pub line: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Standard output of a command that succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// All words of a command that refused in order: no success, no panic.
    #[track_caller]
    pub fn refused(self) -> String {
        assert!(self.code.is_some_and(|code| code != 0 && code != 101), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        format!("{}{}", self.out, self.err)
    }
}

/// A command with these arguments, dying with the test that started it.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(binary()).args(arguments);
    command.env_remove("RUST_LOG").env_remove("LAKEGATE_DATA_DIR");
    command
}

/// Runs a command to its end with these words on its standard input.
pub async fn run(command: Command, input: &str) -> Said {
    let input = input.to_owned();
    tokio::task::spawn_blocking(move || run_now(command, &input)).await.unwrap()
}

fn run_now(mut command: Command, input: &str) -> Said {
    let line = format!("{command:?}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
    // A command that does not read its input may be gone already.
    let _gone = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { line, code: status.code(), out: text(stdout), err: text(stderr) }
}
