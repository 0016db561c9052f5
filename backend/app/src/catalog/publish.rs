//! The life of an asset: published in two steps, deprecated, archived; its columns released; its trust vouched for.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault, Timestamp,
    catalog::Asset,
    ids::{AssetId, ColumnId, TableId},
    text,
    words::{AssetStatus, ColumnState},
};
use lakegate_policy::{Actor, Granted, Verdict, action, resource::AssetFacts, verdict};
use lakegate_store::{
    Tx, WriteTx,
    assets::{self as store, ChangesAsset},
    direct_grants, tables, users,
};
use serde_json::json;

use super::{
    diff, granted, need_revision,
    revise::revise,
    state::{self, State},
    tell,
};
use crate::{
    App, Caller,
    access::notices::notify,
    audit::{self, Event},
    derived::ancestry,
    jobs::triggers,
};

/// Something to do before an asset can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `title`, `description`, `owner`, `columns`.
    pub field: &'static str,
    /// What to do, one sentence.
    pub message: String,
}

/// What the first step of publishing says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Nothing missing means that the second step may be taken.
    pub missing: Vec<Missing>,
    /// What would help readers, but holds nothing up.
    pub hints: Vec<String>,
    /// The revision that was looked at: publish exactly this one.
    pub revision: i64,
}

/// The first step of publishing: what is missing.
pub async fn readiness(app: &App, caller: &Caller, id: AssetId) -> Result<Readiness, Fault> {
    look!(app, caller, "asset.publish", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        let state = state::load(tx, asset).await?;
        ready(tx, &state).await
    })
}

/// The second step of publishing.
///
/// # Errors
/// `unprocessable` naming what is missing, `conflict` if the asset was saved since it was looked at, or is not in the
/// inventory.
pub async fn publish(app: &App, caller: &Caller, id: AssetId, revision: i64) -> Result<Asset, Fault> {
    change!(app, caller, "asset.publish", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        need_revision(&asset, revision)?;
        need_status(&asset, &[AssetStatus::Inventory], "only an asset in the inventory can be published")?;
        let before = state::load(tx, asset.clone()).await?;
        need_nothing(&ready(tx, &before).await?.missing)?;
        let published = Asset { status: AssetStatus::Published, published_at: Some(app.now()), ..asset };
        let asset = save(app, tx, (caller, actor), &proof, &before, published, "asset.publish").await?;
        triggers::asset_published(app, tx, &asset).await?;
        Ok(asset)
    })
}

async fn ready(tx: &mut Tx, state: &State) -> Result<Readiness, Fault> {
    let asset = &state.asset;
    let active = state.columns.iter().filter(|column| column.state == ColumnState::Active);
    let undescribed = active.clone().filter(|column| column.description.is_empty()).count();
    let pending = state.columns.iter().filter(|column| column.state == ColumnState::Pending).count();
    let mut missing = Vec::new();
    let mut need = |fails: bool, field, message: String| {
        if fails {
            missing.push(Missing { field, message });
        }
    };
    need(asset.title.is_empty(), "title", "give it a title, or accept the proposed one".into());
    need(asset.description.is_empty(), "description", "describe what the data is and what it is good for".into());
    need(!has_owner(tx, asset).await?, "owner", "name an owner who can answer questions".into());
    need(active.count() == 0, "columns", "it has no columns; run its data source".into());
    let borrowed = match asset.table_id {
        Some(table) => ancestry::is_borrowed(tx, table, asset.project_id).await?,
        None => false,
    };
    need(
        borrowed,
        "sources",
        "a query made it from data of other projects, which is not this project's to share".into(),
    );
    need(pending > 0, "columns", format!("release or unlist {pending} pending columns"));
    let hints = match undescribed {
        0 => Vec::new(),
        n => vec![format!("{n} columns have no description")],
    };
    Ok(Readiness { missing, hints, revision: asset.revision })
}

async fn has_owner(tx: &mut Tx, asset: &Asset) -> Result<bool, Fault> {
    let Some(owner) = asset.owner_id else { return Ok(false) };
    Ok(users::user_find(tx, owner).await?.is_some_and(|user| !user.disabled))
}

