//! Asking for access, deciding, living with it, and its end.

pub mod break_glass;
pub mod coarse;
pub mod coarse_import;
pub mod decisions;
pub mod expiry;
pub mod explain;
pub mod explore;
pub(crate) mod filters;
pub(crate) mod grant_notes;
pub mod grant_views;
pub mod grants;
pub mod notices;
pub mod opt_ins;
pub mod past;
pub(crate) mod principals;
pub mod purposes;
pub mod readers;
pub mod register;
pub mod registrations;
pub mod requests;
pub mod restrictions;
pub mod reviews;
pub(crate) mod rule_words;
mod shrink;
pub mod simulate;
pub mod subscriptions;
pub mod usage;
pub mod views;

use chrono::TimeDelta;
use lakegate_model::{
    Fault, Timestamp,
    catalog::{Asset, Column},
    clock,
    ids::{AssetId, ColumnId, UserId},
    text,
    words::ColumnState,
};
use lakegate_policy::{Actor, governed, resource::RequestFacts};
pub use lakegate_store::requests::{RequestFilter, Side};
use lakegate_store::{Tx, asset_words, assets, domains, requests as store};
use std::collections::BTreeSet;

/// Checks wished or granted columns: known, released, each once.
///
/// # Errors
/// `invalid` naming `columns`.
fn check_columns(known: &[Column], wanted: &[ColumnId]) -> Result<Vec<ColumnId>, Fault> {
    if wanted.is_empty() {
        return Err(Fault::invalid("columns", "choose at least one column, or leave the choice out for all"));
    }
    let open: BTreeSet<ColumnId> =
        known.iter().filter(|column| column.state == ColumnState::Active).map(|column| column.id).collect();
    let unique: BTreeSet<ColumnId> = wanted.iter().copied().collect();
    if let Some(strange) = unique.difference(&open).next() {
        return Err(Fault::invalid("columns", format!("{strange} is not a column that can be asked for")));
    }
    Ok(known.iter().map(|column| column.id).filter(|id| unique.contains(id)).collect())
}

/// Checks the reason of a rule, which nobody may leave out.
fn reason_for(raw: &str) -> Result<String, Fault> {
    let reason = text::prose("reason", raw, text::COMMENT_MAX)?;
    match reason.trim().is_empty() {
        true => Err(Fault::invalid("reason", "say why")),
        false => Ok(reason),
    }
}

/// Most years until an end.
const YEARS_MAX: i64 = 100;

/// Checks an end: in the future, and not beyond what both databases can order. Gives it as it is kept.
fn check_until(field: &str, until: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    match until {
        Some(until) if until <= now => Err(Fault::invalid(field, "the end has to lie in the future")),
        Some(until) if until > now + TimeDelta::days(YEARS_MAX * 365) => {
            Err(Fault::invalid(field, format!("the end has to lie within {YEARS_MAX} years")).fix("leave it out"))
        }
        until => Ok(until.map(clock::to_micros)),
    }
}

/// Whether an asset or one of its columns is under a governed key.
async fn is_governed(tx: &mut Tx, asset: AssetId) -> Result<bool, Fault> {
    let tags = asset_words::tags_of(tx, asset).await?;
    Ok(tags.iter().any(|tag| governed::is_governed(&tag.tag)))
}

/// Who may decide a request: owners of the producing project who stand apart from it, or else stewards of its domain;
/// never the requester.
async fn approvers(tx: &mut Tx, request: &RequestFacts) -> Result<Vec<UserId>, Fault> {
    let mut people: BTreeSet<UserId> = store::deciding_owners(tx, request.id).await?.into_iter().collect();
    if people.is_empty() {
        for domain in domains::domain_ancestors(tx, request.domain).await? {
            people.extend(domains::steward_list(tx, domain).await?.into_iter().map(|steward| steward.id));
        }
        people.remove(&request.requester);
    }
    Ok(people.into_iter().collect())
}

/// Any asset by id, for showing its name beside a request or subscription that was decided on.
async fn asset_of(tx: &mut Tx, id: AssetId) -> Result<Option<Asset>, Fault> {
    Ok(assets::asset_facts(tx, &Actor::system(), id).await?.map(|(asset, _)| asset))
}

/// The path of an asset's page.
pub(crate) fn asset_link(asset: AssetId) -> String {
    format!("/assets/{asset}")
}
