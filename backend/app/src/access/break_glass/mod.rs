//! Break-glass: an administrator opens a table for himself in an emergency (access rules 4, 11 and 27).
//!
//! It is a direct grant like any other, given by somebody to himself without a second person: it has a reason, a short end,
//! no right to export or to hand on, and a mark on every read. Restrictions bind its holder as they bind everyone: whom they
//! spare is for those to say who put them in force. The second person comes afterwards, with a review.

mod tell;
pub mod views;

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault, Timestamp,
    break_glass::BreakGlass,
    catalog::Asset,
    clock,
    grants::{DirectGrant, Grantee},
    ids::{AssetId, GrantId, TableId, UserId},
    text,
    words::{BreakGlassVerdict, GrantColumns, TokenScope},
};
use lakegate_policy::{Actor, action, actor::Principal};
use lakegate_store::{WriteTx, break_glass as store, direct_grants};
use serde_json::json;

use self::views::{BreakGlassView, found};
use super::{grants::tell_search, restrictions::second_person};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::{Acting, person},
    catalog::{granted, granted_for},
};

/// What it is called where there is none.
const WHAT: &str = "emergency access";
/// Fewest characters of the reason.
pub const REASON_MIN: usize = 20;

/// How long an emergency lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// If nothing is said.
    pub minutes: i64,
    /// At most.
    pub most_minutes: i64,
}

impl Default for Lasting {
    fn default() -> Self {
        Self { minutes: 60, most_minutes: 480 }
    }
}

/// An emergency access to be opened.
#[derive(Debug, Clone)]
pub struct NewBreakGlass {
    pub asset: AssetId,
    /// What happened, and why it cannot wait for an approval.
    pub reason: String,
    /// When it ends by itself; as the settings say, if nothing is said.
    pub minutes: Option<i64>,
}

/// Opens a table for the caller himself: his next query may use it.
///
/// # Errors
/// `invalid` naming `reason` or `minutes`, `conflict` for members of the project that owns it and where one is open already,
/// `reauthenticate`, `forbidden` for who administers neither the installation nor its rules.
pub async fn open(app: &App, caller: &Caller, new: &NewBreakGlass) -> Result<BreakGlassView, Fault> {
    let (reason, until) = checked(app, new)?;
    change!(app, caller, "break_glass.open", |tx, scope, actor| {
        let (asset, proof) = granted::<action::BreakGlass>(tx, scope, actor, new.asset).await?;
        let by = person(actor, TokenScope::Write)?;
        need_confirmed(actor, app.now())?;
        let table = asset.table_id.ok_or_else(|| Fault::invalid("asset", "this asset has no table to read"))?;
        need_none(app, tx, actor, &asset, (by, table)).await?;
        let grant = grant(app, (by, table), &reason, until);
        direct_grants::direct_grant_insert(tx, &grant).await?;
        store::break_glass_insert(tx, &proof, grant.id, by).await?;
        tell_search(tx, grant.id).await?;
        let glass = found(tx, actor, grant.id).await?;
        let reviewers = tell::opened(app, tx, actor, &asset, &glass).await?;
        let event = event("break_glass.open", &glass, &asset)
            .with(json!({ "asset": asset.id, "asset_name": asset.display_name(), "table": table, "reason": reason,
                "until": until, "reviewers": reviewers }));
        audit::record(app, tx, caller, actor, event).await?;
        views::view(app, tx, actor, glass).await
    })
}

/// The form of what is to be opened: its reason and its end as they are kept.
fn checked(app: &App, new: &NewBreakGlass) -> Result<(String, Timestamp), Fault> {
    let reason = text::prose("reason", &new.reason, text::COMMENT_MAX)?;
    let said: usize = reason.split_whitespace().map(|word| word.chars().count() + 1).sum();
    if said <= REASON_MIN {
        return Err(Fault::invalid("reason", format!("say it in at least {REASON_MIN} characters"))
            .fix("write what happened, and why it cannot wait for an approval"));
    }
    let Lasting { minutes, most_minutes } = app.settings.break_glass;
    let minutes = new.minutes.unwrap_or(minutes);
    if !(1..=most_minutes).contains(&minutes) {
        return Err(Fault::invalid("minutes", format!("it lasts from 1 to {most_minutes} minutes")));
    }
    Ok((reason, clock::to_micros(app.now() + TimeDelta::minutes(minutes))))
}

/// Members of the owning project read it by being that, and nobody needs two.
async fn need_none(
    app: &App,
    tx: &mut WriteTx,
    actor: &Actor,
    asset: &Asset,
    (by, table): (UserId, TableId),
) -> Result<(), Fault> {
    if actor.role_in(asset.project_id).is_some() {
        return Err(Fault::new(Code::Conflict, "you are a member of the project that owns this")
            .fix("act in it: members read its tables"));
    }
    match store::break_glass_open_of(tx, by, table, app.now()).await? {
        Some(open) => Err(Fault::new(Code::Conflict, format!("it is open to you already, until {}", open.until))
            .fix("end that one first, or open it again when it has ended")),
        None => Ok(()),
    }
}

