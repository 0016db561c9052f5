//! Who is in a project, and what happens when somebody goes.

use lakegate_app::{
    access::notices,
    accounts::{sign_in, users},
    places::{invitations, members, projects},
};
use lakegate_model::{
    Code, PageRequest,
    ids::ProjectId,
    words::{MemberKind, ProjectRole},
};
use lakegate_store::{Db, in_read, projects as store, sessions};

use crate::support::{Person, World, refused};

/// Two people and a project of the first.
async fn team(world: &World) -> (Person, Person, ProjectId) {
    let (owner, member) = (world.person("ann").await, world.person("max").await);
    let domain = world.domain("Sales").await;
    let project = world.project(&owner, domain, "Sales").await;
    (owner, member, project)
}

async fn role(world: &World, person: &Person, project: ProjectId) -> Option<ProjectRole> {
    match projects::get(&world.app, &person.caller, project).await {
        Ok(view) => view.role,
        Err(fault) => {
            assert_eq!(fault.code, Code::NotFound);
            None
        }
    }
}

#[tokio::test]
async fn an_invitation_is_answered_once_and_by_the_invited() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, guest, project) = team(&world).await;
        let other = world.person("olga").await;
        refused(
            invitations::invite(app, &guest.caller, project, guest.id, ProjectRole::Owner).await,
            Code::NotFound,
            None,
        );
        invitations::invite(app, &owner.caller, project, guest.id, ProjectRole::Viewer).await.unwrap();
        let invitation =
            invitations::invite(app, &owner.caller, project, guest.id, ProjectRole::Contributor).await.unwrap();
        assert_eq!((invitation.project_name.as_str(), invitation.role), ("Sales", ProjectRole::Contributor));
        assert_eq!(invitations::mine(app, &guest.caller).await.unwrap(), [invitation]);
        assert_eq!(notices::unread(app, &guest.caller).await.unwrap(), 2, "the invitation and its change");
        assert_eq!(role(&world, &guest, project).await, None, "an invitation shows nothing of the inside");
        refused(invitations::accept(app, &other.caller, project).await, Code::NotFound, None);
        assert_eq!(invitations::accept(app, &guest.caller, project).await.unwrap(), ProjectRole::Contributor);
        assert_eq!(role(&world, &guest, project).await, Some(ProjectRole::Contributor));
        refused(invitations::accept(app, &guest.caller, project).await, Code::NotFound, None);
        let again = invitations::invite(app, &owner.caller, project, guest.id, ProjectRole::Owner).await;
        refused(again, Code::Conflict, Some("user"));
        assert!(invitations::into_project(app, &owner.caller, project).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn declined_and_withdrawn_invitations_let_nobody_in() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, guest, project) = team(&world).await;
        invitations::invite(app, &owner.caller, project, guest.id, ProjectRole::Viewer).await.unwrap();
        invitations::decline(app, &guest.caller, project).await.unwrap();
        refused(invitations::accept(app, &guest.caller, project).await, Code::NotFound, None);
        invitations::invite(app, &owner.caller, project, guest.id, ProjectRole::Viewer).await.unwrap();
        invitations::withdraw(app, &owner.caller, project, guest.id).await.unwrap();
        refused(invitations::accept(app, &guest.caller, project).await, Code::NotFound, None);
        refused(invitations::withdraw(app, &owner.caller, project, guest.id).await, Code::NotFound, Some("user"));
        assert_eq!(role(&world, &guest, project).await, None);
    }
}

#[tokio::test]
async fn only_owners_change_who_is_in() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, member, project) = team(&world).await;
        let admin = world.administrator("ada").await;
        world.join(&owner, project, &member, ProjectRole::Contributor).await;
        let up = members::set_role(app, &member.caller, project, member.member(), ProjectRole::Owner).await;
        refused(up, Code::Forbidden, None);
        let inside = members::add(app, &admin.caller, project, admin.member(), ProjectRole::Owner).await;
        refused(inside, Code::NotFound, None);
        refused(members::list(app, &admin.caller, project).await, Code::NotFound, None);
        refused(members::remove(app, &member.caller, project, owner.member()).await, Code::Forbidden, None);
        let nobody = (MemberKind::Group, member.id.into());
        refused(
            members::add(app, &owner.caller, project, nobody, ProjectRole::Viewer).await,
            Code::NotFound,
            Some("group"),
        );
        let twice = members::add(app, &owner.caller, project, member.member(), ProjectRole::Viewer).await;
        refused(twice, Code::Conflict, Some("member"));
        members::set_role(app, &owner.caller, project, member.member(), ProjectRole::Viewer).await.unwrap();
        assert_eq!(role(&world, &member, project).await, Some(ProjectRole::Viewer));
        assert_eq!(members::list(app, &member.caller, project).await.unwrap().len(), 2);
        let absent = members::set_role(app, &owner.caller, project, admin.member(), ProjectRole::Viewer).await;
        refused(absent, Code::NotFound, Some("member"));
    }
}

