//! Backups that are cut off leave no half, and a restore that is cut off is repeated.

use lakegate_tests::{
    Options, Server, json,
    story::{self, rows},
    upload,
};
use std::fs;

use super::{entries, here, sound};

pub(super) const BACKUP: &[&str] =
    &["backup.database_copied", "backup.files_copied", "backup.described", "backup.packed"];
pub(super) const RESTORE: &[&str] =
    &["restore.begun", "restore.files_copied", "restore.database_copied", "restore.renewed"];

/// A server with one table of its own and a subscription.
async fn with_data() -> (Server, story::Sales) {
    let app = Server::start(Options::default()).await;
    let sales = app.published_sales().await;
    sales.subscribe().await;
    let environment = &sales.producer.environment.id;
    upload::asset(upload::upload(&sales.producer.owner, environment, "notes", "a.csv", b"id\n1\n2\n".to_vec()).await);
    (app, sales)
}

#[tokio::test]
async fn a_backup() {
    let (app, _) = with_data().await;
    for ending in ["folder", "tar.gz"] {
        for point in BACKUP.iter().filter(|point| ending == "tar.gz" || **point != "backup.packed") {
            let place = app.folder.path().join(point);
            fs::create_dir(&place).unwrap();
            let target = place.join(format!("copy.{ending}"));
            let arguments = ["backup", target.to_str().unwrap()];
            app.command_dies_at(&arguments, point).await;
            assert!(!target.exists(), "{point}: half a backup stands under its name");
            sound(&app, point).await;
            app.command(&arguments).await.ok();
            assert_eq!(entries(&place), [target], "{point}: something was left beside");
            fs::remove_dir_all(&place).unwrap();
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_restore() {
    let (mut app, sales) = with_data().await;
    let archive = app.folder.path().join("copy.tar.gz");
    app.command(&["backup", archive.to_str().unwrap()]).await.ok();
    assert_eq!(app.stop().await, Some(0));
    let key = app.data_dir.join("master.key");
    for point in RESTORE {
        app.data_dir = app.folder.path().join(point);
        let arguments = ["restore", archive.to_str().unwrap()];
        app.command_dies_at(&arguments, point).await;
        for refusing in ["serve", "doctor"] {
            let said = app.command(&[refusing]).await.refused();
            assert!(said.contains("cut off"), "{point}: {said}");
        }
        app.command(&arguments).await.ok();
        fs::copy(&key, app.data_dir.join("master.key")).unwrap();
        app.start_again().await;
        let olga = app.signed_in("olga").await.acting(&sales.producer.project);
        let notes = format!("select count(*) from {}.notes", sales.producer.environment.published);
        assert_eq!(rows(&olga, &notes).await, [[json!(2)]], "{point}");
        let mark = app.signed_in("mark").await.acting(&sales.consumer.project);
        assert_eq!(rows(&mark, &format!("select count(*) from {}", sales.granted())).await, [[json!(11)]], "{point}");
        here(&sales.producer.owner, &app).get("/api/v1/me").await.is(401);
        sound(&app, point).await;
        assert_eq!(app.stop().await, Some(0));
        let left = ["half-restored", "restore.unpacked"].map(|name| app.data_dir.join(name).exists());
        assert_eq!(left, [false, false], "{point}");
    }
    app.finish().await;
}
