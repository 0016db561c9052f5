//! Domains, projects and their members.

use async_graphql::{ComplexObject, Context, Error, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::places::{domains, members, projects};
use lakegate_model::{ids::DomainId, places};

use super::people::Person;
use crate::{
    names::{Named, named},
    scalars::{Discover, Id, Long, MemberKind, ProjectRole},
};

/// A business area, a node of the tree of domains.
#[derive(Debug, Clone, SimpleObject)]
pub struct Domain {
    pub id: Id,
    /// Null for a root.
    pub parent_id: Option<Id>,
    pub name: String,
    pub description: String,
    /// What assets of the domain show by default.
    pub discover: Discover,
    pub created_at: DateTime<Utc>,
}

impl From<places::Domain> for Domain {
    fn from(domain: places::Domain) -> Self {
        Self {
            id: domain.id.into(),
            parent_id: domain.parent_id.map(Into::into),
            name: domain.name,
            description: domain.description,
            discover: domain.discover.into(),
            created_at: domain.created_at,
        }
    }
}

/// A domain in its place of the tree.
#[derive(Debug, Clone, SimpleObject)]
pub struct DomainNode {
    pub domain: Domain,
    /// 0 for a root.
    pub depth: Long,
}

impl From<domains::DomainNode> for DomainNode {
    fn from(node: domains::DomainNode) -> Self {
        Self { domain: node.domain.into(), depth: (node.depth as u64).into() }
    }
}

/// A domain with those who look after it.
#[derive(Debug, Clone, SimpleObject)]
pub struct DomainDetail {
    pub domain: Domain,
    /// Named for this domain itself.
    pub stewards: Vec<Person>,
    /// Named for a domain above it.
    pub inherited_stewards: Vec<Person>,
}

impl From<domains::DomainView> for DomainDetail {
    fn from(view: domains::DomainView) -> Self {
        Self {
            domain: view.domain.into(),
            stewards: view.stewards.into_iter().map(Into::into).collect(),
            inherited_stewards: view.inherited_stewards.into_iter().map(Into::into).collect(),
        }
    }
}

/// A team's space: owns environments, sources, assets and subscriptions.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct Project {
    pub id: Id,
    pub domain_id: Id,
    pub name: String,
    pub description: String,
    pub created_at: DateTime<Utc>,
    /// The caller's strongest role, where the list tells it.
    pub role: Option<ProjectRole>,
}

#[ComplexObject]
impl Project {
    /// The domain that the project belongs to.
    async fn domain(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, Some(DomainId::from(self.domain_id))).await
    }
}

impl From<places::Project> for Project {
    fn from(project: places::Project) -> Self {
        Self {
            id: project.id.into(),
            domain_id: project.domain_id.into(),
            name: project.name,
            description: project.description,
            created_at: project.created_at,
            role: None,
        }
    }
}

impl From<projects::ProjectView> for Project {
    fn from(view: projects::ProjectView) -> Self {
        Self { role: view.role.map(Into::into), ..view.project.into() }
    }
}

/// A user or a group in a project.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProjectMember {
    pub project_id: Id,
    pub kind: MemberKind,
    /// Id of the user or group.
    pub member_id: Id,
    /// Display name of the user or name of the group.
    pub name: String,
    pub role: ProjectRole,
    pub added_at: DateTime<Utc>,
}

impl From<places::ProjectMember> for ProjectMember {
    fn from(member: places::ProjectMember) -> Self {
        Self {
            project_id: member.project_id.into(),
            kind: member.member_kind.into(),
            member_id: member.member_id.into(),
            name: member.name,
            role: member.role.into(),
            added_at: member.added_at,
        }
    }
}

/// An invitation into a project that waits for an answer.
#[derive(Debug, Clone, SimpleObject)]
pub struct Invitation {
    pub project_id: Id,
    pub project_name: String,
    pub user_id: Id,
    pub user_name: String,
    pub role: ProjectRole,
    pub invited_at: DateTime<Utc>,
}

impl From<places::Invitation> for Invitation {
    fn from(invitation: places::Invitation) -> Self {
        Self {
            project_id: invitation.project_id.into(),
            project_name: invitation.project_name,
            user_id: invitation.user_id.into(),
            user_name: invitation.user_name,
            role: invitation.role.into(),
            invited_at: invitation.invited_at,
        }
    }
}

/// What a departure from a project did.
#[derive(Debug, Clone, SimpleObject)]
pub struct Departure {
    /// People who are out of the project now; none if they are still in it through a group or by themselves.
    pub people: Long,
    /// Sessions that acted in the project and act in none from the next request on.
    pub sessions_now_elsewhere: Long,
    /// Open requests of those people, which stay with the project.
    pub open_requests: Long,
    /// All of this as a sentence.
    pub note: String,
}

impl From<members::Departure> for Departure {
    fn from(departure: members::Departure) -> Self {
        Self {
            people: (departure.people as u64).into(),
            sessions_now_elsewhere: departure.sessions_now_elsewhere.into(),
            open_requests: departure.open_requests.into(),
            note: departure.note,
        }
    }
}
