//! The tree of domains and who looks after it.

use lakegate_model::{
    Code, Fault,
    ids::{DomainId, UserId},
    people::User,
    places::Domain,
    text,
    words::Discover,
};
use lakegate_policy::{
    action, decide,
    resource::{DomainFacts, Platform},
};
use lakegate_store::{Tx, changes, domains as store, users};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

use super::need_known;
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// Most levels of the tree, the root's included.
pub const MAX_DEPTH: usize = 8;

/// A domain to be created.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// `None` makes a root.
    pub parent: Option<DomainId>,
    pub name: String,
    pub description: String,
    pub discover: Discover,
}

/// What to change of a domain; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct DomainChange {
    pub name: Option<String>,
    pub description: Option<String>,
    /// The default of its assets that have no level of their own.
    pub discover: Option<Discover>,
}

/// A domain in its place of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainNode {
    pub domain: Domain,
    /// 0 for a root.
    pub depth: usize,
}

/// A domain with those who look after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainView {
    pub domain: Domain,
    /// Named for this domain itself.
    pub stewards: Vec<User>,
    /// Named for a domain above it.
    pub inherited_stewards: Vec<User>,
}

/// Creates a domain: at the root an administrator does, below another its stewards do too.
pub async fn create(app: &App, caller: &Caller, new: &NewDomain) -> Result<Domain, Fault> {
    let name = text::name("name", &new.name)?;
    let description = text::prose("description", &new.description, text::DESCRIPTION_MAX)?;
    let id: DomainId = app.new_id();
    change!(app, caller, "domain.create", |tx, scope, actor| {
        need_known(actor)?;
        match new.parent {
            None => drop(decide::<action::ManageDomain, _>(scope, actor, Platform)?),
            Some(parent) => {
                let depth = depth_of(tx, parent).await?;
                let _proof = decide::<action::ManageDomain, _>(scope, actor, DomainFacts { id: parent })?;
                if depth >= MAX_DEPTH {
                    return Err(Fault::invalid("parent", format!("domains nest at most {MAX_DEPTH} levels deep")));
                }
            }
        }
        let domain = Domain {
            id,
            parent_id: new.parent,
            name: name.clone(),
            description: description.clone(),
            discover: new.discover,
            created_at: app.now(),
        };
        store::domain_insert(tx, &domain).await?;
        let event = Event::on("domain.create", "domain", id)
            .with(json!({ "name": domain.name, "parent": new.parent, "discover": new.discover }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(domain)
    })
}

/// How many levels a domain and those above it are.
async fn depth_of(tx: &mut Tx, parent: DomainId) -> Result<usize, Fault> {
    match store::domain_ancestors(tx, parent).await?.len() {
        0 => Err(Fault::not_found("domain").on("parent")),
        levels => Ok(levels),
    }
}

/// Changes name, description or the default level of discovery.
pub async fn update(app: &App, caller: &Caller, id: DomainId, change: &DomainChange) -> Result<Domain, Fault> {
    let name = change.name.as_deref().map(|name| text::name("name", name)).transpose()?;
    let description = change
        .description
        .as_deref()
        .map(|description| text::prose("description", description, text::DESCRIPTION_MAX))
        .transpose()?;
    change!(app, caller, "domain.update", |tx, scope, actor| {
        let before = find(tx, actor, id).await?;
        let proof = decide::<action::ManageDomain, _>(scope, actor, DomainFacts { id })?;
        let after = Domain {
            name: name.clone().unwrap_or_else(|| before.name.clone()),
            description: description.clone().unwrap_or_else(|| before.description.clone()),
            discover: change.discover.unwrap_or(before.discover),
            ..before.clone()
        };
        store::domain_update(tx, &proof, &after.name, &after.description, after.discover).await?;
        if (&after.name, after.discover) != (&before.name, before.discover) {
            // What is found of the domain's assets, and under which word, follows from both.
            changes::change_record(tx, "domain", id.into()).await?;
        }
        let event = Event::on("domain.update", "domain", id).with(json!({
            "name": { "before": before.name, "after": after.name },
            "discover": { "before": before.discover, "after": after.discover },
        }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(after)
    })
}

async fn find(tx: &mut Tx, actor: &lakegate_policy::Actor, id: DomainId) -> Result<Domain, Fault> {
    need_known(actor)?;
    store::domain_find(tx, id).await?.ok_or_else(|| Fault::not_found("domain"))
}

/// Every domain, each directly followed by those below it, siblings in order of names.
pub async fn tree(app: &App, caller: &Caller) -> Result<Vec<DomainNode>, Fault> {
    look!(app, caller, "domain.list", |tx, scope, actor| {
        need_known(actor)?;
        let domains = store::domain_all(tx).await?;
        for domain in &domains {
            let _proof = decide::<action::ViewDomain, _>(scope, actor, DomainFacts { id: domain.id })?;
        }
        Ok(as_tree(domains))
    })
}

fn as_tree(domains: Vec<Domain>) -> Vec<DomainNode> {
    let mut below: BTreeMap<Option<DomainId>, Vec<Domain>> = BTreeMap::new();
    // Reversed, because the last of a list is taken first.
    for domain in domains.into_iter().rev() {
        below.entry(domain.parent_id).or_default().push(domain);
    }
    let roots = below.remove(&None).unwrap_or_default();
    let mut open: Vec<DomainNode> = roots.into_iter().map(|domain| DomainNode { domain, depth: 0 }).collect();
    let mut tree = Vec::new();
    while let Some(node) = open.pop() {
        let children = below.remove(&Some(node.domain.id)).unwrap_or_default();
        open.extend(children.into_iter().map(|domain| DomainNode { domain, depth: node.depth + 1 }));
        tree.push(node);
    }
    tree
}

/// A domain with its stewards.
pub async fn get(app: &App, caller: &Caller, id: DomainId) -> Result<DomainView, Fault> {
    look!(app, caller, "domain.get", |tx, scope, actor| {
        let domain = find(tx, actor, id).await?;
        let _proof = decide::<action::ViewDomain, _>(scope, actor, DomainFacts { id })?;
        let stewards = store::steward_list(tx, id).await?;
        let inherited_stewards = inherited(tx, id, &stewards).await?;
        Ok(DomainView { domain, stewards, inherited_stewards })
    })
}

async fn inherited(tx: &mut Tx, id: DomainId, own: &[User]) -> Result<Vec<User>, Fault> {
    let mut seen: BTreeSet<UserId> = own.iter().map(|user| user.id).collect();
    let mut inherited = Vec::new();
    for above in store::domain_ancestors(tx, id).await?.into_iter().skip(1) {
        let stewards = store::steward_list(tx, above).await?;
        inherited.extend(stewards.into_iter().filter(|user| seen.insert(user.id)));
    }
    Ok(inherited)
}

/// Names a steward of a domain and of all below it. An administrator does not name himself while others could.
pub async fn add_steward(app: &App, caller: &Caller, id: DomainId, user: UserId) -> Result<(), Fault> {
    change!(app, caller, "domain.add_steward", |tx, scope, actor| {
        find(tx, actor, id).await?;
        let proof = decide::<action::ManageDomain, _>(scope, actor, DomainFacts { id })?;
        let steward = users::user_find(tx, user).await?.ok_or_else(|| Fault::not_found("user").on("user"))?;
        if steward.disabled {
            return Err(Fault::invalid("user", "this user is disabled"));
        }
        let alone = no_other_administrator(tx, user).await?;
        if actor.user() == Some(user) && !actor.stewarded.contains(&id) && !alone {
            return Err(Fault::new(Code::Forbidden, "nobody names himself a steward").fix("ask another administrator"));
        }
        store::steward_add(tx, &proof, user).await?;
        let event =
            Event::on("domain.add_steward", "domain", id).with(json!({ "user": user, "single_administrator": alone }));
        audit::record(app, tx, caller, actor, event).await
    })
}

async fn no_other_administrator(tx: &mut Tx, user: UserId) -> Result<bool, Fault> {
    let administrators = users::holders_of(tx, lakegate_model::words::ProductRole::Administrator).await?;
    Ok(administrators.into_iter().all(|holder| holder == user))
}

/// Takes a steward's office in a domain away.
pub async fn remove_steward(app: &App, caller: &Caller, id: DomainId, user: UserId) -> Result<(), Fault> {
    change!(app, caller, "domain.remove_steward", |tx, scope, actor| {
        find(tx, actor, id).await?;
        let proof = decide::<action::ManageDomain, _>(scope, actor, DomainFacts { id })?;
        if !store::steward_list(tx, id).await?.iter().any(|steward| steward.id == user) {
            return Err(Fault::new(Code::Conflict, "this user is not a steward of the domain").on("user"));
        }
        store::steward_remove(tx, &proof, user).await?;
        let event = Event::on("domain.remove_steward", "domain", id).with(json!({ "user": user }));
        audit::record(app, tx, caller, actor, event).await
    })
}
