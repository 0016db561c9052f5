//! The chain of the audit, and what tampering with it leaves to be found.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lakegate_app::{
    App, Caller,
    accounts::groups,
    audit::{AuditFilter, chain, read},
};
use lakegate_model::{Code, PageRequest, words::ProductRole};
use sqlx::{Connection, SqliteConnection};
use std::{fs, io::Write, path::PathBuf};
use support::{World, anonymous, refused};

/// Some sealed batches, and how many.
async fn history(world: &World) -> i64 {
    for name in ["a", "b", "c"] {
        groups::create(&world.app, &Caller::system("test"), name, "").await.unwrap();
        assert_eq!(chain::seal(&world.app).await.unwrap(), 1);
    }
    3
}

fn database(world: &World) -> PathBuf {
    world.folder("").join("lakegate.db")
}

/// Changes the database behind the application's back.
async fn tamper(world: &World, sql: &'static str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database(world).display())).await.unwrap();
    let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}

async fn faults(app: &App) -> String {
    chain::verify(app).await.unwrap().faults.join("\n")
}

#[tokio::test]
async fn an_untouched_chain_holds() {
    for world in World::each().await {
        let batches = history(&world).await;
        groups::create(&world.app, &Caller::system("test"), "unsealed", "").await.unwrap();
        let report = chain::verify(&world.app).await.unwrap();
        assert_eq!((report.batches, report.unsealed), (batches, 1));
        assert_eq!(report.faults, Vec::<String>::new());
        assert_eq!(chain::seal(&world.again()).await.unwrap(), 1);
        assert_eq!(faults(&world.app).await, "");
    }
}

#[tokio::test]
async fn each_kind_of_tampering_is_found() {
    for (sql, said) in [
        ("UPDATE audit_events SET actor_name = 'somebody else' WHERE number = 2", "events of batch 2 were changed"),
        ("UPDATE audit_events SET detail = 'null' WHERE number = 1", "events of batch 1 were changed"),
        ("DELETE FROM audit_events WHERE number = 2", "batch 2 lacks events"),
        ("DELETE FROM audit_events WHERE number = 3", "3 events were recorded, but the last one is number 2"),
        ("DELETE FROM audit_batches WHERE number = 3", "batch 3 is anchored, but the database ends at batch 2"),
        ("DELETE FROM audit_batches WHERE number = 2", "batch 3 does not follow the one before it"),
        ("UPDATE audit_batches SET hash = previous_hash WHERE number = 2", "batch 2 differs from its anchor"),
        ("UPDATE audit_batches SET signature = '00' WHERE number = 1", "the signature of batch 1 is not ours"),
    ] {
        let world = World::sqlite().await;
        history(&world).await;
        tamper(&world, sql).await;
        let found = faults(&world.app).await;
        assert!(found.contains(said), "{sql}: {found}");
    }
}

#[tokio::test]
async fn a_chain_written_anew_differs_from_its_anchors() {
    let world = World::sqlite().await;
    history(&world).await;
    // Whoever holds the server's key can seal other events; the anchors stay what they were.
    let anchors = fs::read(chain::anchor_path(&world.app)).unwrap();
    tamper(&world, "UPDATE audit_events SET actor_name = 'nobody' WHERE number = 3").await;
    tamper(&world, "DELETE FROM audit_batches WHERE number = 3").await;
    chain::seal(&world.app).await.unwrap();
    assert_eq!(fs::read(chain::anchor_path(&world.app)).unwrap(), anchors);
    assert_eq!(faults(&world.app).await, "batch 3 differs from its anchor");
}

#[tokio::test]
async fn an_older_database_is_found_also_after_it_went_on() {
    let world = World::sqlite().await;
    history(&world).await;
    let copy = world.folder("copies").join("old.db");
    world.app.db.copy_to(&copy).await.unwrap();
    groups::create(&world.app, &Caller::system("test"), "d", "").await.unwrap();
    chain::seal(&world.app).await.unwrap();
    assert_eq!(faults(&world.app).await, "");
    let old = lakegate_store::Db::sqlite(&copy).await.unwrap();
    let app = world.again_on(old);
    assert!(faults(&app).await.contains("batch 4 is anchored"));
    groups::create(&app, &Caller::system("test"), "another", "").await.unwrap();
    chain::seal(&app).await.unwrap();
    assert_eq!(faults(&app).await, "batch 4 differs from its anchor");
}

#[tokio::test]
async fn a_torn_anchor_is_mended_and_lost_anchors_are_said() {
    let world = World::sqlite().await;
    history(&world).await;
    let path = chain::anchor_path(&world.app);
    let whole = fs::read_to_string(&path).unwrap();
    for torn in [whole.len() - 1, whole.len() - 20, whole.len() - 200] {
        fs::write(&path, &whole[..torn]).unwrap();
        chain::seal(&world.app).await.unwrap();
        assert_eq!(faults(&world.app).await, "");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with(&whole[whole.trim_end().rfind('\n').unwrap() + 1..]), "the last head is there, whole");
    }
    groups::create(&world.app, &Caller::system("test"), "d", "").await.unwrap();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"4 9\xff").unwrap();
    chain::seal(&world.app).await.unwrap();
    assert_eq!(faults(&world.app).await, "");
    fs::remove_file(&path).unwrap();
    assert!(faults(&world.app).await.contains("anchors are gone"));
}

#[tokio::test]
async fn everyone_reads_what_is_his() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, sam) = (world.person("ann").await, world.person("sam").await);
        let auditor = world.person_with("audrey", &[ProductRole::Auditor]).await;
        let domain = world.domain("Sales").await;
        world.project(&ann, domain, "Sales").await;
        let filter = |action: &str| AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
        let count = async |caller: &Caller, action: &str| {
            read::events(app, caller, &filter(action), &PageRequest::default()).await.unwrap().items.len()
        };
        assert_eq!((count(&sam.caller, "project").await, count(&sam.caller, "session.start").await), (0, 1));
        assert_eq!(count(&ann.caller, "project.create").await, 1);
        assert_eq!(count(&auditor.caller, "audit.read").await, 0);
        assert_eq!(count(&auditor.caller, "audit.read").await, 1);
        refused(
            read::events(app, &anonymous(), &filter("project"), &PageRequest::default()).await,
            Code::Unauthenticated,
            None,
        );
        // Underlines are letters like others, and NUL finds nothing.
        assert_eq!(count(&auditor.caller, "service_account").await, 0);
        assert_eq!(count(&auditor.caller, "sessionXstart").await, 0);
        assert_eq!(count(&auditor.caller, "session\0.start").await, 3);
    }
}
