//! What a change of rules would change of who sees what, before anybody makes it.
//!
//! The change itself is tried, by the use case that would make it, in a transaction that has no commit
//! ([`lakegate_store::trial::Trial`]). What everybody concerned reads is compiled there before and after, by what queries
//! use. Then everything is undone: rules, audit, messages and the changes that search follows.

pub(super) mod compare;
pub(super) mod concern;
pub(super) mod sight;

pub use compare::{ColumnChange, Effect};

use lakegate_model::{
    Fault, Timestamp,
    ids::{AssetId, ColumnId, GrantId, GroupId, ProjectId, RestrictionId, SubscriptionId, TableId, UserId},
    words::Mask,
};
use lakegate_policy::{
    Actor,
    access::{TableAccess, compile},
};
use lakegate_store::{Tx, WriteTx, concerned::Place, in_trial};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use self::{
    concern::{Actors, Pairs, Who},
    sight::Sights,
};
use super::{coarse, explain::Shows, grants, opt_ins, registrations, restrictions, subscriptions};
use crate::{
    App, Caller, accounts::groups, audit::refusals, caller, caller::Acting, catalog::edit, derived::behind,
    query::resolve::deciding,
};

/// Most pairs of somebody who acts in a project and a table that one simulation looks at.
pub const MOST_PAIRS: usize = 1_000;

/// A change of a rule.
#[derive(Debug, Clone)]
pub enum Change {
    CreateRestriction(restrictions::NewRestriction),
    LiftRestriction(RestrictionId),
    CreateGrant(grants::NewGrant),
    RevokeGrant(GrantId),
    RevokeSubscription(SubscriptionId),
    CreateCoarseRight(coarse::NewCoarseRight),
    RevokeCoarseRight(GrantId),
    /// Opts somebody into fine grants, or out.
    SetOpt(opt_ins::NewOpt),
    RegisterDatabase(registrations::NewRegistration),
    /// Replaces the tags of an asset, or of a column of its.
    SetTags {
        asset: AssetId,
        column: Option<ColumnId>,
        tags: Vec<String>,
    },
    SetGroupMember {
        group: GroupId,
        user: UserId,
        member: bool,
    },
}

/// What a change would do.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The moment for which it was computed: now, or when a grant that is to begin later begins.
    pub at: Timestamp,
    /// One for each person (or service account), project and asset where something would change.
    pub differences: Vec<Difference>,
    /// For a new grant, what those to whom it is given would read then, changed or not.
    pub holders: Vec<Reading>,
    /// Pairs of somebody who acts in a project and a table that were looked at, as far as the caller is told of them.
    pub compared: usize,
    /// Whether every difference is told: who does not review an asset is told nothing of others' access to it.
    pub complete: bool,
}

/// Somebody who acts in a project, or several of whom no more may be told than how many they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The kind and id of a person or service account.
    pub who: Option<(Kind, Uuid)>,
    /// Display name; empty where it is not for the caller.
    pub name: String,
    /// The project in which he acts, where the caller may know of it.
    pub project: Option<(ProjectId, String)>,
    /// How many this stands for: 1, if somebody is named.
    pub count: usize,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Person,
    ServiceAccount,
}

/// What would change of somebody's reading of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub subject: Subject,
    pub asset: AssetId,
    pub asset_name: String,
    /// In one sentence.
    pub words: String,
    pub columns: Vec<ColumnChange>,
    /// Whether rows may leave through downloads and exports then, if that would change.
    pub export: Option<bool>,
}

/// What somebody would read of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub subject: Subject,
    pub asset: AssetId,
    pub asset_name: String,
    pub columns: Vec<ColumnRead>,
    pub export: bool,
}

/// What would show of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRead {
    pub id: ColumnId,
    pub name: String,
    pub shows: Shows,
    pub mask: Option<Mask>,
}

/// Somebody who acts in a project, at a table.
pub(super) type Pair = (Who, ProjectId, TableId);

/// Everything that was compiled: before and after, by pair.
struct Compiled {
    places: BTreeMap<TableId, Place>,
    access: BTreeMap<Pair, (Option<TableAccess>, Option<TableAccess>)>,
    /// Whether the caller may be told of all of it.
    complete: bool,
}

/// Tells what a change would change of who sees what; nothing is changed.
///
/// # Errors
/// Those of the use case that makes the change, but for the password: whoever may make it may simulate it. `limit_exceeded`
/// where it concerns more than [`MOST_PAIRS`] pairs.
pub async fn simulate(app: &App, caller: &Caller, change: &Change) -> Result<Simulation, Fault> {
    let result = in_trial!(&app.db, |trial, scope| {
        let mut actor = caller::enter(trial.tx(), caller, app.now()).await?;
        // Nothing is given away, so nobody has to prove again who he is.
        actor.confirmed_at = actor.confirmed_at.map(|_| app.now());
        let acting = (caller, scope, &actor);
        // Who may not make the change learns no more than from trying to.
        apply(app, trial.tx(), acting, change).await?;
        let mut pairs = Pairs::default();
        concern::collect(trial.tx(), change, &mut pairs).await?;
        trial.undo().await?;
        concern::collect(trial.tx(), change, &mut pairs).await?;
        let sights = Sights::of(app, trial.tx(), &actor, &pairs).await?;
        apply(app, trial.tx(), acting, change).await?;
        // Behind the change: what begins with it has begun.
        let at = moment(change, app.now());
        let after = compiled(app, trial.tx(), &pairs, at).await?;
        trial.undo().await?;
        let before = compiled(app, trial.tx(), &pairs, at).await?;
        let access =
            before.into_iter().zip(after).map(|((pair, before), (_, after))| (pair, (before, after))).collect();
        let compiled = Compiled { places: pairs.places, access, complete: sights.all_reviewed && !pairs.anywhere };
        Ok(told(&compiled, &sights, change, at))
    });
    if let Err(fault) = &result {
        refusals::note(app, caller, "access.simulate", fault).await;
    }
    result
}

