//! Lineage that another program has reported.

use lakegate_tests::{Value, answer::id, json};

use crate::world::{Ids, World};

/// An event about a run of its own.
pub fn event(n: u64) -> Value {
    let dataset = |name: &str| json!({ "namespace": "file", "name": format!("/{name}-{n}") });
    json!({ "eventType": "COMPLETE", "eventTime": "2026-05-03T10:00:00Z", "producer": "https://example.org/loader",
        "run": { "runId": format!("0190f3a1-7c1e-7b5a-9d3e-{n:012}") }, "job": { "namespace": "nightly", "name": format!("job-{n}") },
        "inputs": [dataset("from")], "outputs": [dataset("to")] })
}

impl World {
    /// Two datasets, a job with a run, and what a door needs of them besides.
    pub(super) async fn fresh_reported(&self, door: &str, n: u64, ids: &mut Ids) {
        let has = |words: &[&str]| words.iter().any(|word| door.contains(word));
        if !has(&["eported"]) {
            return;
        }
        let (owner, project) = (self.sales.producer.acting(), &self.sales.producer.project);
        owner.post("/api/v1/lineage", event(n)).await.is(201);
        let list = async |path: &str| owner.get(path).await.ok()["items"].as_array().unwrap().clone();
        let datasets = list(&format!("/api/v1/projects/{project}/reported-datasets")).await;
        let job = id(&list(&format!("/api/v1/projects/{project}/reported-jobs")).await[0]);
        ids.insert("reported_run", id(&list(&format!("/api/v1/reported-jobs/{job}/runs")).await[0]));
        ids.insert("job", job);
        let dataset = id(&datasets[0]);
        ids.insert("into", id(&datasets[1]));
        if has(&["undoReported", "DELETE /api/v1/reported-datasets", "/undo"]) {
            owner.put(&format!("/api/v1/reported-datasets/{dataset}/match"), json!({})).await.is(200);
        }
        ids.insert("reported_dataset", dataset.clone());
        ids.insert("dataset", dataset);
        if has(&["deleteReportedRule", "{rule}"]) {
            let rule = json!({ "namespace": format!("ruled-{n}"), "database": self.database_id() });
            let path = format!("/api/v1/projects/{project}/reported-rules");
            ids.insert("rule", id(&owner.post(&path, rule).await.ok()));
        }
    }
}
