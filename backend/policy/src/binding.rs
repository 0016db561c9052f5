//! Whom a restriction binds or a grant serves, and what of a table a rule reaches.

use lakegate_model::{
    grants::{DirectGrant, Grantee},
    ids::{ColumnId, DatabaseId, GroupId, ProjectId, PurposeId, TableId, UserId},
    rules::{Exemption, Restriction},
    words::{ExemptKind, GrantColumns},
};
use std::collections::BTreeSet;

use crate::{
    access::ColumnScope,
    actor::{Actor, Principal},
};

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
    if exemption.kind == ExemptKind::Purpose {
        return actor.purpose == Some(PurposeId(id));
    }
    if let Some(narrowed) = &actor.narrowed {
        return exemption.kind == ExemptKind::Group && *narrowed == Grantee::Group(GroupId(id));
    }
    match exemption.kind {
        ExemptKind::Purpose => false,
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

/// Whether a direct grant serves an actor where he acts.
pub fn serves(grantee: &Grantee, actor: &Actor) -> bool {
    if let Some(narrowed) = &actor.narrowed {
        return concerns(grantee, actor) && (grantee == narrowed || *grantee == Grantee::Everyone);
    }
    match grantee {
        Grantee::Project(id) => actor.acting == Some(*id),
        other => concerns(other, actor),
    }
}

/// Whether a direct grant may serve an actor in some project of his: enough to find what it is on.
pub fn concerns(grantee: &Grantee, actor: &Actor) -> bool {
    match grantee {
        Grantee::User(id) => actor.user() == Some(*id),
        Grantee::Group(id) => actor.groups.contains(id),
        Grantee::ServiceAccount(id) => actor.principal == Principal::ServiceAccount(*id),
        Grantee::Role(role) => actor.has(*role),
        Grantee::Project(id) => actor.role_in(*id).is_some(),
        Grantee::Everyone => actor.user().is_some(),
    }
}

/// The columns that a direct grant opens of a table in a database whose asset carries these tags; `None` for none.
pub fn opened(
    grant: &DirectGrant,
    (table, database): (TableId, DatabaseId),
    tags: &[(Option<ColumnId>, String)],
) -> Option<ColumnScope> {
    if let Some(rule) = &grant.tag {
        let places = tags.iter().filter(|(_, tag)| tag_covers(rule, tag)).map(|(column, _)| *column);
        return match tagged(places) {
            Reach::Nothing => None,
            Reach::Table => Some(ColumnScope::All),
            Reach::Columns(columns) => Some(ColumnScope::Only(columns)),
        };
    }
    if grant.table_id != Some(table) && grant.database_id != Some(database) {
        return None;
    }
    let named = || grant.columns.iter().copied().collect();
    Some(match grant.columns_mode {
        GrantColumns::All => ColumnScope::All,
        GrantColumns::Only => ColumnScope::Only(named()),
        GrantColumns::Except => ColumnScope::Except(named()),
    })
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

/// What every tag under `rule` begins with in small letters, as far as both databases fold letters and match alike: letters
/// that others fold to (the Kelvin sign, the dotted capital I) end it.
pub fn tag_prefix(rule: &str) -> String {
    let canonical = canonical(rule);
    let key = canonical.split('=').next().unwrap_or_default();
    key.chars().take_while(|c| c.is_ascii() && !matches!(c, '%' | '_' | '\\' | 'i' | 'k')).collect()
}

/// Key and value without spaces around them, with `=` between them, in lower case.
fn canonical(tag: &str) -> String {
    let parts: Vec<&str> = tag.splitn(2, ['=', ':']).map(str::trim).collect();
    parts.join("=").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{tag_covers, tag_prefix};

    #[test]
    fn a_prefix_matches_whatever_the_rule_covers() {
        for (rule, prefix) in [
            ("pii", "p"),
            ("Class = Public", "class"),
            ("\u{212a}ey", ""),
            ("ge\u{e4}ndert", "ge"),
            ("50%", "50"),
            ("a_b=c", "a"),
            ("\\", ""),
        ] {
            assert_eq!(tag_prefix(rule), prefix, "{rule}");
        }
    }

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
