//! The one place where a permission is decided.

use lakegate_model::{
    Code, Fault,
    words::{AssetStatus, Discover, ProductRole, ProjectRole, TokenScope},
};

use crate::{
    action::{Act, Action},
    actor::{Actor, Principal},
    granted::{Granted, Scope},
    resource::{AccountFacts, AssetFacts, ProjectFacts, RequestFacts, Resource, SubscriptionFacts},
};

/// What a decision says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// The actor may know of the thing, but not do this; the text is the way on.
    Forbid(&'static str),
    /// For this actor the thing does not exist.
    Hide,
    /// Somebody has to sign in first.
    SignIn,
}

/// Decides, and on a yes makes the proof that store functions demand.
///
/// The proof lives as long as the transaction's `scope`, so it cannot outlive a revocation.
///
/// # Errors
/// `forbidden`, `not_found` or `unauthenticated`, as [`verdict`] says.
pub fn decide<'s, A: Act, R: Copy + Into<Resource>>(
    _scope: &'s Scope,
    actor: &Actor,
    resource: R,
) -> Result<Granted<'s, R, A>, Fault> {
    let generic = resource.into();
    match verdict(actor, A::ACTION, &generic) {
        Verdict::Allow => Ok(Granted::new(resource, actor)),
        refusal => Err(refusal.fault(A::ACTION, &generic)),
    }
}

impl Verdict {
    fn fault(self, action: Action, resource: &Resource) -> Fault {
        match self {
            Self::SignIn => Fault::new(Code::Unauthenticated, "this needs a signed-in person or a token"),
            Self::Forbid(fix) => Fault::new(Code::Forbidden, format!("you may not {}", action.in_words())).fix(fix),
            Self::Hide | Self::Allow => Fault::not_found(resource.word()),
        }
    }

    fn allow_if(condition: bool, otherwise: Self) -> Self {
        if condition { Self::Allow } else { otherwise }
    }
}

/// Decides without making a proof: for showing or hiding buttons, and for the matrix of rights.
pub fn verdict(actor: &Actor, action: Action, resource: &Resource) -> Verdict {
    if !actor.is_known() {
        return Verdict::SignIn;
    }
    if actor.principal == Principal::System {
        return Verdict::Allow;
    }
    let verdict = match resource {
        Resource::Platform => on_platform(actor, action),
        Resource::Domain(domain) => on_domain(actor, action, actor.stewarded.contains(&domain.id)),
        Resource::Project(project) => on_project(actor, action, project),
        Resource::Asset(asset) => on_asset(actor, action, asset),
        Resource::Request(request) => on_request(actor, action, request),
        Resource::Subscription(subscription) => on_subscription(actor, action, subscription),
        Resource::Account(account) => on_account(actor, action, account),
        Resource::User(user) => on_user(actor, action, actor.user() == Some(user.id)),
    };
    if verdict == Verdict::Allow && !actor.scopes.contains(&needed_scope(action)) {
        return Verdict::Forbid("the token lacks the scope for this; make one that has it");
    }
    verdict
}

/// The token scope under which an action falls.
pub fn needed_scope(action: Action) -> TokenScope {
    match action {
        Action::RunQuery => TokenScope::Query,
        Action::ReadAudit
        | Action::ReadPolicyFiles
        | Action::ViewDomain
        | Action::ViewProject
        | Action::DiscoverAsset
        | Action::ReviewAsset
        | Action::ViewReview
        | Action::ViewRequest
        | Action::ViewSubscription => TokenScope::Read,
        _ => TokenScope::Write,
    }
}

const ASK_ADMINISTRATOR: Verdict = Verdict::Forbid("ask an administrator");
const ASK_STEWARD: Verdict = Verdict::Forbid("ask a steward of the domain");
const ASK_OWNER: Verdict = Verdict::Forbid("ask an owner of the project");

fn on_platform(actor: &Actor, action: Action) -> Verdict {
    match action {
        Action::ManageUsers | Action::ManageStorage | Action::ManageDomain | Action::ManageJobs => {
            Verdict::allow_if(actor.has(ProductRole::Administrator), ASK_ADMINISTRATOR)
        }
        Action::ManageRules
        | Action::GrantAccess
        | Action::RevokeAccess
        | Action::ReadPolicyFiles
        | Action::ApplyPolicyFiles => Verdict::allow_if(
            actor.has(ProductRole::SecurityAdministrator),
            Verdict::Forbid("ask a security administrator"),
        ),
        Action::ReadAudit => Verdict::allow_if(actor.has(ProductRole::Auditor), Verdict::Forbid("ask an auditor")),
        Action::ManagePurposes => Verdict::allow_if(
            actor.has(ProductRole::DataProtectionOfficer),
            Verdict::Forbid("ask a data protection officer"),
        ),
        Action::RunQuery => Verdict::Allow,
        _ => Verdict::Hide,
    }
}

