//! What the access rules say, written down by hand: nothing here is computed from the code that decides.
//!
//! A line holds one letter for each kind of person: `y` allowed, `n` refused with the way on, `h` hidden (the thing does
//! not exist for that person), `s` only for signed-in callers. Numbers are those of the access rules.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "oracle/world.rs"]
mod world;

use lakegate_model::words::{AssetStatus, Discover, TokenScope};
use lakegate_policy::{
    Action, Actor, Verdict, action,
    decide::Verdict as V,
    granted::Scope,
    resource::{AssetFacts, Resource},
    verdict,
};
use std::collections::BTreeSet;
use world::*;

/// The order of the letters in [`RULES`].
const PEOPLE: [&str; 11] = [
    "anonymous",
    "stranger",
    "viewer",
    "contributor",
    "owner",
    "steward",
    "administrator",
    "auditor",
    // Of the project that owns the thing, as a contributor.
    "service account",
    "security administrator",
    "data protection officer",
];

/// Thing, action, and who may: members are those of the project that owns the thing.
const RULES: &[(Thing, Action, &str)] = {
    use Action::*;
    use Thing::*;
    &[
        // Accounts, storage and the tree of domains are run by administrators (15: they assign the roots).
        (Platform, ManageUsers, "snnnnnynnnn"),
        (Platform, ManageStorage, "snnnnnynnnn"),
        (Platform, ManageDomain, "snnnnnynnnn"),
        // Whoever runs the installation keeps its queue going, without reading what the work reads.
        (Platform, ManageJobs, "snnnnnynnnn"),
        // 27: all events are for auditors; running the product does not include reading them.
        (Platform, ReadAudit, "snnnnnnynnn"),
        // Rules by tag bind everybody: security administrators write them, who do not run the product.
        (Platform, ManageRules, "snnnnnnnnyn"),
        (Platform, GrantAccess, "snnnnnnnnyn"),
        (Platform, RevokeAccess, "snnnnnnnnyn"),
        // Files hold the rules of the whole installation, and their plan names its tables.
        (Platform, ReadPolicyFiles, "snnnnnnnnyn"),
        (Platform, ApplyPolicyFiles, "snnnnnnnnyn"),
        // 22: what data may be used for is decided by none of those who want to use it.
        (Platform, ManagePurposes, "snnnnnnnnny"),
        // 13: a session acts in one project or in none; what it reads is decided table by table.
        (Platform, RunQuery, "syyyyyyyyyy"),
        // A domain is looked after by its steward; the administrator keeps the tree, not its words.
        (Domain, ManageDomain, "snnnnyynnnn"),
        (Domain, ViewDomain, "syyyyyyyyyy"),
        (Domain, CreateProject, "syyyyyyynyy"),
        (Domain, ManageTerms, "snnnnynnnnn"),
        // The inside of a project is for its members (13), whoever else one is (11).
        (Project, ViewProject, "shyyyhhhyhh"),
        (Project, RunQuery, "shyyyhhhyhh"),
        (Project, ManageProject, "shnnyhhhnhh"),
        // All tables of a database are given, and taken back, by the owners of its project.
        (Project, GrantAccess, "shnnyhhhnhh"),
        (Project, RevokeAccess, "shnnyhhhnhh"),
        (Project, Contribute, "shnyyhhhyhh"),
        // 14: viewers select; they do not request or save.
        (Project, RequestForProject, "shnyyhhhyhh"),
        (Project, SaveQuery, "shnyyhhhyhh"),
        // 5: four levels of discovery. Before publishing, and after archiving, an asset is for its project.
        (Asset(AssetStatus::Inventory, Discover::Open), DiscoverAsset, "shyyyhhhyhh"),
        (Asset(AssetStatus::Archived, Discover::Open), DiscoverAsset, "shyyyhhhyhh"),
        (Asset(AssetStatus::Published, Discover::Hidden), DiscoverAsset, "shyyyyhhyhh"),
        (Asset(AssetStatus::Published, Discover::Listed), DiscoverAsset, "syyyyyyyyyy"),
        (Asset(AssetStatus::Deprecated, Discover::Requestable), DiscoverAsset, "syyyyyyyyyy"),
        // Listed is not requestable; requestable and open are; a deprecated asset takes no new requests.
        (Asset(AssetStatus::Published, Discover::Hidden), RequestAsset, "shnnnnhhnhh"),
        (Asset(AssetStatus::Published, Discover::Listed), RequestAsset, "snnnnnnnnnn"),
        (Asset(AssetStatus::Published, Discover::Requestable), RequestAsset, "syyyyyyyyyy"),
        (Asset(AssetStatus::Published, Discover::Open), RequestAsset, "syyyyyyyyyy"),
        (Asset(AssetStatus::Deprecated, Discover::Open), RequestAsset, "snnnnnnnnnn"),
        (Asset(AssetStatus::Inventory, Discover::Open), RequestAsset, "shnnnhhhnhh"),
        (Asset(AssetStatus::Published, Discover::Open), EditAsset, "snnyynnnynn"),
        (Asset(AssetStatus::Published, Discover::Hidden), EditAsset, "shnyynhhyhh"),
        // Pending columns are opened by the owners, or by the domain's steward.
        (Asset(AssetStatus::Published, Discover::Open), ReleaseColumns, "snnnyynnnnn"),
        // Vouching is the steward's, not the producer's own.
        (Asset(AssetStatus::Published, Discover::Open), CertifyAsset, "snnnnynnnnn"),
        // Restrictions only narrow: the owners, the steward and the security administrators put them on a table.
        (Asset(AssetStatus::Published, Discover::Open), ManageRules, "snnnyynnnyn"),
        (Asset(AssetStatus::Inventory, Discover::Open), ManageRules, "shnnyhhhnhh"),
        // Giving without a request is the owners' alone; taking back narrows, as restrictions do.
        (Asset(AssetStatus::Published, Discover::Open), GrantAccess, "snnnynnnnnn"),
        (Asset(AssetStatus::Inventory, Discover::Open), GrantAccess, "shnnyhhhnhh"),
        (Asset(AssetStatus::Published, Discover::Open), RevokeAccess, "snnnyynnnyn"),
        (Asset(AssetStatus::Inventory, Discover::Open), RevokeAccess, "shnnyhhhnhh"),
        // 11: who administers reads by a grant or break-glass; the second look is another's, who owns it or makes the rules.
        (Asset(AssetStatus::Published, Discover::Open), BreakGlass, "snnnnnynnyn"),
        (Asset(AssetStatus::Published, Discover::Hidden), BreakGlass, "shnnnnhhnhh"),
        (Asset(AssetStatus::Published, Discover::Open), ReviewBreakGlass, "snnnynnnnyn"),
        (Asset(AssetStatus::Inventory, Discover::Open), ReviewBreakGlass, "shnnyhhhnhh"),
        // Who has access: the owners, the steward, and auditors (27).
        (Asset(AssetStatus::Published, Discover::Open), ReviewAsset, "snnnyynynnn"),
        (Asset(AssetStatus::Inventory, Discover::Open), ReviewAsset, "shnnyhhhnhh"),
        // Campaigns of review: owners, stewards and security administrators run them, auditors read them.
        (Asset(AssetStatus::Published, Discover::Open), RunReview, "snnnyynnnyn"),
        (Asset(AssetStatus::Published, Discover::Open), ViewReview, "snnnyynynyn"),
        (Asset(AssetStatus::Inventory, Discover::Open), RunReview, "shnnyhhhnhh"),
        (Asset(AssetStatus::Inventory, Discover::Open), ViewReview, "shnnyhhhnhh"),
        (Project, RunReview, "shnnyyhhnyh"),
        (Project, ViewReview, "shnnyyhynyh"),
        (Domain, RunReview, "snnnnynnnyn"),
        (Domain, ViewReview, "snnnnynynyn"),
        // 16: requests come to the owners of the producing project, the steward is the fallback; nobody else of it.
        (Request, ViewRequest, "shhhyyhhhhh"),
        (Request, CommentRequest, "shhhyyhhhhh"),
        (Request, DecideRequest, "shhhynhhhhh"),
        (OwnerlessRequest, DecideRequest, "shhhyyhhhhh"),
        (Request, EditRequest, "shhhnnhhhhh"),
        (Subscription, ViewSubscription, "shhhyyhhhhh"),
        (Subscription, RevokeSubscription, "shhhyyhhhhh"),
        (Subscription, CancelSubscription, "shhhnnhhhhh"),
        // 23: owners act as the accounts of their project, and contributors whom they name; no account as another.
        (Account, ActAs, "shnnyhhhnhh"),
        (NamedAccount, ActAs, "shnyyhhhnhh"),
        // The account of the stranger: his own, and the administrator's to disable, never to use (11).
        (User, ManageAccount, "syhhhhhhhhh"),
        (User, ManageUsers, "snnnnnynnnn"),
    ]
};

