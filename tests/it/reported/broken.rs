//! Events that do not fit are refused with the path of what does not, and leave nothing behind.

use lakegate_tests::{Value, both};
use serde_json::json;

use super::{datasets, event, loaded, producer, report};

/// A change of a good event, and the path that is blamed.
type Break = (fn(&mut Value), &'static str);

const BREAKS: &[Break] = &[
    (|event| event["eventTime"] = json!("yesterday"), "eventTime"),
    (|event| event["eventTime"] = json!("1969-12-31T23:59:59Z"), "eventTime"),
    (|event| event["eventTime"] = json!("2999-01-01T00:00:00Z"), "eventTime"),
    (|event| event["eventType"] = json!("DONE"), "eventType"),
    (|event| event["run"]["runId"] = json!("7"), "run.runId"),
    (|event| event["producer"] = Value::Null, "producer"),
    (
        |event| {
            let many = |count: usize| (0..count).map(|n| json!({ "namespace": "n", "name": n.to_string() })).collect();
            event["inputs"] = Value::Array(many(101));
            event["outputs"] = Value::Array(many(100));
        },
        "outputs",
    ),
    (
        |event| {
            let name = json!({ "namespace": "n", "name": "m", "type": "TABLE" });
            event["inputs"][0]["facets"]["symlinks"] = json!({ "identifiers": vec![name; 101] });
        },
        "inputs[0].facets.symlinks",
    ),
    (|event| drop(event.as_object_mut().unwrap().remove("job")), "job"),
    (|event| event["job"]["name"] = json!(""), "job.name"),
    (|event| drop(event["job"].as_object_mut().unwrap().remove("namespace")), "job.namespace"),
    (|event| event["inputs"][0]["name"] = json!(7), "inputs[0].name"),
    (|event| event["inputs"][0]["name"] = json!("ü".repeat(751)), "inputs[0].name"),
    (|event| event["job"]["namespace"] = json!("x".repeat(1_001)), "job.namespace"),
    (
        |event| event["inputs"][0]["facets"]["schema"]["fields"][0]["name"] = json!("x".repeat(1_501)),
        "inputs[0].facets.schema.fields[0].name",
    ),
    (
        |event| {
            event["outputs"][0]["facets"]["columnLineage"]["fields"]["x".repeat(1_501)] = json!({ "inputFields": [] })
        },
        "outputs[0].facets.columnLineage.fields",
    ),
    (|event| event["inputs"][0]["name"] = json!("a\u{0}b"), "inputs[0].name"),
    (
        |event| event["inputs"][0]["facets"]["schema"]["fields"][1] = json!({ "type": "int" }),
        "inputs[0].facets.schema.fields[1].name",
    ),
    (|event| event["inputs"][0]["facets"]["custom"] = json!("text"), "inputs[0].facets.custom"),
    (
        |event| {
            event["inputs"][0]["facets"]["symlinks"] = json!({ "identifiers": [{ "namespace": "x", "name": "y" }] })
        },
        "inputs[0].facets.symlinks.identifiers[0].type",
    ),
    (
        |event| event["inputs"][0]["facets"]["ownership"] = json!({ "owners": [{}] }),
        "inputs[0].facets.ownership.owners[0].name",
    ),
    (
        |event| event["inputs"][0]["facets"]["lifecycleStateChange"] = json!({ "lifecycleStateChange": "GONE" }),
        "inputs[0].facets.lifecycleStateChange.lifecycleStateChange",
    ),
    (
        |event| event["inputs"][0]["inputFacets"] = json!({ "dataQualityMetrics": { "rowCount": "many" } }),
        "inputs[0].inputFacets.dataQualityMetrics.rowCount",
    ),
    (
        |event| {
            event["inputs"][0]["inputFacets"] =
                json!({ "dataQualityAssertions": { "assertions": [{ "assertion": "x" }] } })
        },
        "inputs[0].inputFacets.dataQualityAssertions.assertions[0].success",
    ),
    (
        |event| {
            event["outputs"][0]["facets"]["columnLineage"]["fields"]["pay"]["inputFields"][0] =
                json!({ "namespace": "x", "name": "y" })
        },
        "outputs[0].facets.columnLineage.fields.pay.inputFields[0].field",
    ),
    (
        |event| event["outputs"][0]["outputFacets"]["outputStatistics"]["size"] = json!(1.5),
        "outputs[0].outputFacets.outputStatistics.size",
    ),
    (|event| event["run"]["facets"]["parent"] = json!({ "run": { "runId": "x" } }), "run.facets.parent.run.runId"),
    (|event| event["run"]["facets"]["errorMessage"] = json!({ "message": 7 }), "run.facets.errorMessage.message"),
    (
        |event| event["job"]["facets"]["jobType"] = json!({ "processingType": "BATCH" }),
        "job.facets.jobType.integration",
    ),
];

/// A text that no database makes shorter.
fn noise(bytes: usize) -> String {
    let mut state = 7_u64;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(33 + u8::try_from((state >> 33) % 90).unwrap())
    };
    (0..bytes).map(letter).collect()
}

both!(
    async fn the_path_of_what_does_not_fit_is_named(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        for (change, path) in BREAKS {
            let mut broken = loaded(&side);
            change(&mut broken);
            report(&owner, broken).await.blames(400, "invalid", path);
        }
        for body in [json!({}), json!(7), json!("text"), json!(null)] {
            let said = report(&owner, body.clone()).await;
            assert_eq!(said.status, 400, "{body}: {}", said.text());
        }
        let said = report(&owner, json!([1, {}])).await.is(200).json();
        assert_eq!((&said["summary"]["received"], &said["summary"]["failed"]), (&json!(2), &json!(2)), "{said}");
        assert_eq!(datasets(&side, false).await, Vec::<Value>::new(), "nothing is left behind");
        // Of a batch the others are taken.
        let mut bad = event("START", 2, json!([]), json!([]));
        bad["run"]["runId"] = json!(7);
        let batch = json!([event("START", 1, json!([]), json!([])), bad, loaded(&side)]);
        let said = owner.post("/api/v1/lineage/batch", batch).await.is(200).json();
        assert_eq!((&said["status"], &said["summary"]["failed"]), (&json!("partial_success"), &json!(1)), "{said}");
        assert_eq!((&said["failed_events"][0]["index"], said["failed_events"].as_array().unwrap().len()), (&json!(1), 1));
        assert!(said["failed_events"][0]["reason"].as_str().unwrap().starts_with("run.runId: "), "{said}");
        assert_eq!(datasets(&side, false).await.len(), 2);
        // The longest names that there may be.
        let mut long = loaded(&side);
        long["eventTime"] = json!("2026-05-03T10:00:10Z");
        long["inputs"][0]["namespace"] = json!(noise(1_000));
        long["inputs"][0]["name"] = json!(noise(1_500));
        long["inputs"][0]["facets"]["schema"]["fields"][0]["name"] = json!(noise(1_500));
        report(&owner, long).await.is(201);
        assert_eq!(datasets(&side, false).await.len(), 3);
        // For which project has to be said, and one has to contribute to it.
        report(&side.team.owner, loaded(&side)).await.blames(400, "invalid", "Lakegate-Project");
        let viewer = app.person("vera").await;
        side.team.join(&viewer, "viewer").await;
        report(&viewer.acting(&side.team.project), loaded(&side)).await.problem(403, "forbidden");
    }
);
