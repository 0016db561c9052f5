//! What somebody could read of an asset on an earlier day, and what changed between two days.
//!
//! Grants and restrictions keep when they began and ended. They are put back to that day in a transaction that has no commit,
//! and what decides about queries decides there. What is not kept, the answer says.

use lakegate_model::{
    Fault, Timestamp,
    catalog::Asset,
    ids::{AssetId, ProjectId, UserId},
};
use lakegate_policy::{Actor, access::TableAccess, action, resource::AssetFacts};
use lakegate_store::{
    Tx, actors,
    concerned::{self, Place},
    direct_grants, in_trial, past, purposes, restrictions, tables,
    trial::Trial,
    users,
};

use super::{
    explain::{named, placed},
    readers::{Through, Ways},
    simulate::{
        ColumnRead, Difference, Kind, Subject, compare, one,
        sight::{Sight, sight},
    },
    usage::Uses,
};
use crate::{App, Caller, audit::refusals, caller, catalog::granted};

/// Whose reading of which asset is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Whose {
    pub asset: AssetId,
    pub user: UserId,
    /// The project that he acted in; the likeliest one if none is named.
    pub project: Option<ProjectId>,
}

/// What somebody could read on a day.
#[derive(Debug, Clone)]
pub struct PastReading {
    pub at: Timestamp,
    pub subject: Subject,
    pub columns: Vec<ColumnRead>,
    pub export: bool,
    /// The grants that gave it, with who approved them and why.
    pub through: Vec<Through>,
    /// What is taken for granted, because nothing keeps how it was.
    pub assumes: Vec<String>,
}

/// What changed of somebody's reading between two days.
#[derive(Debug, Clone)]
pub struct PastDifference {
    pub from: Timestamp,
    pub until: Timestamp,
    /// None if nothing did.
    pub difference: Option<Difference>,
    pub assumes: Vec<String>,
}

/// Tells a reviewer what somebody could read of an asset at a moment.
///
/// # Errors
/// `forbidden` for who does not review the asset, `invalid` naming `at` for a moment to come, `user` or `project`.
pub async fn on(app: &App, caller: &Caller, whose: Whose, at: Timestamp) -> Result<PastReading, Fault> {
    not_to_come("at", at, app.now())?;
    noted(
        app,
        caller,
        in_trial!(&app.db, |trial, scope| {
            let actor = caller::enter(trial.tx(), caller, app.now()).await?;
            let (asset, proof) = granted::<action::ReviewAsset>(trial.tx(), scope, &actor, whose.asset).await?;
            let asked = Asked::of(app, trial.tx(), (&actor, &asset, proof.on()), whose).await?;
            let access = asked.at(app, trial, at).await?;
            let reading = compare::reading(&asked.sight, asked.subject.clone(), access.as_ref());
            let through = match &access {
                Some(access) => Ways::new(&Uses::default()).of(trial.tx(), access).await?,
                None => Vec::new(),
            };
            let assumes = asked.assumes(trial.tx(), access.iter()).await?;
            Ok(PastReading {
                at,
                subject: reading.subject,
                columns: reading.columns,
                export: reading.export,
                through,
                assumes,
            })
        }),
    )
    .await
}

/// Tells a reviewer what changed of somebody's reading of an asset between two moments.
///
/// # Errors
/// As [`on`]; `invalid` naming `until` where it does not lie after the other.
pub async fn between(
    app: &App,
    caller: &Caller,
    whose: Whose,
    (from, until): (Timestamp, Timestamp),
) -> Result<PastDifference, Fault> {
    not_to_come("until", until, app.now())?;
    if from >= until {
        return Err(Fault::invalid("until", "the second moment has to lie after the first"));
    }
    noted(
        app,
        caller,
        in_trial!(&app.db, |trial, scope| {
            let actor = caller::enter(trial.tx(), caller, app.now()).await?;
            let (asset, proof) = granted::<action::ReviewAsset>(trial.tx(), scope, &actor, whose.asset).await?;
            let asked = Asked::of(app, trial.tx(), (&actor, &asset, proof.on()), whose).await?;
            let before = asked.at(app, trial, from).await?;
            trial.undo().await?;
            let after = asked.at(app, trial, until).await?;
            let difference = compare::difference(&asked.sight, asked.subject.clone(), before.as_ref(), after.as_ref());
            let assumes = asked.assumes(trial.tx(), before.iter().chain(&after)).await?;
            Ok(PastDifference { from, until, difference, assumes })
        }),
    )
    .await
}

