//! The history of an asset, as much of it as the caller may know.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp,
    catalog::{Revision, Snapshot},
    ids::{AssetId, ColumnId},
};
use lakegate_policy::{Actor, action};
use lakegate_store::{Tx, revisions as store};
use std::collections::HashSet;

use super::{
    assets,
    diff::{self, DiffLine},
    granted, state,
};
use crate::{App, Caller};

/// One step of an asset's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionView {
    pub revision: i64,
    /// One line: what changed.
    pub summary: String,
    pub actor: String,
    pub created_at: Timestamp,
}

/// What an asset's history shows to one caller.
struct Reach {
    /// `None` for members, who see everything.
    visible: Option<HashSet<ColumnId>>,
}

impl Reach {
    async fn of(app: &App, tx: &mut Tx, actor: &Actor, asset: &lakegate_model::catalog::Asset) -> Result<Self, Fault> {
        if actor.role_in(asset.project_id).is_some() {
            return Ok(Self { visible: None });
        }
        let state = state::load(tx, asset.clone()).await?;
        Ok(Self { visible: Some(assets::visible_columns(app, tx, actor, &state).await?) })
    }

    /// What this caller may know of a kept state; nothing of the time before it was out.
    fn shown(&self, snapshot: &Snapshot) -> Option<Snapshot> {
        match &self.visible {
            None => Some(snapshot.clone()),
            Some(_) if !matches!(snapshot.status.as_str(), "published" | "deprecated") => None,
            Some(visible) => Some(diff::trimmed(snapshot, visible)),
        }
    }
}

/// Revisions, the latest first. Others than members see those since publishing, without counts and closed columns.
pub async fn list(app: &App, caller: &Caller, id: AssetId, page: &PageRequest) -> Result<Page<RevisionView>, Fault> {
    look!(app, caller, "asset.revisions", |tx, scope, actor| {
        let (asset, proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        let reach = Reach::of(app, tx, actor, &asset).await?;
        let kept = store::revision_list(tx, proof.on().id, page).await?;
        let mut items = Vec::with_capacity(kept.items.len());
        for (at, revision) in kept.items.iter().enumerate() {
            let former = match kept.items.get(at + 1) {
                Some(former) => Some(former.clone()),
                None => store::revision_find(tx, id, revision.revision - 1).await?,
            };
            items.extend(step(&reach, revision, former.as_ref()));
        }
        Ok(Page { items, next: kept.next })
    })
}

fn step(reach: &Reach, revision: &Revision, former: Option<&Revision>) -> Option<RevisionView> {
    let summary = match &reach.visible {
        None => revision.summary.clone(),
        Some(_) => {
            let present = reach.shown(&revision.snapshot)?;
            match former.and_then(|former| reach.shown(&former.snapshot)) {
                None => "published".to_owned(),
                Some(former) => {
                    let lines = diff::between(&former, &present);
                    if lines.is_empty() {
                        return None;
                    }
                    diff::summary(&lines)
                }
            }
        }
    };
    Some(RevisionView {
        revision: revision.revision,
        summary,
        actor: revision.actor.clone(),
        created_at: revision.created_at,
    })
}

/// What differs between two revisions, in words.
///
/// # Errors
/// `not_found` for a revision that is absent, or that the caller may not know.
pub async fn compare(app: &App, caller: &Caller, id: AssetId, (from, to): (i64, i64)) -> Result<Vec<DiffLine>, Fault> {
    look!(app, caller, "asset.revisions", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        let reach = Reach::of(app, tx, actor, &asset).await?;
        let before = shown(tx, &reach, id, from).await?;
        let after = shown(tx, &reach, id, to).await?;
        Ok(diff::between(&before, &after))
    })
}

async fn shown(tx: &mut Tx, reach: &Reach, id: AssetId, revision: i64) -> Result<Snapshot, Fault> {
    let kept = store::revision_find(tx, id, revision).await?;
    kept.and_then(|kept| reach.shown(&kept.snapshot)).ok_or_else(|| Fault::not_found("revision"))
}
