//! Whom a change may concern, and which tables: a little too much is compared for nothing, too little would be untrue.

use lakegate_model::{
    Code, Fault,
    grants::{DirectGrant, Grantee},
    ids::{DatabaseId, GroupId, ProjectId, ServiceAccountId, TableId, UserId},
};
use lakegate_policy::Actor;
use lakegate_store::{
    Tx, actors, coarse,
    concerned::{self as store, Place},
    direct_grants, groups, projects, restrictions, subscriptions, users,
};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use super::{Change, MOST_PAIRS, Pair};
use crate::{
    access::{grants::GrantOn, restrictions::Target},
    query::{grants::opened, resolve::nameable},
};

/// A person or a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::access) enum Who {
    Person(UserId),
    Account(ServiceAccountId),
}

/// Actors as they are in a transaction, each read once.
#[derive(Default)]
pub(in crate::access) struct Actors(BTreeMap<Who, Option<Actor>>);

impl Actors {
    /// The actor; none if absent or disabled.
    pub async fn get(&mut self, tx: &mut Tx, who: Who) -> Result<Option<&Actor>, Fault> {
        let free = match self.0.entry(who) {
            Entry::Occupied(held) => return Ok(held.into_mut().as_ref()),
            Entry::Vacant(free) => free,
        };
        let actor = match who {
            Who::Person(id) => actors::user_actor(tx, id).await?,
            Who::Account(id) => actors::account_actor(tx, id).await?,
        };
        Ok(free.insert(actor).as_ref())
    }
}

/// Everybody at every table that a change may concern.
#[derive(Default)]
pub(in crate::access) struct Pairs {
    pub pairs: BTreeSet<Pair>,
    pub places: BTreeMap<TableId, Place>,
    /// Whether the change may reach tables that the caller does not even know of.
    pub anywhere: bool,
}

impl Pairs {
    fn add(&mut self, who: Who, project: ProjectId, place: &Place) -> Result<(), Fault> {
        self.pairs.insert((who, project, place.table_id));
        self.places.insert(place.table_id, *place);
        if self.pairs.len() <= MOST_PAIRS {
            return Ok(());
        }
        let words = format!("this concerns more than {MOST_PAIRS} pairs of somebody in a project and a table");
        Err(Fault::new(Code::LimitExceeded, words).fix("simulate it for one table, or for fewer people"))
    }
}

/// Everybody who may read a table, as things stand in the transaction.
pub(in crate::access) async fn readers_of(tx: &mut Tx, place: Place) -> Result<Pairs, Fault> {
    let mut pairs = Pairs::default();
    Round { actors: Actors::default(), pairs: &mut pairs }.readers(tx, [place]).await?;
    Ok(pairs)
}

/// Adds whom a change concerns as things stand in the transaction.
pub(in crate::access) async fn collect(tx: &mut Tx, change: &Change, pairs: &mut Pairs) -> Result<(), Fault> {
    let mut round = Round { actors: Actors::default(), pairs };
    match change {
        Change::CreateRestriction(new) => match &new.target {
            Target::Asset(asset, _) => {
                let place = store::place_of_asset(tx, *asset).await?;
                round.readers(tx, place).await
            }
            Target::Tag(tag) => {
                round.pairs.anywhere = true;
                let places = store::places_under_tag(tx, tag).await?;
                round.readers(tx, places).await
            }
        },
        Change::LiftRestriction(id) => {
            let Some(rule) = restrictions::restriction_find(tx, *id).await? else { return Ok(()) };
            round.pairs.anywhere |= rule.tag.is_some();
            let places = places(tx, (rule.table_id, None, rule.tag.as_deref())).await?;
            round.readers(tx, places).await
        }
        Change::CreateGrant(new) => {
            round.pairs.anywhere |= matches!(new.on, GrantOn::Tag(_));
            let places = match &new.on {
                GrantOn::Asset(asset, ..) => store::place_of_asset(tx, *asset).await?.into_iter().collect(),
                GrantOn::Database(database) => store::places_in_database(tx, *database).await?,
                GrantOn::Tag(tag) => store::places_under_tag(tx, tag).await?,
            };
            round.holders(tx, &new.to, &places).await
        }
        Change::RevokeGrant(id) => {
            let grants = store::with_handed_on(tx, *id).await?;
            round.of_grants(tx, &grants).await
        }
        Change::RevokeSubscription(id) => {
            let Some(held) = subscriptions::subscription_by_id(tx, *id).await? else { return Ok(()) };
            let places = store::place_of_asset(tx, held.asset_id).await?;
            round.acting_in(tx, held.project_id, &Vec::from_iter(places)).await
        }
        Change::CreateCoarseRight(new) => round.of_database(tx, (new.database, None), &new.to).await,
        Change::RevokeCoarseRight(id) => match coarse::coarse_right_find(tx, *id).await? {
            Some(right) => round.of_database(tx, (right.database_id, None), &right.grantee()).await,
            None => Ok(()),
        },
        Change::SetOpt(new) => round.of_database(tx, (new.database, new.table_name()), &new.who).await,
        Change::RegisterDatabase(new) => {
            round.pairs.anywhere = true;
            let places = store::places_in_database(tx, new.database).await?;
            round.readers(tx, places).await
        }
        Change::SetTags { asset, .. } => {
            let place = store::place_of_asset(tx, *asset).await?;
            round.readers(tx, place).await
        }
        Change::SetGroupMember { user, .. } => round.of_member(tx, *user).await,
    }
}

