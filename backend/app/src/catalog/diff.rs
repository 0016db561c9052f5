//! What differs between two states of an asset, in words. Cells and partition values are never in it.

use lakegate_model::{
    catalog::{Snapshot, SnapshotColumn},
    ids::ColumnId,
};
use std::{
    collections::{HashMap, HashSet},
    fmt,
};

/// Longest value shown inside a line, in characters.
const SHOWN: usize = 80;
/// Lines that a summary spells out.
const SPELLED: usize = 3;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// The column it is about; `None` for the asset itself.
    pub column: Option<String>,
    /// What differs: `title`, `type`, `files`, ….
    pub field: &'static str,
    /// The former value; empty for none.
    pub before: String,
    /// The present value; empty for none.
    pub after: String,
}

impl fmt::Display for DiffLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            match (self.field, self.before.as_str(), self.after.as_str()) {
                ("column", "", of) => return write!(f, "column {column} added ({of})"),
                ("column", _, "") => return write!(f, "column {column} dropped"),
                _ => write!(f, "column {column}: ")?,
            }
        }
        match (self.before.as_str(), self.after.as_str()) {
            ("", "") => write!(f, "{} changed", self.field),
            ("", after) => write!(f, "{} set to {}", self.field, short(after)),
            (_, "") => write!(f, "{} removed", self.field),
            (before, after) => write!(f, "{} from {} to {}", self.field, short(before), short(after)),
        }
    }
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= SHOWN && line.len() == text.len() {
        return format!("\"{line}\"");
    }
    format!("\"{}…\"", line.chars().take(SHOWN).collect::<String>())
}

/// Everything that differs, the asset first, then its columns in table order.
pub fn between(before: &Snapshot, after: &Snapshot) -> Vec<DiffLine> {
    let mut lines = Vec::new();
    on_asset(before, after, &mut lines);
    on_data(before, after, &mut lines);
    let former: HashMap<ColumnId, &SnapshotColumn> = before.columns.iter().map(|column| (column.id, column)).collect();
    let present: HashSet<ColumnId> = after.columns.iter().map(|column| column.id).collect();
    for column in &after.columns {
        on_column(former.get(&column.id).copied(), column, &mut lines);
    }
    for gone in before.columns.iter().filter(|column| !present.contains(&column.id) && column.state != DROPPED) {
        lines.push(column_line(gone, "column", &gone.column_type, ""));
    }
    lines
}

const DROPPED: &str = "dropped";

fn on_asset(before: &Snapshot, after: &Snapshot, lines: &mut Vec<DiffLine>) {
    let certified = |snapshot: &Snapshot| if snapshot.certified { "yes".to_owned() } else { String::new() };
    let fields = [
        ("title", before.title.clone(), after.title.clone()),
        ("description", before.description.clone(), after.description.clone()),
        ("status", before.status.clone(), after.status.clone()),
        ("owner", before.owner.clone(), after.owner.clone()),
        ("discover level", before.discover.clone(), after.discover.clone()),
        ("certified", certified(before), certified(after)),
        ("tags", list(&before.tags), list(&after.tags)),
        ("terms", list(&before.terms), list(&after.terms)),
        ("successor", before.successor.clone(), after.successor.clone()),
        ("deprecation note", before.deprecation_note.clone(), after.deprecation_note.clone()),
        ("keys", list(&before.keys), list(&after.keys)),
    ];
    let differing = fields.into_iter().filter(|(_, before, after)| before != after);
    lines.extend(differing.map(|(field, before, after)| DiffLine { column: None, field, before, after }));
}

fn on_data(before: &Snapshot, after: &Snapshot, lines: &mut Vec<DiffLine>) {
    if before.data_version == after.data_version {
        return;
    }
    let mut count = |field, before: i64, after: i64| {
        if before != after {
            lines.push(DiffLine { column: None, field, before: before.to_string(), after: after.to_string() });
        }
    };
    count("files", before.files, after.files);
    count("partitions", before.partitions, after.partitions);
    count("bytes", before.bytes, after.bytes);
    if before.files == after.files && before.bytes == after.bytes {
        lines.push(DiffLine { column: None, field: "data", before: String::new(), after: String::new() });
    }
}

fn on_column(before: Option<&SnapshotColumn>, after: &SnapshotColumn, lines: &mut Vec<DiffLine>) {
    let was_there = before.filter(|column| column.state != DROPPED);
    let Some(before) = was_there else {
        if after.state != DROPPED {
            lines.push(column_line(after, "column", "", &with_state(after)));
        }
        return;
    };
    if after.state == DROPPED {
        lines.push(column_line(after, "column", &before.column_type, ""));
        return;
    }
    let unlisted = |column: &SnapshotColumn| if column.unlisted { "yes".to_owned() } else { String::new() };
    let fields = [
        ("name", before.name.clone(), after.name.clone()),
        ("type", before.column_type.clone(), after.column_type.clone()),
        ("state", before.state.clone(), after.state.clone()),
        ("title", before.title.clone(), after.title.clone()),
        ("description", before.description.clone(), after.description.clone()),
        ("unlisted", unlisted(before), unlisted(after)),
        ("tags", list(&before.tags), list(&after.tags)),
        ("terms", list(&before.terms), list(&after.terms)),
    ];
    let differing = fields.into_iter().filter(|(_, before, after)| before != after);
    lines.extend(differing.map(|(field, before, now)| column_line(after, field, &before, &now)));
}

