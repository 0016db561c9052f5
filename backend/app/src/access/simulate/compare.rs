//! Two compiled accesses to one table, compared column by column.

use lakegate_model::{ids::ColumnId, words::Mask};
use lakegate_policy::access::TableAccess;
use std::collections::BTreeSet;

use super::{ColumnRead, Difference, Reading, Subject, sight::Sight};
use crate::access::explain::Shows;

/// What happens to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It exists for him then.
    Gained,
    /// It exists for him no longer.
    Lost,
    /// Something else shows instead of its values.
    Masked,
    /// Its values show.
    Unmasked,
    /// Something else shows than what shows now.
    OtherMask,
    /// Cells of some rows show, where all do now.
    Partial,
    /// Cells of all rows show, where some do now.
    AllRows,
    /// Cells of other rows show.
    OtherRows,
}

impl Effect {
    /// The words of a summary, after a number of columns.
    fn words(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
            Self::Masked => "newly masked",
            Self::Unmasked => "unmasked",
            Self::OtherMask => "masked otherwise",
            Self::Partial => "newly with some rows only",
            Self::AllRows => "with all rows",
            Self::OtherRows => "with other rows",
        }
    }
}

/// A column before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    pub id: ColumnId,
    pub name: String,
    pub effects: Vec<Effect>,
    pub before: Shows,
    pub after: Shows,
    /// What shows instead of its values then.
    pub mask: Option<Mask>,
}

/// What shows of a column's cells.
#[derive(PartialEq, Eq)]
struct Cells<'a> {
    mask: Option<Mask>,
    /// Only in rows where one of these is true; empty for all rows that exist.
    any_of: &'a BTreeSet<String>,
    /// And only where each of these is.
    all_of: &'a BTreeSet<String>,
}

static NONE: BTreeSet<String> = BTreeSet::new();

impl<'a> Cells<'a> {
    /// None where the column does not exist.
    fn of(access: Option<&'a TableAccess>, column: ColumnId) -> Option<Self> {
        let access = access.filter(|access| access.columns.contains(&column))?;
        let Some(rules) = &access.rules else { return Some(Self { mask: None, any_of: &NONE, all_of: &NONE }) };
        let cell = access.cell(column);
        // A cell without conditions of its own shows in every row that exists.
        let any_of = cell.map(|cell| &cell.any_of).filter(|own| !own.is_empty()).unwrap_or(&rules.any_of);
        Some(Self { mask: cell.and_then(|cell| cell.mask), any_of, all_of: &rules.all_of })
    }

    fn is_partial(&self) -> bool {
        !self.any_of.is_empty() || !self.all_of.is_empty()
    }
}

fn shows(cells: Option<&Cells<'_>>) -> Shows {
    match cells {
        None => Shows::Nothing,
        Some(cells) if cells.mask.is_some() => Shows::Masked,
        Some(cells) if cells.is_partial() => Shows::Partial,
        Some(_) => Shows::Whole,
    }
}

fn effects(before: Option<&Cells<'_>>, after: Option<&Cells<'_>>) -> Vec<Effect> {
    let (before, after) = match (before, after) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => return vec![Effect::Gained],
        (Some(_), None) => return vec![Effect::Lost],
        (Some(before), Some(after)) => (before, after),
    };
    let mask = match (before.mask, after.mask) {
        (None, Some(_)) => Some(Effect::Masked),
        (Some(_), None) => Some(Effect::Unmasked),
        (was, is) => (was != is).then_some(Effect::OtherMask),
    };
    let rows = match (before.is_partial(), after.is_partial()) {
        (false, true) => Some(Effect::Partial),
        (true, false) => Some(Effect::AllRows),
        _ => ((before.any_of, before.all_of) != (after.any_of, after.all_of)).then_some(Effect::OtherRows),
    };
    mask.into_iter().chain(rows).collect()
}

/// What changes of somebody's reading, as far as the caller may know of its columns.
pub(in crate::access) fn difference(
    sight: &Sight,
    subject: Subject,
    before: Option<&TableAccess>,
    after: Option<&TableAccess>,
) -> Option<Difference> {
    let mut columns = Vec::new();
    for (id, name) in &sight.columns {
        let (was, is) = (Cells::of(before, *id), Cells::of(after, *id));
        let effects = effects(was.as_ref(), is.as_ref());
        if !effects.is_empty() {
            let (before, after) = (shows(was.as_ref()), shows(is.as_ref()));
            let mask = is.and_then(|cells| cells.mask);
            columns.push(ColumnChange { id: *id, name: name.clone(), effects, before, after, mask });
        }
    }
    let exports = |access: Option<&TableAccess>| access.is_some_and(|access| access.export);
    let export = (exports(before) != exports(after)).then(|| exports(after));
    if columns.is_empty() && export.is_none() {
        return None;
    }
    let words = words(&columns, export);
    Some(Difference { subject, asset: sight.asset, asset_name: sight.name.clone(), words, columns, export })
}

fn words(columns: &[ColumnChange], export: Option<bool>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let all: BTreeSet<Effect> = columns.iter().flat_map(|column| column.effects.iter().copied()).collect();
    for effect in all {
        let count = columns.iter().filter(|column| column.effects.contains(&effect)).count();
        let noun = if count == 1 { "column" } else { "columns" };
        parts.push(format!("{count} {noun} {}", effect.words()));
    }
    match export {
        Some(true) => parts.push("rows may leave as files".to_owned()),
        Some(false) => parts.push("rows may not leave as files".to_owned()),
        None => {}
    }
    parts.join(", ")
}

/// What somebody reads, as far as the caller may know of its columns.
pub(in crate::access) fn reading(sight: &Sight, subject: Subject, access: Option<&TableAccess>) -> Reading {
    let mut columns = Vec::new();
    for (id, name) in &sight.columns {
        if let Some(cells) = Cells::of(access, *id) {
            let shows = shows(Some(&cells));
            columns.push(ColumnRead { id: *id, name: name.clone(), shows, mask: cells.mask });
        }
    }
    let export = access.is_some_and(|access| access.export);
    Reading { subject, asset: sight.asset, asset_name: sight.name.clone(), columns, export }
}