async fn places(
    tx: &mut Tx,
    (table, database, tag): (Option<TableId>, Option<DatabaseId>, Option<&str>),
) -> Result<Vec<Place>, Fault> {
    Ok(match (table, database, tag) {
        (Some(table), ..) => store::place_of_table(tx, table).await?.into_iter().collect(),
        (_, Some(database), _) => store::places_in_database(tx, database).await?,
        (.., Some(tag)) => store::places_under_tag(tx, tag).await?,
        _ => Vec::new(),
    })
}

/// One round of collecting.
struct Round<'p> {
    actors: Actors,
    pairs: &'p mut Pairs,
}

impl Round<'_> {
    /// Everybody who may read a table.
    async fn readers(&mut self, tx: &mut Tx, places: impl IntoIterator<Item = Place>) -> Result<(), Fault> {
        for place in places {
            let at = [place];
            let mut inside = store::subscribed_projects(tx, place.table_id).await?;
            inside.push(place.owner_id);
            for project in inside {
                self.acting_in(tx, project, &at).await?;
            }
            for grant in direct_grants::direct_grants_touching(tx, place.table_id).await? {
                if opened(tx, &grant, place.table_id).await?.is_some() {
                    self.holders(tx, &grant.grantee(), &at).await?;
                }
            }
            let Some(database) = direct_grants::database_of(tx, place.table_id).await? else { continue };
            for right in coarse::coarse_rights_on(tx, database).await? {
                self.holders(tx, &right.grantee(), &at).await?;
            }
        }
        Ok(())
    }

    /// Everybody who acts through a principal, at every table of a database or one: also what a security administrator does not
    /// find.
    async fn of_database(
        &mut self,
        tx: &mut Tx,
        (database, table): (DatabaseId, Option<&str>),
        whom: &Grantee,
    ) -> Result<(), Fault> {
        self.pairs.anywhere = true;
        let mut places = store::places_in_database(tx, database).await?;
        if let Some(name) = table {
            let meant = coarse::table_named(tx, database, name).await?;
            places.retain(|place| Some(place.table_id) == meant);
        }
        self.holders(tx, whom, &places).await
    }

    async fn of_grants(&mut self, tx: &mut Tx, grants: &[DirectGrant]) -> Result<(), Fault> {
        for grant in grants {
            self.pairs.anywhere |= grant.tag.is_some();
            let places = places(tx, (grant.table_id, grant.database_id, grant.tag.as_deref())).await?;
            self.holders(tx, &grant.grantee(), &places).await?;
        }
        Ok(())
    }

    /// Whoever enters or leaves a group, at all that he may name; and those to whom he handed on what he holds by it.
    async fn of_member(&mut self, tx: &mut Tx, user: UserId) -> Result<(), Fault> {
        self.pairs.anywhere = true;
        let who = Who::Person(user);
        let Some(actor) = self.actors.get(tx, who).await?.cloned() else { return Ok(()) };
        for project in actor.projects.keys() {
            let acting = Actor { acting: Some(*project), ..actor.clone() };
            for named in nameable(tx, &acting, *project).await? {
                let place = Place { table_id: named.table_id, owner_id: named.owner_id, asset_id: named.asset_id };
                self.pairs.add(who, *project, &place)?;
            }
        }
        let handed_on = store::handed_on_by(tx, user).await?;
        self.of_grants(tx, &handed_on).await
    }

    /// Everybody who acts in a project.
    async fn acting_in(&mut self, tx: &mut Tx, project: ProjectId, places: &[Place]) -> Result<(), Fault> {
        let people = projects::people_of(tx, project).await?.into_iter().map(Who::Person);
        let accounts = store::accounts_of(tx, project).await?.into_iter().map(Who::Account);
        for who in people.chain(accounts) {
            for place in places {
                self.pairs.add(who, project, place)?;
            }
        }
        Ok(())
    }

    /// Everybody whom a grant for `grantee` serves, wherever he acts.
    async fn holders(&mut self, tx: &mut Tx, grantee: &Grantee, places: &[Place]) -> Result<(), Fault> {
        let whom: Vec<Who> = match grantee {
            Grantee::Project(project) => return self.acting_in(tx, *project, places).await,
            Grantee::User(id) => vec![Who::Person(*id)],
            Grantee::ServiceAccount(id) => vec![Who::Account(*id)],
            Grantee::Group(id) => members(tx, *id).await?,
            Grantee::Role(role) => users::holders_of(tx, *role).await?.into_iter().map(Who::Person).collect(),
            Grantee::Everyone => {
                let most = i64::try_from(MOST_PAIRS).unwrap_or(i64::MAX).saturating_add(1);
                store::everyone(tx, most).await?.into_iter().map(Who::Person).collect()
            }
        };
        for who in whom {
            let inside: Vec<ProjectId> = match self.actors.get(tx, who).await? {
                Some(actor) => actor.projects.keys().copied().collect(),
                None => continue,
            };
            for (project, place) in inside.iter().flat_map(|project| places.iter().map(move |place| (project, place))) {
                self.pairs.add(who, *project, place)?;
            }
        }
        Ok(())
    }
}

async fn members(tx: &mut Tx, group: GroupId) -> Result<Vec<Who>, Fault> {
    Ok(groups::group_members(tx, group).await?.into_iter().map(|user| Who::Person(user.id)).collect())
}