#[tokio::test]
async fn a_project_keeps_an_enabled_owner_whatever_is_tried() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, second, project) = team(&world).await;
        let conflict = |result: Result<(), lakegate_model::Fault>| drop(refused(result, Code::Conflict, None));
        world.join(&owner, project, &second, ProjectRole::Owner).await;
        let system = lakegate_app::Caller::system("test");
        users::set_disabled(app, &system, second.id, true).await.unwrap();
        conflict(members::leave(app, &owner.caller, project).await.map(drop));
        conflict(members::remove(app, &owner.caller, project, owner.member()).await.map(drop));
        conflict(members::set_role(app, &owner.caller, project, owner.member(), ProjectRole::Viewer).await);
        let to_disabled = members::transfer(app, &owner.caller, project, second.id).await;
        refused(to_disabled, Code::Invalid, Some("to"));
        assert_eq!(role(&world, &owner, project).await, Some(ProjectRole::Owner), "refusals changed nothing");
        users::set_disabled(app, &system, second.id, false).await.unwrap();
        members::leave(app, &owner.caller, project).await.unwrap();
        let left = in_read!(&app.db, |tx, _scope| { Ok(store::owners_of(tx, project).await?) }).unwrap();
        assert_eq!(left, [second.id]);
    }
}

#[tokio::test]
async fn two_owners_who_leave_at_once_do_not_both_succeed() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, second, project) = team(&world).await;
        world.join(&owner, project, &second, ProjectRole::Owner).await;
        let (one, two) =
            tokio::join!(members::leave(app, &owner.caller, project), members::leave(app, &second.caller, project));
        assert_eq!(one.is_ok() as u8 + two.is_ok() as u8, 1, "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn an_owner_through_a_group_counts() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, member, project) = team(&world).await;
        let group = (MemberKind::Group, world.group("Owners", &[&member]).await.into());
        members::add(app, &owner.caller, project, group, ProjectRole::Owner).await.unwrap();
        assert_eq!(role(&world, &member, project).await, Some(ProjectRole::Owner));
        refused(members::leave(app, &member.caller, project).await, Code::Conflict, None);
        refused(members::transfer(app, &member.caller, project, owner.id).await, Code::Conflict, None);
        let departure = members::leave(app, &owner.caller, project).await.unwrap();
        assert_eq!(departure.people, 1);
        refused(members::remove(app, &member.caller, project, group).await, Code::Conflict, None);
        world.join(&member, project, &member, ProjectRole::Viewer).await;
        refused(members::remove(app, &member.caller, project, group).await, Code::Conflict, None);
        world.join(&member, project, &owner, ProjectRole::Owner).await;
        let departure = members::remove(app, &owner.caller, project, group).await.unwrap();
        assert_eq!(departure.people, 0, "{}: he is in by himself too", departure.note);
        assert_eq!(role(&world, &member, project).await, Some(ProjectRole::Viewer));
    }
}

#[tokio::test]
async fn ownership_passes_to_another_member() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, member, project) = team(&world).await;
        refused(members::transfer(app, &owner.caller, project, member.id).await, Code::Invalid, Some("to"));
        world.join(&owner, project, &member, ProjectRole::Viewer).await;
        refused(members::transfer(app, &owner.caller, project, owner.id).await, Code::Invalid, Some("to"));
        refused(members::transfer(app, &member.caller, project, member.id).await, Code::Forbidden, None);
        members::transfer(app, &owner.caller, project, member.id).await.unwrap();
        assert_eq!(role(&world, &owner, project).await, Some(ProjectRole::Contributor));
        assert_eq!(role(&world, &member, project).await, Some(ProjectRole::Owner));
        refused(members::remove(app, &owner.caller, project, member.member()).await, Code::Forbidden, None);
    }
}

