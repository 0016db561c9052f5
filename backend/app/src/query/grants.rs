//! Grants as they meet one caller: those of the project he acts in, and those that name him without a request.

use lakegate_engine::Subject;
use lakegate_model::{
    Fault,
    catalog::Column,
    grants::{DirectGrant, Grantee},
    ids::{ColumnId, GrantId, ProjectId, TableId},
    words::{ColumnState, ProjectRole},
};
use lakegate_policy::{
    Actor,
    access::{ColumnFacts, ColumnScope, SelectGrant},
    binding, governed,
};
use lakegate_store::{Tx, actors, direct_grants, readable, restrictions, subscriptions};

use std::collections::BTreeSet;

use super::{resolve::column_facts, rules};

/// Grants that hand on others, from the first holder on, at most.
pub(crate) const LONGEST_CHAIN: usize = 8;

/// Every grant under which an actor may read a table while he acts in a project.
pub(super) async fn of(
    tx: &mut Tx,
    actor: &Actor,
    project: ProjectId,
    table: TableId,
    columns: &[Column],
) -> Result<Vec<SelectGrant>, Fault> {
    let subscribed = subscriptions::grants_of(tx, project, table).await?;
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
    let mut grants: Vec<SelectGrant> = subscribed
        .into_iter()
        .map(|(grant, ids)| SelectGrant {
            id: grant.id,
            project: grant.project_id,
            columns: ids.map_or(ColumnScope::All, |ids| ColumnScope::Only(ids.into_iter().collect())),
            rows: rules::rows(grant.row_filter.as_deref(), &subject, columns),
            valid_from: grant.valid_from,
            valid_until: grant.valid_until,
            export: grant.can_export,
        })
        .collect();
    for grant in &direct {
        grants.extend(with_parents(tx, grant, (project, table), columns, &subject).await?);
    }
    Ok(grants)
}

/// A direct grant as far as those from which it was handed on reach: no cell beyond what each giver reads under his own.
async fn with_parents(
    tx: &mut Tx,
    grant: &DirectGrant,
    (project, table): (ProjectId, TableId),
    columns: &[Column],
    subject: &Subject,
) -> Result<Option<SelectGrant>, Fault> {
    let facts: Vec<ColumnFacts> = columns.iter().map(column_facts).collect();
    let Some(mut select) = select(tx, grant, (project, table), columns, subject).await? else { return Ok(None) };
    let mut child = grant.clone();
    for _ in 0..=LONGEST_CHAIN {
        let Some(parent) = child.parent_id else { return Ok(Some(select)) };
        let Some((parent, giver)) = held(tx, parent, &child).await? else { return Ok(None) };
        let subject = rules::subject(tx, &giver).await?;
        let wider = self::select(tx, &parent, (project, table), columns, &subject).await?;
        let Some(wider) = wider else { return Ok(None) };
        select = select.within(&wider, &facts);
        child = parent;
    }
    // Nothing writes a longer chain.
    Ok(None)
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

async fn select(
    tx: &mut Tx,
    grant: &DirectGrant,
    (project, table): (ProjectId, TableId),
    columns: &[Column],
    subject: &Subject,
) -> Result<Option<SelectGrant>, Fault> {
    let Some(opened) = opened(tx, grant, table).await? else { return Ok(None) };
    Ok(Some(SelectGrant {
        id: grant.id,
        project,
        columns: opened,
        rows: rules::rows(grant.row_filter.as_deref(), subject, columns),
        valid_from: grant.valid_from,
        valid_until: grant.valid_until,
        export: grant.can_export,
    }))
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
