//! Kept states of assets.

use lakegate_model::{Page, PageRequest, catalog::Revision, ids::AssetId};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO asset_revisions (asset_id, revision, summary, snapshot, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    ONE = "SELECT asset_id, revision, summary, snapshot, actor, created_at FROM asset_revisions WHERE asset_id = $1 AND revision = $2";
    LIST = "SELECT asset_id, revision, summary, snapshot, actor, created_at FROM asset_revisions WHERE asset_id = $1 AND revision < $2 ORDER BY revision DESC LIMIT $3";
}

/// Keeps a state, in the transaction that made it.
pub async fn revision_insert(tx: &mut WriteTx, revision: &Revision) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        revision.asset_id,
        revision.revision,
        &revision.summary,
        Json(&revision.snapshot),
        &revision.actor,
        revision.created_at
    )
}

/// One state; what a caller may see of it is decided on the asset.
pub async fn revision_find(tx: &mut Tx, asset: AssetId, revision: i64) -> Result<Option<Revision>, StoreError> {
    fetch_optional!(tx, Revision, ONE, asset, revision)
}

/// States, the latest first.
pub async fn revision_list(tx: &mut Tx, asset: AssetId, page: &PageRequest) -> Result<Page<Revision>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let rows = fetch_all!(tx, Revision, LIST, asset, before, page.fetch())?;
    Ok(Page::cut(rows, page, |revision| revision.revision.to_string()))
}
