//! A run of a data source that is cut off, and found again.

use lakegate_tests::{
    both,
    files::write,
    json,
    story::{self, folder_uri},
};
use reqwest::Method;

use super::{count, dead, here, sound, team, to_die};

pub(super) const SOURCE: &[&str] = &["source.claimed", "source.listed", "source.table_registered", "source.registered"];

both!(
    async fn a_run_of_a_data_source(app) {
        let team = team(app).await;
        let folder = app.files().join("points");
        for n in 0..3 {
            write(&folder.join(format!("t{n}/t{n}.csv")), b"id\n1\n");
        }
        let source = story::source(&team, "points", &folder_uri(&folder)).await;
        // On PostgreSQL another server may have the run: it is taken up after half a minute of silence, so once is enough.
        let points = if app.database_url().is_some() { &SOURCE[2..3] } else { SOURCE };
        for (n, point) in points.iter().enumerate() {
            write(&folder.join(format!("more{n}/more{n}.csv")), b"id\n1\n");
            to_die(app, point).await;
            let client = here(&team.owner, app);
            // The answer and the death run side by side.
            let start = client.request(Method::POST, &format!("/api/v1/data-sources/{source}/runs")).json(&json!({}));
            let _either = client.try_send(start).await;
            dead(app, point).await;
            let client = here(&team.owner, app);
            story::crawl(&client, &source).await;
            let all = client.all(&format!("/api/v1/projects/{}/assets", team.project), 200).await;
            assert_eq!(all.len(), 3 + n + 1, "{point}: a table is missing or doubled");
            for table in ["t0".to_owned(), format!("more{n}")] {
                assert_eq!(count(app, &team, &table).await, Some(1), "{point}");
            }
            sound(app, point).await;
        }
    }
);
