//! What somebody may read, table by table, and why.

use lakegate_model::{
    Fault, Page, PageRequest,
    ids::{AssetId, ProjectId, TableId, UserId},
    words::TokenScope,
};
use lakegate_policy::{Action, Actor, Scope, Verdict, action, decide, verdict};
use lakegate_store::{Tx, actors, assets};
use std::collections::{BTreeMap, BTreeSet};

use super::need_reviewer;
use crate::{
    App, Caller,
    access::explain::{self, DecidingRule, Explained},
    caller::known,
    catalog::granted,
    query::resolve::nameable,
};

/// Most explanations that are written for one page.
const MOST_EXPLAINED: usize = 200;
/// Most tables that are passed over for one page because they are not for who asks.
const MOST_PASSED: usize = 5_000;

/// A table of which somebody reads something.
#[derive(Debug, Clone)]
pub struct PersonTable {
    pub asset: AssetId,
    pub asset_name: String,
    /// Alike in all projects, or different from one to the other.
    pub readings: Vec<PersonReading>,
}

/// What he reads of it where he acts.
#[derive(Debug, Clone)]
pub struct PersonReading {
    /// The projects in which he reads so, as far as who asks may know of them.
    pub projects: Vec<String>,
    pub explained: Explained,
    /// The grants and restrictions that decide, each once.
    pub rules: Vec<DecidingRule>,
}

/// Where a table stands in the list: by its name.
type Key = (String, TableId);

/// A table with the asset that describes it and the projects in which somebody may name it.
struct Candidate {
    asset: AssetId,
    projects: BTreeSet<ProjectId>,
}

/// Tells what a person reads, in order of the tables' names: the caller himself if nobody is named.
///
/// # Errors
/// `forbidden` for who asks about others and reviews nothing, `invalid` naming `user`.
pub async fn of(
    app: &App,
    caller: &Caller,
    user: Option<UserId>,
    page: &PageRequest,
) -> Result<Page<PersonTable>, Fault> {
    look!(app, caller, "access.explore", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let subject = match user {
            Some(user) if actor.user() != Some(user) => {
                need_reviewer(actor)?;
                let unknown = || Fault::invalid("user", "there is no such enabled person");
                actors::user_actor(tx, user).await?.ok_or_else(unknown)?
            }
            _ => actor.clone(),
        };
        let candidates = candidates(tx, &subject).await?;
        let look = Look { app, scope, reader: actor, subject: &subject };
        look.page(tx, candidates, page).await
    })
}

/// The tables that somebody may name anywhere, by name.
async fn candidates(tx: &mut Tx, subject: &Actor) -> Result<BTreeMap<Key, Candidate>, Fault> {
    let mut found: BTreeMap<TableId, (String, Candidate)> = BTreeMap::new();
    for project in subject.projects.keys() {
        let acting = Actor { acting: Some(*project), ..subject.clone() };
        for named in nameable(tx, &acting, *project).await? {
            let Some(asset) = named.asset_id else { continue };
            let new = || (named.name.clone(), Candidate { asset, projects: BTreeSet::new() });
            let (name, held) = found.entry(named.table_id).or_insert_with(new);
            // A table may have other names in other projects: it stands under the first.
            if named.name < *name {
                name.clone_from(&named.name);
            }
            held.projects.insert(*project);
        }
    }
    Ok(found.into_iter().map(|(table, (name, held))| ((name, table), held)).collect())
}

fn position(key: &Key) -> String {
    format!("{}\0{}", key.0, key.1)
}

fn place(text: &str) -> Option<Key> {
    let (name, table) = text.rsplit_once('\0')?;
    Some((name.to_owned(), table.parse().ok()?))
}

/// Who asks about whom.
struct Look<'a> {
    app: &'a App,
    scope: &'a Scope,
    reader: &'a Actor,
    subject: &'a Actor,
}

impl Look<'_> {
    async fn page(
        &self,
        tx: &mut Tx,
        candidates: BTreeMap<Key, Candidate>,
        page: &PageRequest,
    ) -> Result<Page<PersonTable>, Fault> {
        let after = page.after.as_deref().and_then(place);
        let (mut items, mut explained, mut passed) = (Vec::new(), 0, 0);
        let mut last: Option<String> = None;
        for (key, candidate) in candidates {
            if after.as_ref().is_some_and(|after| key <= *after) {
                continue;
            }
            if items.len() >= page.size as usize || explained >= MOST_EXPLAINED || passed >= MOST_PASSED {
                return Ok(Page { items, next: last });
            }
            if self.may_ask(tx, candidate.asset).await? {
                explained += candidate.projects.len();
                items.extend(self.table(tx, &candidate).await?);
            } else {
                passed += 1;
            }
            last = Some(position(&key));
        }
        Ok(Page { items, next: None })
    }

    /// Whether the reader may be told: of his own reading of what he finds, and of others' where he reviews.
    async fn may_ask(&self, tx: &mut Tx, asset: AssetId) -> Result<bool, Fault> {
        let Some((_, facts)) = assets::asset_facts(tx, self.reader, asset).await? else { return Ok(false) };
        let own = self.reader.principal == self.subject.principal;
        let wanted = if own { Action::DiscoverAsset } else { Action::ReviewAsset };
        Ok(verdict(self.reader, wanted, &facts.into()) == Verdict::Allow)
    }

    /// A table with what he reads of it, none if that is nothing.
    async fn table(&self, tx: &mut Tx, candidate: &Candidate) -> Result<Option<PersonTable>, Fault> {
        let mut readings: Vec<PersonReading> = Vec::new();
        let mut asset_name = String::new();
        for project in &candidate.projects {
            let (asset, found) = granted::<action::DiscoverAsset>(tx, self.scope, self.reader, candidate.asset).await?;
            let facts = found.on();
            let review = decide::<action::ReviewAsset, _>(self.scope, self.reader, facts).is_ok();
            let subject = Actor { acting: Some(*project), ..self.subject.clone() };
            asset.display_name().clone_into(&mut asset_name);
            let explained = explain::seen_by(self.app, tx, (self.reader, review), &subject, (&asset, facts)).await?;
            if explained.fingerprint.is_some() {
                add(&mut readings, explained);
            }
        }
        Ok((!readings.is_empty()).then_some(PersonTable { asset: candidate.asset, asset_name, readings }))
    }
}

/// What he reads alike in several projects stands once.
fn add(readings: &mut Vec<PersonReading>, explained: Explained) {
    let project = explained.project.as_ref().map(|(_, name)| name.clone());
    match readings.iter_mut().find(|held| held.explained.columns == explained.columns) {
        Some(held) => held.projects.extend(project),
        None => readings.push(PersonReading {
            projects: project.into_iter().collect(),
            rules: rules(&explained),
            explained,
        }),
    }
}

fn rules(explained: &Explained) -> Vec<DecidingRule> {
    let mut rules: Vec<DecidingRule> = Vec::new();
    for rule in explained.columns.iter().flat_map(|column| &column.rules) {
        if !rules.iter().any(|held| held.kind == rule.kind && held.id == rule.id) {
            rules.push(rule.clone());
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn positions_come_back() {
        let key = ("orders".to_owned(), TableId::from(uuid::Uuid::from_u128(7)));
        assert_eq!(place(&position(&key)).unwrap(), key);
        assert!(place("orders").is_none() && place("orders\0x").is_none());
    }
}