#[tokio::test]
async fn the_removed_are_out_with_the_next_request_and_their_sessions_act_elsewhere() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, member, project) = team(&world).await;
        world.join(&owner, project, &member, ProjectRole::Contributor).await;
        sign_in::act_in(app, &member.caller, Some(project)).await.unwrap();
        let named = member.caller.clone().acting_in(Some(project));
        assert!(projects::mine(app, &named, &PageRequest::default()).await.is_ok());
        let departure = members::remove(app, &owner.caller, project, member.member()).await.unwrap();
        assert_eq!((departure.people, departure.sessions_now_elsewhere, departure.open_requests), (1, 1, 0));
        assert!(departure.note.starts_with("Grants"));
        assert_eq!(role(&world, &member, project).await, None);
        let refusal = projects::mine(app, &named, &PageRequest::default()).await;
        refused(refusal, Code::NotFound, Some("project"));
        assert!(projects::mine(app, &member.caller, &PageRequest::default()).await.unwrap().items.is_empty());
        let acting = in_read!(&app.db, |tx, _scope| {
            let sessions = sessions::sessions_live(tx, member.id, app.now()).await?;
            Ok(sessions.into_iter().filter_map(|session| session.project_id).collect::<Vec<_>>())
        });
        assert!(acting.unwrap().is_empty(), "coming back does not resume the old session's place");
    }
}

#[tokio::test]
async fn a_project_without_an_owner_gets_one_from_an_administrator() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, member, project) = team(&world).await;
        let (ada, bert) = (world.administrator("ada").await, world.administrator("bert").await);
        refused(members::appoint_owner(app, &ada.caller, project, member.id).await, Code::Conflict, None);
        let consequences = users::set_disabled(app, &ada.caller, owner.id, true).await.unwrap();
        assert_eq!(consequences.projects_without_owner, ["Sales"]);
        refused(members::appoint_owner(app, &member.caller, project, member.id).await, Code::Forbidden, None);
        refused(members::appoint_owner(app, &ada.caller, project, ada.id).await, Code::Forbidden, None);
        members::appoint_owner(app, &bert.caller, project, member.id).await.unwrap();
        assert_eq!(role(&world, &member, project).await, Some(ProjectRole::Owner));
    }
}

#[tokio::test]
async fn an_open_request_stays_with_the_project_and_is_told() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, member, project) = team(&world).await;
        world.join(&owner, project, &member, ProjectRole::Contributor).await;
        insert_request(&world, project, &member, "needs_information").await;
        let departure = members::remove(app, &owner.caller, project, member.member()).await.unwrap();
        assert_eq!((departure.people, departure.sessions_now_elsewhere, departure.open_requests), (1, 0, 1));
        assert!(departure.note.contains("One open request"), "{}", departure.note);
    }
}

/// A request for an asset of the project itself: all that counting needs.
async fn insert_request(world: &World, project: ProjectId, requester: &Person, state: &str) {
    const ASSET: &str = "INSERT INTO assets (id, project_id, kind, name, name_key, title, description, status, certified, deprecation_note, revision, created_at, updated_at) VALUES ($1, $2, 'table', 'a', 'a', '', '', 'published', FALSE, '', 1, $3, $3)";
    const REQUEST: &str = "INSERT INTO subscription_requests (id, number, project_id, asset_id, requester_id, reason, state, created_at, updated_at) VALUES ($1, 1, $2, $1, $3, '', $5, $4, $4)";
    let (id, now) = (uuid::Uuid::now_v7(), world.app.now());
    macro_rules! insert {
        ($pool:expr) => {{
            sqlx::query(ASSET).bind(id).bind(project.0).bind(now).execute($pool).await.unwrap();
            let request = sqlx::query(REQUEST).bind(id).bind(project.0).bind(requester.id.0).bind(now).bind(state);
            request.execute($pool).await.unwrap();
        }};
    }
    match &world.app.db {
        Db::Sqlite { writer, .. } => insert!(writer),
        Db::Postgres { pool, .. } => insert!(pool),
    }
}
