//! Signing in, staying in, and getting out; on every database there is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "accounts/links.rs"]
mod links;
mod support;

use chrono::TimeDelta;
use lakegate_app::{
    App, Caller, Identity,
    accounts::{
        SESSION_IDLE, SESSION_MAX, access_tokens, api_tokens, groups, me, password_links, set_up, sign_in,
        users::{self, UserInput},
    },
    audit::{AuditFilter, read},
    places::members,
};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::UserId,
    words::{MemberKind, ProductRole, ProjectRole, TokenScope},
};
use support::{Person, World, anonymous, refused};

const PASSWORD: &str = "correct horse staple";
const OTHER: &str = "another mule clip";

/// A user with a password, and a session begun with it.
async fn user(world: &World, name: &str) -> Person {
    let input = UserInput {
        username: name.into(),
        display_name: name.into(),
        email: None,
        password: Some(PASSWORD.into()),
        roles: Vec::new(),
    };
    let made = users::create(&world.app, &Caller::system("test"), &input).await.unwrap();
    Person { id: made.user.id, caller: entered(&world.app, name, PASSWORD).await.unwrap() }
}

async fn entered(app: &App, name: &str, password: &str) -> Result<Caller, Fault> {
    let started = sign_in::sign_in(app, &anonymous(), name, password, "test").await?;
    Ok(Caller { identity: Identity::Session(started.session.id), ..anonymous() })
}

/// Whether a caller is still somebody.
async fn lives(app: &App, caller: &Caller) -> bool {
    match me::me(app, caller).await {
        Ok(_) => true,
        Err(fault) => {
            assert_eq!(fault.code, Code::Unauthenticated, "{fault:?}");
            false
        }
    }
}

async fn recorded(app: &App, action: &str) -> usize {
    let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
    read::events(app, &Caller::system("test"), &filter, &PageRequest::default()).await.unwrap().items.len()
}

fn bearer(app: &App, pair: &access_tokens::TokenPair) -> Caller {
    Caller { identity: access_tokens::verify(app, &pair.access_token).unwrap(), ..anonymous() }
}

async fn token(app: &App, caller: &Caller, scopes: &[TokenScope]) -> (api_tokens::MadeToken, Caller) {
    let new = api_tokens::NewToken { name: "t".into(), scopes: scopes.to_vec(), days: 30, account: None };
    let made = api_tokens::create(app, caller, &new).await.unwrap();
    let identity = api_tokens::verify(app, &made.secret).await.unwrap();
    (made, Caller { identity, ..anonymous() })
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_get_one_answer() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        let wrong = refused(entered(app, "ann", OTHER).await, Code::Unauthenticated, None).to_string();
        for name in ["nobody", "", "an\0n", "\u{202E}", &"a".repeat(10_000)] {
            assert_eq!(
                refused(entered(app, name, PASSWORD).await, Code::Unauthenticated, None).to_string(),
                wrong,
                "{name:?}"
            );
        }
        users::set_disabled(app, &Caller::system("test"), ann.id, true).await.unwrap();
        assert_eq!(refused(entered(app, "ann", PASSWORD).await, Code::Unauthenticated, None).to_string(), wrong);
        users::set_disabled(app, &Caller::system("test"), ann.id, false).await.unwrap();
        entered(app, "ANN", PASSWORD).await.unwrap();
        assert_eq!(recorded(app, "session.start").await, 9, "each try is recorded");
    }
}

#[tokio::test]
async fn guessing_gets_slow_and_stays_so_after_a_restart() {
    for world in World::each().await {
        user(&world, "ann").await;
        for _ in 0..6 {
            refused(entered(&world.app, "ann", OTHER).await, Code::Unauthenticated, None);
        }
        let again = world.again();
        let slowed = refused(entered(&again, "ann", PASSWORD).await, Code::Throttled, None);
        assert_eq!(slowed.retry_after, Some(3));
        refused(entered(&again, "Ann", PASSWORD).await, Code::Throttled, None);
        world.wait(TimeDelta::seconds(2));
        entered(&again, "ann", PASSWORD).await.unwrap();
        refused(entered(&again, "ann", OTHER).await, Code::Unauthenticated, None);
    }
}

