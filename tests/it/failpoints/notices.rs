//! A notice that was sent, and not yet written down as sent.

use lakegate_tests::{
    both,
    files::write,
    json,
    story::{self, folder_uri},
};
use reqwest::Method;

use super::{dead, here, team, to_die};
use crate::run_notices::receivers::Receiver;

pub(super) const NOTICE: &[&str] = &["notice.sent"];

both!(
    lakegate_tests::Options::default().toml("[outgoing]\nallow = [\"127.0.0.1\"]\n[jobs]\nlease_seconds = 5"),
    async fn a_notice_on_its_way(app) {
        let team = team(app).await;
        let folder = app.files().join("told");
        write(&folder.join("told.csv"), b"id\n1\n");
        let source = story::source(&team, "told", &folder_uri(&folder)).await;
        let receiver = Receiver::answering(&[]);
        let input = json!({ "scope": "SOURCE", "target": source, "news": { "succeeded": true },
            "way": "WEBHOOK", "address": receiver.address() });
        let watch = "mutation ($input: WatchRunsInput!) { watchRuns(input: $input) { ok } }";
        assert_eq!(team.owner.data(watch, json!({ "input": input })).await["watchRuns"]["ok"], true);
        for point in NOTICE {
            to_die(app, point).await;
            let client = here(&team.owner, app);
            let start = client.request(Method::POST, &format!("/api/v1/data-sources/{source}/runs")).json(&json!({}));
            // The answer and the death run side by side.
            let _either = client.try_send(start).await;
            dead(app, point).await;
            let sent = "{ runDeliveries { nodes { id state } } }";
            let client = here(&team.owner, app);
            let delivery = lakegate_tests::eventually("the notice", async || {
                let found = client.data(sent, json!({})).await["runDeliveries"]["nodes"][0].clone();
                (found["state"] == "DELIVERED").then_some(found)
            })
            .await;
            let received = receiver.by_delivery();
            let id = delivery["id"].as_str().unwrap();
            assert_eq!(received.len(), 1, "{point}: one notice");
            assert_eq!(received[id].len(), 2, "{point}: sent twice under one id");
        }
    }
);
