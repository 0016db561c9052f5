//! Lineage that other programs report as OpenLineage events.

mod broken;
mod orders;
mod same;

use lakegate_tests::{Answer, Client, Value, answer::id, both};
use serde_json::json;

use crate::{
    derived::{Side, producer},
    lineage::{asset, edges, lineage, nodes},
    workflows::ask,
};

const JOBS: &str = "query ($project: ID!) { reportedJobs(project: $project) {
    nodes { id namespace name kind owners } } }";
const RUNS: &str = "query ($job: ID!) { reportedRuns(job: $job) { nodes { id runId state startedAt endedAt error
    parent { namespace name runId } inputs outputs { datasetId rows bytes } failedAssertions } } }";
const EVENTS: &str = "query ($run: ID!) { reportedEvents(run: $run) { nodes { sentBy body } } }";
const DATASETS: &str = "query ($project: ID!, $unmatched: Boolean) {
    reportedDatasets(project: $project, unmatched: $unmatched) {
        nodes { id namespace name matched assetId sameAs owners lifecycle } } }";

const RUN: &str = "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e";

pub(super) fn dataset(namespace: &str, name: &str, facets: Value) -> Value {
    json!({ "namespace": namespace, "name": name, "facets": facets })
}

/// A table of the catalogue, as an event names it.
pub(super) fn own(side: &Side, name: &str) -> Value {
    dataset("lakegate", &side.table(name), json!({}))
}

/// An event about a run of the job `load`.
pub(super) fn event(kind: &str, second: u32, inputs: Value, outputs: Value) -> Value {
    json!({ "eventType": kind, "eventTime": format!("2026-05-03T10:00:{second:02}Z"),
        "producer": "https://example.org/loader", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": { "runId": RUN, "facets": {} }, "job": { "namespace": "nightly", "name": "load", "facets": {} },
        "inputs": inputs, "outputs": outputs })
}

/// Where a column comes from.
pub(super) fn from(namespace: &str, name: &str, field: &str, transformations: Value) -> Value {
    json!({ "namespace": namespace, "name": name, "field": field, "transformations": transformations })
}

pub(super) async fn report(client: &Client, body: Value) -> Answer {
    client.post("/api/v1/lineage", body).await
}

pub(super) async fn datasets(side: &Side, unmatched: bool) -> Vec<Value> {
    let with = json!({ "project": side.team.project, "unmatched": unmatched });
    let found = ask(&side.team.owner, DATASETS, with).await;
    found["nodes"].as_array().unwrap().clone()
}

/// The dataset of a name, as its project's members see it.
pub(super) async fn named(side: &Side, name: &str) -> Value {
    let all = datasets(side, false).await;
    all.into_iter().find(|dataset| dataset["name"] == name).unwrap_or_else(|| panic!("no dataset {name}"))
}

/// The one job that a project was told of.
async fn job(side: &Side) -> Value {
    let found = ask(&side.team.owner, JOBS, json!({ "project": side.team.project })).await;
    found["nodes"][0].clone()
}

async fn runs(side: &Side) -> Vec<Value> {
    let job = id(&job(side).await);
    ask(&side.team.owner, RUNS, json!({ "job": job })).await["nodes"].as_array().unwrap().clone()
}

/// What the loader says when it has loaded people from a topic.
fn loaded(side: &Side) -> Value {
    let identity = json!([{ "type": "DIRECT", "subtype": "IDENTITY" }]);
    let filter = json!([{ "type": "INDIRECT", "subtype": "FILTER", "description": "where age > 18" }]);
    let fields = json!({
        "name": { "inputFields": [from("kafka://broker", "people", "full_name", identity)] },
        "pay": { "inputFields": [from("kafka://broker", "people", "salary",
            json!([{ "type": "DIRECT", "subtype": "TRANSFORMATION", "description": "salary / 100" }]))] },
    });
    let lineage = json!({ "fields": fields, "dataset": [from("kafka://broker", "people", "age", filter)] });
    let mut output = own(side, "people");
    output["facets"] = json!({ "columnLineage": lineage });
    output["outputFacets"] = json!({ "outputStatistics": { "rowCount": 3, "size": 120 } });
    let schema = json!({ "fields": [{ "name": "full_name", "type": "string" }, { "name": "salary", "type": "long" },
        { "name": "age" }] });
    let input = dataset("kafka://broker", "people", json!({ "schema": schema, "custom": { "kept": [1, null, "ü"] } }));
    event("COMPLETE", 9, json!([input]), json!([output]))
}

