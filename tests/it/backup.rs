//! Backup while it runs, restore, doctor.

use lakegate_tests::{Options, Server, both, command, people::PASSWORD, story::rows};
use serde_json::json;
use std::{fs, path::Path};

both!(
    async fn a_backup_made_while_it_runs_restores_whole(app) {
        if app.database_url().is_some() {
            // A PostgreSQL database is backed up by its own tools; the command says so.
            let said = app.command(&["backup", app.folder.path().join("copy").to_str().unwrap()]).await;
            assert!(said.code.is_some_and(|code| code != 101), "{said:?}");
            return;
        }
        let sales = app.published_sales().await;
        sales.subscribe().await;
        let upload = lakegate_tests::upload::upload(&sales.producer.owner, &sales.producer.environment.id, "notes", "a.csv",
            b"id\n1\n2\n".to_vec()).await;
        lakegate_tests::upload::asset(upload);
        let copy = app.folder.path().join("copy");
        // Changes go on while the copy is made.
        let (ada, going) = (app.admin.client.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true)));
        let writer = {
            let going = std::sync::Arc::clone(&going);
            tokio::spawn(async move {
                let mut n = 0;
                while going.load(std::sync::atomic::Ordering::SeqCst) {
                    ada.post("/api/v1/domains", json!({ "name": format!("d{n}") })).await.is(201);
                    n += 1;
                }
                n
            })
        };
        app.command(&["backup", copy.to_str().unwrap()]).await.ok();
        going.store(false, std::sync::atomic::Ordering::SeqCst);
        let made = writer.await.unwrap();
        assert!(made > 0);
        assert!(!holds(&copy, "master.key"), "a backup holds no master key");
        let key = fs::read(app.data_dir.join("master.key")).unwrap();
        assert_eq!(app.stop().await, Some(0));

        let refused = app.command(&["restore", copy.to_str().unwrap()]).await.refused();
        assert!(!refused.is_empty(), "a data directory in use was overwritten");
        fs::rename(&app.data_dir, app.folder.path().join("before")).unwrap();
        fs::create_dir(&app.data_dir).unwrap();
        let restored = app.command(&["restore", copy.to_str().unwrap()]).await;
        restored.ok();
        fs::write(app.data_dir.join("master.key"), key).unwrap();
        let private: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(app.data_dir.join("master.key"), private).unwrap();
        app.start_again().await;
        // Every session and token has ended.
        let mut stale = sales.producer.owner.client.clone();
        stale.base.clone_from(&app.url);
        stale.get("/api/v1/me").await.problem(401, "unauthenticated");
        let olga = app.signed_in("olga").await.acting(&sales.producer.project);
        assert_eq!(rows(&olga, &format!("select count(*) from {}", sales.own())).await, [[json!(11)]]);
        let notes = format!("select count(*) from {}.notes", sales.producer.environment.published);
        assert_eq!(rows(&olga, &notes).await, [[json!(2)]]);
        let mark = app.signed_in("mark").await.acting(&sales.consumer.project);
        assert_eq!(rows(&mark, &format!("select count(*) from {}", sales.granted())).await, [[json!(11)]]);
        app.command(&["doctor", "--deep"]).await.ok();
        app.command(&["audit", "verify"]).await.ok();
    }
);

fn holds(path: &Path, name: &str) -> bool {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().any(|entry| {
            let entry = entry.unwrap();
            entry.file_name() == name || holds(&entry.path(), name)
        });
    }
    false
}

#[tokio::test]
async fn doctor_finds_what_is_wrong_and_says_how_to_mend_it() {
    let app = Server::start(Options::default()).await;
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let made =
        lakegate_tests::upload::upload(&team.owner, &team.environment.id, "notes", "a.csv", b"id\n1\n".to_vec()).await;
    lakegate_tests::upload::asset(made);
    app.command(&["doctor"]).await.ok();
    app.command(&["doctor", "--deep"]).await.ok();
    let file = parquet_below(&app.data_dir.join("lake")).expect("the uploaded file");
    let aside = file.with_extension("aside");
    fs::rename(&file, &aside).unwrap();
    let said = app.command(&["doctor", "--deep"]).await.refused();
    assert!(said.contains("notes") || said.contains(".parquet"), "{said}");
    fs::rename(&aside, &file).unwrap();
    app.command(&["doctor", "--deep"]).await.ok();
    let orphan = file.with_file_name("orphan.parquet");
    fs::copy(&file, &orphan).unwrap();
    let said = app.command(&["doctor", "--deep"]).await.refused();
    assert!(said.contains("orphan.parquet"), "{said}");
    fs::remove_file(&orphan).unwrap();
    app.finish().await;
}

fn parquet_below(folder: &Path) -> Option<std::path::PathBuf> {
    for entry in fs::read_dir(folder).ok()?.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = parquet_below(&path) {
                return Some(found);
            }
        } else if path.extension().is_some_and(|end| end == "parquet") {
            return Some(path);
        }
    }
    None
}

#[tokio::test]
async fn a_restore_needs_an_unused_folder_and_a_backup_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing");
    let mut command = command::command(&["restore", nothing.to_str().unwrap(), "--data-dir"]);
    command.arg(folder.path().join("data")).current_dir(folder.path());
    let said = command::run(command, PASSWORD).await.refused();
    assert!(said.contains("nothing"), "{said}");
}
