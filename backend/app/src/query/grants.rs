//! Grants as they meet one caller: those of the project he acts in, and those that name him without a request; or coarse rights
//! instead of either, where these decide.

use lakegate_engine::Subject;
use lakegate_model::{
    Fault,
    catalog::Column,
    grants::{DirectGrant, Grantee},
    ids::{ColumnId, GrantId, ProjectId, PurposeId, TableId},
    words::{AccessMode, ColumnState, ProjectRole},
};
use lakegate_policy::{
    Actor,
    access::{ColumnFacts, ColumnScope, Rows, SelectGrant},
    binding,
    coarse::{Judged, Model, Registered, wherever},
    decide::breaks_glass,
    governed,
};
use lakegate_store::{Tx, actors, coarse, direct_grants, purposes, readable, restrictions, subscriptions};

use std::collections::BTreeSet;

use super::{resolve::column_facts, rules};
use crate::App;

/// Grants that hand on others, from the first holder on, at most.
pub(crate) const LONGEST_CHAIN: usize = 8;

/// The grants that serve somebody, and what others wait for.
#[derive(Debug)]
pub(super) struct Found {
    /// Which model decides: exactly one does (access rule 24).
    pub judged: Judged,
    pub grants: Vec<SelectGrant>,
    /// Purposes of which grants demand one that is not stated.
    pub demanding: BTreeSet<PurposeId>,
}

impl Found {
    /// Nothing, where fine grants decide, or need not.
    pub fn none() -> Self {
        Self { judged: Judged::FINE, grants: Vec::new(), demanding: BTreeSet::new() }
    }

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
    let mut found = Found::none();
    let Some(registered) = coarse::registered(tx, table).await? else { return Ok(found) };
    found.judged = registered.judge(actor);
    if let Model::Coarse(ids) = &found.judged.model {
        found.grants = coarse_grants(&registered, ids, project);
    }
    let coarse = matches!(found.judged.model, Model::Coarse(_));
    let subscribed = match actor.narrowed {
        // Rule 22: whoever narrows himself to a role does without what projects have.
        Some(_) => Vec::new(),
        None if coarse => Vec::new(),
        None => subscriptions::grants_of(tx, project, table).await?,
    };
    let mut direct = direct_grants::direct_grants_for(tx, actor, table).await?;
    // An emergency opens whatever model judges the table.
    let counts = |grant: &DirectGrant| grant.break_glass || found.judged.counts(grant.tag.is_some());
    direct.retain(|grant| binding::serves(&grant.grantee(), actor) && counts(grant));
    // It is for administrators, and over for who is none any more.
    direct.retain(|grant| !grant.break_glass || breaks_glass(actor));
    let his_own = |grant: &DirectGrant| !grant.break_glass && actor.user() == Some(grant.granted_by);
    if direct.iter().any(his_own) && is_sensitive(tx, table).await? {
        // Rule 11: whoever gave it opens sensitive data to others, never to himself.
        direct.retain(|grant| !his_own(grant));
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

/// Coarse rights as rectangles over the whole table. What is pending stays closed, and what is unlisted unnamed.
fn coarse_grants(registered: &Registered, ids: &[GrantId], project: ProjectId) -> Vec<SelectGrant> {
    let rights = registered.rights.iter().filter(|right| ids.contains(&right.id));
    let grants = rights.map(|right| SelectGrant {
        id: right.id,
        project,
        columns: ColumnScope::All,
        rows: Rows::All,
        valid_from: right.valid_from,
        valid_until: right.valid_until,
        export: right.can_export,
    });
    grants.collect()
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
            let Some((parent, giver)) = held(tx, (parent, self.table), &child).await? else { return Ok(None) };
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
async fn held(
    tx: &mut Tx,
    (id, table): (GrantId, TableId),
    child: &DirectGrant,
) -> Result<Option<(DirectGrant, Actor)>, Fault> {
    let Some(parent) = live(tx, id).await? else { return Ok(None) };
    let Some(giver) = actors::user_actor(tx, child.granted_by).await? else { return Ok(None) };
    let holds = may_hand_on(&parent, &giver) && counts_for(tx, &parent, table, &giver).await?;
    Ok(holds.then_some((parent, giver)))
}

/// Whether a grant counts for somebody who holds it: what does not count for him, he cannot have handed on.
async fn counts_for(tx: &mut Tx, grant: &DirectGrant, table: TableId, holder: &Actor) -> Result<bool, Fault> {
    let Some(registered) = coarse::registered(tx, table).await? else { return Ok(false) };
    let acting = match grant.grantee() {
        Grantee::Project(id) => holder.acting_in(Some(id)),
        _ => holder.clone(),
    };
    Ok(registered.judge(&acting).counts(grant.tag.is_some()))
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
    let Some(registered) = coarse::registered(tx, table).await? else { return Ok(named) };
    for grant in direct_grants::direct_grants_for(tx, actor, table).await? {
        if !counts_somewhere(&registered, &grant.grantee(), grant.tag.is_some(), actor) {
            continue;
        }
        if let Some(ColumnScope::Only(columns)) = opened(tx, &grant, table).await? {
            named.extend(columns);
        }
    }
    Ok(named)
}

/// Whether a fine grant counts for an actor who holds it, somewhere where he may act.
pub(crate) fn counts_somewhere(registered: &Registered, grantee: &Grantee, on_tag: bool, actor: &Actor) -> bool {
    if registered.mode == AccessMode::Fine {
        return binding::concerns(grantee, actor);
    }
    let mut places = wherever(actor).into_iter();
    places.any(|acting| binding::serves(grantee, &acting) && registered.judge(&acting).counts(on_tag))
}
