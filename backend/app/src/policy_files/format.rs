//! The files: what stands in them, read strictly.

use chrono::{DateTime, Utc};
use lakegate_model::{
    policy_files::PolicyFile,
    text,
    words::{Mask, ProductRole},
};
use serde::{Deserialize, Serialize};

use super::problem::{Place, Problem};

/// Largest file, in bytes.
pub const FILE_BYTES: usize = 256 * 1024;
/// Most files of a set.
pub const FILES: usize = 200;
/// All files of a set together, in bytes.
pub const SET_BYTES: usize = 512 * 1024;

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personas: Vec<Persona>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrictions: Vec<RestrictionRule>,
}

/// A name for those who do the same work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    pub name: String,
    /// Sign-in names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whoever acts in the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// `project/account`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<String>,
    /// Roles of the installation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<ProductRole>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub everyone: bool,
}

/// Where a tag stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagRule {
    pub tag: String,
    pub on: Vec<String>,
    /// Patterns of names; without them the tag is on the table as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// Who reads what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRule {
    pub name: String,
    pub to: Vec<String>,
    pub on: Vec<String>,
    #[serde(default, skip_serializing_if = "Columns::is_all")]
    pub columns: Columns,
    /// A condition on the columns of each table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub export: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub hand_on: bool,
    pub reason: String,
}

/// What is kept from everybody whom it does not spare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestrictionRule {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(default, skip_serializing_if = "Columns::is_all")]
    pub columns: Columns,
    #[serde(default, skip_serializing_if = "is_false")]
    pub hide: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
    /// Only rows for which this is true exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// Personas that it spares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    pub reason: String,
}

/// Which columns: those of `only` and `only_tagged`, or all where neither says something, without those of `except` and
/// `except_tagged`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Patterns of names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// `class=public`, or `class` for every value of the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_tagged: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_tagged: Vec<String>,
}

impl Columns {
    /// Whether nothing is said.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether some columns are named, and not just left out.
    pub fn is_only(&self) -> bool {
        !(self.only.is_empty() && self.only_tagged.is_empty())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Something that a file says, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed<T> {
    pub at: Place,
    pub rule: T,
}

/// What all files say together, as they say it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said {
    pub personas: Vec<Placed<Persona>>,
    pub tags: Vec<Placed<TagRule>>,
    pub grants: Vec<Placed<GrantRule>>,
    pub restrictions: Vec<Placed<RestrictionRule>>,
}

/// Reads the files, without judging what they say.
///
/// # Errors
/// Everything that does not read, file by file.
pub fn read(files: &[PolicyFile]) -> Result<Said, Vec<Problem>> {
    let mut problems = sizes(files);
    let mut said = Said::default();
    for file in files {
        match document(file) {
            Ok(document) => said.add(&file.name, document),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(said) } else { Err(problems) }
}

fn sizes(files: &[PolicyFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let whole = |message: String, fix: &str| Problem::of(&Place::file(""), message, fix);
    if files.is_empty() {
        problems.push(whole("there is no file".to_owned(), "name at least one; an empty one takes all rules away"));
    }
    if files.len() > FILES {
        problems.push(whole(format!("{} files are too many; the limit is {FILES}", files.len()), "put some together"));
    }
    let all: usize = files.iter().map(|file| file.text.len()).sum();
    if all > SET_BYTES {
        problems.push(whole(format!("{all} bytes are too many; the limit is {SET_BYTES}"), "use wildcards"));
    }
    let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    for twice in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        problems.push(Problem::of(&Place::file(twice[0]), "this file stands in the set twice", "leave one out"));
    }
    for file in files {
        if let Err(fault) = text::line("files", &file.name, text::TITLE_MAX) {
            problems.push(whole(format!("the name of a file: {}", fault.message), "write a short name"));
        }
        if file.text.contains('\0') {
            problems.push(Problem::of(&Place::file(&file.name), "it holds the character NUL", "save it as text"));
        }
    }
    for file in files.iter().filter(|file| file.text.len() > FILE_BYTES) {
        let message = format!("{} bytes are too many; the limit is {FILE_BYTES}", file.text.len());
        problems.push(Problem::of(&Place::file(&file.name), message, "split it"));
    }
    problems
}

fn document(file: &PolicyFile) -> Result<Document, Problem> {
    if file.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Document::default());
    }
    serde_norway::from_str(&file.text).map_err(|error| unreadable(file, &error))
}

/// The parser writes `place: message at line 3 column 5`.
fn unreadable(file: &PolicyFile, error: &serde_norway::Error) -> Problem {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let is_place = |head: &str| head.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]".contains(c));
    let (path, message) = text.split_once(": ").filter(|(head, _)| is_place(head)).unwrap_or(("", text));
    let fix = match message {
        text if text.starts_with("unknown field") => "write one of the expected keys, or leave it out",
        text if text.starts_with("missing field") => "add it",
        _ => "see docs/policy-as-code.md for the format",
    };
    let line = error.location().map(|location| location.line());
    Problem { line, ..Problem::of(&Place { file: file.name.clone(), path: path.to_owned() }, message, fix) }
}

impl Said {
    fn add(&mut self, file: &str, document: Document) {
        let Document { personas, tags, grants, restrictions } = document;
        self.personas.extend(placed(file, "personas", personas));
        self.tags.extend(placed(file, "tags", tags));
        self.grants.extend(placed(file, "grants", grants));
        self.restrictions.extend(placed(file, "restrictions", restrictions));
    }
}

fn placed<T>(file: &str, list: &str, rules: Vec<T>) -> Vec<Placed<T>> {
    let place = |at: usize| Place { file: file.to_owned(), path: format!("{list}[{at}]") };
    rules.into_iter().enumerate().map(|(at, rule)| Placed { at: place(at), rule }).collect()
}
