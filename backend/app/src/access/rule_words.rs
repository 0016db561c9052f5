//! Rules in words, for who asks why. Reasons and conditions are for reviewers; others learn that there is a rule.

use lakegate_model::{
    Fault,
    access::Grant,
    coarse::CoarseRight,
    ids::{ColumnId, DatabaseId, GrantId, OptInId, RestrictionId},
    words::{AccessMode, RestrictionEffect},
};
use lakegate_policy::{binding::tag_covers, coarse::Judged};
use lakegate_store::{Tx, coarse, direct_grants, environments, projects, restrictions, rule_mappings, users};
use uuid::Uuid;

use super::principals::name_of;

/// The grant of a subscription.
pub(crate) async fn subscription(tx: &mut Tx, grant: &Grant, review: bool) -> Result<String, Fault> {
    let project = projects::project_label(tx, grant.project_id).await?.map(|(name, _)| name).unwrap_or_default();
    let by = users::user_find(tx, grant.granted_by).await?.map(|user| user.display_name).unwrap_or_default();
    let words = format!("the subscription of {project}, approved by {by}");
    let mapped = mapped(tx, grant.id.into(), review).await?;
    Ok(words + &conditions(grant.row_filter.as_deref(), review) + &mapped + &reason(&grant.reason, review))
}

/// A direct grant.
pub(crate) async fn direct_grant(tx: &mut Tx, id: GrantId, review: bool) -> Result<String, Fault> {
    let Some(grant) = direct_grants::direct_grant_find(tx, id).await? else { return Ok(String::new()) };
    let holder = name_of(tx, &grant.grantee()).await?.unwrap_or_default();
    let by = users::user_find(tx, grant.granted_by).await?.map(|user| user.display_name).unwrap_or_default();
    if grant.break_glass {
        let until = grant.valid_until.map(|until| until.format(", until %-d %B %Y, %H:%M UTC").to_string());
        let words = format!("break-glass: {holder} opened it in an emergency{}", until.unwrap_or_default());
        return Ok(words + &reason(&grant.reason, true));
    }
    let on = grant.tag.as_ref().map(|tag| format!(" on the tag {tag}")).unwrap_or_default();
    let words = format!("given to {holder} by {by}{on}");
    // Whoever holds a grant reads why he was given it.
    let mapped = mapped(tx, id.into(), review).await?;
    Ok(words + &conditions(grant.row_filter.as_deref(), review) + &mapped + &reason(&grant.reason, true))
}

/// A coarse right. Whoever holds it reads why.
pub(super) async fn coarse_right(tx: &mut Tx, right: &CoarseRight) -> Result<String, Fault> {
    let holder = name_of(tx, &right.grantee()).await?.unwrap_or_default();
    let by = users::user_find(tx, right.granted_by).await?.map(|user| user.display_name).unwrap_or_default();
    let database = database_name(tx, right.database_id).await?;
    let words = format!("reads by the coarse right on database {database}, given to {holder} by {by}");
    Ok(words + &reason(&right.reason, true))
}

/// Which model decides, in a database that is not registered for fine grants alone; empty in others.
pub(super) async fn model(tx: &mut Tx, judged: &Judged, review: bool) -> Result<String, Fault> {
    match (judged.mode, judged.by) {
        (AccessMode::Fine, _) => Ok(String::new()),
        (AccessMode::Coarse, _) => Ok("coarse rights decide: its database is registered for them alone".to_owned()),
        (AccessMode::Hybrid, None) => {
            Ok("coarse rights decide: fine grants count only for whom is opted in".to_owned())
        }
        (AccessMode::Hybrid, Some(by)) => opted(tx, by, review).await,
    }
}

async fn opted(tx: &mut Tx, by: OptInId, review: bool) -> Result<String, Fault> {
    let Some(opt) = coarse::opt_find(tx, by).await? else { return Ok(String::new()) };
    let who = name_of(tx, &opt.grantee()).await?.unwrap_or_default();
    let place = match opt.table_id {
        Some(_) => "on this table".to_owned(),
        None => format!("on database {}", database_name(tx, opt.database_id).await?),
    };
    Ok(format!("fine grants decide: {who} is opted in {place}") + &reason(&opt.reason, review))
}

async fn database_name(tx: &mut Tx, id: DatabaseId) -> Result<String, Fault> {
    Ok(environments::database_find(tx, id).await?.map(|database| database.name).unwrap_or_default())
}

/// A restriction, with the tag that leads it to a column if one is asked about.
pub(crate) async fn restriction(
    tx: &mut Tx,
    id: RestrictionId,
    (column, tags): (Option<ColumnId>, &[(Option<ColumnId>, String)]),
    review: bool,
) -> Result<String, Fault> {
    let Some(rule) = restrictions::restriction_find(tx, id).await? else { return Ok(String::new()) };
    let object = if column.is_some() { "it" } else { "what it covers" };
    let what = match rule.effect {
        RestrictionEffect::Hide => format!("a restriction hides {object}"),
        RestrictionEffect::Mask => format!("a restriction masks {object}"),
        RestrictionEffect::Filter => "a restriction keeps some rows only".to_owned(),
    };
    let way = match &rule.tag {
        Some(tag) => {
            let path = column.map(|column| tag_path(tag, column, tags)).unwrap_or_default();
            format!(", on the tag {tag}{path}")
        }
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
