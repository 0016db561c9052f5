//! The tags of an asset and its columns in one place: where each comes from, which rules hang on it, putting one on and
//! taking one off.

use lakegate_model::{
    Fault,
    ids::{AssetId, ColumnId, TableId},
    words::{ColumnState, TokenScope},
};
use lakegate_policy::{
    Action, Verdict, action, binding::tag_covers, governed::is_governed, resource::AssetFacts, verdict,
};
use lakegate_store::{Tx, direct_grants, restrictions};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

use super::{edit, granted, state};
use crate::{
    App, Caller,
    access::{explain::seen_columns, rule_words},
    audit::{self, Event},
    caller::known,
};

/// Something that carries tags: the asset as a whole, or a column of its.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPlace {
    /// Id and name; none for the asset as a whole.
    pub column: Option<(ColumnId, String)>,
    pub own: Vec<String>,
    /// Those of the asset, which hold for every column.
    pub inherited: Vec<String>,
}

/// A tag that stands somewhere on an asset, with the rules that reach data by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRules {
    pub tag: String,
    /// Whether approvals look at it: it accumulates, and only a steward takes it off.
    pub governed: bool,
    pub restrictions: usize,
    pub grants: usize,
    /// The rules in words, for who reviews the asset.
    pub words: Vec<String>,
}

/// The tags of an asset.
#[derive(Debug, Clone)]
pub struct TagSheet {
    pub asset: AssetId,
    pub places: Vec<TagPlace>,
    /// Each tag once. What hangs on it is told to who may change tags here, and to reviewers.
    pub tags: Vec<TagRules>,
    pub may_edit: bool,
    /// Whether rules are told of.
    pub told: bool,
}

/// A tag to be put on or taken off.
#[derive(Debug, Clone)]
pub struct TagChange {
    pub asset: AssetId,
    /// None for the asset as a whole.
    pub column: Option<ColumnId>,
    pub tag: String,
    /// Put on, or taken off.
    pub put: bool,
    /// Demanded to take off a governed tag, and one that rules hang on (access rule 10).
    pub reason: String,
}

/// Shows the tags of an asset that the caller may know of.
///
/// # Errors
/// `not_found` for an asset that the caller may not find.
pub async fn sheet(app: &App, caller: &Caller, asset: AssetId) -> Result<TagSheet, Fault> {
    look!(app, caller, "asset.tags", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let (asset, found) = granted::<action::DiscoverAsset>(tx, scope, actor, asset).await?;
        let facts: AssetFacts = found.on();
        let may = |action: Action| verdict(actor, action, &facts.into()) == Verdict::Allow;
        let (review, may_edit) = (may(Action::ReviewAsset), may(Action::EditAsset));
        let seen = seen_columns(app, tx, actor, &asset, review).await?;
        let (id, table) = (asset.id, asset.table_id);
        let places = places(&state::load(tx, asset).await?, &seen);
        let told = review || may_edit;
        let standing: BTreeSet<&String> = places.iter().flat_map(|place| &place.own).collect();
        let mut tags = Vec::new();
        for tag in standing {
            tags.push(rules_on(tx, table.filter(|_| told), tag, review).await?);
        }
        Ok(TagSheet { asset: id, places, tags, may_edit, told })
    })
}

fn places(state: &state::State, seen: &std::collections::HashSet<ColumnId>) -> Vec<TagPlace> {
    let on_all = state.tags_on(None);
    let mut places = vec![TagPlace { column: None, own: on_all.clone(), inherited: Vec::new() }];
    let there = state.columns.iter().filter(|column| column.state != ColumnState::Dropped && seen.contains(&column.id));
    places.extend(there.map(|column| {
        let own = state.tags_on(Some(column.id));
        let inherited = on_all.iter().filter(|tag| !own.contains(tag)).cloned().collect();
        TagPlace { column: Some((column.id, column.name.clone())), own, inherited }
    }));
    places
}

