//! Who may act as a service account of a project: have queries run with its rights.

use axum::{Router, extract::State, response::Response, routing::post};
use lakegate_app::{
    accounts::{account_actors, api_tokens, groups},
    places::members,
};
use lakegate_model::{
    Code, Fault,
    derived::AccountActor,
    ids::{ProjectId, ServiceAccountId, UserId},
    people::ServiceAccount,
    places::ProjectMember,
    words::{MemberKind, ProjectRole},
};
use serde::Deserialize;

use super::Head;
use crate::kit::{Choice, Who, back};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/accounts/{account}/actors", post(add))
        .route("/projects/{project}/accounts/{account}/actors/remove", post(remove))
}

/// Somebody who is named for an account.
pub(super) struct Named {
    pub who: Who,
    pub id: String,
}

/// Who acts as an account, and who could be named beside them.
pub(super) struct Actors {
    pub named: Vec<Named>,
    /// Members to choose from; empty for readers who may not.
    pub others: Vec<Choice>,
}

impl Actors {
    /// Who acts as an account; `people` are those who could.
    pub async fn of(
        web: &Web,
        reader: &SignedIn,
        account: ServiceAccountId,
        people: &[(UserId, String)],
    ) -> Result<Self, Fault> {
        let named = account_actors::list(&web.app, &reader.caller, account).await?;
        let is_new = |user: &UserId| named.iter().all(|one| one.user_id != *user);
        let others = people.iter().filter(|(user, _)| is_new(user));
        Ok(Self {
            others: others.map(|(user, name)| Choice::new(user.to_string(), name.clone())).collect(),
            named: named.iter().map(shown).collect(),
        })
    }
}

fn shown(actor: &AccountActor) -> Named {
    Named { who: Who::named(&actor.user_name), id: actor.user_id.to_string() }
}

/// Members who may be named, in order of their names, for those who name them. Owners act as every account anyway.
pub(super) async fn people(web: &Web, reader: &SignedIn, head: &Head) -> Result<Vec<(UserId, String)>, Fault> {
    if !head.manages {
        return Ok(Vec::new());
    }
    let listed = members::list(&web.app, &reader.caller, head.view.project.id).await?;
    let mut people = Vec::new();
    for member in listed.iter().filter(|member| member.role != ProjectRole::Owner) {
        match member.member_kind {
            MemberKind::User => people.push((UserId::from(member.member_id), member.name.clone())),
            MemberKind::Group => people.extend(of_group(web, reader, member).await?),
        }
    }
    let owners: Vec<_> = listed.iter().filter(|member| member.role == ProjectRole::Owner).collect();
    people.retain(|(user, _)| owners.iter().all(|owner| UserId::from(owner.member_id) != *user));
    people.sort_by(|one, other| (&one.1, one.0).cmp(&(&other.1, other.0)));
    people.dedup_by_key(|(user, _)| *user);
    Ok(people)
}

/// The people of a group, if the reader may know them.
async fn of_group(web: &Web, reader: &SignedIn, member: &ProjectMember) -> Result<Vec<(UserId, String)>, Fault> {
    match groups::get(&web.app, &reader.caller, member.member_id.into()).await {
        Ok((_, users)) => Ok(users.into_iter().map(|user| (user.id, user.display_name)).collect()),
        Err(fault) if matches!(fault.code, Code::Forbidden | Code::NotFound) => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

/// The accounts as which the reader may have a query run.
pub(super) struct Workers {
    pub accounts: Vec<Choice>,
    /// Whether the project has accounts that do work, of which the reader may act as none.
    pub of_others: bool,
}

impl Workers {
    /// Enabled contributors of the project; for those who are no owners, the ones for which they are named.
    pub async fn of(web: &Web, reader: &SignedIn, head: &Head) -> Result<Self, Fault> {
        let all = api_tokens::accounts(&web.app, &reader.caller, head.view.project.id).await?;
        let works = |account: &ServiceAccount| !account.disabled && account.role >= ProjectRole::Contributor;
        let mut workers = Self { accounts: Vec::new(), of_others: false };
        for account in all.into_iter().filter(works) {
            if head.manages || is_named(web, reader, account.id).await? {
                workers.accounts.push(Choice::new(account.id.to_string(), account.name));
            } else {
                workers.of_others = true;
            }
        }
        workers.of_others &= workers.accounts.is_empty();
        Ok(workers)
    }
}

async fn is_named(web: &Web, reader: &SignedIn, account: ServiceAccountId) -> Result<bool, Fault> {
    let named = account_actors::list(&web.app, &reader.caller, account).await?;
    Ok(named.iter().any(|actor| actor.user_id == reader.session.user_id))
}

#[derive(Debug, Default, Deserialize)]
struct ActorForm {
    #[serde(default)]
    user: String,
}

impl ActorForm {
    fn user(&self) -> Result<UserId, Fault> {
        self.user.parse().map_err(|_| Fault::invalid("user", "choose somebody of the list"))
    }
}

/// An account of this project; one of another project is absent here.
async fn find(web: &Web, reader: &SignedIn, project: ProjectId, id: ServiceAccountId) -> Result<ServiceAccount, Fault> {
    let all = api_tokens::accounts(&web.app, &reader.caller, project).await?;
    all.into_iter().find(|account| account.id == id).ok_or_else(|| Fault::not_found("service account"))
}

async fn add(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, ServiceAccountId)>,
    Form(form): Form<ActorForm>,
) -> Result<Response, Refusal> {
    let account = find(&web, &reader, project, id).await?;
    let added = async { account_actors::add(&web.app, &reader.caller, id, form.user()?).await };
    let said = added.await.map(|()| format!("Named. Queries may be written that run as {}.", account.name));
    back(&format!("/projects/{project}/accounts"), said)
}

async fn remove(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, ServiceAccountId)>,
    Form(form): Form<ActorForm>,
) -> Result<Response, Refusal> {
    let account = find(&web, &reader, project, id).await?;
    let removed = async { account_actors::remove(&web.app, &reader.caller, id, form.user()?).await };
    let said = removed.await.map(|()| format!("No longer acts as {}. What was written goes on.", account.name));
    back(&format!("/projects/{project}/accounts"), said)
}
