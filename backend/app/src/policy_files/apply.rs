//! Planning a set of files, and applying it.

use lakegate_model::{
    Fault,
    grants::Grantee,
    ids::UserId,
    policy_files::{PolicyFile, PolicyState, PolicyVersion},
    words::{PolicyVersionState, ProductRole, TokenScope},
};
use lakegate_policy::{Actor, Granted, action, decide, resource::Platform};
use lakegate_store::{
    Tx, WriteTx, changes, policy_files as store,
    users::{self, holders_of},
};
use serde_json::json;
use std::collections::BTreeSet;

use super::{
    check::{PolicySet, check, digest},
    draft::{Draft, draft},
    load, problem,
    proposals::tell_others,
    widening::{Former, Own, widening},
    words::PlanWords,
    write::{Hand, write},
};
use crate::{
    App, Caller,
    access::grants::widens_own,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::person,
};

/// What applying a set would do.
#[derive(Debug, Clone)]
pub struct Planned {
    pub plan: PlanWords,
    /// Why a second security administrator would have to agree (access rule 11); empty where none has to.
    pub widening: Vec<String>,
    /// Whether there is none who could.
    pub alone: bool,
}

/// What became of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    /// It is in force already, and nothing differs.
    Unchanged,
    /// It waits for a second security administrator.
    Proposed,
}

/// A set that was applied or proposed.
#[derive(Debug, Clone)]
pub struct Done {
    pub outcome: Outcome,
    pub version: PolicyVersion,
    pub plan: PlanWords,
}

/// Says what applying files would change.
///
/// # Errors
/// `invalid` naming `files`, with file, line and place of what is wrong; `forbidden` for who is no security administrator.
pub async fn plan(app: &App, caller: &Caller, files: &[PolicyFile]) -> Result<Planned, Fault> {
    let read = check(files).map_err(|problems| problem::fault(&problems));
    look!(app, caller, "policy.plan", |tx, scope, actor| {
        person(actor, TokenScope::Read)?;
        let _may = decide::<action::ReadPolicyFiles, _>(scope, actor, Platform)?;
        let set = read.clone()?;
        let made = draft(app, tx, &set, std::slice::from_ref(actor)).await?;
        let widening = widened(app, tx, actor, &set, &made).await?;
        Ok(Planned { alone: is_alone(tx, actor).await?, plan: made.words, widening })
    })
}

/// Applies files: all of them, or nothing. Applied once more, they change nothing.
///
/// What would widen the reading of who applies them becomes a proposal that waits for another security administrator; where
/// there is no other, it is applied, and marked.
///
/// # Errors
/// As [`plan`].
pub async fn apply(app: &App, caller: &Caller, files: &[PolicyFile]) -> Result<Done, Fault> {
    let read = check(files).map_err(|problems| problem::fault(&problems));
    let files = sorted(files);
    change!(app, caller, "policy.apply", |tx, scope, actor| {
        let by = person(actor, TokenScope::Write)?;
        let proof = decide::<action::ApplyPolicyFiles, _>(scope, actor, Platform)?;
        need_confirmed(actor, app.now())?;
        let set = read.clone()?;
        let made = draft(app, tx, &set, std::slice::from_ref(actor)).await?;
        let current = store::version_latest(tx, PolicyVersionState::Applied).await?;
        let same = current.filter(|current| current.digest == digest(&files));
        if made.words.lines.is_empty()
            && let Some(version) = same
        {
            return Ok(Done { outcome: Outcome::Unchanged, version, plan: made.words });
        }
        let widening = widened(app, tx, actor, &set, &made).await?;
        let alone = is_alone(tx, actor).await?;
        let draft_version = new_version(app, tx, by, &files, &made, (widening, alone)).await?;
        if !draft_version.widening.is_empty() && !alone {
            return propose(app, tx, (caller, actor), &proof, draft_version, made).await;
        }
        store::versions_supersede(tx, &proof, by, app.now()).await?;
        store::version_insert(tx, &proof, &draft_version).await?;
        write(app, tx, scope, Hand { caller, actor, author: by }, &made).await?;
        settle(app, tx).await?;
        let event = event("policy.apply", &draft_version, &made.words);
        audit::record(app, tx, caller, actor, event).await?;
        Ok(Done { outcome: Outcome::Applied, version: draft_version, plan: made.words })
    })
}

