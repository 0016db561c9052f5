//! Which of the two models decides: against a second reading of the rule, and where people would get it wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use chrono::{DateTime, Utc};
use lakegate_model::{
    coarse::{CoarseRight, OptIn},
    grants::Grantee,
    ids::{DatabaseId, GrantId, GroupId, OptInId, ProjectId, TableId, UserId},
    words::{AccessMode, ProductRole, ProjectRole},
};
use lakegate_policy::{
    Actor,
    actor::Principal,
    coarse::{Model, Registered, wherever},
};
use proptest::prelude::*;
use uuid::Uuid;

const TABLE: TableId = TableId(Uuid::from_u128(1));
const DATABASE: DatabaseId = DatabaseId(Uuid::from_u128(2));
const ANA: UserId = UserId(Uuid::from_u128(3));
const CHIEF: UserId = UserId(Uuid::from_u128(4));
const READERS: GroupId = GroupId(Uuid::from_u128(5));
const OTHERS: GroupId = GroupId(Uuid::from_u128(6));
const LAB: ProjectId = ProjectId(Uuid::from_u128(7));
const AWAY: ProjectId = ProjectId(Uuid::from_u128(8));

/// Whom decisions and rights may name; the last three are not who acts.
const WHOM: [Grantee; 8] = [
    Grantee::User(ANA),
    Grantee::Group(READERS),
    Grantee::Role(ProductRole::Auditor),
    Grantee::Project(LAB),
    Grantee::Project(AWAY),
    Grantee::Group(OTHERS),
    Grantee::User(CHIEF),
    Grantee::Role(ProductRole::Administrator),
];

/// How many of [`WHOM`] the actor acts as.
const ACTING_AS: usize = 4;

fn ana() -> Actor {
    let mut actor = Actor::bare(Principal::User(ANA), "ana");
    actor.groups.insert(READERS);
    actor.roles.insert(ProductRole::Auditor);
    actor.projects.insert(LAB, ProjectRole::Contributor);
    actor.projects.insert(AWAY, ProjectRole::Viewer);
    actor.acting_in(Some(LAB))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000, 0).unwrap()
}

fn right(n: u128, to: Grantee, by: UserId) -> CoarseRight {
    CoarseRight {
        id: GrantId(Uuid::from_u128(100 + n)),
        grantee_kind: to.kind(),
        grantee_id: to.id(),
        grantee_role: to.role(),
        database_id: DATABASE,
        can_export: false,
        reason: String::new(),
        granted_by: by,
        created_at: now(),
        valid_from: now(),
        valid_until: None,
        ended_at: None,
        ended_by: None,
    }
}

fn opt(n: u128, who: Grantee, (on_table, for_tags, opted): (bool, bool, bool)) -> OptIn {
    OptIn {
        id: OptInId(Uuid::from_u128(200 + n)),
        grantee_kind: who.kind(),
        grantee_id: who.id(),
        grantee_role: who.role(),
        database_id: DATABASE,
        table_id: on_table.then_some(TABLE),
        for_tags,
        opted,
        reason: String::new(),
        decided_by: CHIEF,
        created_at: now(),
        ended_at: None,
        ended_by: None,
    }
}

fn hybrid(rights: Vec<CoarseRight>, opts: Vec<OptIn>) -> Registered {
    Registered { table: TABLE, database: DATABASE, mode: AccessMode::Hybrid, rights, opts }
}

/// A decision at each of the four places of each principal: none, in or out.
type Decisions = Vec<[Option<bool>; 4]>;

/// Where a decision stands: on the table, about tags.
const PLACES: [(bool, bool); 4] = [(true, false), (false, false), (true, true), (false, true)];

fn facts() -> impl Strategy<Value = (Decisions, Vec<bool>, bool)> {
    let decision = prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    let places = [decision.clone(), decision.clone(), decision.clone(), decision];
    (proptest::collection::vec(places, WHOM.len()), proptest::collection::vec(any::<bool>(), WHOM.len()), any::<bool>())
}

fn registered(decisions: &Decisions, holders: &[bool], reversed: bool) -> Registered {
    let mut opts = Vec::new();
    for (who, places) in WHOM.iter().zip(decisions) {
        for (decision, (on_table, for_tags)) in places.iter().zip(PLACES) {
            let n = u128::try_from(opts.len()).unwrap();
            opts.extend(decision.map(|opted| opt(n, *who, (on_table, for_tags, opted))));
        }
    }
    if reversed {
        opts.reverse();
    }
    let held = WHOM.iter().zip(holders).zip(0..).filter(|((_, holds), _)| **holds);
    hybrid(held.map(|((who, _), n)| right(n, *who, CHIEF)).collect(), opts)
}

