//! What the caller of a simulation may know: of which assets and columns, and of whose reading.

use lakegate_model::{
    Fault,
    ids::{AssetId, ColumnId, ProjectId},
    words::ColumnState,
};
use lakegate_policy::{Action, Actor, Verdict, actor::Principal, resource::AssetFacts, verdict};
use lakegate_store::{Tx, assets, projects, tokens, users};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    Kind, Subject,
    concern::{Pairs, Who},
};
use crate::{
    App,
    catalog::{assets::visible_columns, state},
};

/// What the caller may know of one asset.
pub(in crate::access) struct Sight {
    pub asset: AssetId,
    pub name: String,
    /// The columns that he may know of, in the order of the table.
    pub columns: Vec<(ColumnId, String)>,
    /// Whether he reviews who has access, and so may ask about anybody.
    reviews: bool,
    /// Whether he makes rules here: he is told how many people are concerned, not who.
    rules: bool,
    /// The projects that he may know to have access: the owner's, and those that subscribed.
    inside: BTreeSet<ProjectId>,
}

/// What the caller may know of everything concerned.
pub(in crate::access) struct Sights {
    own: Option<Who>,
    /// The caller's projects.
    projects: BTreeSet<ProjectId>,
    assets: BTreeMap<AssetId, Sight>,
    names: BTreeMap<Who, String>,
    /// The projects of service accounts, who are their projects' to know.
    homes: BTreeMap<Who, ProjectId>,
    project_names: BTreeMap<ProjectId, String>,
    /// Whether the caller reviews every asset concerned.
    pub all_reviewed: bool,
}

impl Sights {
    pub async fn of(app: &App, tx: &mut Tx, actor: &Actor, pairs: &Pairs) -> Result<Self, Fault> {
        let mut sights = Self {
            own: own(actor),
            projects: actor.projects.keys().copied().collect(),
            assets: BTreeMap::new(),
            names: BTreeMap::new(),
            homes: BTreeMap::new(),
            project_names: BTreeMap::new(),
            all_reviewed: true,
        };
        for place in pairs.places.values() {
            let sight = match place.asset_id {
                Some(asset) => sight(app, tx, actor, asset).await?,
                None => None,
            };
            sights.all_reviewed &= sight.as_ref().is_some_and(|sight| sight.reviews);
            sights.assets.extend(sight.map(|sight| (sight.asset, sight)));
        }
        for (who, project, _) in &pairs.pairs {
            sights.learn(tx, *who, *project).await?;
        }
        Ok(sights)
    }

    async fn learn(&mut self, tx: &mut Tx, who: Who, project: ProjectId) -> Result<(), Fault> {
        if let std::collections::btree_map::Entry::Vacant(name) = self.project_names.entry(project) {
            name.insert(projects::project_label(tx, project).await?.map(|(name, _)| name).unwrap_or_default());
        }
        if self.names.contains_key(&who) {
            return Ok(());
        }
        let name = match who {
            Who::Person(id) => users::user_find(tx, id).await?.map(|user| user.display_name),
            Who::Account(id) => {
                let account = tokens::account_find(tx, id).await?;
                self.homes.extend(account.as_ref().map(|account| (who, account.project_id)));
                account.map(|account| account.name)
            }
        };
        self.names.insert(who, name.unwrap_or_default());
        Ok(())
    }

    /// What the caller may know of an asset, if he finds it.
    pub fn of_asset(&self, asset: AssetId) -> Option<&Sight> {
        self.assets.get(&asset)
    }

    /// Whom the caller is told of; none where somebody's reading of the asset is not for him.
    pub fn subject(&self, sight: &Sight, who: Who, project: ProjectId) -> Option<Subject> {
        let own = self.own == Some(who);
        let unnamed = Subject { who: None, name: String::new(), project: None, count: 1 };
        if !own && !sight.reviews {
            return sight.rules.then_some(unnamed);
        }
        let foreign = self.homes.get(&who).is_some_and(|home| !self.projects.contains(home));
        if foreign && !own {
            return Some(unnamed);
        }
        let known = sight.inside.contains(&project) || self.projects.contains(&project);
        let project_name = || self.project_names.get(&project).cloned().unwrap_or_default();
        Some(Subject {
            who: Some(match who {
                Who::Person(id) => (Kind::Person, id.into()),
                Who::Account(id) => (Kind::ServiceAccount, id.into()),
            }),
            name: self.names.get(&who).cloned().unwrap_or_default(),
            project: known.then(|| (project, project_name())),
            count: 1,
        })
    }
}

fn own(actor: &Actor) -> Option<Who> {
    match actor.principal {
        Principal::User(id) => Some(Who::Person(id)),
        Principal::ServiceAccount(id) => Some(Who::Account(id)),
        Principal::Anonymous | Principal::System => None,
    }
}

/// What an actor may know of an asset; none if he does not find it.
pub(in crate::access) async fn sight(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: AssetId,
) -> Result<Option<Sight>, Fault> {
    let Some((asset, facts)) = assets::asset_facts(tx, actor, asset).await? else { return Ok(None) };
    let may = |action| may(actor, action, &facts);
    if !may(Action::DiscoverAsset) {
        return Ok(None);
    }
    let mut inside = BTreeSet::from_iter(assets::subscribers_of(tx, asset.id).await?);
    inside.insert(facts.project);
    let (id, name, reviews) = (asset.id, asset.display_name().to_owned(), may(Action::ReviewAsset));
    let state = state::load(tx, asset).await?;
    let there = state.columns.iter().filter(|column| column.state != ColumnState::Dropped);
    let seen = match reviews {
        true => there.clone().map(|column| column.id).collect(),
        false => visible_columns(app, tx, actor, &state).await?,
    };
    let columns = there.filter(|column| seen.contains(&column.id)).map(|column| (column.id, column.name.clone()));
    let columns = columns.collect();
    Ok(Some(Sight { asset: id, name, columns, reviews, rules: may(Action::ManageRules), inside }))
}

fn may(actor: &Actor, action: Action, facts: &AssetFacts) -> bool {
    verdict(actor, action, &(*facts).into()) == Verdict::Allow
}
