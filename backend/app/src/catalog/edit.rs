//! Changing what people say of an asset: words, tags, terms, owner, discover level.

use lakegate_model::{
    Code, Fault,
    catalog::Asset,
    ids::{AssetId, ColumnId, TableId, TermId, UserId},
    text,
    words::{Discover, SuggestionState},
};
use lakegate_policy::{
    Action, Actor, Granted, Verdict, action,
    binding::{concerns, tag_covers},
    governed::is_governed,
    resource::AssetFacts,
    verdict,
};
use lakegate_store::{WriteTx, asset_words, assets as store, direct_grants, glossary, projects, restrictions, tables};
use serde_json::json;
use std::collections::{BTreeSet, HashSet};

use super::{
    assets::{self, AssetView},
    diff, granted, need_revision,
    revise::revise,
    state::{self, State},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::Acting,
    policy_files::stakes::stakes,
};

/// Most tags or terms on one thing.
pub const MOST_WORDS: usize = 50;
/// Longest tag, in characters.
pub const TAG_MAX: usize = 60;

/// What to change of an asset; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssetEdit {
    /// Empty takes the business name away.
    pub title: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// `Some(None)` leaves the asset without an owner.
    pub owner: Option<Option<UserId>>,
    /// `Some(None)` takes the domain's default.
    pub discover: Option<Option<Discover>>,
    pub tags: Option<Vec<String>>,
    pub terms: Option<Vec<TermId>>,
    pub columns: Vec<ColumnEdit>,
}

/// What to change of a column; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnEdit {
    pub id: ColumnId,
    pub title: Option<String>,
    pub description: Option<String>,
    pub unlisted: Option<bool>,
    pub tags: Option<Vec<String>>,
    pub terms: Option<Vec<TermId>>,
}

impl ColumnEdit {
    /// A change of nothing yet.
    pub fn of(id: ColumnId) -> Self {
        Self { id, title: None, description: None, unlisted: None, tags: None, terms: None }
    }
}

/// Changes an asset that stands at `revision`.
///
/// # Errors
/// `invalid` naming the field (`columns[2].title`), `conflict` if somebody saved meanwhile.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: AssetId,
    revision: i64,
    edit: &AssetEdit,
) -> Result<AssetView, Fault> {
    let edit = checked(edit)?;
    change!(app, caller, "asset.edit", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        need_revision(&asset, revision)?;
        apply(app, tx, (caller, actor), &proof, asset, &edit, "asset.edit").await
    })
}

/// Replaces the tags of an asset, where no column is named, and of columns of its, as they stand now, in the caller's
/// transaction.
pub(crate) async fn set_tags_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    id: AssetId,
    wanted: Vec<(Option<ColumnId>, Vec<String>)>,
) -> Result<(), Fault> {
    let mut edit = AssetEdit::default();
    for (column, tags) in wanted {
        match column {
            Some(column) => edit.columns.push(ColumnEdit { tags: Some(tags), ..ColumnEdit::of(column) }),
            None => edit.tags = Some(tags),
        }
    }
    let edit = checked(&edit)?;
    let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
    apply(app, tx, (caller, actor), &proof, asset, &edit, "asset.edit").await.map(drop)
}

/// Writes a checked edit, with revision and audit, in the caller's transaction.
pub(super) async fn apply(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    asset: Asset,
    edit: &AssetEdit,
    audited_as: &'static str,
) -> Result<AssetView, Fault> {
    let before = state::load(tx, asset).await?;
    let mut asset = before.asset.clone();
    write_asset(app, tx, actor, proof, &before, &mut asset, edit).await?;
    for (at, column) in edit.columns.iter().enumerate() {
        write_column(app, tx, actor, proof, &before, column).await.map_err(|fault| within(fault, at))?;
    }
    settle_suggestions(app, tx, actor, proof, edit).await?;
    let revised = revise(app, tx, actor, proof, &before, asset).await?;
    if let Some(revised) = &revised {
        let detail = json!({ "revision": revised.asset.revision, "changes": diff::summary(&revised.lines) });
        let event = Event::on(audited_as, "asset", before.asset.id).owned_by(before.asset.project_id).with(detail);
        audit::record(app, tx, caller, actor, event).await?;
    }
    // Read again: the level in force may be the domain's now.
    let (asset, facts) =
        store::asset_facts(tx, actor, before.asset.id).await?.ok_or_else(|| Fault::not_found("asset"))?;
    let state = state::load(tx, asset).await?;
    assets::view_of(app, tx, actor, facts, state).await
}

