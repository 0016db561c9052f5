//! A few rows of a table, under the rights of whoever looks.

use futures::StreamExt;
use lakegate_engine::{
    GovernedTable, QuerySpec,
    encode::{JsonOptions, row_values},
};
use lakegate_model::{
    Code, Fault,
    access::{Request, ResultColumn},
    catalog::Asset,
    ids::{AssetId, GrantId, RequestId},
    words::TokenScope,
};
use lakegate_policy::{
    Actor, Scope,
    access::{ColumnFacts, ColumnScope, Rows, SelectGrant, Standing, TableAccess, compile},
    action, decide,
    resource::RequestFacts,
};
use lakegate_store::{Tx, assets, break_glass::break_glass_among, query_reads, readable, requests};
use serde_json::{Value, json};

use super::{
    mask_key,
    record::{marked, query_read},
    resolve,
};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::known,
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

/// What a preview is of, and for whom.
#[derive(Debug, Clone, Copy)]
enum View {
    /// The caller's own access, in the project he acts in.
    Asset(AssetId),
    /// What a request would give, as far as whoever decides it may read it himself.
    Request(RequestId),
}

/// The first rows of an asset's table, as the caller may read it acting in his project.
///
/// # Errors
/// `forbidden` with the way to request for an asset he may find but not read; `not_found` for a hidden one.
pub async fn of_asset(app: &App, caller: &Caller, asset: AssetId) -> Result<Preview, Fault> {
    show(app, caller, View::Asset(asset)).await
}

/// What the asking project would get: the wished columns, as far as the approver may read them himself
/// (access rule 12).
pub async fn of_request(app: &App, caller: &Caller, request: RequestId) -> Result<Preview, Fault> {
    show(app, caller, View::Request(request)).await
}

async fn show(app: &App, caller: &Caller, view: View) -> Result<Preview, Fault> {
    let (asset, table, mask_keys) = look!(app, caller, "asset.preview", |tx, scope, actor| {
        let (asset, access) = access(app, tx, (scope, actor), view).await?;
        let table = governed(app, tx, access).await?;
        let keys = mask_key::keys(app, tx, std::slice::from_ref(&table)).await?;
        Ok((asset, table, keys))
    })?;
    let access = table.access.clone();
    let spec = QuerySpec {
        // The only thing put in is a number of our own.
        sql: format!("SELECT * FROM preview.preview LIMIT {ROWS}"),
        tables: vec![table],
        default_database: None,
        limits: app.settings.query_limits.clone(),
        now: app.now(),
        mask_keys,
    };
    let prepared = app.engine.prepare(spec).await?;
    record(app, caller, view, asset, &access).await?;
    let heads = super::run::result_columns(&prepared);
    let mut running = prepared.run();
    let mut rows = Vec::new();
    while let Some(batch) = running.stream.next().await {
        rows.extend(row_values(&batch?, JsonOptions { exact: true })?);
    }
    Ok(Preview { columns: heads, rows })
}

/// Records the look before its first row, in a transaction that sees the access unchanged.
async fn record(app: &App, caller: &Caller, view: View, asset: AssetId, access: &TableAccess) -> Result<(), Fault> {
    change!(app, caller, "asset.preview", |tx, scope, actor| {
        let (_, now) = self::access(app, tx, (scope, actor), view).await?;
        if now.fingerprint != access.fingerprint {
            return Err(Fault::new(Code::Conflict, "your access changed meanwhile").fix("look again"));
        }
        let owner = assets::asset_facts(tx, actor, asset).await?.map(|(_, facts)| facts.project);
        let mut event = Event::on("asset.preview", "asset", asset).with(json!({ "columns": access.columns }));
        event.owner_project = owner;
        if let Some(project) = actor.acting {
            let kept = query_read(app, actor, (project, false), access.table, &access.columns);
            query_reads::read_insert(tx, app.new_id(), &kept).await?;
        }
        let opened = break_glass_among(tx, &access.grants).await?;
        audit::record(app, tx, caller, actor, marked(event, &opened)).await
    })
}

/// The asset of a view and the access under which it is shown.
async fn access(
    app: &App,
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    view: View,
) -> Result<(AssetId, TableAccess), Fault> {
    known(actor, TokenScope::Query)?;
    match view {
        View::Asset(id) => {
            let (asset, facts) = assets::asset_facts(tx, actor, id).await?.ok_or_else(|| Fault::not_found("asset"))?;
            let _found = decide::<action::DiscoverAsset, _>(scope, actor, facts)?;
            let access = own_access(app, tx, actor, &asset, true).await?.ok_or_else(|| {
                Fault::new(Code::Forbidden, "you may find this data, but not read it").fix("request access on its page")
            })?;
            Ok((id, access))
        }
        View::Request(id) => {
            let facts = requests::request_facts(tx, id).await?.ok_or_else(|| Fault::not_found("request"))?;
            let _may = decide::<action::DecideRequest, _>(scope, actor, facts)?;
            let request = requests::request_get(tx, &decide(scope, actor, facts)?).await?;
            let access = shared_access(app, tx, actor, &facts, &request).await?.ok_or_else(|| {
                Fault::new(
                    Code::Forbidden,
                    "a preview shows what you may read yourself, which is nothing of this table",
                )
            })?;
            Ok((request.asset_id, access))
        }
    }
}

async fn own_access(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: &Asset,
    spare: bool,
) -> Result<Option<TableAccess>, Fault> {
    match asset.table_id {
        Some(table) => resolve::access_under(app, tx, actor, (table, asset.project_id), spare).await,
        None => Ok(None),
    }
}

/// What both the decider, acting as a member of the owning project, and the asking project with its wish may read.
async fn shared_access(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    facts: &RequestFacts,
    request: &Request,
) -> Result<Option<TableAccess>, Fault> {
    let Some((asset, _)) = assets::asset_facts(tx, actor, request.asset_id).await? else { return Ok(None) };
    let owner = actor.acting_in(actor.role_in(facts.producer).map(|_| facts.producer));
    let Some(mut access) = own_access(app, tx, &owner, &asset, false).await? else { return Ok(None) };
    let columns = readable::table_columns(tx, access.table).await?;
    let columns: Vec<ColumnFacts> = columns.iter().map(resolve::column_facts).collect();
    let wish = SelectGrant {
        id: GrantId(uuid::Uuid::nil()),
        project: facts.consumer,
        columns: request
            .columns
            .as_ref()
            .map_or(ColumnScope::All, |ids| ColumnScope::Only(ids.iter().copied().collect())),
        rows: Rows::All,
        valid_from: app.now(),
        valid_until: None,
        export: false,
    };
    let wished = compile(access.table, &columns, Standing::Outsider, &[wish], &[], app.now());
    access.columns.retain(|column| wished.as_ref().is_some_and(|wished| wished.columns.contains(column)));
    Ok(Some(access).filter(|access| !access.columns.is_empty()))
}

async fn governed(app: &App, tx: &mut Tx, access: TableAccess) -> Result<GovernedTable, Fault> {
    let data = readable::table_data(tx, &access).await?;
    let storage = connections::storage_access(app, tx, data.connection_id).await?;
    Ok(resolve::governed_table(("preview", "preview"), data, storage, access))
}
