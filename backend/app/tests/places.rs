//! Domains, projects, members, environments, connections and roots, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

#[path = "places/members.rs"]
mod members;
#[path = "places/storage.rs"]
mod storage;

use lakegate_app::{
    App, Caller,
    accounts::api_tokens,
    places::{
        domains::{self, DomainChange, MAX_DEPTH, NewDomain},
        projects::{self, NewProject, ProjectChange},
    },
};
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::DomainId,
    places::Domain,
    words::{Discover, ProjectRole, TokenScope},
};
use lakegate_store::{audit::AuditFilter, changes, in_read};
use support::{World, anonymous, refused};
use uuid::Uuid;

async fn below(app: &App, caller: &Caller, parent: Option<DomainId>, name: &str) -> Result<Domain, Fault> {
    let new = NewDomain { parent, name: name.to_owned(), description: String::new(), discover: Discover::Listed };
    domains::create(app, caller, &new).await
}

/// How often an action stands in the audit.
async fn recorded(app: &App, action: &str) -> usize {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    let system = Caller::system("test");
    // The server itself sees everything, as an auditor does.
    lakegate_app::audit::read::events(app, &system, &filter, &PageRequest::default()).await.unwrap().items.len()
}

#[tokio::test]
async fn administrators_plant_the_tree_and_stewards_grow_it() {
    for world in World::each().await {
        let app = &world.app;
        let (admin, steward, other) =
            (world.administrator("ada").await, world.person("stef").await, world.person("olaf").await);
        refused(below(app, &steward.caller, None, "Sales").await, Code::Forbidden, None);
        let root = below(app, &admin.caller, None, "Sales").await.unwrap();
        refused(below(app, &admin.caller, None, "SALES").await, Code::Conflict, Some("name"));
        refused(below(app, &steward.caller, Some(root.id), "Retail").await, Code::Forbidden, None);
        domains::add_steward(app, &admin.caller, root.id, steward.id).await.unwrap();
        let child = below(app, &steward.caller, Some(root.id), "Retail").await.unwrap();
        let grandchild = below(app, &steward.caller, Some(child.id), "Stores").await.unwrap();
        refused(below(app, &other.caller, Some(child.id), "Web").await, Code::Forbidden, None);
        refused(below(app, &admin.caller, Some(Uuid::nil().into()), "X").await, Code::NotFound, Some("parent"));
        let view = domains::get(app, &other.caller, grandchild.id).await.unwrap();
        assert!(view.stewards.is_empty());
        assert_eq!(view.inherited_stewards.iter().map(|user| user.id).collect::<Vec<_>>(), [steward.id]);
        domains::remove_steward(app, &admin.caller, root.id, steward.id).await.unwrap();
        refused(below(app, &steward.caller, Some(child.id), "Web").await, Code::Forbidden, None);
        let again = domains::remove_steward(app, &admin.caller, root.id, steward.id).await;
        refused(again, Code::Conflict, Some("user"));
        assert_eq!(recorded(app, "domain.add_steward").await, 1);
    }
}

#[tokio::test]
async fn the_tree_lists_each_domain_under_its_parent_and_ends_at_its_depth() {
    for world in World::each().await {
        let (app, admin) = (&world.app, world.administrator("ada").await);
        let b = below(app, &admin.caller, None, "B").await.unwrap();
        let a = below(app, &admin.caller, None, "A").await.unwrap();
        below(app, &admin.caller, Some(a.id), "Z").await.unwrap();
        below(app, &admin.caller, Some(a.id), "C").await.unwrap();
        let mut deepest = b.id;
        for level in 1..MAX_DEPTH {
            deepest = below(app, &admin.caller, Some(deepest), &format!("B{level}")).await.unwrap().id;
        }
        refused(below(app, &admin.caller, Some(deepest), "too deep").await, Code::Invalid, Some("parent"));
        let tree = domains::tree(app, &admin.caller).await.unwrap();
        let lines: Vec<String> = tree.iter().map(|node| format!("{}{}", node.depth, node.domain.name)).collect();
        assert_eq!(lines, ["0A", "1C", "1Z", "0B", "1B1", "2B2", "3B3", "4B4", "5B5", "6B6", "7B7"]);
        refused(domains::tree(app, &anonymous()).await, Code::Unauthenticated, None);
        refused(domains::get(app, &anonymous(), Uuid::nil().into()).await, Code::Unauthenticated, None);
    }
}

#[tokio::test]
async fn a_changed_default_reaches_the_index() {
    for world in World::each().await {
        let (app, admin) = (&world.app, world.administrator("ada").await);
        let domain = below(app, &admin.caller, None, "Sales").await.unwrap();
        let change = DomainChange { description: Some("All *sales*.".into()), ..DomainChange::default() };
        domains::update(app, &admin.caller, domain.id, &change).await.unwrap();
        let seen = |position| async move {
            in_read!(&app.db, |tx, _scope| { Ok(changes::changes_since(tx, position, 10).await?) }).unwrap()
        };
        assert!(seen(0).await.is_empty());
        let change = DomainChange { discover: Some(Discover::Hidden), ..DomainChange::default() };
        let after = domains::update(app, &admin.caller, domain.id, &change).await.unwrap();
        assert_eq!((after.discover, after.description.as_str()), (Discover::Hidden, "All *sales*."));
        let changes = seen(0).await;
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].entity.as_str(), changes[0].entity_id), ("domain", domain.id.into()));
        let change = DomainChange { name: Some("\u{202E}x".into()), ..DomainChange::default() };
        refused(domains::update(app, &admin.caller, domain.id, &change).await, Code::Invalid, Some("name"));
    }
}

