//! Grants as they meet one caller: those of the project he acts in, and those that name him without a request.

use lakegate_engine::Subject;
use lakegate_model::{
    Fault,
    catalog::Column,
    grants::{DirectGrant, Grantee},
    ids::{ColumnId, GrantId, ProjectId, PurposeId, TableId},
    words::{ColumnState, ProjectRole},
};
use lakegate_policy::{
    Actor,
    access::{ColumnFacts, ColumnScope, Rows, SelectGrant},
    binding, governed,
};
use lakegate_store::{Tx, actors, direct_grants, purposes, readable, restrictions, subscriptions};

use std::collections::BTreeSet;

use super::{resolve::column_facts, rules};
use crate::App;

/// Grants that hand on others, from the first holder on, at most.
pub(crate) const LONGEST_CHAIN: usize = 8;

/// The grants that serve somebody, and what others wait for.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub grants: Vec<SelectGrant>,
    /// Purposes of which grants demand one that is not stated.
    pub demanding: BTreeSet<PurposeId>,
}

impl Found {
    /// Whether the actor states a purpose that a grant, and each that it was handed on from, demands.
    async fn states(
        &mut self,
        tx: &mut Tx,
        actor: &Actor,
        (grant, parent): (GrantId, Option<GrantId>),
    ) -> Result<bool, Fault> {
        let mut states = true;
        let above = match parent {
            Some(_) => direct_grants::direct_grants_above(tx, grant).await?,
            None => Vec::new(),
        };
        for rule in std::iter::once(grant).chain(above) {
            let demanded = purposes::rule_purposes_of(tx, rule.into()).await?;
            if !demanded.is_empty() && !demanded.iter().any(|purpose| actor.purpose == Some(*purpose)) {
                self.demanding.extend(demanded);
                states = false;
            }
        }
        Ok(states)
    }
}

/// Every grant under which an actor may read a table while he acts in a project.
pub(super) async fn of(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (project, table): (ProjectId, TableId),
    columns: &[Column],
) -> Result<Found, Fault> {
    let mut found = Found::default();
    let subscribed = match actor.narrowed {
        // Rule 22: whoever narrows himself to a role does without what projects have.
        Some(_) => Vec::new(),
        None => subscriptions::grants_of(tx, project, table).await?,
    };
    let mut direct = direct_grants::direct_grants_for(tx, actor, table).await?;
    direct.retain(|grant| binding::serves(&grant.grantee(), actor));
    if direct.iter().any(|grant| actor.user() == Some(grant.granted_by)) && is_sensitive(tx, table).await? {
        // Rule 11: whoever gave it opens sensitive data to others, never to himself.
        direct.retain(|grant| actor.user() != Some(grant.granted_by));
    }
    let filtered = subscribed.iter().any(|(grant, _)| grant.row_filter.is_some()) || !direct.is_empty();
    let subject = match filtered {
        true => rules::subject(tx, actor).await?,
        false => Subject::default(),
    };
    let look = Look { app, project, table, columns };
    for (grant, ids) in subscribed {
        if !found.states(tx, actor, (grant.id, None)).await? {
            continue;
        }
        found.grants.push(SelectGrant {
            id: grant.id,
            project: grant.project_id,
            columns: ids.map_or(ColumnScope::All, |ids| ColumnScope::Only(ids.into_iter().collect())),
            rows: look.rows(tx, (grant.id, grant.row_filter.as_deref()), &subject).await?,
            valid_from: grant.valid_from,
            valid_until: grant.valid_until,
            export: grant.can_export,
        });
    }
    for grant in &direct {
        if found.states(tx, actor, (grant.id, grant.parent_id)).await? {
            found.grants.extend(look.with_parents(tx, grant, &subject).await?);
        }
    }
    Ok(found)
}

/// One look at a table from a project.
struct Look<'a> {
    app: &'a App,
    project: ProjectId,
    table: TableId,
    columns: &'a [Column],
}