fn on_domain(actor: &Actor, action: Action, steward: bool) -> Verdict {
    match action {
        Action::ViewDomain => Verdict::Allow,
        Action::CreateProject => {
            Verdict::allow_if(actor.user().is_some(), Verdict::Forbid("a person has to start a project"))
        }
        Action::ManageDomain => Verdict::allow_if(steward || actor.has(ProductRole::Administrator), ASK_STEWARD),
        Action::ManageTerms => Verdict::allow_if(steward, ASK_STEWARD),
        Action::RunReview | Action::ViewReview => Verdict::allow_if(steward || reviews(actor, action), ASK_STEWARD),
        _ => Verdict::Hide,
    }
}

fn on_project(actor: &Actor, action: Action, project: &ProjectFacts) -> Verdict {
    let review = matches!(action, Action::RunReview | Action::ViewReview);
    if review && (reviews(actor, action) || actor.stewarded.contains(&project.domain)) {
        return Verdict::Allow;
    }
    let Some(role) = actor.role_in(project.id) else {
        return Verdict::Hide;
    };
    match action {
        Action::RunReview | Action::ViewReview => Verdict::allow_if(role == ProjectRole::Owner, ASK_OWNER),
        Action::ViewProject | Action::RunQuery => Verdict::Allow,
        Action::Contribute | Action::RequestForProject | Action::SaveQuery => {
            Verdict::allow_if(role >= ProjectRole::Contributor, ASK_OWNER)
        }
        Action::ManageProject | Action::GrantAccess | Action::RevokeAccess => {
            Verdict::allow_if(role == ProjectRole::Owner, ASK_OWNER)
        }
        _ => Verdict::Hide,
    }
}

fn on_asset(actor: &Actor, action: Action, asset: &AssetFacts) -> Verdict {
    if !discovers(actor, asset) {
        return Verdict::Hide;
    }
    let steward = actor.stewarded.contains(&asset.domain);
    match action {
        Action::DiscoverAsset => Verdict::Allow,
        Action::EditAsset => Verdict::allow_if(actor.is_at_least(ProjectRole::Contributor, asset.project), ASK_OWNER),
        Action::CertifyAsset => Verdict::allow_if(steward, ASK_STEWARD),
        Action::ReleaseColumns => {
            Verdict::allow_if(steward || actor.is_at_least(ProjectRole::Owner, asset.project), ASK_OWNER)
        }
        Action::GrantAccess => Verdict::allow_if(actor.is_at_least(ProjectRole::Owner, asset.project), ASK_OWNER),
        Action::ManageRules | Action::RevokeAccess => Verdict::allow_if(
            steward
                || actor.is_at_least(ProjectRole::Owner, asset.project)
                || actor.has(ProductRole::SecurityAdministrator),
            ASK_OWNER,
        ),
        Action::BreakGlass => Verdict::allow_if(breaks_glass(actor), Verdict::Forbid("ask a security administrator")),
        Action::ReviewBreakGlass => Verdict::allow_if(
            actor.is_at_least(ProjectRole::Owner, asset.project) || actor.has(ProductRole::SecurityAdministrator),
            ASK_OWNER,
        ),
        Action::ReviewAsset => Verdict::allow_if(
            steward || actor.is_at_least(ProjectRole::Owner, asset.project) || actor.has(ProductRole::Auditor),
            ASK_OWNER,
        ),
        Action::RunReview | Action::ViewReview => Verdict::allow_if(
            steward || actor.is_at_least(ProjectRole::Owner, asset.project) || reviews(actor, action),
            ASK_OWNER,
        ),
        Action::RequestAsset => may_request(asset),
        _ => Verdict::Hide,
    }
}

/// Emergencies are for those who run the installation or its rules, in person (access rule 11).
pub fn breaks_glass(actor: &Actor) -> bool {
    let administers = actor.has(ProductRole::SecurityAdministrator) || actor.has(ProductRole::Administrator);
    administers && actor.user().is_some()
}

/// Reviews of access are run by security administrators everywhere, beside those who own or look after the data; auditors
/// read them.
fn reviews(actor: &Actor, action: Action) -> bool {
    actor.has(ProductRole::SecurityAdministrator) || (action == Action::ViewReview && actor.has(ProductRole::Auditor))
}

/// Members of the owning project always find their asset; others once it is out, as its level says (access rule 5).
fn discovers(actor: &Actor, asset: &AssetFacts) -> bool {
    if actor.role_in(asset.project).is_some() || asset.granted {
        return true;
    }
    let out = matches!(asset.status, AssetStatus::Published | AssetStatus::Deprecated);
    out && (asset.discover != Discover::Hidden || actor.stewarded.contains(&asset.domain))
}

