//! Files that people send: taken in whole, or not at all.

use futures::channel::mpsc;
use lakegate_tests::{Server, both, eventually_ok, story::Team, upload};
use reqwest::Body;
use std::path::PathBuf;

use super::{count, dead, entries, here, sound, team, to_die};

pub(super) const UPLOAD: &[&str] = &["upload.noted", "upload.staged", "upload.file_visible", "upload.committed"];
pub(super) const REFUSED_UPLOAD: &[&str] = &["upload.refused", "upload.taken_back"];

/// What an upload left after a start: rows under its name, and no note.
async fn assert_uploaded(app: &Server, team: &Team, table: &str, rows: Option<i64>) {
    assert_eq!(count(app, team, table).await, rows, "{table}");
    let assets = here(&team.owner, app).all(&format!("/api/v1/projects/{}/assets", team.project), 200).await;
    let named = assets.iter().filter(|asset| asset["name"] == table).count();
    assert_eq!(named, usize::from(rows.is_some()), "{table}: {assets:?}");
    assert_eq!(entries(&app.data_dir.join("unfinished")), [""; 0].map(PathBuf::from), "{table}");
    assert_eq!(entries(&app.data_dir.join("uploads")), [""; 0].map(PathBuf::from), "{table}");
}

both!(
    async fn an_upload(app) {
        let team = team(app).await;
        let environment = &team.environment.id;
        upload::asset(upload::upload(&team.owner, environment, "kept", "a.csv", b"id\n1\n".to_vec()).await);
        for point in UPLOAD {
            let table = point.replace('.', "_");
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let request = upload::request(&client, environment, &table, "a.csv", "id\n1\n2\n");
            assert!(client.try_send(request).await.is_err(), "{point}");
            dead(app, point).await;
            let committed = (*point == "upload.committed").then_some(2);
            assert_uploaded(app, &team, &table, committed).await;
            assert_eq!(count(app, &team, "kept").await, Some(1), "{point}");
            let client = here(&team.owner, app);
            let again = upload::upload(&client, environment, &table, "a.csv", b"id\n1\n2\n".to_vec()).await;
            again.is(if committed.is_some() { 409 } else { 201 });
            assert_uploaded(app, &team, &table, Some(2)).await;
            sound(app, point).await;
        }
    }
);

both!(
    async fn an_upload_whose_name_was_taken_meanwhile(app) {
        let team = team(app).await;
        let environment = &team.environment.id;
        for point in REFUSED_UPLOAD {
            let table = point.replace('.', "_");
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let (bytes, body) = mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
            bytes.unbounded_send(Ok(b"id\n1\n".to_vec())).unwrap();
            let slow = upload::request(&client, environment, &table, "a.csv", Body::wrap_stream(body));
            let slow = tokio::spawn({
                let client = client.clone();
                async move { client.try_send(slow).await.is_err() }
            });
            // Its name was free, and its bytes are taken; now another takes the name.
            eventually_ok("the slow upload", async || entries(&app.data_dir.join("uploads")).len() == 1).await;
            upload::asset(upload::upload(&client, environment, &table, "a.csv", b"id\n7\n8\n".to_vec()).await);
            drop(bytes);
            assert!(slow.await.unwrap(), "{point}");
            dead(app, point).await;
            assert_uploaded(app, &team, &table, Some(2)).await;
        }
    }
);
