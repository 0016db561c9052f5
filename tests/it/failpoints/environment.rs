//! An environment whose folder stands before the database knows of it.

use lakegate_tests::{both, json, story};
use reqwest::Method;

use super::{dead, here, sound, team, to_die, unanswered};

pub(super) const ENVIRONMENT: &[&str] = &["environment.folder_made"];

both!(
    async fn an_environment_that_is_made(app) {
        let team = team(app).await;
        for point in ENVIRONMENT {
            let path = format!("/api/v1/projects/{}/environments", team.project);
            to_die(app, point).await;
            unanswered(&here(&team.owner, app), Method::POST, &path, json!({ "name": "second" }), point).await;
            dead(app, point).await;
            let client = here(&team.owner, app);
            let made = client.get(&path).await.ok();
            assert!(!made.to_string().contains("\"second\""), "{point}: {made}");
            story::environment_of(&client, &team.project, json!({ "name": "second" })).await;
            sound(app, point).await;
        }
    }
);