fn may_request(asset: &AssetFacts) -> Verdict {
    match (asset.status, asset.discover) {
        (AssetStatus::Published, Discover::Requestable | Discover::Open) => Verdict::Allow,
        (AssetStatus::Published, _) => Verdict::Forbid("its owner lists it without taking requests"),
        _ => Verdict::Forbid("it takes no new requests; look at its successor"),
    }
}

/// Access rule 16: the approver is an owner of the producing project and not the requester; the steward is the fallback
/// where no owner may.
/// A request belongs to the asking project: whoever left it has no part in his earlier requests.
fn on_request(actor: &Actor, action: Action, request: &RequestFacts) -> Verdict {
    let requester = actor.user() == Some(request.requester);
    let steward = actor.stewarded.contains(&request.domain);
    let producer = actor.is_at_least(ProjectRole::Owner, request.producer);
    let consumer = actor.role_in(request.consumer).is_some();
    let asks = actor.is_at_least(ProjectRole::Contributor, request.consumer);
    if !(producer || steward || consumer) {
        return Verdict::Hide;
    }
    match action {
        Action::ViewRequest => Verdict::Allow,
        Action::CommentRequest => Verdict::allow_if(producer || steward || asks, ASK_OWNER),
        Action::DecideRequest if requester => Verdict::Forbid("another owner or the domain steward has to decide"),
        Action::DecideRequest => Verdict::allow_if(producer || (steward && !request.owner_decides), ASK_OWNER),
        Action::EditRequest => Verdict::allow_if(
            (requester && asks) || actor.is_at_least(ProjectRole::Owner, request.consumer),
            Verdict::Forbid("only its author or an owner of the asking project changes it"),
        ),
        _ => Verdict::Hide,
    }
}

fn on_subscription(actor: &Actor, action: Action, subscription: &SubscriptionFacts) -> Verdict {
    let steward = actor.stewarded.contains(&subscription.domain);
    let producer = actor.is_at_least(ProjectRole::Owner, subscription.producer);
    let consumer = actor.role_in(subscription.consumer).is_some();
    if !(producer || steward || consumer) {
        return Verdict::Hide;
    }
    match action {
        Action::ViewSubscription => Verdict::Allow,
        Action::CancelSubscription => {
            Verdict::allow_if(actor.is_at_least(ProjectRole::Contributor, subscription.consumer), ASK_OWNER)
        }
        Action::RevokeSubscription => Verdict::allow_if(producer || steward, ASK_OWNER),
        _ => Verdict::Hide,
    }
}

/// Access rule 23: owners may make tokens of it and so are it anyway; contributors are named, one by one.
fn on_account(actor: &Actor, action: Action, account: &AccountFacts) -> Verdict {
    let Some(role) = actor.role_in(account.project) else { return Verdict::Hide };
    match action {
        Action::ActAs => Verdict::allow_if(
            actor.user().is_some()
                && (role == ProjectRole::Owner || (account.named && role == ProjectRole::Contributor)),
            ASK_OWNER,
        ),
        _ => Verdict::Hide,
    }
}

fn on_user(actor: &Actor, action: Action, itself: bool) -> Verdict {
    match action {
        Action::ManageAccount => Verdict::allow_if(itself, Verdict::Hide),
        Action::ManageUsers => Verdict::allow_if(actor.has(ProductRole::Administrator), ASK_ADMINISTRATOR),
        _ => Verdict::Hide,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{people, resources};

    #[test]
    fn refusals_speak_to_people() {
        for action in Action::ALL {
            let refused = Verdict::Forbid("ask").fault(*action, &Resource::Platform);
            assert_eq!(refused.code, Code::Forbidden);
            assert!(!refused.message.contains(action.as_str()) && !refused.message.contains(['.', '_']), "{refused}");
        }
        let asked = verdict(&people()[1].1, Action::ManageUsers, &resources()[0].1);
        let refused = asked.fault(Action::ManageUsers, &resources()[0].1);
        assert_eq!(refused.message, "you may not manage users and groups");
        assert_eq!(refused.fix.as_deref(), Some("ask an administrator"));
    }

    /// What a thing is may not shine through the words in which an action on it is refused.
    #[test]
    fn a_refusal_reads_the_same_for_every_thing() {
        for action in Action::ALL {
            let texts = resources().into_iter().map(|(_, thing)| Verdict::Forbid("ask").fault(*action, &thing).message);
            let different: std::collections::BTreeSet<String> = texts.collect();
            assert_eq!(different.len(), 1, "{different:?}");
        }
    }
}