impl Look<'_> {
    /// A direct grant as far as those from which it was handed on reach: no cell beyond what each giver reads under his own.
    async fn with_parents(
        &self,
        tx: &mut Tx,
        grant: &DirectGrant,
        subject: &Subject,
    ) -> Result<Option<SelectGrant>, Fault> {
        let facts: Vec<ColumnFacts> = self.columns.iter().map(column_facts).collect();
        let Some(mut select) = self.select(tx, grant, subject).await? else { return Ok(None) };
        let mut child = grant.clone();
        for _ in 0..=LONGEST_CHAIN {
            let Some(parent) = child.parent_id else { return Ok(Some(select)) };
            let Some((parent, giver)) = held(tx, parent, &child).await? else { return Ok(None) };
            let subject = rules::subject(tx, &giver).await?;
            let Some(wider) = self.select(tx, &parent, &subject).await? else { return Ok(None) };
            select = select.within(&wider, &facts);
            child = parent;
        }
        // Nothing writes a longer chain.
        Ok(None)
    }

    async fn select(&self, tx: &mut Tx, grant: &DirectGrant, subject: &Subject) -> Result<Option<SelectGrant>, Fault> {
        let Some(opened) = opened(tx, grant, self.table).await? else { return Ok(None) };
        Ok(Some(SelectGrant {
            id: grant.id,
            project: self.project,
            columns: opened,
            rows: self.rows(tx, (grant.id, grant.row_filter.as_deref()), subject).await?,
            valid_from: grant.valid_from,
            valid_until: grant.valid_until,
            export: grant.can_export,
        }))
    }

    async fn rows(
        &self,
        tx: &mut Tx,
        (grant, filter): (GrantId, Option<&str>),
        subject: &Subject,
    ) -> Result<Rows, Fault> {
        rules::rows(self.app, tx, (grant.into(), filter), subject, self.columns).await
    }
}

/// The grant under which another was handed on, and who did: still in force, and still his.
async fn held(tx: &mut Tx, id: GrantId, child: &DirectGrant) -> Result<Option<(DirectGrant, Actor)>, Fault> {
    let Some(parent) = live(tx, id).await? else { return Ok(None) };
    let Some(giver) = actors::user_actor(tx, child.granted_by).await? else { return Ok(None) };
    Ok(may_hand_on(&parent, &giver).then_some((parent, giver)))
}

/// Whether somebody may hand on a grant: it is his, and where it is a project's he is more than a viewer of it.
pub(crate) fn may_hand_on(grant: &DirectGrant, giver: &Actor) -> bool {
    match grant.grantee() {
        Grantee::Project(id) => giver.is_at_least(ProjectRole::Contributor, id),
        other => binding::concerns(&other, giver),
    }
}

async fn is_sensitive(tx: &mut Tx, table: TableId) -> Result<bool, Fault> {
    Ok(restrictions::tags_on(tx, table).await?.iter().any(|(_, tag)| governed::is_governed(tag)))
}

async fn live(tx: &mut Tx, id: GrantId) -> Result<Option<DirectGrant>, Fault> {
    Ok(direct_grants::direct_grant_find(tx, id).await?.filter(|grant| grant.ended_at.is_none()))
}

/// The columns of a table that a direct grant opens, as the table is tagged now; `None` for none. A tag names no column, so it
/// opens no unlisted one.
pub(crate) async fn opened(tx: &mut Tx, grant: &DirectGrant, table: TableId) -> Result<Option<ColumnScope>, Fault> {
    let Some(database) = direct_grants::database_of(tx, table).await? else { return Ok(None) };
    if grant.tag.is_none() {
        return Ok(binding::opened(grant, (table, database), &[]));
    }
    let tags = restrictions::tags_on(tx, table).await?;
    let Some(ColumnScope::Only(tagged)) = binding::opened(grant, (table, database), &tags) else {
        return Ok(binding::opened(grant, (table, database), &tags));
    };
    let columns = readable::table_columns(tx, table).await?;
    let listed = columns.iter().filter(|column| column.state == ColumnState::Active && !column.unlisted);
    let listed: BTreeSet<ColumnId> = listed.map(|column| column.id).filter(|id| tagged.contains(id)).collect();
    Ok((!listed.is_empty()).then_some(ColumnScope::Only(listed)))
}

/// The columns of a table that direct grants open to an actor by name, wherever he acts: unlisted ones exist for him.
pub(crate) async fn named_to(tx: &mut Tx, actor: &Actor, table: TableId) -> Result<BTreeSet<ColumnId>, Fault> {
    let mut named = BTreeSet::new();
    for grant in direct_grants::direct_grants_for(tx, actor, table).await? {
        if !binding::concerns(&grant.grantee(), actor) {
            continue;
        }
        if let Some(ColumnScope::Only(columns)) = opened(tx, &grant, table).await? {
            named.extend(columns);
        }
    }
    Ok(named)
}
