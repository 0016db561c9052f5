//! Notices about assets: to watchers, subscribers and owners.

use lakegate_model::{
    Fault,
    catalog::{Asset, Snapshot},
    ids::UserId,
    words::ColumnState,
};
use lakegate_policy::{Actor, Verdict, action::Action, verdict};
use lakegate_store::{Tx, WriteTx, actors, assets, marks, projects, tables};
use std::collections::{BTreeSet, HashSet};

use super::diff;
use crate::{
    App,
    access::{
        asset_link,
        notices::{Message, notify},
    },
};

/// A message about an asset; equal `once` keys reach a person once.
pub(crate) fn about(asset: &Asset, kind: &'static str, title: String, body: &str, once: Option<String>) -> Message {
    Message { kind, title, body: body.to_owned(), link: asset_link(asset.id), once_key: once }
}

/// [`about`], leading to the questions of the asset.
pub(crate) fn about_question(
    asset: &Asset,
    kind: &'static str,
    title: String,
    body: &str,
    once: Option<String>,
) -> Message {
    let message = about(asset, kind, title, body, once);
    Message { link: format!("{}/questions", message.link), ..message }
}

/// People of the projects that subscribe to an asset.
pub(crate) async fn subscribers(tx: &mut Tx, asset: &Asset) -> Result<BTreeSet<UserId>, Fault> {
    let mut people = BTreeSet::new();
    for project in assets::subscribers_of(tx, asset.id).await? {
        people.extend(projects::people_of(tx, project).await?);
    }
    Ok(people)
}

/// Tells those who watch an asset what changed, each as much as he may know. The actor himself is not told.
pub(crate) async fn watchers(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    asset: &Asset,
    revision: i64,
    (before, after): (&Snapshot, &Snapshot),
) -> Result<(), Fault> {
    for watcher in marks::watchers_of(tx, asset.id).await? {
        if actor.user() == Some(watcher) {
            continue;
        }
        let Some(summary) = summary_for(tx, watcher, asset, (before, after)).await? else { continue };
        let once = Some(format!("asset:{}:{revision}", asset.id));
        let message = about(asset, "asset.changed", format!("{} changed", asset.display_name()), &summary, once);
        notify(app, tx, [watcher], &message).await?;
    }
    Ok(())
}

async fn summary_for(
    tx: &mut Tx,
    watcher: UserId,
    asset: &Asset,
    (before, after): (&Snapshot, &Snapshot),
) -> Result<Option<String>, Fault> {
    let Some(actor) = actors::user_actor(tx, watcher).await? else { return Ok(None) };
    let Some((_, facts)) = assets::asset_facts(tx, &actor, asset.id).await? else { return Ok(None) };
    if verdict(&actor, Action::DiscoverAsset, &facts.into()) != Verdict::Allow {
        return Ok(None);
    }
    let lines = if actor.role_in(asset.project_id).is_some() {
        diff::between(before, after)
    } else {
        let visible = listed_columns(tx, asset).await?;
        diff::between(&diff::trimmed(before, &visible), &diff::trimmed(after, &visible))
    };
    Ok((!lines.is_empty()).then(|| diff::summary(&lines)))
}

async fn listed_columns(tx: &mut Tx, asset: &Asset) -> Result<HashSet<lakegate_model::ids::ColumnId>, Fault> {
    let Some(table) = asset.table_id else { return Ok(HashSet::new()) };
    let columns = tables::columns_of(tx, table).await?;
    Ok(columns.iter().filter(|c| c.state == ColumnState::Active && !c.unlisted).map(|c| c.id).collect())
}
