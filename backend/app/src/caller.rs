//! Who calls: an identity proved at the door, turned into an actor in each transaction.

use lakegate_model::{
    Code, Fault, Timestamp,
    grants::Grantee,
    ids::{ApiTokenId, ProjectId, ServiceAccountId, SessionId, UserId},
    words::TokenScope,
};
use lakegate_policy::{Actor, Scope, actor::Principal};
use lakegate_store::{Tx, actors, sessions, tokens};
use std::net::IpAddr;
use uuid::Uuid;

use crate::{accounts::SESSION_IDLE, lens};

/// What the caller has proved. Holds ids alone: roles, groups and revocation are read at each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Anonymous,
    /// A browser session.
    Session(SessionId),
    /// An API token of a user or service account.
    ApiToken(ApiTokenId),
    /// A short-lived access token of a user, and the sign-in it descends from.
    AccessToken {
        user: UserId,
        family: Uuid,
    },
    /// A token of the configured identity provider, already mapped to its user.
    External(UserId),
    /// Work of the queue that is done as a service account, without a token.
    Work(ServiceAccountId),
    /// The server itself.
    System,
}

/// One request's caller.
#[derive(Debug, Clone)]
pub struct Caller {
    pub identity: Identity,
    /// The project named by the request; sessions otherwise act in the project they chose.
    pub project: Option<ProjectId>,
    /// The group or role named by the request, by id or name, to which its rights are narrowed; empty for none. Sessions
    /// otherwise keep what they chose.
    pub role: Option<String>,
    /// The purpose named by the request, by id or name. Sessions otherwise keep what they chose.
    pub purpose: Option<String>,
    /// Correlates logs, audit and errors.
    pub request_id: String,
    pub address: Option<IpAddr>,
}

impl Caller {
    /// The server itself, for a named piece of its own work.
    pub fn system(work: &str) -> Self {
        Self { identity: Identity::System, ..Self::anonymous(work.to_owned(), None) }
    }

    /// A service account, for work of the queue that is done under its name in its project.
    pub(crate) fn work(account: ServiceAccountId, project: ProjectId, work: &str) -> Self {
        Self { identity: Identity::Work(account), project: Some(project), ..Self::system(work) }
    }

    /// Nobody in particular, asking from somewhere.
    pub fn anonymous(request_id: String, address: Option<IpAddr>) -> Self {
        Self { identity: Identity::Anonymous, project: None, role: None, purpose: None, request_id, address }
    }

    /// The same caller, acting in a project.
    #[must_use]
    pub fn acting_in(mut self, project: Option<ProjectId>) -> Self {
        self.project = project.or(self.project);
        self
    }
}

/// Who acts in a transaction: the caller, the transaction's scope, and the actor that he is in it.
pub(crate) type Acting<'a> = (&'a Caller, &'a Scope, &'a Actor);

/// Turns the caller into an actor with the facts of this very moment.
///
/// # Errors
/// `unauthenticated` if the session or token has ended, `not_found` if the named project is not the actor's.
pub async fn enter(tx: &mut Tx, caller: &Caller, now: Timestamp) -> Result<Actor, Fault> {
    let mut actor = match caller.identity {
        Identity::Anonymous => Actor::anonymous(),
        Identity::System => Actor::system(),
        Identity::Session(id) => from_session(tx, id, now).await?,
        Identity::ApiToken(id) => from_token(tx, id, now).await?,
        Identity::Work(account) => from_work(tx, account).await?,
        Identity::AccessToken { user, family } => {
            if !sessions::family_is_live(tx, family, user).await? {
                return Err(ended());
            }
            actors::user_actor(tx, user).await?.ok_or_else(ended)?
        }
        Identity::External(user) => actors::user_actor(tx, user).await?.ok_or_else(ended)?,
    };
    if let Some(project) = caller.project {
        act_in(&mut actor, project)?;
    }
    lens::put_on(tx, &mut actor, caller).await?;
    Ok(actor)
}

