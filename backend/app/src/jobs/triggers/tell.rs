//! What use cases tell triggers, each in the transaction in which it happens.

use lakegate_jobs::triggers::{Happened, tell};
use lakegate_model::{
    Fault,
    catalog::Asset,
    ids::{AssetId, DataSourceId, ProjectId},
    triggers::NewEvent,
    words::Happening,
};
use lakegate_store::WriteTx;
use uuid::Uuid;

use crate::App;

/// An asset was published.
pub(crate) async fn asset_published(app: &App, tx: &mut WriteTx, asset: &Asset) -> Result<(), Fault> {
    let happened = Happened {
        project: asset.project_id,
        happening: Happening::AssetPublished,
        to: asset.id.into(),
        outcome: None,
        by: None,
        event: NewEvent {
            key: format!("asset {} revision {}", asset.id, asset.revision),
            about: format!("{} was published", asset.name),
        },
    };
    tell(&app.queue, tx, &happened).await
}

/// A table is new or has changed; `by` is the data source that found it so.
pub(crate) async fn table_changed(
    app: &App,
    tx: &mut WriteTx,
    project: ProjectId,
    (asset, name): (AssetId, &str),
    by: Option<DataSourceId>,
) -> Result<(), Fault> {
    let change: Uuid = app.new_id();
    let happened = Happened {
        project,
        happening: Happening::TableChanged,
        to: asset.into(),
        outcome: None,
        by: by.map(Uuid::from),
        event: NewEvent { key: format!("change {change}"), about: format!("{name} changed") },
    };
    tell(&app.queue, tx, &happened).await
}
