//! Random graphs with random ends, against a naive reading of the rules.

use lakegate_model::words::{StepEnd, StepState, WorkflowState};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::workflow_bench::{End, FlowBench};

/// A step: what it waits for among those before it, and which of its parts succeed. `divided` steps may have none.
#[derive(Debug, Clone)]
struct Node {
    after: BTreeMap<usize, StepEnd>,
    parts: Vec<bool>,
    divided: bool,
}

fn node(at: usize) -> impl Strategy<Value = Node> {
    let on = prop_oneof![3 => Just(StepEnd::Succeeded), 2 => Just(StepEnd::Failed), 2 => Just(StepEnd::Ended)];
    let after = prop::collection::btree_map(0..at.max(1), on, 0..=at.min(3));
    let succeeds = prop::bool::weighted(0.7);
    (after, prop::collection::vec(succeeds, 0..4), any::<bool>()).prop_map(move |(after, mut parts, divided)| {
        if !divided {
            parts.resize(1, true);
        }
        Node { after: if at == 0 { BTreeMap::new() } else { after }, parts, divided }
    })
}

fn graph() -> impl Strategy<Value = Vec<Node>> {
    (1_usize..9).prop_flat_map(|count| (0..count).map(node).collect::<Vec<_>>())
}

fn definition(graph: &[Node]) -> Value {
    let step = |(at, node): (usize, &Node)| {
        let after: Vec<Value> =
            node.after.iter().map(|(step, on)| json!({ "step": format!("s{step}"), "on": on })).collect();
        let mut step = json!({ "name": format!("s{at}"), "kind": "work", "after": after });
        if node.divided {
            step["for_each"] = (0..node.parts.len()).collect();
        }
        step
    };
    graph.iter().enumerate().map(step).collect()
}

/// The rules, read once in the order of the steps. `kept` are the states that an earlier run left.
fn expected(graph: &[Node], kept: &[StepState], all_succeed: bool) -> Vec<StepState> {
    let mut states: Vec<StepState> = Vec::new();
    for (at, node) in graph.iter().enumerate() {
        if kept.get(at) == Some(&StepState::Succeeded) {
            states.push(StepState::Succeeded);
            continue;
        }
        let begins = node.after.iter().all(|(before, on)| match on {
            StepEnd::Succeeded => states[*before] == StepState::Succeeded,
            StepEnd::Failed => states[*before] == StepState::Failed,
            StepEnd::Ended => true,
        });
        let succeeds = all_succeed || node.parts.iter().all(|succeeds| *succeeds);
        states.push(match (begins, succeeds) {
            // One that began before goes on with its parts, whatever became of those before it.
            _ if kept.get(at) == Some(&StepState::Failed) => StepState::Succeeded,
            (false, _) => StepState::Skipped,
            (true, true) => StepState::Succeeded,
            (true, false) => StepState::Failed,
        });
    }
    states
}

fn outcome(graph: &[Node], states: &[StepState]) -> WorkflowState {
    let unhandled = (0..graph.len()).any(|at| {
        let handled = graph.iter().zip(states).any(|(node, state)| {
            node.after.get(&at).is_some_and(|on| *on != StepEnd::Succeeded) && *state != StepState::Skipped
        });
        states[at] == StepState::Failed && !handled
    });
    if unhandled { WorkflowState::Failed } else { WorkflowState::Succeeded }
}

/// Plays a run to its end: of all parts in the queue, the one that `choices` say ends next. Says how many ended.
async fn play(
    bench: &FlowBench,
    run: lakegate_model::ids::WorkflowRunId,
    (graph, choices): (&[Node], &[usize]),
    all_succeed: bool,
) -> usize {
    let mut ended = 0;
    loop {
        let mut open = Vec::new();
        for (at, node) in graph.iter().enumerate() {
            let parts = bench.parts(run, &format!("s{at}")).await;
            let running = parts.into_iter().filter(|part| part.state == StepState::Running);
            open.extend(running.map(|part| (part.run_id.unwrap(), node.parts[usize::try_from(part.number).unwrap()])));
        }
        if open.is_empty() {
            return ended;
        }
        let (job, succeeds) = open[choices[ended % choices.len()] % open.len()];
        bench.end(job, if all_succeed || succeeds { End::Ok(json!(ended)) } else { End::Fail }).await;
        ended += 1;
    }
}

async fn check(bench: &FlowBench, number: usize, graph: &[Node], choices: &[usize]) {
    let run = bench.begin(&format!("graph {number}"), definition(graph)).await;
    let ended = play(bench, run, (graph, choices), false).await;
    let states = expected(graph, &[], false);
    assert_eq!(bench.states(run).await, states, "{graph:?}");
    let begun = |state: &StepState| *state != StepState::Skipped;
    let parts = |states: &[StepState]| -> usize {
        graph.iter().zip(states).filter(|(_, state)| begun(state)).map(|(node, _)| node.parts.len()).sum()
    };
    assert_eq!(ended, parts(&states), "each part once: {graph:?}");
    assert_eq!(bench.state(run).await, outcome(graph, &states), "{graph:?}");
    if outcome(graph, &states) == WorkflowState::Succeeded {
        return;
    }
    bench.retry(run).await.unwrap();
    let again = play(bench, run, (graph, choices), true).await;
    let after = expected(graph, &states, true);
    assert_eq!(bench.states(run).await, after, "tried anew: {graph:?}");
    let failed_parts: usize = graph
        .iter()
        .zip(&states)
        .filter(|(_, state)| **state == StepState::Failed)
        .map(|(node, _)| node.parts.iter().filter(|succeeds| !**succeeds).count())
        .sum();
    assert_eq!(again, failed_parts + parts(&after) - parts(&states), "nothing that succeeded ran again: {graph:?}");
    assert_eq!(bench.state(run).await, WorkflowState::Succeeded);
}

#[test]
fn every_graph_ends_as_the_rules_say() {
    let scale: u32 = std::env::var("LAKEGATE_TEST_SCALE").ok().and_then(|scale| scale.parse().ok()).unwrap_or(1);
    let config = Config { cases: 60 * scale, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let benches = runtime.block_on(FlowBench::each());
    let (number, failed) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let cases = (graph(), prop::collection::vec(any::<usize>(), 1..20));
    let done = runner.run(&cases, |(graph, choices)| {
        number.set(number.get() + 1);
        let states = expected(&graph, &[], false);
        failed.set(failed.get() + u32::from(outcome(&graph, &states) == WorkflowState::Failed));
        runtime.block_on(async {
            for bench in &benches {
                check(bench, number.get(), &graph, &choices).await;
            }
        });
        Ok(())
    });
    done.unwrap();
    assert!(failed.get() > 5, "hardly any run failed: the graphs are too kind");
}