both!(
    async fn what_a_run_says_is_lineage(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let mut start = event("START", 1, json!([]), json!([]));
        start["job"]["facets"] = json!({
            "jobType": { "processingType": "BATCH", "integration": "LOADER", "jobType": "TASK" },
            "ownership": { "owners": [{ "name": "team:data", "type": "MAINTAINER" }] } });
        start["run"]["facets"] = json!({ "parent": {
            "run": { "runId": "0190f3a1-0000-7b5a-9d3e-2f6a4b8c0d1e" }, "job": { "namespace": "nightly", "name": "all" } } });
        assert_eq!(report(&owner, start).await.is(201).text(), "");
        let people = asset(&side, "people").await;
        let alone = lineage(&owner, json!({ "asset": people })).await;
        assert_eq!(nodes(&alone).len(), 1, "a run that has not ended says nothing: {alone}");
        report(&owner, loaded(&side)).await.is(201);
        let graph = lineage(&owner, json!({ "asset": people, "direction": "UPSTREAM" })).await;
        assert_eq!(nodes(&graph), [("people".to_owned(), -1), ("people".to_owned(), 0)]);
        let expected = [
            "people.age -filter-> people.*",
            "people.full_name -copied-> people.name",
            "people.salary -computed-> people.pay",
        ];
        assert_eq!(edges(&graph), expected, "{graph}");
        let topic = graph["nodes"].as_array().unwrap().iter().find(|node| node["kind"] == "DATASET").unwrap();
        let columns: Vec<&Value> = topic["columns"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
        assert_eq!(columns, ["age", "full_name", "salary"]);
        let process = &graph["links"][0]["process"];
        assert_eq!((&process["name"], &process["origin"]), (&json!("load"), &json!("REPORTED")), "{graph}");
        let column = lineage(&owner, json!({ "asset": people, "column": "pay", "direction": "UPSTREAM" })).await;
        assert_eq!(edges(&column), [expected[0], expected[2]]);
        // As of a time before, there was none.
        let before = json!({ "asset": people, "direction": "UPSTREAM", "at": "2026-05-03T10:00:08Z" });
        assert_eq!(nodes(&lineage(&owner, before).await).len(), 1);
        // What is understood of the facets, and every event as it came.
        let known = job(&side).await;
        assert_eq!((&known["kind"], &known["owners"]), (&json!("BATCH LOADER TASK"), &json!(["team:data"])), "{known}");
        let runs = runs(&side).await;
        assert_eq!((runs.len(), &runs[0]["state"], &runs[0]["runId"]), (1, &json!("COMPLETED"), &json!(RUN)), "{runs:?}");
        assert_eq!((&runs[0]["outputs"][0]["rows"], &runs[0]["outputs"][0]["bytes"]), (&json!(3), &json!(120)));
        assert_eq!(runs[0]["parent"]["name"], "all");
        let kept = ask(&owner, EVENTS, json!({ "run": id(&runs[0]) })).await;
        let body: Value = serde_json::from_str(kept["nodes"][0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, loaded(&side));
    }
);

both!(
    async fn a_run_that_fails_says_why_and_draws_nothing(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let mut failed = loaded(&side);
        failed["eventType"] = json!("FAIL");
        failed["run"]["facets"]["errorMessage"] = json!({ "message": "no space", "programmingLanguage": "JAVA" });
        failed["inputs"][0]["inputFacets"] = json!({ "dataQualityAssertions": { "assertions": [
            { "assertion": "not_null", "success": false, "column": "age" }, { "assertion": "unique", "success": true }] } });
        report(&owner, failed).await.is(201);
        let people = asset(&side, "people").await;
        assert_eq!(nodes(&lineage(&owner, json!({ "asset": people })).await).len(), 1);
        let runs = runs(&side).await;
        assert_eq!((&runs[0]["state"], &runs[0]["error"]), (&json!("FAILED"), &json!("no space")), "{runs:?}");
        assert_eq!(runs[0]["failedAssertions"], 1);
    }
);

both!(
    async fn jobs_and_datasets_speak_without_runs(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let mut job = loaded(&side);
        for field in ["run", "eventType"] {
            job.as_object_mut().unwrap().remove(field);
        }
        report(&owner, job.clone()).await.is(201);
        let people = asset(&side, "people").await;
        let upstream = json!({ "asset": people, "direction": "UPSTREAM" });
        assert_eq!(nodes(&lineage(&owner, upstream.clone()).await).len(), 2);
        // It says all that there is, each time.
        job["eventTime"] = json!("2026-05-03T10:00:20Z");
        job["inputs"] = json!([dataset("file", "/people.csv", json!({}))]);
        job["outputs"][0]["facets"] = json!({});
        report(&owner, job).await.is(201);
        let graph = lineage(&owner, upstream).await;
        assert_eq!(nodes(&graph), [("/people.csv".to_owned(), -1), ("people".to_owned(), 0)]);
        // What it said before comes late.
        let mut late = loaded(&side);
        for field in ["run", "eventType"] {
            late.as_object_mut().unwrap().remove(field);
        }
        late["eventTime"] = json!("2026-05-03T10:00:15Z");
        report(&owner, late).await.is(201);
        assert_eq!(nodes(&lineage(&owner, json!({ "asset": people, "direction": "UPSTREAM" })).await), nodes(&graph));
        let about = json!({ "eventTime": "2026-05-03T10:00:30Z", "producer": "https://example.org/loader",
            "dataset": dataset("file", "/people.csv", json!({
                "ownership": { "owners": [{ "name": "ann" }] },
                "lifecycleStateChange": { "lifecycleStateChange": "TRUNCATE" } })) });
        report(&owner, about.clone()).await.is(201);
        let file = named(&side, "/people.csv").await;
        assert_eq!((&file["owners"], &file["lifecycle"]), (&json!(["ann"]), &json!("truncate")), "{file}");
        // A facet is taken back.
        let mut back = about;
        back["eventTime"] = json!("2026-05-03T10:00:31Z");
        back["dataset"]["facets"] = json!({ "ownership": { "_deleted": true } });
        report(&owner, back).await.is(201);
        assert_eq!(named(&side, "/people.csv").await["owners"], json!([]));
    }
);
