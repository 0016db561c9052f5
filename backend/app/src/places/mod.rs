//! Domains, projects and their members; environments, connections and storage: where data belongs.
//!
//! Who does not belong to a project gets the one answer `not_found` for it and for everything inside it, whether it
//! exists or not.

pub mod connections;
pub mod domains;
pub mod environments;
pub mod invitations;
pub mod locations;
pub mod members;
pub mod outgoing;
pub mod projects;
pub mod roots;

use lakegate_model::{Code, Fault, ids::ProjectId};
use lakegate_policy::{Actor, Granted, Scope, action::Act, actor::Principal, decide, resource::ProjectFacts};
use lakegate_store::{Tx, projects as store};
use uuid::Uuid;

/// Demands somebody signed in, before anything is looked up: absence is told to nobody unknown.
///
/// # Errors
/// `unauthenticated`
pub(crate) fn need_known(actor: &Actor) -> Result<(), Fault> {
    if actor.is_known() {
        return Ok(());
    }
    Err(Fault::new(Code::Unauthenticated, "this needs a signed-in person or a token"))
}

/// The proof that the actor may do `A` with a project.
///
/// # Errors
/// `not_found` for strangers and for what does not exist, `forbidden`, `unauthenticated`.
pub(crate) async fn project_proof<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: ProjectId,
) -> Result<Granted<'s, ProjectFacts, A>, Fault> {
    need_known(actor)?;
    let facts = store::project_facts(tx, id).await?.ok_or_else(|| Fault::not_found("project"))?;
    decide::<A, _>(scope, actor, facts)
}

/// Like [`project_proof`] for a thing inside a project: a stranger is told what he is told of a thing that is absent.
pub(crate) async fn inside_proof<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    project: Option<ProjectId>,
    what: &str,
) -> Result<Granted<'s, ProjectFacts, A>, Fault> {
    need_known(actor)?;
    let project = project.ok_or_else(|| Fault::not_found(what))?;
    project_proof(tx, scope, actor, project)
        .await
        .map_err(|fault| if fault.code == Code::NotFound { Fault::not_found(what) } else { fault })
}

/// The id kept beside what an actor does; the server itself has the nil id.
pub(crate) fn id_of(actor: &Actor) -> Uuid {
    match actor.principal {
        Principal::User(id) => id.into(),
        Principal::ServiceAccount(id) => id.into(),
        Principal::System | Principal::Anonymous => Uuid::nil(),
    }
}
