//! People, groups, machine identities, and how they get in.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::accounts::{me, users};
use lakegate_model::people;

use super::{places::Project, purposes::Purpose};
use crate::scalars::{Id, Long, ProductRole, ProjectRole, Theme, TokenScope};

/// A person who signs in.
#[derive(Debug, Clone, SimpleObject)]
pub struct User {
    pub id: Id,
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    /// Whether the person signs in through the identity provider.
    pub external: bool,
    pub disabled: bool,
    pub theme: Theme,
    pub created_at: DateTime<Utc>,
}

impl From<people::User> for User {
    fn from(user: people::User) -> Self {
        Self {
            id: user.id.into(),
            username: user.username,
            display_name: user.display_name,
            email: user.email,
            external: user.issuer.is_some(),
            disabled: user.disabled,
            theme: user.theme.into(),
            created_at: user.created_at,
        }
    }
}

/// A user and his roles in the installation.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserWithRoles {
    pub user: User,
    pub roles: Vec<ProductRole>,
}

impl From<people::UserWithRoles> for UserWithRoles {
    fn from(found: people::UserWithRoles) -> Self {
        Self { user: found.user.into(), roles: found.roles.into_iter().map(Into::into).collect() }
    }
}

/// A colleague, as far as everybody may know.
#[derive(Debug, Clone, SimpleObject)]
pub struct Person {
    pub id: Id,
    pub username: String,
    pub display_name: String,
}

impl From<people::User> for Person {
    fn from(user: people::User) -> Self {
        Self { id: user.id.into(), username: user.username, display_name: user.display_name }
    }
}

/// A named set of users.
#[derive(Debug, Clone, SimpleObject)]
pub struct Group {
    pub id: Id,
    pub name: String,
    pub description: String,
    /// Whether the identity provider decides who is in it.
    pub external: bool,
    pub created_at: DateTime<Utc>,
}

impl From<people::Group> for Group {
    fn from(group: people::Group) -> Self {
        Self {
            id: group.id.into(),
            name: group.name,
            description: group.description,
            external: group.issuer.is_some(),
            created_at: group.created_at,
        }
    }
}

/// A group with those who are in it.
#[derive(Debug, Clone, SimpleObject)]
pub struct GroupDetail {
    pub group: Group,
    pub members: Vec<User>,
}

impl From<(people::Group, Vec<people::User>)> for GroupDetail {
    fn from((group, members): (people::Group, Vec<people::User>)) -> Self {
        Self { group: group.into(), members: members.into_iter().map(Into::into).collect() }
    }
}

/// A machine identity of a project.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServiceAccount {
    pub id: Id,
    pub project_id: Id,
    pub name: String,
    pub role: ProjectRole,
    pub disabled: bool,
    pub created_at: DateTime<Utc>,
}

impl From<people::ServiceAccount> for ServiceAccount {
    fn from(account: people::ServiceAccount) -> Self {
        Self {
            id: account.id.into(),
            project_id: account.project_id.into(),
            name: account.name,
            role: account.role.into(),
            disabled: account.disabled,
            created_at: account.created_at,
        }
    }
}

/// A token for programs, without its secret.
#[derive(Debug, Clone, SimpleObject)]
pub struct ApiToken {
    pub id: Id,
    /// Null for tokens of persons.
    pub service_account_id: Option<Id>,
    pub name: String,
    /// The first characters, so that people recognise it.
    pub prefix: String,
    pub scopes: Vec<TokenScope>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<people::ApiToken> for ApiToken {
    fn from(token: people::ApiToken) -> Self {
        Self {
            id: token.id.into(),
            service_account_id: token.service_account_id.map(Into::into),
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes.into_iter().map(Into::into).collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// A browser session of the caller.
#[derive(Debug, Clone, SimpleObject)]
pub struct Session {
    pub id: Id,
    /// The browser's own description, shortened.
    pub agent: String,
    /// The project the session acts in.
    pub project_id: Option<Id>,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl From<people::Session> for Session {
    fn from(session: people::Session) -> Self {
        Self {
            id: session.id.into(),
            agent: session.agent,
            project_id: session.project_id.map(Into::into),
            created_at: session.created_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// Who the caller is, and what he may do where.
#[derive(Debug, Clone, SimpleObject)]
pub struct Me {
    /// The user; null for service accounts.
    pub user: Option<User>,
    /// User name, or name of the service account.
    pub name: String,
    pub roles: Vec<ProductRole>,
    pub projects: Vec<Membership>,
    /// The project the caller acts in.
    pub acting: Option<Project>,
    /// The group or role whose rights alone are used, beside those of everyone.
    pub narrowed: Option<String>,
    /// The groups and roles that the caller may narrow himself to: the header `Lakegate-Role` names one.
    pub narrowings: Vec<String>,
    /// The purpose that is stated.
    pub purpose: Option<Purpose>,
    /// Whether the caller looks after a domain.
    pub is_steward: bool,
}

impl From<me::Me> for Me {
    fn from(me: me::Me) -> Self {
        let membership = |(project, role): (_, lakegate_model::words::ProjectRole)| Membership {
            project: Project::from(project),
            role: role.into(),
        };
        Self {
            user: me.user.map(Into::into),
            name: me.name,
            roles: me.roles.into_iter().map(Into::into).collect(),
            projects: me.projects.into_iter().map(membership).collect(),
            acting: me.acting.map(Into::into),
            narrowed: me.narrowed.map(|narrowing| narrowing.name),
            narrowings: me.narrowings.into_iter().map(|narrowing| narrowing.name).collect(),
            purpose: me.purpose.map(Into::into),
            is_steward: me.is_steward,
        }
    }
}

/// A project and the caller's role in it.
#[derive(Debug, Clone, SimpleObject)]
pub struct Membership {
    pub project: Project,
    pub role: ProjectRole,
}

/// What disabling a user did to what he held.
#[derive(Debug, Clone, SimpleObject)]
pub struct Consequences {
    pub sessions_ended: Long,
    pub tokens_revoked: Long,
    /// Names of projects that keep no enabled owner.
    pub projects_without_owner: Vec<String>,
    /// Grants belong to projects: none is lost with a person.
    pub grants_lost: Long,
}

impl From<users::Consequences> for Consequences {
    fn from(found: users::Consequences) -> Self {
        Self {
            sessions_ended: found.sessions_ended.into(),
            tokens_revoked: found.tokens_revoked.into(),
            projects_without_owner: found.projects_without_owner,
            grants_lost: found.grants_lost.into(),
        }
    }
}

/// What a person typed and has not used yet, kept with the account.
#[derive(Debug, Clone, SimpleObject)]
pub struct Draft {
    pub name: String,
    pub body: String,
}
