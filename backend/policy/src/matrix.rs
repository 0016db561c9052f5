//! The whole of [`crate::decide()`] as a table that people can read and a test can compare.

use lakegate_model::{
    ids::{AssetId, DomainId, ProjectId, RequestId, ServiceAccountId, SubscriptionId, UserId},
    words::{AssetStatus, Discover, ProductRole, ProjectRole, RequestState, TokenScope},
};
use uuid::Uuid;

use crate::{
    action::Action,
    actor::{Actor, Principal},
    decide::{Verdict, verdict},
    resource::{
        AccountFacts, AssetFacts, DomainFacts, Platform, ProjectFacts, RequestFacts, Resource, SubscriptionFacts,
        UserFacts,
    },
};

/// The table in Markdown: a row per resource and action, a column per kind of person.
///
/// `yes` is allowed, `no` is refused with the way on, `-` means that the thing does not exist for that person.
pub fn markdown() -> String {
    markdown_by(verdict)
}

/// The table that another way to decide would give: what tests compare [`markdown`] with.
pub fn markdown_by(decided: impl Fn(&Actor, Action, &Resource) -> Verdict) -> String {
    let people = people();
    let mut out = String::from("| resource | action |");
    for (name, _) in &people {
        out.push_str(&format!(" {name} |"));
    }
    out.push_str(&format!("\n|---|---|{}\n", "---|".repeat(people.len())));
    for (name, resource) in resources() {
        for action in Action::ALL {
            let row: Vec<Verdict> = people.iter().map(|(_, actor)| decided(actor, *action, &resource)).collect();
            if row.iter().all(|verdict| !matches!(verdict, Verdict::Allow | Verdict::Forbid(_))) {
                continue;
            }
            out.push_str(&format!("| {name} | {} |", action.as_str()));
            for verdict in row {
                out.push_str(&format!(" {} |", word(verdict)));
            }
            out.push('\n');
        }
    }
    out
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "yes",
        Verdict::Forbid(_) => "no",
        Verdict::Hide => "-",
        Verdict::SignIn => "sign in",
    }
}

fn id<I: From<Uuid>>(n: u128) -> I {
    Uuid::from_u128(n).into()
}

const PRODUCER: u128 = 1;
const CONSUMER: u128 = 2;
const DOMAIN: u128 = 3;
const REQUESTER: u128 = 4;

/// Every kind of person, under the name of its column.
pub fn people() -> Vec<(&'static str, Actor)> {
    let person = |n: u128| Actor {
        scopes: TokenScope::ALL.iter().copied().collect(),
        ..Actor::bare(Principal::User(id::<UserId>(n)), "someone")
    };
    let member = |n: u128, project: u128, role: ProjectRole| Actor {
        projects: [(id::<ProjectId>(project), role)].into(),
        ..person(n)
    };
    let holder = |n: u128, role: ProductRole| Actor { roles: [role].into(), ..person(n) };
    vec![
        ("anonymous", Actor::anonymous()),
        ("stranger", person(10)),
        ("viewer", member(11, PRODUCER, ProjectRole::Viewer)),
        ("contributor", member(12, PRODUCER, ProjectRole::Contributor)),
        ("owner", member(13, PRODUCER, ProjectRole::Owner)),
        ("consumer viewer", member(14, CONSUMER, ProjectRole::Viewer)),
        ("requester", member(REQUESTER, CONSUMER, ProjectRole::Contributor)),
        ("consumer owner", member(15, CONSUMER, ProjectRole::Owner)),
        ("steward", Actor { stewarded: [id::<DomainId>(DOMAIN)].into(), ..person(16) }),
        ("administrator", holder(17, ProductRole::Administrator)),
        ("security administrator", holder(18, ProductRole::SecurityAdministrator)),
        ("auditor", holder(19, ProductRole::Auditor)),
        ("data protection officer", holder(20, ProductRole::DataProtectionOfficer)),
    ]
}

/// Every kind of thing, under the name of its rows.
pub fn resources() -> Vec<(String, Resource)> {
    let asset = |status, discover| AssetFacts {
        id: id::<AssetId>(5),
        project: id(PRODUCER),
        domain: id(DOMAIN),
        status,
        discover,
        granted: false,
    };
    let request = RequestFacts {
        id: id::<RequestId>(6),
        state: RequestState::Pending,
        requester: id(REQUESTER),
        consumer: id(CONSUMER),
        producer: id(PRODUCER),
        domain: id(DOMAIN),
        owner_decides: true,
    };
    let ownerless = RequestFacts { owner_decides: false, ..request };
    let subscription = SubscriptionFacts {
        id: id::<SubscriptionId>(7),
        consumer: id(CONSUMER),
        producer: id(PRODUCER),
        domain: id(DOMAIN),
    };
    let mut all: Vec<(String, Resource)> = vec![
        ("installation".into(), Platform.into()),
        ("domain".into(), DomainFacts { id: id(DOMAIN) }.into()),
        ("project".into(), ProjectFacts { id: id(PRODUCER), domain: id(DOMAIN) }.into()),
    ];
    for status in AssetStatus::ALL {
        for discover in Discover::ALL {
            all.push((format!("asset ({status}, {discover})"), asset(*status, *discover).into()));
        }
    }
    all.push(("request".into(), request.into()));
    all.push(("request (no owner may decide)".into(), ownerless.into()));
    all.push(("subscription".into(), subscription.into()));
    let account = AccountFacts { id: id::<ServiceAccountId>(8), project: id(PRODUCER), named: false };
    all.push(("service account".into(), account.into()));
    all.push(("service account (named to act as it)".into(), AccountFacts { named: true, ..account }.into()));
    all.push(("user".into(), UserFacts { id: id(10) }.into()));
    all
}
