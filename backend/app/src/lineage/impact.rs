//! Who would notice if a table or a column of it changed or went: for owners, stewards and auditors of the asset.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::{Asset, Column},
    ids::{AssetId, ColumnId, ProjectId, SubscriptionId, TableId},
    lineage::Reader,
    words::{ColumnState, Direction, SubscriptionState},
};
use lakegate_policy::{Actor, Granted, Scope, action, resource::AssetFacts};
use lakegate_store::{Tx, projects, query_reads, subscriptions, tables};

use super::{
    answer::{DEPTH_MAX, LineageAsk, LineageGraph, Shown},
    graph::seen,
};
use crate::{App, Caller, catalog::granted};

/// Days that readers are kept for at most.
pub const DAYS_MAX: u32 = 3_650;

/// Subscriptions that are looked at in one go.
const SUBSCRIPTIONS: i64 = 200;

/// A question about a change.
#[derive(Debug, Clone)]
pub struct ImpactAsk {
    pub asset: AssetId,
    /// The column that changes; the whole table if absent.
    pub column: Option<String>,
}

/// What a change reaches.
#[derive(Debug, Clone, Default)]
pub struct Impact {
    /// All that is made of it.
    pub graph: LineageGraph,
    /// Tables that are made of it, by it or by what it decided about.
    pub assets: u64,
    pub saved_queries: u64,
    /// Nameless nodes of the graph: beside what is the caller's own, and between what he knows.
    pub nameless: u64,
    /// Live subscriptions that reach it.
    pub subscribers: Vec<Subscriber>,
}

/// A project that reads by subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    pub subscription: SubscriptionId,
    pub project: ProjectId,
    pub project_name: String,
}

/// What a change of an asset, or of a column of it, would reach.
///
/// # Errors
/// `not_found` for an asset or column that the caller may not know; `forbidden` for who may not review the asset.
pub async fn impact(app: &App, caller: &Caller, ask: &ImpactAsk) -> Result<Impact, Fault> {
    look!(app, caller, "asset.impact", |tx, scope, actor| {
        let (asset, proof) = reviewed(tx, (scope, actor), ask.asset).await?;
        let column = column(tx, &asset, ask.column.as_deref()).await?;
        let question = LineageAsk {
            column: ask.column.clone(),
            direction: Direction::Downstream,
            depth: DEPTH_MAX,
            ..LineageAsk::of(ask.asset)
        };
        let graph = seen(app, tx, (scope, actor), &question).await?;
        let of = |is: fn(&Shown) -> bool| graph.nodes.iter().skip(1).filter(|node| is(&node.shown)).count() as u64;
        Ok(Impact {
            assets: of(|shown| matches!(shown, Shown::Asset { .. })),
            saved_queries: of(|shown| matches!(shown, Shown::SavedQuery { .. })),
            nameless: of(|shown| matches!(shown, Shown::Nameless)),
            subscribers: subscribers(tx, &proof, column.as_ref()).await?,
            graph,
        })
    })
}

/// Who has read an asset, or a column of it, within the last days: the latest first.
///
/// # Errors
/// As [`impact`]; `invalid` on `days`.
pub async fn readers(
    app: &App,
    caller: &Caller,
    ask: &ImpactAsk,
    days: u32,
    page: &PageRequest,
) -> Result<Page<Reader>, Fault> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Fault::invalid("days", format!("from 1 to {DAYS_MAX}")));
    }
    look!(app, caller, "asset.readers", |tx, scope, actor| {
        let (asset, proof) = reviewed(tx, (scope, actor), ask.asset).await?;
        let column = column(tx, &asset, ask.column.as_deref()).await?;
        let since = app.now() - TimeDelta::days(i64::from(days));
        match asset.table_id {
            Some(table) => {
                let of: (TableId, Option<ColumnId>) = (table, column.map(|column| column.id));
                Ok(query_reads::readers(tx, &proof, of, since, page).await?)
            }
            None => Ok(Page { items: Vec::new(), next: None }),
        }
    })
}

async fn reviewed<'s>(
    tx: &mut Tx,
    (scope, actor): (&'s Scope, &Actor),
    id: AssetId,
) -> Result<(Asset, Granted<'s, AssetFacts, action::ReviewAsset>), Fault> {
    granted::<action::ReviewAsset>(tx, scope, actor, id).await
}

/// The column of a name, for somebody who reviews the asset.
async fn column(tx: &mut Tx, asset: &Asset, name: Option<&str>) -> Result<Option<Column>, Fault> {
    let Some(name) = name else { return Ok(None) };
    let columns = match asset.table_id {
        Some(table) => tables::columns_of(tx, table).await?,
        None => Vec::new(),
    };
    let found = columns.into_iter().find(|column| column.name == name && column.state != ColumnState::Dropped);
    found.map(Some).ok_or_else(|| Fault::new(Code::NotFound, "there is no such column").on("column"))
}

/// Live subscriptions whose grant covers the column: all of them for the whole table.
async fn subscribers(
    tx: &mut Tx,
    proof: &Granted<'_, AssetFacts, action::ReviewAsset>,
    column: Option<&Column>,
) -> Result<Vec<Subscriber>, Fault> {
    let mut found = Vec::new();
    let mut page = PageRequest::new(Some(SUBSCRIPTIONS), None)?;
    loop {
        let some = subscriptions::subscriptions_on(tx, proof, &page).await?;
        for one in some.items.into_iter().filter(|one| one.state == SubscriptionState::Active) {
            if covers(tx, one.id, column).await? {
                let name = projects::project_label(tx, one.project_id).await?.map(|label| label.0).unwrap_or_default();
                found.push(Subscriber { subscription: one.id, project: one.project_id, project_name: name });
            }
        }
        match some.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

async fn covers(tx: &mut Tx, subscription: SubscriptionId, column: Option<&Column>) -> Result<bool, Fault> {
    let Some((_, ids)) = subscriptions::grant_live(tx, subscription).await? else { return Ok(false) };
    Ok(column.is_none_or(|column| match ids {
        Some(ids) => ids.contains(&column.id),
        None => column.state == ColumnState::Active,
    }))
}