fn column_line(column: &SnapshotColumn, field: &'static str, before: &str, after: &str) -> DiffLine {
    DiffLine { column: Some(column.name.clone()), field, before: before.to_owned(), after: after.to_owned() }
}

fn with_state(column: &SnapshotColumn) -> String {
    if column.state == "pending" { format!("{}, pending", column.column_type) } else { column.column_type.clone() }
}

fn list(words: &[String]) -> String {
    let mut words = words.to_vec();
    words.sort();
    words.join(", ")
}

/// One line for a list of revisions.
pub fn summary(lines: &[DiffLine]) -> String {
    let spelled: Vec<String> = lines.iter().take(SPELLED).map(DiffLine::to_string).collect();
    let rest = lines.len().saturating_sub(SPELLED);
    match rest {
        0 => spelled.join("; "),
        _ => format!("{}; and {rest} more", spelled.join("; ")),
    }
}

/// What outsiders may know of a state: without counts, and with those columns alone that are shown to them now.
pub fn trimmed(snapshot: &Snapshot, visible: &HashSet<ColumnId>) -> Snapshot {
    let columns = snapshot.columns.iter().filter(|column| visible.contains(&column.id) && !column.unlisted);
    Snapshot {
        columns: columns.filter(|column| column.state == "active").cloned().collect(),
        files: 0,
        bytes: 0,
        partitions: 0,
        data_version: String::new(),
        successor: String::new(),
        keys: Vec::new(),
        ..snapshot.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use uuid::Uuid;

    fn column(n: u128, name: &str, state: &str) -> SnapshotColumn {
        SnapshotColumn {
            id: ColumnId(Uuid::from_u128(n)),
            name: name.into(),
            column_type: "bigint".into(),
            state: state.into(),
            title: String::new(),
            description: String::new(),
            tags: Vec::new(),
            terms: Vec::new(),
            unlisted: false,
        }
    }

    fn texts(before: &Snapshot, after: &Snapshot) -> Vec<String> {
        between(before, after).iter().map(DiffLine::to_string).collect()
    }

    #[test]
    fn equal_states_have_no_difference() {
        let state = Snapshot { title: "A".into(), columns: vec![column(1, "a", "active")], ..Snapshot::default() };
        assert_eq!(between(&state, &state), []);
    }

    #[test]
    fn columns_that_come_go_and_return() {
        let state = |columns| Snapshot { columns, ..Snapshot::default() };
        let one = state(vec![column(1, "a", "active")]);
        let two = state(vec![column(1, "a", "active"), column(2, "b", "pending")]);
        let gone = state(vec![column(1, "a", "active"), column(2, "b", "dropped")]);
        assert_eq!(texts(&one, &two), ["column b added (bigint, pending)"]);
        assert_eq!(texts(&two, &gone), ["column b dropped"]);
        assert_eq!(texts(&gone, &two), ["column b added (bigint, pending)"]);
        assert_eq!(texts(&two, &one), ["column b dropped"]);
        assert!(texts(&one, &gone).is_empty());
    }

    #[test]
    fn words_and_data() {
        let before = Snapshot { files: 1, bytes: 10, data_version: "v1".into(), ..Snapshot::default() };
        let after =
            Snapshot { title: "Sales".into(), files: 2, bytes: 30, data_version: "v2".into(), ..before.clone() };
        let expected = ["title set to \"Sales\"", "files from \"1\" to \"2\"", "bytes from \"10\" to \"30\""];
        assert_eq!(texts(&before, &after), expected);
        let rewritten = Snapshot { data_version: "v3".into(), ..before.clone() };
        assert_eq!(texts(&before, &rewritten), ["data changed"]);
        assert_eq!(summary(&between(&after, &before)).matches(';').count(), 2);
    }

    #[test]
    fn outsiders_see_neither_counts_nor_closed_columns() {
        let open = column(1, "a", "active");
        let hidden = SnapshotColumn { unlisted: true, ..column(2, "b", "active") };
        let state =
            Snapshot { files: 3, columns: vec![open, hidden, column(3, "c", "pending")], ..Snapshot::default() };
        let visible = (1..=3).map(|n| ColumnId(Uuid::from_u128(n))).collect();
        let seen = trimmed(&state, &visible);
        assert_eq!((seen.files, seen.columns.len()), (0, 1));
        assert!(trimmed(&state, &HashSet::new()).columns.is_empty());
    }
}
