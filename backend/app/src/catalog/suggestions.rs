//! Proposed business names: made when a table is registered, taken up or turned down by people.

use lakegate_model::{
    Code, Fault,
    catalog::{Asset, Column, Suggestion},
    ids::{AssetId, ColumnId, SuggestionId},
    words::{ColumnState, SuggestionState},
};
use lakegate_policy::{Actor, Granted, Scope, action, resource::AssetFacts};
use lakegate_store::{Tx, WriteTx, asset_words as store};
use std::collections::HashSet;

use super::{
    assets::AssetView,
    edit::{self, AssetEdit, ColumnEdit},
    granted, granted_for, names, state,
};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// All proposals for an asset, in every state: for those who may edit it.
pub async fn list(app: &App, caller: &Caller, asset: AssetId) -> Result<Vec<Suggestion>, Fault> {
    look!(app, caller, "asset.suggestions", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, asset).await?;
        Ok(store::suggestions_of(tx, asset.id).await?)
    })
}

/// Takes one proposal up: it becomes the title.
pub async fn accept(app: &App, caller: &Caller, id: SuggestionId) -> Result<AssetView, Fault> {
    change!(app, caller, "asset.accept_names", |tx, scope, actor| {
        let (suggestion, asset, proof) = find(tx, scope, actor, id).await?;
        need_open(&suggestion)?;
        decide_all(app, tx, actor, &proof, &[&suggestion], SuggestionState::Accepted).await?;
        let edit = edit_of([&suggestion]);
        edit::apply(app, tx, (caller, actor), &proof, asset, &edit, "asset.accept_names").await
    })
}

/// Takes up every open proposal for a thing that has no title yet.
pub async fn accept_all(app: &App, caller: &Caller, asset: AssetId) -> Result<AssetView, Fault> {
    change!(app, caller, "asset.accept_names", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, asset).await?;
        let state = state::load(tx, asset.clone()).await?;
        let all = store::suggestions_of(tx, asset.id).await?;
        let untitled = |suggestion: &&Suggestion| match suggestion.column_id {
            None => asset.title.is_empty(),
            Some(column) => state.column(column).is_some_and(|column| column.title.is_empty()),
        };
        let open: Vec<&Suggestion> = all.iter().filter(|s| s.state == SuggestionState::Open).filter(untitled).collect();
        decide_all(app, tx, actor, &proof, &open, SuggestionState::Accepted).await?;
        let edit = edit_of(open.iter().copied());
        edit::apply(app, tx, (caller, actor), &proof, asset.clone(), &edit, "asset.accept_names").await
    })
}

/// Turns one proposal down, for good.
pub async fn reject(app: &App, caller: &Caller, id: SuggestionId) -> Result<(), Fault> {
    change!(app, caller, "asset.reject_name", |tx, scope, actor| {
        let (suggestion, asset, proof) = find(tx, scope, actor, id).await?;
        need_open(&suggestion)?;
        decide_all(app, tx, actor, &proof, &[&suggestion], SuggestionState::Rejected).await?;
        let event = Event::on("asset.reject_name", "asset", asset.id).owned_by(asset.project_id);
        audit::record(app, tx, caller, actor, event).await
    })
}

async fn find<'s>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: SuggestionId,
) -> Result<(Suggestion, Asset, Granted<'s, AssetFacts, action::EditAsset>), Fault> {
    let found = store::suggestion_find(tx, id).await?;
    let asset = found.as_ref().map(|suggestion| suggestion.asset_id);
    let (asset, proof) = granted_for(tx, scope, actor, asset, "suggestion").await?;
    Ok((found.ok_or_else(|| Fault::not_found("suggestion"))?, asset, proof))
}

fn need_open(suggestion: &Suggestion) -> Result<(), Fault> {
    if suggestion.state == SuggestionState::Open {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, format!("this name was {} already", suggestion.state)))
}

async fn decide_all(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, action::EditAsset>,
    suggestions: &[&Suggestion],
    state: SuggestionState,
) -> Result<(), Fault> {
    for suggestion in suggestions {
        let by = actor.user().map(Into::into);
        store::suggestion_decide(tx, proof, suggestion.id, state, by, app.now()).await?;
    }
    Ok(())
}

fn edit_of<'a>(suggestions: impl IntoIterator<Item = &'a Suggestion>) -> AssetEdit {
    let mut edit = AssetEdit::default();
    for suggestion in suggestions {
        match suggestion.column_id {
            None => edit.title = Some(suggestion.value.clone()),
            Some(id) => {
                edit.columns.push(ColumnEdit { title: Some(suggestion.value.clone()), ..ColumnEdit::of(id) });
            }
        }
    }
    edit
}

/// Proposes names for an asset and its columns where none was proposed before and people gave none.
pub(crate) async fn propose(
    app: &App,
    tx: &mut WriteTx,
    asset: AssetId,
    (name, title): (&str, &str),
    columns: &[Column],
) -> Result<(), Fault> {
    let known: HashSet<Option<ColumnId>> =
        store::suggestions_of(tx, asset).await?.into_iter().map(|suggestion| suggestion.column_id).collect();
    let untitled = columns.iter().filter(|column| column.state != ColumnState::Dropped && column.title.is_empty());
    let mut wanted: Vec<(Option<ColumnId>, &str)> = untitled.map(|c| (Some(c.id), c.name.as_str())).collect();
    if title.is_empty() {
        wanted.insert(0, (None, name));
    }
    for (column, technical) in wanted.into_iter().filter(|(column, _)| !known.contains(column)) {
        if let Some(value) = names::suggest(technical) {
            store::suggestion_insert(tx, app.new_id(), asset, column, &value).await?;
        }
    }
    Ok(())
}
