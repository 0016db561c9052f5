//! What is wrong with files, and where.

use lakegate_model::Fault;
use std::fmt;

/// Problems that a refusal spells out.
const TOLD: usize = 5;

/// A place in the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Empty for the set as a whole.
    pub file: String,
    /// `grants[2].columns.only`; empty for the file as a whole.
    pub path: String,
}

impl Place {
    /// A file as a whole.
    pub fn file(name: &str) -> Self {
        Self { file: name.to_owned(), path: String::new() }
    }

    /// A field of what stands here.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        Self { file: self.file.clone(), path: format!("{}.{name}", self.path) }
    }

    /// An item of a list in what stands here.
    #[must_use]
    pub fn item(&self, list: &str, at: usize) -> Self {
        self.field(&format!("{list}[{at}]"))
    }
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub at: Place,
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    pub message: String,
    /// The way on.
    pub fix: String,
}

impl Problem {
    /// A problem at a place.
    pub fn of(at: &Place, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { at: at.clone(), line: None, message: message.into(), fix: fix.into() }
    }

    fn where_it_is(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let file = format!("{}{line}", self.at.file);
        match (file.is_empty(), self.at.path.is_empty()) {
            (_, true) => file,
            (true, false) => self.at.path.clone(),
            (false, false) => format!("{file}: {}", self.at.path),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.where_it_is();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        write!(f, "{} ({})", self.message, self.fix)
    }
}

/// All problems as one refusal that names `files`.
pub fn fault(problems: &[Problem]) -> Fault {
    let Some(first) = problems.first() else { return Fault::invalid("files", "the files cannot be applied") };
    let mut lines: Vec<String> = problems.iter().skip(1).take(TOLD - 1).map(Problem::to_string).collect();
    if problems.len() > TOLD {
        lines.push(format!("and {} more", problems.len() - TOLD));
    }
    let place = first.where_it_is();
    let place = if place.is_empty() { place } else { format!("{place}: ") };
    let more = lines.iter().map(|line| format!("; {line}")).collect::<String>();
    Fault::invalid("files", format!("{place}{}{more}", first.message)).fix(first.fix.clone())
}
