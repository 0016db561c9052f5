//! How many see the columns of a table, or those that carry a tag, and how.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    ids::{AssetId, ColumnId, TableId},
    text,
    words::TokenScope,
};
use lakegate_policy::{Action, Actor, Verdict, action, binding::tag_covers, verdict};
use lakegate_store::{
    Tx, assets,
    concerned::{self, Place},
    restrictions,
};

use super::{
    MOST_READINGS,
    column::{Readings, Tally},
    need_reviewer,
};
use crate::{App, Caller, caller::known, catalog::granted};

/// A column, with how many see it how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnTally {
    pub id: ColumnId,
    pub name: String,
    pub tally: Tally,
}

/// A table with columns of it.
#[derive(Debug, Clone)]
pub struct TableTally {
    pub asset: AssetId,
    pub asset_name: String,
    /// Whether the whole table is meant, because it carries the tag.
    pub whole: bool,
    pub columns: Vec<ColumnTally>,
    /// Why nobody was counted; empty if everybody was.
    pub left_out: String,
}

/// Tells a reviewer how many see each column of an asset's table how.
///
/// # Errors
/// `forbidden` for who does not review the asset.
pub async fn of_asset(app: &App, caller: &Caller, asset: AssetId) -> Result<TableTally, Fault> {
    look!(app, caller, "access.explore", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::ReviewAsset>(tx, scope, actor, asset).await?;
        let place = concerned::place_of_asset(tx, asset.id).await?;
        let place = place.ok_or_else(|| Fault::invalid("asset", "this asset has no table to read"))?;
        let named = (asset.id, asset.display_name().to_owned());
        let (found, _) = table(app, tx, actor, (place, &[None]), named).await?;
        found.ok_or_else(|| Fault::not_found("asset"))
    })
}

/// Tells who sees the columns under a tag, on the assets that the caller reviews. A page may hold fewer than were asked for.
///
/// # Errors
/// `forbidden` for who reviews nothing, `invalid` naming `tag`.
pub async fn of(app: &App, caller: &Caller, tag: &str, page: &PageRequest) -> Result<Page<TableTally>, Fault> {
    let tag = text::name("tag", tag)?;
    look!(app, caller, "access.explore", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        need_reviewer(actor)?;
        let after: Option<TableId> = page.after.as_deref().and_then(|after| after.parse().ok());
        let (mut items, mut looked, mut last) = (Vec::new(), 0, None);
        for place in concerned::places_under_tag(tx, &tag).await? {
            if after.is_some_and(|after| place.table_id <= after) {
                continue;
            }
            if items.len() >= page.size as usize || looked >= MOST_READINGS {
                return Ok(Page { items, next: last });
            }
            if let Some((asset, name)) = reviewed(tx, actor, &place).await? {
                let covered = covered(tx, place.table_id, &tag).await?;
                let found = table(app, tx, actor, (place, &covered), (asset, name)).await?;
                looked += found.1;
                items.extend(found.0);
            }
            last = Some(place.table_id.to_string());
        }
        Ok(Page { items, next: None })
    })
}

/// The asset of a place, if the actor reviews who has access to it.
async fn reviewed(tx: &mut Tx, actor: &Actor, place: &Place) -> Result<Option<(AssetId, String)>, Fault> {
    let Some(id) = place.asset_id else { return Ok(None) };
    let Some((asset, facts)) = assets::asset_facts(tx, actor, id).await? else { return Ok(None) };
    let may = verdict(actor, Action::ReviewAsset, &facts.into()) == Verdict::Allow;
    Ok(may.then(|| (id, asset.display_name().to_owned())))
}

/// The columns of a table that carry what a tag covers; none for the table as a whole.
async fn covered(tx: &mut Tx, table: TableId, tag: &str) -> Result<Vec<Option<ColumnId>>, Fault> {
    let carried = restrictions::tags_on(tx, table).await?;
    Ok(carried.into_iter().filter(|(_, own)| tag_covers(tag, own)).map(|(column, _)| column).collect())
}

/// A table with those of its columns that are meant, and how many readings were looked at for it.
async fn table(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (place, covered): (Place, &[Option<ColumnId>]),
    (asset, asset_name): (AssetId, String),
) -> Result<(Option<TableTally>, usize), Fault> {
    let whole = covered.contains(&None);
    let mut found = TableTally { asset, asset_name, whole, columns: Vec::new(), left_out: String::new() };
    let readings = match Readings::of(app, tx, actor, place).await {
        Ok(readings) => readings,
        Err(fault) if fault.code == Code::LimitExceeded => {
            found.left_out = format!("more than {MOST_READINGS} readings would have to be looked at");
            return Ok((Some(found), MOST_READINGS));
        }
        Err(fault) => return Err(fault),
    };
    let Some(sight) = readings.sights.of_asset(asset) else { return Ok((None, readings.looked)) };
    for (id, name) in &sight.columns {
        if whole || covered.contains(&Some(*id)) {
            found.columns.push(ColumnTally { id: *id, name: name.clone(), tally: readings.tally(sight, *id) });
        }
    }
    Ok((Some(found), readings.looked))
}