async fn write_asset(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    before: &State,
    asset: &mut Asset,
    edit: &AssetEdit,
) -> Result<(), Fault> {
    if let Some(title) = &edit.title {
        asset.title.clone_from(title);
    }
    if let Some(description) = &edit.description {
        asset.description.clone_from(description);
    }
    if let Some(discover) = edit.discover {
        asset.discover = discover;
    }
    if let Some(owner) = edit.owner {
        need_member(tx, asset, owner).await?;
        asset.owner_id = owner;
    }
    set_words(app, tx, actor, proof, before, None, (&edit.tags, &edit.terms)).await
}

async fn need_member(tx: &mut WriteTx, asset: &Asset, owner: Option<UserId>) -> Result<(), Fault> {
    let Some(owner) = owner.filter(|owner| asset.owner_id != Some(*owner)) else { return Ok(()) };
    if projects::people_of(tx, asset.project_id).await?.contains(&owner) {
        return Ok(());
    }
    Err(Fault::invalid("owner", "the owner of an asset is a member of its project"))
}

async fn write_column(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    before: &State,
    edit: &ColumnEdit,
) -> Result<(), Fault> {
    let column = before.column(edit.id).ok_or_else(|| Fault::invalid("id", "the asset has no such column"))?;
    let mut changed = column.clone();
    if let Some(title) = &edit.title {
        changed.title.clone_from(title);
    }
    if let Some(description) = &edit.description {
        changed.description.clone_from(description);
    }
    changed.unlisted = edit.unlisted.unwrap_or(changed.unlisted);
    if changed != *column {
        tables::column_words(tx, proof, &changed).await?;
    }
    set_words(app, tx, actor, proof, before, Some(edit.id), (&edit.tags, &edit.terms)).await
}

/// Governed tags bind approvals, and restrictions stand on tags: whoever may put such a tag on may not take it off (access
/// rule 10).
async fn need_steward(
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    table: Option<TableId>,
    tag: &str,
) -> Result<(), Fault> {
    if actor.stewarded.contains(&proof.on().domain) {
        return Ok(());
    }
    let ruling = match table {
        Some(table) => restrictions::restrictions_touching(tx, table).await?,
        None => Vec::new(),
    };
    let is_ruled = ruling.iter().filter_map(|rule| rule.tag.as_deref()).any(|rule| tag_covers(rule, tag));
    if !is_governed(tag) && !is_ruled && !stakes(tx).await?.closes(tag) {
        return Ok(());
    }
    Err(Fault::new(Code::Forbidden, format!("the tag \"{tag}\" is governed"))
        .on("tags")
        .fix("a steward of the domain takes it off"))
}

/// A tag on which access was given opens what it is put on: that is for who may give access, and for sensitive data not for
/// one whom it would open it to (access rule 11).
async fn need_giver(
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    before: &State,
    tag: &str,
) -> Result<(), Fault> {
    let Some(table) = before.asset.table_id else { return Ok(()) };
    let mut giving = direct_grants::direct_grants_touching(tx, table).await?;
    giving.retain(|grant| grant.tag.as_deref().is_some_and(|rule| tag_covers(rule, tag)));
    if giving.is_empty() && !stakes(tx).await?.opens(tag) {
        return Ok(());
    }
    if verdict(actor, Action::GrantAccess, &proof.on().into()) != Verdict::Allow {
        return Err(Fault::new(Code::Forbidden, format!("the tag \"{tag}\" opens data to others"))
            .on("tags")
            .fix("ask an owner of the project to put it on"));
    }
    let sensitive = before.tags.iter().any(|held| is_governed(&held.tag)) || is_governed(tag);
    if sensitive && giving.iter().any(|grant| concerns(&grant.grantee(), actor)) {
        return Err(Fault::new(Code::Forbidden, format!("the tag \"{tag}\" would open sensitive data to yourself"))
            .on("tags")
            .fix("ask another owner of the project to put it on"));
    }
    Ok(())
}

async fn set_words(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    before: &State,
    column: Option<ColumnId>,
    (tags, terms): (&Option<Vec<String>>, &Option<Vec<TermId>>),
) -> Result<(), Fault> {
    if let Some(wanted) = tags {
        let had: BTreeSet<String> = before.tags_on(column).into_iter().collect();
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        for tag in had.difference(&wanted) {
            need_steward(tx, actor, proof, before.asset.table_id, tag).await?;
            asset_words::tag_remove(tx, proof, column, tag).await?;
        }
        for tag in wanted.difference(&had) {
            need_giver(tx, actor, proof, before, tag).await?;
            asset_words::tag_add(tx, proof, app.new_id(), column, tag).await?;
        }
    }
    if let Some(wanted) = terms {
        let had: BTreeSet<TermId> = before.terms_on(column).into_iter().map(|link| link.term_id).collect();
        let wanted: BTreeSet<TermId> = wanted.iter().copied().collect();
        for term in had.difference(&wanted) {
            asset_words::term_remove(tx, proof, column, *term).await?;
        }
        for term in wanted.difference(&had) {
            let known = glossary::term_find(tx, *term).await?;
            known.ok_or_else(|| Fault::invalid("terms", "there is no such term"))?;
            asset_words::term_add(tx, proof, app.new_id(), column, *term).await?;
        }
    }
    Ok(())
}

