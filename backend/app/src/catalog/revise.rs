//! Saving an asset: one revision a change, watchers told, search told.

use lakegate_model::{
    Fault,
    catalog::{Asset, Revision, Snapshot},
};
use lakegate_policy::{Actor, Granted, resource::AssetFacts};
use lakegate_store::{
    WriteTx,
    assets::{self, ChangesAsset},
    changes, revisions,
};

use super::{
    diff::{self, DiffLine},
    state::{self, State},
    tell,
};
use crate::App;

/// What saving an asset did.
#[derive(Debug, Clone)]
pub(crate) struct Revised {
    pub asset: Asset,
    pub lines: Vec<DiffLine>,
}

/// Saves `asset` and keeps a revision, if it or its words differ from `before`; otherwise touches nothing.
///
/// Call it after all other rows of the change are written, just before the audit.
pub(crate) async fn revise<A: ChangesAsset>(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    proof: &Granted<'_, AssetFacts, A>,
    before: &State,
    mut asset: Asset,
) -> Result<Option<Revised>, Fault> {
    let after = state::load(tx, asset.clone()).await?;
    let (former, present) = (before.snapshot(), after.snapshot());
    let lines = diff::between(&former, &present);
    if lines.is_empty() {
        return Ok(None);
    }
    asset.updated_at = app.now();
    assets::asset_save(tx, proof, &asset).await?;
    asset.revision += 1;
    keep(app, tx, actor, &asset, diff::summary(&lines), present.clone()).await?;
    tell::watchers(app, tx, actor, &after.asset, asset.revision, (&former, &present)).await?;
    changes::change_record(tx, "asset", asset.id.into()).await?;
    Ok(Some(Revised { asset, lines }))
}

/// Keeps a state of an asset.
pub(crate) async fn keep(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    asset: &Asset,
    summary: String,
    snapshot: Snapshot,
) -> Result<(), Fault> {
    let revision = Revision {
        asset_id: asset.id,
        revision: asset.revision,
        summary,
        snapshot,
        actor: actor.name.clone(),
        created_at: app.now(),
    };
    Ok(revisions::revision_insert(tx, &revision).await?)
}