/// What hangs on a tag where it stands on a table.
async fn rules_on(tx: &mut Tx, table: Option<TableId>, tag: &str, words: bool) -> Result<TagRules, Fault> {
    let mut found =
        TagRules { tag: tag.to_owned(), governed: is_governed(tag), restrictions: 0, grants: 0, words: Vec::new() };
    let Some(table) = table else { return Ok(found) };
    let covers = |rule: Option<&str>| rule.is_some_and(|rule| tag_covers(rule, tag));
    for rule in restrictions::restrictions_touching(tx, table).await? {
        if rule.ended_at.is_none() && covers(rule.tag.as_deref()) {
            found.restrictions += 1;
            if words {
                found.words.push(rule_words::restriction(tx, rule.id, (None, &[]), true).await?);
            }
        }
    }
    for grant in direct_grants::direct_grants_touching(tx, table).await? {
        if grant.ended_at.is_none() && covers(grant.tag.as_deref()) {
            found.grants += 1;
            if words {
                found.words.push(rule_words::direct_grant(tx, grant.id, true).await?);
            }
        }
    }
    Ok(found)
}

/// The tags of a place as a change would leave them, for trying it out.
///
/// # Errors
/// As [`change`] for who may not change them.
pub async fn after(app: &App, caller: &Caller, change: &TagChange) -> Result<Vec<String>, Fault> {
    look!(app, caller, "asset.tag", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, change.asset).await?;
        Ok(wanted(&state::load(tx, asset).await?, change)?.1)
    })
}

/// The tag as it is kept, and the tags of its place with it, or without.
fn wanted(state: &state::State, change: &TagChange) -> Result<(String, Vec<String>), Fault> {
    let tag = edit::tag_set(std::slice::from_ref(&change.tag)).map_err(|fault| fault.on("tag"))?;
    let Some(tag) = tag.into_iter().next() else { return Err(Fault::invalid("tag", "say which tag")) };
    let mut tags = state.tags_on(change.column);
    match (tags.contains(&tag), change.put) {
        (true, true) => return Err(Fault::invalid("tag", "it carries this tag already")),
        (false, false) => {
            return Err(Fault::invalid("tag", "it does not carry this tag itself")
                .fix("take it off where it stands, or choose one that stands here"));
        }
        (false, true) => tags.push(tag.clone()),
        (true, false) => tags.retain(|own| *own != tag),
    }
    Ok((tag, tags))
}

/// Puts a tag on, or takes one off.
///
/// # Errors
/// `invalid` naming `tag`, `column` or `reason`; `forbidden` on `tag` where a steward or an owner has to do it.
pub async fn change(app: &App, caller: &Caller, change: &TagChange) -> Result<(), Fault> {
    change!(app, caller, "asset.tag", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, change.asset).await?;
        let (project, table) = (asset.project_id, asset.table_id);
        let state = state::load(tx, asset).await?;
        let (tag, tags) = wanted(&state, change)?;
        let hangs = rules_on(tx, table, &tag, false).await?;
        let weighs = hangs.governed || hangs.restrictions + hangs.grants > 0;
        if !change.put && weighs && change.reason.trim().is_empty() {
            return Err(Fault::invalid("reason", "say why: rules hang on this tag"));
        }
        let acting = (caller, scope, actor);
        edit::set_tags_in(app, tx, acting, change.asset, vec![(change.column, tags)]).await.map_err(misplaced)?;
        let detail = BTreeMap::from([
            ("tag", json!(tag)),
            ("column", json!(change.column)),
            ("put", json!(change.put)),
            ("reason", json!(change.reason.trim())),
        ]);
        let event = Event::on("asset.tag", "asset", change.asset).owned_by(project).with(json!(detail));
        audit::record(app, tx, caller, actor, event).await
    })
}

/// A fault of editing beside the field of this change that it is about.
fn misplaced(fault: Fault) -> Fault {
    match fault.field.as_deref() {
        Some(field) if field.ends_with("tags") => fault.on("tag"),
        Some(field) if field.starts_with("columns") => fault.on("column"),
        _ => fault,
    }
}
