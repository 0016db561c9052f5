//! Which files are one table.
//!
//! Candidates are the files of one table folder: their own folder, or the one above their partitions. Of those, files
//! are one table that have the same format, the same partition keys and compatible columns.

use std::collections::BTreeMap;

use lakegate_model::storage::FileFormat;

use super::partitions::{self, Place};
use super::{Looked, Note};
use crate::infer::{ShapeColumn, compatible, fold_name, merge_columns};
use crate::storage::StoredFile;

/// Files of one table folder.
pub(super) struct Folder {
    /// Relative to the location.
    pub path: String,
    pub files: Vec<StoredFile>,
}

/// Files of one table.
pub(super) struct Cluster {
    pub folder: String,
    pub format: FileFormat,
    pub keys: Vec<String>,
    pub columns: Vec<ShapeColumn>,
    pub files: Vec<(StoredFile, partitions::Values)>,
    /// Whether the folder holds other tables beside this one.
    pub shares_folder: bool,
}

/// Sorts files, given by path, into table folders.
pub(super) fn by_folder(files: Vec<StoredFile>) -> Vec<Folder> {
    let mut folders: BTreeMap<String, Vec<StoredFile>> = BTreeMap::new();
    for file in files {
        folders.entry(partitions::place(&file.path).folder).or_default().push(file);
    }
    folders.into_iter().map(|(path, files)| Folder { path, files }).collect()
}

/// Makes tables of the files of one folder. `rest` was not looked into and joins the last file's table.
pub(super) fn cluster(folder: &str, looked: Vec<Looked>, rest: Vec<StoredFile>, notes: &mut Vec<Note>) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for Looked { file, shape } in looked {
        let Place { keys, values, .. } = partitions::place(&file.path);
        if let Some(clash) = shape.columns.iter().find(|c| keys.contains(&fold_name(&c.name))) {
            let message = format!("the column \"{}\" has the name of a partition; rename one of them", clash.name);
            notes.push(Note { path: file.path, message });
            continue;
        }
        let same = |c: &&mut Cluster| {
            c.format == shape.format && c.keys == keys && compatible(&c.format, &c.columns, &shape.columns)
        };
        match clusters.iter_mut().find(same) {
            Some(cluster) => {
                merge_columns(&mut cluster.columns, &shape.columns);
                cluster.files.push((file, values));
            }
            None => clusters.push(Cluster {
                folder: folder.to_owned(),
                format: shape.format,
                keys,
                columns: shape.columns,
                files: vec![(file, values)],
                shares_folder: false,
            }),
        }
    }
    add_rest(folder, &mut clusters, rest, notes);
    let several = clusters.len() > 1;
    clusters.iter_mut().for_each(|c| c.shares_folder = several);
    clusters
}

fn add_rest(folder: &str, clusters: &mut [Cluster], rest: Vec<StoredFile>, notes: &mut Vec<Note>) {
    let Some(last) = clusters.iter_mut().max_by_key(|c| c.files.len()).filter(|_| !rest.is_empty()) else { return };
    let message =
        format!("{} files of this folder were not looked into and are taken to be like the others", rest.len());
    notes.push(Note { path: folder.to_owned(), message });
    for file in rest {
        let Place { keys, values, .. } = partitions::place(&file.path);
        if keys == last.keys {
            last.files.push((file, values));
        }
    }
    // What was not looked into may lack anything.
    last.columns.iter_mut().for_each(|column| column.nullable = true);
}
