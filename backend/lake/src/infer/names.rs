//! Column names as SQL will see them: no two alike, nothing invisible.

use std::collections::HashSet;

use lakegate_model::text;

use crate::LakeError;

/// Longest column name, in characters.
const LONGEST: usize = 255;

/// The form under which two column names are one.
pub(crate) fn fold_name(name: &str) -> String {
    text::fold(name.trim())
}

/// Names of columns that are read by position: cleaned, filled in and made unique, always in the same way.
pub(super) fn positional(raw: impl IntoIterator<Item = String>) -> Vec<String> {
    let cleaned: Vec<String> = raw.into_iter().enumerate().map(|(at, name)| clean(at, &name)).collect();
    // Names as written keep their place; only the later of two alike gets a number that nobody wrote.
    let written: HashSet<String> = cleaned.iter().map(|n| fold_name(n)).collect();
    let mut taken = HashSet::new();
    cleaned.into_iter().map(|name| unique(name, &written, &mut taken)).collect()
}

fn unique(name: String, written: &HashSet<String>, taken: &mut HashSet<String>) -> String {
    if taken.insert(fold_name(&name)) {
        return name;
    }
    let mut number = 2_usize;
    loop {
        let candidate = format!("{name}_{number}");
        let folded = fold_name(&candidate);
        if !written.contains(&folded) && taken.insert(folded) {
            return candidate;
        }
        number += 1;
    }
}

fn clean(at: usize, raw: &str) -> String {
    let name: String = raw.trim().chars().map(|c| if is_shown(c) { c } else { '_' }).take(LONGEST).collect();
    if name.is_empty() { format!("column_{}", at + 1) } else { name }
}

fn is_shown(c: char) -> bool {
    // `model` knows which characters hide or turn others; a letter beside keeps the test from meeting an empty name.
    text::line("name", &format!("a{c}a"), 3).is_ok()
}

/// Names of columns that are read by name: they cannot be changed, so what does not fit is refused.
pub(super) fn by_name<'a>(file: &str, names: impl IntoIterator<Item = &'a str>) -> Result<(), LakeError> {
    let mut seen = std::collections::HashMap::new();
    for name in names {
        if name.trim().is_empty() || name.chars().count() > LONGEST || !name.chars().all(is_shown) {
            let why =
                format!("{file} has a column whose name is empty, longer than {LONGEST} characters or not visible");
            return Err(LakeError::Unsupported(why));
        }
        if let Some(other) = seen.insert(fold_name(name), name) {
            let why = format!("{file} has two columns that differ in case alone: \"{other}\" and \"{name}\"");
            return Err(LakeError::Unsupported(why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_position_become_unique() {
        let names = |raw: &[&str]| positional(raw.iter().map(|s| (*s).to_owned()));
        assert_eq!(names(&["id", "ID", "id_2", "Id"]), ["id", "ID_3", "id_2", "Id_4"]);
        assert_eq!(names(&["", "a", " "]), ["column_1", "a", "column_3"]);
        assert_eq!(names(&["a\u{202E}b", "x\0y"]), ["a_b", "x_y"]);
    }

    #[test]
    fn names_by_name_are_refused_when_alike() {
        assert!(by_name("f", ["id", "name"]).is_ok());
        let error = by_name("f", ["id", "ID"]).map_err(|e| e.to_string());
        assert_eq!(error, Err("f has two columns that differ in case alone: \"id\" and \"ID\"".to_owned()));
        assert!(by_name("f", ["a\u{200B}"]).is_err());
    }
}