#[tokio::test]
async fn a_burst_of_guesses_is_no_way_round_the_throttle() {
    let world = World::sqlite().await;
    user(&world, "ann").await;
    let guesses = (0..20).map(|_| entered(&world.app, "ann", OTHER));
    let answers = futures::future::join_all(guesses).await;
    let judged = answers.iter().filter(|answer| answer.as_ref().unwrap_err().code == Code::Unauthenticated).count();
    assert!((6..=7).contains(&judged), "{judged} of 20 guesses were judged");
}

#[tokio::test]
async fn a_session_ends_idle_and_in_any_case() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        world.wait(SESSION_IDLE - TimeDelta::microseconds(1));
        assert!(lives(app, &ann.caller).await);
        world.wait(TimeDelta::microseconds(1));
        assert!(!lives(app, &ann.caller).await);
        assert!(me::sessions(app, &entered(app, "ann", PASSWORD).await.unwrap()).await.unwrap().len() == 1);

        let started = sign_in::sign_in(app, &anonymous(), "ann", PASSWORD, "test").await.unwrap();
        let caller = Caller { identity: Identity::Session(started.session.id), ..anonymous() };
        let step = TimeDelta::hours(8);
        for _ in 0..(SESSION_MAX.num_hours() / step.num_hours() - 1) {
            world.wait(step);
            assert!(sign_in::session_of_cookie(app, &started.token).await.unwrap().is_some());
        }
        world.wait(step - TimeDelta::microseconds(1));
        assert!(lives(app, &caller).await);
        world.wait(TimeDelta::microseconds(1));
        assert!(!lives(app, &caller).await, "used all the time, and over after its longest life");
        assert!(sign_in::session_of_cookie(app, &started.token).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_family() {
    for world in World::each().await {
        let (app, _ann) = (&world.app, user(&world, "ann").await);
        let first = access_tokens::issue(app, &anonymous(), "ann", PASSWORD).await.unwrap();
        let stranger = access_tokens::issue(app, &anonymous(), "ann", PASSWORD).await.unwrap();
        let second = access_tokens::refresh(app, &anonymous(), &first.refresh_token).await.unwrap();
        assert!(lives(app, &bearer(app, &second)).await);
        refused(access_tokens::refresh(app, &anonymous(), &first.refresh_token).await, Code::Unauthenticated, None);
        assert!(!lives(app, &bearer(app, &second)).await && !lives(app, &bearer(app, &first)).await);
        refused(access_tokens::refresh(app, &anonymous(), &second.refresh_token).await, Code::Unauthenticated, None);
        assert!(lives(app, &bearer(app, &stranger)).await, "another sign-in is another family");
        assert_eq!(recorded(app, "token.reuse").await, 1);

        access_tokens::revoke(app, &anonymous(), Some(&stranger.refresh_token)).await.unwrap();
        assert!(!lives(app, &bearer(app, &stranger)).await);
        assert_eq!(recorded(app, "token.revoke").await, 1);
        let third = access_tokens::issue(app, &anonymous(), "ann", PASSWORD).await.unwrap();
        world.wait(TimeDelta::minutes(15));
        refused(access_tokens::verify(app, &third.access_token), Code::Unauthenticated, None);
        let changed = third.access_token.replace('.', "A.");
        refused(access_tokens::verify(app, &changed), Code::Unauthenticated, None);
        let unknown = Caller {
            identity: Identity::AccessToken { user: UserId::from(uuid::Uuid::nil()), family: uuid::Uuid::nil() },
            ..anonymous()
        };
        assert!(!lives(app, &unknown).await);
    }
}

#[tokio::test]
async fn a_new_password_ends_whatever_the_old_one_opened() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        let admin = world.administrator("ada").await;
        let other = entered(app, "ann", PASSWORD).await.unwrap();
        let pair = access_tokens::issue(app, &anonymous(), "ann", PASSWORD).await.unwrap();
        let (_, robot) = token(app, &ann.caller, &[TokenScope::Read]).await;
        let link = password_links::ask(app, &admin.caller, ann.id).await.unwrap().secret;
        refused(me::change_password(app, &ann.caller, OTHER, OTHER).await, Code::Invalid, Some("current_password"));
        refused(
            me::change_password(app, &ann.caller, PASSWORD, "password123").await,
            Code::Invalid,
            Some("new_password"),
        );
        me::change_password(app, &ann.caller, PASSWORD, OTHER).await.unwrap();
        for caller in [&ann.caller, &other, &bearer(app, &pair), &robot] {
            assert!(!lives(app, caller).await);
        }
        refused(set_up::reset_password(app, &anonymous(), &link, PASSWORD).await, Code::Gone, None);
        refused(entered(app, "ann", PASSWORD).await, Code::Unauthenticated, None);
        let session = entered(app, "ann", OTHER).await.unwrap();

        let [first, second] = [(), ()].map(|()| password_links::ask(app, &admin.caller, ann.id));
        let (first, second) = (first.await.unwrap().secret, second.await.unwrap().secret);
        set_up::reset_password(app, &anonymous(), &first, PASSWORD).await.unwrap();
        assert!(!lives(app, &session).await);
        for link in [&first, &second] {
            refused(set_up::reset_password(app, &anonymous(), link, OTHER).await, Code::Gone, None);
        }
        entered(app, "ann", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_set_up_link_works_once_and_not_for_long() {
    for world in World::each().await {
        let app = &world.app;
        let old = set_up::new_link(app).await.unwrap().unwrap();
        let link = set_up::new_link(app).await.unwrap().unwrap();
        refused(set_up::set_up(app, &anonymous(), &old, "ada", PASSWORD).await, Code::Gone, None);
        world.wait(TimeDelta::minutes(30));
        refused(set_up::set_up(app, &anonymous(), &link, "ada", PASSWORD).await, Code::Gone, None);
        let link = set_up::new_link(app).await.unwrap().unwrap();
        let user = set_up::set_up(app, &anonymous(), &link, "ada", PASSWORD).await.unwrap();
        assert_eq!(user.username, "ada");
        refused(set_up::set_up(app, &anonymous(), &link, "eve", PASSWORD).await, Code::Gone, None);
        assert_eq!(set_up::new_link(app).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scopes() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        let (made, reader) = token(app, &ann.caller, &[TokenScope::Read]).await;
        let (_, writer) = token(app, &ann.caller, &[TokenScope::Write]).await;
        refused(me::set_profile(app, &reader, "Ann", None).await, Code::Forbidden, None);
        me::set_profile(app, &writer, "Ann", None).await.unwrap();
        refused(me::sessions(app, &writer).await, Code::Forbidden, None);
        refused(api_tokens::revoke(app, &reader, made.token.id).await, Code::Forbidden, None);
        refused(users::search(app, &writer, "a", &PageRequest::default()).await, Code::Forbidden, None);
        let new = api_tokens::NewToken { name: "x".into(), scopes: vec![TokenScope::Write], days: 1, account: None };
        refused(api_tokens::create(app, &writer, &new).await, Code::Forbidden, None);
        api_tokens::revoke(app, &writer, made.token.id).await.unwrap();
        assert!(!lives(app, &reader).await);
        refused(api_tokens::verify(app, &made.secret).await, Code::Unauthenticated, None);
        world.wait(TimeDelta::days(30));
        assert!(!lives(app, &writer).await);
        let late = entered(app, "ann", PASSWORD).await.unwrap();
        world.wait(TimeDelta::minutes(10));
        refused(api_tokens::create(app, &late, &new).await, Code::Reauthenticate, None);
        sign_in::confirm(app, &late, PASSWORD).await.unwrap();
        api_tokens::create(app, &late, &new).await.unwrap();
    }
}

#[tokio::test]
async fn strangers_do_not_learn_of_service_accounts_and_their_tokens() {
    let world = World::sqlite().await;
    let (app, ann, sam) = (&world.app, user(&world, "ann").await, user(&world, "sam").await);
    let domain = world.domain("Sales").await;
    let project = world.project(&ann, domain, "Sales").await;
    let account = api_tokens::create_account(app, &ann.caller, project, "robot", ProjectRole::Viewer).await.unwrap();
    let new = |account| api_tokens::NewToken {
        name: "t".into(),
        scopes: vec![TokenScope::Read],
        days: 1,
        account: Some(account),
    };
    let made = api_tokens::create(app, &ann.caller, &new(account.id)).await.unwrap();
    let nil = uuid::Uuid::nil();
    let hidden = refused(api_tokens::create(app, &sam.caller, &new(account.id)).await, Code::NotFound, None);
    assert_eq!(
        hidden.to_string(),
        refused(api_tokens::create(app, &sam.caller, &new(nil.into())).await, Code::NotFound, None).to_string()
    );
    let hidden = refused(api_tokens::revoke(app, &sam.caller, made.token.id).await, Code::NotFound, None);
    assert_eq!(
        hidden.to_string(),
        refused(api_tokens::revoke(app, &sam.caller, nil.into()).await, Code::NotFound, None).to_string()
    );
    let robot = Caller { identity: api_tokens::verify(app, &made.secret).await.unwrap(), ..anonymous() };
    assert!(lives(app, &robot).await);
    api_tokens::set_account_disabled(app, &ann.caller, account.id, true).await.unwrap();
    assert!(!lives(app, &robot).await);
}

#[tokio::test]
async fn disabling_a_user_says_what_it_does() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        let admin = world.administrator("ada").await;
        let domain = world.domain("Sales").await;
        world.project(&ann, domain, "Own").await;
        let by_group = world.project(&ann, domain, "Through a group").await;
        let group = world.group("owners", &[&ann]).await;
        members::add(app, &ann.caller, by_group, (MemberKind::Group, group.into()), ProjectRole::Owner).await.unwrap();
        members::remove(app, &ann.caller, by_group, ann.member()).await.unwrap();
        let shared = world.project(&ann, domain, "Shared").await;
        world.join(&ann, shared, &admin, ProjectRole::Owner).await;
        let (_, robot) = token(app, &ann.caller, &[TokenScope::Read]).await;
        let foretold = users::consequences(app, &admin.caller, ann.id).await.unwrap();
        let did = users::set_disabled(app, &admin.caller, ann.id, true).await.unwrap();
        assert_eq!(did, foretold);
        assert_eq!((did.sessions_ended, did.tokens_revoked), (1, 1));
        let mut names = did.projects_without_owner;
        names.sort();
        assert_eq!(names, ["Own", "Through a group"]);
        assert!(!lives(app, &ann.caller).await && !lives(app, &robot).await);
        users::set_disabled(app, &admin.caller, ann.id, false).await.unwrap();
        assert!(!lives(app, &ann.caller).await && !lives(app, &robot).await, "what ended stays ended");
    }
}

#[tokio::test]
async fn a_group_does_not_lose_a_project_its_last_owner() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        let admin = world.administrator("ada").await;
        let group = world.group("owners", &[&ann]).await;
        let domain = world.domain("Sales").await;
        let project = world.project(&ann, domain, "Sales").await;
        members::add(app, &ann.caller, project, (MemberKind::Group, group.into()), ProjectRole::Owner).await.unwrap();
        members::remove(app, &ann.caller, project, ann.member()).await.unwrap();
        refused(groups::set_member(app, &admin.caller, group, ann.id, false).await, Code::Conflict, None);
        assert!(me::me(app, &ann.caller).await.unwrap().projects.iter().any(|(found, _)| found.id == project));
        groups::set_member(app, &admin.caller, group, admin.id, true).await.unwrap();
        groups::set_member(app, &admin.caller, group, ann.id, false).await.unwrap();
        assert!(me::me(app, &ann.caller).await.unwrap().projects.is_empty());
    }
}

