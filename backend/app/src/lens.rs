//! What a caller looks through: the role he narrows himself to, and the purpose he states (access rule 22).

use lakegate_model::{
    Fault,
    grants::Grantee,
    ids::{ProjectId, PurposeId},
    purposes::Purpose,
    text,
};
use lakegate_policy::{Actor, actor::Principal};
use lakegate_store::{Tx, groups, purposes};

use crate::Caller;

/// Narrows the actor and states his purpose: as the request says, or else as he chose before.
///
/// # Errors
/// `invalid` naming `role` for one that is not his, or `purpose` for one that his project may not state.
pub(crate) async fn put_on(tx: &mut Tx, actor: &mut Actor, caller: &Caller) -> Result<(), Fault> {
    if actor.principal == Principal::System || !actor.is_known() {
        return Ok(());
    }
    if let Some(role) = &caller.role {
        actor.narrowed = role_of(tx, actor, role).await?;
    }
    actor.purpose = purpose_of(tx, actor, caller.purpose.as_deref()).await?;
    Ok(())
}

/// The group or role that a text names: `analysts`, `group:0190…`, `auditor`, `role:auditor`; none for the empty text.
pub(crate) async fn role_of(tx: &mut Tx, actor: &Actor, named: &str) -> Result<Option<Grantee>, Fault> {
    if named.is_empty() {
        return Ok(None);
    }
    let is_named = |held: &Grantee| held.to_string() == named || held.role().is_some_and(|role| role.as_str() == named);
    if let Some(held) = actor.narrowings().find(is_named) {
        return Ok(Some(held));
    }
    let groups = match actor.user() {
        Some(user) => groups::groups_of(tx, user).await?,
        None => Vec::new(),
    };
    let group = groups.into_iter().find(|group| text::fold(&group.name) == text::fold(named));
    let unknown = || {
        Fault::invalid("role", format!("{named} is no group or role of yours"))
            .fix("name a group that you are in, a role that you hold, or nothing")
    };
    group.map(|group| Some(Grantee::Group(group.id))).ok_or_else(unknown)
}

/// The purpose under which the actor acts: the one that the request names, or the one chosen before as long as it is approved.
async fn purpose_of(tx: &mut Tx, actor: &Actor, named: Option<&str>) -> Result<Option<PurposeId>, Fault> {
    if named.is_none() && actor.purpose.is_none() {
        return Ok(None);
    }
    let approved = approved(tx, actor.acting).await?;
    let Some(named) = named else {
        return Ok(actor.purpose.filter(|chosen| approved.iter().any(|purpose| purpose.id == *chosen)));
    };
    let found = find(&approved, named)?;
    if actor.user().is_none() && found.is_some() && found != actor.purpose {
        return Err(Fault::invalid("purpose", "the purpose of a service account is fixed")
            .fix("ask an owner of its project to fix another"));
    }
    Ok(found)
}

/// The purposes that whoever acts in a project may state.
pub(crate) async fn approved(tx: &mut Tx, project: Option<ProjectId>) -> Result<Vec<Purpose>, Fault> {
    Ok(match project {
        Some(project) => purposes::purposes_approved(tx, project).await?,
        None => Vec::new(),
    })
}

/// The purpose that a text names among those approved; none for the empty text.
pub(crate) fn find(approved: &[Purpose], named: &str) -> Result<Option<PurposeId>, Fault> {
    if named.is_empty() {
        return Ok(None);
    }
    let is_named =
        |purpose: &&Purpose| purpose.id.to_string() == named || text::fold(&purpose.name) == text::fold(named);
    let unknown = || {
        Fault::invalid("purpose", format!("{named} is no purpose approved for the project you act in"))
            .fix("ask an owner of the project to have it approved, or act in another")
    };
    approved.iter().find(is_named).map(|purpose| Some(purpose.id)).ok_or_else(unknown)
}
