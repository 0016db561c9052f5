//! In whatever order events come, and however often.

use lakegate_tests::{Client, Value, both, scale};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

use super::{EVENTS, Side, ask, asset, dataset, event, from, id, lineage, own, producer, report, runs};

/// Six events of one run, each of which says something else. Names end with the number of the run.
fn six(side: &Side, number: usize) -> Vec<Value> {
    let source = format!("source-{number}");
    let other = format!("other-{number}");
    let schema = json!({ "schema": { "fields": [{ "name": "a", "type": "int" }, { "name": "b", "type": "int" }] } });
    let mut output = own(side, "people");
    output["facets"] = json!({ "columnLineage": { "fields": {
        "name": { "inputFields": [from("file", &source, "a", json!([]))] } } } });
    let early = output.clone();
    output["facets"]["columnLineage"]["fields"]["pay"] =
        json!({ "inputFields": [from("file", &other, "b", json!([{ "type": "DIRECT", "subtype": "AGGREGATION" }]))] });
    let mut events = vec![
        event("START", 1, json!([]), json!([])),
        event("RUNNING", 2, json!([dataset("file", &source, schema)]), json!([])),
        event("RUNNING", 3, json!([]), json!([early])),
        event("OTHER", 4, json!([dataset("file", &other, json!({}))]), json!([])),
        event("RUNNING", 5, json!([]), json!([output])),
        event("COMPLETE", 6, json!([]), json!([])),
    ];
    for event in &mut events {
        event["run"]["runId"] = json!(format!("0190f3a1-7c1e-7b5a-9d3e-{number:012}"));
        event["job"]["name"] = json!(format!("job-{number}"));
    }
    events
}