#[tokio::test]
async fn an_administrator_does_not_name_himself_a_steward_while_another_could() {
    for world in World::each().await {
        let (app, admin) = (&world.app, world.administrator("ada").await);
        let domain = world.domain("Sales").await;
        let second = world.administrator("bert").await;
        refused(domains::add_steward(app, &admin.caller, domain, admin.id).await, Code::Forbidden, None);
        domains::add_steward(app, &second.caller, domain, admin.id).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_starts_a_project_owns_it_and_strangers_do_not_see_it() {
    for world in World::each().await {
        let app = &world.app;
        let (owner, stranger, admin) =
            (world.person("ann").await, world.person("sam").await, world.administrator("ada").await);
        let domain = world.domain("Sales").await;
        let id = world.project(&owner, domain, "Sales producer").await;
        let view = projects::get(app, &owner.caller, id).await.unwrap();
        assert_eq!((view.domain_name.as_str(), view.role), ("Sales", Some(ProjectRole::Owner)));
        let absent = refused(projects::get(app, &stranger.caller, Uuid::nil().into()).await, Code::NotFound, None);
        for caller in [&stranger.caller, &admin.caller] {
            let hidden = refused(projects::get(app, caller, id).await, Code::NotFound, None);
            assert_eq!(hidden.to_string(), absent.to_string());
            let change = projects::update(app, caller, id, &ProjectChange::default()).await;
            assert_eq!(refused(change, Code::NotFound, None).to_string(), absent.to_string());
        }
        refused(projects::get(app, &anonymous(), id).await, Code::Unauthenticated, None);
        refused(projects::get(app, &anonymous(), Uuid::nil().into()).await, Code::Unauthenticated, None);
        let twin = NewProject { domain, name: "sales PRODUCER".into(), description: String::new() };
        refused(projects::create(app, &stranger.caller, &twin).await, Code::Conflict, Some("name"));
        let lost = NewProject { domain: Uuid::nil().into(), ..twin };
        refused(projects::create(app, &stranger.caller, &lost).await, Code::NotFound, Some("domain"));
    }
}

#[tokio::test]
async fn owners_rename_a_project_and_members_do_not() {
    for world in World::each().await {
        let (app, owner, member) = (&world.app, world.person("ann").await, world.person("max").await);
        let domain = world.domain("Sales").await;
        let id = world.project(&owner, domain, "Old").await;
        world.join(&owner, id, &member, ProjectRole::Contributor).await;
        let change = ProjectChange { name: Some("New".into()), description: None };
        refused(projects::update(app, &member.caller, id, &change).await, Code::Forbidden, None);
        let after = projects::update(app, &owner.caller, id, &change).await.unwrap();
        assert_eq!(after.project.name, "New");
        assert_eq!(projects::get(app, &member.caller, id).await.unwrap().project.name, "New");
        assert_eq!(recorded(app, "project.update").await, 2, "the refusal and the change");
    }
}

#[tokio::test]
async fn my_projects_come_in_pages_and_hold_no_others() {
    for world in World::each().await {
        let (app, me, other) = (&world.app, world.person("ann").await, world.person("sam").await);
        let domain = world.domain("Sales").await;
        for name in ["d", "B", "a", "C", "e"] {
            world.project(&me, domain, name).await;
            world.project(&other, domain, &format!("{name} of another")).await;
        }
        let mut names = Vec::new();
        let mut page = PageRequest::new(Some(2), None).unwrap();
        loop {
            let found = projects::mine(app, &me.caller, &page).await.unwrap();
            assert!(found.items.len() <= 2);
            names.extend(found.items.into_iter().map(|view| view.project.name));
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        assert_eq!(names, ["a", "B", "C", "d", "e"]);
    }
}

#[tokio::test]
async fn a_service_account_sees_its_project_within_the_scopes_of_its_token() {
    for world in World::each().await {
        let (app, owner) = (&world.app, world.person("ann").await);
        let domain = world.domain("Sales").await;
        let project = world.project(&owner, domain, "Sales").await;
        let contributor = ProjectRole::Contributor;
        let account = api_tokens::create_account(app, &owner.caller, project, "robot", contributor).await.unwrap();
        for (scope, sees) in [(TokenScope::Read, true), (TokenScope::Query, false)] {
            let new =
                api_tokens::NewToken { name: "t".into(), scopes: vec![scope], days: 1, account: Some(account.id) };
            let made = api_tokens::create(app, &owner.caller, &new).await.unwrap();
            let identity = api_tokens::verify(app, &made.secret).await.unwrap();
            let robot = Caller { identity, ..anonymous() };
            let mine = projects::mine(app, &robot, &PageRequest::default()).await;
            match sees {
                true => assert_eq!(mine.unwrap().items[0].project.id, project),
                false => drop(refused(mine, Code::Forbidden, None)),
            }
            let new = NewProject { domain, name: "By a robot".into(), description: String::new() };
            refused(projects::create(app, &robot, &new).await, Code::Forbidden, None);
        }
    }
}
