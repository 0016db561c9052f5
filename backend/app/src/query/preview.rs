//! A few rows of a table, under the rights of whoever looks.

use lakegate_engine::{
    GovernedTable, QuerySpec,
    encode::{JsonOptions, row_values},
};
use lakegate_model::{
    Code, Fault,
    access::ResultColumn,
    ids::{AssetId, ColumnId, RequestId},
};
use futures::StreamExt;
use lakegate_policy::{Actor, action, decide};
use lakegate_store::{Tx, assets, in_write, readable, requests};
use serde_json::{Value, json};

use super::resolve;
use crate::{
    App, Caller,
    audit::{self, Event},
    places::connections,
};

/// Rows of a preview.
pub const ROWS: usize = 20;

/// Some rows with their columns.
#[derive(Debug, Clone)]
pub struct Preview {
    pub columns: Vec<ResultColumn>,
    pub rows: Vec<Vec<Value>>,
}

/// The first rows of an asset's table, as the caller may read it acting in his project.
///
/// # Errors
/// `forbidden` with the way to request for an asset he may find but not read; `not_found` for a hidden one.
pub async fn of_asset(app: &App, caller: &Caller, asset: AssetId) -> Result<Preview, Fault> {
    let table = look!(app, caller, "asset.preview", |tx, scope, actor| {
        let (_, facts) = assets::asset_facts(tx, actor, asset).await?.ok_or_else(|| Fault::not_found("asset"))?;
        let _found = decide::<action::DiscoverAsset, _>(scope, actor, facts)?;
        governed(app, tx, actor, asset, None).await?.ok_or_else(|| {
            Fault::new(Code::Forbidden, "you may find this data, but not read it").fix("request access on its page")
        })
    })?;
    show(app, caller, asset, table).await
}

/// What the asking project would get: the wished columns, as far as the approver may read them himself
/// (access rule 12).
pub async fn of_request(app: &App, caller: &Caller, request: RequestId) -> Result<Preview, Fault> {
    let (asset, table) = look!(app, caller, "request.preview", |tx, scope, actor| {
        let facts = requests::request_facts(tx, request).await?.ok_or_else(|| Fault::not_found("request"))?;
        let _may = decide::<action::DecideRequest, _>(scope, actor, facts)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        let mut owner = actor.clone();
        owner.acting = actor.role_in(facts.producer).map(|_| facts.producer);
        let table = governed(app, tx, &owner, request.asset_id, request.columns.as_deref()).await?;
        let refused = || {
            Fault::new(Code::Forbidden, "a preview shows what you may read yourself, which is nothing of this table")
        };
        Ok((request.asset_id, table.ok_or_else(refused)?))
    })?;
    show(app, caller, asset, table).await
}

async fn governed(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: AssetId,
    only: Option<&[ColumnId]>,
) -> Result<Option<GovernedTable>, Fault> {
    let Some((asset, facts)) = assets::asset_facts(tx, actor, asset).await? else { return Ok(None) };
    let Some(table) = asset.table_id else { return Ok(None) };
    let Some(mut access) = resolve::access(app, tx, actor, table, facts.project).await? else { return Ok(None) };
    if let Some(only) = only {
        access.columns.retain(|column| only.contains(column));
    }
    if access.columns.is_empty() {
        return Ok(None);
    }
    let data = readable::table_data(tx, &access).await?;
    let storage = connections::storage_access(app, tx, data.connection_id).await?;
    Ok(Some(GovernedTable {
        database: "preview".to_owned(),
        name: "preview".to_owned(),
        table,
        location: data.location,
        storage,
        format: data.format,
        files: data.files,
        columns: data.columns.iter().map(resolve::table_column).collect(),
        access,
        row_rule: None,
        data_version: data.data_version,
    }))
}

async fn show(app: &App, caller: &Caller, asset: AssetId, table: GovernedTable) -> Result<Preview, Fault> {
    let columns = table.access.columns.clone();
    let spec = QuerySpec {
        sql: format!("SELECT * FROM preview.preview LIMIT {ROWS}"),
        tables: vec![table],
        default_database: None,
        limits: app.settings.query_limits.clone(),
        now: app.now(),
    };
    let prepared = app.engine.prepare(spec).await?;
    in_write!(&app.db, |tx, _scope| {
        let actor = crate::caller::enter(tx, caller, app.now()).await?;
        let owner = assets::asset_facts(tx, &actor, asset).await?.map(|(_, facts)| facts.project);
        let mut event = Event::on("asset.preview", "asset", asset).with(json!({ "columns": columns }));
        event.owner_project = owner;
        audit::record(app, tx, caller, &actor, event).await
    })?;
    let heads = super::run::result_columns(&prepared);
    let mut running = prepared.run();
    let mut rows = Vec::new();
    while let Some(batch) = running.stream.next().await {
        rows.extend(row_values(&batch?, JsonOptions { exact: true })?);
    }
    Ok(Preview { columns: heads, rows })
}