fn need_nothing(missing: &[Missing]) -> Result<(), Fault> {
    let Some(first) = missing.first() else { return Ok(()) };
    let all: Vec<&str> = missing.iter().map(|missing| missing.message.as_str()).collect();
    Err(Fault::new(Code::Unprocessable, "the asset is not ready to be published").on(first.field).fix(all.join("; ")))
}

fn need_status(asset: &Asset, allowed: &[AssetStatus], otherwise: &str) -> Result<(), Fault> {
    if allowed.contains(&asset.status) {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, format!("{otherwise}; this one is {}", asset.status)).on("status"))
}

/// How an asset is taken out of use.
#[derive(Debug, Clone, Default)]
pub struct Deprecation {
    /// What to use instead.
    pub successor: Option<AssetId>,
    /// From when; now if not given.
    pub from: Option<Timestamp>,
    /// Why, and what subscribers should do.
    pub note: String,
}

/// Marks a published asset as on its way out: no new requests, subscribers are told.
pub async fn deprecate(
    app: &App,
    caller: &Caller,
    id: AssetId,
    revision: i64,
    how: &Deprecation,
) -> Result<Asset, Fault> {
    let note = text::prose("note", &how.note, text::COMMENT_MAX)?;
    change!(app, caller, "asset.deprecate", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        need_revision(&asset, revision)?;
        need_status(&asset, &[AssetStatus::Published], "only a published asset can be deprecated")?;
        need_successor(tx, actor, &asset, how.successor).await?;
        let from = how.from.unwrap_or_else(|| app.now());
        if from > app.now() + TimeDelta::days(3_660) {
            return Err(Fault::invalid("from", "a deprecation begins within ten years"));
        }
        let before = state::load(tx, asset.clone()).await?;
        let deprecated = Asset {
            status: AssetStatus::Deprecated,
            successor_id: how.successor,
            deprecated_from: Some(from),
            deprecation_note: note.clone(),
            ..asset
        };
        tell_subscribers(app, tx, &deprecated).await?;
        save(app, tx, (caller, actor), &proof, &before, deprecated, "asset.deprecate").await
    })
}

async fn need_successor(tx: &mut Tx, actor: &Actor, asset: &Asset, successor: Option<AssetId>) -> Result<(), Fault> {
    let Some(id) = successor else { return Ok(()) };
    if id == asset.id {
        return Err(Fault::invalid("successor", "an asset does not succeed itself"));
    }
    let found = store::asset_facts(tx, actor, id).await?.filter(|(_, facts)| {
        let facts: AssetFacts = *facts;
        verdict(actor, action::Action::DiscoverAsset, &facts.into()) == Verdict::Allow
    });
    let (next, _) = found.ok_or_else(|| Fault::not_found("asset").on("successor"))?;
    if next.status == AssetStatus::Published {
        return Ok(());
    }
    Err(Fault::invalid("successor", "a successor is a published asset"))
}

async fn tell_subscribers(app: &App, tx: &mut WriteTx, asset: &Asset) -> Result<(), Fault> {
    let people = tell::subscribers(tx, asset).await?;
    let title = format!("{} is deprecated", asset.display_name());
    let once = Some(format!("asset-deprecated:{}:{}", asset.id, asset.revision));
    let message = tell::about(asset, "asset.deprecated", title, &asset.deprecation_note, once);
    notify(app, tx, people, &message).await
}

/// Takes a deprecation back.
pub async fn undeprecate(app: &App, caller: &Caller, id: AssetId, revision: i64) -> Result<Asset, Fault> {
    change!(app, caller, "asset.undeprecate", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        need_revision(&asset, revision)?;
        need_status(&asset, &[AssetStatus::Deprecated], "only a deprecated asset can be brought back")?;
        let before = state::load(tx, asset.clone()).await?;
        let back = Asset {
            status: AssetStatus::Published,
            successor_id: None,
            deprecated_from: None,
            deprecation_note: String::new(),
            ..asset
        };
        save(app, tx, (caller, actor), &proof, &before, back, "asset.undeprecate").await
    })
}

