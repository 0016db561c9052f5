//! What was found, compared with what is known: pure.

use lakegate_model::{
    catalog::Column,
    storage::{DataFile, FoundColumn},
    text,
    words::ColumnState,
};
use sha2::{Digest, Sha256};

/// A digest of a list of files: equal versions hold equal rows.
pub(super) fn data_version(files: &[DataFile]) -> String {
    let mut sorted: Vec<&DataFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for file in sorted {
        // A path holds no line break, so no two lists read alike.
        let etag = file.etag.as_deref().unwrap_or_default();
        let modified = file.modified.timestamp_micros();
        hash.update(format!("{}\n{}\n{etag}\n{modified}\n", file.path, file.size));
    }
    hex::encode(hash.finalize())
}

/// What a found list of columns means for the known ones.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ColumnPlan {
    /// Known columns as they have to be now, only those that differ.
    pub changed: Vec<Column>,
    /// Found columns that are new, with their place in the table.
    pub new: Vec<(FoundColumn, i64)>,
}

/// Compares columns by name, case aside. A column that comes, or comes back, is in the state `newcomer`; one that is
/// not found any more is dropped and keeps its id and words.
pub(super) fn plan(known: &[Column], found: &[FoundColumn], newcomer: ColumnState) -> ColumnPlan {
    let mut plan = ColumnPlan::default();
    let mut matched = vec![false; known.len()];
    for (found, ordinal) in found.iter().zip(0_i64..) {
        match find(known, &matched, &found.name) {
            None => plan.new.push((found.clone(), ordinal)),
            Some((at, column)) => {
                matched[at] = true;
                let now = shaped(column, found, ordinal, newcomer);
                plan.changed.extend((now != *column).then_some(now));
            }
        }
    }
    let gone = known.iter().zip(&matched).filter(|(column, found)| !**found && column.state != ColumnState::Dropped);
    plan.changed.extend(gone.map(|(column, _)| Column { state: ColumnState::Dropped, ..column.clone() }));
    plan
}

fn find<'a>(known: &'a [Column], matched: &[bool], name: &str) -> Option<(usize, &'a Column)> {
    let free = || known.iter().enumerate().filter(|(at, _)| !matched[*at]);
    let folded = text::fold(name);
    free().find(|(_, column)| column.name == name).or_else(|| free().find(|(_, c)| text::fold(&c.name) == folded))
}

fn shaped(column: &Column, found: &FoundColumn, ordinal: i64, newcomer: ColumnState) -> Column {
    Column {
        name: found.name.clone(),
        ordinal,
        column_type: found.column_type.clone(),
        nullable: found.nullable,
        is_partition: found.partition,
        state: if column.state == ColumnState::Dropped { newcomer } else { column.state },
        ..column.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use lakegate_model::{
        Timestamp,
        columns::ColumnType,
        ids::{ColumnId, TableId},
    };
    use uuid::Uuid;

    fn known(n: u128, name: &str, state: ColumnState) -> Column {
        Column {
            id: ColumnId(Uuid::from_u128(n)),
            table_id: TableId(Uuid::nil()),
            name: name.into(),
            ordinal: i64::try_from(n).unwrap(),
            column_type: ColumnType::Text,
            nullable: true,
            is_partition: false,
            state,
            unlisted: false,
            title: "kept".into(),
            description: String::new(),
        }
    }

    fn found(name: &str) -> FoundColumn {
        FoundColumn { name: name.into(), column_type: ColumnType::Text, nullable: true, partition: false }
    }

    #[test]
    fn nothing_new_changes_nothing() {
        let columns = [known(0, "a", ColumnState::Active), known(1, "b", ColumnState::Pending)];
        assert_eq!(plan(&columns, &[found("a"), found("b")], ColumnState::Pending), ColumnPlan::default());
    }

    #[test]
    fn columns_come_go_and_return_under_their_ids() {
        let columns = [known(0, "a", ColumnState::Active), known(1, "b", ColumnState::Dropped)];
        let planned = plan(&columns, &[found("B"), found("c")], ColumnState::Pending);
        assert_eq!(planned.new, [(found("c"), 1)]);
        let states: Vec<_> = planned.changed.iter().map(|c| (c.name.as_str(), c.state, c.title.as_str())).collect();
        assert_eq!(states, [("B", ColumnState::Pending, "kept"), ("a", ColumnState::Dropped, "kept")]);
        assert_eq!(planned.changed[0].id, columns[1].id);
    }

    #[test]
    fn versions_follow_files_and_not_their_order() {
        let file = |path: &str, size| DataFile {
            path: path.into(),
            size,
            etag: None,
            modified: Timestamp::UNIX_EPOCH,
            partitions: Default::default(),
        };
        let (a, b) = (file("a", 1), file("b", 2));
        let both = data_version(&[a.clone(), b.clone()]);
        assert_eq!(both, data_version(&[b, a.clone()]));
        assert_ne!(both, data_version(std::slice::from_ref(&a)));
        assert_ne!(data_version(&[a]), data_version(&[file("a", 2)]));
    }
}