#[tokio::test]
async fn nobody_widens_himself_while_a_colleague_could() {
    for world in World::each().await {
        let app = &world.app;
        let admin = world.administrator("ada").await;
        let group = world.group("readers", &[]).await;
        let both = [ProductRole::Administrator, ProductRole::Auditor];
        users::set_roles(app, &admin.caller, admin.id, &both).await.unwrap();
        let second = world.administrator("bert").await;
        refused(groups::set_member(app, &admin.caller, group, admin.id, true).await, Code::Forbidden, None);
        refused(users::set_roles(app, &second.caller, second.id, &both).await, Code::Forbidden, None);
        users::set_roles(app, &admin.caller, second.id, &both).await.unwrap();
        refused(users::set_disabled(app, &admin.caller, admin.id, true).await, Code::Conflict, None);
    }
}

#[tokio::test]
async fn names_are_found_with_the_signs_in_them() {
    for world in World::each().await {
        for name in ["mary_k", "maryk", "mar_yk"] {
            user(&world, name).await;
        }
        let asker = world.person("asker").await;
        for (text, names) in [
            ("ry_", vec!["mary_k"]),
            ("%", vec![]),
            ("MARYK", vec!["maryk"]),
            ("mary\0_k", vec!["mary_k"]),
            ("\\", vec![]),
        ] {
            let found = users::search(&world.app, &asker.caller, text, &PageRequest::default()).await.unwrap();
            assert_eq!(found.items.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), names, "{text}");
        }
    }
}
