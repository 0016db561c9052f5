//! Whom a restriction binds, and what of a table it reaches.

use lakegate_model::{
    ids::{ColumnId, GroupId, ProjectId, TableId, UserId},
    rules::{Exemption, Restriction},
    words::ExemptKind,
};
use std::collections::BTreeSet;

use crate::actor::Actor;

/// What of a table a restriction is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    Columns(BTreeSet<ColumnId>),
    Table,
}

/// Whether a restriction binds an actor: everyone whom it does not spare.
pub fn binds(restriction: &Restriction, actor: &Actor) -> bool {
    !restriction.exempt.iter().any(|exemption| spares(exemption, actor))
}

fn spares(exemption: &Exemption, actor: &Actor) -> bool {
    let id = exemption.principal_id;
    match exemption.kind {
        ExemptKind::User => actor.user() == Some(UserId(id)),
        ExemptKind::Group => actor.groups.contains(&GroupId(id)),
        ExemptKind::Project => actor.acting == Some(ProjectId(id)),
    }
}

/// What a restriction reaches of a table whose asset carries these tags, on columns or as a whole.
///
/// A tag on the asset is one on each of its columns. A filter by tag reaches the table wherever the tag stands.
pub fn reach(restriction: &Restriction, table: TableId, tags: &[(Option<ColumnId>, String)]) -> Reach {
    match &restriction.tag {
        Some(rule) => tagged(tags.iter().filter(|(_, tag)| tag_covers(rule, tag)).map(|(column, _)| *column)),
        None if restriction.table_id != Some(table) => Reach::Nothing,
        None if restriction.columns.is_empty() => Reach::Table,
        None => Reach::Columns(restriction.columns.iter().copied().collect()),
    }
}

fn tagged(places: impl Iterator<Item = Option<ColumnId>>) -> Reach {
    match places.collect::<Option<BTreeSet<ColumnId>>>() {
        None => Reach::Table,
        Some(columns) if columns.is_empty() => Reach::Nothing,
        Some(columns) => Reach::Columns(columns),
    }
}

/// Whether a rule on `rule` is about `tag`: the same tag, or a value of the key that the rule names alone.
pub fn tag_covers(rule: &str, tag: &str) -> bool {
    let (rule, tag) = (canonical(rule), canonical(tag));
    tag == rule || tag.strip_prefix(&rule).is_some_and(|rest| rest.starts_with('='))
}

/// Key and value without spaces around them, with `=` between them, in lower case.
fn canonical(tag: &str) -> String {
    let parts: Vec<&str> = tag.splitn(2, ['=', ':']).map(str::trim).collect();
    parts.join("=").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::tag_covers;

    #[test]
    fn a_rule_on_a_key_covers_its_values() {
        for (rule, tag, covers) in [
            ("pii", "pii=email", true),
            ("pii", "PII: email", true),
            ("pii=email", "pii = Email", true),
            ("pii=email", "pii", false),
            ("pii=email", "pii=email2", false),
            ("pii", "piii=email", false),
            ("pii", "pii", true),
        ] {
            assert_eq!(tag_covers(rule, tag), covers, "{rule} over {tag}");
        }
    }
}