/// The rule as it is written, read off the table of decisions alone.
fn expected(decisions: &Decisions, holders: &[bool]) -> (Option<bool>, Vec<usize>) {
    let effective =
        |who: usize, table: usize, whole: usize| decisions[who][table].or(decisions[who][whole]) == Some(true);
    let opted: Vec<usize> = (0..ACTING_AS).filter(|who| effective(*who, 0, 1)).collect();
    let tags = (0..ACTING_AS).any(|who| effective(who, 2, 3));
    let project = 3;
    let own: Vec<usize> = (0..ACTING_AS).filter(|who| holders[*who] && !opted.contains(who)).collect();
    let personally = opted.iter().any(|who| *who != project);
    if personally || (opted.contains(&project) && own.is_empty()) {
        return (Some(tags), Vec::new());
    }
    (None, own)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn exactly_one_model_decides_as_the_rule_says((decisions, holders, reversed) in facts()) {
        let found = registered(&decisions, &holders, reversed).judge(&ana());
        let (fine, own) = expected(&decisions, &holders);
        match &found.model {
            Model::Fine { tags } => {
                let tags = *tags;
                prop_assert_eq!(fine, Some(tags));
                prop_assert!(found.by.is_some());
                prop_assert_eq!((found.counts(false), found.counts(true)), (true, tags));
            }
            Model::Coarse(ids) => {
                prop_assert_eq!(fine, None);
                let own: Vec<GrantId> = own.iter().map(|who| GrantId(Uuid::from_u128(100 + *who as u128))).collect();
                prop_assert_eq!(ids, &own);
                prop_assert_eq!((found.counts(false), found.counts(true)), (false, false));
            }
        }
    }

    #[test]
    fn what_is_decided_of_others_changes_nothing((decisions, holders, reversed) in facts()) {
        let mut alone = decisions.clone();
        alone[ACTING_AS..].iter_mut().for_each(|places| *places = [None; 4]);
        let mut own = holders.clone();
        own[ACTING_AS..].iter_mut().for_each(|holds| *holds = false);
        let judge = |decisions: &Decisions, holders: &[bool]| registered(decisions, holders, reversed).judge(&ana()).model;
        prop_assert_eq!(judge(&decisions, &holders), judge(&alone, &own));
    }
}

#[test]
fn a_mode_of_one_model_asks_no_decision() {
    let facts = hybrid(vec![right(1, WHOM[0], CHIEF)], vec![opt(1, WHOM[0], (false, false, true))]);
    let judged = |mode| Registered { mode, ..facts.clone() }.judge(&ana()).model;
    assert_eq!(judged(AccessMode::Fine), Model::Fine { tags: true });
    assert_eq!(judged(AccessMode::Coarse), Model::Coarse(vec![GrantId(Uuid::from_u128(101))]));
    assert_eq!(judged(AccessMode::Hybrid), Model::Fine { tags: false });
}

#[test]
fn a_table_stands_before_its_database() {
    let whole = opt(1, WHOM[0], (false, false, true));
    let table = opt(2, WHOM[0], (true, false, false));
    assert_eq!(hybrid(Vec::new(), vec![whole.clone()]).judge(&ana()).by, Some(whole.id));
    assert_eq!(hybrid(Vec::new(), vec![whole.clone(), table.clone()]).judge(&ana()).model, Model::Coarse(Vec::new()));
    let ended = OptIn { ended_at: Some(now()), ..table.clone() };
    assert_eq!(hybrid(Vec::new(), vec![ended, whole.clone()]).judge(&ana()).by, Some(whole.id));
    let elsewhere = OptIn { table_id: Some(TableId(Uuid::from_u128(9))), ..table };
    assert_eq!(hybrid(Vec::new(), vec![elsewhere, whole.clone()]).judge(&ana()).by, Some(whole.id));
}

#[test]
fn a_project_that_is_opted_in_does_not_opt_in_its_coarse_users() {
    let opted = vec![opt(1, Grantee::Project(LAB), (false, false, true))];
    let (own, project) = (right(1, Grantee::User(ANA), CHIEF), right(2, Grantee::Project(LAB), CHIEF));
    let both = hybrid(vec![own.clone(), project.clone()], opted.clone());
    assert_eq!(both.judge(&ana()).model, Model::Coarse(vec![own.id]), "her own right, not the project's");
    assert_eq!(hybrid(vec![project], opted).judge(&ana()).model, Model::Fine { tags: false });
    assert_eq!(both.judge(&ana().acting_in(Some(AWAY))).model, Model::Coarse(vec![own.id]));
}

#[test]
fn whoever_narrows_himself_stays_himself() {
    let facts = hybrid(
        vec![right(1, Grantee::Group(READERS), CHIEF)],
        vec![opt(1, Grantee::User(ANA), (false, false, true)), opt(2, WHOM[2], (false, false, true))],
    );
    let narrowed = |grantee| Actor { narrowed: Some(grantee), ..ana() };
    assert_eq!(facts.judge(&narrowed(Grantee::Group(READERS))).model, Model::Fine { tags: false });
    let role_alone = Registered { opts: facts.opts[1..].to_vec(), ..facts.clone() };
    assert_eq!(role_alone.judge(&ana()).model, Model::Fine { tags: false });
    let left = role_alone.judge(&narrowed(Grantee::Group(READERS))).model;
    assert_eq!(left, Model::Coarse(vec![facts.rights[0].id]), "the role is not what she acts through");
}

#[test]
fn nobody_is_served_by_what_he_gave_and_nothing_serves_after_its_end() {
    let own = right(1, Grantee::Group(READERS), ANA);
    assert_eq!(hybrid(vec![own], Vec::new()).judge(&ana()).model, Model::Coarse(Vec::new()));
    let ended = CoarseRight { ended_at: Some(now()), ..right(2, Grantee::Group(READERS), CHIEF) };
    assert_eq!(hybrid(vec![ended], Vec::new()).judge(&ana()).model, Model::Coarse(Vec::new()));
}

#[test]
fn what_is_found_is_looked_for_wherever_somebody_may_act() {
    let narrowed = Actor { narrowed: Some(Grantee::Group(READERS)), ..ana() };
    let places: Vec<Option<ProjectId>> = wherever(&narrowed).iter().map(|actor| actor.acting).collect();
    assert_eq!(places, [None, Some(LAB), Some(AWAY)]);
    assert!(wherever(&narrowed).iter().all(|actor| actor.narrowed.is_none()));
}