/// Who calls, for what is written down of him: also where the project, role or purpose that he names is not his any more.
pub(crate) async fn whoever(tx: &mut Tx, caller: &Caller, now: Timestamp) -> Actor {
    if let Ok(actor) = enter(tx, caller, now).await {
        return actor;
    }
    let anywhere = Caller { project: None, role: None, purpose: None, ..caller.clone() };
    enter(tx, &anywhere, now).await.unwrap_or_else(|_| Actor::anonymous())
}

fn ended() -> Fault {
    Fault::new(Code::Unauthenticated, "this session or token has ended").fix("sign in again")
}

/// Nobody acts in a project without belonging to it; whoever is nobody acts in none, and is asked to sign in later on.
fn act_in(actor: &mut Actor, project: ProjectId) -> Result<(), Fault> {
    if actor.role_in(project).is_some() || actor.principal == Principal::System {
        actor.acting = Some(project);
        return Ok(());
    }
    if actor.is_known() {
        return Err(Fault::not_found("project").on("project"));
    }
    Ok(())
}

/// Demands somebody signed in whose token reaches as far as `scope`: for use cases about the caller's own things, on
/// which policy has nothing else to decide.
///
/// # Errors
/// `unauthenticated`, or `forbidden` where the token lacks the scope.
pub(crate) fn known(actor: &Actor, scope: TokenScope) -> Result<(), Fault> {
    if !actor.is_known() {
        return Err(Fault::new(Code::Unauthenticated, "this needs a signed-in person or a token"));
    }
    if actor.scopes.contains(&scope) {
        return Ok(());
    }
    Err(Fault::new(Code::Forbidden, format!("the token lacks the scope {scope}")).fix("make a token that has it"))
}

/// The person who acts, as [`known`].
///
/// # Errors
/// As [`known`], and `forbidden` for machines.
pub(crate) fn person(actor: &Actor, scope: TokenScope) -> Result<UserId, Fault> {
    known(actor, scope)?;
    actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "this is for people, not for service accounts"))
}

async fn from_session(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<Actor, Fault> {
    let session = sessions::session_find(tx, id).await?.ok_or_else(ended)?;
    if session.ended_at.is_some() || session.expires_at <= now || session.seen_at + SESSION_IDLE <= now {
        return Err(ended());
    }
    let mut actor = actors::user_actor(tx, session.user_id).await?.ok_or_else(ended)?;
    actor.session = Some(id);
    actor.confirmed_at = Some(session.confirmed_at);
    actor.acting = session.project_id.filter(|project| actor.role_in(*project).is_some());
    // Narrowed to what he is no longer, he has nothing but what everyone has.
    let held = |role: &String| actor.narrowings().find(|held| held.to_string() == *role).unwrap_or(Grantee::Everyone);
    actor.narrowed = session.role.as_ref().map(held);
    actor.purpose = session.purpose_id;
    Ok(actor)
}

/// Work reads the catalog and runs queries; what it changes there the server does for it.
async fn from_work(tx: &mut Tx, account: ServiceAccountId) -> Result<Actor, Fault> {
    let gone = || Fault::new(Code::Forbidden, "the service account is disabled").fix("enable it, or name another");
    let mut actor = actors::account_actor(tx, account).await?.ok_or_else(gone)?;
    actor.scopes = [TokenScope::Read, TokenScope::Query].into();
    Ok(actor)
}

async fn from_token(tx: &mut Tx, id: ApiTokenId, now: Timestamp) -> Result<Actor, Fault> {
    let token = tokens::token_find(tx, id).await?.ok_or_else(ended)?;
    if token.revoked_at.is_some() || token.expires_at <= now {
        return Err(ended());
    }
    let actor = match (token.user_id, token.service_account_id) {
        (Some(user), _) => actors::user_actor(tx, user).await?,
        (None, Some(account)) => actors::account_actor(tx, account).await?,
        (None, None) => None,
    };
    let mut actor = actor.ok_or_else(ended)?;
    actor.scopes = token.scopes.into_iter().collect();
    Ok(actor)
}