/// A name that a person gave by hand settles what was proposed for the same thing.
async fn settle_suggestions(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    edit: &AssetEdit,
) -> Result<(), Fault> {
    let mut named: Vec<(Option<ColumnId>, &String)> = edit.title.iter().map(|title| (None, title)).collect();
    named.extend(edit.columns.iter().filter_map(|column| Some((Some(column.id), column.title.as_ref()?))));
    named.retain(|(_, title)| !title.is_empty());
    if named.is_empty() {
        return Ok(());
    }
    for suggestion in asset_words::suggestions_of(tx, proof.on().id).await? {
        let Some((_, title)) = named.iter().find(|(column, _)| *column == suggestion.column_id) else { continue };
        let state = if suggestion.value == **title { SuggestionState::Accepted } else { SuggestionState::Rejected };
        let by = actor.user().map(Into::into);
        asset_words::suggestion_decide(tx, proof, suggestion.id, state, by, app.now()).await?;
    }
    Ok(())
}

/// Checks the form of everything, so that nothing is half written.
pub(super) fn checked(edit: &AssetEdit) -> Result<AssetEdit, Fault> {
    let mut seen = HashSet::new();
    let mut columns = Vec::with_capacity(edit.columns.len());
    for (at, column) in edit.columns.iter().enumerate() {
        if !seen.insert(column.id) {
            return Err(within(Fault::invalid("id", "this column stands twice in the change"), at));
        }
        columns.push(checked_column(column).map_err(|fault| within(fault, at))?);
    }
    Ok(AssetEdit {
        title: edit.title.as_deref().map(|title| title_text("title", title)).transpose()?,
        description: edit.description.as_deref().map(description_text).transpose()?,
        owner: edit.owner,
        discover: edit.discover,
        tags: edit.tags.as_deref().map(tag_set).transpose()?,
        terms: edit.terms.as_deref().map(term_set).transpose()?,
        columns,
    })
}

fn checked_column(edit: &ColumnEdit) -> Result<ColumnEdit, Fault> {
    Ok(ColumnEdit {
        id: edit.id,
        title: edit.title.as_deref().map(|title| title_text("title", title)).transpose()?,
        description: edit.description.as_deref().map(description_text).transpose()?,
        unlisted: edit.unlisted,
        tags: edit.tags.as_deref().map(tag_set).transpose()?,
        terms: edit.terms.as_deref().map(term_set).transpose()?,
    })
}

fn within(fault: Fault, at: usize) -> Fault {
    match fault.field.clone() {
        Some(field) => fault.on(format!("columns[{at}].{field}")),
        None => fault,
    }
}

fn title_text(field: &str, raw: &str) -> Result<String, Fault> {
    if raw.trim().is_empty() {
        return Ok(String::new());
    }
    text::line(field, raw, text::TITLE_MAX)
}

fn description_text(raw: &str) -> Result<String, Fault> {
    text::prose("description", raw, text::DESCRIPTION_MAX)
}

/// Tags as they are kept: lower case, without doubles, in order.
pub(crate) fn tag_set(raw: &[String]) -> Result<Vec<String>, Fault> {
    let tags: BTreeSet<String> = raw.iter().map(|tag| tag_text(tag)).collect::<Result<_, Fault>>()?;
    if tags.len() > MOST_WORDS {
        return Err(Fault::invalid("tags", format!("{} tags are too many; the limit is {MOST_WORDS}", tags.len())));
    }
    Ok(tags.into_iter().collect())
}

fn tag_text(raw: &str) -> Result<String, Fault> {
    let tag = text::fold(&text::line("tags", raw, TAG_MAX)?);
    if tag.contains([',', ';']) {
        return Err(Fault::invalid("tags", "a tag has neither comma nor semicolon"));
    }
    Ok(tag)
}

fn term_set(raw: &[TermId]) -> Result<Vec<TermId>, Fault> {
    let terms: BTreeSet<TermId> = raw.iter().copied().collect();
    if terms.len() > MOST_WORDS {
        return Err(Fault::invalid("terms", format!("{} terms are too many; the limit is {MOST_WORDS}", terms.len())));
    }
    Ok(terms.into_iter().collect())
}