/// Those on the asking side, and one who stands on both.
const ASKERS: [&str; 4] = ["asking viewer", "requester", "asking owner", "requester who owns the producer"];

/// As [`RULES`], for [`ASKERS`].
const ASKER_RULES: &[(Thing, Action, &str)] = {
    use Action::*;
    use Thing::*;
    &[
        (Request, ViewRequest, "yyyy"),
        (Request, CommentRequest, "nyyy"),
        // 16: the approver is not the requester, even if he owns what is asked for.
        (Request, DecideRequest, "nnnn"),
        (Request, EditRequest, "nyyy"),
        (Subscription, ViewSubscription, "yyyy"),
        (Subscription, CancelSubscription, "nyyy"),
        (Subscription, RevokeSubscription, "nnny"),
        // Asking for access opens nothing of the producing project.
        (Project, ViewProject, "hhhy"),
        (Asset(AssetStatus::Published, Discover::Open), EditAsset, "nnny"),
    ]
};

fn letter(verdict: Verdict) -> char {
    match verdict {
        V::Allow => 'y',
        V::Forbid(_) => 'n',
        V::Hide => 'h',
        V::SignIn => 's',
    }
}

/// A rule that a way to decide breaks.
#[derive(Debug)]
struct Broken {
    action: Action,
    #[expect(dead_code, reason = "printed when the test fails")]
    what: String,
}