/// Puts an asset away: its project alone finds it still. Possible once nobody subscribes to it.
pub async fn archive(app: &App, caller: &Caller, id: AssetId, revision: i64) -> Result<Asset, Fault> {
    change!(app, caller, "asset.archive", |tx, scope, actor| {
        let (asset, proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
        need_revision(&asset, revision)?;
        let allowed = [AssetStatus::Inventory, AssetStatus::Published, AssetStatus::Deprecated];
        need_status(&asset, &allowed, "an archived asset is put away already")?;
        let subscribers = store::subscribers_of(tx, id).await?.len();
        if subscribers > 0 {
            let message = format!("{subscribers} projects still subscribe to it");
            return Err(Fault::new(Code::Conflict, message).fix("deprecate it, and wait until they moved or end them"));
        }
        if let Some(table) = asset.table_id {
            need_no_grants(tx, table).await?;
        }
        let before = state::load(tx, asset.clone()).await?;
        let archived = Asset { status: AssetStatus::Archived, ..asset };
        save(app, tx, (caller, actor), &proof, &before, archived, "asset.archive").await
    })
}

/// Those to whom it was given by name would go on reading it. Grants on its database or a tag are not about it alone.
async fn need_no_grants(tx: &mut Tx, table: TableId) -> Result<(), Fault> {
    let mut grants = direct_grants::direct_grants_touching(tx, table).await?;
    grants.retain(|grant| grant.table_id == Some(table));
    if grants.is_empty() {
        return Ok(());
    }
    let message = format!("{} grants without a request still open it", grants.len());
    Err(Fault::new(Code::Conflict, message).fix("take them back on its access page"))
}

/// Vouches for an asset, or no longer: a steward of its domain.
pub async fn certify(app: &App, caller: &Caller, id: AssetId, certified: bool) -> Result<Asset, Fault> {
    change!(app, caller, "asset.certify", |tx, scope, actor| {
        let (asset, proof) = granted::<action::CertifyAsset>(tx, scope, actor, id).await?;
        let out = [AssetStatus::Published, AssetStatus::Deprecated];
        need_status(&asset, &out, "only a published asset can be certified")?;
        let before = state::load(tx, asset.clone()).await?;
        let vouched = Asset { certified, ..asset };
        save(app, tx, (caller, actor), &proof, &before, vouched, "asset.certify").await
    })
}

/// Opens pending columns to those whose grants cover them: an owner of the project or a steward.
///
/// # Errors
/// `conflict` if one of them is not pending.
pub async fn release(app: &App, caller: &Caller, id: AssetId, columns: &[ColumnId]) -> Result<Asset, Fault> {
    if columns.is_empty() {
        return Err(Fault::invalid("columns", "name at least one column"));
    }
    change!(app, caller, "asset.release_columns", |tx, scope, actor| {
        let (asset, proof) = granted::<action::ReleaseColumns>(tx, scope, actor, id).await?;
        let table = asset.table_id.ok_or_else(|| Fault::not_found("column").on("columns"))?;
        let before = state::load(tx, asset.clone()).await?;
        for column in columns {
            if !tables::column_move(tx, &proof, table, *column, ColumnState::Pending, ColumnState::Active).await? {
                return Err(Fault::new(Code::Conflict, "one of the columns is not pending").on("columns"));
            }
        }
        save(app, tx, (caller, actor), &proof, &before, asset.clone(), "asset.release_columns").await
    })
}

async fn save<A: ChangesAsset>(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, AssetFacts, A>,
    before: &State,
    asset: Asset,
    audited_as: &'static str,
) -> Result<Asset, Fault> {
    let Some(revised) = revise(app, tx, actor, proof, before, asset).await? else {
        return Ok(before.asset.clone());
    };
    let detail = json!({ "revision": revised.asset.revision, "changes": diff::summary(&revised.lines) });
    let event = Event::on(audited_as, "asset", revised.asset.id).owned_by(revised.asset.project_id).with(detail);
    audit::record(app, tx, caller, actor, event).await?;
    Ok(revised.asset)
}