/// When a grant that is to begin later begins; now for everything else.
fn moment(change: &Change, now: Timestamp) -> Timestamp {
    match change {
        Change::CreateGrant(new) => new.from.map_or(now, |from| from.max(now)),
        Change::CreateCoarseRight(new) => new.from.map_or(now, |from| from.max(now)),
        _ => now,
    }
}

async fn apply(app: &App, tx: &mut WriteTx, acting: Acting<'_>, change: &Change) -> Result<(), Fault> {
    match change {
        Change::CreateRestriction(new) => restrictions::create_in(app, tx, acting, new).await.map(drop),
        Change::LiftRestriction(id) => restrictions::lift_in(app, tx, acting, *id).await,
        Change::CreateGrant(new) => grants::create_in(app, tx, acting, new).await.map(drop),
        Change::RevokeGrant(id) => grants::revoke_in(app, tx, acting, *id).await,
        Change::RevokeSubscription(id) => subscriptions::revoke_in(app, tx, acting, *id, "simulated").await.map(drop),
        Change::CreateCoarseRight(new) => coarse::create_in(app, tx, acting, new).await.map(drop),
        Change::RevokeCoarseRight(id) => coarse::revoke_in(app, tx, acting, *id).await,
        Change::SetOpt(new) => opt_ins::set_in(app, tx, acting, new).await.map(drop),
        Change::RegisterDatabase(new) => registrations::set_in(app, tx, acting, new).await.map(drop),
        Change::SetTags { asset, column, tags } => {
            edit::set_tags_in(app, tx, acting, *asset, vec![(*column, tags.clone())]).await
        }
        Change::SetGroupMember { group, user, member } => {
            groups::set_member_in(app, tx, acting, (*group, *user, *member)).await
        }
    }
}

/// The compiled access of every pair, as things stand in the transaction.
pub(super) async fn compiled(
    app: &App,
    tx: &mut Tx,
    pairs: &Pairs,
    at: Timestamp,
) -> Result<BTreeMap<Pair, Option<TableAccess>>, Fault> {
    let mut actors = Actors::default();
    let mut found = BTreeMap::new();
    for (who, project, table) in &pairs.pairs {
        let access = match (actors.get(tx, *who).await?, pairs.places.get(table)) {
            (Some(actor), Some(place)) => {
                let actor = actor.acting_in(Some(*project));
                one(app, tx, &actor, place, at).await?
            }
            _ => None,
        };
        found.insert((*who, *project, *table), access);
    }
    Ok(found)
}

pub(super) async fn one(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    place: &Place,
    at: Timestamp,
) -> Result<Option<TableAccess>, Fault> {
    let Some(deciding) = deciding(app, tx, actor, (place.table_id, place.owner_id), true).await? else {
        return Ok(None);
    };
    let (grants, restrictions) = (&deciding.grants, &deciding.restrictions);
    match compile(place.table_id, &deciding.facts, deciding.standing, grants, restrictions, at) {
        Some(access) => behind::narrow(app, tx, actor, access).await,
        None => Ok(None),
    }
}

fn told(compiled: &Compiled, sights: &Sights, change: &Change, at: Timestamp) -> Simulation {
    let mut differences = Vec::new();
    let mut holders = Vec::new();
    let mut compared = 0;
    for ((who, project, table), (before, after)) in &compiled.access {
        let asset = compiled.places.get(table).and_then(|place| place.asset_id);
        let Some(sight) = asset.and_then(|asset| sights.of_asset(asset)) else { continue };
        let Some(subject) = sights.subject(sight, *who, *project) else { continue };
        compared += 1;
        let (before, after) = (before.as_ref(), after.as_ref());
        if let Some(found) = compare::difference(sight, subject.clone(), before, after) {
            add(&mut differences, found, *who);
        }
        if matches!(change, Change::CreateGrant(_)) {
            add(&mut holders, compare::reading(sight, subject, after), *who);
        }
    }
    Simulation {
        at,
        differences: counted(differences, |found: &mut Difference| &mut found.subject),
        holders: counted(holders, |found: &mut Reading| &mut found.subject),
        compared,
        complete: compiled.complete,
    }
}

/// Adds what is found. The same stands once: for all who may not be named, and for somebody who acts in several projects
/// that are not named.
fn add<T: PartialEq>(found: &mut Vec<(T, BTreeSet<Who>)>, new: T, who: Who) {
    match found.iter_mut().find(|(held, _)| *held == new) {
        Some((_, whom)) => drop(whom.insert(who)),
        None => found.push((new, BTreeSet::from([who]))),
    }
}

fn counted<T>(found: Vec<(T, BTreeSet<Who>)>, subject: impl Fn(&mut T) -> &mut Subject) -> Vec<T> {
    let counted = found.into_iter().map(|(mut one, whom)| {
        subject(&mut one).count = whom.len();
        one
    });
    counted.collect()
}
