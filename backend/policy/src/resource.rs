//! What is acted on, with the facts that decisions need.

use lakegate_model::{
    ids::{AssetId, DomainId, ProjectId, RequestId, ServiceAccountId, SubscriptionId, UserId},
    words::{AssetStatus, Discover, RequestState},
};

/// The installation itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform;

/// A business area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainFacts {
    pub id: DomainId,
}

/// A project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectFacts {
    pub id: ProjectId,
    pub domain: DomainId,
}

/// A catalog entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetFacts {
    pub id: AssetId,
    pub project: ProjectId,
    pub domain: DomainId,
    pub status: AssetStatus,
    /// The level in force: the asset's own, or else its domain's.
    pub discover: Discover,
    /// Whether a project of the actor's holds a live subscription to it, or a direct grant names him.
    pub granted: bool,
}

/// A request for an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts {
    pub id: RequestId,
    pub state: RequestState,
    pub requester: UserId,
    /// The project that asks.
    pub consumer: ProjectId,
    /// The project that owns the asset.
    pub producer: ProjectId,
    /// The domain of the asset's project, whose stewards are the fallback.
    pub domain: DomainId,
    /// Whether an owner of the asset's project may decide it: one who is enabled, did not ask, did not write what is
    /// asked for, and for data under a governed tag is no member of the asking project.
    pub owner_decides: bool,
}

/// A subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionFacts {
    pub id: SubscriptionId,
    pub consumer: ProjectId,
    pub producer: ProjectId,
    pub domain: DomainId,
}

/// A service account as somebody's tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFacts {
    pub id: ServiceAccountId,
    pub project: ProjectId,
    /// Whether an owner of the project named the actor as one who acts as it.
    pub named: bool,
}

/// A user as the subject of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFacts {
    pub id: UserId,
}

/// Anything that can be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Platform,
    Domain(DomainFacts),
    Project(ProjectFacts),
    Asset(AssetFacts),
    Request(RequestFacts),
    Subscription(SubscriptionFacts),
    Account(AccountFacts),
    User(UserFacts),
}

macro_rules! into_resource {
    ($($facts:ty => $variant:ident),*) => {$(
        impl From<$facts> for Resource {
            fn from(facts: $facts) -> Self { Self::$variant(facts) }
        }
    )*};
}
into_resource!(DomainFacts => Domain, ProjectFacts => Project, AssetFacts => Asset, RequestFacts => Request,
    SubscriptionFacts => Subscription, AccountFacts => Account, UserFacts => User);

impl From<Platform> for Resource {
    fn from(_: Platform) -> Self {
        Self::Platform
    }
}

impl Resource {
    /// The word used in refusals and the audit.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Platform => "installation",
            Self::Domain(_) => "domain",
            Self::Project(_) => "project",
            Self::Asset(_) => "asset",
            Self::Request(_) => "request",
            Self::Subscription(_) => "subscription",
            Self::Account(_) => "service account",
            Self::User(_) => "user",
        }
    }
}

/// The tokens that make an asset visible in search: an actor finds it if it holds one of them.
pub fn visibility_tokens(asset: &AssetFacts) -> Vec<String> {
    let mut tokens = vec![format!("project:{}", asset.project)];
    let out = matches!(asset.status, AssetStatus::Published | AssetStatus::Deprecated);
    if out {
        tokens.push(format!("domain:{}", asset.domain));
        if asset.discover != Discover::Hidden {
            tokens.push("known".to_owned());
        }
    }
    tokens
}
