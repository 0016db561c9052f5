//! Who acts, with every fact that a decision may depend on.

use lakegate_model::{
    Timestamp,
    grants::Grantee,
    ids::{DomainId, GroupId, ProjectId, PurposeId, ServiceAccountId, SessionId, UserId},
    words::{ProductRole, ProjectRole, TokenScope},
};
use std::collections::{BTreeMap, BTreeSet};

/// The kind and id of who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    Anonymous,
    User(UserId),
    ServiceAccount(ServiceAccountId),
    /// The server itself: schedules, expiry, repair.
    System,
}

/// A principal with its roles, groups and memberships, read in the transaction that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub principal: Principal,
    /// What the audit prints.
    pub name: String,
    pub roles: BTreeSet<ProductRole>,
    pub groups: BTreeSet<GroupId>,
    /// Strongest role in each project, own or through a group.
    pub projects: BTreeMap<ProjectId, ProjectRole>,
    /// Domains looked after, their descendants included.
    pub stewarded: BTreeSet<DomainId>,
    /// The one project the session acts in (access rule 13).
    pub acting: Option<ProjectId>,
    /// What the token may be used for; sessions hold all scopes.
    pub scopes: BTreeSet<TokenScope>,
    pub session: Option<SessionId>,
    /// When the password was last given; `None` for tokens.
    pub confirmed_at: Option<Timestamp>,
    /// The one group or role whose rights to data are used, with those of everyone: no project's, no owner's, no other
    /// group's (access rule 22).
    pub narrowed: Option<Grantee>,
    /// The purpose that is stated, approved for the project acted in (access rule 22).
    pub purpose: Option<PurposeId>,
}

impl Actor {
    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self::bare(Principal::Anonymous, "anonymous")
    }

    /// The server itself.
    pub fn system() -> Self {
        Self { scopes: TokenScope::ALL.iter().copied().collect(), ..Self::bare(Principal::System, "system") }
    }

    /// A principal without any right.
    pub fn bare(principal: Principal, name: &str) -> Self {
        Self {
            principal,
            name: name.to_owned(),
            roles: BTreeSet::new(),
            groups: BTreeSet::new(),
            projects: BTreeMap::new(),
            stewarded: BTreeSet::new(),
            acting: None,
            scopes: BTreeSet::new(),
            session: None,
            confirmed_at: None,
            narrowed: None,
            purpose: None,
        }
    }

    /// The user who acts, if a person does.
    pub fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User(id) => Some(id),
            _ => None,
        }
    }

    /// Whether somebody is signed in (or the server itself acts).
    pub fn is_known(&self) -> bool {
        self.principal != Principal::Anonymous
    }

    /// The same actor where he acts in a project, or in none. A purpose is approved for one project alone.
    #[must_use]
    pub fn acting_in(&self, project: Option<ProjectId>) -> Self {
        let purpose = self.purpose.filter(|_| project == self.acting);
        Self { acting: project, purpose, ..self.clone() }
    }

    /// Whether the actor holds a role of the installation.
    pub fn has(&self, role: ProductRole) -> bool {
        self.roles.contains(&role)
    }

    /// The role in a project, if a member.
    pub fn role_in(&self, project: ProjectId) -> Option<ProjectRole> {
        self.projects.get(&project).copied()
    }

    /// Whether the actor has at least this role in a project.
    pub fn is_at_least(&self, role: ProjectRole, project: ProjectId) -> bool {
        self.role_in(project).is_some_and(|held| held >= role)
    }

    /// What direct grants may be held by to serve this actor, beside his projects.
    fn grantees(&self) -> impl Iterator<Item = Grantee> {
        let itself = match self.principal {
            Principal::User(id) => vec![Grantee::Everyone, Grantee::User(id)],
            Principal::ServiceAccount(id) => vec![Grantee::ServiceAccount(id)],
            Principal::Anonymous | Principal::System => Vec::new(),
        };
        itself.into_iter().chain(self.narrowings())
    }

    /// The groups and roles that the actor may narrow himself to.
    pub fn narrowings(&self) -> impl Iterator<Item = Grantee> {
        let groups = self.groups.iter().map(|id| Grantee::Group(*id));
        groups.chain(self.roles.iter().map(|role| Grantee::Role(*role)))
    }

    /// The tokens under which documents are visible to this actor (see [`crate::resource::visibility_tokens`]).
    pub fn visibility(&self) -> Vec<String> {
        if !self.is_known() {
            return Vec::new();
        }
        let mut tokens = vec!["known".to_owned()];
        tokens.extend(self.projects.keys().map(|id| format!("project:{id}")));
        tokens.extend(self.stewarded.iter().map(|id| format!("domain:{id}")));
        tokens.extend(self.grantees().map(|grantee| grantee.to_string()));
        tokens
    }
}
