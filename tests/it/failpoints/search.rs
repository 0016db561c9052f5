//! The index of search: what it takes up, and how it is built anew.

use lakegate_tests::{
    Client, Server, both, json,
    story::{self, Team},
    upload,
};
use reqwest::Method;

use super::{dead, entries, here, sound, team, to_die};

pub(super) const SEARCH: &[&str] = &["search.read", "search.prepared", "search.committed"];
pub(super) const INDEX: &[&str] = &["index.generation_built", "index.pointer_staged", "index.pointer_switched"];

/// Tables that are ready to be published.
async fn ready(app: &Server, count: usize) -> (Team, Vec<String>) {
    let team = team(app).await;
    let mut assets = Vec::new();
    for n in 0..count {
        let table = format!("t{n}");
        let made = upload::upload(&team.owner, &team.environment.id, &table, "a.csv", b"id\n1\n".to_vec()).await;
        let (asset, _) = upload::asset(made);
        let before = story::asset(&team.owner, &asset).await;
        let edit = json!({
            "revision": before["revision"], "title": format!("Ready number {n}"), "description": "Ready.",
            "owner": team.owner.id,
        });
        team.owner.patch(&format!("/api/v1/assets/{asset}"), edit).await.ok();
        assets.push(asset);
    }
    (team, assets)
}

async fn published(client: &Client, assets: &[String]) -> i64 {
    let mut published = 0;
    for asset in assets {
        published += i64::from(story::asset(client, asset).await["status"] == "published");
    }
    published
}

both!(
    async fn a_change_that_search_takes_up(app) {
        let (team, assets) = ready(app, SEARCH.len()).await;
        let sven = app.person("sven").await;
        for (point, asset) in SEARCH.iter().zip(&assets) {
            let before = story::asset(&here(&team.owner, app), asset).await;
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let publish = client.request(Method::POST, &format!("/api/v1/assets/{asset}/publish"));
            // Where the index was behind already, the server died before it listened.
            let _either = client.try_send(publish.json(&json!({ "revision": before["revision"] }))).await;
            dead(app, point).await;
            let client = here(&team.owner, app);
            if story::asset(&client, asset).await["status"] != "published" {
                client.post(&format!("/api/v1/assets/{asset}/publish"), json!({ "revision": before["revision"] })).await.ok();
            }
            let total = published(&client, &assets).await;
            story::finds(&here(&sven, app), "ready number", total).await;
        }
        assert_eq!(published(&here(&team.owner, app), &assets).await, 3);
        assert_eq!(app.stop().await, Some(0));
        // Nobody has the index open now: its entries are compared too.
        sound(app, "search").await;
    }
);

both!(
    async fn an_index_that_is_built_anew(app) {
        let (team, assets) = ready(app, 2).await;
        for asset in &assets {
            let before = story::asset(&team.owner, asset).await;
            team.owner.post(&format!("/api/v1/assets/{asset}/publish"), json!({ "revision": before["revision"] })).await.ok();
        }
        let sven = app.person("sven").await;
        story::finds(&sven, "ready number", 2).await;
        for point in INDEX {
            to_die(app, point).await;
            app.command(&["reindex"]).await.refused();
            dead(app, point).await;
            story::finds(&here(&sven, app), "ready number", 2).await;
            app.command(&["reindex"]).await.ok();
            story::finds(&here(&sven, app), "ready number", 2).await;
            let generations = entries(&app.data_dir.join("index")).into_iter().filter(|entry| entry.is_dir()).count();
            assert_eq!(generations, 1, "{point}");
        }
        assert_eq!(app.stop().await, Some(0));
        sound(app, "index").await;
    }
);