async fn noted<T>(app: &App, caller: &Caller, result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result {
        refusals::note(app, caller, "access.past", fault).await;
    }
    result
}

fn not_to_come(field: &str, at: Timestamp, now: Timestamp) -> Result<(), Fault> {
    match at > now {
        true => Err(Fault::invalid(field, "that moment has not come").fix("simulate a change instead")),
        false => Ok(()),
    }
}

/// Somebody at an asset, as the reviewer may know of both.
struct Asked {
    place: Place,
    sight: Sight,
    actor: Actor,
    subject: Subject,
    /// Since when there are both the person and the table.
    since: Timestamp,
}

impl Asked {
    async fn of(
        app: &App,
        tx: &mut Tx,
        (reader, asset, facts): (&Actor, &Asset, AssetFacts),
        whose: Whose,
    ) -> Result<Self, Fault> {
        let unknown = || Fault::invalid("user", "there is no such enabled person");
        let user = users::user_find(tx, whose.user).await?.ok_or_else(unknown)?;
        let actor = actors::user_actor(tx, whose.user).await?.ok_or_else(unknown)?;
        let actor = placed(tx, actor, (&facts, reader), whose.project).await?;
        let no_table = || Fault::invalid("asset", "this asset has no table to read");
        let place = concerned::place_of_asset(tx, asset.id).await?.ok_or_else(no_table)?;
        let table = tables::table_find(tx, place.table_id).await?.ok_or_else(no_table)?;
        let subject = Subject {
            who: Some((Kind::Person, whose.user.into())),
            name: user.display_name,
            project: named(tx, (&facts, reader), &actor).await?,
            count: 1,
        };
        let sight = sight(app, tx, reader, asset.id).await?.ok_or_else(|| Fault::not_found("asset"))?;
        Ok(Self { place, sight, actor, subject, since: user.created_at.max(table.created_at) })
    }

    /// The access under the rules of a moment.
    async fn at(&self, app: &App, trial: &mut Trial, at: Timestamp) -> Result<Option<TableAccess>, Fault> {
        past::rules_as_on(trial, self.place.table_id, at).await?;
        if at < self.since {
            return Ok(None);
        }
        one(app, trial.tx(), &self.actor, &self.place, at).await
    }

    /// What the answer takes for granted, because nothing keeps how it was.
    async fn assumes<'a>(
        &self,
        tx: &mut Tx,
        found: impl Iterator<Item = &'a TableAccess>,
    ) -> Result<Vec<String>, Fault> {
        let mut assumes = vec![
            format!("{} was in the projects and groups, and held the roles, of today", self.subject.name),
            "the columns were released and listed as they are today".to_owned(),
        ];
        let table = self.place.table_id;
        let grants = direct_grants::direct_grants_touching(tx, table).await?;
        let rules = restrictions::restrictions_touching(tx, table).await?;
        if grants.iter().any(|grant| grant.tag.is_some()) || rules.iter().any(|rule| rule.tag.is_some()) {
            assumes.push("the asset and its columns carried the tags of today".to_owned());
        }
        for grant in &grants {
            if !purposes::rule_purposes_of(tx, grant.id.into()).await?.is_empty() {
                assumes.push("no purpose was stated".to_owned());
                break;
            }
        }
        let filters = found.filter_map(|access| access.rules.as_ref()).any(|rules| rules.filters_rows());
        if filters {
            assumes.push("what row filters ask of a person was as it is today".to_owned());
        }
        Ok(assumes)
    }
}
