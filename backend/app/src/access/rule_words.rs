//! Rules in words, for who asks why. Reasons and conditions are for reviewers; others learn that there is a rule.

use lakegate_model::{
    Fault,
    access::Grant,
    ids::{ColumnId, GrantId, RestrictionId},
    words::RestrictionEffect,
};
use lakegate_policy::binding::tag_covers;
use lakegate_store::{Tx, direct_grants, projects, restrictions, rule_mappings, users};
use uuid::Uuid;

use super::principals::name_of;

/// The grant of a subscription.
pub(super) async fn subscription(tx: &mut Tx, grant: &Grant, review: bool) -> Result<String, Fault> {
    let project = projects::project_label(tx, grant.project_id).await?.map(|(name, _)| name).unwrap_or_default();
    let by = users::user_find(tx, grant.granted_by).await?.map(|user| user.display_name).unwrap_or_default();
    let words = format!("the subscription of {project}, approved by {by}");
    let mapped = mapped(tx, grant.id.into(), review).await?;
    Ok(words + &conditions(grant.row_filter.as_deref(), review) + &mapped + &reason(&grant.reason, review))
}

/// A direct grant.
pub(super) async fn direct_grant(tx: &mut Tx, id: GrantId, review: bool) -> Result<String, Fault> {
    let Some(grant) = direct_grants::direct_grant_find(tx, id).await? else { return Ok(String::new()) };
    let holder = name_of(tx, &grant.grantee()).await?.unwrap_or_default();
    let by = users::user_find(tx, grant.granted_by).await?.map(|user| user.display_name).unwrap_or_default();
    let on = grant.tag.as_ref().map(|tag| format!(" on the tag {tag}")).unwrap_or_default();
    let words = format!("given to {holder} by {by}{on}");
    // Whoever holds a grant reads why he was given it.
    let mapped = mapped(tx, id.into(), review).await?;
    Ok(words + &conditions(grant.row_filter.as_deref(), review) + &mapped + &reason(&grant.reason, true))
}

/// A restriction, with the tag that leads it to a column.
pub(super) async fn restriction(
    tx: &mut Tx,
    id: RestrictionId,
    (column, tags): (ColumnId, &[(Option<ColumnId>, String)]),
    review: bool,
) -> Result<String, Fault> {
    let Some(rule) = restrictions::restriction_find(tx, id).await? else { return Ok(String::new()) };
    let what = match rule.effect {
        RestrictionEffect::Hide => "a restriction hides it",
        RestrictionEffect::Mask => "a restriction masks it",
        RestrictionEffect::Filter => "a restriction keeps some rows only",
    };
    let way = match &rule.tag {
        Some(tag) => format!(", on the tag {tag}{}", tag_path(tag, column, tags)),
        None => String::new(),
    };
    let mapped = mapped(tx, id.into(), review).await?;
    Ok(format!("{what}{way}") + &conditions(rule.filter.as_deref(), review) + &mapped + &reason(&rule.reason, review))
}

/// Where the tag stands that a rule reaches a column by: `, by pii=email on the column`.
fn tag_path(rule: &str, column: ColumnId, tags: &[(Option<ColumnId>, String)]) -> String {
    let covering = tags.iter().filter(|(_, tag)| tag_covers(rule, tag));
    let mut here = covering.filter(|(place, _)| place.is_none_or(|place| place == column));
    match here.next() {
        Some((Some(_), tag)) => format!(", by {tag} on the column"),
        Some((None, tag)) => format!(", by {tag} on the asset"),
        None => String::new(),
    }
}

fn conditions(filter: Option<&str>, review: bool) -> String {
    match filter {
        Some(filter) if review => format!(", only rows where {filter}"),
        Some(_) => ", some rows only".to_owned(),
        None => String::new(),
    }
}

/// Who writes the mapping tables of a rule: they may widen what it opens (access rule 21).
async fn mapped(tx: &mut Tx, rule: Uuid, review: bool) -> Result<String, Fault> {
    if !review {
        return Ok(String::new());
    }
    let mut words = String::new();
    for writer in rule_mappings::rule_mapping_writers(tx, rule).await? {
        let table = format!("{}.{}", writer.database_name, writer.table_name);
        words += &format!("; {} writes {table}, which tells who sees which rows", writer.project_name);
    }
    Ok(words)
}

fn reason(reason: &str, review: bool) -> String {
    if review && !reason.is_empty() { format!(": {reason}") } else { String::new() }
}
