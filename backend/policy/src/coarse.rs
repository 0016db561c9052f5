//! Which of two models decides about a table for somebody: coarse rights on its database, or fine grants (access rule 24).
//!
//! Exactly one decides. The nearest decision of a principal counts, one on the table before one on the database; whoever acts
//! through a principal that is opted in is judged by fine grants alone.

use lakegate_model::{
    coarse::{CoarseRight, OptIn},
    grants::Grantee,
    ids::{DatabaseId, GrantId, OptInId, TableId},
    words::AccessMode,
};
use std::collections::BTreeSet;

use crate::{
    actor::Actor,
    binding::{concerns, serves},
};

/// A table with everything that says which model decides about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub table: TableId,
    pub database: DatabaseId,
    pub mode: AccessMode,
    /// The coarse rights on its database.
    pub rights: Vec<CoarseRight>,
    /// The decisions about its database, as a whole or about this table.
    pub opts: Vec<OptIn>,
}

/// Which model decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// Fine grants; those on tags only where `tags` says so.
    Fine { tags: bool },
    /// These coarse rights, and no fine grant.
    Coarse(Vec<GrantId>),
}

/// Which model decides for somebody, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub model: Model,
    pub mode: AccessMode,
    /// The decision that opts him in, in a database of both models.
    pub by: Option<OptInId>,
}

impl Judged {
    /// As in a database that is registered for fine grants.
    pub const FINE: Self = Self { model: Model::Fine { tags: true }, mode: AccessMode::Fine, by: None };

    /// Whether a fine grant, on a tag or not, counts.
    pub fn counts(&self, on_tag: bool) -> bool {
        match self.model {
            Model::Fine { tags } => tags || !on_tag,
            Model::Coarse(_) => false,
        }
    }
}

impl Registered {
    /// Which model decides for an actor where he acts.
    pub fn judge(&self, actor: &Actor) -> Judged {
        let (model, by) = match self.mode {
            AccessMode::Fine => return Judged::FINE,
            AccessMode::Coarse => (Model::Coarse(self.rights_of(actor)), None),
            AccessMode::Hybrid => self.hybrid(actor),
        };
        Judged { model, mode: self.mode, by }
    }

    /// The nearest decision about a principal: one on the table before one on the database.
    pub fn nearest(&self, grantee: &Grantee, for_tags: bool) -> Option<&OptIn> {
        let about = |opt: &&OptIn| opt.for_tags == for_tags && opt.ended_at.is_none() && opt.grantee() == *grantee;
        let own = self.opts.iter().filter(about).find(|opt| opt.table_id == Some(self.table));
        let whole = |opt: &&OptIn| opt.table_id.is_none() && opt.database_id == self.database;
        own.or_else(|| self.opts.iter().filter(about).find(whole))
    }

    fn hybrid(&self, actor: &Actor) -> (Model, Option<OptInId>) {
        let fine = |by: OptInId| (Model::Fine { tags: !self.opted_in(actor, true).is_empty() }, Some(by));
        let opted = self.opted_in(actor, false);
        if let Some((_, by)) = opted.iter().find(|(grantee, _)| !matches!(grantee, Grantee::Project(_))) {
            return fine(*by);
        }
        // A project that is opted in does not opt in those of its members who hold coarse rights of their own.
        let held = |id: &GrantId| {
            let right = self.rights.iter().find(|right| right.id == *id);
            right.is_some_and(|right| !opted.iter().any(|(grantee, _)| *grantee == right.grantee()))
        };
        let own: Vec<GrantId> = self.rights_of(actor).into_iter().filter(held).collect();
        match opted.first() {
            Some((_, by)) if own.is_empty() => fine(*by),
            _ => (Model::Coarse(own), None),
        }
    }

    /// The coarse rights that serve an actor. Nobody is served by what he gave himself (access rule 11): he may have come into
    /// the circle that holds it later.
    fn rights_of(&self, actor: &Actor) -> Vec<GrantId> {
        let serving = self.rights.iter().filter(|right| right.ended_at.is_none() && serves(&right.grantee(), actor));
        serving.filter(|right| actor.user() != Some(right.granted_by)).map(|right| right.id).collect()
    }

    /// The principals through whom an actor acts that are opted in, with the decision that says so.
    fn opted_in(&self, actor: &Actor, for_tags: bool) -> Vec<(Grantee, OptInId)> {
        let whom: BTreeSet<Grantee> =
            self.opts.iter().map(OptIn::grantee).filter(|whom| acts_as(whom, actor)).collect();
        let nearest = whom.into_iter().filter_map(|whom| Some((whom, self.nearest(&whom, for_tags)?)));
        nearest.filter(|(_, opt)| opt.opted).map(|(whom, opt)| (whom, opt.id)).collect()
    }
}

/// Whether somebody acts as a principal. He stays himself when he narrows himself to a role.
fn acts_as(grantee: &Grantee, actor: &Actor) -> bool {
    match grantee {
        Grantee::User(_) | Grantee::ServiceAccount(_) => concerns(grantee, actor),
        Grantee::Group(_) | Grantee::Role(_) | Grantee::Project(_) | Grantee::Everyone => serves(grantee, actor),
    }
}

/// Somebody as he may act: in no project, and in each of his, with all his groups and roles. For what is found, wherever it is
/// read.
pub fn wherever(actor: &Actor) -> Vec<Actor> {
    let whole = Actor { narrowed: None, ..actor.clone() };
    let inside = actor.projects.keys().map(|project| whole.acting_in(Some(*project)));
    std::iter::once(whole.acting_in(None)).chain(inside).collect()
}