fn grant(app: &App, (by, table): (UserId, TableId), reason: &str, until: Timestamp) -> DirectGrant {
    let now = clock::to_micros(app.now());
    let holder = Grantee::User(by);
    DirectGrant {
        id: app.new_id(),
        grantee_kind: holder.kind(),
        grantee_id: holder.id(),
        grantee_role: None,
        table_id: Some(table),
        database_id: None,
        tag: None,
        columns_mode: GrantColumns::All,
        columns: Vec::new(),
        row_filter: None,
        can_export: false,
        can_grant: false,
        parent_id: None,
        reason: reason.to_owned(),
        granted_by: by,
        created_at: now,
        valid_from: now,
        valid_until: Some(until),
        ended_at: None,
        ended_by: None,
        break_glass: true,
    }
}

fn event(action: &'static str, glass: &BreakGlass, asset: &Asset) -> Event {
    Event::on(action, "break_glass", glass.id).owned_by(asset.project_id)
}

/// Ends an emergency access before its time: he who opened it may, and whoever may take access to the asset back. Running
/// queries of his are cancelled.
///
/// # Errors
/// `not_found` for one that the caller may not know of, `conflict` for one that has ended, `forbidden`.
pub async fn end(app: &App, caller: &Caller, id: GrantId) -> Result<BreakGlassView, Fault> {
    let ended = change!(app, caller, "break_glass.end", |tx, scope, actor| {
        let glass = end_in(app, tx, (caller, scope, actor), id).await?;
        views::view(app, tx, actor, glass).await
    })?;
    app.queries.cancel_of_principal(Principal::User(ended.glass.user_id));
    Ok(ended)
}

/// [`end`] in the caller's transaction.
pub(super) async fn end_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    id: GrantId,
) -> Result<BreakGlass, Fault> {
    let by = person(actor, TokenScope::Write)?;
    let glass = found(tx, actor, id).await?;
    if glass.user_id != by {
        let _may = granted_for::<action::RevokeAccess>(tx, scope, actor, Some(glass.asset_id), WHAT).await?;
    }
    if !glass.is_open(app.now()) {
        return Err(Fault::new(Code::Conflict, "this emergency access has ended already"));
    }
    close(app, tx, (caller, actor), &glass, "break_glass.end").await?;
    found(tx, actor, id).await
}

/// Ends the grant behind it, lets search, its holder and the audit know.
async fn close(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    glass: &BreakGlass,
    action: &'static str,
) -> Result<(), Fault> {
    direct_grants::direct_grant_end(tx, glass.id, actor.user(), app.now()).await?;
    tell_search(tx, glass.id).await?;
    let Some(asset) = super::asset_of(tx, glass.asset_id).await? else { return Ok(()) };
    if actor.user().is_some_and(|by| by != glass.user_id) {
        tell::ended(app, tx, glass, &asset).await?;
    }
    let event = event(action, glass, &asset).with(json!({ "asset": asset.id, "until": glass.until }));
    audit::record(app, tx, caller, actor, event).await
}

/// Notes that an emergency access ran out, which it does by itself.
pub(super) async fn expire_in(app: &App, tx: &mut WriteTx, caller: &Caller, id: GrantId) -> Result<(), Fault> {
    let Some(glass) = store::break_glass_find(tx, id).await? else { return Ok(()) };
    close(app, tx, (caller, &Actor::system()), &glass, "break_glass.expire").await
}

/// Confirms an emergency access of somebody else, or objects to it, which also ends it where it still is open.
///
/// # Errors
/// `invalid` naming `note`, `not_found` for one that the caller may not know of, `conflict` for one that is reviewed already,
/// `reauthenticate`, `forbidden` for him who opened it, and for who neither owns the data nor makes the rules.
pub async fn review(
    app: &App,
    caller: &Caller,
    id: GrantId,
    (verdict, note): (BreakGlassVerdict, &str),
) -> Result<BreakGlassView, Fault> {
    let note = text::prose("note", note, text::COMMENT_MAX)?;
    if note.trim().is_empty() {
        return Err(Fault::invalid("note", "say what you found"));
    }
    let reviewed = change!(app, caller, "break_glass.review", |tx, scope, actor| {
        let by = person(actor, TokenScope::Write)?;
        let glass = found(tx, actor, id).await?;
        if glass.user_id == by {
            return Err(second_person("you opened this yourself"));
        }
        let named = Some(glass.asset_id);
        let (asset, proof) = granted_for::<action::ReviewBreakGlass>(tx, scope, actor, named, WHAT).await?;
        need_confirmed(actor, app.now())?;
        let said = (verdict, note.as_str());
        if !store::break_glass_review(tx, &proof, id, said, (by, app.now())).await? {
            return Err(Fault::new(Code::Conflict, "somebody reviewed this already"));
        }
        if verdict == BreakGlassVerdict::Objected && glass.is_open(app.now()) {
            close(app, tx, (caller, actor), &glass, "break_glass.end").await?;
        }
        let glass = found(tx, actor, id).await?;
        tell::reviewed(app, tx, &glass, &asset).await?;
        let event = event("break_glass.review", &glass, &asset)
            .with(json!({ "asset": asset.id, "verdict": verdict, "note": note }));
        audit::record(app, tx, caller, actor, event).await?;
        views::view(app, tx, actor, glass).await
    })?;
    if reviewed.glass.verdict == Some(BreakGlassVerdict::Objected) {
        app.queries.cancel_of_principal(Principal::User(reviewed.glass.user_id));
    }
    Ok(reviewed)
}
