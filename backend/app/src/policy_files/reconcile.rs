//! Keeps the set in force: what came to the catalog since is covered, what was changed by hand is put right.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault,
    policy_files::{PolicyState, PolicyVersion},
    words::{Outcome, PolicyVersionState, ProductRole, TokenScope},
};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{Tx, WriteTx, actors, changes, in_read, in_write, policy_files as store, users::holders_of};
use serde_json::json;

use super::{
    apply::{event, settle},
    check::check,
    draft::{Draft, draft},
    problem,
    proposals::PAGE,
    words::PlanWords,
    write::{Hand, write},
};
use crate::{
    App, Caller,
    access::notices::{Message, notify},
    audit::{self, Event},
    caller::person,
};

/// The set is compared with the catalog at least this often.
const HOURLY: TimeDelta = TimeDelta::hours(1);

/// Compares the set in force with the catalog if that changed since, or an hour has passed.
///
/// If the set can no longer be applied, nothing changes, and security administrators are told once.
///
/// # Errors
/// What the database says.
pub async fn if_due(app: &App) -> Result<(), Fault> {
    if !in_read!(&app.db, |tx, _scope| { is_due(app, tx).await })? {
        return Ok(());
    }
    let caller = Caller::system("policy");
    let done = in_write!(&app.db, |tx, scope| { put_right(app, tx, scope, (&caller, &Actor::system())).await });
    match done {
        Ok(_) => {
            app.search.changed();
            Ok(())
        }
        Err(fault) if is_the_set(&fault) => {
            tracing::warn!(error = ?fault, "the rules in force can no longer be applied");
            in_write!(&app.db, |tx, _scope| { note_failure(app, tx, &caller, &fault).await })
        }
        Err(fault) => Err(fault),
    }
}

async fn is_due(app: &App, tx: &mut Tx) -> Result<bool, Fault> {
    let Some(state) = store::state(tx).await? else { return Ok(false) };
    let changed = changes::change_last(tx).await? != state.change_number;
    Ok(changed || app.now() - state.reconciled_at >= HOURLY)
}

/// Whether the set is at fault, and not the database.
fn is_the_set(fault: &Fault) -> bool {
    !fault.transient
        && matches!(fault.code, Code::Invalid | Code::Forbidden | Code::NotFound | Code::Conflict | Code::Unprocessable)
}

/// The same at somebody's wish; gives what was put right.
///
/// # Errors
/// `conflict` before the first set, and what keeps the set from being applied.
pub async fn now(app: &App, caller: &Caller) -> Result<PlanWords, Fault> {
    change!(app, caller, "policy.reconcile", |tx, scope, actor| {
        person(actor, TokenScope::Write)?;
        let _may = decide::<action::ApplyPolicyFiles, _>(scope, actor, Platform)?;
        let done = put_right(app, tx, scope, (caller, actor)).await?;
        done.ok_or_else(|| Fault::new(Code::Conflict, "no rules were applied yet").fix("apply files first"))
    })
}

/// Those in whose name the set stands: who wrote it, and who approved it.
async fn writers(tx: &mut Tx, version: &PolicyVersion) -> Result<Vec<Actor>, Fault> {
    let mut writers = Vec::new();
    for user in [Some(version.created_by), version.decided_by].into_iter().flatten() {
        writers.extend(actors::user_actor(tx, user).await?);
    }
    Ok(writers)
}

/// The difference between the set in force and the catalog.
pub(super) async fn drift(app: &App, tx: &mut Tx, version: &PolicyVersion) -> Result<Draft, Fault> {
    let set = check(&version.files).map_err(|problems| problem::fault(&problems))?;
    let writers = writers(tx, version).await?;
    draft(app, tx, &set, &writers).await
}

async fn put_right(
    app: &App,
    tx: &mut WriteTx,
    scope: &Scope,
    (caller, actor): (&Caller, &Actor),
) -> Result<Option<PlanWords>, Fault> {
    let Some(version) = store::version_latest(tx, PolicyVersionState::Applied).await? else { return Ok(None) };
    let made = drift(app, tx, &version).await?;
    if made.words.lines.is_empty() {
        settle(app, tx).await?;
        return Ok(Some(made.words));
    }
    write(app, tx, scope, Hand { caller, actor, author: version.created_by }, &made).await?;
    settle(app, tx).await?;
    let mut event = event("policy.reconcile", &version, &made.words);
    event.detail["plan"] = json!(made.words.text());
    audit::record(app, tx, caller, actor, event).await?;
    Ok(Some(made.words))
}

/// Notes that the set no longer fits, and tells of it when that is news.
async fn note_failure(app: &App, tx: &mut WriteTx, caller: &Caller, fault: &Fault) -> Result<(), Fault> {
    let Some(state) = store::state(tx).await? else { return Ok(()) };
    let (now, why) = (app.now(), fault.to_string());
    let known = state.failure.as_ref() == Some(&why);
    let state = PolicyState {
        change_number: changes::change_last(tx).await?,
        reconciled_at: now,
        failed_at: if known { state.failed_at } else { Some(now) },
        failure: Some(why.clone()),
    };
    store::state_set(tx, &state).await?;
    if known {
        return Ok(());
    }
    let message = Message {
        kind: "policy.failed",
        title: "The rules from files can no longer be applied".to_owned(),
        body: format!("What they gave stays as it is; nothing new is covered until they are mended. {why}"),
        link: PAGE.to_owned(),
        once_key: None,
    };
    let holders = holders_of(tx, ProductRole::SecurityAdministrator).await?;
    notify(app, tx, holders, &message).await?;
    let event = Event { subject_id: None, ..Event::on("policy.reconcile", "policy", uuid::Uuid::nil()) };
    audit::append(app, tx, caller, &Actor::system(), event.with(json!({ "why": why })), Outcome::Failed).await
}
