//! The audit, which is sealed in batches.

use lakegate_tests::{both, json};
use reqwest::Method;

use super::{dead, sound, to_die};

pub(super) const AUDIT: &[&str] = &["audit.sealed", "audit.anchor_written"];

both!(
    async fn a_batch_of_the_audit(app) {
        for point in AUDIT {
            to_die(app, point).await;
            let made = app.admin.client.clone();
            // The answer comes before the sealing or is cut off by it.
            let request = made.request(Method::POST, "/api/v1/domains").json(&json!({ "name": point }));
            let acknowledged = made.try_send(request).await.is_ok_and(|answer| answer.status.is_success());
            dead(app, point).await;
            let domains = app.admin.get("/api/v1/domains").await.ok();
            let there = domains.as_array().unwrap().iter().any(|domain| domain["name"] == *point);
            assert!(there || !acknowledged, "{point}: {domains}");
            app.domain(&format!("{point} again")).await;
            sound(app, point).await;
        }
    }
);