/// Where a way to decide differs from the rules.
fn broken(decided: impl Fn(&Actor, Action, &Resource) -> Verdict) -> Vec<Broken> {
    let mut found = Vec::new();
    for (people, rules) in [(&PEOPLE[..], RULES), (&ASKERS[..], ASKER_RULES)] {
        for (thing, action, expected) in rules {
            assert_eq!(expected.len(), people.len(), "{thing:?} {action:?}");
            for (name, expected) in people.iter().zip(expected.chars()) {
                let got = letter(decided(&person(name), *action, &thing.resource()));
                if got != expected {
                    let what = format!("{name}, {} on {thing:?}: {got}, not {expected}", action.as_str());
                    found.push(Broken { action: *action, what });
                }
            }
        }
    }
    found
}

#[test]
fn the_code_decides_as_the_rules_say() {
    let broken = broken(verdict);
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Every action is in the table, with somebody signed in who may, and somebody who is refused.
#[test]
fn every_action_has_a_refusal_and_a_permission() {
    for action in Action::ALL {
        let letters: BTreeSet<char> =
            RULES.iter().chain(ASKER_RULES).filter(|rule| rule.1 == *action).flat_map(|rule| rule.2.chars()).collect();
        assert!(letters.contains(&'y'), "nobody may ever {}: {letters:?}", action.as_str());
        assert!(letters.contains(&'s'), "{} lacks the anonymous caller: {letters:?}", action.as_str());
        // These two are for everyone who is signed in, as far as the thing itself goes.
        let for_all_known = matches!(action, Action::ViewDomain);
        let refused = letters.contains(&'n') || letters.contains(&'h');
        assert!(refused || for_all_known, "{} is refused to nobody: {letters:?}", action.as_str());
    }
}

/// Deciding any one action always with "allow", "refuse" or "hide" breaks the table, in that action's lines alone.
#[test]
fn deciding_any_action_wrongly_is_noticed() {
    for wrong in [V::Allow, V::Forbid("never"), V::Hide] {
        for flipped in Action::ALL {
            let broken = broken(|actor, action, resource| match action == *flipped {
                true => wrong,
                false => verdict(actor, action, resource),
            });
            assert!(!broken.is_empty(), "{} always {wrong:?}, and nothing notices", flipped.as_str());
            assert!(broken.iter().all(|rule| rule.action == *flipped), "{}: {broken:#?}", flipped.as_str());
        }
    }
}

/// Runs `decide` for each action with each person, and compares with the table: the proof is made where it says `y`.
macro_rules! proofs {
    ($($name:ident),* $(,)?) => {
        const PROVED: &[Action] = &[$(Action::$name),*];

        fn is_proved(act: Action, actor: &Actor, thing: Thing) -> bool {
            let scope = Scope::begin();
            match act { $(Action::$name => proof_exists::<action::$name>(&scope, actor, thing),)* }
        }
    };
}
proofs!(
    ManageUsers,
    ManageStorage,
    ManageJobs,
    ReadAudit,
    ManageDomain,
    ViewDomain,
    CreateProject,
    ManageTerms,
    ViewProject,
    ManageProject,
    ActAs,
    Contribute,
    RequestForProject,
    SaveQuery,
    RunQuery,
    DiscoverAsset,
    EditAsset,
    RequestAsset,
    ReleaseColumns,
    CertifyAsset,
    ManageRules,
    ManagePurposes,
    GrantAccess,
    RevokeAccess,
    BreakGlass,
    ReviewBreakGlass,
    ReadPolicyFiles,
    ApplyPolicyFiles,
    ReviewAsset,
    RunReview,
    ViewReview,
    ViewRequest,
    CommentRequest,
    DecideRequest,
    EditRequest,
    ViewSubscription,
    CancelSubscription,
    RevokeSubscription,
    ManageAccount,
);

#[test]
fn proofs_are_made_exactly_where_the_rules_allow() {
    assert_eq!(PROVED, Action::ALL);
    for (people, rules) in [(&PEOPLE[..], RULES), (&ASKERS[..], ASKER_RULES)] {
        for (thing, action, expected) in rules {
            for (name, expected) in people.iter().zip(expected.chars()) {
                let proved = is_proved(*action, &person(name), *thing);
                assert_eq!(proved, expected == 'y', "{name}, {} on {thing:?}", action.as_str());
            }
        }
    }
}

/// 13, 23: what a token lacks, its holder lacks, whoever he is.
#[test]
fn a_token_without_scopes_proves_nothing() {
    for (thing, action, _) in RULES {
        for name in PEOPLE {
            let bare = Actor { scopes: BTreeSet::new(), ..person(name) };
            assert!(!is_proved(*action, &bare, *thing), "{name}, {} on {thing:?}", action.as_str());
        }
    }
}

/// A token for reading changes nothing and runs nothing; one for queries reads no catalog.
#[test]
fn scopes_divide_the_actions() {
    use Action::*;
    let reading = [
        ReadAudit,
        ReadPolicyFiles,
        ViewDomain,
        ViewProject,
        DiscoverAsset,
        ReviewAsset,
        ViewReview,
        ViewRequest,
        ViewSubscription,
    ];
    for (thing, action, letters) in RULES {
        let needed = match action {
            RunQuery => TokenScope::Query,
            action if reading.contains(action) => TokenScope::Read,
            _ => TokenScope::Write,
        };
        for (name, letter) in PEOPLE.iter().zip(letters.chars()) {
            for scope in TokenScope::ALL {
                let narrow = Actor { scopes: [*scope].into(), ..person(name) };
                let expected = letter == 'y' && *scope == needed;
                assert_eq!(is_proved(*action, &narrow, *thing), expected, "{name}, {scope}, {action:?} on {thing:?}");
            }
        }
    }
}

/// 16, and the right to leave: who is no longer a member of the asking project has no part in his earlier request.
#[test]
fn who_left_the_asking_project_loses_his_request() {
    let mut left = person("requester");
    left.projects.clear();
    for action in [Action::ViewRequest, Action::CommentRequest, Action::DecideRequest, Action::EditRequest] {
        assert_eq!(verdict(&left, action, &Thing::Request.resource()), V::Hide, "{}", action.as_str());
    }
}

/// 5: read implies discover, also where the level hides the asset, until it is given back.
#[test]
fn subscribers_find_what_is_hidden_from_others() {
    let hidden = Thing::Asset(AssetStatus::Published, Discover::Hidden).resource();
    let Resource::Asset(facts) = hidden else { panic!("not an asset") };
    let subscribed = Resource::Asset(AssetFacts { granted: true, ..facts });
    let asker = person("requester");
    assert_eq!(verdict(&asker, Action::DiscoverAsset, &hidden), V::Hide);
    assert_eq!(verdict(&asker, Action::DiscoverAsset, &subscribed), V::Allow);
    for action in [Action::EditAsset, Action::CertifyAsset, Action::ReleaseColumns, Action::ReviewAsset] {
        assert!(matches!(verdict(&asker, action, &subscribed), V::Forbid(_)), "{}", action.as_str());
    }
}
