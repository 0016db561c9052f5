//! The people and things that the written rules speak of, made without the helpers of the matrix.

use lakegate_model::words::{AssetStatus, Discover, ProductRole, ProjectRole, RequestState, TokenScope};
use lakegate_policy::{
    Actor,
    action::Act,
    actor::Principal,
    decide,
    granted::Scope,
    resource::{
        self, AccountFacts, AssetFacts, DomainFacts, ProjectFacts, RequestFacts, Resource, SubscriptionFacts, UserFacts,
    },
};
use uuid::Uuid;

const PRODUCER: u128 = 0xA0;
const ASKING: u128 = 0xA1;
const DOMAIN: u128 = 0xB0;
const STRANGER: u128 = 0xC0;
const REQUESTER: u128 = 0xC1;

fn id<I: From<Uuid>>(number: u128) -> I {
    Uuid::from_u128(number).into()
}

/// What is acted on.
#[derive(Debug, Clone, Copy)]
pub enum Thing {
    Platform,
    Domain,
    Project,
    Asset(AssetStatus, Discover),
    Request,
    /// A request that no owner of the producing project may decide.
    OwnerlessRequest,
    Subscription,
    Account,
    /// A service account that the actor was named to act as.
    NamedAccount,
    User,
}

impl Thing {
    /// The thing with its facts.
    pub fn resource(self) -> Resource {
        match self {
            Self::Platform => resource::Platform.into(),
            Self::Domain => DomainFacts { id: id(DOMAIN) }.into(),
            Self::Project => ProjectFacts { id: id(PRODUCER), domain: id(DOMAIN) }.into(),
            Self::Asset(status, discover) => {
                AssetFacts { id: id(1), project: id(PRODUCER), domain: id(DOMAIN), status, discover, granted: false }
                    .into()
            }
            Self::Request | Self::OwnerlessRequest => RequestFacts {
                id: id(2),
                state: RequestState::Pending,
                requester: id(REQUESTER),
                consumer: id(ASKING),
                producer: id(PRODUCER),
                domain: id(DOMAIN),
                owner_decides: matches!(self, Self::Request),
            }
            .into(),
            Self::Subscription => {
                SubscriptionFacts { id: id(3), consumer: id(ASKING), producer: id(PRODUCER), domain: id(DOMAIN) }.into()
            }
            Self::Account | Self::NamedAccount => {
                AccountFacts { id: id(16), project: id(PRODUCER), named: matches!(self, Self::NamedAccount) }.into()
            }
            Self::User => UserFacts { id: id(STRANGER) }.into(),
        }
    }
}

/// The person of a name, with all scopes unless anonymous.
pub fn person(name: &str) -> Actor {
    let bare = |number| known(Principal::User(id(number)), name);
    let member = |number, project, role| {
        let mut actor = bare(number);
        actor.projects.insert(id(project), role);
        actor
    };
    let holder = |number, role: ProductRole| Actor { roles: [role].into(), ..bare(number) };
    match name {
        "anonymous" => Actor::anonymous(),
        "stranger" => bare(STRANGER),
        "viewer" => member(10, PRODUCER, ProjectRole::Viewer),
        "contributor" => member(11, PRODUCER, ProjectRole::Contributor),
        "owner" => member(12, PRODUCER, ProjectRole::Owner),
        "steward" => Actor { stewarded: [id(DOMAIN)].into(), ..bare(13) },
        "administrator" => holder(14, ProductRole::Administrator),
        "auditor" => holder(15, ProductRole::Auditor),
        "service account" => {
            let mut account = known(Principal::ServiceAccount(id(16)), name);
            account.projects.insert(id(PRODUCER), ProjectRole::Contributor);
            account.acting = Some(id(PRODUCER));
            account
        }
        "security administrator" => holder(19, ProductRole::SecurityAdministrator),
        "data protection officer" => holder(20, ProductRole::DataProtectionOfficer),
        "asking viewer" => member(17, ASKING, ProjectRole::Viewer),
        "requester" => member(REQUESTER, ASKING, ProjectRole::Contributor),
        "asking owner" => member(18, ASKING, ProjectRole::Owner),
        "requester who owns the producer" => {
            let mut actor = member(REQUESTER, ASKING, ProjectRole::Contributor);
            actor.projects.insert(id(PRODUCER), ProjectRole::Owner);
            actor
        }
        other => panic!("nobody is called {other}"),
    }
}

fn known(principal: Principal, name: &str) -> Actor {
    Actor { scopes: TokenScope::ALL.iter().copied().collect(), ..Actor::bare(principal, name) }
}

/// Whether `decide` makes the proof that the actor may do `A` to the thing.
pub fn proof_exists<A: Act>(scope: &Scope, actor: &Actor, thing: Thing) -> bool {
    match thing.resource() {
        Resource::Platform => decide::<A, _>(scope, actor, resource::Platform).is_ok(),
        Resource::Domain(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
        Resource::Project(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
        Resource::Asset(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
        Resource::Request(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
        Resource::Subscription(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
        Resource::Account(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
        Resource::User(facts) => decide::<A, _>(scope, actor, facts).is_ok(),
    }
}