fn sorted(files: &[PolicyFile]) -> Vec<PolicyFile> {
    let mut files = files.to_vec();
    files.sort();
    files
}

async fn new_version(
    app: &App,
    tx: &mut WriteTx,
    by: UserId,
    files: &[PolicyFile],
    made: &Draft,
    (widening, alone): (Vec<String>, bool),
) -> Result<PolicyVersion, Fault> {
    Ok(PolicyVersion {
        id: app.new_id(),
        number: store::version_number(tx).await?,
        state: PolicyVersionState::Applied,
        digest: digest(files),
        files: files.to_vec(),
        plan: made.words.text(),
        alone: alone && !widening.is_empty(),
        widening,
        created_by: by,
        created_at: app.now(),
        decided_by: None,
        decided_at: None,
        decision_reason: String::new(),
    })
}

/// Keeps a set until another security administrator decides; the same set is not proposed twice.
async fn propose(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, Platform, action::ApplyPolicyFiles>,
    version: PolicyVersion,
    made: Draft,
) -> Result<Done, Fault> {
    let waiting = store::version_latest(tx, PolicyVersionState::Proposed).await?;
    if let Some(waiting) = waiting.filter(|w| w.digest == version.digest && w.created_by == version.created_by) {
        return Ok(Done { outcome: Outcome::Proposed, version: waiting, plan: made.words });
    }
    store::versions_supersede(tx, proof, version.created_by, app.now()).await?;
    let version = PolicyVersion { state: PolicyVersionState::Proposed, ..version };
    store::version_insert(tx, proof, &version).await?;
    tell_others(app, tx, actor, &version).await?;
    let event = event("policy.propose", &version, &made.words);
    audit::record(app, tx, caller, actor, event).await?;
    Ok(Done { outcome: Outcome::Proposed, version, plan: made.words })
}

/// What happened to a version, for the audit.
pub(super) fn event(action: &'static str, version: &PolicyVersion, plan: &PlanWords) -> Event {
    Event::on(action, "policy", version.id).with(json!({
        "version": version.number, "digest": version.digest, "changes": plan.summary(), "widening": version.widening,
        "author": version.created_by, "single_administrator": version.alone,
    }))
}

/// Notes that the set in force and the catalog agree at this moment.
pub(super) async fn settle(app: &App, tx: &mut WriteTx) -> Result<(), Fault> {
    let change_number = changes::change_last(tx).await?;
    let state = PolicyState { change_number, reconciled_at: app.now(), failure: None, failed_at: None };
    Ok(store::state_set(tx, &state).await?)
}

/// Whether no other security administrator could agree.
pub(super) async fn is_alone(tx: &mut Tx, actor: &Actor) -> Result<bool, Fault> {
    let holders = holders_of(tx, ProductRole::SecurityAdministrator).await?;
    Ok(!holders.into_iter().any(|holder| actor.user() != Some(holder)))
}

/// Why a second person has to agree to a plan of an actor.
pub(super) async fn widened(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    set: &PolicySet,
    made: &Draft,
) -> Result<Vec<String>, Fault> {
    let former = former(tx).await?;
    let facts = &made.facts;
    let given = facts.personas.values().chain(former.personas.values()).flatten();
    let held =
        facts.grants.iter().map(|held| &held.key.holder).chain(facts.tag_grants.iter().map(|(_, holder)| holder));
    let all: BTreeSet<Grantee> = given.chain(held).copied().collect();
    let mut own = Own { actor, holders: BTreeSet::new() };
    for holder in all {
        if widens_own(tx, &holder, actor).await? {
            own.holders.insert(holder);
        }
    }
    Ok(widening(&own, set, &former, made, app.now()))
}

/// The set in force. Whoever of it is gone held nothing.
async fn former(tx: &mut Tx) -> Result<Former, Fault> {
    let Some(version) = store::version_latest(tx, PolicyVersionState::Applied).await? else {
        return Ok(Former::default());
    };
    let set = check(&version.files).unwrap_or_default();
    let (personas, _gone) = load::personas(tx, &set).await?;
    Ok(Former { set, personas })
}

/// A user's name for people.
pub(super) async fn user_name(tx: &mut Tx, user: Option<UserId>) -> Result<String, Fault> {
    let Some(user) = user else { return Ok(String::new()) };
    Ok(users::user_find(tx, user).await?.map(|user| user.display_name).unwrap_or_default())
}
