//! What each door answered to each kind of person, and the committed copy of it.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use crate::ACTORS;

/// How a door answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// It let the person in, and the database is as it was.
    Done,
    /// It let the person in and changed the database.
    Changed,
    /// It wants somebody to sign in.
    SignIn,
    /// It refused: the person may know of the thing, but not do this.
    Refused,
    /// For this person the thing is not there.
    Hidden,
    /// It let the person in, and the input or the state does not fit.
    Unfit(String),
}

impl Cell {
    /// The answer for a status and code.
    pub fn of(name: &str, status: u16, code: &str) -> Self {
        match (status, code) {
            (200..=299, _) => Self::Done,
            (401, "reauthenticate") => Self::Unfit("reauthenticate".to_owned()),
            (401, _) => Self::SignIn,
            (403, _) => Self::Refused,
            (404, _) => Self::Hidden,
            (400..=499, _) => Self::Unfit(if code.is_empty() { status.to_string() } else { code.to_owned() }),
            (502 | 503, _) => Self::Unfit("dependency".to_owned()),
            _ => panic!("{name} answered {status} {code}"),
        }
    }

    /// Whether nothing may have changed.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Done | Self::Changed)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("yes"),
            Self::Changed => f.write_str("changed"),
            Self::SignIn => f.write_str("sign in"),
            Self::Refused => f.write_str("no"),
            Self::Hidden => f.write_str("-"),
            Self::Unfit(code) => write!(f, "({code})"),
        }
    }
}

/// All answers, by entry.
#[derive(Debug, Default)]
pub struct Matrix {
    order: Vec<String>,
    rows: BTreeMap<String, BTreeMap<&'static str, Cell>>,
}

const HEAD: &str = "# What every door answers to whom\n\n\
    Written by the test in this folder and compared by it. *yes*: answered; *changed*: answered, and the database\n\
    differs; *no*: refused; *-*: for that person there is no such thing; *(code)*: let in, but input or state do not fit.\n\
    Viewer, contributor and owner belong to the project that owns the things asked for.\n\n";

impl Matrix {
    /// Notes an answer.
    pub fn set(&mut self, entry: &str, actor: &'static str, cell: Cell) {
        if !self.rows.contains_key(entry) {
            self.order.push(entry.to_owned());
        }
        self.rows.entry(entry.to_owned()).or_default().insert(actor, cell);
    }

    /// Adds what others met at the same doors.
    pub fn join(&mut self, other: Self) {
        for door in other.order {
            for (actor, cell) in &other.rows[&door] {
                self.set(&door, actor, cell.clone());
            }
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}| entry | {} |\n|---|{}\n", ACTORS.join(" | "), "---|".repeat(ACTORS.len()));
        for entry in &self.order {
            let cells: Vec<String> = ACTORS.iter().map(|actor| self.rows[entry][actor].to_string()).collect();
            text.push_str(&format!("| {entry} | {} |\n", cells.join(" | ")));
        }
        text
    }

    /// Compares with the committed copy.
    pub fn compare(&self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("authz/matrix.md");
        let text = self.text();
        if std::env::var_os("LAKEGATE_WRITE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let (old, new): (Vec<&str>, Vec<&str>) = (committed.lines().collect(), text.lines().collect());
        let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
        let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
        let differences: Vec<String> = gone.chain(come).collect();
        assert!(committed == text, "tests/authz/matrix.md differs:\n{}", differences.join("\n"));
        self.anonymous_gets_nothing();
    }

    /// Beside the copy, what no reviewer may wave through.
    fn anonymous_gets_nothing(&self) {
        let open = [
            "GET /healthz",
            "GET /favicon.ico",
            "GET /assets/",
            "GET /sign-in",
            "POST /sign-in",
            "POST /theme",
            "POST /sign-out",
            "GET /set-up",
            "POST /set-up",
            "GET /reset-password",
            "POST /reset-password",
            "GET /demo",
            "POST /demo",
            "POST /api/v1/auth/",
            "GET /_components",
            "POST /acting",
        ];
        for (entry, row) in &self.rows {
            let answer = &row["anonymous"];
            let fine =
                open.iter().any(|start| entry.starts_with(start)) || matches!(answer, Cell::SignIn | Cell::Hidden);
            assert!(fine, "{entry} answers {answer} to anonymous callers");
        }
    }
}