/// All orders of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..of {
        let longer = |order: &Vec<usize>| {
            (0..=order.len()).map(|at| [&order[..at], &[next], &order[at..]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

async fn told(client: &Client, events: &[Value], order: &[usize]) {
    let batch: Vec<&Value> = order.iter().map(|at| &events[*at]).collect();
    let said = client.post("/api/v1/lineage", json!(batch)).await.is(200).json();
    assert_eq!((&said["status"], &said["summary"]["successful"]), (&json!("success"), &json!(order.len())), "{said}");
}

/// What each run's number leads to: the edges from datasets whose names end with it.
fn by_number(graph: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<&str, &str> = graph["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["key"].as_str().unwrap(), node["name"].as_str().unwrap()))
        .collect();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in graph["edges"].as_array().unwrap() {
        let (name, number) = names[edge["source"].as_str().unwrap()].split_once('-').unwrap();
        let text = format!("{name}.{} {} {}", edge["sourceColumn"], edge["kind"], edge["targetColumn"]);
        all.entry(number.to_owned()).or_default().insert(text);
    }
    for link in graph["links"].as_array().unwrap() {
        let (name, number) = names[link["source"].as_str().unwrap()].split_once('-').unwrap();
        all.entry(number.to_owned()).or_default().insert(format!("{name} {}", link["byValue"]));
    }
    all
}

both!(
    async fn six_events_of_a_run_give_one_graph(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let all = orders(6);
        assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (720, 720));
        // Enough in the gate that each event comes first, last and before each other one.
        let every = if scale() > 1 { 1 } else { 31 };
        let mut numbers = 0;
        for (number, order) in all.iter().enumerate().step_by(every) {
            told(&owner, &six(&side, number), order).await;
            numbers += 1;
        }
        let people = asset(&side, "people").await;
        let graph = lineage(&owner, json!({ "asset": people, "direction": "UPSTREAM", "depth": 1 })).await;
        let graphs = by_number(&graph);
        assert_eq!(graphs.len(), numbers);
        let expected = ["other true", "other.\"b\" \"AGGREGATED\" \"pay\"", "source true", "source.\"a\" \"COMPUTED\" \"name\""];
        for (number, found) in graphs {
            assert!(found.iter().eq(expected.iter()), "order {:?}: {found:?}", all[number.parse::<usize>().unwrap()]);
        }
    }
);

both!(
    async fn an_event_that_comes_again_changes_nothing(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let events = six(&side, 1);
        told(&owner, &events, &[0, 1, 2, 3, 4, 5]).await;
        let people = asset(&side, "people").await;
        let graph = lineage(&owner, json!({ "asset": people })).await;
        told(&owner, &events, &[5, 5, 4, 3, 2, 1, 0]).await;
        report(&owner, events[2].clone()).await.is(201);
        let again = lineage(&owner, json!({ "asset": people })).await;
        assert_eq!((&graph["nodes"], &graph["links"], &graph["edges"]), (&again["nodes"], &again["links"], &again["edges"]));
        let run = runs(&side).await;
        let kept = ask(&owner, EVENTS, json!({ "run": id(&run[0]) })).await;
        assert_eq!(kept["nodes"].as_array().unwrap().len(), 6);
    }
);

both!(
    async fn how_a_run_ended_counts_and_not_when_that_was_told(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let people = asset(&side, "people").await;
        let stated = |number: u32, kind: &str, second: u32, job: &str| {
            let source = json!([dataset("file", &format!("{job}-{number}"), json!({}))]);
            let mut event = event(kind, second, source, json!([own(&side, "people")]));
            event["run"]["runId"] = json!(format!("0190f3a1-7c1e-7b5a-9d3e-{number:012}"));
            event["job"]["name"] = json!(job);
            event
        };
        let upstream = async || {
            let graph = lineage(&owner, json!({ "asset": people, "direction": "UPSTREAM" })).await;
            crate::lineage::nodes(&graph).into_iter().map(|(name, _)| name).filter(|name| name != "people").collect::<Vec<_>>()
        };
        // It failed after it was complete, told in either order: the run before it counts.
        for (job, order) in [("early", [0, 1, 2]), ("late", [0, 2, 1])] {
            let events = [stated(1, "COMPLETE", 1, job), stated(2, "COMPLETE", 5, job), stated(2, "FAIL", 6, job)];
            for at in order {
                report(&owner, events[at].clone()).await.is(201);
            }
        }
        assert_eq!(upstream().await, ["early-1", "late-1"]);
        // Of two that ended at the same time the same one counts.
        for (job, order) in [("even", [3, 4]), ("odd", [4, 3])] {
            for number in order {
                report(&owner, stated(number, "COMPLETE", 7, job)).await.is(201);
            }
        }
        let found = upstream().await;
        assert!(["even-4", "odd-4"].iter().all(|name| found.iter().any(|known| known == name)), "{found:?}");
        assert!(!["even-3", "odd-3"].iter().any(|name| found.iter().any(|known| known == name)), "{found:?}");
        // One that never ends counts once it is at work, and goes on to when somebody stops it.
        for (job, order) in [("flow", [0, 1]), ("stream", [1, 0])] {
            let events = ["RUNNING", "ABORT"].map(|kind| {
                let mut event = stated(8, kind, if kind == "ABORT" { 9 } else { 8 }, job);
                event["job"]["facets"] =
                    json!({ "jobType": { "processingType": "STREAMING", "integration": "FLINK" } });
                event
            });
            for at in order {
                report(&owner, events[at].clone()).await.is(201);
            }
        }
        let found = upstream().await;
        assert!(["flow-8", "stream-8"].iter().all(|name| found.iter().any(|known| known == name)), "{found:?}");
        // Nine digits of a second are as good as six.
        let mut fine = stated(9, "COMPLETE", 10, "fine");
        fine["eventTime"] = json!("2026-05-03T10:00:10.123456789Z");
        report(&owner, fine.clone()).await.is(201);
        fine["eventType"] = json!("OTHER");
        report(&owner, fine).await.is(201);
        assert!(upstream().await.contains(&"fine-9".to_owned()));
    }
);

both!(
    async fn runs_that_are_told_late_stand_in_their_time(app) {
        let side = producer(app).await;
        let owner = side.team.acting();
        let people = asset(&side, "people").await;
        let run = |number: u32, second: u32, source: &str| {
            let mut event = event("COMPLETE", second, json!([dataset("file", source, json!({}))]), json!([own(&side, "people")]));
            event["run"]["runId"] = json!(format!("0190f3a1-7c1e-7b5a-9d3e-{number:012}"));
            event
        };
        // The latest first, then the earliest, then one between, and one that says what the next one says.
        for (number, second, source) in [(4, 40, "d"), (1, 10, "a"), (2, 20, "b"), (3, 30, "d")] {
            report(&owner, run(number, second, source)).await.is(201);
        }
        for (second, source) in [(5, None), (15, Some("a")), (25, Some("b")), (35, Some("d")), (45, Some("d"))] {
            let at = format!("2026-05-03T10:00:{second:02}Z");
            let graph = lineage(&owner, json!({ "asset": people, "direction": "UPSTREAM", "at": at })).await;
            let names: Vec<&str> =
                graph["nodes"].as_array().unwrap().iter().skip(1).map(|node| node["name"].as_str().unwrap()).collect();
            assert_eq!(names, source.into_iter().collect::<Vec<_>>(), "at second {second}");
        }
    }
);
